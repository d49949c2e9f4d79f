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
from functools import lru_cache
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

WORKING_PIXELS = 400_000
"""Most pixels of a working picture; larger ones are halved, divided by three, four, ..."""
SMALL_SIDE = 160
"""Pictures whose short side is below this are worked on at full size."""
MIN_SIDE = 16
"""Dense inverse search needs this many rows and columns; smaller pictures are padded by replication."""
MAX_TIME_RATIO = 3.0
"""A neighbour further away in time than this many gaps (or nearer than a third) tells no acceleration."""

FLOW_COST = 4.0
"""What one pixel of disagreement between the flows costs a guess, in gray levels of picture difference."""
COST_SCALE = 12.0
"""Gray levels of cost at which a guess weighs 1/e."""
BEND_DOUBT = 4.0
"""Gray levels of doubt that make a frame's acceleration weigh a quarter."""
ONE_SIDED = 0.5
"""Share of an acceleration that is believed when only one frame has a neighbour (clip ends, cuts)."""
SHARE_DOUBT = 6.0
"""Gray levels of doubt that halve a frame's share."""

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
        return np.ascontiguousarray(luma)  # planes of decoded pictures have gaps between their rows
    return cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)


def _estimator() -> cv2.DISOpticalFlow:
    """This thread's estimator; it keeps buffers between calls and must not be shared."""
    dis: cv2.DISOpticalFlow | None = getattr(_local, "dis", None)
    if dis is None:
        dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        dis.setFinestScale(0)
        dis.setPatchStride(4)
        dis.setGradientDescentIterations(12)
        dis.setVariationalRefinementIterations(2)
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


@lru_cache(maxsize=6)
def own_places(rows: int, columns: int) -> Field:
    """The place of every pixel itself, x then y; read-only."""
    places = np.empty((rows, columns, 2), np.float32)
    places[..., 0] = np.arange(columns)
    places[..., 1] = np.arange(rows)[:, None]
    places.flags.writeable = False
    return places


def displaced(displacement: Field) -> Field:
    """The places that a displacement leads to."""
    places: Field = cv2.add(displacement, own_places(*displacement.shape[:2]))
    return places


def sample(image: Array, displacement: Field) -> Array:
    """`image` at each pixel's place plus `displacement`, linear; outside, the border is repeated."""
    return sample_at(image, displaced(displacement))


def sample_at(image: Array, places: Field, interpolation: int = cv2.INTER_LINEAR) -> Array:
    """`image` at absolute places; outside, the border is repeated."""
    sampled: Array = cv2.remap(  # type: ignore[call-overload]  # stubs know no None
        image, places, None, interpolation, borderMode=cv2.BORDER_REPLICATE
    )
    return sampled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Warp:
    """One way to draw a moment of a gap: where to sample the frames on both sides, and their shares."""

    to_before: Field
    """From each pixel of the moment to its place in the frame before."""
    to_after: Field
    """From each pixel of the moment to its place in the frame after."""
    before_share: Array
    """(rows, columns) float32: share of the frame before in the result, over all warps."""
    after_share: Array
    """(rows, columns) float32: share of the frame after; all shares of a moment's warps add up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbour:
    """What lies beyond one of the gap's frames."""

    picture: Luma
    """The neighbouring frame."""
    flow: Field
    """From each pixel of the gap's frame to its place in the neighbour."""
    time_ratio: float
    """Time between the two over the time between the gap's frames."""


