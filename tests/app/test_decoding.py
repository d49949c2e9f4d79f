"""Decoding for the viewer: the right frame for every second, the newest wish first, nothing left behind."""

from __future__ import annotations

import gc
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.jobs import decoding
from app.jobs.decoding import FileSource, FrameCache
from app.viewmodels.player import Player
from app.viewmodels.player_side import SideState
from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.color import ColorSpec
from flavr_core.errors import MediaError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.media import probe
from flavr_core.settings import RateTarget, TimingSettings
from flavr_core.timeline import plan_output
from flavr_core.timing import FrameTimes
from tests import clip_factory

GRAY = PixelFormat(family=PixelFamily.GRAY)


def info_of(count: int, *, side_px: int = 8) -> ClipInfo:
    """A clip that exists only as a description."""
    return ClipInfo(
        path=Path("nowhere.mp4"),
        kind=ClipKind.VIDEO,
        container="mp4",
        codec="none",
        width=side_px,
        height=side_px,
        format=GRAY,
        stored_format="gray",
        color=ColorSpec(),
        times=FrameTimes(pts=tuple(range(count)), time_base=Fraction(1, 25), end_pts=count),
        rate=Fraction(25),
    )


class Decoder:
    """A stand-in for a file: remembers from where it was asked to decode and how far it went."""

    def __init__(self, info: ClipInfo, *, pause_s: float = 0.0) -> None:
        self.info = info
        self.starts: list[int] = []
        self.decoded: list[int] = []
        self.notes: list[str] = []
        self._pause_s = pause_s

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        self.starts.append(start)
        for index in range(start, len(self.info.times) if stop is None else stop):
            time.sleep(self._pause_s)
            self.decoded.append(index)
            plane = np.full((self.info.height, self.info.width), index % 256, np.uint8)
            time_ = self.info.times.time(index)
            yield Frame(planes=(plane,), format=GRAY, color=ColorSpec(), time=time_, index=index)

    def close(self) -> None:
        pass

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        pass


Fake = Callable[..., tuple[FileSource, Decoder]]


@pytest.fixture
def fake(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """`fake(count, entries=(0,), pause_s=0, limit_bytes=...)`: a source over a Decoder."""
    sources: list[FileSource] = []

    def make(
        count: int, *, entries: tuple[int, ...] = (0,), pause_s: float = 0.0, limit_bytes: int = 10**6
    ) -> tuple[FileSource, Decoder]:
        info = info_of(count)
        decoder = Decoder(info, pause_s=pause_s)
        monkeypatch.setattr(decoding, "open_source", lambda _: decoder)
        monkeypatch.setattr(decoding, "entry_points", lambda _: entries)
        source = FileSource(info, FrameCache(limit_bytes))
        sources.append(source)
        return source, decoder

    yield make
    for source in sources:
        source.close()


def plain_frames(path: Path) -> list[tuple[Fraction, bytes]]:
    """What decoding the file from its start gives: times and the bytes of the first plane."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [
            (picture.pts * picture.time_base, plane_bytes(picture)) for picture in container.decode(stream)
        ]
    return sorted(found)


def plane_bytes(picture: av.VideoFrame) -> bytes:
    """The visible samples of a picture's first plane."""
    plane = picture.planes[0]
    width_bytes = picture.width * (2 if "10" in picture.format.name else 1)
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: picture.height, :width_bytes].tobytes()


@pytest.mark.parametrize(
    "name", ["variable", "variable_mkv", "ten_bit", "edit_list", "long_gop", "open_gop", "late_start_ts"]
)
def test_random_seeks_show_what_a_plain_decode_gives(qtbot: QtBot, tmp_path: Path, name: str) -> None:
    path = clip_factory.make(name, tmp_path)
    plain = plain_frames(path)
    source = FileSource(probe(path), FrameCache(40_000))  # too small for the clip: most seeks decode
    player = Player()
    player.set_side("a", source)
    dice = random.Random(name)
    start, end = player.bounds
    try:
        for _ in range(40):
            wanted = start + (end - start) * Fraction(dice.randrange(10_000), 10_000)
            player.seek(wanted)
            qtbot.waitUntil(
                lambda: player.state("a") is SideState.EXACT and is_settled(player), timeout=60_000
            )
            shown = player.picture("a")
            assert shown is not None
            expected = [pixels for time_, pixels in plain if time_ <= wanted][-1]
            assert shown.planes[0].tobytes() == expected, f"at {float(wanted)} s"
    finally:
        player.close()
        source.close()


