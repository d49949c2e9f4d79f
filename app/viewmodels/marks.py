"""What is detected and what the user says of it: frames that are marked, and marks that were taken away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from flavr_core.timeline import CutOverrides
from flavr_core.timing import FrameTimes, TimePoint


class MarkKind(StrEnum):
    """What is marked at a frame."""

    CUT = "cut"
    """It is the first after a cut."""
    DUPLICATE = "duplicate"
    """It repeats the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Marks of one kind, by frame number."""

    detected: frozenset[int] = frozenset()
    """Found by the program."""
    given: frozenset[int] = frozenset()
    """Added by hand."""
    vetoed: frozenset[int] = frozenset()
    """Taken away by hand."""

    @property
    def frames(self) -> tuple[int, ...]:
        """Frames that are marked, rising."""
        return tuple(sorted((self.detected - self.vetoed) | self.given))

    @property
    def taken_away(self) -> tuple[int, ...]:
        """Frames where a detected mark was taken away, rising."""
        return tuple(sorted((self.detected & self.vetoed) - self.given))

    def added(self, frame: int) -> Marks:
        """The same with a mark at a frame."""
        given = self.given if frame in self.detected else self.given | {frame}
        return replace(self, given=given, vetoed=self.vetoed - {frame})

    def removed(self, frame: int) -> Marks:
        """The same without a mark at a frame."""
        vetoed = self.vetoed | {frame} if frame in self.detected else self.vetoed
        return replace(self, given=self.given - {frame}, vetoed=vetoed)


def marks_of(kind: MarkKind, overrides: CutOverrides, times: FrameTimes, detected: Iterable[int]) -> Marks:
    """The marks of a clip; what lies outside of it is left out."""
    if kind is MarkKind.CUT:
        given, vetoed = overrides.cuts, overrides.vetoes
        detected = () if overrides.only else detected
    else:
        given, vetoed = overrides.repeats, overrides.kept
    return Marks(detected=frozenset(detected), given=_frames(given, times), vetoed=_frames(vetoed, times))


def with_marks(kind: MarkKind, overrides: CutOverrides, marks: Marks) -> CutOverrides:
    """The overrides that say this."""
    given, vetoed = _points(marks.given), _points(marks.vetoed)
    if kind is MarkKind.CUT:
        return replace(overrides, cuts=given, vetoes=vetoed)
    return replace(overrides, repeats=given, kept=vetoed)


def _points(frames: frozenset[int]) -> tuple[TimePoint, ...]:
    return tuple(TimePoint(frame=frame) for frame in sorted(frames))


def _frames(points: Iterable[TimePoint], times: FrameTimes) -> frozenset[int]:
    found = (frame_of(point, times) for point in points)
    return frozenset(frame for frame in found if 0 < frame < len(times))


def frame_of(point: TimePoint, times: FrameTimes) -> int:
    """The frame that begins nearest to a place; len(times) for the end and all after it."""
    if point.frame is not None:
        return min(point.frame, len(times))
    assert point.seconds is not None
    seconds = times.start + point.seconds
    frame = times.index_at(seconds)
    return frame + 1 if times.time(frame + 1) - seconds < seconds - times.time(frame) else frame
