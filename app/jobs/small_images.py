"""Frames as small images for lists and strips."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from PySide6.QtGui import QImage

from flavr_core.comparison.display import to_display
from flavr_core.frame import Frame

_MOST_ASPECT = 8
"""Wider pictures are shown narrower than they are."""


def small_size(width: int, height: int, *, height_px: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """(width, height) of a small image `height_px` high, in the shape the picture is shown in."""
    shape = Fraction(width, height) * pixel_aspect
    shape = min(max(shape, Fraction(1, _MOST_ASPECT)), Fraction(_MOST_ASPECT))
    return max(1, round(shape * height_px)), max(1, height_px)


def small_image(frame: Frame, *, height_px: int, pixel_aspect: Fraction = Fraction(1)) -> QImage:
    """A frame as an image of about `height_px` rows for the screen. May be called from any thread."""
    wide, high = small_size(frame.width, frame.height, height_px=height_px, pixel_aspect=pixel_aspect)
    pixels = np.ascontiguousarray(to_display(frame, size=(wide, high)))
    rows, columns = pixels.shape[:2]
    image = QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    # Converting copies, as the pixels belong to numpy, and painting is fastest with this format.
    return image.convertToFormat(QImage.Format.Format_RGB32)
