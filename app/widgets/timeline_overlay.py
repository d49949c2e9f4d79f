"""What lies over the timeline's lanes: in and out, playhead, mouse; and the whole clip below."""

from __future__ import annotations

from fractions import Fraction

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPalette, QPen, QPolygonF

from app.widgets.theme import signal_color
from app.widgets.timeline_look import CLEAR, FAINT, PALE, Look, paint_columns
from app.widgets.timeline_scale import MARGIN_PX, TimeScale
from app.widgets.timeline_state import TimelineState
from flavr_core.timing import FrameTimes

HANDLE_PX = 9
"""Width of the tabs of in and out."""


def paint_handles(painter: QPainter, state: TimelineState, look: Look) -> None:
    """The tabs of in and out."""
    ruler, strip, scale = look.lanes.ruler, look.lanes.strip, look.scale
    for kind, time, is_set in (
        ("start", state.range_start, state.start is not None),
        ("stop", state.range_stop, state.stop is not None),
    ):
        x, side = scale.x(time), -1 if kind == "start" else 1
        is_selected = state.selected == (kind, 0)
        role = QPalette.ColorRole.Accent if is_set or is_selected else QPalette.ColorRole.Mid
        color = look.color(role)
        painter.fillRect(
            QRectF(x - (1 if side < 0 else 0), ruler.bottom() - 5, 1, strip.bottom() - ruler.bottom() + 5),
            color,
        )
        tab = QRectF(
            min(x, x + side * HANDLE_PX),
            ruler.bottom() - 5,
            HANDLE_PX,
            look.lanes.bar.height() + look.lanes.markers.height() + 3,
        )
        painter.setPen(
            QPen(look.color(QPalette.ColorRole.WindowText), 1.5) if is_selected else Qt.PenStyle.NoPen
        )
        painter.setBrush(color)
        painter.drawRoundedRect(tab, 2.5, 2.5)
        painter.fillRect(QRectF(x - 2 if side > 0 else x, tab.top(), 2, tab.height()) & tab, color)
        grip = look.color(QPalette.ColorRole.Window, PALE)
        for offset in (-1.5, 1.5):
            line = QRectF(tab.center().x() + offset - 0.5, tab.center().y() - 4, 1, 8)
            painter.fillRect(line, grip)


def paint_overview(painter: QPainter, state: TimelineState, look: Look) -> None:
    """The whole clip, small: what is seen of it, the marked range and cuts."""
    assert state.times is not None
    lane, scale, times = look.lanes.overview, look.scale, state.times
    width = scale.width_px

    def x(time: Fraction) -> float:
        return _overview_x(times, scale, time)

    left = x(times.start)
    track = QRectF(left, lane.center().y() - 2, width, 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.color(QPalette.ColorRole.Midlight))
    painter.drawRoundedRect(track, 2, 2)
    if state.start is not None or state.stop is not None:
        painter.setBrush(look.color(QPalette.ColorRole.Accent, FAINT))
        marked = QRectF(x(state.range_start), track.top(), x(state.range_stop) - x(state.range_start), 4)
        painter.drawRoundedRect(marked, 2, 2)
    cuts = left + state.lane("cut").seconds * (width / float(times.duration))
    paint_columns(painter, cuts, track.top(), 4, signal_color("warning"))
    if not scale.is_fit:
        window = QRectF(
            x(scale.start), lane.top() + 0.5, max(x(scale.stop) - x(scale.start), 8), lane.height() - 1
        )
        painter.setPen(QPen(look.color(QPalette.ColorRole.PlaceholderText), 1))
        painter.setBrush(look.color(QPalette.ColorRole.WindowText, CLEAR))
        painter.drawRoundedRect(window, 3, 3)


def _overview_x(times: FrameTimes, scale: TimeScale, time: Fraction) -> float:
    return MARGIN_PX + float(time - times.start) / float(times.duration) * scale.width_px


def paint_focus(painter: QPainter, look: Look) -> None:
    """A frame around what keys go to."""
    if look.has_focus:
        strip = look.lanes.strip
        painter.setPen(QPen(look.color(QPalette.ColorRole.Accent), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(strip.adjusted(3.5, -0.5, -3.5, 0.5), 3, 3)


def paint_hover(painter: QPainter, state: TimelineState, look: Look) -> None:
    """A line where the mouse is."""
    if state.hover_x is not None:
        top = look.lanes.ruler.top()
        line = QRectF(round(state.hover_x), top, 1, look.lanes.strip.bottom() - top)
        painter.fillRect(line, look.color(QPalette.ColorRole.PlaceholderText, FAINT))


def paint_playhead(painter: QPainter, state: TimelineState, look: Look) -> None:
    """Where the playhead stands, also in the whole clip, and what is still shown instead."""
    assert state.times is not None
    top, bottom = look.lanes.ruler.top(), look.lanes.overview.top() - 3
    text, base = look.color(QPalette.ColorRole.WindowText), look.color(QPalette.ColorRole.Base, PALE)
    if state.shown is not None:
        x = look.scale.x(state.shown)
        painter.setPen(QPen(look.color(QPalette.ColorRole.PlaceholderText), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, top + 8), QPointF(x, bottom))
    x = look.scale.x(state.asked)
    painter.fillRect(
        QRectF(x - 1.75, look.lanes.ruler.bottom(), 3.5, bottom - look.lanes.ruler.bottom()), base
    )
    painter.fillRect(QRectF(x - 0.75, top + 8, 1.5, bottom - top - 8), text)
    head = [(-6.0, 0.0), (6.0, 0.0), (6.0, 7.0), (0.0, 13.0), (-6.0, 7.0)]
    painter.setPen(
        QPen(look.color(QPalette.ColorRole.Accent if look.has_focus else QPalette.ColorRole.Base), 1.5)
    )
    painter.setBrush(text)
    painter.drawPolygon(QPolygonF([QPointF(x + dx, top + 3 + dy) for dx, dy in head]))
    overview = look.lanes.overview
    small = _overview_x(state.times, look.scale, state.asked)
    painter.fillRect(QRectF(small - 0.75, overview.top(), 1.5, overview.height()), text)
