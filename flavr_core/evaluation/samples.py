"""One question to a network, and its answer: frames around a gap, and what was filmed in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Picture8 = NDArray[np.uint8]
"""A picture as measures use it: (H, W, 3), RGB, 8 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What was filmed at one place in the gap."""

    position: Fraction
    """Place in the gap, 0 < position < 1."""
    picture: Picture8 | None
    """The frame that was held out; None where a data set does not publish it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The frames given to a network and those it should have drawn. All pictures have one size."""

    group: str
    """What means are taken over first: the clip, or the set's own name."""
    name: str
    """Which sample of its group it is."""
    inputs: tuple[Picture8, Picture8, Picture8, Picture8]
    """In order of time; the gap lies between the middle two."""
    truths: tuple[Truth, ...]
    """What is to be drawn; never empty."""
    outer_copied: bool = False
    """Whether the set has two frames a sample, so that the outer ones are copies of their neighbours."""


def with_two_frames(sample: Sample) -> Sample:
    """The same with copies of the inner frames in place of the outer ones."""
    _, before, after, _ = sample.inputs
    return replace(sample, inputs=(before, before, after, after), outer_copied=True)
