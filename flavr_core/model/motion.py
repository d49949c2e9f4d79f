"""`motion` as a network on tensors; what it does is in `motion_planes`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np
import torch
from torch import Tensor

from flavr_core.frame import Frame, Plane
from flavr_core.model.motion_planes import MotionPlanes, PlaneGrid, draw_images
from flavr_core.model.network import Network
from flavr_core.model.optical_flow import (
    Array,
    GapMotion,
    Luma,
    Neighbour,
    measure_flow,
    working_luma,
    working_scale,
)
from flavr_core.model.overlays_planes import find_writing, keep_writing, without_writing
from flavr_core.model.planes import Position

_LUMA_WEIGHTS = np.array([[0.299, 0.587, 0.114]], np.float32)


class MotionNetwork(Network):
    """Draws frames by optical flow. Four frames, any position, no weights; runs on the CPU only.

    Convention: as Network; windows on another device are brought to the CPU and the result back.
    Repeated outer frames (clip ends, cuts) are recognised and say nothing of acceleration.
    """

    name = "motion"
    architecture = "motion"
    num_inputs = 4
    positions = None
    uses_opencv_threads = True

    def __init__(self) -> None:
        super().__init__()
        self._planes = MotionPlanes()

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See Network.draw."""
        pictures = window.detach().to("cpu", torch.float32).permute(0, 1, 3, 4, 2).contiguous().numpy()
        drawn = np.stack([self._draw_one(frames, positions) for frames in pictures])  # (N, P, H, W, C)
        return torch.from_numpy(drawn).permute(0, 1, 4, 2, 3).to(window)  # (N, P, C, H, W)

    def _draw_one(self, frames: Array, positions: tuple[Fraction, ...]) -> Array:
        """Draw for one window of (T, H, W, C)."""
        height, width = frames.shape[1:3]
        scale = working_scale(height=height, width=width)
        whole = [_luma_of_rgb(frame) for frame in frames]
        lumas = [working_luma(luma, scale) for luma in whole]
        previous = None if np.array_equal(frames[0], frames[1]) else _uniform(lumas[1], lumas[0])
        following = None if np.array_equal(frames[3], frames[2]) else _uniform(lumas[2], lumas[3])
        motion = GapMotion(
            lumas[1], lumas[2], measure_flow(lumas[1], lumas[2]), previous=previous, following=following
        )
        grid = PlaneGrid.full(scale)
        pair = ground = (frames[1], frames[2])
        writing = find_writing(whole)
        if writing is not None:
            ground = (without_writing(frames[1], writing), without_writing(frames[2], writing))
        made = [draw_images([ground], motion.at(float(position)), grid)[0] for position in positions]
        if writing is not None:
            for image, position in zip(made, positions, strict=True):
                keep_writing(image, pair, writing, float(position))
        return np.stack(made)

    def interpolate_frames(
        self, frames: Sequence[Frame], positions: Sequence[Position]
    ) -> list[tuple[Plane, ...]]:
        """See PlaneInterpolator."""
        return self._planes.interpolate_frames(frames, positions)


def _luma_of_rgb(rgb: Array) -> Luma:
    """8-bit brightness of (H, W, 3) RGB in [0, 1]."""
    return cv2.convertScaleAbs(np.maximum(cv2.transform(rgb, _LUMA_WEIGHTS), 0), alpha=255)


def _uniform(inner: Luma, outer: Luma) -> Neighbour:
    """The neighbour of a frame in a clip of constant rate."""
    return Neighbour(picture=outer, flow=measure_flow(inner, outer).forward, time_ratio=1.0)
