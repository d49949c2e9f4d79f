"""Samples of scenes that the program draws itself, so that every truth is exact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

from flavr_core.evaluation.samples import Sample, Truth
from flavr_core.sample.hard_cases import HARD_CASES, HardCase

PAN_GAPS = 5
"""Gaps of a pan that are drawn."""


def hard_samples() -> Iterator[Sample]:
    """The rendered cases, each a clip of its own."""
    for case in HARD_CASES:
        before, first, last, after = (case.picture(time) for time in (-1, 0, 1, 2))
        truth = Truth(position=Fraction(1, 2), picture=case.picture(0.5))
        yield Sample(group=case.name, name="1/2", inputs=(before, first, last, after), truths=(truth,))


def pan_samples(pans: Sequence[HardCase]) -> Iterator[Sample]:
    """Successive gaps of each pan, at every eighth."""
    places = [Fraction(number, 8) for number in range(1, 8)]
    for pan, gap in product(pans, range(PAN_GAPS)):
        before, first, last, after = (pan.picture(gap + time) for time in (-1, 0, 1, 2))
        truths = tuple(Truth(position=place, picture=pan.picture(gap + float(place))) for place in places)
        yield Sample(group=pan.name, name=f"{gap:02d}", inputs=(before, first, last, after), truths=truths)
