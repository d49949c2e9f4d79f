"""Optical flow between neighbouring pictures, and what it says of any moment between them.

OpenCV's dense inverse search (Kroeger et al., ECCV 2016) measures where every pixel goes; here its
answers for the pairs of a window become one warp a moment: where to sample the frame before and
the frame after, and how much to trust each.

Torch-free. Everything runs on small 8-bit luma pictures (the working scale), whatever the size of
the clip, so that time and memory stay bounded.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""A picture or a field; OpenCV's own types say no more. The aliases below tell what is in it."""
Field = Array
"""A flow or displacement field: (rows, columns, 2), float32, x then y, in pixels of the working scale."""
Luma = Array
"""A picture of brightness at the working scale: (rows, columns), uint8."""

WORKING_PIXELS = 700_000
"""Most pixels of a working picture; larger ones are halved, divided by three, four, ..."""
SMALL_SIDE = 160
"""Pictures whose short side is below this are worked on at full size."""
MIN_SIDE = 16
"""Dense inverse search needs this many rows and columns; smaller pictures are padded by replication."""
MAX_TIME_RATIO = 3.0
"""A neighbour further away in time than this many gaps (or nearer than a third) tells no acceleration."""

_local = threading.local()


def working_scale(*, height: int, width: int) -> int:
    """By how much both sides of a picture are divided for measuring flow."""
    if min(height, width) < SMALL_SIDE:
        return 1
    scale = 2
    while (height // scale) * (width // scale) > WORKING_PIXELS:
        scale += 1
    return scale


def working_luma(luma: Array, scale: int) -> Luma:
    """The working picture of a full-size 8-bit luma picture: padded by replication, averaged down.

    Convention: (H, W) uint8 in, (ceil(H / scale), ceil(W / scale)) but at least MIN_SIDE each out.
    Working pixel (i, j) covers full-size rows scale * i ... scale * i + scale - 1, columns alike.
    """
    rows, columns = luma.shape
    height = max(-(-rows // scale), MIN_SIDE)
    width = max(-(-columns // scale), MIN_SIDE)
    bottom, right = height * scale - rows, width * scale - columns
    if bottom or right:
        luma = cv2.copyMakeBorder(luma, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    if scale == 1:
        return luma
    return cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)


def _estimator() -> cv2.DISOpticalFlow:
    """This thread's estimator; it keeps buffers between calls and must not be shared."""
    dis: cv2.DISOpticalFlow | None = getattr(_local, "dis", None)
    if dis is None:
        dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        dis.setFinestScale(0)
        dis.setPatchStride(4)
        _local.dis = dis
    return dis


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairFlow:
    """Where the pixels of two pictures go, both ways."""

    forward: Field
    """From each pixel of the first picture to its place in the second."""
    backward: Field
    """From each pixel of the second picture to its place in the first."""


def measure_flow(first: Luma, second: Luma) -> PairFlow:
    """Optical flow both ways between two working pictures of one size.

    Identical pictures have zero flow exactly. The result does not depend on the number of threads.
    """
    if np.array_equal(first, second):
        still = np.zeros((*first.shape, 2), np.float32)
        return PairFlow(forward=still, backward=still)
    return PairFlow(forward=_search(first, second), backward=_search(second, first))


def _search(first: Luma, second: Luma) -> Field:
    flow: Field = _estimator().calc(first, second, None)  # type: ignore[call-overload]  # stubs know no None
    return flow


def sample(image: Array, displacement: Field, *, interpolation: int = cv2.INTER_LINEAR) -> Array:
    """`image` at each pixel's place plus `displacement`; outside, the border is repeated."""
    rows, columns = displacement.shape[:2]
    places_x = displacement[..., 0] + np.arange(columns, dtype=np.float32)
    places_y = displacement[..., 1] + np.arange(rows, dtype=np.float32)[:, None]
    return cv2.remap(image, places_x, places_y, interpolation, borderMode=cv2.BORDER_REPLICATE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Warp:
    """How to draw one moment of a gap from the frames on both sides of it, at the working scale."""

    to_before: Field
    """From each pixel of the moment to its place in the frame before."""
    to_after: Field
    """From each pixel of the moment to its place in the frame after."""
    after_weight: Array
    """(rows, columns) share of the frame after, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbour:
    """The flow from one frame of the gap to its neighbour outside."""

    flow: Field
    """From each pixel of the gap's frame to its place in the neighbour."""
    time_ratio: float
    """Time between the two over the time between the gap's frames."""


class GapMotion:
    """All that is known of the motion in one gap; asked for any moment in it.

    Convention: all pictures and fields at the working scale, see the module.
    """

    def __init__(
        self,
        before: Luma,
        after: Luma,
        flow: PairFlow,
        *,
        previous: Neighbour | None = None,
        following: Neighbour | None = None,
    ) -> None:
        self._before = before
        self._after = after
        self._flow = flow
        self._bends = (
            _acceleration(flow.forward, previous),
            _acceleration(flow.backward, following),
        )

    def at(self, position: float) -> Warp:
        """The warp of the moment `position`, 0 < position < 1."""
        guesses = (
            _carried(self._flow.forward, position),
            -_carried(self._flow.backward, 1 - position),
        )
        to_before = np.zeros_like(guesses[0])
        to_after = np.zeros_like(guesses[0])
        total = np.zeros(self._before.shape, np.float32)
        for velocity in guesses:
            bend = self._bend(velocity, position)
            back, on = bend - position * velocity, bend + (1 - position) * velocity
            weight = self._trust(velocity, back, on)
            to_before += back * weight[..., None]
            to_after += on * weight[..., None]
            total += weight
        to_before /= total[..., None]
        to_after /= total[..., None]
        return Warp(to_before=to_before, to_after=to_after, after_weight=np.full_like(total, position))

    def _bend(self, velocity: Field, position: float) -> Field:
        """How far pixels are off the straight line at `position`, by cubic motion through four frames."""
        first, second = self._bends
        bend = np.zeros_like(velocity)
        if first is None and second is None:
            return bend
        share = (1 + position) / 3 if first is not None and second is not None else float(first is None)
        if first is not None:
            bend += (1 - share) * sample(first, -position * velocity)
        if second is not None:
            bend += share * sample(second, (1 - position) * velocity)
        bend *= 0.5 * position * (1 - position)
        return bend

    def _trust(self, velocity: Field, back: Field, on: Field) -> Array:
        """Weight of a guess: the frames agree where it leads, and so do their flows."""
        difference = cv2.absdiff(sample(self._before, back), sample(self._after, on))
        cost = cv2.blur(difference.astype(np.float32), (5, 5))
        inconsistency = _length(sample(self._flow.forward, back) - velocity) + _length(
            sample(self._flow.backward, on) + velocity
        )
        cost += np.minimum(inconsistency, 20)
        return np.exp(cost / -6) + np.float32(1e-6)


def _carried(flow: Field, fraction: float) -> Field:
    """A flow seen from where its pixels are after `fraction` of their way (fixed point, two rounds)."""
    carried = flow
    for _ in range(2):
        carried = sample(flow, -fraction * carried)
    return carried


def _acceleration(flow: Field, neighbour: Neighbour | None) -> Field | None:
    """Second derivative of the motion at a frame, in pixels a squared gap; None when it cannot be known."""
    if neighbour is None:
        return None
    ratio = neighbour.time_ratio
    if not 1 / MAX_TIME_RATIO <= ratio <= MAX_TIME_RATIO:
        return None
    return (neighbour.flow + ratio * flow) * np.float32(2 / (ratio * (ratio + 1)))


def _length(vectors: Field) -> Array:
    return cv2.magnitude(vectors[..., 0], vectors[..., 1])
