"""The timeline's context menu."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QMenu

from app.widgets.icons import icon
from app.widgets.timeline_keys import toggle_marker

if TYPE_CHECKING:
    from app.widgets.timeline import Timeline


def timeline_menu(timeline: Timeline, x: float) -> QMenu:
    """What can be done at a place; the menu deletes itself."""
    times = timeline.state.times
    assert times is not None
    time = timeline.scale.time_at(x)
    frame = times.index_at(time)
    menu = QMenu(timeline)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.addAction(
        icon("goto"), timeline.tr("Go here"), lambda: timeline.seek_requested.emit(times.time(frame))
    )
    menu.addSeparator()
    menu.addAction(
        icon("mark-in"), timeline.tr("Set in point here"), lambda: _move(timeline, "start", times.time(frame))
    )
    menu.addAction(
        icon("mark-out"),
        timeline.tr("Set out point here"),
        lambda: _move(timeline, "stop", times.time(frame + 1)),
    )
    clear = menu.addAction(timeline.tr("Clear in and out points"), timeline.range_cleared.emit)
    clear.setEnabled(timeline.state.start is not None or timeline.state.stop is not None)
    menu.addSeparator()
    _add_marker_actions(menu, timeline, x, frame)
    menu.addSeparator()
    menu.addAction(icon("zoom-in"), timeline.tr("Zoom in"), lambda: timeline.zoom(2.0, at=x))
    menu.addAction(icon("zoom-out"), timeline.tr("Zoom out"), lambda: timeline.zoom(0.5, at=x))
    menu.addAction(icon("fit"), timeline.tr("Show the whole clip"), timeline.fit)
    menu.addAction(timeline.tr("Show what is between in and out"), timeline.fit_range).setEnabled(
        clear.isEnabled()
    )
    if timeline.state.scores:
        menu.addSeparator()
        menu.addAction(icon("worst"), timeline.tr("Go to the worst gap"), timeline.worst_requested.emit)
    return menu


def _move(timeline: Timeline, kind: str, time: Fraction) -> None:
    (timeline.start_moved if kind == "start" else timeline.stop_moved).emit(time)
    timeline.handle_dropped.emit()


def _add_marker_actions(menu: QMenu, timeline: Timeline, x: float, frame: int) -> None:
    times = timeline.state.times
    assert times is not None
    item = timeline.item_at(QPointF(x, timeline.lanes.markers.center().y()))
    for kind, image, add, remove, restore in (
        ("cut", "cut", timeline.tr("Add cut here"), timeline.tr("Remove cut"), timeline.tr("Restore cut")),
        (
            "duplicate",
            "duplicate",
            timeline.tr("Mark frame as duplicate"),
            timeline.tr("Frame is no duplicate"),
            timeline.tr("Frame is a duplicate after all"),
        ),
    ):
        at = item[1] if item is not None and item[0] == kind else frame
        lane = timeline.state.lane(kind)
        words = remove if at in lane.frames else restore if at in lane.ghosts else add
        action = menu.addAction(icon(image), words)
        action.triggered.connect(partial(toggle_marker, timeline, times, kind, at))
        action.setEnabled(at > 0)
