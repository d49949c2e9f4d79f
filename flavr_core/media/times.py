"""Output times in whole units."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flavr_core.plan import OutputPlan


def whole_units(seconds: Fraction, time_base: Fraction) -> int:
    """`seconds` in units of `time_base`. Raises ValueError where that is no whole number."""
    units = seconds / time_base
    if units.denominator != 1:
        raise ValueError(f"{seconds} s is no whole number of {time_base} s")
    return int(units)


def plan_pts(plan: OutputPlan) -> tuple[int, ...] | None:
    """Output times in units of the plan's time base; None where they are 0, 1, 2 ..."""
    return None if _is_counted(plan) else tuple(plan_units(plan)[:-1])


def plan_units(plan: OutputPlan) -> Sequence[int]:
    """When each frame is shown and, last, when the output ends, in units of the plan's time base.

    Only times are asked of the plan: where each frame lies in its gap takes many times as long to work
    out, and a film has a million frames.
    """
    if _is_counted(plan):
        return range(len(plan) + 1)
    return [0, *(whole_units(plan.frame_end(index), plan.time_base) for index in range(len(plan)))]


def _is_counted(plan: OutputPlan) -> bool:
    return plan.rate is not None and plan.time_base == 1 / plan.rate
