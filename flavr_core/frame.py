"""Pixels in time: the format of a picture, one picture, and the four around a gap."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from flavr_core.color import ColorSpec

Plane = NDArray[np.uint8] | NDArray[np.uint16]


class PixelFamily(StrEnum):
    """What the planes of a format are."""

    YUV = "yuv"
    """Planes Y, U (Cb), V (Cr)."""
    GRAY = "gray"
    """One plane."""
    RGB = "rgb"
    """Planes R, G, B, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelFormat:
    """A planar integer pixel format. Every source brings its pixels to one of these, losslessly."""

    family: PixelFamily
    """What the planes are."""
    depth: int = 8
    """Bits a sample, 8 to 16; 8 is stored as uint8, more as uint16 in the low bits."""
    log2_chroma_w: int = 0
    """Chroma planes are ceil(width / 2**this) wide; 0 for gray and RGB."""
    log2_chroma_h: int = 0
    """Chroma planes are ceil(height / 2**this) high; 0 for gray and RGB."""
    has_alpha: bool = False
    """A last plane of straight alpha at full size, 0 clear, 2**depth - 1 opaque."""

    def __post_init__(self) -> None:
        if not 8 <= self.depth <= 16:
            raise ValueError(f"depth {self.depth} is not 8 to 16")
        if self.family is not PixelFamily.YUV and (self.log2_chroma_w or self.log2_chroma_h):
            raise ValueError("only YUV is subsampled")

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Element type of every plane."""
        return np.uint8 if self.depth == 8 else np.uint16

    @property
    def num_planes(self) -> int:
        """Planes of a frame, alpha included."""
        return (1 if self.family is PixelFamily.GRAY else 3) + int(self.has_alpha)

    def plane_shape(self, plane: int, *, width: int, height: int) -> tuple[int, int]:
        """(rows, columns) of plane number `plane` in a picture of width x height pixels."""
        if self.family is PixelFamily.YUV and plane in (1, 2):
            return -(-height >> self.log2_chroma_h), -(-width >> self.log2_chroma_w)
        return height, width

    def frame_bytes(self, *, width: int, height: int) -> int:
        """Bytes of all planes of one picture."""
        shapes = (self.plane_shape(plane, width=width, height=height) for plane in range(self.num_planes))
        return sum(rows * columns for rows, columns in shapes) * np.dtype(self.dtype).itemsize

    def __str__(self) -> str:
        if self.family is PixelFamily.YUV:
            names = {(1, 1): "4:2:0", (1, 0): "4:2:2", (0, 0): "4:4:4", (0, 1): "4:4:0", (2, 0): "4:1:1"}
            layout = names.get((self.log2_chroma_w, self.log2_chroma_h), "4:1:0")
        else:
            layout = "gray" if self.family is PixelFamily.GRAY else "RGB"
        return f"{layout} {self.depth} bit" + (" with alpha" if self.has_alpha else "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture with its time.

    Convention: `planes` in the order of `format.family` (alpha last), each (rows, columns),
    C-contiguous in the last axis, read-only by agreement: nobody writes into a frame.
    """

    planes: tuple[Plane, ...]
    """The pixels."""
    format: PixelFormat
    """Layout of the planes."""
    color: ColorSpec
    """How the numbers are to be read; as in the file, not resolved."""
    time: Fraction
    """Seconds at which it appears, on the clock of the clip it belongs to (source or output)."""
    index: int
    """Number from 0 in the clip it belongs to (source or output)."""
    made: bool = False
    """True for a frame that was drawn, False for one that was filmed."""

    @property
    def height(self) -> int:
        """Rows of the picture."""
        return int(self.planes[0].shape[0])

    @property
    def width(self) -> int:
        """Columns of the picture."""
        return int(self.planes[0].shape[1])

    @property
    def nbytes(self) -> int:
        """Bytes of all planes."""
        return sum(plane.nbytes for plane in self.planes)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFrame:
    """One frame of the output before it exists: when it is shown and what it is made from."""

    index: int
    """Number in the output, from 0."""
    time: Fraction
    """Seconds on the output's clock, 0 at the output's first frame."""
    gap: int
    """Number of the source frame before (or at) it; its gap is between source frames gap and gap + 1."""
    position: Fraction
    """Place in the gap that will be drawn, 0 <= position < 1; 0 is source frame `gap` itself, untouched."""
    timing_error: Fraction = Fraction(0)
    """Seconds of source time by which `position` misses the wanted place (a network's fixed grid)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameWindow:
    """The four source frames around one gap, and what is wanted from it.

    At a clip's ends and at cuts the missing neighbour is the nearest frame on the same side: with a
    cut between a and b, the window a b c d becomes b b c d. For the gap after the last frame all that
    is wanted is the last frame itself, and frames[2] and frames[3] repeat it.
    """

    gap: int
    """The gap is between source frames gap and gap + 1, which are frames[1] and frames[2]."""
    frames: tuple[Frame, Frame, Frame, Frame]
    """In order of time."""
    is_cut: bool
    """True when the gap itself is a cut: nothing is to be interpolated in it."""
    outputs: tuple[PlannedFrame, ...]
    """Output frames that lie in this gap, in order; never empty."""
