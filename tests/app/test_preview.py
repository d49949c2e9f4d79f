"""The preview: rendered like the export, kept within a bound, stale where settings changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.jobs.preview import Preview, PreviewSettings, RangeState
from app.jobs.preview_render import EngineShelf
from app.jobs.queue import JobQueue
from app.jobs.queue_store import QueueStore, Receipt
from flavr_core.clip import ClipInfo
from flavr_core.media import open_source, probe
from flavr_core.settings import (
    ConvertSettings,
    CutMode,
    DuplicateMode,
    EngineSettings,
    RateTarget,
    SceneSettings,
    TimingSettings,
)
from flavr_core.timeline import CutOverrides, iter_windows
from flavr_core.timing import TimePoint

OpenPreview = Callable[..., Preview]


def make(path: Path, *arguments: str) -> ClipInfo:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments, str(path)]
    subprocess.run(command, check=True, timeout=240)
    return probe(path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """Two seconds of ffmpeg's test picture, another one in between: testsrc2 and smptebars, 320x192:24."""
    graph = "testsrc2=320x192:rate=24:duration=1[a];smptebars=320x192:rate=24:duration=1[b];[a][b]concat"
    path = tmp_path_factory.mktemp("preview") / "with a cut.mp4"
    return make(path, "-filter_complex", graph, "-pix_fmt", "yuv420p", "-crf", "5")


@pytest.fixture
def open_preview() -> Iterator[OpenPreview]:
    engines = EngineShelf()
    opened: list[Preview] = []

    def preview(info: ClipInfo, *, limit_bytes: int | None = None, **changes: object) -> Preview:
        settings = replace(PreviewSettings(engine=EngineSettings(model="blend", device="cpu")), **changes)
        opened.append(Preview(info, settings, engines, limit_bytes=limit_bytes))
        return opened[-1]

    yield preview
    for one in opened:
        one.close()
    engines.close()


def rendered(qtbot: QtBot, preview: Preview, *span: Fraction, full_size: bool = False) -> None:
    preview.render(*(span or (Fraction(0),)), full_size=full_size)
    qtbot.waitUntil(lambda: not preview.is_rendering, timeout=60_000)


def times(factor: int) -> TimingSettings:
    return TimingSettings(rate=RateTarget(factor=Fraction(factor)))


def states(preview: Preview) -> list[str]:
    return [str(state) for _, _, state in preview.ranges()]


def test_all_frames_come_in_order_and_are_those_of_the_export(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo
) -> None:
    from flavr_core.engine import create_engine

    preview = open_preview(clip)
    ready: list[int] = []
    preview.picture_ready.connect(ready.append)
    rendered(qtbot, preview, full_size=True)
    assert ready == list(range(96))
    assert preview.ranges() == ((Fraction(0), Fraction(2), RangeState.RENDERED),)
    plan = preview.plan
    assert plan is not None
    engine = create_engine(preview.settings.engine, width=clip.width, height=clip.height)
    with open_source(clip) as source:
        for window in iter_windows(source.frames(), plan, scenes=SceneSettings()):
            for planned, frame in zip(window.outputs, engine.interpolate(window), strict=True):
                shown = preview.picture(planned.index)
                assert shown is not None
                assert (shown.index, shown.time, shown.made) == (frame.index, frame.time, frame.made)
                assert all(np.array_equal(a, b) for a, b in zip(shown.planes, frame.planes, strict=True))
    engine.close()


def test_small_pictures_are_made_from_scaled_frames_and_cut_where_the_export_cuts(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo
) -> None:
    preview = open_preview(clip)
    preview.set_view_size(160, 96)
    rendered(qtbot, preview, Fraction(1, 2), Fraction(3, 2))
    assert preview.size == (160, 96)
    shown = {index: preview.picture(index) for index in range(24, 72)}
    assert all(frame is not None and (frame.width, frame.height) == (160, 96) for frame in shown.values())
    assert preview.picture(23) is None
    assert preview.picture(72) is None
    before, at_cut, after = shown[46], shown[47], shown[48]
    assert before is not None
    assert at_cut is not None
    assert after is not None
    # The gap between frames 23 and 24 is the cut: nothing is drawn in it, the frame after is held.
    assert not at_cut.made
    assert not preview.label(47).made
    assert preview.label(45).made
    assert np.array_equal(at_cut.planes[0], after.planes[0])
    assert not np.array_equal(at_cut.planes[0], before.planes[0])


def test_cuts_by_hand_and_ignored_cuts_hold(qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo) -> None:
    preview = open_preview(clip, cuts=CutOverrides(cuts=(TimePoint(frame=6),)))
    rendered(qtbot, preview, Fraction(0), Fraction(1, 2))
    assert [index for index in range(1, 24, 2) if not preview.label(index).made] == [11]
    preview.update(replace(preview.settings, scenes=SceneSettings(cuts=CutMode.IGNORE)))
    rendered(qtbot, preview, Fraction(0), Fraction(1, 2))
    assert all(preview.label(index).made for index in range(1, 24, 2))


