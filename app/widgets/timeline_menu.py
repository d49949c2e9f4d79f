"""The timeline's context menu."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QPointF
from PySide6.QtWidgets import QMenu

from app.widgets.icons import icon
from app.widgets.timeline_keys import toggle_marker

if TYPE_CHECKING:
    from app.widgets.timeline import Timeline

translate = QCoreApplication.translate


def timeline_menu(timeline: Timeline, x: float) -> QMenu:
    """What can be done at a place; the menu deletes itself."""
    times = timeline.state.times
    assert times is not None
    time = timeline.scale.time_at(x)
    frame = times.index_at(time)
    menu = QMenu(timeline)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.addAction(
        icon("goto"),
        translate("Timeline", "Go here"),
        lambda: timeline.seek_requested.emit(times.time(frame)),
    )
    menu.addSeparator()
    menu.addAction(
        icon("mark-in"),
        translate("Timeline", "Set in point here"),
        lambda: _move(timeline, "start", times.time(frame)),
    )
    menu.addAction(
        icon("mark-out"),
        translate("Timeline", "Set out point here"),
        lambda: _move(timeline, "stop", times.time(frame + 1)),
    )
    clear = menu.addAction(translate("Timeline", "Clear in and out points"), timeline.range_cleared.emit)
    clear.setEnabled(timeline.state.start is not None or timeline.state.stop is not None)
    menu.addSeparator()
    _add_marker_actions(menu, timeline, x, frame)
    menu.addSeparator()
    menu.addAction(icon("zoom-in"), translate("Timeline", "Zoom in"), lambda: timeline.zoom(2.0, at=x))
    menu.addAction(icon("zoom-out"), translate("Timeline", "Zoom out"), lambda: timeline.zoom(0.5, at=x))
    menu.addAction(icon("fit"), translate("Timeline", "Show the whole clip"), timeline.fit)
    menu.addAction(translate("Timeline", "Show what is between in and out"), timeline.fit_range).setEnabled(
        clear.isEnabled()
    )
    if timeline.state.scores:
        menu.addSeparator()
        menu.addAction(
            icon("worst"), translate("Timeline", "Go to the worst gap"), timeline.worst_requested.emit
        )
    return menu


def _move(timeline: Timeline, kind: str, time: Fraction) -> None:
    (timeline.start_moved if kind == "start" else timeline.stop_moved).emit(time)
    timeline.handle_dropped.emit()


def _add_marker_actions(menu: QMenu, timeline: Timeline, x: float, frame: int) -> None:
    times = timeline.state.times
    assert times is not None
    item = timeline.item_at(QPointF(x, timeline.lanes.markers.center().y()))
    for kind, image, add, remove, restore in (
        (
            "cut",
            "cut",
            translate("Timeline", "Add cut here"),
            translate("Timeline", "Remove cut"),
            translate("Timeline", "Restore cut"),
        ),
        (
            "duplicate",
            "duplicate",
            translate("Timeline", "Mark frame as duplicate"),
            translate("Timeline", "Frame is no duplicate"),
            translate("Timeline", "Frame is a duplicate after all"),
        ),
    ):
        at = item[1] if item is not None and item[0] == kind else frame
        lane = timeline.state.lane(kind)
        words = remove if at in lane.frames else restore if at in lane.ghosts else add
        action = menu.addAction(icon(image), words)
        action.triggered.connect(partial(toggle_marker, timeline, times, kind, at))
        action.setEnabled(at > 0)
