"""What the mouse holds on the timeline: the playhead, a handle, a marker, the view."""

from __future__ import annotations

from bisect import bisect_left
from enum import Enum, auto
from fractions import Fraction
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from app.widgets.timeline_scale import MARGIN_PX

if TYPE_CHECKING:
    from app.widgets.timeline import Timeline

_REACH_PX = 7
"""How near the mouse has to be to a marker."""
_HANDLE_REACH_PX = 11
"""The same on a handle's outer side, where its tab is."""
_SLOP_PX = 3
"""A marker that was moved by less was only chosen."""


class _Held(Enum):
    NOTHING = auto()
    PLAYHEAD = auto()
    HANDLE = auto()
    MARKER = auto()
    VIEW = auto()
    OVERVIEW = auto()


class TimelineMouse:
    """Turns presses, moves and releases into what the timeline's signals say."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._held = _Held.NOTHING
        self._item: tuple[str, int] = ("", 0)
        self._pressed_x = 0.0
        self._last_x = 0.0
        self._before: Fraction | None = None

    @property
    def is_dragging(self) -> bool:
        """Whether a button holds something."""
        return self._held is not _Held.NOTHING

    def item_at(self, place: QPointF) -> tuple[str, int] | None:
        """(kind, frame) of the marker or handle at a place; None for none."""
        lanes = self._timeline.lanes
        if place.y() >= lanes.overview.top():
            return None
        in_grips = lanes.ruler.bottom() - 6 <= place.y() <= lanes.markers.bottom()
        handle = self._handle_at(place.x()) if in_grips else None
        if handle is not None:
            return handle
        if lanes.markers.top() - 2 <= place.y() <= lanes.markers.bottom() + 2:
            return self._marker_at(place.x())
        return None

    def _handle_at(self, x: float) -> tuple[str, int] | None:
        state, scale = self._timeline.state, self._timeline.scale
        start, stop = scale.x(state.range_start), scale.x(state.range_stop)
        if -2 <= start - x <= _HANDLE_REACH_PX:
            return "start", 0
        if -2 <= x - stop <= _HANDLE_REACH_PX:
            return "stop", 0
        return None

    def _marker_at(self, x: float) -> tuple[str, int] | None:
        state, scale = self._timeline.state, self._timeline.scale
        assert state.times is not None
        found: tuple[float, str, int] | None = None
        middle = state.times.index_at(scale.time_at(x))
        for kind in ("cut", "duplicate"):
            lane = state.lane(kind)
            for frames in (lane.frames, lane.ghosts):
                place = bisect_left(frames, middle)
                for frame in frames[max(0, place - 1) : place + 2]:
                    distance = abs(scale.x(state.times.time(frame)) - x)
                    if distance <= _REACH_PX and (found is None or distance < found[0]):
                        found = (distance, kind, frame)
        return found[1:] if found is not None else None

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        timeline, place = self._timeline, event.position()
        if timeline.state.times is None or self.is_dragging:
            return
        self._pressed_x = self._last_x = place.x()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._held = _Held.VIEW
            timeline.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._press_left(place)

    def _press_left(self, place: QPointF) -> None:
        timeline, lanes = self._timeline, self._timeline.lanes
        if place.y() >= lanes.overview.top() - 2:
            self._held = _Held.OVERVIEW
            self._center_view(place.x())
            return
        item = self.item_at(place)
        timeline.select(item)
        if item is None and lanes.heat.contains(place):
            score = timeline.score_at(timeline.scale.time_at(place.x()))
            if score is not None:
                timeline.seek_requested.emit(score[2])
                return
        if item is None:
            self._held = _Held.PLAYHEAD
            timeline.scrubbed.emit(timeline.scale.seek_place(place.x()))
        elif item[0] in ("start", "stop"):
            self._held, self._item = _Held.HANDLE, item
            self._before = timeline.state.start if item[0] == "start" else timeline.state.stop
        else:
            self._held, self._item = _Held.MARKER, item

    def move(self, event: QMouseEvent) -> None:
        """The mouse moves, with or without a button."""
        timeline, x = self._timeline, event.position().x()
        if self._held in (_Held.PLAYHEAD, _Held.HANDLE, _Held.MARKER):
            self._pan_at_the_edge(x)
        match self._held:
            case _Held.NOTHING:
                self._hover(event.position())
            case _Held.PLAYHEAD:
                timeline.scrubbed.emit(timeline.scale.seek_place(x))
            case _Held.HANDLE:
                self._move_handle(x)
            case _Held.MARKER:
                if abs(x - self._pressed_x) > _SLOP_PX or timeline.state.dragged is not None:
                    timeline.set_dragged((*self._item, self._frame_at(x)))
            case _Held.VIEW:
                timeline.pan(self._last_x - x)
            case _Held.OVERVIEW:
                self._center_view(x)
        self._last_x = x

    def release(self, event: QMouseEvent) -> None:
        """The button goes up."""
        timeline, held = self._timeline, self._held
        if event.buttons() & (Qt.MouseButton.LeftButton | Qt.MouseButton.MiddleButton):
            return
        self._held = _Held.NOTHING
        if held is _Held.PLAYHEAD:
            timeline.scrub_ended.emit()
        elif held is _Held.HANDLE:
            timeline.handle_dropped.emit()
        elif held is _Held.MARKER:
            self._drop_marker()
        timeline.unsetCursor()

    def cancel(self) -> bool:
        """Let go, and put back what was dragged."""
        timeline, held = self._timeline, self._held
        self._held = _Held.NOTHING
        if held is _Held.HANDLE:
            signal = timeline.start_moved if self._item[0] == "start" else timeline.stop_moved
            signal.emit(self._before)
            timeline.handle_dropped.emit()
        elif held is _Held.MARKER:
            timeline.set_dragged(None)
        elif held is _Held.PLAYHEAD:
            timeline.scrub_ended.emit()
        timeline.unsetCursor()
        return held is not _Held.NOTHING

    def _hover(self, place: QPointF) -> None:
        timeline = self._timeline
        if timeline.state.times is None:
            return
        item = self.item_at(place)
        if item is not None:
            timeline.setCursor(Qt.CursorShape.SizeHorCursor)
        elif timeline.lanes.heat.contains(place):
            timeline.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            timeline.unsetCursor()
        timeline.show_hover(place)

    def _frame_at(self, x: float) -> int:
        """The frame that begins nearest to a place; never the first one, which nothing comes before."""
        times = self._timeline.state.times
        assert times is not None
        frame = times.index_at(self._timeline.scale.snap(self._timeline.scale.time_at(x)))
        return min(max(frame, 1), len(times) - 1)

    def _move_handle(self, x: float) -> None:
        timeline, state = self._timeline, self._timeline.state
        assert state.times is not None
        time = self._attracted(x)
        if self._item[0] == "start":
            last = state.times.time(max(0, state.times.index_at(state.range_stop) - 1))
            if state.stop is None:
                last = state.times.time(len(state.times) - 1)
            timeline.start_moved.emit(min(time, last))
        else:
            first = state.times.time(state.times.index_at(state.range_start) + 1)
            timeline.stop_moved.emit(max(time, first))

    def _pan_at_the_edge(self, x: float) -> None:
        """What is dragged out of the view takes the view along."""
        timeline = self._timeline
        beyond = min(x - MARGIN_PX, 0.0) + max(x - (timeline.width() - MARGIN_PX), 0.0)
        if beyond and not timeline.scale.is_fit:
            timeline.pan(beyond)

    def _attracted(self, x: float) -> Fraction:
        """The time for a handle at a place: the playhead's or a cut's when one is near."""
        state, scale = self._timeline.state, self._timeline.scale
        assert state.times is not None
        near = self._marker_at(x)
        places = [state.times.time(near[1])] if near is not None and near[0] == "cut" else []
        places.append(state.times.time(state.times.index_at(state.asked)))
        nearest = min(places, key=lambda time: abs(scale.x(time) - x))
        if abs(scale.x(nearest) - x) <= _REACH_PX:
            return nearest
        return scale.snap(scale.time_at(x))

    def _drop_marker(self) -> None:
        dragged = self._timeline.state.dragged
        self._timeline.set_dragged(None)
        if dragged is None:
            return
        kind, frame, to = dragged
        if frame != to:
            self._timeline.marker_moved.emit(kind, frame, to)
            self._timeline.select((kind, to))

    def _center_view(self, x: float) -> None:
        timeline = self._timeline
        times, scale = timeline.state.times, timeline.scale
        assert times is not None
        part = (x - scale.x(scale.start)) / scale.width_px
        middle = times.start + Fraction(round(part * 10_000), 10_000) * times.duration
        timeline.see_from(middle - scale.span / 2)
