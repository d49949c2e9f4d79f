"""Where one segment ends and the next begins: near the wanted length, where that costs least.

A segment that is rendered apart (after an interruption, or on another machine) decodes from the key frame
before the first frame that it needs, and its encoder begins with a key frame of its own, which at a cut costs
nothing. So ends lie, where there is such a place near, so that decoding begins right at a key frame of the
source (which encoders mostly set at cuts), or at a cut given by hand. Cuts found while decoding are not known
yet.

The places follow from the source and the plan alone: every machine finds the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from flavr_core.clip import ClipInfo
from flavr_core.media import entry_points
from flavr_core.pipeline.journal import Segment
from flavr_core.plan import OutputPlan
from flavr_core.timeline import CutOverrides, resolve_overrides

_REACH = 4
"""An end moves by this part of the wanted length at most."""


def place_segments(
    plan: OutputPlan, info: ClipInfo, segment_frames: int, *, overrides: CutOverrides | None
) -> tuple[Segment, ...]:
    """Segments of about `segment_frames` output frames that cover the plan, none empty.

    Raises:
        MediaError: when the source cannot be read any more.
        ProblemsError: when an override does not fit the clip.
    """
    if len(plan) <= segment_frames:
        return (Segment(index=0, start=0, stop=len(plan)),)
    cuts: frozenset[int] = frozenset()
    if overrides is not None:
        cuts = resolve_overrides(overrides, plan.times, source_indices=plan.source_indices).cuts
    return split_at(plan, segment_frames, entries=entry_points(info), cuts=sorted(cuts))


def split_at(
    plan: OutputPlan, segment_frames: int, *, entries: Sequence[int], cuts: Sequence[int]
) -> tuple[Segment, ...]:
    """The same from numbers alone.

    Args:
        plan: every output frame.
        segment_frames: wanted length, >= 1.
        entries: numbers in the file of the frames at which decoding can begin, rising.
        cuts: gaps that are cuts, rising.
    """
    indices = plan.source_indices
    if indices is not None:
        entries = sorted({bisect_left(indices, entry) for entry in entries})
    reach = segment_frames // _REACH
    after_cuts = [cut + 1 for cut in cuts]
    known = set(entries)

    def decoded_from(output: int) -> int:
        return plan.needed_source_range(output, output + 1)[0]

    def places(marks: Sequence[int], mark_of: Callable[[int], int], low: int, high: int) -> list[int]:
        """Outputs from low to high at which a mark is reached for the first time."""
        near = marks[bisect_right(marks, mark_of(low - 1)) : bisect_right(marks, mark_of(high))]
        return [bisect_left(range(high), mark, lo=low, key=mark_of) for mark in near]

    ends, start = [], 0
    while start + segment_frames < len(plan):
        wanted = start + segment_frames
        low, high = max(wanted - reach, start + 1), min(wanted + reach, len(plan) - 1)
        found = places(entries, decoded_from, low, high)
        found += places(after_cuts, lambda output: plan[output].gap, low, high)
        is_entry = decoded_from(wanted) in known
        start = wanted if is_entry or not found else min(found, key=lambda place: abs(place - wanted))
        ends.append(start)
    stops = [*ends, len(plan)]
    return tuple(
        Segment(index=index, start=start, stop=stop)
        for index, (start, stop) in enumerate(zip([0, *ends], stops, strict=True))
    )
