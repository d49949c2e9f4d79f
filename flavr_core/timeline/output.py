"""Outputs of constant and of variable rate, frame by frame on demand. `plan.plan_output` makes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, gcd, lcm

from flavr_core.errors import FlavrError, SettingsError
from flavr_core.frame import PlannedFrame
from flavr_core.plan import OutputPlan
from flavr_core.settings import EndMode, TimingSettings
from flavr_core.timeline.clock import SourceClock
from flavr_core.timing import FrameTimes

MOST_FRAMES = 100_000_000
"""Outputs of more frames than this are refused: a slip of the pen, not a film."""

CONTEXT_BEFORE = 3
"""Source frames before a gap's first frame on which the decision whether the gap is a cut depends."""
CONTEXT_AFTER = 2
"""Source frames after a gap's second frame on which that decision depends."""

_MOST_INT32 = 2**31 - 1
_SNAP_PARTS = 16
"""A place within one of so many parts of a gap is the source frame, where timestamps are that coarse."""


class Places:
    """The places a network can draw, with the gap's two ends."""

    def __init__(self, grid: Sequence[Fraction]) -> None:
        inner = sorted({Fraction(place) for place in grid})
        if inner and not (inner[0] > 0 and inner[-1] < 1):
            raise ValueError("grid positions must lie between 0 and 1")
        self.places = (Fraction(0), *inner, Fraction(1))
        self._middles = [(a + b) / 2 for a, b in zip(self.places, self.places[1:], strict=False)]
        self.denominator = lcm(*(place.denominator for place in self.places))
        self.numerators = [int(place * self.denominator) for place in self.places]

    def nearest(self, position: Fraction) -> Fraction:
        """The nearest place; of two equally near the earlier, so that a rate twice the grid's stays even."""
        return self.places[bisect_left(self._middles, position)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a plan knows of its source."""

    times: FrameTimes
    """The frames that count."""
    indices: Sequence[int] | None
    """Their numbers in the file; None for all."""
    clock: SourceClock
    """When they are shown."""
    places: Places | None
    """What the network can draw; None for any place."""


class _Plan(ABC, OutputPlan):
    """What constant and variable outputs share."""

    def __init__(self, source: Source, timing: TimingSettings) -> None:
        self._source = source
        self._clock = source.clock
        self._slow = timing.slow
        self._count = 0
        self._start = source.clock.start
        self._stop = source.clock.end

    @property
    def times(self) -> FrameTimes:
        """The source frames that count."""
        return self._source.times

    @property
    def source_indices(self) -> Sequence[int] | None:
        """Their numbers in the file; None where they are all frames."""
        return self._source.indices

    @property
    def speed(self) -> Fraction:
        """Source seconds in one output second."""
        return 1 / self._slow

    @property
    def duration(self) -> Fraction:
        """Seconds from the first output frame's appearance to the last one's end."""
        return self.frame_end(self._count - 1)

    @property
    def source_start(self) -> Fraction:
        """Seconds on the file's clock that output time 0 shows."""
        return self._start

    @property
    def source_stop(self) -> Fraction:
        """Seconds on the file's clock at which the output ends."""
        return self._source.times.end if self._stop == self._clock.end else self._stop

    @property
    def is_trimmed(self) -> bool:
        """Whether less than the whole source is covered."""
        return self._start > self._clock.start or self._stop < self._clock.end

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> PlannedFrame:
        """Output frame `index`, 0 <= index < len."""
        if not 0 <= index < self._count:
            raise IndexError(f"output frame {index} of {self._count}")
        gap, wanted = self._wanted(index)
        place = wanted if gap + 1 == len(self._clock) else self._place(gap, wanted)
        error = abs(place - wanted) * self._clock.gap_length(gap) if place != wanted else Fraction(0)
        if place == 1:
            gap, place = gap + 1, Fraction(0)
        return PlannedFrame(index=index, time=self._time(index), gap=gap, position=place, timing_error=error)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[PlannedFrame]:
        """Output frames start to stop - 1, in order."""
        for index in range(start, self._count if stop is None else stop):
            yield self[index]

    def frame_end(self, index: int) -> Fraction:
        """Seconds on the output's clock at which output frame `index` ends."""
        if not 0 <= index < self._count:
            raise IndexError(f"output frame {index} of {self._count}")
        return self._time(index + 1)

    def needed_source_range(self, start: int, stop: int) -> tuple[int, int]:
        """First and one past the last entry of `times` needed for output frames start to stop - 1.

        That is the windows' four frames and what cut detection looks at around their three gaps.
        """
        if not 0 <= start < stop <= self._count:
            raise IndexError(f"output frames {start} to {stop} of {self._count}")
        first = self[start].gap - 1 - CONTEXT_BEFORE
        last = self[stop - 1].gap + 2 + CONTEXT_AFTER
        return max(first, 0), min(last + 1, len(self._clock))

    def problems(self) -> list[FlavrError]:
        """What makes this plan impossible to write."""
        found: list[FlavrError] = []
        if self._count > MOST_FRAMES:
            found.append(
                SettingsError(
                    f"The output would have {self._count:,} frames.",
                    f"Choose a lower rate or a shorter range; at most {MOST_FRAMES:,} frames are made.",
                )
            )
        if max(self.time_base.numerator, self.time_base.denominator) > _MOST_INT32:
            found.append(
                SettingsError(
                    f"No video file can hold times in units of {self.time_base} s.",
                    "Write the rate as a short fraction, such as 60000/1001 or 59.94.",
                )
            )
        return found

    def _place(self, gap: int, wanted: Fraction) -> Fraction:
        """The place in gap `gap`, 0 to 1, that is drawn where `wanted`, 0 <= wanted < 1, is asked for."""
        return wanted if self._source.places is None else self._source.places.nearest(wanted)

    @abstractmethod
    def _wanted(self, index: int) -> tuple[int, Fraction]:
        """The gap of an output frame and its place in it; 0 throughout the last frame's time."""

    @abstractmethod
    def _time(self, index: int) -> Fraction:
        """When an output frame is shown; index == len gives the output's end."""


class ConstantPlan(_Plan):
    """An output of constant rate."""

    def __init__(
        self,
        source: Source,
        timing: TimingSettings,
        source_range: tuple[Fraction, Fraction],
        *,
        rate: Fraction,
    ) -> None:
        super().__init__(source, timing)
        clock = source.clock
        self._rate = rate
        self._step = 1 / (rate * timing.slow)
        self._start, stop = source_range
        self._count = ceil((stop - self._start) / self._step)
        if timing.end is EndMode.TRIM:
            until_last = clock.time(_last_before(clock, stop)) - self._start
            self._count = max(1, min(self._count, floor(until_last / self._step) + 1))
        self._stop = min(stop, self._start + self._count * self._step)

    @property
    def rate(self) -> Fraction | None:
        """Output frames a second."""
        return self._rate

    @property
    def time_base(self) -> Fraction:
        """One output frame."""
        return 1 / self._rate

    @cached_property
    def largest_timing_error(self) -> Fraction:
        """Seconds of source time by which a drawn frame misses its wanted place at most.

        Places repeat where the source is even; otherwise every frame is looked at once.
        """
        clock, places = self._clock, self._source.places
        if clock.is_regular and places is None:
            return Fraction(0)
        count = self._count
        if clock.is_regular and self._source.indices is None:
            count = min(count, (self._step / clock.tick).denominator)
        # Whole numbers of 1 / scale seconds: a film has a million frames, and fractions are slow.
        offset = self._start - clock.origin
        scale = lcm(clock.tick.denominator, self._step.denominator, offset.denominator)
        tick, step, begin = (int(value * scale) for value in (clock.tick, self._step, offset))
        denominator = 1 if places is None else places.denominator
        gap, last, largest = 0, len(clock) - 1, 0
        for seconds in range(begin, begin + count * step, step):
            while gap < last and clock.numbers[gap + 1] * tick <= seconds:
                gap += 1
            if gap == last:
                break
            inside = seconds - clock.numbers[gap] * tick
            length = (clock.numbers[gap + 1] - clock.numbers[gap]) * tick
            if places is None:
                error = min(inside, length - inside)
                error = error if error <= tick and error * _SNAP_PARTS <= length else 0
            else:
                error = min(abs(place * length - inside * denominator) for place in places.numerators)
            largest = max(largest, error)
        return Fraction(largest, scale * denominator)

    def _place(self, gap: int, wanted: Fraction) -> Fraction:
        if self._source.places is not None or self._clock.is_regular:
            return super()._place(gap, wanted)
        tolerance = min(self._clock.tick / self._clock.gap_length(gap), Fraction(1, _SNAP_PARTS))
        if wanted <= tolerance:
            return Fraction(0)
        return Fraction(1) if 1 - wanted <= tolerance else wanted

    def _wanted(self, index: int) -> tuple[int, Fraction]:
        seconds = self._start + index * self._step
        gap = self._clock.index_at(seconds)
        if gap + 1 == len(self._clock):
            return gap, Fraction(0)
        return gap, (seconds - self._clock.time(gap)) / self._clock.gap_length(gap)

    def _time(self, index: int) -> Fraction:
        return index / self._rate


class VariablePlan(_Plan):
    """An output in which each source frame's time is divided into equal parts."""

    def __init__(
        self,
        source: Source,
        timing: TimingSettings,
        source_range: tuple[Fraction, Fraction],
        *,
        parts: int,
    ) -> None:
        super().__init__(source, timing)
        clock = source.clock
        self._parts = parts
        start, stop = source_range
        self._first = floor(self._part_at(start))
        after = ceil(self._part_at(stop))
        if timing.end is EndMode.TRIM:
            after = max(self._first + 1, min(after, _last_before(clock, stop) * parts + 1))
        self._count = after - self._first
        self._start, self._stop = self._part_time(self._first), self._part_time(after)

    @property
    def rate(self) -> Fraction | None:
        """None: it varies."""
        return None

    @cached_property
    def time_base(self) -> Fraction:
        """The source's, finer by the number of parts and stretched with the time."""
        last = self._clock.gap_length(len(self._clock) - 1)
        return _common_unit(self._clock.tick, last) * self._slow / self._parts

    @cached_property
    def largest_timing_error(self) -> Fraction:
        """Seconds of source time by which a drawn frame misses its wanted place at most."""
        if self._source.places is None:
            return Fraction(0)
        wanted = [Fraction(part, self._parts) for part in range(self._parts)]
        errors = [abs(self._source.places.nearest(place) - place) for place in wanted]
        largest = Fraction(0)
        last = self._first + self._count - 1
        for gap in range(self._first // self._parts, min(last // self._parts + 1, len(self._clock) - 1)):
            begin = max(self._first - gap * self._parts, 0)
            here = max(errors[begin : last - gap * self._parts + 1])
            largest = max(largest, here * self._clock.gap_length(gap))
        return largest

    def _part_at(self, seconds: Fraction) -> Fraction:
        """`seconds` on the file's clock, counted in parts from the first frame."""
        if seconds >= self._clock.end:
            return Fraction(len(self._clock) * self._parts)
        gap = self._clock.index_at(seconds)
        place = (seconds - self._clock.time(gap)) / self._clock.gap_length(gap)
        return (gap + place) * self._parts

    def _part_time(self, part: int) -> Fraction:
        """Seconds on the file's clock at which a part begins."""
        gap, rest = divmod(part, self._parts)
        if not rest:
            return self._clock.time(gap)
        return self._clock.time(gap) + self._clock.gap_length(gap) * Fraction(rest, self._parts)

    def _wanted(self, index: int) -> tuple[int, Fraction]:
        gap, rest = divmod(self._first + index, self._parts)
        if gap + 1 == len(self._clock):
            return gap, Fraction(0)
        return gap, Fraction(rest, self._parts)

    def _time(self, index: int) -> Fraction:
        return (self._part_time(self._first + index) - self._start) * self._slow


def _last_before(clock: SourceClock, stop: Fraction) -> int:
    """The last source frame that appears before `stop`."""
    index = clock.index_at(stop)
    return index - 1 if index > 0 and clock.time(index) == stop else index


def _common_unit(a: Fraction, b: Fraction) -> Fraction:
    """The largest fraction of which both are whole multiples."""
    return Fraction(
        gcd(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator
    )
