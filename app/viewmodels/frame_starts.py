"""Where the frames of several sides begin, taken together: what a step is when two rates are compared."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from app.jobs.pictures import PictureSource

TOGETHER_S = Fraction(1, 1000)
"""Frames of two sides that begin within this are taken for the same moment: containers round their times."""


def next_start(sources: Sequence[PictureSource], position: Fraction) -> Fraction | None:
    """The first moment after `position` at which a side shows its next frame; None after all of them."""
    starts = []
    for source in sources:
        index = source.index_at(position)
        following = index + 1 if source.source_time(index) <= position else index
        if following < len(source.times):
            starts.append(source.source_time(following))
    if not starts:
        return None
    first = min(starts)
    return max(start for start in starts if start <= first + TOGETHER_S)


def current_start(sources: Sequence[PictureSource], position: Fraction) -> Fraction | None:
    """The last moment up to `position` at which a side came to its frame; None before all of them."""
    starts = [source.source_time(source.index_at(position)) for source in sources]
    return max((start for start in starts if start <= position), default=None)


def previous_start(sources: Sequence[PictureSource], position: Fraction) -> Fraction | None:
    """The moment one step before what is shown at `position`; None at the first."""
    here = current_start(sources, position)
    if here is None:
        return None
    before = current_start(sources, here - TOGETHER_S)
    return None if before is None else together(sources, before)


def together(sources: Sequence[PictureSource], position: Fraction) -> Fraction:
    """`position`, or a moment after it by when all sides have come to the frame that begins there."""
    following = next_start(sources, position)
    return following if following is not None and following <= position + TOGETHER_S else position


def extent(sources: Sequence[PictureSource]) -> tuple[Fraction, Fraction]:
    """Source seconds at which the first frame of any begins and the last one ends; 0, 0 without any."""
    if not sources:
        return Fraction(0), Fraction(0)
    return (
        min(source.source_time(0) for source in sources),
        max(source.source_time(len(source.times)) for source in sources),
    )
