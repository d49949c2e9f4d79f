"""Sizes in which pictures are made for the screen: few, so that resizing a window makes nothing stale."""

from __future__ import annotations

from fractions import Fraction

from flavr_core.clip import ClipInfo
from flavr_core.frame import Frame

SCALES = tuple(Fraction(eighths, 8) for eighths in range(1, 9))
"""Sizes that are made, over the clip's."""
LEAST_PX = 64
"""Pictures are not scaled below this."""


def screen_size(info: ClipInfo, width_px: int, height_px: int) -> tuple[int, int]:
    """The smallest of the sizes that fills a place of the screen, (width, height); the clip's own at most."""
    wanted = min(width_px / (info.width * info.pixel_aspect), Fraction(height_px, info.height))
    least = max(Fraction(LEAST_PX, info.width), Fraction(LEAST_PX, info.height))
    scale = next((one for one in SCALES if one >= wanted and one >= least), Fraction(1))
    if scale == 1:
        return info.width, info.height
    return max(2, round(info.width * scale / 2) * 2), max(2, round(info.height * scale / 2) * 2)


def scale_of(info: ClipInfo, frame: Frame) -> Fraction:
    """Size of a picture over the clip's: the one of the sizes that it was rounded from."""
    return min(SCALES, key=lambda scale: abs(scale * info.width - frame.width))
