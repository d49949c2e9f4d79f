"""The ways of showing two pictures in one, and their arithmetic."""

from __future__ import annotations

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Picture8 = NDArray[np.uint8]
"""(H, W, 3), R'G'B' of 8 bits as a screen shows it."""

LARGEST_GAIN = 64
"""Most by which a difference can be amplified."""


class ViewMode(StrEnum):
    """How A and B are shown together."""

    WIPE = "wipe"
    """A to the left of a line, B to its right, in one picture."""
    SIDE = "side"
    """A left, B right."""
    ABOVE = "above"
    """A above, B below."""
    FLIP = "flip"
    """A and B in turn, in the same place."""
    DIFFERENCE = "difference"
    """What is different, see DifferenceKind."""
    A = "a"
    """A alone."""
    B = "b"
    """B alone."""


class DifferenceKind(StrEnum):
    """How a difference is shown."""

    LINEAR = "linear"
    """Its size, channel by channel: black where both are the same."""
    AMPLIFIED = "amplified"
    """The same, made larger by a gain."""
    SIGNED = "signed"
    """B - A with the gain, around a middle gray: lighter where B is lighter."""


def difference(a: Picture8, b: Picture8, *, kind: DifferenceKind, gain: float) -> Picture8:
    """What is different between two pictures of one size.

    Convention: `gain` counts for AMPLIFIED and SIGNED; a signed difference of 255 code values, at
    gain 1, spans half of the range to either side of 128.
    """
    if kind is DifferenceKind.SIGNED:
        return np.asarray(cv2.addWeighted(b, gain / 2, a, -gain / 2, 128), np.uint8)
    apart = cv2.absdiff(a, b)
    if kind is DifferenceKind.AMPLIFIED:
        apart = cv2.convertScaleAbs(apart, alpha=gain)
    return np.asarray(apart, np.uint8)
