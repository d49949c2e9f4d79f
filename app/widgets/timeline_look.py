"""Colours and fonts of the timeline, from the palette."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette

from app.widgets.theme import signal_color
from app.widgets.timeline_scale import FRAME_TICKS_PX, TimeScale, ruler_text
from app.widgets.timeline_state import Lanes
from app.widgets.timeline_tiles import TilePictures

FAINT, PALE, CLEAR = 0.45, 0.7, 0.16
"""How far colours are see-through."""
_RULER_FONT = 0.84


@dataclass(slots=True, kw_only=True)
class Look:
    """What painting needs beside what is shown."""

    scale: TimeScale
    lanes: Lanes
    palette: QPalette
    font: QFont
    pictures: TilePictures
    thumbnail_px: float
    """Width of a thumbnail."""
    phase: float = 0.0
    """Place of the moving stripes, in pixels."""
    has_focus: bool = False
    """Whether keys go to the timeline."""
    pixel_ratio: float = 1.0
    """Device pixels a pixel."""

    def color(self, role: QPalette.ColorRole, alpha: float = 1.0) -> QColor:
        """A colour of the theme."""
        color = QColor(self.palette.color(role))
        color.setAlphaF(alpha * color.alphaF())
        return color


def with_alpha(color: QColor, alpha: float) -> QColor:
    """The colour, see-through."""
    found = QColor(color)
    found.setAlphaF(alpha)
    return found


def ruler_font(font: QFont) -> QFont:
    """The font of the ruler."""
    small = QFont(font)
    if font.pointSizeF() > 0:
        small.setPointSizeF(font.pointSizeF() * _RULER_FONT)
    else:
        small.setPixelSize(round(font.pixelSize() * _RULER_FONT))
    return small


def label_px(font: QFont, scale: TimeScale) -> float:
    """Room that a label of the ruler needs, the last frame's for one."""
    widest = "0:00:00.0"
    if scale.times is not None and scale.frame_px >= FRAME_TICKS_PX:
        widest = f"{ruler_text(scale.times.duration, scale.frame_s)}   {len(scale.times)}"
    return QFontMetricsF(ruler_font(font)).horizontalAdvance(widest) + 16


def paint_columns(
    painter: QPainter, places: NDArray[np.float64], top: float, height: float, color: QColor
) -> None:
    """A line a pixel wide at every place, however many: neighbouring ones become one rectangle."""
    columns = np.unique(np.floor(places))
    if not len(columns):
        return
    breaks = np.flatnonzero(np.diff(columns) > 1)
    firsts = columns[np.concatenate(([0], breaks + 1))].tolist()
    lasts = columns[np.concatenate((breaks, [len(columns) - 1]))].tolist()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.drawRects([QRectF(a, top, b - a + 1, height) for a, b in zip(firsts, lasts, strict=True)])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def heat_colors() -> list[QColor]:
    """Worst, middling, best: the theme's hues, light enough that what lies between them is not mud."""
    found = []
    for name in ("bad", "warning", "good"):
        color = signal_color(name)
        saturation, lightness = min(color.hslSaturationF(), 0.75), max(color.lightnessF(), 0.5)
        found.append(QColor.fromHslF(color.hslHueF(), saturation, lightness))
    return found


def marker_color(kind: str) -> QColor:
    """The colour of a kind of markers."""
    return signal_color("warning") if kind == "cut" else signal_color("good")
