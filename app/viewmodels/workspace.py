"""The open work: clips, what is to be done with each, and undo. Every panel reads and edits this."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from flavr_core.clip import ClipInfo
from flavr_core.settings import ConvertSettings, EngineSettings, ExportSettings, SceneSettings, TimingSettings
from flavr_core.timeline import CutOverrides

UNDO_STEPS = 200
"""Edits that can be taken back, over all clips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipEdits:
    """What the user decided about one clip."""

    timing: TimingSettings = field(default_factory=TimingSettings)
    """Rate, slow motion, in and out point."""
    scenes: SceneSettings = field(default_factory=SceneSettings)
    """Cuts and duplicates; its `cuts_file` stays None, cuts by hand are in `cuts`."""
    cuts: CutOverrides = field(default_factory=CutOverrides)
    """Cuts added and vetoed by hand."""
    engine: EngineSettings = field(default_factory=EngineSettings)
    """Network, device, precision."""
    export: ExportSettings = field(default_factory=ExportSettings)
    """How the result is stored."""
    preset: str = ""
    """Name of the preset that `export` began as; empty for none."""


@dataclass(slots=True, kw_only=True, eq=False)
class Clip:
    """One clip of the list."""

    number: int
    """Unique in this workspace; never used again."""
    path: Path
    """The file, or the folder of a sequence."""
    info: ClipInfo | None = None
    """What probing found; None until then and where it failed."""
    problem: str = ""
    """Why it cannot be used, in plain words; empty where it can."""
    edits: ClipEdits = field(default_factory=ClipEdits)
    """What is to be done with it."""
    sequence_rate: Fraction = Fraction(24)
    """Frames a second where it is a series of images, which have none of their own."""

    def settings(self, output: Path, *, cuts_file: Path | None = None, **changes: Any) -> ConvertSettings:
        """The conversion that the edits ask for; `cuts_file` holds `edits.cuts` where there are any."""
        return ConvertSettings(
            source=self.path,
            output=output,
            timing=self.edits.timing,
            scenes=replace(self.edits.scenes, cuts_file=cuts_file),
            engine=self.edits.engine,
            export=self.edits.export,
            sequence_rate=self.sequence_rate,
            **changes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    number: int
    before: ClipEdits
    after: ClipEdits
    text: str
    merge: str


class Workspace(QObject):
    """Clips in order, the one that is looked at, and every edit with undo."""

    clip_added = Signal(int)
    """A clip's number."""
    clip_removed = Signal(int)
    clip_changed = Signal(int)
    """Its info or problem changed (probed)."""
    edits_changed = Signal(int)
    """Its edits changed, by an edit, undo or redo."""
    clips_moved = Signal()
    """The order of the list changed."""
    current_changed = Signal(int)
    """Another clip is looked at; 0 for none."""
    undo_changed = Signal()
    """What can be undone or redone changed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clips: dict[int, Clip] = {}
        self._next = 1
        self._current = 0
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self.defaults = ClipEdits()
        """Edits that a new clip begins with."""

    @property
    def clips(self) -> tuple[Clip, ...]:
        """All clips, in the order of the list."""
        return tuple(self._clips.values())

    @property
    def current(self) -> Clip | None:
        """The clip that is looked at."""
        return self._clips.get(self._current)

    def clip(self, number: int) -> Clip | None:
        """A clip by its number; None when it is gone."""
        return self._clips.get(number)

    def add(self, path: Path, edits: ClipEdits | None = None) -> Clip:
        """Put a clip at the end of the list; the first one becomes current.

        Args:
            path: the file or folder.
            edits: what was decided about it before; None for the defaults.
        """
        clip = Clip(number=self._next, path=path, edits=edits or self.defaults)
        self._next += 1
        self._clips[clip.number] = clip
        self.clip_added.emit(clip.number)
        if self._current == 0:
            self.set_current(clip.number)
        return clip

    def remove(self, number: int) -> None:
        """Take a clip off the list; its neighbour becomes current."""
        if number not in self._clips:
            return
        order = list(self._clips)
        place = order.index(number)
        del self._clips[number]
        self._done = [step for step in self._done if step.number != number]
        self._undone = [step for step in self._undone if step.number != number]
        self.clip_removed.emit(number)
        self.undo_changed.emit()
        if number == self._current:
            rest = list(self._clips)
            self.set_current(rest[min(place, len(rest) - 1)] if rest else 0)

    def move(self, number: int, place: int) -> None:
        """Put a clip at another place of the list, counted from 0 without it."""
        if number not in self._clips:
            return
        before = list(self._clips)
        order = [other for other in before if other != number]
        order.insert(max(0, place), number)
        if order != before:
            self._clips = {other: self._clips[other] for other in order}
            self.clips_moved.emit()

    def relink(self, number: int, path: Path) -> None:
        """Say where a clip's file is now; it has to be probed again, its edits stay."""
        clip = self._clips.get(number)
        if clip is not None:
            clip.path, clip.info, clip.problem = path, None, ""
            self.clip_changed.emit(number)

    def set_sequence_rate(self, number: int, rate: Fraction) -> None:
        """Say how many images of a series make a second; it has to be probed again."""
        clip = self._clips.get(number)
        if clip is not None and clip.sequence_rate != rate:
            clip.sequence_rate = rate
            self.relink(number, clip.path)

    def set_current(self, number: int) -> None:
        """Look at another clip; 0 for none."""
        if number != self._current:
            self._current = number
            self.current_changed.emit(number)

    def set_probed(self, number: int, info: ClipInfo | None, problem: str = "") -> None:
        """What probing said of a clip."""
        clip = self._clips.get(number)
        if clip is not None:
            clip.info, clip.problem = info, problem
            self.clip_changed.emit(number)

    def edit(self, text: str, *, number: int | None = None, merge: str = "", **changes: Any) -> None:
        """Change fields of a clip's edits, with undo.

        Args:
            text: what was done, for the menu: `Set in point`.
            number: the clip; None for the current one.
            merge: edits in a row with the same word are one step (dragging a handle); empty for never.
            changes: fields of ClipEdits.
        """
        clip = self.current if number is None else self._clips.get(number)
        if clip is None:
            return
        after = replace(clip.edits, **changes)
        if after == clip.edits:
            return
        before = clip.edits
        last = self._done[-1] if self._done else None
        if merge and last is not None and last.merge == merge and last.number == clip.number:
            before = self._done.pop().before
        self._done.append(_Step(number=clip.number, before=before, after=after, text=text, merge=merge))
        del self._done[:-UNDO_STEPS]
        self._undone.clear()
        self._set(clip, after)

    def end_merge(self) -> None:
        """The next edit is a step of its own (the handle was let go)."""
        if self._done:
            self._done[-1] = replace(self._done[-1], merge="")

    @property
    def undo_text(self) -> str:
        """What undo would take back; empty for nothing."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What redo would do again; empty for nothing."""
        return self._undone[-1].text if self._undone else ""

    def undo(self) -> None:
        """Take the last edit back and look at its clip."""
        if self._done:
            step = self._done.pop()
            self._undone.append(step)
            self._go(step.number, step.before)

    def redo(self) -> None:
        """Do what was taken back again."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            self._go(step.number, step.after)

    def _go(self, number: int, edits: ClipEdits) -> None:
        self.set_current(number)
        self._set(self._clips[number], edits)

    def _set(self, clip: Clip, edits: ClipEdits) -> None:
        clip.edits = edits
        self.edits_changed.emit(clip.number)
        self.undo_changed.emit()
