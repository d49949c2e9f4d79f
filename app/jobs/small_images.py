"""Frames as small images for lists and strips; the viewer has its own, exact way."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from flavr_core.color import Matrix, Range
from flavr_core.frame import Frame
from flavr_core.media.pixels import frame_to_av

_SWSCALE_MATRICES = {
    Matrix.BT709: 1, Matrix.FCC: 4, Matrix.BT601: 5, Matrix.SMPTE240M: 7, Matrix.BT2020_NCL: 9,
    Matrix.BT2020_CL: 9,
}  # fmt: skip
"""swscale's numbers of the matrices; others are taken for BT.709."""
_PQ, _HLG = 16, 18
_WHITE_NITS = 203.0
"""Luminance of diffuse white in HDR (ITU-R BT.2408)."""
_MOST_ASPECT = 8
"""Wider pictures are shown narrower than they are."""


def small_size(width: int, height: int, *, height_px: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """(width, height) of a small image `height_px` high, in the shape the picture is shown in."""
    shape = min(
        max(Fraction(width, height) * pixel_aspect, Fraction(1, _MOST_ASPECT)), Fraction(_MOST_ASPECT)
    )
    return max(1, round(shape * height_px)), max(1, height_px)


def small_image(frame: Frame, *, height_px: int, pixel_aspect: Fraction = Fraction(1)) -> QImage:
    """A frame as a small image of 8 bits for the screen; HDR is toned down, alpha is kept.

    May be called from any thread.
    """
    color = frame.color.resolved(height=frame.height)
    width, height = small_size(frame.width, frame.height, height_px=height_px, pixel_aspect=pixel_aspect)
    is_hdr = color.transfer in (_PQ, _HLG)
    picture = frame_to_av(frame).reformat(
        width=width,
        height=height,
        format="rgba64le" if is_hdr else "rgba",
        src_colorspace=_SWSCALE_MATRICES.get(color.matrix, 1),
        src_color_range=2 if color.range is Range.FULL else 1,
        dst_color_range=2,
        interpolation="AREA",
        threads=1,  # swscale's slices may write into each other's first columns
    )
    read: NDArray[Any] = picture.to_ndarray()  # (H, W, 4)
    pixels = np.ascontiguousarray(_toned(read, is_pq=color.transfer == _PQ) if is_hdr else read, np.uint8)
    layout = QImage.Format.Format_RGBA8888 if frame.format.has_alpha else QImage.Format.Format_RGBX8888
    image = QImage(pixels.data, width, height, 4 * width, layout)
    # A copy, because the pixels belong to numpy; premultiplied is what painting is fastest with.
    wanted = (
        QImage.Format.Format_ARGB32_Premultiplied if frame.format.has_alpha else QImage.Format.Format_RGB32
    )
    return image.convertToFormat(wanted)


def _toned(pixels: NDArray[np.uint16], *, is_pq: bool) -> NDArray[np.uint8]:
    """BT.2100 R'G'B' of 16 bits as sRGB of 8 bits: highlights rolled off, colours brought to BT.709.

    Convention: (H, W, 4), the fourth alpha, untouched. Inverse transfer functions of ITU-R BT.2100,
    matrix of BT.2087.
    """
    signal = pixels[..., :3].astype(np.float32) / np.float32(65535)
    linear = _from_pq(signal) if is_pq else _from_hlg(signal)  # 1 is diffuse white
    to_709 = np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
    )
    linear = np.maximum(linear @ to_709.T, 0)
    peak = np.float32(6)
    rolled = linear * (1 + linear / (peak * peak)) / (1 + linear)
    bright = np.clip(rolled * np.float32(1.6), 0, 1)
    encoded = np.where(bright <= 0.0031308, 12.92 * bright, 1.055 * bright ** (1 / 2.4) - 0.055)
    toned = np.empty(pixels.shape, np.uint8)
    toned[..., :3] = np.rint(encoded * 255)
    toned[..., 3] = pixels[..., 3] >> 8
    return toned


def _from_pq(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    root = signal ** np.float32(32 / 2523)
    linear = np.maximum(root - np.float32(107 / 128), 0) / (
        np.float32(2413 / 128) - np.float32(2392 / 128) * root
    )
    return np.asarray(linear ** np.float32(8192 / 1305) * np.float32(10_000 / _WHITE_NITS), np.float32)


def _from_hlg(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal * signal / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.678, 0.0593])
    shown = scene * np.maximum(luminance, 1e-6)[..., None] ** 0.2 * (1000 / _WHITE_NITS)
    return np.asarray(shown, np.float32)
