"""Small pictures of frames, cheap to make from any pixel format, on which cuts are looked for."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.frame import Frame, PixelFamily, Plane

LONG_SIDE_PX = 128
"""Longer side of a small picture."""

_SAMPLED_SIDE_PX = 1024
"""Larger planes are first thinned to about this by leaving out rows and columns, which is all but free."""


def small_picture(frame: Frame) -> NDArray[np.float32]:
    """A frame as a small picture of lightness and two colour differences; alpha is not looked at.

    Convention: returns (3, H, W) float32, the longer of H and W at most LONG_SIDE_PX, values 0 to 1 as a
    part of the format's full scale whatever its range, matrix or depth; colour differences centred at 0.5.
    """
    scale = min(1.0, LONG_SIDE_PX / max(frame.width, frame.height))
    size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    full = np.float32(2**frame.format.depth - 1)
    planes = [_shrink(plane, size) / full for plane in frame.planes[: _color_planes(frame)]]
    if len(planes) == 1:
        grey = np.full_like(planes[0], 0.5)
        return np.stack([planes[0], grey, grey])  # (3, H, W)
    if frame.format.family is PixelFamily.RGB:
        red, green, blue = planes
        lightness = (red + 2 * green + blue) / 4
        planes = [lightness, (blue - lightness) / 2 + 0.5, (red - lightness) / 2 + 0.5]
    return np.stack(planes)  # (3, H, W)


def _color_planes(frame: Frame) -> int:
    return 1 if frame.format.family is PixelFamily.GRAY else 3


def _shrink(plane: Plane, size: tuple[int, int]) -> NDArray[np.float32]:
    """A plane brought to (columns, rows) by averaging; (rows, columns) float32, unscaled."""
    step = max(1, max(plane.shape) // _SAMPLED_SIDE_PX)
    if step > 1:
        plane = cast(Plane, np.ascontiguousarray(plane[::step, ::step]))
    # Halving is many times faster than averaging over squares of any size; an odd last row or column is lost.
    while plane.shape[0] >= 2 * size[1] and plane.shape[1] >= 2 * size[0]:
        rows, columns = plane.shape[0] // 2, plane.shape[1] // 2
        half = cv2.resize(plane[: 2 * rows, : 2 * columns], (columns, rows), interpolation=cv2.INTER_AREA)
        plane = cast(Plane, half)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
