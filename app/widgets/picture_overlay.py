"""What floats over the pictures: labels, the wipe's handle, pixel grid, magnifier, messages.

Everything is drawn in the palette's colours on a plate of the window's own colour, so that it can be read
over any picture in any theme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLine, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPalette, QPen, QPolygonF

from app.widgets.picture_software import to_image
from flavr_core.comparison.display import Region, to_display
from flavr_core.frame import Frame

MARGIN_PX = 8
PADDING_PX = 8
GRID_FROM_PX = 10.0
"""Device-independent pixels a pixel of the picture from which on the grid is drawn."""
HANDLE_RADIUS_PX = 14
LENS_PIXELS = 17
"""Pixels of the picture across the magnifier; odd, so that one is in the middle."""
LENS_ZOOM = 10
"""Device-independent pixels for each of them."""
_PLATE_OPACITY = 0.86


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What is said in a corner of a pane."""

    letter: str
    """A or B, drawn as a badge; empty for none."""
    text: str
    """The words."""
    waiting: bool = False
    """Whether the picture under it is not the one asked for."""


def _plate(palette: QPalette) -> QColor:
    color = QColor(palette.color(QPalette.ColorRole.Window))
    color.setAlphaF(_PLATE_OPACITY)
    return color


def draw_label(
    painter: QPainter,
    palette: QPalette,
    font: QFont,
    label: Label,
    area: QRectF,
    *,
    at_right: bool,
    bottom: bool = False,
) -> None:
    """A plate with a badge and words in a corner of `area`; elided where it is too narrow."""
    metrics = QFontMetricsF(font)
    height = metrics.height() + PADDING_PX
    badge = height if label.letter else 0.0
    room = area.width() - 2 * MARGIN_PX - badge - 2 * PADDING_PX
    if room < 3 * metrics.averageCharWidth():
        room = 0.0
    text = metrics.elidedText(label.text, Qt.TextElideMode.ElideRight, room) if room else ""
    dots = " …" if label.waiting else ""
    words = text + dots
    width = badge + (metrics.horizontalAdvance(words) + 2 * PADDING_PX if words else 0)
    if width <= 0 or area.height() < height + 2 * MARGIN_PX or area.width() < width:
        return
    left = area.right() - MARGIN_PX - width if at_right else area.left() + MARGIN_PX
    top = area.bottom() - MARGIN_PX - height if bottom else area.top() + MARGIN_PX
    plate = QRectF(left, top, width, height)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    path.addRoundedRect(plate, 4, 4)
    painter.fillPath(path, _plate(palette))
    painter.setFont(font)
    if label.letter:
        _draw_badge(
            painter, palette, path, QRectF(left, top, badge, height), label.letter, waiting=label.waiting
        )
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    box = plate.adjusted(badge + PADDING_PX, 0, -PADDING_PX, 0)
    painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words)
    painter.restore()


def _draw_badge(
    painter: QPainter, palette: QPalette, plate: QPainterPath, box: QRectF, letter: str, *, waiting: bool
) -> None:
    role = QPalette.ColorRole.Mid if waiting else QPalette.ColorRole.Highlight
    text = QPalette.ColorRole.WindowText if waiting else QPalette.ColorRole.HighlightedText
    square = QPainterPath()
    square.addRect(box)
    painter.fillPath(plate.intersected(square), palette.color(role))
    painter.setPen(palette.color(text))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), letter)


def draw_wipe(painter: QPainter, palette: QPalette, x: float, area: QRectF, *, grabbed: bool) -> None:
    """The line between both sides and the knob to grab it by."""
    painter.save()
    rim = palette.color(QPalette.ColorRole.Window)
    rim.setAlphaF(0.6)
    painter.fillRect(QRectF(x - 2, area.top(), 4, area.height()), rim)
    accent = palette.color(QPalette.ColorRole.Highlight)
    painter.fillRect(QRectF(x - 1, area.top(), 2, area.height()), accent)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle = QPointF(x, area.center().y())
    radius = HANDLE_RADIUS_PX + (2 if grabbed else 0)
    painter.setPen(QPen(rim, 2))
    painter.setBrush(accent)
    painter.drawEllipse(middle, radius, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(QPalette.ColorRole.HighlightedText))
    for side in (-1, 1):
        tip = middle + QPointF(side * radius * 0.66, 0)
        base = side * radius * 0.24
        painter.drawPolygon(
            QPolygonF([tip, middle + QPointF(base, -radius * 0.36), middle + QPointF(base, radius * 0.36)])
        )
    painter.restore()


def draw_grid(
    painter: QPainter, palette: QPalette, target: QRectF, seen: QRect, columns: int, rows: int
) -> None:
    """Lines between the picture's pixels; the painter counts in pixels of the screen."""
    across, down = target.width() / columns, target.height() / rows
    if min(across, down) < GRID_FROM_PX * painter.device().devicePixelRatio():
        return
    painter.save()
    light = palette.color(QPalette.ColorRole.Window)
    light.setAlphaF(0.35)
    painter.setPen(QPen(light, 0))
    first, last = int((seen.left() - target.x()) / across), int((seen.right() - target.x()) / across) + 1
    places = [round(target.x() + column * across) for column in range(first, last + 1)]
    lines = [QLine(x, seen.top(), x, seen.bottom()) for x in places]
    first, last = int((seen.top() - target.y()) / down), int((seen.bottom() - target.y()) / down) + 1
    places = [round(target.y() + row * down) for row in range(first, last + 1)]
    lines += [QLine(seen.left(), y, seen.right(), y) for y in places]
    painter.drawLines(lines)
    painter.restore()