def test_labels_say_number_time_gap_and_place(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo
) -> None:
    preview = open_preview(clip, timing=replace(times(4), slow=Fraction(2), start=TimePoint(frame=12)))
    assert preview.pace == Fraction(1, 2)
    assert preview.source_time(0) == Fraction(1, 2)
    assert preview.index_at(Fraction(1, 2) + Fraction(1, 24)) == 8
    label = preview.label(13)
    assert (label.gap, label.position, label.made, label.stale) == (13, Fraction(5, 8), True, False)
    assert label.time == Fraction(13, 96)
    assert preview.source_time(len(preview.times)) == 2


def test_another_rate_keeps_what_both_share(qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo) -> None:
    preview = open_preview(clip)
    rendered(qtbot, preview, Fraction(0), Fraction(1, 4))
    preview.update(replace(preview.settings, timing=times(4)))
    assert preview.picture(2) is not None
    assert not preview.label(2).stale
    assert preview.picture(1) is None  # a quarter of the gap was not drawn
    ready: list[int] = []
    preview.picture_ready.connect(ready.append)
    rendered(qtbot, preview, Fraction(0), Fraction(1, 4))
    assert ready == list(range(1, 24, 2))


def test_other_settings_make_stale_and_undo_makes_good(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo
) -> None:
    preview = open_preview(clip)
    rendered(qtbot, preview, Fraction(0), Fraction(1, 2))
    assert states(preview) == ["rendered"]
    before = preview.settings
    preview.update(replace(before, engine=EngineSettings(model="motion", device="cpu")))
    assert preview.ranges() == ((Fraction(0), Fraction(1, 2), RangeState.STALE),)
    assert preview.picture(5) is not None
    assert preview.label(5).stale
    rendered(qtbot, preview, Fraction(0), Fraction(1, 4))
    assert states(preview) == ["rendered", "stale"]
    preview.update(before)
    assert preview.ranges() == ((Fraction(0), Fraction(1, 2), RangeState.RENDERED),)
    assert not preview.label(5).stale


def test_memory_is_bounded_and_said(qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo) -> None:
    frame_bytes = 320 * 192 * 3 // 2
    preview = open_preview(clip, limit_bytes=20 * frame_bytes)
    rendered(qtbot, preview, full_size=True)
    assert sum(preview.picture(index) is not None for index in range(96)) == 20
    assert "no more pictures fit" in preview.notes[0]
    rendered(qtbot, preview, Fraction(1), full_size=True)
    kept = [index for index in range(96) if preview.picture(index) is not None]
    assert kept == list(range(48, 68))
    rendered(qtbot, preview, Fraction(3, 4), Fraction(1), full_size=True)
    kept = [index for index in range(96) if preview.picture(index) is not None]
    assert kept[:12] == list(range(36, 48))
    assert 18 <= len(kept) <= 20


def test_a_render_is_stopped_and_goes_on_where_it_stood(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo
) -> None:
    preview = open_preview(clip, engine=EngineSettings(model="motion", device="cpu"))
    told: list[bool] = []
    preview.rendering_changed.connect(told.append)
    preview.render(Fraction(0))
    assert states(preview) == ["rendering"]
    assert preview.is_coming(50)
    qtbot.waitUntil(lambda: preview.picture(5) is not None, timeout=60_000)
    preview.stop()
    assert not preview.is_rendering
    assert told == [True, False]
    done = [index for index in range(96) if preview.picture(index) is not None]
    assert 6 <= len(done) < 96
    ready: list[int] = []
    preview.picture_ready.connect(ready.append)
    rendered(qtbot, preview)
    assert ready == list(range(len(done), 96))


def test_repeated_frames_are_left_out_as_in_the_export(
    qtbot: QtBot, open_preview: OpenPreview, tmp_path: Path
) -> None:
    arguments = ("-f", "lavfi", "-i", "testsrc2=160x96:rate=12:duration=1", "-r", "24", "-c:v", "ffv1")
    info = make(tmp_path / "on twos.mkv", *arguments)
    preview = open_preview(info, scenes=SceneSettings(duplicates=DuplicateMode.DROP), timing=times(1))
    rendered(qtbot, preview)
    labels = [preview.label(index) for index in range(24)]
    assert [label.gap for label in labels] == [index // 2 * 2 for index in range(24)]
    assert [label.made for label in labels] == [index % 2 == 1 for index in range(22)] + [False, False]


def test_what_is_wrong_is_said_in_a_sentence(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo, tmp_path: Path
) -> None:
    preview = open_preview(clip, engine=EngineSettings(model="no-such-network", device="cpu"))
    with qtbot.waitSignal(preview.failed, timeout=60_000) as failed:
        preview.render(Fraction(0))
    assert "no-such-network" in failed.args[0]
    assert "\n" not in failed.args[0]
    impossible = open_preview(clip, timing=TimingSettings(start=TimePoint(seconds=Fraction(9))))
    assert "not inside the clip" in impossible.problem
    assert impossible.ranges() == ()
    assert impossible.picture(0) is None
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.path.read_bytes())
    gone = open_preview(probe(copy))
    copy.unlink()
    with qtbot.waitSignal(gone.failed, timeout=60_000):
        gone.render(Fraction(0))


