"""How the timeline looks. Only what lies in the exposed part is looked at, however long the clip."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QLinearGradient,
    QPainter,
    QPalette,
    QPen,
    QPolygonF,
)

from app.widgets.theme import signal_color
from app.widgets.timeline_look import (
    FAINT,
    PALE,
    Look,
    heat_colors,
    label_px,
    marker_color,
    paint_columns,
    ruler_font,
    with_alpha,
)
from app.widgets.timeline_overlay import (
    paint_focus,
    paint_handles,
    paint_hover,
    paint_overview,
    paint_playhead,
)
from app.widgets.timeline_scale import TimeScale, ruler_text
from app.widgets.timeline_state import Band, MarkerLane, TimelineState
from app.widgets.timeline_tiles import tile_seconds, tiles

WORST_DB, BEST_DB = 24.0, 42.0
"""Ends of the heat strip's colours."""
_STRIPE_PX = 5
_LABEL_PX = 8
"""From a tick to its label: so far the playhead's head reaches."""
_CROWDED_PX = 7
"""Markers nearer than this are drawn as lines."""


def paint_still(painter: QPainter, exposed: QRectF, state: TimelineState, look: Look) -> None:
    """Paint what stands still while it plays, as far as it lies in the exposed part."""
    _smooth(painter)
    if exposed.intersects(look.lanes.strip):
        _paint_strip(painter, exposed, state, look)
    if exposed.intersects(look.lanes.ruler):
        _paint_ruler(painter, exposed, state, look)
    _paint_bar(painter, exposed, state, look)
    if exposed.intersects(look.lanes.heat):
        _paint_heat(painter, exposed, state, look)
    for kind in ("duplicate", "cut"):
        _paint_markers(painter, exposed, state, look, kind)
    paint_handles(painter, state, look)
    if exposed.intersects(look.lanes.overview):
        paint_overview(painter, state, look)
    paint_focus(painter, look)


def paint_moving(painter: QPainter, state: TimelineState, look: Look) -> None:
    """Paint what lies over it: playhead and mouse."""
    _smooth(painter)
    paint_hover(painter, state, look)
    paint_playhead(painter, state, look)


def _smooth(painter: QPainter) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)


def _paint_ruler(painter: QPainter, exposed: QRectF, state: TimelineState, look: Look) -> None:
    ruler, scale = look.lanes.ruler, look.scale
    if state.start is not None or state.stop is not None:
        left, right = scale.x(state.range_start), scale.x(state.range_stop)
        band = QRectF(left, ruler.bottom() - 3, right - left, 3)
        painter.fillRect(band, look.color(QPalette.ColorRole.Accent, PALE))
    room = label_px(look.font, scale)
    painter.setFont(ruler_font(look.font))
    step = scale.frame_s if scale.frame_px >= 8 else scale.label_step(room)
    line, text = look.color(QPalette.ColorRole.Mid), look.color(QPalette.ColorRole.PlaceholderText)
    for tick in scale.ticks(exposed.left() - room, exposed.right() + 1, label_px=room):
        height = 10 if tick.is_major else 5
        painter.fillRect(QRectF(round(tick.x), ruler.bottom() - height, 1, height), line)
        if tick.is_major:
            words = ruler_text(tick.time, step)
            if tick.frame is not None:
                words += f"   {tick.frame}"
            place = QRectF(tick.x + _LABEL_PX, ruler.top(), room, ruler.height() - 7)
            if place.left() + painter.fontMetrics().horizontalAdvance(words) > ruler.right():
                continue
            painter.setPen(text)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


def _stripes(first: QColor, second: QColor, phase: float) -> QBrush:
    gradient = QLinearGradient(phase, 0, phase + _STRIPE_PX, _STRIPE_PX)
    gradient.setSpread(QLinearGradient.Spread.RepeatSpread)
    for place, color in ((0.0, first), (0.49, first), (0.51, second), (1.0, second)):
        gradient.setColorAt(place, color)
    return QBrush(gradient)


def _paint_bar(painter: QPainter, exposed: QRectF, state: TimelineState, look: Look) -> None:
    assert state.times is not None
    lane, scale = look.lanes.bar, look.scale
    left, right = scale.x(state.times.start), scale.x(state.times.end)
    track = QRectF(left, lane.top() + 1, right - left, lane.height() - 2)
    painter.fillRect(track & exposed, look.color(QPalette.ColorRole.Midlight))
    good, track_color = signal_color("good"), look.color(QPalette.ColorRole.Mid)
    brushes = {
        "rendered": QBrush(good),
        "stale": _stripes(with_alpha(good, 0.75), track_color, 0),
        "rendering": _stripes(look.color(QPalette.ColorRole.Accent), track_color, look.phase),
    }
    for start, stop, kind in _visible_bands(state.bands, scale, exposed):
        x = scale.x(start)
        painter.fillRect(QRectF(x, track.top(), max(scale.x(stop) - x, 1.0), track.height()), brushes[kind])


