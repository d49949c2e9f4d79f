"""When each source frame is shown: as the file says, or on the even grid the file was rounded from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from flavr_core.timing import FrameTimes, TimePoint

_JITTER = Fraction(1, 16)
"""Part of an interval by which the frames of a constant rate may miss their even places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceClock:
    """Exact times of the source frames: frame i is shown at `origin + numbers[i] * tick`."""

    numbers: Sequence[int]
    """Whole numbers of ticks, strictly rising, one a frame."""
    tick: Fraction
    """Seconds."""
    origin: Fraction
    """Seconds on the file's clock of number 0."""
    end: Fraction
    """Seconds on the file's clock at which the last frame stops being shown."""
    is_regular: bool
    """True when `numbers` are frame numbers and `tick` is the exact frame interval."""

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def start(self) -> Fraction:
        """Seconds on the file's clock at which the first frame is shown."""
        return self.time(0)

    def time(self, index: int) -> Fraction:
        """Seconds on the file's clock at which frame `index` is shown; index == len gives the end."""
        if index == len(self.numbers):
            return self.end
        return self.origin + self.numbers[index] * self.tick

    def index_at(self, seconds: Fraction) -> int:
        """The frame shown at `seconds` on the file's clock; 0 before the first, the last after the end."""
        number = floor((seconds - self.origin) / self.tick)
        return max(bisect_right(self.numbers, number) - 1, 0)

    def gap_length(self, gap: int) -> Fraction:
        """Seconds between frames gap and gap + 1; for the last frame, to its end."""
        return self.time(gap + 1) - self.time(gap)


def source_clock(
    times: FrameTimes, *, rate: Fraction, is_vfr: bool, source_indices: Sequence[int] | None
) -> SourceClock:
    """The clock of a clip.

    Containers round timestamps (Matroska to milliseconds, GIF to hundredths). Where the clip is of
    constant rate and every frame lies within one unit of the time base (or a sixteenth of an interval)
    of its place at `rate`, the frames are taken to be exactly there. Otherwise the times are the file's.

    Args:
        times: the frames that count.
        rate: nominal frames a second.
        is_vfr: True keeps the file's times whatever they look like.
        source_indices: numbers in the file of the frames in `times`; None for all.
    """
    raw = SourceClock(
        numbers=times.pts, tick=times.time_base, origin=Fraction(0), end=times.end, is_regular=False
    )
    if is_vfr:
        return raw
    numbers = range(len(times)) if source_indices is None else source_indices
    interval = 1 / rate
    tolerance = min(max(times.time_base, interval * _JITTER), interval / 2)
    if not _is_even(times, numbers, interval=interval, tolerance=tolerance):
        return raw
    origin = times.start - numbers[0] * interval
    even_end = origin + round((times.end - origin) / interval) * interval
    fits = abs(even_end - times.end) <= tolerance and even_end > origin + numbers[-1] * interval
    return SourceClock(
        numbers=numbers,
        tick=interval,
        origin=origin,
        end=even_end if fits else max(times.end, origin + numbers[-1] * interval + times.time_base),
        is_regular=True,
    )


def _is_even(times: FrameTimes, numbers: Sequence[int], *, interval: Fraction, tolerance: Fraction) -> bool:
    """Whether every frame lies within `tolerance` of its even place. In whole numbers, for speed."""
    scale = times.time_base.denominator * interval.denominator
    unit = times.time_base.numerator * interval.denominator
    step = interval.numerator * times.time_base.denominator
    bound = floor(tolerance * scale)
    first_pts, first_number = times.pts[0], numbers[0]
    return all(
        abs((pts - first_pts) * unit - (number - first_number) * step) <= bound
        for pts, number in zip(times.pts, numbers, strict=True)
    )


def resolve_time_point(
    point: TimePoint, clock: SourceClock, *, rate: Fraction, source_indices: Sequence[int] | None
) -> Fraction:
    """Seconds on the file's clock of a place the user gave; past the end for frames past the last.

    A frame number counts the frames of the file. One that was dropped as a duplicate lies evenly between
    the kept frames around it, which is exact for constant rates.
    """
    if point.seconds is not None:
        return clock.start + point.seconds
    assert point.frame is not None
    indices: Sequence[int] = range(len(clock)) if source_indices is None else source_indices
    after = bisect_left(indices, point.frame)
    if after == len(indices):
        beyond = clock.time(len(clock) - 1) + (point.frame - indices[-1]) / rate
        return beyond if source_indices is not None else max(beyond, clock.end)
    if indices[after] == point.frame or after == 0:
        return clock.time(after)
    part = Fraction(point.frame - indices[after - 1], indices[after] - indices[after - 1])
    return clock.time(after - 1) + part * clock.gap_length(after - 1)
