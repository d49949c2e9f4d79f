"""How well a flow leads from one frame to another."""

from fractions import Fraction

import numpy as np
import pytest

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.model.flows import MOST_SAMPLED_PX, flow_miss

HEIGHT, WIDTH = 6, 9


def ramp(first: int, *, depth: int = 8) -> Frame:
    """Each pixel ten steps of 8-bit brightness above the one to its left."""
    row = (first + 10 * np.arange(WIDTH)) << (depth - 8)
    plane = np.tile(row, (HEIGHT, 1)).astype(np.uint8 if depth == 8 else np.uint16)
    return Frame(
        planes=(plane, plane.copy(), plane.copy()),
        format=PixelFormat(family=PixelFamily.RGB, depth=depth),
        color=ColorSpec(matrix=Matrix.RGB, range=Range.FULL),
        time=Fraction(0),
        index=0,
    )


def shift(across: float) -> np.ndarray:
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[..., 0] = across
    return flow


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize(("across", "along"), [(2, 0), (1.5, 5), (0, 20), (-1, 30)])
def test_what_is_fetched_is_compared(across: float, along: float, depth: int) -> None:
    miss = flow_miss(shift(across), ramp(60, depth=depth), ramp(40, depth=depth))  # two pixels to the right
    assert miss is not None
    assert miss.along == pytest.approx(along, abs=0.5)
    assert miss.still == pytest.approx(20)


def test_nothing_is_said_where_all_leaves_the_picture() -> None:
    assert flow_miss(shift(WIDTH), ramp(40), ramp(40)) is None


def test_a_side_that_cannot_be_sampled_is_left_out() -> None:
    wide = Frame(
        planes=(np.zeros((1, MOST_SAMPLED_PX + 1), np.uint8),) * 3,
        format=PixelFormat(family=PixelFamily.RGB),
        color=ColorSpec(matrix=Matrix.RGB, range=Range.FULL),
        time=Fraction(0),
        index=0,
    )
    assert flow_miss(np.zeros((1, MOST_SAMPLED_PX + 1, 2), np.float32), wide, wide) is None
