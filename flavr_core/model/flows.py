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


MOST_SAMPLED_PX = 32766
"""Longest side of a picture that `cv2.remap` takes."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowMiss:
    """How far off a frame is when fetched along a flow; in steps of 8-bit brightness, means of pixels."""

    along: float
    """Between a frame and the other one, fetched along the flow."""
    still: float
    """The same where nothing is said to move."""


def flow_miss(flow: Flow, source: Frame, target: Frame) -> FlowMiss | None:
    """How well a flow leads from `source` to `target`, of the pixels whose place lies within `target`.

    Linear sampling; what `target` hides counts as missed. None when the flow leads nowhere within it, and for
    pictures of a side that OpenCV cannot sample.
    """
    height, width = flow.shape[:2]
    if max(height, width) > MOST_SAMPLED_PX:
        return None
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    to_x, to_y = xs + flow[..., 0], ys + flow[..., 1]
    within = (to_x >= 0) & (to_x <= width - 1) & (to_y >= 0) & (to_y <= height - 1)
    if not within.any():
        return None
    here, there = (_luma(frame).astype(np.float32) for frame in (source, target))
    fetched = cv2.remap(there, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return FlowMiss(
        along=float(np.abs(fetched - here)[within].mean()), still=float(np.abs(there - here)[within].mean())
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
