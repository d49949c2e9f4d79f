"""Between libav's pictures and ours: every stored pixel format to a planar integer one, and back.

Planar formats are handed on as views of libav's memory; packed ones are taken apart; nothing is
rounded, except where `layouts` says so in a note.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from flavr_core.color import ColorSpec, Matrix, Range, Siting
from flavr_core.frame import Frame, Plane
from flavr_core.media.layouts import (
    Component,
    Layout,
    layout_of,
    pixel_format_from_name,
    pixel_format_name,
)

__all__ = [
    "color_of",
    "frame_from_av",
    "frame_hash",
    "frame_to_av",
    "matrix_from_code",
    "pixel_format_from_name",
    "pixel_format_name",
    "planes_from_av",
]

_MATRICES = {
    0: Matrix.RGB, 1: Matrix.BT709, 4: Matrix.FCC, 5: Matrix.BT601, 6: Matrix.BT601, 7: Matrix.SMPTE240M,
    8: Matrix.YCGCO, 9: Matrix.BT2020_NCL, 10: Matrix.BT2020_CL,
}  # fmt: skip
_RANGES = {1: Range.LIMITED, 2: Range.FULL}
_RANGE_CODES = {value: key for key, value in _RANGES.items()}


def matrix_from_code(code: int) -> Matrix:
    """The matrix an H.273 code point means; UNSPECIFIED for those that cannot be converted."""
    return _MATRICES.get(code, Matrix.UNSPECIFIED)


def color_of(picture: av.VideoFrame, *, siting: Siting = Siting.UNSPECIFIED) -> ColorSpec:
    """The colour tags of a decoded picture; RGB and yuvj formats say what their names mean.

    A gray format has no matrix, yet its tag is carried, as is a matrix code that we cannot convert.
    """
    layout = layout_of(picture.format.name)
    family = layout.format.family.value
    code = int(picture.colorspace)
    range_ = Range.FULL if layout.full_range else _RANGES.get(int(picture.color_range), Range.UNSPECIFIED)
    if family == "rgb":
        matrix = Matrix.RGB
        range_ = Range.FULL if range_ is Range.UNSPECIFIED else range_
    else:
        # A YCbCr picture tagged as RGB is a muxer's mistake; it is taken as untagged.
        matrix = Matrix.UNSPECIFIED if code == 0 else matrix_from_code(code)
    return ColorSpec(
        matrix=matrix,
        range=range_,
        siting=siting,
        primaries=int(picture.color_primaries),
        transfer=int(picture.color_trc),
        matrix_code=code,
    )


@functools.cache
def _expansion(bits: int) -> NDArray[np.uint8]:
    """Samples of fewer than 8 bits scaled to 0..255, rounded: one-to-one."""
    levels = np.arange(1 << bits, dtype=np.float64)
    return np.round(levels * 255 / ((1 << bits) - 1)).astype(np.uint8)


def _plane_view(
    picture: av.VideoFrame, component: Component, dtype: np.dtype[Any], shape: tuple[int, int]
) -> NDArray[Any]:
    """The samples of one component where they lie; the view keeps the picture alive."""
    plane = picture.planes[component.plane]
    line = plane.line_size
    # libav may store a picture bottom up: the buffer then begins at its last row.
    start = plane.buffer_size + line if line < 0 else 0
    return np.ndarray(
        shape,
        dtype=dtype,
        buffer=plane,  # type: ignore[arg-type]
        offset=start + component.offset_bytes,
        strides=(line, component.step_bytes),
    )


def _read_component(
    picture: av.VideoFrame, layout: Layout, component: Component, shape: tuple[int, int]
) -> Plane:
    dtype = np.dtype(
        f"{'>' if layout.big_endian else '<'}{'f' if layout.is_float else 'u'}{layout.word_bytes}"
    )
    samples = _plane_view(picture, component, dtype, shape)
    if layout.special == "wide":
        return _to_16_bit(samples)
    if component.shift:
        samples = samples >> component.shift
    if component.bits < 8 or layout.word_bytes == 4:
        samples = samples & ((1 << component.bits) - 1)
    if component.bits < layout.format.depth:
        samples = _expansion(component.bits)[samples]
    elif samples.dtype != layout.format.dtype or samples.strides[1] != samples.dtype.itemsize:
        samples = np.ascontiguousarray(samples, dtype=layout.format.dtype)
    plane: Plane = samples
    return plane


def _to_16_bit(samples: NDArray[Any]) -> NDArray[np.uint16]:
    """Floats of 0..1, or 32-bit integers, to the nearest of 65536 levels."""
    if samples.dtype.kind == "f":
        clipped = np.clip(np.nan_to_num(samples.astype(np.float32), nan=0.0), 0.0, 1.0)
        return np.round(clipped * np.float32(65535)).astype(np.uint16)
    # 2**32 - 1 is 65535 * 65537, so the levels fall on whole numbers.
    return ((samples.astype(np.uint64) + 32768) // 65537).astype(np.uint16)


def _read_palette(picture: av.VideoFrame) -> tuple[Plane, ...]:
    shape = (picture.height, picture.width)
    indices = _plane_view(picture, Component(plane=0, step_bytes=1), np.dtype(np.uint8), shape)
    entries = np.frombuffer(memoryview(picture.planes[1]), dtype=np.uint32, count=256)
    # Entries are words 0xAARRGGBB in the machine's byte order.
    channels = (((entries >> shift) & 0xFF).astype(np.uint8) for shift in (16, 8, 0, 24))
    return tuple(channel[indices] for channel in channels)


def _read_mono(picture: av.VideoFrame) -> tuple[Plane, ...]:
    shape = (picture.height, (picture.width + 7) // 8)
    packed = _plane_view(picture, Component(plane=0, step_bytes=1), np.dtype(np.uint8), shape)
    bits = np.unpackbits(np.ascontiguousarray(packed), axis=1, count=picture.width)
    if picture.format.name == "monow":
        bits ^= 1
    return (bits * np.uint8(255),)


def _read_uyyvyy411(picture: av.VideoFrame) -> tuple[Plane, ...]:
    width, height = picture.width, picture.height
    groups = -(-width // 4)
    packed = _plane_view(picture, Component(plane=0, step_bytes=1), np.dtype(np.uint8), (height, groups * 6))
    groups_view = packed.reshape(height, groups, 6)
    luma = groups_view[:, :, (1, 2, 4, 5)].reshape(height, groups * 4)[:, :width]
    return (
        np.ascontiguousarray(luma),
        np.ascontiguousarray(groups_view[:, :, 0]),
        np.ascontiguousarray(groups_view[:, :, 3]),
    )


def _read_by_swscale(picture: av.VideoFrame, layout: Layout) -> tuple[Plane, ...]:
    # swscale develops Bayer patterns and XYZ into packed RGB alone.
    packed = "rgb24" if layout.format.depth == 8 else "rgb48le"
    # WORKAROUND(FFmpeg 8.1): with several threads a slice of swscale may overwrite up to 16 bytes of the
    # first row of the next one, where rows are only as aligned as PyAV makes them.
    return planes_from_av(picture.reformat(format=packed, threads=1))


def planes_from_av(picture: av.VideoFrame) -> tuple[Plane, ...]:
    """The planes of a decoded picture in the order of its delivered format.

    Convention: see `Frame.planes`. Planes of planar formats are views that keep `picture` alive.

    Raises:
        MediaError: when its pixel format is unknown.
    """
    layout = layout_of(picture.format.name)
    if layout.special == "pal8":
        return _read_palette(picture)
    if layout.special == "mono":
        return _read_mono(picture)
    if layout.special == "uyyvyy411":
        return _read_uyyvyy411(picture)
    if layout.special == "swscale":
        return _read_by_swscale(picture, layout)
    planes: list[Plane] = []
    for number, component in enumerate(layout.components):
        if planes and component == layout.components[number - 1]:
            planes.append(planes[-1])  # gray with alpha: R, G and B are one plane
            continue
        shape = layout.format.plane_shape(number, width=picture.width, height=picture.height)
        planes.append(_read_component(picture, layout, component, shape))
    return tuple(planes)


def frame_from_av(
    picture: av.VideoFrame, *, index: int, time: Fraction, color: ColorSpec | None = None
) -> Frame:
    """A decoded picture as a Frame, in the planar format of its stored one.

    Args:
        picture: the picture; it stays alive as long as the frame does.
        index: number in the clip.
        time: seconds on the clip's clock.
        color: how its numbers are read; None for the picture's own tags.

    Raises:
        MediaError: when its pixel format is unknown.
    """
    return Frame(
        planes=planes_from_av(picture),
        format=layout_of(picture.format.name).format,
        color=color or color_of(picture),
        time=time,
        index=index,
    )


def _write_plane(picture: av.VideoFrame, component: Component, samples: Plane) -> None:
    dtype = samples.dtype.newbyteorder("<")
    _plane_view(picture, component, dtype, (samples.shape[0], samples.shape[1]))[...] = samples


def frame_to_av(frame: Frame) -> av.VideoFrame:
    """A Frame as a libav picture of its own planar format, with its colour tags; pts is left unset.

    The planes are copied.

    Raises:
        ValueError: when ffmpeg has no such planar format.
    """
    name = pixel_format_name(frame.format)
    picture = av.VideoFrame(frame.width, frame.height, name)
    for component, samples in zip(layout_of(name).components, frame.planes, strict=True):
        _write_plane(picture, component, samples)
    tag_picture(picture, frame.color)
    return picture


def tag_picture(picture: av.VideoFrame, color: ColorSpec) -> None:
    """Write the colour tags of `color` on a libav picture."""
    picture.color_range = _RANGE_CODES.get(color.range, 0)
    picture.colorspace = color.matrix_code
    picture.color_primaries = color.primaries
    picture.color_trc = color.transfer


def frame_hash(frame: Frame) -> str:
    """SHA-256 over size, format and all planes: equal for equal pixels, whatever the memory layout."""
    digest = hashlib.sha256(f"{frame.width}x{frame.height} {frame.format}".encode())
    for plane in frame.planes:
        samples = plane if sys.byteorder == "little" else plane.astype(plane.dtype.newbyteorder("<"))
        digest.update(np.ascontiguousarray(samples).data)
    return digest.hexdigest()
