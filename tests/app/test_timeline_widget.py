"""The timeline under the user's hands: mouse, wheel, keys, context menu, and what is painted."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPalette, QRegion, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import app.widgets.timeline as timeline_module
from app.widgets.theme import palette_of, signal_color
from app.widgets.timeline import Timeline
from app.widgets.timeline_look import heat_colors
from app.widgets.timeline_menu import timeline_menu
from app.widgets.timeline_tiles import ThumbnailWish
from flavr_core.timing import FrameTimes

F = Fraction
TIMES = FrameTimes(pts=tuple(range(100, 340)), time_base=F(1, 24), end_pts=340)
"""Ten seconds that do not begin at 0."""


class Told:
    """Everything that the timeline's signals said, in order."""

    def __init__(self, timeline: Timeline) -> None:
        self.words: list[tuple[Any, ...]] = []
        for name in (
            "seek_requested", "scrubbed", "scrub_ended", "start_moved", "stop_moved", "handle_dropped",
            "range_cleared", "marker_added", "marker_removed", "marker_moved", "worst_requested",
        ):  # fmt: skip
            getattr(timeline, name).connect(lambda *args, name=name: self.words.append((name, *args)))

    def take(self) -> list[tuple[Any, ...]]:
        words, self.words = self.words, []
        return words


@pytest.fixture
def timeline(qtbot: QtBot) -> Iterator[Timeline]:
    widget = Timeline()
    qtbot.addWidget(widget)
    widget.setPalette(palette_of("dark"))
    widget.resize(1024, 160)
    widget.set_clip(TIMES)
    widget.show()
    qtbot.waitExposed(widget)
    yield widget
    widget.close()


def place(timeline: Timeline, frame: int, lane: str) -> QPoint:
    """Where a frame begins in a lane."""
    y = getattr(timeline.lanes, lane).center().y()
    return QPoint(round(timeline.scale.x(TIMES.time(frame))), round(y))


def wheel(timeline: Timeline, at: QPoint, delta: int, *, keys: Any = Qt.KeyboardModifier.NoModifier) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(at), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton, keys,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(timeline, event)


def test_a_click_seeks_the_frame_under_it_and_a_drag_scrubs(qtbot: QtBot, timeline: Timeline) -> None:
    told = Told(timeline)
    begin = place(timeline, 48, "strip") + QPoint(1, 0)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=begin)
    assert told.take() == [("scrubbed", TIMES.time(48))]
    qtbot.mouseMove(timeline, place(timeline, 120, "strip") + QPoint(1, 0))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 120, "strip"))
    assert told.take() == [("scrubbed", TIMES.time(120)), ("scrub_ended",)]


def test_frames_are_snapped_to_when_they_are_wide_but_places_between_them_can_be_had(
    timeline: Timeline,
) -> None:
    timeline.zoom(100, at=timeline.scale.x(TIMES.time(50)))
    x = timeline.scale.x(TIMES.time(50))
    assert timeline.scale.seek_place(x + 3) == TIMES.time(50)
    assert TIMES.time(50) < timeline.scale.seek_place(x + timeline.scale.frame_px / 2) < TIMES.time(51)


def test_the_in_handle_is_dragged_to_frames_and_stays_before_the_out_point(
    qtbot: QtBot, timeline: Timeline
) -> None:
    timeline.set_range(TIMES.time(40), TIMES.time(100))
    told = Told(timeline)
    grip = place(timeline, 40, "markers") - QPoint(5, 0)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=grip)
    qtbot.mouseMove(timeline, place(timeline, 60, "markers"))
    qtbot.mouseMove(timeline, place(timeline, 180, "markers"))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 180, "markers"))
    moves = [word for word in told.take() if word[0] == "start_moved"]
    assert moves[0] == ("start_moved", TIMES.time(60))
    assert moves[-1] == ("start_moved", TIMES.time(99))


