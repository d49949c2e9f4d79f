"""Brushes of the sample clip: exact coverage at any sub-pixel place, so that motion is smooth and true.

Convention: a picture is (H, W, 3) float32, R'G'B' as displayed, 0 to 1; a layer is (H, W, 4) float32,
colour premultiplied by its opacity. Places are pixels, x to the right and y down; pixel (0, 0) covers
0 to 1. Nothing raises: what lies outside the picture is not drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Points = NDArray[np.float64]
Color = Sequence[float] | NDArray[np.float32]

_SUPERSAMPLING = 4
_SHIFT = 4  # fractional bits of cv2's fixed-point coordinates


def color(code: str) -> NDArray[np.float32]:
    """The colour written `rrggbb`."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def coverage(
    polygons: Sequence[Points], *, width: int, height: int
) -> tuple[tuple[slice, slice], Picture] | None:
    """How much of each pixel the polygons cover: the part of the picture they touch, and (h, w) 0 to 1."""
    everything = np.concatenate(polygons)
    left, top = np.maximum(np.floor(everything.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(everything.max(axis=0)).astype(int), (width, height))
    if right <= left or bottom <= top:
        return None
    mask = np.zeros(((bottom - top) * _SUPERSAMPLING, (right - left) * _SUPERSAMPLING), np.uint8)
    for points in polygons:
        # cv2 counts from pixel centres, hence the half.
        fixed = ((points - (left, top)) * _SUPERSAMPLING - 0.5) * (1 << _SHIFT)
        cv2.fillPoly(mask, [np.rint(fixed).astype(np.int32)], 255, shift=_SHIFT)
    small = cv2.resize(mask.astype(np.float32), (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return (slice(top, bottom), slice(left, right)), (small / 255).astype(np.float32)


def fill(picture: Picture, points: Points | Sequence[Points], paint: Color, *, opacity: float = 1.0) -> None:
    """Paint one polygon, or several as one shape, over a picture or a layer."""
    polygons = [points] if isinstance(points, np.ndarray) else points
    found = coverage(polygons, width=picture.shape[1], height=picture.shape[0])
    if found is None:
        return
    part, mask = found
    alpha = (mask * opacity)[..., None]
    ink = np.asarray(paint, np.float32)
    if picture.shape[2] == 4:
        ink = np.append(ink, np.float32(1))
    picture[part] += (ink - picture[part]) * alpha


def stroke(start: Points, end: Points, width_px: float, end_width_px: float | None = None) -> Points:
    """The outline of a straight stroke, tapering where an end width is given."""
    direction = end - start
    normal = np.array([-direction[1], direction[0]]) / max(float(np.hypot(*direction)), 1e-9) / 2
    tip = width_px if end_width_px is None else end_width_px
    return np.array(
        [start + normal * width_px, end + normal * tip, end - normal * tip, start - normal * width_px]
    )


def disc(center: Points, radius_px: float, radius_y_px: float | None = None) -> Points:
    """The outline of a circle or an ellipse."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return center + np.stack(
        [np.cos(angles) * radius_px, np.sin(angles) * (radius_y_px or radius_px)], axis=1
    )


def curve(generator: np.random.Generator, length: int, wavelength_px: float) -> NDArray[np.float32]:
    """Smooth noise along a line, about -1 to 1."""
    knots = generator.uniform(-1, 1, (1, int(length / wavelength_px) + 4)).astype(np.float32)
    wide = cv2.resize(knots, (round(knots.shape[1] * wavelength_px), 1), interpolation=cv2.INTER_CUBIC)[0]
    start = round(wavelength_px)
    return np.asarray(wide[start : start + length], np.float32)


def texture(
    generator: np.random.Generator,
    width: int,
    height: int,
    wavelength_px: float,
    *,
    stretch: float = 1.0,
    octaves: int = 4,
) -> Picture:
    """Cloudy noise (H, W), about -1 to 1, `stretch` times longer in x."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        step = max(wavelength_px / 2**octave, 1.0)
        columns, rows = int(width / step / stretch) + 4, int(height / step) + 4
        knots = generator.uniform(-1, 1, (rows, columns)).astype(np.float32)
        size = (max(round(columns * step * stretch), width), max(round(rows * step), height))
        total += cv2.resize(knots, size, interpolation=cv2.INTER_CUBIC)[:height, :width] / 2**octave
    return total


def gradient(height: int, width: int, stops: Sequence[tuple[float, str]]) -> Picture:
    """Colours from top to bottom through `(place from 0 to 1, rrggbb)`."""
    places = [place for place, _ in stops]
    inks = np.stack([color(code) for _, code in stops])
    rows = (np.arange(height) + 0.5) / height
    column = np.stack([np.interp(rows, places, inks[:, channel]) for channel in range(3)], axis=1)
    return np.repeat(column.astype(np.float32)[:, None], width, axis=1)


def lay(picture: Picture, layer: Picture, *, x_px: float, y_px: float = 0.0) -> None:
    """Put the part of a wide layer that begins at (x_px, y_px) over the picture, at sub-pixel accuracy."""
    height, width = picture.shape[:2]
    move = np.array([[1, 0, -x_px], [0, 1, -y_px]], np.float64)
    part = cv2.warpAffine(
        layer, move, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    picture *= 1 - np.clip(part[..., 3:], 0, 1)
    picture += part[..., :3]


def glow(light: Picture, sigma_px: float) -> Picture:
    """Light spread as by a lens."""
    return np.asarray(cv2.GaussianBlur(light, (0, 0), sigma_px), np.float32)
