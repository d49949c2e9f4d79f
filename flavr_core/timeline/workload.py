"""How much of an output is to be drawn, counted on its plan."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from flavr_core.plan import OutputPlan

COUNTED_FRAMES = 2000
"""Output frames that are looked at to say how many are drawn; of longer outputs the rest is inferred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """How much is to be drawn."""

    drawn: int
    """Output frames that are drawn."""
    gaps: int
    """Gaps between source frames in which something is drawn."""
    is_exact: bool
    """False where both were inferred from a part of the output."""
    usual_positions: tuple[Fraction, ...] = ()
    """Places drawn in a gap like most; none where nothing is drawn."""

    @property
    def drawn_a_gap(self) -> int:
        """Frames drawn in a usual gap."""
        return max(1, round(self.drawn / self.gaps)) if self.gaps else 0


def count_work(plan: OutputPlan) -> Workload:
    """How many frames are drawn, and in how many gaps; from the middle of a long output."""
    total = len(plan)
    counted = min(total, COUNTED_FRAMES)
    start = (total - counted) // 2
    drawn, gaps = 0, 0
    examples: dict[int, tuple[Fraction, ...]] = {}
    for _, outputs in groupby(plan.frames(start, start + counted), key=lambda planned: planned.gap):
        positions = tuple(planned.position for planned in outputs if planned.position)
        if positions:
            drawn, gaps = drawn + len(positions), gaps + 1
            examples.setdefault(len(positions), positions)
    usual = min(examples, key=lambda count: abs(count - drawn / gaps), default=0)
    scale = Fraction(total, counted)
    return Workload(
        drawn=round(drawn * scale),
        gaps=round(gaps * scale),
        is_exact=counted == total,
        usual_positions=examples.get(usual, ()),
    )
