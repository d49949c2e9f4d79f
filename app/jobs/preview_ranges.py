"""Frames of a plan by time and place, and what they cover: numbers as runs, spans that overlap."""

from __future__ import annotations

from fractions import Fraction

from app.jobs.preview_frames import Place
from flavr_core.media.times import plan_pts, whole_units
from flavr_core.plan import OutputPlan
from flavr_core.timing import FrameTimes

Span = tuple[Fraction, Fraction]
"""Seconds from and to."""


def source_seconds(plan: OutputPlan, index: int) -> Fraction:
    """Source second at which output frame `index` begins; index == len gives the end."""
    time_ = plan.frame_end(index - 1) if index == len(plan) else plan[index].time
    return plan.source_start + time_ * plan.speed


def index_shown(plan: OutputPlan, seconds: Fraction) -> int:
    """The output frame shown at a source second; the first before the start, the last after the end."""
    wanted = (seconds - plan.source_start) / plan.speed
    if plan.rate is not None:
        return max(0, min(int(wanted * plan.rate // 1), len(plan) - 1))
    low, high = 0, len(plan)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if plan[middle].time <= wanted else (low, middle)
    return low


def times_of(plan: OutputPlan) -> FrameTimes:
    """When each output frame is shown, on the output's own clock."""
    pts = plan_pts(plan)
    return FrameTimes(
        pts=tuple(range(len(plan))) if pts is None else pts,
        time_base=plan.time_base,
        end_pts=whole_units(plan.duration, plan.time_base),
    )


def indices_of(plan: OutputPlan, places: set[Place]) -> set[int]:
    """The output frames that show one of these places."""
    found: set[int] = set()
    for gap in {gap for gap, _ in places}:
        if gap >= len(plan.times):
            continue
        # A place is at most half a gap from where its frame is shown, in either direction.
        first = index_shown(plan, plan.times.time(max(gap - 1, 0)))
        last = index_shown(plan, plan.times.time(min(gap + 2, len(plan.times))))
        found |= {
            planned.index
            for planned in plan.frames(first, last + 1)
            if planned.gap == gap and (gap, planned.position) in places
        }
    return found


def runs_of(numbers: set[int]) -> list[tuple[int, int]]:
    """Numbers as runs (start, stop), in order."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number:
            runs[-1] = (runs[-1][0], number + 1)
        else:
            runs.append((number, number + 1))
    return runs


def joined(spans: list[Span]) -> list[Span]:
    """Spans in order, overlapping and touching ones as one."""
    whole: list[Span] = []
    for start, stop in sorted(spans):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(stop, whole[-1][1]))
        else:
            whole.append((start, stop))
    return whole


def uncovered(spans: list[Span], covered: list[Span]) -> list[Span]:
    """What of some spans lies outside of others; both in order."""
    left: list[Span] = []
    for start, stop in spans:
        reached = start
        for begin, end in covered:
            if end <= reached or begin >= stop:
                continue
            if begin > reached:
                left.append((reached, begin))
            reached = max(reached, end)
        if reached < stop:
            left.append((reached, stop))
    return left
