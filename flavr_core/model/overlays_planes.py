"""Writing that stands still over planes that move: `overlays` without torch, for `motion`.

It is told by brightness alone. Planes are worked on in the rows that hold writing.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from flavr_core.model.optical_flow import Array, Luma
from flavr_core.model.overlay_measures import (
    AROUND_PX,
    BLOCK_PX,
    CONTRAST,
    COVERED,
    CROWD,
    DENSE,
    EDGE_SAME,
    LINE_BLOCKS,
    MOVING,
    SAME,
    SMALLEST_PX,
    reduction,
)

_LEVELS = 255
_SAMENESS, _EDGE_SAMENESS = (
    np.exp(-((np.arange(256, dtype=np.float32) / (scale * _LEVELS)) ** 2)) for scale in (SAME, EDGE_SAME)
)
"""By spread: how much a pixel counts as standing still; the same at letters found in a smaller picture."""
_NEAREST = np.ones((3, 3), np.uint8)


def find_writing(lumas: Sequence[Luma]) -> Array | None:
    """How surely each pixel is part of writing that stands still, see `overlays.overlay_share`.

    Convention: 8-bit pictures (H, W) of a window's frames; returns (H, W) float32 in [0, 1], None where
    there is none.
    """
    height, width = lumas[0].shape
    factor = reduction(height, width)
    if factor == 1:
        return _share_of(lumas)
    size = width // factor, height // factor
    whole = slice(size[1] * factor), slice(size[0] * factor)
    share = _share_of([cv2.resize(luma[whole], size, interpolation=cv2.INTER_AREA) for luma in lumas])
    if share is None:
        return None
    near = cv2.resize(cv2.dilate(share, _NEAREST), (width, height))
    found: Array = near * cv2.LUT(_spread(lumas), _EDGE_SAMENESS)
    return found if found.any() else None


def _spread(lumas: Sequence[Luma]) -> Luma:
    """What lies between the highest and the lowest value of each pixel."""
    highest = lowest = lumas[0]
    for luma in lumas[1:]:
        highest, lowest = cv2.max(highest, luma), cv2.min(lowest, luma)
    return cv2.subtract(highest, lowest)


def _share_of(lumas: Sequence[Luma]) -> Array | None:
    """The same for pictures of the size in which writing is looked for."""
    height, width = lumas[0].shape
    if min(height, width) < SMALLEST_PX:
        return None
    spread = _spread(lumas)
    _, changes = cv2.threshold(spread, 3 * SAME * _LEVELS, _LEVELS, cv2.THRESH_BINARY)
    moving = _box_mean(_block_means(changes.astype(np.float32)), 5, 5) / _LEVELS
    if moving.max() <= MOVING[0]:
        return None
    same = cv2.LUT(spread, _SAMENESS)
    share = same * _ramp(cv2.resize(moving, (width, height)), *MOVING)
    if _box_mean(_block_means(share), *LINE_BLOCKS).max() <= CROWD[0]:
        return None  # what follows only takes away
    reliefs = [_relief(luma) for luma in lumas]
    contrast = np.maximum(np.minimum.reduce(reliefs), -np.maximum.reduce(reliefs))
    strokes = cv2.dilate(contrast * same, _NEAREST)
    share *= _ramp(strokes, CONTRAST, 2 * CONTRAST) * _ramp(_box_mean(same, 3, 3), *DENSE)
    crowd = _box_mean(_block_means(share), *LINE_BLOCKS)
    share *= _ramp(cv2.resize(crowd, (width, height)), *CROWD)
    return share if share.any() else None


def writing_on(plane: Array, share: Array) -> Array:
    """The share of writing on a plane that may be smaller, (h, w) float32."""
    if plane.shape[:2] == share.shape:
        return share
    near = cv2.dilate(share, _NEAREST)
    smaller: Array = cv2.resize(near, plane.shape[1::-1], interpolation=cv2.INTER_AREA)
    return smaller


def without_writing(plane: Array, share: Array) -> Array:
    """A plane, or pixels (h, w, C), with the colours around writing in its place; see
    `overlays.without_overlays`."""
    factor = reduction(*plane.shape[:2])
    block_px = BLOCK_PX * factor
    rows = _rows_of(share, margin=3 * block_px, block_px=block_px)
    part = plane[rows].astype(np.float32)
    beside = np.zeros((2 * factor + 1, 2 * factor + 1), np.uint8)
    beside[::factor, ::factor] = 1
    mask = cv2.dilate(share[rows], beside)
    seen = 1 - (1 - COVERED) * mask
    count = _box_mean(_block_means(seen, block_px), 3, 3)
    total = _box_mean(_block_means(part * _like(seen, part), block_px), 3, 3)
    around = cv2.resize(total / _like(count, total), part.shape[1::-1])
    part += (around - part) * _like(mask, part)
    return _with_rows(plane.copy(), rows, part)


def keep_writing(made: Array, pair: Sequence[Array], share: Array, position: float) -> Array:
    """The made plane with writing as it was filmed; it is written there."""
    rows = _rows_of(share, margin=0, block_px=1)
    before, after, part = (plane[rows].astype(np.float32) for plane in (*pair, made))
    filmed = before + (after - before) * np.float32(position)
    part += (filmed - part) * _like(share[rows], part)
    return _with_rows(made, rows, part)


def _with_rows(plane: Array, rows: slice, values: Array) -> Array:
    plane[rows] = values if plane.dtype == np.float32 else np.rint(values)
    return plane


def _rows_of(share: Array, *, margin: int, block_px: int) -> slice:
    """The rows that hold writing, and some around: from where a block begins, at least one."""
    found = np.flatnonzero(share.any(axis=1))
    first = max(int(found[0]) - margin, 0)
    first = max(min(first, len(share) - block_px), 0) // block_px * block_px
    return slice(first, int(found[-1]) + 1 + margin)


def _like(values: Array, pixels: Array) -> Array:
    """(h, w) beside (h, w) or (h, w, C)."""
    return values if pixels.ndim == 2 else values[..., None]


def _ramp(values: Array, low: float, high: float) -> Array:
    """0 up to `low`, 1 from `high`."""
    ramp: Array = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return ramp


def _relief(luma: Luma) -> Array:
    """What a pixel is brighter than the mean around it, of 1."""
    values = luma.astype(np.float32)
    relief: Array = (values - _box_mean(values, AROUND_PX, AROUND_PX)) / np.float32(_LEVELS)
    return relief


def _block_means(values: Array, block_px: int = BLOCK_PX) -> Array:
    """Means of whole blocks."""
    rows, columns = (side // block_px for side in values.shape[:2])
    whole = values[: rows * block_px, : columns * block_px]
    means: Array = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    return means


def _box_mean(values: Array, rows: int, columns: int) -> Array:
    """Mean of a rectangle around each pixel, of what lies in the picture; odd sides."""
    total = cv2.boxFilter(values, -1, (columns, rows), normalize=False, borderType=cv2.BORDER_CONSTANT)
    counts = [_inside(*sizes) for sizes in zip(values.shape[:2], (rows, columns), strict=True)]
    return total / _like(np.outer(*counts).astype(np.float32), total)


def _inside(count: int, side: int) -> Array:
    """Of a stretch of pixels around each, how many lie in a row of so many."""
    at = np.arange(count)
    inside: Array = np.minimum(at + side // 2, count - 1) - np.maximum(at - side // 2, 0) + 1
    return inside
