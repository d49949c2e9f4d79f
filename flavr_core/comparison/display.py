"""Frames as an ordinary screen shows them: any pixel format, depth and colour to R'G'B' of 8 bits.

Everything is done by OpenCV on whole planes and only at the size that is shown, so that a 1080p frame takes
a few milliseconds without a GPU. Networks and files see none of this: their pixels never go through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.color import ColorSpec, Range, Siting
from flavr_core.comparison.tone import LEVELS, ToneMap, to_signal, tone_map
from flavr_core.comparison.views import Picture8
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.media.matrices import rgb_map

CHECKER_LIGHT, CHECKER_DARK = 204, 153
"""Grays behind what is transparent."""
CHECKER_PX = 8
"""Side of a square of the checkerboard."""
_STRIP_ROWS = 32
"""Rows that go through all steps at once; a multiple of the dither's period."""
_CENTRED_ACROSS = (Siting.CENTER, Siting.TOP, Siting.BOTTOM)
_PLACES_DOWN = {Siting.LEFT: 0.5, Siting.CENTER: 0.5, Siting.BOTTOMLEFT: 1.0, Siting.BOTTOM: 1.0}
"""How far down between two luma rows a chroma sample lies; 0 for the other sitings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a picture, in its own pixels."""

    x: int
    """First column."""
    y: int
    """First row."""
    width: int
    """Columns, >= 1."""
    height: int
    """Rows, >= 1."""


def resolved_color(format_: PixelFormat, color: ColorSpec, *, height: int) -> ColorSpec:
    """What pixels are taken for where the file leaves it open: as the engine has it.

    Gray and RGB of unspecified range are full range.
    """
    spec = color.resolved(height=height)
    if format_.family is not PixelFamily.YUV and color.range is Range.UNSPECIFIED:
        spec = ColorSpec(
            matrix=spec.matrix,
            range=Range.FULL,
            siting=spec.siting,
            primaries=spec.primaries,
            transfer=spec.transfer,
        )
    return spec


def to_display(
    frame: Frame,
    *,
    region: Region | None = None,
    size: tuple[int, int] | None = None,
    tone: bool = True,
) -> Picture8:
    """A frame, or a part of it, as the screen shows it.

    Convention: the result is (H, W, 3) uint8, R'G'B' for a screen of BT.709's primaries and gamma 2.4.
    Follows H.273 (matrices, ranges, chroma sample location); more than 8 bits are dithered in a fixed
    pattern; transparent parts lie over a checkerboard; HDR and wide colours as `tone` says.

    Args:
        frame: the picture.
        region: the part that is wanted; None for all.
        size: (width, height) of the result, no more than the region's (larger sizes are the caller's
            work); None for the region's.
        tone: False leaves HDR and wide colours as they are, as numbers to be measured.
    """
    part = region or Region(x=0, y=0, width=frame.width, height=frame.height)
    width = min(size[0], part.width) if size else part.width
    height = min(size[1], part.height) if size else part.height
    color = resolved_color(frame.format, frame.color, height=frame.height)
    planes = [
        _resampled(
            plane,
            part,
            (width, height),
            ratio=plane_ratio(frame.format, number),
            place=plane_place(frame.format, number, color.siting),
        )
        for number, plane in enumerate(frame.planes)
    ]
    mapped = tone_map(color.primaries, color.transfer) if tone else None
    rgb = _to_rgb8(planes, frame.format, color, mapped)
    if frame.format.has_alpha:
        rgb = _over_checkerboard(rgb, planes[-1], depth=frame.format.depth)
    return rgb


def enlarged(picture: Picture8, size: tuple[int, int], *, smooth: bool) -> Picture8:
    """The picture at a larger (width, height): linear where smooth, else with its pixels as rectangles."""
    if picture.shape[1::-1] == size:
        return picture
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def plane_ratio(format_: PixelFormat, plane: int) -> tuple[int, int]:
    """Luma pixels in one sample of a plane, across and down."""
    if format_.family is PixelFamily.YUV and plane in (1, 2):
        return 1 << format_.log2_chroma_w, 1 << format_.log2_chroma_h
    return 1, 1


def plane_place(format_: PixelFormat, plane: int, siting: Siting) -> tuple[float, float]:
    """Where a plane's first sample lies, in luma pixels from the centre of the first one."""
    across, down = plane_ratio(format_, plane)
    x = (across - 1) / 2 if siting in _CENTRED_ACROSS else 0.0
    return x, (down - 1) * _PLACES_DOWN.get(siting, 0.0)


