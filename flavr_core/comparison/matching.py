"""Which frame of A stands beside which frame of B: by time, exactly.

Both clips run on one clock, A's own, counted in seconds from its first frame. A result in slow motion
shows `speed` seconds of A in one of its own; a trimmed one begins `offset` seconds into A. The side with
more frames leads, at the slower pace of both, and the other shows what it shows at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from flavr_core.clip import ClipInfo
from flavr_core.errors import SettingsError
from flavr_core.plan import OutputPlan
from flavr_core.settings import RateTarget, TimingSettings
from flavr_core.timeline import plan_output
from flavr_core.timeline.clock import SourceClock, resolve_time_point, source_clock
from flavr_core.timing import FrameTimes, TimePoint, format_time

_MOST_ROUNDING = Fraction(1, 1000)
"""Seconds by which containers round times at most."""
_SAME_LENGTH = Fraction(1, 50)
"""Part by which the length of a slow-motion result may miss a whole multiple."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The frames of one side in time."""

    times: FrameTimes
    """When each frame is shown."""
    rate: Fraction
    """Nominal frames a second."""
    is_vfr: bool
    """Whether the rate varies."""

    @staticmethod
    def of(info: ClipInfo, times: FrameTimes) -> Timeline:
        """Of a side: its clip's own, or that of what is drawn from it."""
        if times is info.times:
            return Timeline(times=times, rate=info.rate, is_vfr=info.is_vfr)
        steps = {after - before for before, after in zip(times.pts, times.pts[1:], strict=False)}
        return Timeline(times=times, rate=len(times) / times.duration, is_vfr=len(steps) > 1)

    def clock(self) -> SourceClock:
        """Exact times."""
        return source_clock(self.times, rate=self.rate, is_vfr=self.is_vfr, source_indices=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is shown at one moment of the comparison."""

    index: int
    """Number in the comparison, from 0."""
    time: Fraction
    """Seconds on the comparison's own clock."""
    source_time: Fraction
    """Seconds from A's first frame."""
    a: int
    """Frame of A."""
    b: int
    """Frame of B."""


class Matching:
    """All pairs of a comparison. Pure: follows from the sides' times alone."""

    def __init__(
        self,
        a: Timeline,
        b: Timeline,
        *,
        speed: Fraction,
        offset: Fraction,
        start: TimePoint | None = None,
        stop: TimePoint | None = None,
    ) -> None:
        """Match two sides.

        Args:
            a: the original.
            b: what is compared with it.
            speed: seconds of A that one second of B shows.
            offset: seconds of A before B's first frame.
            start: on A's clock; None for where both have pictures.
            stop: likewise, exclusive.

        Raises:
            SettingsError: when there is no moment at which both have pictures.
            ProblemsError: when the range is empty.
        """
        self._a, self._b = a.clock(), b.clock()
        self._speed, self._offset = speed, offset
        self.b_leads = len(b.times) / (b.times.duration * speed) >= len(a.times) / a.times.duration
        exact = self._a.is_regular and self._b.is_regular
        self._slack = (
            Fraction(0) if exact else min(max(a.times.time_base, b.times.time_base) / 2, _MOST_ROUNDING)
        )
        length_a = self._a.end - self._a.start
        first, last = max(Fraction(0), offset), min(length_a, offset + (self._b.end - self._b.start) * speed)
        if start is not None:
            first = max(first, self._seconds_of(start, a))
        if stop is not None:
            last = min(last, self._seconds_of(stop, a))
        if first >= last:
            raise SettingsError(
                f"There is no moment from {format_time(first)} to {format_time(last)} at which both clips "
                "have pictures.",
                "Check the start, the stop and the offset.",
            )
        self.plan = self._plan(b if self.b_leads else a, first, last)

    def _seconds_of(self, point: TimePoint, a: Timeline) -> Fraction:
        return resolve_time_point(point, self._a, rate=a.rate, source_indices=None) - self._a.start

    def _plan(self, leader: Timeline, first: Fraction, last: Fraction) -> OutputPlan:
        """Every frame of the side that leads between two moments of A."""
        clock = self._b if self.b_leads else self._a
        start = (first - self._offset) / self._speed if self.b_leads else first
        stop = (last - self._offset) / self._speed if self.b_leads else last
        is_whole = stop >= clock.end - clock.start
        # Where A leads it is slowed to B's pace; it is not sped up, as its frames would be lost.
        pace = Fraction(1) if self.b_leads else min(self._speed, Fraction(1))
        timing = TimingSettings(
            rate=RateTarget(factor=pace),
            slow=1 / pace,
            start=TimePoint(seconds=start) if start > 0 else None,
            stop=None if is_whole else TimePoint(seconds=stop),
            keep_vfr=leader.is_vfr,
        )
        return plan_output(leader.times, timing, rate=leader.rate, is_vfr=leader.is_vfr, grid=())

    def __len__(self) -> int:
        return len(self.plan)

    def pairs(self) -> Iterator[Pair]:
        """Every moment, in order."""
        leader = self._b if self.b_leads else self._a
        for frame in self.plan.frames():
            elapsed = leader.time(frame.gap) - leader.start
            if self.b_leads:
                source_time = self._offset + elapsed * self._speed
                a = self._a.index_at(self._a.start + source_time + self._slack)
                yield Pair(index=frame.index, time=frame.time, source_time=source_time, a=a, b=frame.gap)
            else:
                b = self._b_at(elapsed)
                yield Pair(index=frame.index, time=frame.time, source_time=elapsed, a=frame.gap, b=b)

    def at(self, point: TimePoint | None, a: Timeline) -> Pair:
        """The one moment that a user named on A's clock; the middle where none is named."""
        length = self._a.end - self._a.start
        source_time = length / 2 if point is None else self._seconds_of(point, a)
        if not 0 <= source_time < length:
            raise SettingsError(
                f"There is no picture at {format_time(source_time)}.", f"A lasts {format_time(length)}."
            )
        number = self._a.index_at(self._a.start + source_time + self._slack)
        return Pair(index=0, time=Fraction(0), source_time=source_time, a=number, b=self._b_at(source_time))

    def _b_at(self, source_time: Fraction) -> int:
        elapsed = (source_time - self._offset) / self._speed
        return self._b.index_at(self._b.start + elapsed + self._slack)


def found_speed(a: FrameTimes, b: FrameTimes) -> Fraction:
    """Seconds of A in one of B, from their lengths: 1/n where B lasts n times as long, else 1."""
    longer = round(b.duration / a.duration)
    if longer >= 2 and abs(b.duration / a.duration / longer - 1) <= _SAME_LENGTH:
        return Fraction(1, longer)
    return Fraction(1)
