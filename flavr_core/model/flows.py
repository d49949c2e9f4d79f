"""Where the pixels of a gap go, as networks that estimate flow see it, and as `motion` measures it.

torch is imported only for a network on tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import cv2
import numpy as np

from flavr_core.frame import Frame, PixelFamily
from flavr_core.model.flow_pictures import Flow
from flavr_core.model.optical_flow import Luma, measure_flow, working_luma, working_scale

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GapFlow:
    """Where the pixels of the two frames around a gap go; at the frames' size, in their pixels."""

    forward: Flow
    """From each pixel of the frame before to its place in the frame after."""
    backward: Flow
    """From each pixel of the frame after to its place in the frame before."""


@runtime_checkable
class FlowEstimator(Protocol):
    """A network on tensors that estimates flow and shows it."""

    def estimate_flow(self, window: Tensor) -> Tensor:
        """Flow both ways between the middle two frames of a window.

        Convention: window (N, T, 3, H, W) as for the network; returns (N, 4, H, W) float32 in pixels, x
        first: from the frame before to that after, then back.
        """


def classical_flow(before: Frame, after: Frame) -> GapFlow:
    """Flow as `motion` measures it, on pictures of its working size, enlarged to that of the frames."""
    scale = working_scale(height=before.height, width=before.width)
    lumas = [working_luma(_luma(frame), scale) for frame in (before, after)]
    pair = measure_flow(lumas[0], lumas[1])
    return GapFlow(
        forward=_enlarged(pair.forward, before, scale), backward=_enlarged(pair.backward, before, scale)
    )


def _enlarged(field: Flow, frame: Frame, scale: int) -> Flow:
    if scale > 1:
        field = cv2.resize(field, None, fx=scale, fy=scale) * np.float32(scale)
    return np.ascontiguousarray(field[: frame.height, : frame.width], np.float32)


def _luma(frame: Frame) -> Luma:
    """8-bit brightness of a frame."""
    planes = frame.planes[: 3 if frame.format.family is PixelFamily.RGB else 1]
    drop = 2.0 ** (8 - frame.format.depth)
    eight = [plane if plane.dtype == np.uint8 else cv2.convertScaleAbs(plane, alpha=drop) for plane in planes]
    return eight[0] if len(eight) == 1 else cv2.cvtColor(cv2.merge(eight), cv2.COLOR_RGB2GRAY)