def test_the_out_handle_can_go_to_the_end_of_the_last_frame(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_range(None, TIMES.time(100))
    told = Told(timeline)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 100, "markers") + QPoint(5, 0))
    qtbot.mouseMove(timeline, QPoint(1023, 30))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=QPoint(1023, 30))
    assert told.take() == [("stop_moved", TIMES.end), ("handle_dropped",)]


def test_escape_puts_a_dragged_handle_back(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_range(TIMES.time(40), None)
    told = Told(timeline)
    grip = place(timeline, 40, "markers") - QPoint(5, 0)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=grip)
    qtbot.mouseMove(timeline, place(timeline, 60, "markers"))
    qtbot.keyClick(timeline, Qt.Key.Key_Escape)
    assert told.take()[-2:] == [("start_moved", TIMES.time(40)), ("handle_dropped",)]


def test_a_marker_is_chosen_by_a_click_and_moved_by_a_drag(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_markers("cut", [60, 120])
    told = Told(timeline)
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 60, "markers"))
    assert told.take() == []
    assert timeline.state.selected == ("cut", 60)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 60, "markers"))
    qtbot.mouseMove(timeline, place(timeline, 90, "markers"))
    assert timeline.state.dragged == ("cut", 60, 90)
    assert told.take() == []
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 90, "markers"))
    assert told.take() == [("marker_moved", "cut", 60, 90)]
    qtbot.keyClick(timeline, Qt.Key.Key_Delete)
    timeline.set_markers("cut", [90, 120])
    timeline.select(("cut", 120))
    qtbot.keyClick(timeline, Qt.Key.Key_Delete)
    assert told.take()[-1] == ("marker_removed", "cut", 120)


def test_a_removed_mark_can_be_had_back(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_markers("cut", [], ghosts=[60])
    told = Told(timeline)
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 60, "markers"))
    qtbot.keyClick(timeline, Qt.Key.Key_Delete)
    assert told.take() == [("marker_added", "cut", 60)]


def test_the_wheel_seeks_by_whole_notches(timeline: Timeline) -> None:
    timeline.set_playhead(TIMES.time(100))
    told = Told(timeline)
    wheel(timeline, QPoint(500, 60), -60)
    assert told.take() == []
    wheel(timeline, QPoint(500, 60), -60)
    assert told.take() == [("seek_requested", TIMES.time(104))]
    wheel(timeline, QPoint(500, 60), 120)
    assert told.take() == [("seek_requested", TIMES.time(96))]


def test_ctrl_and_wheel_zoom_at_the_mouse_and_a_double_click_fits(qtbot: QtBot, timeline: Timeline) -> None:
    under = timeline.scale.time_at(300)
    for _ in range(6):
        wheel(timeline, QPoint(300, 60), 120, keys=Qt.KeyboardModifier.ControlModifier)
    assert timeline.scale.span < TIMES.duration / 3
    assert abs(timeline.scale.x(under) - 300) < 1
    qtbot.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(500, 60))
    assert timeline.scale.is_fit


