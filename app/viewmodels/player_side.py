"""The sides of the viewer: which frames they should show, which they show, and how many they missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Literal

from app.jobs.pictures import PictureSource
from app.viewmodels.frame_starts import extent
from flavr_core.frame import Frame

SideName = Literal["a", "b"]
SIDES: tuple[SideName, SideName] = ("a", "b")
_BESIDE = (0, 1, -1, 2, -2)
"""Frames around the one shown that are got ready for stepping."""
_MOST_AHEAD = 120
"""Frames of a side read ahead while playing, at most."""


class SideState(StrEnum):
    """What a side shows of what was asked for."""

    EMPTY = "empty"
    """Nothing stands on it."""
    EXACT = "exact"
    """The frame of the position."""
    NEAR = "near"
    """A frame near it, until the right one is there."""
    WAITING = "waiting"
    """Nothing yet."""
    MISSING = "missing"
    """Nothing, and nothing is on its way: it is not rendered."""
    OUTSIDE = "outside"
    """The position lies before its first or after its last frame."""


class PlayerSide:
    """A source and what is shown of it."""

    def __init__(self) -> None:
        self.source: PictureSource | None = None
        self.index: int | None = None
        self.frame: Frame | None = None
        self.state = SideState.EMPTY
        self.due = 0
        """Frames that should have been shown while playing."""
        self.dropped = 0
        """Of these, the ones that were not."""
        self._stride = 1
        self._counts_from: int | None = None

    def clear(self) -> None:
        """Show nothing."""
        self.index, self.frame = None, None
        self.state = SideState.EMPTY if self.source is None else SideState.WAITING

    def target(self, position: Fraction, slack: Fraction) -> int | None:
        """The frame of a position; None when it lies more than `slack` after the end, or before the start."""
        source = self.source
        if source is None or position < source.source_time(0):
            return None
        if position > source.source_time(len(source.times)) + slack:
            return None
        return source.index_at(position)

    def last_duration(self) -> Fraction:
        """Source seconds that the last frame lasts."""
        if self.source is None:
            return Fraction(0)
        count = len(self.source.times)
        return self.source.source_time(count) - self.source.source_time(count - 1)

    def show(self, index: int | None, frame: Frame | None, state: SideState) -> bool:
        """Show this now; says whether that is a change."""
        held = self.frame
        if frame is not None and held is not None and frame.planes is held.planes and index == self.index:
            frame = held  # the same picture in another wrapping
        changed = frame is not held or state is not self.state or index != self.index
        self.index, self.frame, self.state = index, frame, state
        return changed

    def nearest(self, index: int) -> tuple[int, Frame] | None:
        """Of the frames at hand the one nearest to `index`."""
        found = None if self.source is None else self.source.nearest(index)
        if found is None or self.source is None:
            return None
        frame = self.source.picture(found)
        return None if frame is None else (found, frame)

    def begin_count(self, least_interval: Fraction) -> None:
        """Count from the next frame shown; frames closer than `least_interval` are passed over on purpose."""
        self._counts_from = None
        if self.source is not None:
            count = len(self.source.times)
            step = (self.source.source_time(count) - self.source.source_time(0)) / count
            self._stride = max(1, ceil(least_interval / step))

    def count(self) -> None:
        """Count the frame that is shown now, and those before it that were not."""
        before, self._counts_from = self._counts_from, self.index
        if before is not None and self.index is not None and before != self.index:
            steps = max(1, abs(self.index - before) // self._stride)
            self.due += steps
            self.dropped += steps - 1

    def reset_count(self) -> None:
        """Begin anew."""
        self.due = self.dropped = 0
        self._counts_from = None


class PlayerSides:
    """Both sides at one position: never one frame for another, and never one side alone ahead."""

    def __init__(self) -> None:
        self._sides: dict[SideName, PlayerSide] = {name: PlayerSide() for name in SIDES}

    def __getitem__(self, name: SideName) -> PlayerSide:
        return self._sides[name]

    def __iter__(self) -> Iterator[PlayerSide]:
        return iter(self._sides.values())

    @property
    def sources(self) -> list[PictureSource]:
        """What stands on the sides."""
        return [side.source for side in self if side.source is not None]

    @property
    def bounds(self) -> tuple[Fraction, Fraction]:
        """Source seconds at which the first frame of any side begins and the last one ends."""
        return extent(self.sources)

    def present(self, position: Fraction) -> bool | None:
        """Show the frames of a position on all sides, or nothing new when one is still to come.

        Returns:
            Whether that changed anything; None when a frame is not there.
        """
        slack = self._slack()
        found = []
        for side in self:
            if side.source is None:
                continue
            index = side.target(position, slack)
            frame = None if index is None else side.source.picture(index)
            if index is None:
                state = SideState.OUTSIDE
            elif frame is not None:
                state = SideState.EXACT
            elif side.source.is_coming(index):
                return None
            else:
                index, state = None, SideState.MISSING
            found.append((side, index, frame, state))
        changed = False
        for side, index, frame, state in found:
            changed |= side.show(index, frame, state)
        return changed

    def stand_in(self, position: Fraction, most: Fraction | None) -> bool:
        """Show what is at hand: the right frame, one near it, or none; says whether that is a change.

        Args:
            position: source seconds.
            most: how far from the position a frame may be to stand in; None for any distance, and for
                keeping what is shown where there is none.
        """
        slack = self._slack()
        changed = False
        for side in self:
            index = side.target(position, slack)
            if side.source is None:
                continue
            if index is None:
                changed |= side.show(None, None, SideState.OUTSIDE)
                continue
            if side.source.picture(index) is None and not side.source.is_coming(index):
                changed |= side.show(None, None, SideState.MISSING)
                continue
            found = side.nearest(index)
            if found is not None and most is not None and found[0] != index:
                found = found if abs(side.source.source_time(found[0]) - position) <= most else None
            if found is not None:
                changed |= side.show(*found, SideState.EXACT if found[0] == index else SideState.NEAR)
            elif most is not None:
                changed |= side.show(None, None, SideState.WAITING)
        return changed

    def want(self, position: Fraction, *, alone: bool) -> None:
        """Have the frames of a position got, and those beside it unless `alone`."""
        for source in self.sources:
            index = source.index_at(position)
            source.want([index + step for step in (_BESIDE[:1] if alone else _BESIDE)])

    def read_ahead(self, path: Sequence[tuple[Fraction, Fraction]]) -> None:
        """Have the frames got that are due next, along a path of stretches, backwards where they fall."""
        for source in self.sources:
            wanted: dict[int, None] = {}
            for begin, end in path:
                first, last = source.index_at(begin), source.index_at(end)
                step = 1 if last >= first else -1
                wanted |= dict.fromkeys(range(first, last + step, step))
            source.want(list(wanted)[:_MOST_AHEAD])

    def _slack(self) -> Fraction:
        """By how much one side may end before another and still show its last frame to the end."""
        return max(side.last_duration() for side in self)
