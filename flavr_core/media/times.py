"""Output times in whole units."""

from __future__ import annotations

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
    if plan.rate is not None and plan.time_base == 1 / plan.rate:
        return None
    return tuple(whole_units(frame.time, plan.time_base) for frame in plan.frames())