def test_engines_are_used_again_and_given_back(
    qtbot: QtBot, clip: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    import flavr_core.engine

    made: list[object] = []
    create = flavr_core.engine.create_engine

    def counted(*arguments: object, **named: object) -> object:
        made.append(create(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(flavr_core.engine, "create_engine", counted)
    engines = EngineShelf()
    settings = PreviewSettings(engine=EngineSettings(model="blend", device="cpu"))
    for _ in range(3):
        preview = Preview(clip, settings, engines)
        rendered(qtbot, preview, Fraction(0), Fraction(1, 4))
        preview.close()
    assert len(made) == 1
    engines.close()


def export(qtbot: QtBot, folder: Path, settings: ConvertSettings, preview: Preview | None = None) -> Receipt:
    queue = JobQueue(QueueStore(folder / "store"))
    if preview is not None:
        queue.set_drawn(preview.drawn)
    number = queue.add(settings)
    with qtbot.waitSignal(queue.all_done, timeout=60_000):
        pass
    job = queue.job(number)
    assert job is not None
    assert job.receipt is not None, job.error
    queue.close()
    return job.receipt


@pytest.mark.parametrize("model", ["blend", "motion"])
def test_an_export_takes_what_was_drawn_at_full_size_and_is_the_same_file(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo, tmp_path: Path, model: str
) -> None:
    engine = EngineSettings(model=model, device="cpu")
    preview = open_preview(clip, engine=engine, timing=times(4))
    rendered(qtbot, preview, Fraction(1, 2), Fraction(3, 2), full_size=True)
    settings = ConvertSettings(
        source=clip.path, output=tmp_path / "plain.mp4", engine=engine, timing=preview.settings.timing
    )
    plain = export(qtbot, tmp_path, settings)
    assert plain.reused_frames == 0
    helped = export(qtbot, tmp_path, replace(settings, output=tmp_path / "helped.mp4"), preview)
    assert helped.reused_frames == 11 * 3  # the gaps from frame 12 to the cut; after it nothing moves
    assert helped.sha256 == plain.sha256


def test_an_export_takes_nothing_that_could_differ(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clip.path.read_bytes())
    engine = EngineSettings(model="blend", device="cpu")
    preview = open_preview(probe(copy), engine=engine)
    settings = ConvertSettings(source=copy, output=tmp_path / "0.mp4", engine=engine)
    preview.set_view_size(160, 96)
    rendered(qtbot, preview)
    assert preview.drawn(settings) is None  # smaller pictures
    rendered(qtbot, preview, full_size=True)
    assert preview.drawn(replace(settings, engine=EngineSettings(model="motion", device="cpu"))) is None
    others = {
        "1.mp4": {"scenes": SceneSettings(sensitivity=0.4)},
        "2.mp4": {"timing": times(4)},  # the half is there, drawn without the quarters
        "3.mp4": {"scenes": SceneSettings(cuts=CutMode.IGNORE)},
    }
    for name, changes in others.items():
        other = replace(settings, output=tmp_path / name, **changes)
        assert export(qtbot, tmp_path, other, preview).reused_frames == 0
    assert export(qtbot, tmp_path, settings, preview).reused_frames == 23
    os.utime(copy, ns=(1, 1))
    changed = replace(settings, output=tmp_path / "4.mp4")
    assert export(qtbot, tmp_path, changed, preview).reused_frames == 0


def test_a_hundred_rounds_leave_no_thread(qtbot: QtBot, clip: ClipInfo) -> None:
    import psutil

    process, engines = psutil.Process(), EngineShelf()
    settings = PreviewSettings(engine=EngineSettings(model="blend", device="cpu"))

    def a_round() -> None:
        preview = Preview(clip, settings, engines)
        preview.render(Fraction(0))
        qtbot.wait(5)
        preview.close()

    a_round()
    qtbot.wait(500)
    threads = process.num_threads()
    for _ in range(100):
        a_round()
    qtbot.waitUntil(lambda: process.num_threads() <= threads, timeout=10_000)
    engines.close()
