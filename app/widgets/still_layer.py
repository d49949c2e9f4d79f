"""What stands still below what moves: painted once, and anew only where it was spoiled."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QPainter, QPixmap, QRegion
from PySide6.QtWidgets import QWidget


class StillLayer:
    """A picture of a widget's still parts, in the pixels of its screen."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._picture = QPixmap()
        self._painted: tuple[QSize, float] | None = None
        self._spoiled = QRegion()

    def spoil(self, rect: QRectF | None = None) -> None:
        """What stands still in a rectangle is to be painted anew; None for all of it."""
        if rect is None:
            self._painted = None
            self._widget.update()
        else:
            self._spoiled += QRegion(whole_pixels(rect))
            self._widget.update(whole_pixels(rect))

    def picture(self, paint: Callable[[QPainter, QRectF], None]) -> QPixmap:
        """The picture as it should be now.

        Args:
            paint: paints what lies in a rectangle; called for each that was spoiled, with a clip.
        """
        size, pixel_ratio = self._widget.size(), self._widget.devicePixelRatioF()
        if self._painted != (size, pixel_ratio):
            self._painted = (size, pixel_ratio)
            pixels = QSize(ceil(size.width() * pixel_ratio), ceil(size.height() * pixel_ratio))
            if self._picture.size() != pixels:
                self._picture = QPixmap(pixels)
            self._picture.setDevicePixelRatio(pixel_ratio)
            self._spoiled = QRegion(QRect(0, 0, size.width() + 1, size.height() + 1))  # parts of pixels, too
        if not self._spoiled.isEmpty():
            painter = QPainter(self._picture)
            for rect in self._spoiled:  # type: ignore[attr-defined]
                # One by one: two small ones may lie in a box that is nearly everything.
                painter.setClipRect(rect)
                paint(painter, QRectF(rect))
            painter.end()
            self._spoiled = QRegion()
        return self._picture


def whole_pixels(rect: QRectF) -> QRect:
    """Whole pixels around a rectangle, and one more on each side for edges that are smoothed."""
    return rect.toAlignedRect().adjusted(-1, -1, 1, 1)
