"""Frame times made whole: what a file's timestamps say, repaired where they cannot be meant.

Pure functions on integers in one time base; no libav here.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

_COMMON_RATES = tuple(
    Fraction(n, d)
    for n, d in (
        (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1),
        (120000, 1001), (120, 1), (240, 1), (15, 1), (12, 1), (10, 1), (8, 1), (5, 1), (15000, 1001),
        (12000, 1001), (100, 1), (90, 1), (144, 1), (20, 1), (18, 1), (16, 1), (1, 1),
    )
)  # fmt: skip

_CONTINUES = 3
"""Frames in a row that must go on from a backward jump for it to be a new clock, not a stray value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Times that rise strictly, and what had to be done to get them."""

    pts: list[int]
    """One for each frame, strictly rising, in units of the old time base divided by `scale`."""
    scale: int = 1
    """How much finer the time base had to become to make room."""
    missing: int = 0
    """Frames that had no time."""
    moved: int = 0
    """Frames whose time was not after the one before."""
    restarts: int = 0
    """Places where the clock jumped and was joined on."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing had to be done."""
        return not (self.missing or self.moved or self.restarts)

    def notes(self) -> tuple[str, ...]:
        """One sentence for each kind of repair."""
        found = []
        if self.missing:
            found.append(f"{self.missing} of {len(self.pts)} frames had no timestamp; it was filled in.")
        if self.moved:
            found.append(f"{self.moved} frames had a repeated or backward timestamp; they were spread out.")
        if self.restarts:
            found.append(
                f"The file's clock jumps {self.restarts} time(s); the pieces were joined,"
                " so sound may drift there."
            )
        return tuple(found)


def join_clocks(
    pts: Sequence[int | None], *, step: int, longest_gap: int | None
) -> tuple[list[int | None], int]:
    """Shift what follows a restart of the clock so that time goes on by `step`.

    Args:
        pts: times in order of display; None where missing.
        step: usual distance between frames, > 0.
        longest_gap: a longer jump ahead is a restart too; None where gaps are believed.

    Returns:
        The shifted times and the number of restarts.
    """
    known = [(place, value) for place, value in enumerate(pts) if value is not None]
    joined = list(pts)
    offset, restarts, last = 0, 0, None
    for number, (place, value) in enumerate(known):
        now = value + offset
        if last is not None:
            ahead = [later for _, later in known[number : number + _CONTINUES]]
            goes_on = len(ahead) == _CONTINUES and all(
                0 < b - a <= 100 * step for a, b in itertools.pairwise(ahead)
            )
            backward = goes_on and ahead[-1] + offset <= last
            jump = longest_gap is not None and now - last > longest_gap and goes_on
            if backward or jump:
                offset += last + step - now
                restarts += 1
                now = value + offset
        joined[place] = now
        last = now if last is None else max(last, now)
    return joined, restarts


def repair(pts: Sequence[int | None], *, step: int, longest_gap: int | None = None) -> Repair:
    """Times in order of display made strictly rising.

    Good times stay; missing ones and those not after their predecessor are spread evenly between the
    good ones around them. A stray time far ahead of all that follow counts as bad itself.

    Args:
        pts: times in order of display; None where missing. Not empty.
        step: usual distance between frames, > 0; used at the ends and where nothing is known.
        longest_gap: see `join_clocks`.
    """
    joined, restarts = join_clocks(pts, step=step, longest_gap=longest_gap)
    good = _longest_rising(joined)
    missing = sum(value is None for value in pts)
    moved = len(pts) - missing - len(good)
    if not good:
        return Repair(pts=[number * step for number in range(len(pts))], missing=missing)
    scale = _needed_scale(good, joined)
    filled = _fill(good, joined, scale=scale, step=step * scale)
    return Repair(pts=filled, scale=scale, missing=missing, moved=moved, restarts=restarts)


