"""From a frame in the clip's own format to the picture an encoder takes: one path for real and made frames.

Where the formats agree nothing is touched. Otherwise, in this order: alpha that cannot be stored is laid
over black, the crop, gray to YCbCr or back (planes added or left out, no arithmetic), the repeated edge,
and for what remains (depth, subsampling, RGB, scaling) one pass of swscale with full chroma, accurate
rounding, and matrix and range given on both sides, so that it converts neither unless told to. RGB from or
to YCbCr of more than 8 bits is our own arithmetic (`matrices`), as swscale's is too coarse for that. From
deeper to 8 bits swscale dithers with its fixed ordered pattern; the same pixels always give the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.frame import Frame, PixelFamily, PixelFormat, Plane
from flavr_core.media.encoding import EncodingPlan
from flavr_core.media.layouts import pixel_format_from_name, pixel_format_name
from flavr_core.media.matrices import from_rgb, scale_alpha, to_rgb
from flavr_core.media.pixels import frame_to_av, planes_from_av, tag_picture

_FLAGS = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
)
_MATRICES = {
    Matrix.BT709: Colorspace.ITU709,
    Matrix.BT601: Colorspace.ITU601,
    Matrix.FCC: Colorspace.FCC,
    Matrix.SMPTE240M: Colorspace.SMPTE240M,
    Matrix.BT2020_NCL: Colorspace.BT2020,
    Matrix.BT2020_CL: Colorspace.BT2020,
}
_RANGES = {Range.LIMITED: ColorRange.MPEG, Range.FULL: ColorRange.JPEG}


def range_code(range_: Range) -> int:
    """libav's number of a range; 0 unspecified."""
    return int(_RANGES.get(range_, ColorRange.UNSPECIFIED))


class Fitter:
    """Brings frames to the form that an EncodingPlan stores. Keep one for a segment: it caches tables."""

    def __init__(self, encoding: EncodingPlan) -> None:
        self._encoding = encoding
        self._stored = pixel_format_from_name(encoding.pixel_format)
        self._reformatter = VideoReformatter()

    def fit(self, frame: Frame) -> av.VideoFrame:
        """The picture that is given to the encoder, with its colour tags; pts is left unset.

        Convention: `frame` as in Frame, in the plan's source format and size. The result is new memory.

        Raises:
            ValueError: when the frame is not what the plan was made for.
        """
        plan = self._encoding
        if frame.format != plan.source_format:
            raise ValueError(f"a frame of {frame.format} in a plan for {plan.source_format}")
        if frame.format.has_alpha and not self._stored.has_alpha:
            frame = flatten(frame, plan.source_color)
        frame = _crop(frame, width=plan.crop_width, height=plan.crop_height)
        frame = _match_gray(frame, self._stored)
        scaled = (frame.width, frame.height) != (plan.scaled_width, plan.scaled_height)
        if not scaled:
            frame = pad(frame, width=plan.width, height=plan.height)
        picture = self._stored_picture(frame, scaled=scaled)
        tag_picture(picture, plan.color)
        return picture

    def _stored_picture(self, frame: Frame, *, scaled: bool) -> av.VideoFrame:
        """The frame in the stored format and size."""
        plan, stored = self._encoding, self._stored
        source, target = plan.source_color, plan.color.resolved(height=plan.height)
        if stored.depth > 8 and frame.format.family is PixelFamily.RGB and stored.family is PixelFamily.YUV:
            frame, source = _deep_yuv(frame, target, stored.depth), target
        elif stored.depth > 8 and frame.format.family is PixelFamily.YUV and stored.family is PixelFamily.RGB:
            full = replace(frame.format, log2_chroma_w=0, log2_chroma_h=0)
            if frame.format != full or scaled:
                picture = self._convert(frame, pixel_format_name(full), source, source)
                frame = replace(frame, planes=planes_from_av(picture), format=full)
            frame = _deep_rgb(frame, source, stored.depth)
        same_size = (frame.width, frame.height) == (plan.width, plan.height)
        if same_size and pixel_format_name(frame.format) == plan.pixel_format:
            return frame_to_av(frame)
        picture = self._convert(frame, plan.pixel_format, source, target)
        if stored.has_alpha and stored.depth > frame.format.depth and not scaled:
            opaque = scale_alpha(frame.planes[-1], depth=frame.format.depth, to_depth=stored.depth)
            planes = (*planes_from_av(picture)[:-1], opaque)
            return frame_to_av(replace(frame, planes=planes, format=stored))
        return picture

    def _convert(self, frame: Frame, name: str, source: ColorSpec, target: ColorSpec) -> av.VideoFrame:
        """One pass of swscale to the planned size and the pixel format `name`."""
        plan = self._encoding
        picture = frame_to_av(frame)
        picture.color_range = _RANGES[source.range]
        return self._reformatter.reformat(
            picture,
            width=plan.width,
            height=plan.height,
            format=name,
            src_colorspace=_colorspace(source, frame.format),
            dst_colorspace=_colorspace(target, pixel_format_from_name(name)),
            src_color_range=_RANGES[source.range],
            dst_color_range=_RANGES[target.range],
            interpolation=_FLAGS,
            threads=1,
        )