def _visible_bands(bands: tuple[Band, ...], scale: TimeScale, exposed: QRectF) -> list[Band]:
    first, last = scale.time_at(exposed.left()), scale.time_at(exposed.right())
    begin = max(0, bisect_left(bands, first, key=lambda band: band[1]))
    end = bisect_left(bands, last, key=lambda band: band[0])
    return list(bands[begin : max(end, begin)])


def _paint_strip(painter: QPainter, exposed: QRectF, state: TimelineState, look: Look) -> None:
    assert state.times is not None
    strip, scale = look.lanes.strip, look.scale
    left, right = scale.x(state.times.start), scale.x(state.times.end)
    area = QRectF(left, strip.top(), right - left, strip.height())
    painter.save()
    painter.setClipRect(area & exposed & strip)
    painter.fillRect(strip, look.color(QPalette.ColorRole.AlternateBase))
    seconds = tile_seconds(scale, look.thumbnail_px)
    within = 8 * (seconds or scale.frame_s)
    for tile in tiles(scale, exposed.left(), exposed.right(), thumbnail_px=look.thumbnail_px):
        place = QRectF(tile.x, strip.top(), tile.width, strip.height())
        image = look.pictures.exact(tile.time)
        if image is None:
            image = look.pictures.near(tile.time, within=within)
            painter.setOpacity(FAINT)
        if image is not None:
            _paint_picture(painter, place, image, is_cropped=seconds is not None)
        painter.setOpacity(1.0)
        painter.fillRect(
            QRectF(tile.x, strip.top(), 1, strip.height()), look.color(QPalette.ColorRole.Base, FAINT)
        )
    for begin, end in ((left, scale.x(state.range_start)), (scale.x(state.range_stop), right)):
        outside = QRectF(begin, strip.top(), end - begin, strip.height())
        painter.fillRect(outside, look.color(QPalette.ColorRole.Window, PALE))
    painter.restore()


def _paint_picture(painter: QPainter, place: QRectF, image: QImage, *, is_cropped: bool) -> None:
    """A picture in its tile: cut to the tile's shape, or whole at the left where tiles are frames."""
    wide, high = image.width(), image.height()
    if not is_cropped and wide / high < place.width() / place.height():
        width = place.height() * wide / high
        painter.drawImage(QRectF(place.left(), place.top(), width, place.height()), image)
        return
    shape = place.width() / place.height()
    if wide / high > shape:
        cut = QRectF((wide - high * shape) / 2, 0, high * shape, high)
    else:
        cut = QRectF(0, (high - wide / shape) / 2, wide, wide / shape)
    painter.drawImage(place, image, cut)


def _paint_heat(painter: QPainter, exposed: QRectF, state: TimelineState, look: Look) -> None:
    """One column of colours a device pixel: the worst score that falls into it."""
    lane, scale = look.lanes.heat, look.scale
    assert state.times is not None
    left = max(exposed.left(), scale.x(state.times.start))
    right = min(exposed.right() + 1, scale.x(state.times.end))
    count = int((right - left) * look.pixel_ratio)
    painter.fillRect(
        QRectF(left, lane.top(), right - left, lane.height()), look.color(QPalette.ColorRole.Midlight)
    )
    if count < 1 or not state.scores:
        return
    begin = float(scale.start - state.times.start) + (left - scale.x(scale.start)) / scale.px_per_s
    edges: NDArray[np.float64] = begin + np.arange(count + 1, dtype=np.float64) * (
        (right - left) / count / scale.px_per_s
    )
    row = heat_row(state, edges)
    image = QImage(np.ascontiguousarray(row).data, count, 1, 4 * count, QImage.Format.Format_ARGB32)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(QRectF(left, lane.top(), right - left, lane.height()), image)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)