def _longest_rising(values: Sequence[int | None]) -> list[int]:
    """Places of a longest strictly rising run of values, the rest being taken as wrong."""
    known = [place for place, value in enumerate(values) if value is not None]
    in_order = all(values[a] < values[b] for a, b in itertools.pairwise(known))  # type: ignore[operator]
    if in_order:
        return known
    tails: list[int] = []
    tail_values: list[int] = []
    before: dict[int, int | None] = {}
    for place in known:
        value = values[place]
        assert value is not None
        length = bisect_left(tail_values, value)
        before[place] = tails[length - 1] if length else None
        if length == len(tails):
            tails.append(place)
            tail_values.append(value)
        elif value < tail_values[length]:  # of equal ones the first keeps its time
            tails[length] = place
            tail_values[length] = value
    run: list[int] = []
    place_or_none: int | None = tails[-1]
    while place_or_none is not None:
        run.append(place_or_none)
        place_or_none = before[place_or_none]
    return run[::-1]


def _needed_scale(good: Sequence[int], values: Sequence[int | None]) -> int:
    """Smallest power of two that makes room for the frames between good ones."""
    scale = 1
    for a, b in itertools.pairwise(good):
        room = values[b] - values[a]  # type: ignore[operator]
        while room * scale < b - a:
            scale *= 2
    return scale


def _fill(good: Sequence[int], values: Sequence[int | None], *, scale: int, step: int) -> list[int]:
    filled = [0] * len(values)
    for place in good:
        filled[place] = values[place] * scale  # type: ignore[operator]
    for a, b in itertools.pairwise(good):
        for place in range(a + 1, b):
            filled[place] = filled[a] + (filled[b] - filled[a]) * (place - a) // (b - a)
    for place in range(good[0] - 1, -1, -1):
        filled[place] = filled[place + 1] - step
    for place in range(good[-1] + 1, len(values)):
        filled[place] = filled[place - 1] + step
    return filled


def usual_step(pts: Sequence[int], *, default: int = 1) -> int:
    """Median distance between neighbours of sorted times, at least 1."""
    steps = sorted(b - a for a, b in itertools.pairwise(pts) if b > a)
    return max(1, steps[len(steps) // 2]) if steps else max(1, default)


def find_rate(
    pts: Sequence[int], end_pts: int, time_base: Fraction, candidates: Sequence[Fraction] = ()
) -> tuple[Fraction, bool]:
    """The rate of a clip and whether it varies.

    A rate is constant when every time is where the rate puts it, to within the rounding of the time
    base (one tick). The file's own claims come first, then an exact step, then the common rates.

    Returns:
        (frames a second, is variable); the average over the clip where it varies.
    """
    if len(pts) == 1:
        claimed = [rate for rate in candidates if rate > 0]
        return (claimed[0] if claimed else 1 / ((end_pts - pts[0]) * time_base)), False
    first_step = pts[1] - pts[0]
    if all(b - a == first_step for a, b in itertools.pairwise(pts)):
        exact = 1 / (first_step * time_base)
        # A step of one rounded tick is no proof: 29.97 in milliseconds may be 33, 33.
        for rate in candidates:
            if rate > 0 and rate != exact and len(pts) < 30 and _fits(pts, time_base, rate):
                return rate, False
        return exact, False
    average = Fraction(len(pts) - 1) / ((pts[-1] - pts[0]) * time_base)
    near = sorted((rate for rate in _COMMON_RATES if abs(rate / average - 1) < Fraction(1, 50)),
                  key=lambda rate: abs(rate - average))  # fmt: skip
    for rate in (*candidates, *near, average):
        if rate > 0 and _fits(pts, time_base, rate):
            return rate, False
    return (len(pts) / ((end_pts - pts[0]) * time_base)).limit_denominator(1_000_000), True


def _fits(pts: Sequence[int], time_base: Fraction, rate: Fraction) -> bool:
    """Whether every time is the rounding of a constant-rate grid with some phase."""
    step = 1 / (rate * time_base)
    # All pts[i] - i * step must lie in an interval shorter than the two roundings allow: one tick each way.
    num, den = step.numerator, step.denominator
    low = high = pts[0] * den
    for number, value in enumerate(pts):
        phase = value * den - number * num
        low, high = min(low, phase), max(high, phase)
        if high - low > den:
            return False
    return True
