"""The timeline of the clip that is looked at: playhead, in and out, cuts, duplicates, rendering, scores."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from app.jobs.analysis import ClipAnalysis, HoldoutCheck
from app.jobs.background import after
from app.jobs.holdout import GapScore, HoldoutWish
from app.viewmodels.marks import MarkKind, Marks, frame_of, marks_of, with_marks
from app.viewmodels.player import Player
from app.viewmodels.player_side import SIDES
from app.viewmodels.workspace import ClipEdits, Workspace
from flavr_core.clip import ClipInfo
from flavr_core.settings import CutMode, DuplicateMode
from flavr_core.timing import FrameTimes, TimePoint

ANALYSED_AT_ONCE = 3000
"""Clips of up to so many frames are analysed by themselves; longer ones when the user asks for it."""
_REST_MS = 1200
"""How long a clip is looked at before it is analysed."""


class RenderedRanges(Protocol):
    """Says which stretches of the clip are rendered."""

    ranges_changed: SignalInstance

    def ranges(self) -> tuple[tuple[Fraction, Fraction, str], ...]:
        """(start, stop, `rendered` | `stale` | `rendering`) in source seconds."""


class TimelineModel(QObject):
    """What the timeline shows of the workspace's current clip, and every edit that is made there.

    Times are source seconds, frames are numbers in the clip.
    """

    clip_changed = Signal()
    """Another clip, or it was probed."""
    position_changed = Signal()
    """Asked or shown time."""
    marks_changed = Signal()
    """In or out."""
    markers_changed = Signal()
    """Cuts or duplicates, or whether they count."""
    ranges_changed = Signal()
    """What is rendered."""
    scores_changed = Signal()
    """Scores of the hold-out check."""
    work_changed = Signal()
    """An analysis or a check began, went on or ended."""
    message = Signal(str)
    """One sentence for the user."""

    def __init__(
        self,
        workspace: Workspace,
        player: Player,
        *,
        analysis: ClipAnalysis,
        holdout: HoldoutCheck,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.workspace, self.player = workspace, player
        self._analysis, self._holdout = analysis, holdout
        self._rendered: RenderedRanges | None = None
        self._info: ClipInfo | None = None
        self._edits: ClipEdits | None = None
        self._marks: dict[MarkKind, Marks] = {}
        self._is_refused = False
        self._rest = after(_REST_MS, self._on_rested, self)
        workspace.current_changed.connect(self._on_current_changed)
        workspace.clip_changed.connect(self._on_clip_changed)
        workspace.clip_removed.connect(self._on_clip_removed)
        workspace.edits_changed.connect(self._on_edits_changed)
        player.position_changed.connect(self.position_changed)
        player.shown_changed.connect(self.position_changed)
        player.playing_changed.connect(self._on_playing_changed)
        analysis.finished.connect(self._on_analysis_finished)
        holdout.progressed.connect(self.scores_changed)
        holdout.finished.connect(self.scores_changed)
        for work in (analysis, holdout):
            for signal in (work.progressed, work.finished, work.stopped, work.failed):
                signal.connect(self._on_work_changed)
            work.failed.connect(self.message)
        self._look_at_current()

    # What is shown.

    @property
    def info(self) -> ClipInfo | None:
        """The clip; None where there is none, or it is not probed yet."""
        return self._info

    @property
    def times(self) -> FrameTimes | None:
        """When its frames are shown."""
        return self._info.times if self._info is not None else None

    @property
    def asked(self) -> Fraction:
        """Source seconds that are asked for."""
        return self.player.position

    @property
    def shown(self) -> Fraction | None:
        """Where the picture shown belongs, while it is not yet the one asked for; else None."""
        for side in SIDES:
            source, label = self.player.source(side), self.player.shown(side)
            if source is not None and label is not None and label.index != source.index_at(self.asked):
                return source.source_time(label.index)
        return None

    @property
    def start(self) -> Fraction | None:
        """The in point; None where not marked."""
        return self._place(self._edits.timing.start) if self._edits is not None else None

    @property
    def stop(self) -> Fraction | None:
        """The out point, the first that is no longer shown; None where not marked."""
        return self._place(self._edits.timing.stop) if self._edits is not None else None

    def marks(self, kind: MarkKind) -> Marks:
        """Cuts or duplicates."""
        return self._marks.get(kind, Marks())

    def counts(self, kind: MarkKind) -> bool:
        """Whether marks of this kind change the result, as the settings are."""
        if self._edits is None:
            return False
        scenes = self._edits.scenes
        return (
            scenes.cuts is not CutMode.IGNORE
            if kind is MarkKind.CUT
            else scenes.duplicates is DuplicateMode.DROP
        )

    @property
    def is_analysed(self) -> bool:
        """Whether cuts and duplicates of this clip have been looked for."""
        if self._info is None or self._edits is None:
            return False
        return self._analysis.find(self._info, sensitivity=self._edits.scenes.sensitivity) is not None

    def ranges(self) -> tuple[tuple[Fraction, Fraction, str], ...]:
        """What is rendered, stale and being rendered."""
        return self._rendered.ranges() if self._rendered is not None and self._info is not None else ()

    @property
    def scores(self) -> tuple[GapScore, ...]:
        """Scores of the hold-out check with the chosen network."""
        if self._info is None or self._edits is None:
            return ()
        return self._holdout.scores(self._info, self._edits.engine.model)

    @property
    def analysis_part(self) -> float | None:
        """How much of the analysis is done, 0 to 1; None where none runs."""
        return self._analysis.part_done if self._analysis.is_running_for(self._info) else None

    @property
    def check_part(self) -> float | None:
        """How much of the hold-out check is done, 0 to 1; None where none runs."""
        return self._holdout.part_done if self._holdout.is_running_for(self._info) else None

    # What is done: going places.

    def go_in(self) -> None:
        """Go to the in point, or the clip's start."""
        if self.times is not None:
            self.player.seek(self.times.start if self.start is None else self.start)

    def go_out(self) -> None:
        """Go to the last frame before the out point, or of the clip."""
        if self.times is not None:
            self.player.seek(self.times.time(self._stop_frame() - 1))

    def go_to_worst(self) -> None:
        """Go to the frame that was rebuilt worst; within the marked range if there is one."""
        inside = [
            score
            for score in self.scores
            if (self.start is None or score.start >= self.start)
            and (self.stop is None or score.stop <= self.stop)
        ]
        worst = min(inside or self.scores, key=lambda score: score.psnr_db, default=None)
        if worst is not None:
            self.player.seek(worst.time)

    # What is done: in and out.

    def set_start(self, time: Fraction | None, *, is_dragged: bool = False) -> None:
        """Put the in point on the frame shown at a time; None for the clip's start.

        Args:
            time: source seconds.
            is_dragged: more follows until `end_drag`; all of it is one step to undo.
        """
        if self.times is not None:
            frame = 0 if time is None else min(self.times.index_at(time), self._stop_frame() - 1)
            self._set_range(
                start=frame, stop=self._stop_frame(), text=self.tr("Set in point"), drag=is_dragged
            )

    def set_stop(self, time: Fraction | None, *, is_dragged: bool = False) -> None:
        """Put the out point where a frame begins, the nearest to a time; None for the clip's end."""
        if self.times is not None:
            frame = len(self.times)
            if time is not None:
                frame = frame_of(TimePoint(seconds=max(time - self.times.start, Fraction(0))), self.times)
            start = self._start_frame()
            self._set_range(
                start=start, stop=max(frame, start + 1), text=self.tr("Set out point"), drag=is_dragged
            )

    def end_drag(self) -> None:
        """A handle was let go."""
        self.workspace.end_merge()

    def mark_in(self) -> None:
        """The clip begins with the frame at the playhead; an out point before it is taken away."""
        if self.times is not None:
            frame, stop = self.times.index_at(self.asked), self._stop_frame()
            stop = len(self.times) if stop <= frame else stop
            self._set_range(start=frame, stop=stop, text=self.tr("Set in point"))

    def mark_out(self) -> None:
        """The clip ends with the frame at the playhead; an in point after it is taken away."""
        if self.times is not None:
            stop, start = self.times.index_at(self.asked) + 1, self._start_frame()
            self._set_range(start=0 if start >= stop else start, stop=stop, text=self.tr("Set out point"))

    def clear_marks(self) -> None:
        """The whole clip."""
        if self.times is not None:
            self._set_range(start=0, stop=len(self.times), text=self.tr("Clear in and out points"))

    # What is done: cuts and duplicates.

    def add_mark(self, kind: MarkKind, frame: int) -> None:
        """Mark a frame."""
        is_cut = kind is MarkKind.CUT
        text = self.tr("Add cut") if is_cut else self.tr("Mark as duplicate")
        if self.times is not None and 0 < frame < len(self.times):
            self._set_marks(kind, self.marks(kind).added(frame), text)

    def remove_mark(self, kind: MarkKind, frame: int) -> None:
        """Take a mark away."""
        is_cut = kind is MarkKind.CUT
        text = self.tr("Remove cut") if is_cut else self.tr("Mark as no duplicate")
        self._set_marks(kind, self.marks(kind).removed(frame), text)

    def move_mark(self, kind: MarkKind, frame: int, to: int) -> None:
        """Put a mark on another frame."""
        is_cut = kind is MarkKind.CUT
        text = self.tr("Move cut") if is_cut else self.tr("Move duplicate")
        if self.times is not None and frame != to and 0 < to < len(self.times):
            self._set_marks(kind, self.marks(kind).removed(frame).added(to), text)

    def toggle_mark(self, kind: MarkKind) -> None:
        """Mark the frame at the playhead, or take its mark away."""
        if self.times is not None:
            frame = self.times.index_at(self.asked)
            if frame in self.marks(kind).frames:
                self.remove_mark(kind, frame)
            else:
                self.add_mark(kind, frame)

    def toggle_cut(self) -> None:
        """Add a cut before the frame at the playhead, or remove it."""
        self.toggle_mark(MarkKind.CUT)

    # What is done in the background.

    def set_rendered(self, rendered: RenderedRanges | None) -> None:
        """Who says what is rendered of the current clip."""
        if self._rendered is not None:
            self._rendered.ranges_changed.disconnect(self.ranges_changed)
        self._rendered = rendered
        if rendered is not None:
            rendered.ranges_changed.connect(self.ranges_changed)
        self.ranges_changed.emit()

    def analyse(self) -> None:
        """Look for cuts and duplicates."""
        if self._info is not None and self._edits is not None and not self.is_analysed:
            self._analysis.start(self._info, sensitivity=self._edits.scenes.sensitivity)
            self.work_changed.emit()

    def cancel_analysis(self) -> None:
        """Stop looking for cuts and duplicates; it does not begin again by itself with this clip."""
        self._is_refused = True
        self._analysis.cancel()

    def check(self) -> None:
        """See how well the chosen network rebuilds frames that are left out, in the marked range."""
        if self._info is None or self._edits is None or len(self._info.times) < 3:
            self.message.emit(self.tr("Three frames are needed to leave one out."))
            return
        self._holdout.start(
            HoldoutWish(
                info=self._info,
                engine=self._edits.engine,
                start=self._start_frame(),
                stop=self._stop_frame(),
                cuts=frozenset(self.marks(MarkKind.CUT).frames),
            )
        )
        self.work_changed.emit()

    def cancel_check(self) -> None:
        """Stop checking; scores found so far stay."""
        self._holdout.cancel()

    def close(self) -> None:
        """Begin nothing any more. May be called twice."""
        self._rest.stop()

    # How it is done.

    def _place(self, point: TimePoint | None) -> Fraction | None:
        if point is None or self.times is None:
            return None
        if point.seconds is not None:
            return min(
                self.times.start + point.seconds, self.times.end
            )  # as the plan takes it: to the letter
        return self.times.time(frame_of(point, self.times))

    def _start_frame(self) -> int:
        assert self.times is not None
        return bisect_left(self.times.pts, self.start / self.times.time_base) if self.start is not None else 0

    def _stop_frame(self) -> int:
        assert self.times is not None
        if self.stop is None:
            return len(self.times)
        return bisect_left(self.times.pts, self.stop / self.times.time_base)

    def _set_range(self, *, start: int, stop: int, text: str, drag: bool = False) -> None:
        assert self.times is not None
        assert self._edits is not None
        timing = replace(
            self._edits.timing,
            start=TimePoint(frame=start) if start > 0 else None,
            stop=TimePoint(frame=stop) if stop < len(self.times) else None,
        )
        self.workspace.edit(text, merge=text if drag else "", timing=timing)

    def _set_marks(self, kind: MarkKind, marks: Marks, text: str) -> None:
        if self._edits is not None:
            self.workspace.edit(text, cuts=with_marks(kind, self._edits.cuts, marks))

    def _look_at_current(self) -> None:
        clip = self.workspace.current
        self._info = clip.info if clip is not None else None
        self._edits = clip.edits if clip is not None else None
        self._is_refused = False
        self._find_marks()
        self.clip_changed.emit()
        self._tell_player()
        self._rest.start()

    def _find_marks(self) -> None:
        self._marks = {}
        if self._info is None or self._edits is None:
            return
        found = self._analysis.find(self._info, sensitivity=self._edits.scenes.sensitivity)
        detected = {
            MarkKind.CUT: found.cuts if found is not None else (),
            MarkKind.DUPLICATE: found.duplicates if found is not None else (),
        }
        self._marks = {
            kind: marks_of(kind, self._edits.cuts, self._info.times, detected[kind]) for kind in MarkKind
        }

    def _tell_player(self) -> None:
        self.player.set_range(self.start, self.stop)
        times, is_on = self.times, self.counts(MarkKind.CUT)
        cuts = self.marks(MarkKind.CUT).frames if is_on else ()
        self.player.set_marks(tuple(times.time(frame) for frame in cuts) if times is not None else ())

    def _on_current_changed(self) -> None:
        self._analysis.cancel()
        self._look_at_current()

    def _on_clip_changed(self, number: int) -> None:
        clip = self.workspace.current
        if clip is not None and clip.number == number and clip.info is not self._info:
            self._look_at_current()

    def _on_clip_removed(self, _number: int) -> None:
        infos = [clip.info for clip in self.workspace.clips if clip.info is not None]
        for work in (self._analysis, self._holdout):
            work.keep_only(infos)

    def _on_edits_changed(self, number: int) -> None:
        clip = self.workspace.current
        if clip is None or clip.number != number:
            return
        before, self._edits = self._edits, clip.edits
        if before is None or before.timing != clip.edits.timing:
            self.marks_changed.emit()
        if before is None or (before.cuts, before.scenes) != (clip.edits.cuts, clip.edits.scenes):
            self._find_marks()
            self.markers_changed.emit()
            self._rest.start()
        if before is None or before.engine != clip.edits.engine:
            self.scores_changed.emit()
        self._tell_player()

    def _on_work_changed(self, *_: object) -> None:
        self.work_changed.emit()

    def _on_analysis_finished(self) -> None:
        self._find_marks()
        self._tell_player()
        self.markers_changed.emit()

    def _on_rested(self) -> None:
        if self._info is None or self.player.is_playing or self._analysis.is_running_for(self._info):
            return
        if 1 < len(self._info.times) <= ANALYSED_AT_ONCE and not self._is_refused:
            self.analyse()

    def _on_playing_changed(self) -> None:
        """Analysis and check stand back while it plays."""
        is_playing = self.player.is_playing
        for work in (self._analysis, self._holdout):
            work.hold(is_playing)
        if not is_playing:
            self._rest.start()
        self.work_changed.emit()
