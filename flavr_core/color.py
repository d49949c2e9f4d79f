"""What a clip's numbers mean as colours: matrix, range, primaries, transfer, chroma siting.

The names are ffmpeg's own, so that they travel as tags without a table. `unspecified` stays
unspecified in the output's tags; `ColorSpec.resolved` says what the pixels are taken for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Matrix(StrEnum):
    """YCbCr matrix coefficients (ITU-T H.273)."""

    RGB = "rgb"
    BT601 = "bt601"
    """smpte170m and bt470bg, which share their coefficients."""
    BT709 = "bt709"
    BT2020_NCL = "bt2020nc"
    BT2020_CL = "bt2020c"
    """Constant luminance; pixels are carried and converted as bt2020nc, and a note says so."""
    SMPTE240M = "smpte240m"
    FCC = "fcc"
    YCGCO = "ycgco"
    UNSPECIFIED = "unspecified"


class Range(StrEnum):
    """Whether black and white are 16 and 235 (limited, scaled by depth) or 0 and 255 (full)."""

    LIMITED = "limited"
    FULL = "full"
    UNSPECIFIED = "unspecified"


class Siting(StrEnum):
    """Where a chroma sample of a subsampled format lies among its luma samples (H.273)."""

    LEFT = "left"
    CENTER = "center"
    TOPLEFT = "topleft"
    TOP = "top"
    BOTTOMLEFT = "bottomleft"
    BOTTOM = "bottom"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorSpec:
    """How the numbers of a frame are to be read as colours."""

    matrix: Matrix = Matrix.UNSPECIFIED
    """From YCbCr to R'G'B'; RGB for RGB formats, meaningless for gray but carried."""
    range: Range = Range.UNSPECIFIED
    """Limited or full swing."""
    siting: Siting = Siting.UNSPECIFIED
    """Place of chroma samples."""
    primaries: int = 2
    """H.273 colour primaries code point; 2 is unspecified. Carried as a tag only."""
    transfer: int = 2
    """H.273 transfer characteristics code point; 2 unspecified, 16 PQ, 18 HLG. Carried as a tag only."""
    matrix_code: int = 2
    """H.273 matrix coefficients code point as tagged in the file, carried to the output unchanged."""

    def resolved(self, *, height: int) -> ColorSpec:
        """The same with matrix, range and siting decided where the file leaves them open.

        Matrix: bt2020nc where the primaries are BT.2020, else bt709 from 720 lines on, else bt601
        (what ffplay, mpv and browsers assume). Range: limited. Siting: left (MPEG-2 and later).
        """
        matrix = self.matrix
        if matrix is Matrix.UNSPECIFIED:
            if self.primaries == 9:
                matrix = Matrix.BT2020_NCL
            else:
                matrix = Matrix.BT709 if height >= 720 else Matrix.BT601
        range_ = Range.LIMITED if self.range is Range.UNSPECIFIED else self.range
        siting = Siting.LEFT if self.siting is Siting.UNSPECIFIED else self.siting
        return replace(self, matrix=matrix, range=range_, siting=siting)
