"""The motion that FourFlow shows: of a pattern that is shifted, the shift."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.engine.flows import flow_between, knows_flow
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.model import load
from flavr_core.model.fourflow import drawn_velocity, flow_from_frame

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
    assert np.median(flow.forward[inner], axis=(0, 1)) == pytest.approx((across, down), abs=0.25)
    assert np.median(flow.backward[inner], axis=(0, 1)) == pytest.approx((-across, -down), abs=0.25)


def test_a_side_has_the_motion_of_the_hypothesis_that_its_pixels_come_from() -> None:
    first, second = torch.full((1, 4, 2, 3), 1.0), torch.full((1, 4, 2, 3), 5.0)
    logits = torch.zeros(1, 4, 2, 3)
    logits[:, 0] = 100  # of the frame before what the first fetches
    logits[:, 3, 0] = 100  # of the frame after in the first row what the second does, below it both alike
    velocity = drawn_velocity(torch.stack((first, second), dim=1), logits)
    assert velocity.shape == (1, 4, 2, 3)
    assert (velocity[:, :2] == 1).all()
    assert (velocity[:, 2:, 0] == 5).all()
    assert (velocity[:, 2:, 1] == 3).all()


@pytest.mark.parametrize("place", [0.25, 0.75])
def test_motion_within_the_gap_is_followed_to_the_frame(place: float) -> None:
    """A picture that grows by a fifth around its middle: each pixel has a flow of its own."""
    growth = 0.2
    ys, xs = torch.meshgrid(torch.arange(60.0) - 30, torch.arange(80.0) - 40, indexing="ij")
    offset = torch.stack((xs, ys))[None]  # from the middle
    velocity = growth * offset / (1 + place * growth)  # of what is there at that moment
    flow = flow_from_frame(torch.cat((velocity, velocity), dim=1), place)
    truth = growth * offset if place < 0.5 else -growth * offset / (1 + growth)
    inner = np.s_[..., 12:-12, 12:-12]
    assert (flow - truth)[inner].abs().max() < 0.02
    assert (velocity - truth.abs() * offset.sign())[inner].abs().max() > 0.1  # what stands in the gap