class GapMotion:
    """All that is known of the motion in one gap; asked for any moment in it.

    Flow is followed from both frames, which gives two guesses for each pixel of the moment. The
    neighbours beyond tell two more things: how motion changes its speed, and which frame to doubt: what
    a neighbour does not show (just uncovered, a reflection, a flash) will hardly be in the moment either.

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
        if not flow.forward.any():
            previous = following = None  # nothing moves in this gap, whatever happens around it
        self._sides = (
            _Side(picture=before, flow=flow.forward, beyond=previous),
            _Side(picture=after, flow=flow.backward, beyond=following),
        )

    def at(self, position: float) -> tuple[Warp, Warp]:
        """The two warps of the moment `position`, 0 < position < 1."""
        before, after = self._sides
        guesses = [
            self._guess(_carried(before.flow, position), position),
            self._guess(-_carried(after.flow, 1 - position), position),
        ]
        total = guesses[0].trust + guesses[1].trust
        first, second = (guess.warp(guess.trust / total) for guess in guesses)
        return first, second

    def _guess(self, velocity: Field, position: float) -> _Guess:
        """Follow one guess of the motion over the whole gap (`velocity`) to both frames."""
        before, after = self._sides
        beyond_before = before.beyond_at(velocity * np.float32(-position))
        beyond_after = after.beyond_at(velocity * np.float32(1 - position))
        bend = _mixed_bend(beyond_before, beyond_after, position)
        to_before: Field = velocity * np.float32(-position)
        to_after: Field = velocity * np.float32(1 - position)
        if bend is not None:
            to_before, to_after = cv2.add(to_before, bend), cv2.add(to_after, bend)
        seen_before, flow_before = before.seen_at(to_before)
        seen_after, flow_after = after.seen_at(to_after)
        cost = cv2.blur(cv2.absdiff(seen_before, seen_after).astype(np.float32), (5, 5))
        stray = _distance(flow_before, velocity) + _distance(flow_after, velocity * np.float32(-1))
        cost += np.minimum(stray, np.float32(20)) * np.float32(FLOW_COST)
        return _Guess(
            to_before=to_before,
            to_after=to_after,
            trust=cv2.exp(cost * np.float32(-1 / COST_SCALE)) + np.float32(1e-6),
            after_share=_after_share(beyond_before, beyond_after, position),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Guess:
    """One guess of the motion at a moment, and how far it can be trusted."""

    to_before: Field
    to_after: Field
    trust: Array
    after_share: Array | np.float32

    def warp(self, share: Array) -> Warp:
        """The guess as a warp that makes up `share` of the result."""
        after = share * self.after_share
        return Warp(
            to_before=self.to_before, to_after=self.to_after, before_share=share - after, after_share=after
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Beyond:
    """What a frame's outer neighbour says of its pixels."""

    bend: Field
    """Second derivative of their motion, in pixels a squared gap."""
    doubt: Array
    """Mean difference of their surroundings in the two frames, 0 to 255."""


class _Side:
    """One frame of the gap: its picture, where its pixels go, and what its outer neighbour says of it."""

    def __init__(self, *, picture: Luma, flow: Field, beyond: Neighbour | None) -> None:
        self.picture = picture
        self.flow = flow
        self._beyond: _Beyond | None = None
        if beyond is not None and 1 / MAX_TIME_RATIO <= beyond.time_ratio <= MAX_TIME_RATIO:
            ratio = beyond.time_ratio
            bend = (beyond.flow + np.float32(ratio) * flow) * np.float32(2 / (ratio * (ratio + 1)))
            missing = cv2.absdiff(sample(beyond.picture, beyond.flow), picture)
            self._beyond = _Beyond(bend=bend, doubt=cv2.blur(missing.astype(np.float32), (5, 5)))

    def beyond_at(self, displacement: Field) -> _Beyond | None:
        """What the outer neighbour says of displaced pixels."""
        if self._beyond is None:
            return None
        places = displaced(displacement)
        return _Beyond(bend=sample_at(self._beyond.bend, places), doubt=sample_at(self._beyond.doubt, places))

    def seen_at(self, displacement: Field) -> tuple[Luma, Field]:
        """Brightness and flow of displaced pixels."""
        places = displaced(displacement)
        return sample_at(self.picture, places), sample_at(self.flow, places)


def _mixed_bend(before: _Beyond | None, after: _Beyond | None, position: float) -> Field | None:
    """How far the moment's pixels are off the straight line, by the acceleration at both frames.

    Each frame's own counts by nearness (cubic motion) and by how sure it is.
    """
    fall = np.float32(position * (1 - position) / 2)
    if before is None or after is None:
        one = before or after
        return None if one is None else one.bend * fall * np.float32(ONE_SIDED)
    sure_before = np.square(after.doubt + np.float32(BEND_DOUBT)) * np.float32(2 - position)
    sure_after = np.square(before.doubt + np.float32(BEND_DOUBT)) * np.float32(1 + position)
    mixed: Field = cv2.blendLinear(before.bend, after.bend, sure_before, sure_after)
    return mixed * fall


def _after_share(before: _Beyond | None, after: _Beyond | None, position: float) -> Array | np.float32:
    """Share of the frame after in a blend: by time, and by which frame is to be doubted more."""
    if before is None or after is None:
        return np.float32(position)
    share_before = (after.doubt + np.float32(SHARE_DOUBT)) * np.float32(1 - position)
    share_after = (before.doubt + np.float32(SHARE_DOUBT)) * np.float32(position)
    share: Array = cv2.divide(share_after, share_before + share_after)
    return share


def _carried(flow: Field, fraction: float) -> Field:
    """A flow seen from where its pixels are after `fraction` of their way (fixed point, one round)."""
    return sample(flow, flow * np.float32(-fraction))


def _distance(one: Field, other: Field) -> Array:
    """City-block distance of two fields' vectors."""
    distance: Array = cv2.transform(cv2.absdiff(one, other), np.ones((1, 2), np.float32))
    return distance
