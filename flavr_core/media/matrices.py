"""YCbCr to R'G'B' and back at more than 8 bits, where swscale is off by up to a 250th of full scale.

Non-constant luminance as in ITU-T H.273 section 8.3; BT.2020 constant luminance is taken for it.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.frame import Plane

_WEIGHTS = {
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT601: (0.299, 0.114),
    Matrix.FCC: (0.30, 0.11),
    Matrix.SMPTE240M: (0.212, 0.087),
    Matrix.BT2020_NCL: (0.2627, 0.0593),
    Matrix.BT2020_CL: (0.2627, 0.0593),
}
"""Weights of red and blue in luma."""


def _scales(color: ColorSpec, depth: int) -> tuple[float, float, float, float]:
    """Black, luma's swing, chroma's middle and chroma's swing in code values of `depth` bits."""
    middle = float(1 << (depth - 1))
    if color.range is Range.FULL:
        top = float((1 << depth) - 1)
        return 0.0, top, middle, top
    unit = float(1 << (depth - 8))
    return 16 * unit, 219 * unit, middle, 224 * unit


def _codes(values: NDArray[np.float32], depth: int) -> Plane:
    dtype = np.uint8 if depth == 8 else np.uint16
    return cast(Plane, np.rint(np.clip(values, 0, (1 << depth) - 1)).astype(dtype))


def rgb_map(color: ColorSpec, *, depth: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The affine map from code values of Y, Cb, Cr to R', G', B' in [0, 1]: rgb = map @ codes + offset.

    Convention: `color` resolved; map (3, 3), offset (3,). A matrix of RGB means planes G, B, R.
    """
    black, swing, middle, chroma_swing = _scales(color, depth)
    offsets = np.array([black, middle, middle])
    scales = np.array([swing, chroma_swing, chroma_swing])
    if color.matrix is Matrix.RGB:
        weights = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
        offsets, scales = np.full(3, black), np.full(3, swing)
    elif color.matrix is Matrix.YCGCO:
        weights = np.array([[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]])
    else:
        red, blue = _WEIGHTS.get(color.matrix, _WEIGHTS[Matrix.BT709])
        green = 1 - red - blue
        weights = np.array(
            [
                [1.0, 0.0, 2 * (1 - red)],
                [1.0, -2 * blue * (1 - blue) / green, -2 * red * (1 - red) / green],
                [1.0, 2 * (1 - blue), 0.0],
            ]
        )
    scaled = weights / scales
    return scaled, -scaled @ offsets


def to_rgb(planes: tuple[Plane, ...], color: ColorSpec, *, depth: int, rgb_depth: int) -> tuple[Plane, ...]:
    """Y, Cb, Cr to R', G', B'.

    Convention: three (rows, columns) planes of the same size, code values of `depth` bits, read as `color`
    (resolved) says; out full range of `rgb_depth` bits.
    """
    red_weight, blue_weight = _WEIGHTS.get(color.matrix, _WEIGHTS[Matrix.BT709])
    black, swing, middle, chroma_swing = _scales(color, depth)
    luma = (planes[0].astype(np.float32) - np.float32(black)) / np.float32(swing)
    cb = (planes[1].astype(np.float32) - np.float32(middle)) / np.float32(chroma_swing)
    cr = (planes[2].astype(np.float32) - np.float32(middle)) / np.float32(chroma_swing)
    red = luma + np.float32(2 * (1 - red_weight)) * cr
    blue = luma + np.float32(2 * (1 - blue_weight)) * cb
    green_weight = 1 - red_weight - blue_weight
    green = (luma - np.float32(red_weight) * red - np.float32(blue_weight) * blue) / np.float32(green_weight)
    top = np.float32((1 << rgb_depth) - 1)
    return tuple(_codes((channel * top).astype(np.float32), rgb_depth) for channel in (red, green, blue))


def from_rgb(planes: tuple[Plane, ...], color: ColorSpec, *, rgb_depth: int, depth: int) -> tuple[Plane, ...]:
    """R', G', B' to Y, Cb, Cr.

    Convention: as `to_rgb`, the other way round.
    """
    red_weight, blue_weight = _WEIGHTS.get(color.matrix, _WEIGHTS[Matrix.BT709])
    top = np.float32((1 << rgb_depth) - 1)
    red, green, blue = (plane.astype(np.float32) / top for plane in planes[:3])
    green_weight = np.float32(1 - red_weight - blue_weight)
    luma = np.float32(red_weight) * red + green_weight * green + np.float32(blue_weight) * blue
    cb = (blue - luma) / np.float32(2 * (1 - blue_weight))
    cr = (red - luma) / np.float32(2 * (1 - red_weight))
    black, swing, middle, chroma_swing = _scales(color, depth)
    return (
        _codes(luma * np.float32(swing) + np.float32(black), depth),
        _codes(cb * np.float32(chroma_swing) + np.float32(middle), depth),
        _codes(cr * np.float32(chroma_swing) + np.float32(middle), depth),
    )


def scale_alpha(plane: Plane, *, depth: int, to_depth: int) -> Plane:
    """Alpha in another depth, opaque staying opaque."""
    top, to_top = (1 << depth) - 1, (1 << to_depth) - 1
    return _codes(plane.astype(np.float32) * np.float32(to_top / top), to_depth)