def _deep_yuv(frame: Frame, color: ColorSpec, depth: int) -> Frame:
    """An RGB frame as 4:4:4 of `depth` bits, alpha likewise."""
    format = replace(frame.format, family=PixelFamily.YUV, depth=depth)
    planes = from_rgb(frame.planes, color, rgb_depth=frame.format.depth, depth=depth)
    return replace(frame, planes=planes + _deep_alpha(frame, depth), format=format)


def _deep_rgb(frame: Frame, color: ColorSpec, depth: int) -> Frame:
    """A 4:4:4 frame as RGB of `depth` bits, alpha likewise."""
    format = replace(frame.format, family=PixelFamily.RGB, depth=depth)
    planes = to_rgb(frame.planes, color, depth=frame.format.depth, rgb_depth=depth)
    return replace(frame, planes=planes + _deep_alpha(frame, depth), format=format)


def _deep_alpha(frame: Frame, depth: int) -> tuple[Plane, ...]:
    if not frame.format.has_alpha:
        return ()
    return (scale_alpha(frame.planes[-1], depth=frame.format.depth, to_depth=depth),)


def _colorspace(color: ColorSpec, format: PixelFormat) -> Colorspace:
    if format.family is not PixelFamily.YUV:
        return Colorspace.ITU709  # not looked at
    return _MATRICES.get(color.matrix, Colorspace.ITU709)


def flatten(frame: Frame, color: ColorSpec) -> Frame:
    """The frame laid over black, without its alpha."""
    format = frame.format
    alpha = frame.planes[-1].astype(np.float32) / np.float32(2**format.depth - 1)
    planes: list[Plane] = []
    for number, plane in enumerate(frame.planes[:-1]):
        black = _black(format, color, number)
        weight = _subsample(alpha, format) if format.family is PixelFamily.YUV and number else alpha
        blended = (plane.astype(np.float32) - black) * weight + np.float32(black)
        planes.append(np.rint(blended).astype(format.dtype))
    return replace(frame, planes=tuple(planes), format=replace(format, has_alpha=False))


def _black(format: PixelFormat, color: ColorSpec, plane: int) -> int:
    """The value of black in a plane."""
    if format.family is PixelFamily.YUV and plane:
        return 1 << (format.depth - 1)
    limited = format.family is not PixelFamily.RGB and color.range is Range.LIMITED
    return 16 << (format.depth - 8) if limited else 0