def draw_message(
    painter: QPainter, palette: QPalette, font: QFont, area: QRectF, text: str, *, plate: bool = False
) -> None:
    """Words in the middle of a pane; on a plate where there is a picture under them."""
    painter.save()
    painter.setFont(font)
    room = area.adjusted(4 * MARGIN_PX, MARGIN_PX, -4 * MARGIN_PX, -MARGIN_PX)
    flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
    if plate:
        words = QFontMetricsF(font).boundingRect(room, flags, text)
        box = words.adjusted(-2 * PADDING_PX, -PADDING_PX, 2 * PADDING_PX, PADDING_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_plate(palette))
        painter.drawRoundedRect(box, 4, 4)
    role = QPalette.ColorRole.WindowText if plate else QPalette.ColorRole.PlaceholderText
    painter.setPen(palette.color(role))
    painter.drawText(room, flags, text)
    painter.restore()


@dataclass(frozen=True, slots=True, kw_only=True)
class LensSide:
    """One side under the magnifier."""

    letter: str
    """A or B."""
    frame: Frame
    """Its picture."""


def draw_lens(
    painter: QPainter,
    palette: QPalette,
    font: QFont,
    sides: list[LensSide],
    place: tuple[float, float],
    cursor: QPointF,
    area: QRectF,
) -> None:
    """Both sides at one place, enlarged, with the numbers of the pixel in the middle, beside the cursor.

    Args:
        painter: counts in device-independent pixels.
        palette: colours.
        font: of the numbers.
        sides: one or two.
        place: of the middle, 0 to 1 across and down.
        cursor: beside which it floats.
        area: which it must not leave.
    """
    lens = LENS_PIXELS * LENS_ZOOM
    metrics = QFontMetricsF(font)
    line = metrics.height() + 4
    width, height = len(sides) * lens + (len(sides) - 1) * 2, lens + 2 * line
    box = QRectF(cursor.x() + 24, cursor.y() + 24, width, height)
    if box.right() > area.right() - MARGIN_PX:
        box.moveRight(cursor.x() - 24)
    if box.bottom() > area.bottom() - MARGIN_PX:
        box.moveBottom(cursor.y() - 24)
    box.moveLeft(max(box.left(), area.left() + MARGIN_PX))
    box.moveTop(max(box.top(), area.top() + MARGIN_PX))
    painter.save()
    painter.setFont(font)
    painter.fillRect(box.adjusted(-2, -2, 2, 2), palette.color(QPalette.ColorRole.Window))
    for number, side in enumerate(sides):
        spot = QRectF(box.x() + number * (lens + 2), box.y(), lens, lens)
        _draw_lens_side(painter, palette, side, place, spot, line)
    painter.restore()


def _draw_lens_side(
    painter: QPainter,
    palette: QPalette,
    side: LensSide,
    place: tuple[float, float],
    spot: QRectF,
    line: float,
) -> None:
    frame = side.frame
    column = min(int(place[0] * frame.width), frame.width - 1)
    row = min(int(place[1] * frame.height), frame.height - 1)
    pixels = _around(frame, column, row)
    painter.drawImage(spot, to_image(pixels))
    middle = LENS_PIXELS // 2 * LENS_ZOOM
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(spot.x() + middle, spot.y() + middle, LENS_ZOOM, LENS_ZOOM))
    red, green, blue = (int(value) for value in pixels[LENS_PIXELS // 2, LENS_PIXELS // 2])
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    centre = int(Qt.AlignmentFlag.AlignCenter)
    below = QRectF(spot.x(), spot.bottom(), spot.width(), line)
    painter.drawText(below, centre, f"{side.letter}  {column}, {row}")
    painter.drawText(below.translated(0, line), centre, f"{red}  {green}  {blue}")


def _around(frame: Frame, column: int, row: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """LENS_PIXELS squared around a pixel; the edge is repeated beyond the picture."""
    half = LENS_PIXELS // 2
    x0, y0 = max(0, column - half), max(0, row - half)
    x1, y1 = min(frame.width, column + half + 1), min(frame.height, row + half + 1)
    part = to_display(frame, region=Region(x=x0, y=y0, width=x1 - x0, height=y1 - y0))
    columns = np.clip(np.arange(column - half, column + half + 1), x0, x1 - 1) - x0
    rows = np.clip(np.arange(row - half, row + half + 1), y0, y1 - 1) - y0
    return np.asarray(part[np.ix_(rows, columns)], np.uint8)


def near_wipe(x: float, point: QPoint | QPointF) -> bool:
    """Whether a point is where the wipe's line can be grabbed."""
    return abs(point.x() - x) <= HANDLE_RADIUS_PX
