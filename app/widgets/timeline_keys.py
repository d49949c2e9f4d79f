"""The timeline by keyboard.

Left, Right          one second; a chosen handle or marker by a frame (with Shift by a second)
, .  Shift+arrows    one frame back, on
Ctrl+Left, Right     marker before, after
Up, Down             choose the handle or marker before, after
Home, End            ends of the clip
I, O                 in and out here; with Shift go there
M, Shift+M           cut here, duplicate here: added or removed
Del                  remove what is chosen
+ - 0                zoom in, out, fit
Esc                  let go
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from flavr_core.timing import FrameTimes

if TYPE_CHECKING:
    from app.widgets.timeline import Timeline

_OWN = {
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
    Qt.Key.Key_I, Qt.Key.Key_O, Qt.Key.Key_M, Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus,
    Qt.Key.Key_0, Qt.Key.Key_Comma, Qt.Key.Key_Period,
}  # fmt: skip
_ZOOM_STEP = 1.5


def wants_key(timeline: Timeline, event: QKeyEvent) -> bool:
    """Whether a key means something here, so that the window must not take it."""
    if timeline.state.times is None:
        return False
    if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
        return timeline.state.selected is not None
    if event.key() == Qt.Key.Key_Escape:
        return timeline.state.selected is not None or timeline.state.dragged is not None
    only_arrows = event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right)
    plain = not event.modifiers() & (
        Qt.KeyboardModifier.ControlModifier
        | Qt.KeyboardModifier.AltModifier
        | Qt.KeyboardModifier.MetaModifier
    )
    return event.key() in _OWN and (plain or only_arrows)


def press_key(timeline: Timeline, event: QKeyEvent) -> bool:
    """Do what a key means; False where it means nothing here."""
    times = timeline.state.times
    if times is None or not wants_key(timeline, event):
        return False
    key = event.key()
    shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
        _press_arrow(timeline, times, event, 1 if key == Qt.Key.Key_Right else -1)
    elif key in (Qt.Key.Key_Comma, Qt.Key.Key_Period):
        _seek_frames(timeline, times, 1 if key == Qt.Key.Key_Period else -1)
    elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
        _choose(timeline, times, 1 if key == Qt.Key.Key_Down else -1)
    elif key == Qt.Key.Key_Home:
        timeline.seek_requested.emit(times.start)
    elif key == Qt.Key.Key_End:
        timeline.seek_requested.emit(times.time(len(times) - 1))
    elif key == Qt.Key.Key_I:
        _press_in(timeline, times, shift=shift)
    elif key == Qt.Key.Key_O:
        _press_out(timeline, times, shift=shift)
    elif key == Qt.Key.Key_M:
        toggle_marker(timeline, times, "duplicate" if shift else "cut", times.index_at(timeline.state.asked))
    elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
        _remove_selected(timeline)
    elif key == Qt.Key.Key_Escape:
        if not timeline.cancel_drag():
            timeline.select(None)
    elif key == Qt.Key.Key_0:
        timeline.fit()
    else:
        timeline.zoom(1 / _ZOOM_STEP if key == Qt.Key.Key_Minus else _ZOOM_STEP)
    return True


def toggle_marker(timeline: Timeline, times: FrameTimes, kind: str, frame: int) -> None:
    """Add a marker at a frame, or take it away."""
    if frame in timeline.state.lane(kind).frames:
        timeline.marker_removed.emit(kind, frame)
    elif 0 < frame < len(times):
        timeline.marker_added.emit(kind, frame)
        timeline.select((kind, frame))


def _press_arrow(timeline: Timeline, times: FrameTimes, event: QKeyEvent, direction: int) -> None:
    shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        _go_to_marker(timeline, times, direction)
    elif timeline.state.selected is not None:
        _nudge(timeline, times, direction, by_second=shift)
    elif shift:
        _seek_frames(timeline, times, direction)
    else:
        time = min(max(timeline.state.asked + direction, times.start), times.time(len(times) - 1))
        timeline.seek_requested.emit(times.time(times.index_at(time)))


def _seek_frames(timeline: Timeline, times: FrameTimes, frames: int) -> None:
    here = times.index_at(timeline.state.asked)
    timeline.seek_requested.emit(times.time(min(max(here + frames, 0), len(times) - 1)))


def _go_to_marker(timeline: Timeline, times: FrameTimes, direction: int) -> None:
    """The next cut, in or out point, or end of the clip."""
    here = times.index_at(timeline.state.asked)
    places = {*timeline.state.lane("cut").frames, 0, len(times) - 1}
    for time in (timeline.state.start, timeline.state.stop):
        if time is not None:
            places.add(times.index_at(time))
    if direction > 0:
        found = min((place for place in places if place > here), default=None)
    else:
        found = max((place for place in places if place < here), default=None)
    if found is not None:
        timeline.seek_requested.emit(times.time(found))


def _choose(timeline: Timeline, times: FrameTimes, direction: int) -> None:
    """Choose the next handle or marker, and go to it."""
    state = timeline.state
    items: list[tuple[Fraction, tuple[str, int]]] = [
        (state.range_start, ("start", 0)),
        (state.range_stop, ("stop", 0)),
    ]
    for kind in ("cut", "duplicate"):
        lane = state.lane(kind)
        items += [(times.time(frame), (kind, frame)) for frame in (*lane.frames, *lane.ghosts)]
    items.sort()
    chosen = [place for place, item in enumerate(items) if item[1] == state.selected]
    if chosen:
        place = min(max(chosen[0] + direction, 0), len(items) - 1)
    elif direction > 0:
        place = next((n for n, item in enumerate(items) if item[0] >= state.asked), len(items) - 1)
    else:
        place = next((n for n in range(len(items) - 1, -1, -1) if items[n][0] <= state.asked), 0)
    time, item = items[place]
    timeline.seek_requested.emit(min(time, times.time(len(times) - 1)))
    timeline.select(item)


def _nudge(timeline: Timeline, times: FrameTimes, direction: int, *, by_second: bool) -> None:
    """Move what is chosen by a frame or a second."""
    state = timeline.state
    assert state.selected is not None
    kind, frame = state.selected
    if kind in ("start", "stop"):
        time = state.range_start if kind == "start" else state.range_stop
        frame = len(times) if time >= times.end else times.index_at(time)
    to = frame + direction
    if by_second:
        wanted = times.time(frame) + direction
        to = len(times) if wanted >= times.end else times.index_at(wanted)
    if kind == "start":
        timeline.start_moved.emit(times.time(min(max(to, 0), len(times) - 1)))
        timeline.handle_dropped.emit()
    elif kind == "stop":
        timeline.stop_moved.emit(times.time(min(max(to, 1), len(times))))
        timeline.handle_dropped.emit()
    elif 0 < to < len(times) and frame in state.lane(kind).frames:
        timeline.marker_moved.emit(kind, frame, to)
        timeline.select((kind, to))
        timeline.seek_requested.emit(times.time(to))


def _press_in(timeline: Timeline, times: FrameTimes, *, shift: bool) -> None:
    if shift:
        timeline.seek_requested.emit(timeline.state.range_start)
    else:
        timeline.start_moved.emit(times.time(times.index_at(timeline.state.asked)))
        timeline.handle_dropped.emit()


def _press_out(timeline: Timeline, times: FrameTimes, *, shift: bool) -> None:
    """The out point lies after the frame at the playhead, so that this frame is the last one."""
    if shift:
        last = times.index_at(timeline.state.range_stop) - (timeline.state.stop is not None)
        timeline.seek_requested.emit(times.time(max(last, 0)))
    else:
        timeline.stop_moved.emit(times.time(times.index_at(timeline.state.asked) + 1))
        timeline.handle_dropped.emit()


def _remove_selected(timeline: Timeline) -> None:
    assert timeline.state.selected is not None
    kind, frame = timeline.state.selected
    if kind == "start":
        timeline.start_moved.emit(None)
        timeline.handle_dropped.emit()
    elif kind == "stop":
        timeline.stop_moved.emit(None)
        timeline.handle_dropped.emit()
    elif frame in timeline.state.lane(kind).ghosts:
        timeline.marker_added.emit(kind, frame)
    else:
        timeline.marker_removed.emit(kind, frame)
    timeline.select(None)
