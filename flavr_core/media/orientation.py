"""Display orientation: the rotation and mirroring a file asks players for, applied to planes exactly.

Convention: planes as in `Frame.planes`; no sample is changed, only moved. Follows the display matrix of
ISO/IEC 14496-12 (tkhd) as libav hands it on: (x, y) goes to (a x + c y, b x + d y), y pointing down.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from fractions import Fraction

import av

from flavr_core.color import ColorSpec, Siting
from flavr_core.frame import Frame, PixelFamily, PixelFormat, Plane
from flavr_core.media.tags import side_data_of

_TRANSPOSED: dict[Siting, Siting] = {
    Siting.LEFT: Siting.TOP, Siting.TOP: Siting.LEFT, Siting.TOPLEFT: Siting.TOPLEFT,
    Siting.CENTER: Siting.CENTER, Siting.BOTTOM: Siting.CENTER, Siting.BOTTOMLEFT: Siting.CENTER,
}  # fmt: skip
"""Siting after rows and columns are swapped; places right of the middle have no name and become centre."""
_FLIPPED_X: dict[Siting, Siting] = {
    Siting.LEFT: Siting.CENTER,
    Siting.TOPLEFT: Siting.TOP,
    Siting.BOTTOMLEFT: Siting.BOTTOM,
}
_FLIPPED_Y: dict[Siting, Siting] = {
    Siting.TOP: Siting.BOTTOM, Siting.BOTTOM: Siting.TOP, Siting.TOPLEFT: Siting.BOTTOMLEFT,
    Siting.BOTTOMLEFT: Siting.TOPLEFT,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """How stored pictures are turned to stand upright: first transposed, then flipped."""

    transpose: bool = False
    """Rows become columns."""
    flip_x: bool = False
    """Left becomes right."""
    flip_y: bool = False
    """Top becomes bottom."""

    @property
    def is_identity(self) -> bool:
        """Whether pictures are stored upright."""
        return not (self.transpose or self.flip_x or self.flip_y)

    @property
    def is_mirrored(self) -> bool:
        """Whether this is more than a rotation."""
        return self.transpose ^ self.flip_x ^ self.flip_y

    @property
    def rotation(self) -> int:
        """Degrees clockwise; of a mirrored orientation those left after mirroring left to right."""
        if self.transpose:
            return 270 if self.flip_y else 90
        return 180 if self.flip_y else 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) as delivered."""
        return (height, width) if self.transpose else (width, height)

    def format(self, stored: PixelFormat) -> PixelFormat:
        """The pixel format as delivered: 4:2:2 turned by a quarter is 4:4:0."""
        if not self.transpose:
            return stored
        return replace(stored, log2_chroma_w=stored.log2_chroma_h, log2_chroma_h=stored.log2_chroma_w)

    def aspect(self, stored: Fraction) -> Fraction:
        """The pixel aspect as delivered."""
        return 1 / stored if self.transpose else stored

    def color(self, stored: ColorSpec, format: PixelFormat) -> ColorSpec:
        """The colour tags as delivered: chroma samples lie elsewhere in a turned picture."""
        is_subsampled = format.family is PixelFamily.YUV and (format.log2_chroma_w or format.log2_chroma_h)
        if self.is_identity or not is_subsampled:
            return stored
        siting: Siting = Siting.LEFT if stored.siting is Siting.UNSPECIFIED else stored.siting
        if self.transpose:
            siting = _TRANSPOSED[siting]
        if self.flip_x:
            siting = _FLIPPED_X.get(siting, siting)
        if self.flip_y:
            siting = _FLIPPED_Y.get(siting, siting)
        return replace(stored, siting=siting)

    def apply(self, frame: Frame) -> Frame:
        """The frame as delivered but for its colour tags; the same object where nothing is to be done."""
        if self.is_identity:
            return frame
        planes: list[Plane] = []
        for plane in frame.planes:
            turned: Plane = plane.T if self.transpose else plane
            turned = turned[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]
            planes.append(turned.copy())
        return replace(frame, planes=tuple(planes), format=self.format(frame.format))


UPRIGHT = Orientation()
"""Nothing is done."""


def parse_display_matrix(data: bytes) -> tuple[Orientation, str]:
    """The orientation of a display matrix (nine native 32-bit integers), and a note where it is odd.

    Other angles than quarters are left unturned.
    """
    if len(data) < 36:
        return UPRIGHT, ""
    a, b, _, c, d = struct.unpack("=5i", data[:20])
    if a and d and abs(b) + abs(c) <= (abs(a) + abs(d)) // 100:
        return Orientation(flip_x=a < 0, flip_y=d < 0), ""
    if b and c and abs(a) + abs(d) <= (abs(b) + abs(c)) // 100:
        return Orientation(transpose=True, flip_x=c < 0, flip_y=b < 0), ""
    if a or b or c or d:
        return UPRIGHT, "The file asks for a slanted display, which is not applied."
    return UPRIGHT, ""


_EXIF = {
    2: Orientation(flip_x=True),
    3: Orientation(flip_x=True, flip_y=True),
    4: Orientation(flip_y=True),
    5: Orientation(transpose=True),
    6: Orientation(transpose=True, flip_x=True),
    7: Orientation(transpose=True, flip_x=True, flip_y=True),
    8: Orientation(transpose=True, flip_y=True),
}
_QUARTERS = {0: UPRIGHT, -90: _EXIF[6], 90: _EXIF[8], 180: _EXIF[3], -180: _EXIF[3]}
"""By the degrees counter-clockwise that libav gives."""


def exif_orientation(value: int) -> Orientation:
    """The orientation of EXIF's tag 274; upright for values it does not have."""
    return _EXIF.get(value, UPRIGHT)


def orientation_of(picture: av.VideoFrame) -> tuple[Orientation, str]:
    """How a decoded picture is to be turned, and a note where that is odd."""
    side_data = side_data_of(picture)
    if side_data is None:
        # PyAV cannot list side data of kinds it does not know; the angle it can tell.
        return _QUARTERS.get(picture.rotation, UPRIGHT), ""
    matrix = side_data.get("DISPLAYMATRIX")
    return parse_display_matrix(matrix) if matrix else (UPRIGHT, "")