def heat_row(state: TimelineState, edges: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Colours (0xAARRGGBB) of columns between neighbouring edges, seconds from the clip's start."""
    starts, values = state.score_starts, state.score_values
    first = np.clip(np.searchsorted(starts, edges[:-1], side="right") - 1, 0, len(starts) - 1)
    last = np.maximum(np.searchsorted(starts, edges[1:], side="left") - 1, first)
    # The minimum of each stretch: every second answer; the others, between stretches, are not looked at.
    ends_and_starts = np.stack([first, last + 1], axis=1).ravel()
    worst = np.minimum.reduceat(np.append(values, np.inf), ends_and_starts)[::2]
    is_known = (edges[:-1] < state.score_stops[last]) & (edges[1:] > starts[first])
    part = np.clip((worst - WORST_DB) / (BEST_DB - WORST_DB), 0, 1)
    stops = heat_colors()
    channels = [
        np.interp(part, (0, 0.5, 1), [channel(color) for color in stops]).astype(np.uint32)
        for channel in (QColor.red, QColor.green, QColor.blue)
    ]
    opaque = np.where(is_known, np.uint32(255), np.uint32(0))
    return np.asarray(opaque << 24 | channels[0] << 16 | channels[1] << 8 | channels[2], np.uint32)


def _paint_markers(painter: QPainter, exposed: QRectF, state: TimelineState, look: Look, kind: str) -> None:
    assert state.times is not None
    lane, scale = state.lane(kind), look.scale
    origin = scale.x(state.times.start)
    near = np.array([exposed.left() - 8, exposed.right() + 8])
    first, last = np.searchsorted(lane.seconds, (near - origin) / scale.px_per_s)
    places = origin + lane.seconds[first:last] * scale.px_per_s
    color = with_alpha(marker_color(kind), 1.0 if lane.is_active else FAINT)
    moved = state.dragged if state.dragged is not None and state.dragged[0] == kind else None
    if len(places) > 1 and (places[-1] - places[0]) / len(places) < _CROWDED_PX:
        _paint_crowd(painter, places, color, look, kind)
        return
    for frame, x in zip(lane.frames[first:last], places.tolist(), strict=True):
        if moved is None or moved[1] != frame:
            _paint_marker(painter, x, color, look, kind, is_selected=state.selected == (kind, frame))
    _paint_ghosts(painter, exposed, state, lane, look, kind)
    if moved is not None:
        x = scale.x(state.times.time(moved[2]))
        _paint_marker(painter, x, color, look, kind, is_selected=True)


def _paint_crowd(
    painter: QPainter, places: NDArray[np.float64], color: QColor, look: Look, kind: str
) -> None:
    lane = look.lanes.markers
    top, height = (lane.top() + 3, 6) if kind == "cut" else (lane.bottom() - 6, 4)
    paint_columns(painter, places, top, height, color)


def _paint_ghosts(
    painter: QPainter, exposed: QRectF, state: TimelineState, lane: MarkerLane, look: Look, kind: str
) -> None:
    assert state.times is not None
    first = bisect_left(lane.ghosts, state.times.index_at(look.scale.time_at(exposed.left() - 8)))
    for frame in lane.ghosts[first:]:
        x = look.scale.x(state.times.time(frame))
        if x > exposed.right() + 8:
            return
        color = with_alpha(marker_color(kind), PALE)
        is_selected = state.selected == (kind, frame)
        _paint_marker(painter, x, color, look, kind, is_selected=is_selected, is_hollow=True)


def _paint_marker(
    painter: QPainter,
    x: float,
    color: QColor,
    look: Look,
    kind: str,
    *,
    is_selected: bool,
    is_hollow: bool = False,
) -> None:
    lane, strip = look.lanes.markers, look.lanes.strip
    x = round(x) + 0.5
    size = 5.5 if is_selected else 4.5
    outline = look.color(QPalette.ColorRole.WindowText) if is_selected else color
    painter.setPen(QPen(outline, 1.5 if is_selected else 1))
    painter.setBrush(Qt.BrushStyle.NoBrush if is_hollow else QBrush(color))
    if kind == "cut":
        middle = lane.center().y() - 1
        if not is_hollow:
            painter.fillRect(
                QRectF(x - 1.5, middle, 3, strip.bottom() - middle),
                look.color(QPalette.ColorRole.Base, FAINT),
            )
            painter.fillRect(QRectF(x - 0.5, middle, 1, strip.bottom() - middle), color)
        corners = ((0.0, -size), (size, 0.0), (0.0, size), (-size, 0.0))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, middle + dy) for dx, dy in corners]))
    else:
        bottom = lane.bottom() - 3
        painter.drawRoundedRect(QRectF(x - size + 2, bottom - size, 2 * size - 4, size), 1.5, 1.5)