def is_settled(player: Player) -> bool:
    """Whether side A shows the frame of the position."""
    source, shown = player.source("a"), player.shown("a")
    return source is not None and shown is not None and shown.index == source.index_at(player.position)


def test_a_newer_wish_lets_go_of_a_long_way(qtbot: QtBot, fake: Fake) -> None:
    source, decoder = fake(2000, entries=(0, 1000), pause_s=0.001)
    source.want([999])
    qtbot.waitUntil(lambda: len(decoder.decoded) > 3)
    source.want([1001])
    qtbot.waitUntil(lambda: source.picture(1001) is not None)
    assert 999 not in decoder.decoded
    assert decoder.starts == [0, 1000]


def test_what_lies_ahead_on_the_way_needs_no_seek(qtbot: QtBot, fake: Fake) -> None:
    source, decoder = fake(300, entries=(0, 200))
    for index in (10, 11, 12, 40):
        source.want([index])
        qtbot.waitUntil(lambda index=index: source.picture(index) is not None)
    assert decoder.decoded == list(range(41))
    source.want([205])
    qtbot.waitUntil(lambda: source.picture(205) is not None)
    assert decoder.decoded[41:] == list(range(200, 206))


def test_stepping_back_uses_what_was_passed(qtbot: QtBot, fake: Fake) -> None:
    source, decoder = fake(100)
    source.want([50])
    qtbot.waitUntil(lambda: source.picture(50) is not None)
    for index in range(49, 30, -1):
        source.want([index])
        assert source.picture(index) is not None
    assert len(decoder.decoded) == 51


def test_frames_on_the_way_are_near_while_dragging(qtbot: QtBot, fake: Fake) -> None:
    source, _ = fake(2000, pause_s=0.002)
    source.want([1999])
    qtbot.waitUntil(lambda: source.nearest(1999) is not None)
    near = source.nearest(1999)
    assert near is not None
    assert near < 1999
    assert source.picture(near) is not None


def test_the_cache_keeps_its_bound_and_what_is_wanted(qtbot: QtBot, fake: Fake) -> None:
    source, decoder = fake(500, limit_bytes=64 * 40)
    source.want(range(100, 500))
    qtbot.waitUntil(lambda: source.picture(138) is not None)
    qtbot.wait(50)
    assert decoder.decoded == list(range(139))  # it does not go round and round
    kept = [index for index in range(500) if source.picture(index) is not None]
    assert kept == list(range(99, 139))


def test_two_sources_share_one_bound(qtbot: QtBot) -> None:
    cache = FrameCache(64 * 20)
    first, second = object(), object()
    cache.add_owner(first)
    cache.add_owner(second)
    decoder = Decoder(info_of(100))
    for frame in decoder.frames():
        cache.put(first, frame)
    for frame in decoder.frames(0, 10):
        cache.put(second, frame)
    assert cache.used_bytes <= cache.limit_bytes
    assert all(cache.get(second, index) is not None for index in range(10))
    assert cache.get(first, 99) is not None
    assert cache.get(first, 50) is None
    cache.set_limit_bytes(64 * 12)
    assert cache.used_bytes == 64 * 12
    cache.remove_owner(first)
    assert cache.used_bytes < 64 * 12


def test_images_and_animations_are_sources_too(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for number, picture in enumerate(clip_factory.pictures(6, pix_fmt="rgb24")):
        picture.to_image().save(folder / f"shot_{number:03}.png")
    frames = [picture.to_image() for picture in clip_factory.pictures(6, pix_fmt="rgb24")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=40)
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], duration=40, lossless=True)
    cache = FrameCache()
    for path in (folder, tmp_path / "a.gif", tmp_path / "a.webp"):
        source = FileSource(probe(path), cache)
        for index in (5, 0, 3):
            source.want([index, index + 1])
            qtbot.waitUntil(lambda index=index, source=source: source.picture(index) is not None)
        source.close()
    assert cache.used_bytes == 0


def test_a_file_that_is_gone_is_said_once(qtbot: QtBot, tmp_path: Path) -> None:
    path = clip_factory.make("constant", tmp_path)
    source = FileSource(probe(path), FrameCache())
    path.unlink()
    with qtbot.waitSignal(source.failed) as said:
        source.want([3])
    assert "constant.mp4" in said.args[0]
    source.want([4])
    source.close()


