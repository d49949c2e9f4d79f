"""The plan: every output frame's time and what it is made from, by number, in exact rational time.

How the settings are read (r is the output's frame rate, s the slow-motion factor):

* A factor f on a source of nominal rate R gives r = f R; a rate of its own gives r = fps. Slow motion
  leaves r alone and makes the output s times as long, so `--slow 4x` with a factor of 1 is the source's
  rate and four times the frames, and `--slow 4x --rate 2x` twice its rate and eight times the frames.
* Output frame k is shown at k / r and shows source time start + k / (r s).
* `hold` covers the range [start, stop): all k whose source time is before `stop`, that is f s N frames for
  N source frames of constant rate. `trim` ends with the last source frame before `stop`: (N - 1) f s + 1.
* `keep_vfr` on a source of variable rate divides the time of each source frame, the last one's included, into
  n = f s equal parts, n a whole number: n N frames with `hold`, (N - 1) n + 1 with `trim`. The start moves
  back and the stop on to the nearest of these parts. On a constant rate it is the same as without.
* After the last source frame's appearance there is nothing to draw: it is held.

The plan does not know of cuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flavr_core.errors import FlavrError, ProblemsError, SettingsError
from flavr_core.plan import OutputPlan
from flavr_core.settings import TimingSettings
from flavr_core.timeline.clock import SourceClock, resolve_time_point, source_clock
from flavr_core.timeline.output import ConstantPlan, Places, Source, VariablePlan
from flavr_core.timing import FrameTimes, format_time


def plan_output(
    times: FrameTimes,
    timing: TimingSettings,
    *,
    rate: Fraction,
    is_vfr: bool = False,
    grid: Sequence[Fraction] | None = None,
    source_indices: Sequence[int] | None = None,
) -> OutputPlan:
    """The plan of an output. Pure: the same arguments give the same plan.

    Args:
        times: the source frames that count.
        timing: what the user wants.
        rate: nominal frames a second of the source, > 0, duplicates included.
        is_vfr: whether the source's rate varies; its timestamps are then taken as they are.
        grid: the places in (0, 1) a network can draw, None for any; the nearest of them, 0 and 1 is taken,
            of two equally near the earlier.
        source_indices: numbers in the file of the frames in `times`; None where they are all frames.

    Raises:
        ProblemsError: with everything that is wrong: an empty range, a start past the end, a factor that
            cannot subdivide gaps, a rate that no file can hold, an absurd number of frames.
    """
    if rate <= 0:
        raise ValueError(f"rate {rate} is not above zero")
    if source_indices is not None and len(source_indices) != len(times):
        raise ValueError("source_indices and times differ in length")
    clock = source_clock(times, rate=rate, is_vfr=is_vfr, source_indices=source_indices)
    places = None if grid is None else Places(grid)
    source = Source(times=times, indices=source_indices, clock=clock, places=places)
    problems: list[FlavrError] = []
    if timing.slow < 1:
        problems.append(
            SettingsError(f"Slow motion of {timing.slow} would speed up.", "Use a factor of 1x or more.")
        )
    parts = _parts_of_a_gap(timing, problems)
    source_range = _source_range(timing, clock, problems, rate=rate, source_indices=source_indices)
    if problems or source_range is None:
        raise ProblemsError(problems)
    factor = timing.rate.factor
    is_even = clock.is_regular and source_indices is None
    plan: ConstantPlan | VariablePlan
    if timing.keep_vfr and not is_even:
        plan = VariablePlan(source, timing, source_range, parts=parts)
    else:
        output_rate = timing.rate.fps if factor is None else factor * rate
        assert output_rate is not None
        plan = ConstantPlan(source, timing, source_range, rate=output_rate)
    problems += plan.problems()
    if problems:
        raise ProblemsError(problems)
    return plan


def _parts_of_a_gap(timing: TimingSettings, problems: list[FlavrError]) -> int:
    """Into how many equal parts `keep_vfr` divides each gap; 1 where that is not asked for."""
    if not timing.keep_vfr:
        return 1
    if timing.rate.factor is None:
        problems.append(
            SettingsError(
                f"A variable rate cannot be kept at {timing.rate}.",
                "Give a multiple such as 2x, or leave --keep-vfr away.",
            )
        )
        return 1
    parts = timing.rate.factor * timing.slow
    if parts.denominator != 1:
        problems.append(
            SettingsError(
                f"A variable rate can be kept only with a whole number of frames a frame, not {parts}.",
                "Choose a rate and a slow-motion factor whose product is whole, or leave --keep-vfr away.",
            )
        )
        return 1
    return parts.numerator


def _source_range(
    timing: TimingSettings,
    clock: SourceClock,
    problems: list[FlavrError],
    *,
    rate: Fraction,
    source_indices: Sequence[int] | None,
) -> tuple[Fraction, Fraction] | None:
    """Start and stop on the file's clock, stop no later than the end; None and problems when empty."""
    start, stop = clock.start, clock.end
    if timing.start is not None:
        start = resolve_time_point(timing.start, clock, rate=rate, source_indices=source_indices)
        if start >= clock.end:
            length = format_time(clock.end - clock.start)
            problems.append(
                SettingsError(
                    f"The start {timing.start} is not inside the clip, which lasts {length}.",
                    "Choose an earlier start.",
                )
            )
    if timing.stop is not None:
        stop = resolve_time_point(timing.stop, clock, rate=rate, source_indices=source_indices)
        if stop <= clock.start:
            problems.append(SettingsError(f"The stop {timing.stop} leaves no frame.", "Choose a later stop."))
        elif stop <= start:
            problems.append(
                SettingsError(
                    f"The stop {timing.stop} is not after the start {timing.start}.",
                    "The stop is the first place that is no longer shown.",
                )
            )
    return None if problems else (start, min(stop, clock.end))
