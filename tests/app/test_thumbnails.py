"""Small images: the frames they say they are, newest wishes first, bounded, gone when closed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.jobs.small_images import small_image, small_size
from app.jobs.thumbnails import Thumbnail, Thumbnails
from flavr_core.clip import ClipInfo
from flavr_core.media import open_source, probe
from tests import clip_factory

F = Fraction


@pytest.fixture
def thumbnails(qtbot: QtBot) -> Iterator[Thumbnails]:
    made = Thumbnails()
    yield made
    made.close()
    del made
    gc.collect()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def exact_image(info: ClipInfo, index: int, height: int) -> QImage:
    """What a plain decode gives."""
    with open_source(info) as source:
        [frame] = source.frames(index, index + 1)
    return small_image(frame, height_px=height, pixel_aspect=info.pixel_aspect)


@pytest.mark.parametrize(
    "name", ["long_gop", "variable", "ten_bit", "rotated", "interlaced", "edit_list", "alpha"]
)
def test_without_tolerance_images_are_the_very_frames(
    name: str, folder: Path, thumbnails: Thumbnails, qtbot: QtBot
) -> None:
    info = probe(clip_factory.make(name, folder))
    wanted = [info.times.time(index) + F(1, 1000) for index in (17, 3, 16, 22, 0)]
    got: list[Thumbnail] = []
    thumbnails.want("strip", info, wanted, height_px=24, on_ready=got.append)
    qtbot.waitUntil(lambda: len(got) == 5, timeout=60_000)
    assert [one.asked for one in got] == wanted
    for one in got:
        assert one.time == info.times.time(one.index)
        assert one.index == info.times.index_at(one.asked)
        assert one.image == exact_image(info, one.index, 24)


def test_with_tolerance_a_key_frame_stands_in_and_says_which(
    folder: Path, thumbnails: Thumbnails, qtbot: QtBot
) -> None:
    info = probe(clip_factory.make("variable", folder))  # key frames every 24
    got: list[Thumbnail] = []
    tolerance = info.times.time(8) - info.times.time(0)
    wanted = [info.times.time(30), info.times.time(20)]
    thumbnails.want("strip", info, wanted, height_px=24, tolerance=tolerance, on_ready=got.append)
    qtbot.waitUntil(lambda: len(got) == 2, timeout=60_000)
    assert [one.index for one in got] == [24, 20]
    assert got[0].image == exact_image(info, 24, 24)
    again: list[Thumbnail] = []
    thumbnails.want("list", info, [wanted[0]], height_px=24, tolerance=tolerance, on_ready=again.append)
    assert [one.index for one in again] == [24]  # at once: it is kept


def test_the_newest_wish_of_an_asker_wins_and_others_are_not_touched(
    folder: Path, thumbnails: Thumbnails, qtbot: QtBot
) -> None:
    info = probe(clip_factory.make("long_gop", folder))
    old: list[Thumbnail] = []
    new: list[Thumbnail] = []
    other: list[Thumbnail] = []
    times = [info.times.time(index) for index in range(90)]
    thumbnails.want("other", info, [times[50]], height_px=24, on_ready=other.append)
    thumbnails.want("strip", info, times, height_px=24, on_ready=old.append)
    thumbnails.want("strip", info, [times[80]], height_px=24, on_ready=new.append)
    qtbot.waitUntil(lambda: bool(new and other), timeout=60_000)
    assert [one.index for one in new] == [80]
    assert len(old) < 90


def test_an_urgent_wish_comes_before_those_that_wait(
    folder: Path, thumbnails: Thumbnails, qtbot: QtBot
) -> None:
    info = probe(clip_factory.make("long_gop", folder))
    got: list[str] = []
    times = [info.times.time(index) for index in range(0, 90, 3)]
    thumbnails.want("strip", info, times, height_px=24, on_ready=lambda _: got.append("strip"))
    thumbnails.want(
        "hover", info, [times[1]], height_px=48, on_ready=lambda _: got.append("hover"), urgent=True
    )
    qtbot.waitUntil(lambda: "hover" in got and "strip" in got, timeout=60_000)
    assert got.index("hover") <= 2


def test_memory_is_bounded(folder: Path, qtbot: QtBot) -> None:
    thumbnails = Thumbnails(max_bytes=40_000)
    info = probe(clip_factory.make("long_gop", folder))
    got: list[Thumbnail] = []
    times = [info.times.time(index) for index in range(90)]
    thumbnails.want("strip", info, times, height_px=24, on_ready=got.append)
    qtbot.waitUntil(lambda: len(got) == 90, timeout=60_000)
    assert 0 < thumbnails.used_bytes <= 40_000
    thumbnails.close()
    assert thumbnails.used_bytes == 0
    thumbnails.close()


def test_a_clip_that_is_gone_is_said_so_and_others_go_on(
    folder: Path, tmp_path: Path, thumbnails: Thumbnails, qtbot: QtBot
) -> None:
    gone = probe(clip_factory.make("constant", tmp_path))
    gone.path.unlink()
    info = probe(clip_factory.make("long_gop", folder))
    got: list[Thumbnail] = []
    with qtbot.waitSignal(thumbnails.failed, timeout=60_000) as caught:
        thumbnails.want("a", gone, [F(0)], height_px=24, on_ready=got.append)
        thumbnails.want("b", info, [F(0)], height_px=24, on_ready=got.append)
    assert caught.args[0] is gone
    assert "There is no file" in caught.args[1]
    qtbot.waitUntil(lambda: len(got) == 1, timeout=60_000)


def test_closing_in_the_middle_of_work(folder: Path, qtbot: QtBot) -> None:
    thumbnails = Thumbnails()
    info = probe(clip_factory.make("long_gop", folder))
    got: list[Thumbnail] = []
    thumbnails.want("strip", info, [F(1)] * 50, height_px=24, on_ready=got.append)
    thumbnails.close()
    count = len(got)
    thumbnails.want("strip", info, [F(1)], height_px=24, on_ready=got.append)
    qtbot.wait(50)
    assert len(got) == count


def test_shapes() -> None:
    assert small_size(1920, 1080, height_px=54, pixel_aspect=F(1)) == (96, 54)
    assert small_size(720, 576, height_px=90, pixel_aspect=F(16, 11)) == (164, 90)
    assert small_size(32_000, 10, height_px=50, pixel_aspect=F(1)) == (400, 50)


def test_another_time_of_the_same_frame_is_the_same_image(
    folder: Path, thumbnails: Thumbnails, qtbot: QtBot
) -> None:
    info = probe(clip_factory.make("variable", folder))
    got: list[Thumbnail] = []
    thumbnails.want("a", info, [info.times.time(5)], height_px=24, on_ready=got.append)
    qtbot.waitUntil(lambda: len(got) == 1, timeout=60_000)
    between = (info.times.time(5) + info.times.time(6)) / 2
    thumbnails.want("a", info, [between], height_px=24, on_ready=got.append)
    assert [one.index for one in got] == [5, 5]
    # The same file probed anew is another clip: it may have changed.
    thumbnails.want("a", replace(info), [between], height_px=24, on_ready=got.append)
    assert len(got) == 2
