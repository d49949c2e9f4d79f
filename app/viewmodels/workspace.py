"""The open work: clips, what is to be done with each, and undo. Every panel reads and edits this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
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
    """Something that can be taken back."""

    text: str
    """What was done, for the menu."""
    back: Callable[[], None]
    """Takes it back."""
    again: Callable[[], None]
    """Does it again."""
    merge: tuple[str, int] = ("", 0)
    """(word, clip): the next step of the same is part of this one; an empty word for never."""


class Workspace(QObject):
    """Clips in order, the one that is looked at, and every edit with undo."""

    clip_added = Signal(int)
    """A clip's number; it may have been in the list before, and have been taken off it."""
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

    def add(
        self, path: Path, edits: ClipEdits | None = None, *, sequence_rate: Fraction | None = None
    ) -> Clip:
        """Put a clip at the end of the list; the first one becomes current.

        Args:
            path: the file or folder.
            edits: what was decided about it before; None for the defaults.
            sequence_rate: frames a second of a series of images; None for the usual.
        """
        clip = Clip(number=self._next, path=path, edits=edits or self.defaults)
        clip.sequence_rate = sequence_rate or clip.sequence_rate
        self._next += 1
        self._clips[clip.number] = clip
        self.clip_added.emit(clip.number)
        if self._current == 0:
            self.set_current(clip.number)
        return clip

    def remove(self, numbers: Sequence[int]) -> None:
        """Take clips off the list, with undo; a neighbour of the current one becomes current."""
        wanted = [number for number in self._clips if number in set(numbers)]
        if not wanted:
            return
        kept = [(list(self._clips).index(number), self._clips[number]) for number in wanted]
        text = self.tr("Remove clip") if len(wanted) == 1 else self.tr("Remove %n clips", "", len(wanted))
        take, put_back = partial(self._take, wanted), partial(self._put_back, kept, self._current)
        self._note(_Step(text=text, back=put_back, again=take))
        take()

    def move(self, number: int, place: int) -> None:
        """Put a clip at another place of the list, counted from 0 without it; with undo."""
        if number not in self._clips:
            return
        before = list(self._clips)
        order = [other for other in before if other != number]
        order.insert(max(0, place), number)
        if order != before:
            back, again = partial(self._arrange, before), partial(self._arrange, order)
            self._note(_Step(text=self.tr("Move clip"), back=back, again=again))
            again()

    def relink(self, number: int, path: Path) -> None:
        """Say where a clip's file is now; it has to be probed again, its edits stay."""
        clip = self._clips.get(number)
        if clip is not None:
            clip.path, clip.info, clip.problem = path, None, ""
            self.clip_changed.emit(number)

    def set_sequence_rate(self, number: int, rate: Fraction) -> None:
        """Say how many images of a series make a second, with undo; it has to be probed again."""
        clip = self._clips.get(number)
        if clip is not None and clip.sequence_rate != rate:
            back, again = (partial(self._set_rate, number, one) for one in (clip.sequence_rate, rate))
            self._note(_Step(text=self.tr("Images a second"), back=back, again=again))
            again()

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
        word = (merge, clip.number)
        back: Callable[[], None] = partial(self._go, clip.number, clip.edits)
        if merge and self._done and self._done[-1].merge == word:
            back = self._done.pop().back
        self._note(_Step(text=text, back=back, again=partial(self._go, clip.number, after), merge=word))
        self._set(clip, after)

    def end_merge(self) -> None:
        """The next edit is a step of its own (the handle was let go)."""
        if self._done:
            self._done[-1] = replace(self._done[-1], merge=("", 0))

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
            step.back()
            self.undo_changed.emit()

    def redo(self) -> None:
        """Do what was taken back again."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            step.again()
            self.undo_changed.emit()

    def _note(self, step: _Step) -> None:
        self._done.append(step)
        del self._done[:-UNDO_STEPS]
        self._undone.clear()
        self.undo_changed.emit()

    def _go(self, number: int, edits: ClipEdits) -> None:
        self.set_current(number)
        self._set(self._clips[number], edits)

    def _set(self, clip: Clip, edits: ClipEdits) -> None:
        clip.edits = edits
        self.edits_changed.emit(clip.number)

    def _take(self, numbers: Sequence[int]) -> None:
        order = list(self._clips)
        after = [number for number in order[order.index(numbers[0]) :] if number not in numbers]
        for number in numbers:
            del self._clips[number]
            self.clip_removed.emit(number)
        if self._current in numbers:
            self.set_current(after[0] if after else next(reversed(self._clips), 0))

    def _put_back(self, kept: Sequence[tuple[int, Clip]], current: int) -> None:
        for place, clip in kept:
            others = list(self._clips.items())
            self._clips = dict([*others[:place], (clip.number, clip), *others[place:]])
            self.clip_added.emit(clip.number)
        self.set_current(current if current in self._clips else kept[0][1].number)

    def _arrange(self, order: Sequence[int]) -> None:
        """Have the list in an order; clips that are not named come last."""
        self._clips = {number: self._clips[number] for number in (*order, *self._clips)}
        self.clips_moved.emit()

    def _set_rate(self, number: int, rate: Fraction) -> None:
        clip = self._clips[number]
        clip.sequence_rate = rate
        self.set_current(number)
        self.relink(number, clip.path)
