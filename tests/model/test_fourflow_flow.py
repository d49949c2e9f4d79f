"""The motion that FourFlow shows: of a pattern that is shifted, the shift."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.engine.flows import flow_between, knows_flow
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.model import load

HEIGHT, WIDTH = 120, 150


def frame(left: int, top: int) -> Frame:
    """A part of a smooth random pattern."""
    rng = np.random.default_rng(0)
    pattern = cv2.GaussianBlur(rng.uniform(0, 255, (200, 230, 3)).astype(np.float32), (0, 0), 2)
    low, high = pattern.min(), pattern.max()
    part = ((pattern - low) / (high - low) * 255)[20 + top :, 20 + left :][:HEIGHT, :WIDTH].astype(np.uint8)
    return Frame(
        planes=tuple(np.ascontiguousarray(part[..., channel]) for channel in range(3)),
        format=PixelFormat(family=PixelFamily.RGB),
        color=ColorSpec(matrix=Matrix.RGB, range=Range.FULL),
        time=Fraction(0),
        index=0,
    )


@pytest.mark.parametrize("shift", [(3, -2), (0, 0), (-4, 5)])
def test_a_shift_is_seen_both_ways(shift: tuple[int, int]) -> None:
    network = load("fourflow")
    assert knows_flow(network)
    across, down = shift
    flow = flow_between(network, frame(0, 0), frame(-across, -down))  # what is cut further left moves right
    assert flow.forward.shape == flow.backward.shape == (HEIGHT, WIDTH, 2)
    inner = np.s_[16:-16, 16:-16]
    assert np.median(flow.forward[inner], axis=(0, 1)) == pytest.approx((across, down), abs=0.8)
    assert np.median(flow.backward[inner], axis=(0, 1)) == pytest.approx((-across, -down), abs=0.8)
