"""The timeline's view model: edits with undo, marks that are detected and by hand, jobs in the background."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from app.jobs.analysis import ClipAnalysis, Findings, HoldoutCheck
from app.jobs.decoding import FileSource, FrameCache
from app.viewmodels.marks import MarkKind, Marks, frame_of, marks_of, with_marks
from app.viewmodels.player import LoopMode, Player
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.workspace import Workspace
from flavr_core.clip import ClipInfo
from flavr_core.media import probe
from flavr_core.settings import CutMode, DuplicateMode, EngineSettings, SceneSettings
from flavr_core.timeline import CutOverrides
from flavr_core.timing import FrameTimes, TimePoint
from tests import clip_factory

F = Fraction
CUT, DUPLICATE = MarkKind.CUT, MarkKind.DUPLICATE


class Bench:
    """A workspace with its timeline."""

    def __init__(self) -> None:
        self.workspace, self.player = Workspace(), Player()
        self.analysis, self.holdout = ClipAnalysis(), HoldoutCheck()
        self.model = TimelineModel(self.workspace, self.player, analysis=self.analysis, holdout=self.holdout)

    def add(self, info: ClipInfo) -> int:
        clip = self.workspace.add(info.path)
        self.workspace.set_probed(clip.number, info)
        return clip.number

    @property
    def cuts(self) -> CutOverrides:
        clip = self.workspace.current
        assert clip is not None
        return clip.edits.cuts

    def close(self) -> None:
        self.model.close()
        self.analysis.close()
        self.holdout.close()
        self.player.close()


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()
    del made
    gc.collect()  # a worker of the next test must not be the one to collect these objects


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """48 frames at 25 a second, from 5 s on its clock."""
    folder = tmp_path_factory.mktemp("clips")
    return probe(clip_factory.make_clip(folder / "clip.mkv", frames=48, shift=F(5)))


def test_in_and_out_are_frames_and_undone_in_one_step(bench: Bench, info: ClipInfo) -> None:
    bench.add(info)
    model, times = bench.model, info.times
    for frame in (5, 6, 7):
        model.set_start(times.time(frame), is_dragged=True)
    model.end_drag()
    model.set_stop(times.time(20))
    assert (model.start, model.stop) == (times.time(7), times.time(20))
    assert bench.player.range == (times.time(7), times.time(20))
    bench.workspace.undo()
    assert (model.start, model.stop) == (times.time(7), None)
    bench.workspace.undo()
    assert (model.start, model.stop) == (None, None)


def test_marking_keeps_the_frame_at_the_playhead_and_takes_away_what_contradicts(
    bench: Bench, info: ClipInfo
) -> None:
    bench.add(info)
    model, times = bench.model, info.times
    bench.player.set_side("a", FileSource(info, FrameCache()))
    bench.player.seek(times.time(10))
    model.mark_out()
    assert model.stop == times.time(11)
    bench.player.seek(times.time(20))
    model.mark_in()
    assert (model.start, model.stop) == (times.time(20), None)
    model.go_out()
    assert model.asked == times.time(47)
    bench.player.seek(times.time(47))
    model.mark_out()
    assert model.stop is None
    source = bench.player.source("a")
    bench.player.close()
    assert source is not None
    source.close()


def test_out_stays_after_in(bench: Bench, info: ClipInfo) -> None:
    bench.add(info)
    bench.model.set_start(info.times.time(30))
    bench.model.set_stop(info.times.time(10))
    assert bench.model.stop == info.times.time(31)
    bench.model.set_stop(info.times.start - 5)
    assert bench.model.stop == info.times.time(31)
    bench.model.clear_marks()
    assert (bench.model.start, bench.model.stop) == (None, None)


def test_places_given_in_seconds_are_shown_to_the_letter(bench: Bench, info: ClipInfo) -> None:
    bench.add(info)
    timing = bench.workspace.current.edits.timing  # type: ignore[union-attr]
    bench.workspace.edit("", timing=replace(timing, start=TimePoint(seconds=F(1, 2))))
    assert bench.model.start == info.times.start + F(1, 2)
    bench.workspace.edit("", timing=replace(timing, stop=TimePoint(frame=10_000)))
    assert bench.model.stop == info.times.end


def test_detected_cuts_are_vetoed_restored_and_moved(bench: Bench, info: ClipInfo) -> None:
    bench.add(info)
    bench.analysis._kept.put(Findings(cuts=(10, 30), duplicates=(4,)), info, 0.5)
    bench.analysis.finished.emit()
    model = bench.model
    assert model.marks(CUT).frames == (10, 30)
    assert bench.player._marks == (info.times.time(10), info.times.time(30))
    model.remove_mark(CUT, 10)
    assert model.marks(CUT).frames == (30,)
    assert model.marks(CUT).taken_away == (10,)
    assert bench.cuts.vetoes == (TimePoint(frame=10),)
    model.add_mark(CUT, 10)
    assert bench.cuts == CutOverrides()
    model.move_mark(CUT, 30, 28)
    assert model.marks(CUT).frames == (10, 28)
    assert bench.cuts == CutOverrides(cuts=(TimePoint(frame=28),), vetoes=(TimePoint(frame=30),))
    model.remove_mark(DUPLICATE, 4)
    model.add_mark(DUPLICATE, 9)
    assert bench.cuts.kept == (TimePoint(frame=4),)
    assert bench.cuts.repeats == (TimePoint(frame=9),)
    for _ in range(5):
        bench.workspace.undo()
    assert bench.cuts == CutOverrides()
    assert bench.workspace.undo_text == ""


def test_nothing_is_marked_outside_the_clip(bench: Bench, info: ClipInfo) -> None:
    bench.add(info)
    for frame in (0, -1, 48):
        bench.model.add_mark(CUT, frame)
    assert bench.cuts == CutOverrides()


def test_marks_count_only_where_the_settings_use_them(bench: Bench, info: ClipInfo) -> None:
    bench.add(info)
    bench.model.add_mark(CUT, 10)
    assert bench.model.counts(CUT)
    assert not bench.model.counts(DUPLICATE)
    bench.workspace.edit("", scenes=SceneSettings(cuts=CutMode.IGNORE, duplicates=DuplicateMode.DROP))
    assert not bench.model.counts(CUT)
    assert bench.model.counts(DUPLICATE)
    assert bench.player._marks == ()


def test_marks_survive_the_way_through_the_overrides() -> None:
    times = FrameTimes(pts=tuple(range(50)), time_base=F(1, 25), end_pts=50)
    marks = Marks(detected=frozenset({3, 7}), given=frozenset({5}), vetoed=frozenset({7}))
    for kind in MarkKind:
        overrides = with_marks(kind, CutOverrides(), marks)
        assert marks_of(kind, overrides, times, (3, 7)) == marks
    assert frame_of(TimePoint(seconds=F(100)), times) == 50


def test_rendered_ranges_are_asked_of_whoever_renders(bench: Bench, info: ClipInfo, qtbot: QtBot) -> None:
    class Rendered(QObject):
        ranges_changed = Signal()

        def ranges(self) -> tuple[tuple[Fraction, Fraction, str], ...]:
            return ((F(5), F(6), "rendered"),)

    assert bench.model.ranges() == ()
    rendered = Rendered()
    with qtbot.waitSignal(bench.model.ranges_changed):
        bench.model.set_rendered(rendered)
    assert bench.model.ranges() == ()  # no clip
    bench.add(info)
    assert bench.model.ranges() == ((F(5), F(6), "rendered"),)
    with qtbot.waitSignal(bench.model.ranges_changed):
        rendered.ranges_changed.emit()
    bench.model.set_rendered(None)
    assert bench.model.ranges() == ()


def test_a_short_clip_is_analysed_by_itself(bench: Bench, tmp_path: Path, qtbot: QtBot) -> None:
    path = clip_factory.make_clip(tmp_path / "short.mkv", codec="ffv1")
    number = bench.add(probe(path))
    with qtbot.waitSignal(bench.analysis.finished, timeout=60_000):
        bench.model._rest.start(0)
    assert bench.model.is_analysed
    assert bench.model.analysis_part is None
    bench.workspace.remove([number])
    assert not bench.model.is_analysed
    assert bench.model.times is None


def test_the_check_scores_gaps_and_the_worst_can_be_gone_to(
    bench: Bench, info: ClipInfo, qtbot: QtBot
) -> None:
    bench.add(info)
    bench.workspace.edit("", engine=EngineSettings(model="blend", device="cpu"))
    bench.model.set_start(info.times.time(4))
    bench.model.set_stop(info.times.time(24))
    bench.model.add_mark(CUT, 12)
    with qtbot.waitSignal(bench.holdout.finished, timeout=60_000):
        bench.model.check()
        assert bench.model.check_part is not None
    scores = bench.model.scores
    assert {score.frame for score in scores} == set(range(4, 24)) - {11, 12}
    assert all(5 < score.psnr_db < 80 for score in scores)
    source = FileSource(info, FrameCache())
    bench.player.set_side("a", source)
    bench.model.go_to_worst()
    assert bench.model.asked == min(scores, key=lambda score: score.psnr_db).time
    bench.workspace.edit("", engine=EngineSettings(model="motion", device="cpu"))
    assert bench.model.scores == ()
    bench.player.close()
    source.close()


def test_a_check_that_cannot_run_says_why(bench: Bench, info: ClipInfo, qtbot: QtBot) -> None:
    bench.add(info)
    bench.workspace.edit("", engine=EngineSettings(model="no such network"))
    with qtbot.waitSignal(bench.model.message, timeout=60_000) as caught:
        bench.model.check()
    assert "no such network" in caught.args[0]
    assert bench.model.check_part is None


def test_an_analysis_can_be_stopped(bench: Bench, info: ClipInfo, qtbot: QtBot) -> None:
    bench.add(info)
    bench.model.analyse()
    assert bench.model.analysis_part is not None
    bench.model.cancel_analysis()
    assert bench.model.analysis_part is None
    assert not bench.model.is_analysed


def test_an_analysis_stands_still_while_it_plays_and_goes_on_afterwards(
    bench: Bench, info: ClipInfo, qtbot: QtBot
) -> None:
    bench.add(info)
    source = FileSource(info, FrameCache())
    bench.player.set_side("a", source)
    bench.player.set_loop(LoopMode.FORWARD)
    bench.player.play()
    bench.model._on_rested()
    assert not bench.analysis.is_running_for(info)  # nothing begins by itself
    bench.model.analyse()
    qtbot.wait(200)
    assert bench.model.analysis_part == 0
    bench.player.pause()
    qtbot.waitUntil(lambda: bench.model.is_analysed, timeout=60_000)
    bench.player.close()
    source.close()


def test_an_analysis_that_was_stopped_does_not_begin_again_by_itself(bench: Bench, info: ClipInfo) -> None:
    bench.add(info)
    bench.model._on_rested()
    bench.model.cancel_analysis()
    bench.model._on_rested()
    assert not bench.analysis.is_running_for(info)
    bench.model.analyse()
    assert bench.analysis.is_running_for(info)


def test_what_was_found_in_a_clip_goes_with_it(bench: Bench, info: ClipInfo) -> None:
    number = bench.add(info)
    bench.analysis._kept.put(Findings(cuts=(10,), duplicates=()), info, 0.5)
    other = replace(info)
    bench.workspace.remove([bench.add(other)])
    assert bench.analysis.find(info, sensitivity=0.5) is not None
    bench.workspace.remove([number])
    assert bench.analysis.find(info, sensitivity=0.5) is None
