"""`motion`: in-betweens from OpenCV's optical flow, for any position and without weights.

The window's frames are reduced to small luma pictures, flow between them becomes one warp a moment
(`optical_flow`), and the warp is applied to the frames' own planes at their own resolution and depth.
Motion that speeds up or slows down is followed where the outer frames show it. Writing that stands still is
kept as filmed (`overlays_planes`). No torch here.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from flavr_core.color import Siting
from flavr_core.frame import Frame, PixelFamily, Plane
from flavr_core.model.optical_flow import (
    Array,
    Field,
    GapMotion,
    Luma,
    Neighbour,
    PairFlow,
    Warp,
    measure_flow,
    own_places,
    sample_at,
    working_luma,
    working_scale,
)
from flavr_core.model.overlays_planes import find_writing, keep_writing, without_writing, writing_on
from flavr_core.model.planes import PlaneNetwork, Position, check_frames, snap_positions

KEPT_PAIRS = 8
"""Pairs of frames whose flow is remembered: a window shares two of its three pairs with the next."""

STRIP_PIXELS = 100_000
"""Pixels of a plane that are drawn at a time."""


class MotionPlanes(PlaneNetwork):
    """Draws frames by optical flow. Four frames, any position, no weights.

    Repeated outer frames (clip ends, cuts) are recognised and say nothing of acceleration.
    """

    name = "motion"
    num_inputs = 4
    uses_opencv_threads = True

    def __init__(self) -> None:
        self._memory = _FlowMemory()

    def interpolate_frames(
        self, frames: Sequence[Frame], positions: Sequence[Position]
    ) -> list[tuple[Plane, ...]]:
        """See PlaneInterpolator."""
        exact = snap_positions(positions, None, self.name)
        check_frames(frames, self.num_inputs)
        motion, scale = self._gap_motion(frames)
        writing = find_writing([_luma_of_frame(frame) for frame in frames])
        pairs = list(zip(frames[1].planes, frames[2].planes, strict=True))
        ground = pairs if writing is None else [_without_writing(pair, writing) for pair in pairs]
        made = []
        for position in exact:
            planes = _draw_planes(frames[1], ground, motion.at(float(position)), scale)
            if writing is not None:
                for plane, pair in zip(planes, pairs, strict=True):
                    keep_writing(plane, pair, writing_on(plane, writing), float(position))
            made.append(planes)
        return made

    def _gap_motion(self, frames: Sequence[Frame]) -> tuple[GapMotion, int]:
        scale = working_scale(height=frames[1].height, width=frames[1].width)
        gap = frames[2].time - frames[1].time
        lumas, flow = self._memory.pair(frames[1], frames[2], scale)
        previous = following = None
        if not _same_picture(frames[0], frames[1]) and gap > 0:
            outer, outer_flow = self._memory.pair(frames[0], frames[1], scale)
            ratio = float((frames[1].time - frames[0].time) / gap)
            previous = Neighbour(picture=outer[0], flow=outer_flow.backward, time_ratio=ratio)
        if not _same_picture(frames[3], frames[2]) and gap > 0:
            outer, outer_flow = self._memory.pair(frames[2], frames[3], scale)
            ratio = float((frames[3].time - frames[2].time) / gap)
            following = Neighbour(picture=outer[1], flow=outer_flow.forward, time_ratio=ratio)
        return GapMotion(*lumas, flow, previous=previous, following=following), scale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """Two neighbouring frames as they were measured."""

    first: weakref.ref[Plane]
    """First plane of the first frame, to know it again; not kept alive."""
    second: weakref.ref[Plane]
    """First plane of the second frame."""
    lumas: tuple[Luma, Luma]
    """Their working pictures."""
    flow: PairFlow
    """Where their pixels go."""


class _FlowMemory:
    """The flows of the last few pairs of frames, so that none is measured twice. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pairs: deque[_Pair] = deque(maxlen=KEPT_PAIRS)

    def __deepcopy__(self, _memo: object) -> _FlowMemory:
        """A new one: a copied network begins without memories, and locks cannot be copied."""
        return _FlowMemory()

    def pair(self, first: Frame, second: Frame, scale: int) -> tuple[tuple[Luma, Luma], PairFlow]:
        """Working pictures and flow of two frames."""
        with self._lock:
            for pair in self._pairs:
                if pair.first() is first.planes[0] and pair.second() is second.planes[0]:
                    return pair.lumas, pair.flow
        lumas = (working_luma(_luma_of_frame(first), scale), working_luma(_luma_of_frame(second), scale))
        flow = measure_flow(*lumas)
        pair = _Pair(
            first=weakref.ref(first.planes[0]), second=weakref.ref(second.planes[0]), lumas=lumas, flow=flow
        )
        with self._lock:
            self._pairs.append(pair)
        return lumas, flow


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneGrid:
    """Where the samples of a plane lie among the pixels of the working picture.

    Sample (i, j) lies at working row start_y + i * step_y, column start_x + j * step_x.
    """

    scale: int
    """The working scale."""
    step_x: float
    step_y: float
    start_x: float
    start_y: float

    @classmethod
    def full(cls, scale: int) -> PlaneGrid:
        """The grid of full-size planes."""
        start = 0.5 / scale - 0.5
        return cls(scale=scale, step_x=1 / scale, step_y=1 / scale, start_x=start, start_y=start)

    @classmethod
    def of_chroma(cls, frame: Frame, scale: int) -> PlaneGrid:
        """The grid of the chroma planes of a YUV frame, siting included."""
        siting = frame.color.resolved(height=frame.height).siting
        across, down = 1 << frame.format.log2_chroma_w, 1 << frame.format.log2_chroma_h
        if (across, down) == (1, 1):
            return cls.full(scale)
        left = siting in (Siting.LEFT, Siting.TOPLEFT, Siting.BOTTOMLEFT)
        x, y = 0.0 if left else (across - 1) / 2, (down - 1) / 2
        if siting in (Siting.TOPLEFT, Siting.TOP):
            y = 0.0
        elif siting in (Siting.BOTTOMLEFT, Siting.BOTTOM):
            y = float(down - 1)
        return cls(
            scale=scale,
            step_x=across / scale,
            step_y=down / scale,
            start_x=(x + 0.5) / scale - 0.5,
            start_y=(y + 0.5) / scale - 0.5,
        )

    def resample(self, field: Array, *, top: int, rows: int, columns: int) -> Array:
        """A field of the working picture at the samples of a plane's rows top ... top + rows - 1."""
        first = max(math.floor(self.start_y + top * self.step_y) - 1, 0)
        part = field[first : math.floor(self.start_y + (top + rows - 1) * self.step_y) + 3]
        if self.step_x == self.step_y == 1 / self.scale:
            if self.scale > 1:
                part = cv2.resize(part, None, fx=self.scale, fy=self.scale)
            start = top - first * self.scale
            return part[start : start + rows, :columns]
        start_y = self.start_y + top * self.step_y - first
        return cv2.warpAffine(
            part,
            np.array([[self.step_x, 0, self.start_x], [0, self.step_y, start_y]]),
            (columns, rows),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def places(self, moved: Field, *, top: int) -> Field:
        """Absolute places on the plane for working-pixel displacements of its rows from `top` on."""
        # OpenCV takes a number for each channel, which its stubs do not know; numpy is slow at pairs.
        if self.step_x != self.step_y:
            moved = cv2.multiply(moved, (self.step_y / self.step_x, 1.0, 0.0, 0.0))  # type: ignore[call-overload]
        places: Field = cv2.scaleAdd(moved, 1 / self.step_y, own_places(*moved.shape[:2]))
        if top:
            cv2.add(places, (0.0, float(top), 0.0, 0.0), dst=places)  # type: ignore[call-overload]
        return places


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reading:
    """One reading of one of the two frames for some rows of a plane."""

    side: int
    """0 for the frame before, 1 for the frame after."""
    places: Field
    """Where it is sampled."""
    share: Array
    """Its share of the result, (rows, columns); all readings add up to 1."""


def _read_on(grid: PlaneGrid, warps: Sequence[Warp], *, top: int, rows: int, columns: int) -> list[_Reading]:
    """The warps of a moment on some rows of a grid."""
    readings: list[_Reading] = []
    for warp in warps:
        for side, displacement, share in (
            (0, warp.to_before, warp.before_share),
            (1, warp.to_after, warp.after_share),
        ):
            moved = grid.resample(displacement, top=top, rows=rows, columns=columns)
            readings.append(
                _Reading(
                    side=side,
                    places=grid.places(moved, top=top),
                    share=grid.resample(share, top=top, rows=rows, columns=columns),
                )
            )
    return readings


def _without_writing(pair: tuple[Plane, Plane], writing: Array) -> tuple[Plane, Plane]:
    """A plane before and after the gap with the colours around in place of writing."""
    share = writing_on(pair[0], writing)
    return without_writing(pair[0], share), without_writing(pair[1], share)


def _draw_planes(
    before: Frame, pairs: Sequence[tuple[Plane, Plane]], warps: Sequence[Warp], scale: int
) -> tuple[Plane, ...]:
    """Warp and blend every plane at its own resolution and depth; all are like those of a frame."""
    top = (1 << before.format.depth) - 1
    subsampled = before.format.log2_chroma_w or before.format.log2_chroma_h
    chroma = (1, 2) if subsampled else ()
    full = [number for number in range(len(pairs)) if number not in chroma]
    drawn = dict(zip(full, draw_images([pairs[n] for n in full], warps, PlaneGrid.full(scale)), strict=True))
    if chroma:
        grid = PlaneGrid.of_chroma(before, scale)
        drawn |= zip(chroma, draw_images([pairs[n] for n in chroma], warps, grid), strict=True)
    planes = [drawn[number] for number in range(len(pairs))]
    return tuple(np.minimum(plane, top) if top not in (255, 65535) else plane for plane in planes)


def draw_images(pairs: Sequence[Sequence[Array]], warps: Sequence[Warp], grid: PlaneGrid) -> list[Array]:
    """Draw images that share a grid, each from its two versions before and after the gap.

    Worked off in strips of rows, so that memory stays small and in the processor's cache.
    """
    height, columns = pairs[0][0].shape[:2]
    drawn = [np.empty(before.shape, before.dtype) for before, _ in pairs]
    strip = max(STRIP_PIXELS // columns, 16)
    for top in range(0, height, strip):
        rows = min(strip, height - top)
        readings = _read_on(grid, warps, top=top, rows=rows, columns=columns)
        for pair, image in zip(pairs, drawn, strict=True):
            image[top : top + rows] = _draw_strip(pair, readings)
    return drawn


def _draw_strip(pair: Sequence[Array], readings: Sequence[_Reading]) -> Array:
    """Sample both images by every reading and add them up; element type and channels of the images.

    Integers are rounded to nearest and saturated, floats left as they are. Where nothing moves the
    images are sampled at whole pixels, which leaves them unchanged.
    """
    seen = [sample_at(pair[reading.side], reading.places, cv2.INTER_CUBIC) for reading in readings]
    # Only differences to the first are weighted, so that equal samples give exactly their value.
    total = np.zeros(seen[0].shape, np.float32)
    for image, reading in zip(seen[1:], readings[1:], strict=True):
        share = reading.share if image.ndim == 2 else cv2.merge([reading.share] * image.shape[2])
        difference = cv2.subtract(image, seen[0], dtype=cv2.CV_32F)
        cv2.accumulateProduct(difference, share, total)
    depth = {np.uint8: cv2.CV_8U, np.uint16: cv2.CV_16U, np.float32: cv2.CV_32F}[seen[0].dtype.type]
    drawn: Array = cv2.add(seen[0], total, dtype=depth)
    return drawn


def _luma_of_frame(frame: Frame) -> Luma:
    """8-bit brightness of a frame at full size."""
    eight = [
        plane
        if plane.dtype == np.uint8
        else cv2.convertScaleAbs(plane, alpha=2.0 ** (8 - frame.format.depth))
        for plane in frame.planes[: 3 if frame.format.family is PixelFamily.RGB else 1]
    ]
    return eight[0] if len(eight) == 1 else cv2.cvtColor(cv2.merge(eight), cv2.COLOR_RGB2GRAY)


def _same_picture(first: Frame, second: Frame) -> bool:
    return first is second or all(
        np.array_equal(one, other) for one, other in zip(first.planes, second.planes, strict=True)
    )