def _resampled(
    plane: NDArray[Any],
    part: Region,
    size: tuple[int, int],
    *,
    ratio: tuple[int, int],
    place: tuple[float, float],
) -> NDArray[Any]:
    """A plane's part at `size`: averaged where that is smaller, linear where chroma is enlarged."""
    step_x, step_y = part.width / size[0], part.height / size[1]
    if ratio == (1, 1):
        cut = plane[part.y : part.y + part.height, part.x : part.x + part.width]
        return cut if cut.shape[1::-1] == size else cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    if step_x >= 2 * ratio[0] or step_y >= 2 * ratio[1]:
        # So much smaller that a sample's place within a pixel cannot be seen; averaging keeps it calm.
        stop_x, stop_y = -(-(part.x + part.width) // ratio[0]), -(-(part.y + part.height) // ratio[1])
        cut = plane[part.y // ratio[1] : stop_y, part.x // ratio[0] : stop_x]
        return cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    centre_x, centre_y = part.x + step_x / 2 - 0.5, part.y + step_y / 2 - 0.5
    where = np.array(
        [
            [step_x / ratio[0], 0, (centre_x - place[0]) / ratio[0]],
            [0, step_y / ratio[1], (centre_y - place[1]) / ratio[1]],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plane, where, size, flags=how, borderMode=cv2.BORDER_REPLICATE)


def _to_rgb8(
    planes: Sequence[NDArray[Any]], format_: PixelFormat, color: ColorSpec, mapped: ToneMap | None
) -> Picture8:
    colour = [planes[0]] * 3 if format_.family is PixelFamily.GRAY else list(planes[:3])
    codes = cv2.merge([np.ascontiguousarray(plane) for plane in colour])
    weights, offset = code_map(format_, color)
    if format_.depth == 8 and mapped is None:
        if format_.family is not PixelFamily.YUV and color.range is Range.FULL:
            return np.asarray(codes, np.uint8)
        scale = 255.0
    else:
        scale = LEVELS - 1.0
        codes = codes.astype(np.uint16) if codes.dtype != np.uint16 else codes
    weights = np.column_stack([weights, offset]) * scale
    if scale == 255:
        return np.asarray(cv2.transform(codes, weights), np.uint8)
    shown = np.empty(codes.shape, np.uint8)
    for top in range(0, len(codes), _STRIP_ROWS):
        # What lies between the steps then stays in the processor's cache, which is half again as quick.
        signal = cv2.transform(codes[top : top + _STRIP_ROWS], weights)
        if mapped is not None:
            signal = _tone_mapped(signal, mapped)
        shown[top : top + _STRIP_ROWS] = _dithered(np.asarray(signal, np.uint16))
    return shown


def code_map(format_: PixelFormat, color: ColorSpec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Code values of the planes (gray three times) to R', G', B' in [0, 1]: rgb = map @ codes + offset."""
    if format_.family is PixelFamily.YUV:
        return rgb_map(color, depth=format_.depth)
    black, swing = 0.0, 2.0**format_.depth - 1
    if color.range is Range.LIMITED:
        black, swing = 16.0 * 2 ** (format_.depth - 8), 219.0 * 2 ** (format_.depth - 8)
    return np.eye(3) / swing, np.full(3, -black / swing)


def _tone_mapped(signal: NDArray[Any], mapped: ToneMap) -> NDArray[Any]:
    light = cv2.transform(cv2.LUT(signal, mapped.to_linear), mapped.gamut)
    root = cv2.sqrt(cv2.threshold(light, 0, 0, cv2.THRESH_TOZERO)[1])
    return cv2.LUT(cv2.addWeighted(root, LEVELS - 1, root, 0, 0, dtype=cv2.CV_16U), to_signal())


def _dithered(signal: NDArray[np.uint16]) -> Picture8:
    """16 bits to 8 with an ordered pattern that is the same in every frame, so that nothing flickers."""
    height, width = signal.shape[:2]
    pattern = _dither_pattern(height, width)
    # Whole steps of 257 are the codes of 8 bits; what lies between is rounded up as often as it is near.
    return np.asarray(
        cv2.convertScaleAbs(cv2.add(signal, pattern), alpha=1 / 257, beta=-0.5 + 1e-4), np.uint8
    )


@lru_cache(maxsize=8)
def _dither_pattern(height: int, width: int) -> NDArray[np.uint16]:
    """Bayer's 8x8 thresholds in steps of a 257th of a code of 8 bits, tiled; (height, width, 3)."""
    order = np.array([[0]])
    for _ in range(3):
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    thresholds = ((order + 0.5) * 257 / 64).astype(np.uint16)
    tiled = np.tile(thresholds, (-(-height // 8), -(-width // 8)))[:height, :width]
    return np.ascontiguousarray(np.repeat(tiled[..., None], 3, axis=2))


def _over_checkerboard(rgb: Picture8, alpha: NDArray[Any], *, depth: int) -> Picture8:
    opacity = (alpha * np.float32(1 / (2**depth - 1))).astype(np.float32)
    board = _checkerboard(*rgb.shape[:2])
    return np.asarray(cv2.blendLinear(rgb, board, opacity, 1 - opacity), np.uint8)


@lru_cache(maxsize=8)
def _checkerboard(height: int, width: int) -> Picture8:
    odd = (np.arange(height)[:, None] // CHECKER_PX + np.arange(width) // CHECKER_PX) % 2
    gray = np.where(odd, CHECKER_DARK, CHECKER_LIGHT).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(gray[..., None], 3, axis=2))