@pytest.mark.logs_errors
def test_a_fault_of_ours_is_a_sentence_too(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    source, _ = fake(10)
    monkeypatch.setattr(decoding, "entry_points", lambda _: 1 / 0)
    with qtbot.waitSignal(source.failed) as said:
        source.want([3])
    assert "nowhere.mp4" in said.args[0]


def test_a_decoder_that_ends_early_is_no_endless_search(qtbot: QtBot, fake: Fake) -> None:
    source, decoder = fake(10)
    decoder.info = replace(decoder.info, times=info_of(5).times)
    with qtbot.waitSignal(source.failed):
        source.want([7, 8])


def test_an_exported_file_lies_over_its_clip(qtbot: QtBot) -> None:
    clip, result = info_of(50), info_of(96)
    source = FileSource(result, FrameCache(), start=Fraction(1), speed=Fraction(1, 4))
    assert source.pace == Fraction(1, 4)
    assert source.source_time(4) == 1 + Fraction(1, 25)
    for index in (0, 1, 57, 95):
        assert source.index_at(source.source_time(index)) == index
    assert source.index_at(clip.times.end) == 95
    source.close()


def test_a_plan_tells_which_frames_were_made(qtbot: QtBot) -> None:
    clip = info_of(20)
    plan = plan_output(clip.times, TimingSettings(rate=RateTarget(factor=Fraction(2))), rate=Fraction(25))
    # A container that counts in milliseconds says other times than the plan.
    pts = tuple(round(frame.time * 1000) for frame in plan.frames())
    times = FrameTimes(pts=pts, time_base=Fraction(1, 1000), end_pts=pts[-1] + 20)
    source = FileSource(replace(clip, times=times), FrameCache(), plan=plan)
    label = source.label(7)
    assert (label.made, label.gap, label.position) == (True, 3, Fraction(1, 2))
    assert not source.label(8).made
    for index in range(len(plan)):
        assert source.source_time(index) == plan[index].time
        assert source.index_at(plan[index].time) == index
    source.close()


def test_nothing_is_left_of_a_hundred_rounds(qtbot: QtBot, tmp_path: Path) -> None:
    path = clip_factory.make("long_gop", tmp_path)
    info = probe(path)
    process = psutil.Process()
    cache = FrameCache()

    def round_() -> None:
        source = FileSource(info, cache)
        player = Player()
        player.set_side("a", source)
        player.seek(Fraction(2))
        player.play()
        qtbot.waitUntil(lambda: player.shown("a") is not None)
        player.close()
        source.close()
        source.deleteLater()
        player.deleteLater()

    def rounds(count: int) -> None:
        for number in range(count):
            round_()
            if number % 5 == 0:
                gc.collect()  # as the window does, ten times a second
        gc.collect()

    rounds(40)  # malloc's arenas, one for each of so many threads, fill first
    count_files = process.num_handles if psutil.WINDOWS else process.num_fds
    threads, files, memory = threading.active_count(), count_files(), process.memory_info().rss
    rounds(100)
    qtbot.waitUntil(lambda: threading.active_count() == threads)
    assert count_files() <= files  # those of earlier tests may go meanwhile
    assert process.memory_info().rss - memory < 30_000_000
    assert cache.used_bytes == 0


def test_closing_in_the_middle_of_a_long_way_is_prompt(qtbot: QtBot, fake: Fake) -> None:
    source, decoder = fake(100_000, pause_s=0.001)
    source.want([99_999])
    qtbot.waitUntil(lambda: len(decoder.decoded) > 2)
    source.close()
    assert len(decoder.decoded) < 99_000
    source.close()
    source.want([3])


def test_closing_waits_only_a_moment_for_a_long_step(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, fake: Fake
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def entries(_: ClipInfo) -> tuple[int, ...]:
        begun.set()
        may_end.wait(20)
        return (0,)

    source, decoder = fake(10)
    monkeypatch.setattr(decoding, "entry_points", entries)
    source.want([3])
    begun.wait(20)
    source.close()  # returns although the thread cannot
    assert source._thread is not None
    assert source._thread.is_alive()
    may_end.set()
    source._thread.join(60)
    assert decoder.decoded == []


def test_a_clip_that_changed_is_refused(qtbot: QtBot, tmp_path: Path) -> None:
    info = probe(clip_factory.make("constant", tmp_path))
    shorter = replace(info, times=FrameTimes(pts=(0, 1), time_base=Fraction(1, 25), end_pts=2))
    source = FileSource(shorter, FrameCache())
    with qtbot.waitSignal(source.failed) as said:
        source.want([0])
    assert "changed" in said.args[0]
    source.close()
    with pytest.raises(MediaError):
        decoding.open_source(shorter)