def test_shift_and_wheel_pan_and_so_does_the_middle_button(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.zoom(4, at=500)
    before = timeline.scale.start
    wheel(timeline, QPoint(300, 60), -120, keys=Qt.KeyboardModifier.ShiftModifier)
    assert timeline.scale.start > before
    panned = timeline.scale.start
    qtbot.mousePress(timeline, Qt.MouseButton.MiddleButton, pos=QPoint(300, 60))
    qtbot.mouseMove(timeline, QPoint(400, 60))
    qtbot.mouseRelease(timeline, Qt.MouseButton.MiddleButton, pos=QPoint(400, 60))
    assert timeline.scale.start < panned


def test_the_overview_moves_the_view(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.zoom(5, at=12)
    qtbot.mouseClick(
        timeline, Qt.MouseButton.LeftButton, pos=QPoint(900, round(timeline.lanes.overview.center().y()))
    )
    assert timeline.scale.start > TIMES.start + TIMES.duration / 2


@pytest.mark.parametrize(
    ("key", "modifier", "told"),
    [
        (Qt.Key.Key_Left, None, [("seek_requested", TIMES.time(76))]),
        (Qt.Key.Key_Right, None, [("seek_requested", TIMES.time(124))]),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, [("seek_requested", TIMES.time(101))]),
        (Qt.Key.Key_Comma, None, [("seek_requested", TIMES.time(99))]),
        (Qt.Key.Key_Home, None, [("seek_requested", TIMES.time(0))]),
        (Qt.Key.Key_End, None, [("seek_requested", TIMES.time(239))]),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier, [("seek_requested", TIMES.time(150))]),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier, [("seek_requested", TIMES.time(60))]),
        (Qt.Key.Key_I, None, [("start_moved", TIMES.time(100)), ("handle_dropped",)]),
        (Qt.Key.Key_O, None, [("stop_moved", TIMES.time(101)), ("handle_dropped",)]),
        (Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier, [("seek_requested", TIMES.start)]),
        (Qt.Key.Key_O, Qt.KeyboardModifier.ShiftModifier, [("seek_requested", TIMES.time(239))]),
        (Qt.Key.Key_M, None, [("marker_added", "cut", 100)]),
        (Qt.Key.Key_M, Qt.KeyboardModifier.ShiftModifier, [("marker_removed", "duplicate", 100)]),
    ],
)
def test_keys(qtbot: QtBot, timeline: Timeline, key: Any, modifier: Any, told: list[tuple[Any, ...]]) -> None:
    timeline.set_playhead(TIMES.time(100))
    timeline.set_markers("cut", [60, 150])
    timeline.set_markers("duplicate", [100])
    heard = Told(timeline)
    qtbot.keyClick(timeline, key, modifier or Qt.KeyboardModifier.NoModifier)
    assert heard.take() == told