def _subsample(alpha: NDArray[np.float32], format: PixelFormat) -> NDArray[np.float32]:
    """The mean of alpha over each chroma sample."""
    step_y, step_x = 1 << format.log2_chroma_h, 1 << format.log2_chroma_w
    rows, columns = alpha.shape
    padded = np.pad(alpha, ((0, -rows % step_y), (0, -columns % step_x)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // step_y, step_y, padded.shape[1] // step_x, step_x)
    mean: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return mean  # (rows, columns) of the chroma plane


def _crop(frame: Frame, *, width: int, height: int) -> Frame:
    if (frame.width, frame.height) == (width, height):
        return frame
    shapes = [frame.format.plane_shape(n, width=width, height=height) for n in range(len(frame.planes))]
    planes = tuple(
        plane[:rows, :columns] for plane, (rows, columns) in zip(frame.planes, shapes, strict=True)
    )
    return replace(frame, planes=planes)


def pad(frame: Frame, *, width: int, height: int) -> Frame:
    """The frame with its last column and row repeated up to width x height."""
    if (frame.width, frame.height) == (width, height):
        return frame
    planes: list[Plane] = []
    for number, plane in enumerate(frame.planes):
        rows, columns = frame.format.plane_shape(number, width=width, height=height)
        margins = ((0, rows - plane.shape[0]), (0, columns - plane.shape[1]))
        planes.append(cast(Plane, np.pad(plane, margins, mode="edge")))
    return replace(frame, planes=tuple(planes))


def _match_gray(frame: Frame, stored: PixelFormat) -> Frame:
    """Gray as YCbCr with neutral chroma, or YCbCr's luma as gray; swscale would change the range."""
    format = frame.format
    if format.family is PixelFamily.GRAY and stored.family is not PixelFamily.GRAY:
        wanted = PixelFormat(
            family=PixelFamily.YUV,
            depth=format.depth,
            log2_chroma_w=stored.log2_chroma_w,
            log2_chroma_h=stored.log2_chroma_h,
        )
        try:
            pixel_format_name(wanted)
        except ValueError:
            wanted = replace(wanted, log2_chroma_w=0, log2_chroma_h=0)
        shape = wanted.plane_shape(1, width=frame.width, height=frame.height)
        neutral = cast(Plane, np.full(shape, 1 << (format.depth - 1), dtype=format.dtype))
        return replace(frame, planes=(frame.planes[0], neutral, neutral), format=wanted)
    if format.family is PixelFamily.YUV and stored.family is PixelFamily.GRAY:
        gray = PixelFormat(family=PixelFamily.GRAY, depth=format.depth)
        return replace(frame, planes=frame.planes[:1], format=gray)
    return frame


def choose_format(
    wanted: PixelFormat, candidates: tuple[tuple[str, PixelFormat], ...]
) -> tuple[str, PixelFormat] | None:
    """The candidate that keeps most of `wanted` and wastes least; None where there is none.

    Never one with alpha where none is wanted. What is lost counts in the order family, alpha, chroma, depth.
    """

    def cost(item: tuple[str, PixelFormat]) -> tuple[float, ...]:
        held = item[1]
        return (
            _family_cost(wanted.family, held.family),
            wanted.has_alpha and not held.has_alpha,
            max(0, held.log2_chroma_w - wanted.log2_chroma_w),
            max(0, held.log2_chroma_h - wanted.log2_chroma_h),
            max(0, wanted.depth - held.depth),
            max(0, wanted.log2_chroma_w - held.log2_chroma_w)
            + max(0, wanted.log2_chroma_h - held.log2_chroma_h),
            max(0, held.depth - wanted.depth),
        )

    usable = [item for item in candidates if wanted.has_alpha or not item[1].has_alpha]
    return min(usable, key=cost) if usable else None


def _family_cost(wanted: PixelFamily, held: PixelFamily) -> int:
    if wanted is held:
        return 0
    if wanted is PixelFamily.GRAY:
        return 1 if held is PixelFamily.YUV else 2
    return 5 if held is PixelFamily.GRAY else 1