def test_down_chooses_the_next_marker_and_arrows_move_it_by_frames(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_playhead(TIMES.time(100))
    timeline.set_markers("cut", [60, 150])
    told = Told(timeline)
    qtbot.keyClick(timeline, Qt.Key.Key_Down)
    assert timeline.state.selected == ("cut", 150)
    qtbot.keyClick(timeline, Qt.Key.Key_Right)
    assert ("marker_moved", "cut", 150, 151) in told.take()
    qtbot.keyClick(timeline, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(timeline, Qt.Key.Key_Escape)
    assert timeline.state.selected is None


def test_a_chosen_handle_is_nudged_and_removed_by_keys(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_range(TIMES.time(40), TIMES.end)
    timeline.select(("start", 0))
    told = Told(timeline)
    qtbot.keyClick(timeline, Qt.Key.Key_Right)
    qtbot.keyClick(timeline, Qt.Key.Key_Delete)
    moved = [word for word in told.take() if word[0] == "start_moved"]
    assert moved == [("start_moved", TIMES.time(41)), ("start_moved", None)]


def test_keys_that_mean_something_here_are_kept_from_the_window(timeline: Timeline) -> None:
    def is_kept(key: Any, keys: Any = Qt.KeyboardModifier.NoModifier) -> bool:
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, keys)
        event.ignore()
        timeline.event(event)
        return event.isAccepted()

    assert is_kept(Qt.Key.Key_M)
    assert is_kept(Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert not is_kept(Qt.Key.Key_Space)
    assert not is_kept(Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert not is_kept(Qt.Key.Key_Delete)  # nothing is chosen
    timeline.set_clip(None)
    assert not is_kept(Qt.Key.Key_M)


def test_the_context_menu_offers_what_can_be_done_here(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_markers("cut", [100])
    told = Told(timeline)
    menu = timeline_menu(timeline, timeline.scale.x(TIMES.time(100)))
    actions = {action.text(): action for action in menu.actions()}
    actions["Remove cut"].trigger()
    actions["Set out point here"].trigger()
    assert told.take() == [
        ("marker_removed", "cut", 100),
        ("stop_moved", TIMES.time(101)),
        ("handle_dropped",),
    ]
    assert not actions["Clear in and out points"].isEnabled()
    assert "Go to the worst gap" not in actions
    menu.deleteLater()


def test_a_click_on_the_heat_strip_goes_to_the_gap(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_scores(
        [(TIMES.time(n), TIMES.time(n + 10), TIMES.time(n + 3), 30.0) for n in range(0, 200, 10)]
    )
    told = Told(timeline)
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 105, "heat"))
    assert told.take() == [("seek_requested", TIMES.time(103))]


def test_thumbnails_are_asked_for_after_a_rest_and_only_those_that_are_seen(
    qtbot: QtBot, timeline: Timeline
) -> None:
    with qtbot.waitSignal(timeline.thumbnails_wanted, timeout=60_000) as caught:
        timeline.zoom(4, at=timeline.scale.x(TIMES.time(120)))
    [wish] = caught.args
    assert isinstance(wish, ThumbnailWish)
    assert wish.height_px == round(timeline.lanes.strip.height())
    reach = 2 * (wish.times[1] - wish.times[0])
    assert all(timeline.scale.start - reach <= time <= timeline.scale.stop for time in wish.times)
    image = QImage(wish.height_px * 2, wish.height_px, QImage.Format.Format_RGB32)
    for time in wish.times[:-1]:
        timeline.set_thumbnail(time, image)
    with qtbot.waitSignal(timeline.thumbnails_wanted, timeout=60_000) as again:
        timeline.pan(1)
    assert wish.times[0] not in again.args[0].times
    assert wish.times[-1] in again.args[0].times


def test_what_is_painted(timeline: Timeline) -> None:
    timeline.set_bands([(TIMES.time(48), TIMES.time(96), "rendered")])
    timeline.set_scores([(TIMES.time(n), TIMES.time(n + 1), TIMES.time(n), 60.0) for n in range(120, 160)])
    red = QImage(64, 36, QImage.Format.Format_RGB32)
    red.fill(QColor("red"))
    for number in range(-1, 240):
        timeline.set_thumbnail(TIMES.start + number * 8 * timeline.scale.frame_s, red)
    picture = timeline.grab().toImage()
    good = signal_color("good")
    assert picture.pixelColor(place(timeline, 60, "bar")) == good
    assert picture.pixelColor(place(timeline, 120, "bar")) != good
    best = heat_colors()[-1].rgb()
    assert picture.pixelColor(place(timeline, 140, "heat")).rgb() == best
    assert picture.pixelColor(place(timeline, 60, "heat")).rgb() != best
    assert picture.pixelColor(place(timeline, 200, "strip") + QPoint(5, 0)).red() > 90


def test_partial_painting_gives_the_same_picture(timeline: Timeline) -> None:
    timeline.set_markers("cut", [60, 61, 150])
    timeline.set_range(TIMES.time(40), TIMES.time(200))
    timeline.set_bands([(TIMES.time(48), TIMES.time(96), "stale")])
    timeline.set_scores(
        [(TIMES.time(n), TIMES.time(n + 9), TIMES.time(n), 20.0 + n / 9) for n in range(0, 200, 9)]
    )
    timeline.set_playhead(TIMES.time(70))
    partly = QImage(timeline.size(), QImage.Format.Format_RGB32)
    timeline.render(partly)
    timeline.set_playhead(TIMES.time(90))
    whole = QImage(partly)
    timeline.render(whole)
    assert whole != partly
    changed = QRegion()
    for frame in (70, 90):
        changed += QRegion(place(timeline, frame, "strip").x() - 9, 0, 18, timeline.height())
    changed += QRegion(timeline.lanes.overview.toAlignedRect().adjusted(-1, -1, 1, 1))
    painter = QPainter(partly)
    for rect in changed:
        timeline.render(painter, rect.topLeft(), QRegion(rect))
    painter.end()
    assert partly == whole


def test_what_stands_still_is_painted_once(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline.grab()
    painted: list[QRectF] = []
    paint_still = timeline_module.paint_still

    def watched(painter: QPainter, exposed: QRectF, *rest: Any) -> None:
        painted.append(exposed)
        paint_still(painter, exposed, *rest)

    monkeypatch.setattr(timeline_module, "paint_still", watched)
    for frame in range(20):
        timeline.set_playhead(TIMES.time(frame))
        before = timeline.grab().toImage()
    assert not painted
    timeline.set_bands([(TIMES.time(48), TIMES.time(96), "rendered")])
    after = timeline.grab().toImage()
    assert [rect.height() for rect in painted] == [timeline.lanes.bar.height() + 2]
    assert after != before
    timeline.set_markers("cut", [60])
    timeline.setPalette(palette_of("light"))
    light = timeline.grab().toImage()
    assert light.pixelColor(1, 1) == timeline.palette().color(QPalette.ColorRole.Window)
    timeline.resize(800, 150)
    assert timeline.grab().toImage().pixelColor(place(timeline, 60, "bar")) == signal_color("good")


def test_reduced_motion_stops_the_moving_bar(timeline: Timeline) -> None:
    bands = [(TIMES.time(48), TIMES.time(96), "rendering")]
    timeline.set_bands(bands)
    assert timeline._moving.isActive()
    timeline.set_motion_reduced(True)
    assert not timeline._moving.isActive()
    timeline.set_motion_reduced(False)
    assert timeline._moving.isActive()
    timeline.set_bands([])
    assert not timeline._moving.isActive()


def test_a_clip_of_one_frame_and_no_clip(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_clip(FrameTimes(pts=(0,), time_base=F(1, 24), end_pts=1))
    timeline.zoom(100)
    timeline.grab()
    told = Told(timeline)
    qtbot.keyClick(timeline, Qt.Key.Key_M)
    assert told.take() == []
    timeline.set_clip(None)
    timeline.grab()
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(500, 60))
    qtbot.keyClick(timeline, Qt.Key.Key_I)
    wheel(timeline, QPoint(500, 60), 120)
    assert told.take() == []


def test_the_place_is_said_in_words(timeline: Timeline) -> None:
    timeline.set_playhead(TIMES.time(36))
    assert timeline.accessibleDescription() == "0:01.500, frame 36 of 240"
    timeline.set_markers("cut", [60])
    timeline.select(("cut", 60))
    assert timeline.accessibleDescription().endswith("cut at frame 60")


def test_a_handle_sticks_to_the_playhead_and_to_cuts(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.set_range(TIMES.time(40), None)
    timeline.set_playhead(TIMES.time(100))
    timeline.set_markers("cut", [140])
    told = Told(timeline)
    grip = place(timeline, 40, "markers") - QPoint(5, 0)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=grip)
    for frame in (99, 120, 141):  # frames are four pixels wide here
        qtbot.mouseMove(timeline, place(timeline, frame, "strip"))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=place(timeline, 141, "strip"))
    moves = [word[1] for word in told.take() if word[0] == "start_moved"]
    assert moves == [TIMES.time(100), TIMES.time(120), TIMES.time(140)]


def test_dragging_beyond_the_edge_takes_the_view_along(qtbot: QtBot, timeline: Timeline) -> None:
    timeline.zoom(8, at=500)
    before = timeline.scale.start
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=QPoint(900, 80))
    for _ in range(3):
        qtbot.mouseMove(timeline, QPoint(1020, 80))
        qtbot.mouseMove(timeline, QPoint(1021, 80))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=QPoint(1021, 80))
    assert timeline.scale.start > before
