"""The timeline's panel on a real clip: the widget, the view model and the jobs together."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.jobs.analysis import ClipAnalysis, HoldoutCheck
from app.jobs.decoding import FileSource, FrameCache
from app.jobs.thumbnails import Thumbnails
from app.viewmodels.marks import MarkKind
from app.viewmodels.player import Player
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.workspace import Workspace
from app.views.timeline import TimelineView
from flavr_core.media import probe
from flavr_core.settings import EngineSettings
from tests import clip_factory


class Bench:
    """The panel with a clip of 48 frames."""

    def __init__(self, path: Path) -> None:
        self.workspace, self.player = Workspace(), Player()
        self.analysis, self.holdout, self.thumbnails = ClipAnalysis(), HoldoutCheck(), Thumbnails()
        self.model = TimelineModel(self.workspace, self.player, analysis=self.analysis, holdout=self.holdout)
        self.view = TimelineView(self.model, thumbnails=self.thumbnails)
        self.timeline = self.view.timeline
        self.info = probe(path)
        self.source = FileSource(self.info, FrameCache())

    def open(self) -> None:
        self.number = self.workspace.add(self.info.path).number
        self.workspace.set_probed(self.number, self.info)
        self.player.set_side("a", self.source)

    def at(self, frame: int, lane: str) -> QPoint:
        y = getattr(self.timeline.lanes, lane).center().y()
        return QPoint(round(self.timeline.scale.x(self.info.times.time(frame))) + 1, round(y))

    def close(self) -> None:
        self.view.close()
        self.player.close()
        self.source.close()
        self.model.close()
        for job in (self.analysis, self.holdout, self.thumbnails):
            job.close()


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path) -> Iterator[Bench]:
    path = clip_factory.make_clip(tmp_path / "clip.mp4", frames=48, options={"g": "12"})
    made = Bench(path)
    qtbot.addWidget(made.view)
    made.view.resize(900, 190)
    made.view.show()
    qtbot.waitExposed(made.view)
    yield made
    made.close()
    del made
    gc.collect()


def test_without_a_clip_nothing_can_be_done(bench: Bench, qtbot: QtBot) -> None:
    assert not any(button.isEnabled() for button in bench.view.findChildren(QToolButton))
    bench.view.grab()
    bench.open()
    assert bench.view._cut.isEnabled()
    assert not bench.view._fit.isEnabled()
    bench.workspace.remove([bench.number])
    assert not any(button.isEnabled() for button in bench.view.findChildren(QToolButton))


def test_thumbnails_of_what_is_seen_come_one_by_one(bench: Bench, qtbot: QtBot) -> None:
    bench.open()
    pictures = bench.timeline._pictures
    qtbot.waitUntil(lambda: bench.timeline._asked_for is not None, timeout=60_000)
    wish = bench.timeline._asked_for
    assert wish is not None
    qtbot.waitUntil(lambda: all(pictures.exact(time) is not None for time in wish.times), timeout=60_000)


def test_a_drag_scrubs_the_player_and_a_release_gets_the_exact_picture(bench: Bench, qtbot: QtBot) -> None:
    bench.open()
    qtbot.mousePress(bench.timeline, Qt.MouseButton.LeftButton, pos=bench.at(10, "strip"))
    qtbot.mouseMove(bench.timeline, bench.at(30, "strip"))
    assert bench.player.position == bench.info.times.time(30)
    qtbot.mouseRelease(bench.timeline, Qt.MouseButton.LeftButton, pos=bench.at(30, "strip"))
    qtbot.waitUntil(
        lambda: bench.model.shown is None and bench.player.picture("a") is not None, timeout=60_000
    )
    label = bench.player.shown("a")
    assert label is not None
    assert label.index == 30
    assert bench.timeline.state.asked == bench.info.times.time(30)


def test_a_handle_is_dragged_in_one_step_of_undo(bench: Bench, qtbot: QtBot) -> None:
    bench.open()
    grip = bench.at(0, "markers") - QPoint(6, 0)
    qtbot.mousePress(bench.timeline, Qt.MouseButton.LeftButton, pos=grip)
    for frame in (5, 9, 14):
        qtbot.mouseMove(bench.timeline, bench.at(frame, "markers"))
    qtbot.mouseRelease(bench.timeline, Qt.MouseButton.LeftButton, pos=bench.at(14, "markers"))
    assert bench.timeline.state.start == bench.info.times.time(14)
    assert bench.view._range.toolTip() == "0:00.560 to 0:01.920: 0:01.360"
    bench.workspace.undo()
    assert bench.timeline.state.start is None
    assert bench.workspace.undo_text == ""


def test_markers_are_added_moved_and_removed_by_hand(bench: Bench, qtbot: QtBot) -> None:
    bench.open()
    bench.player.seek(bench.info.times.time(20))
    qtbot.keyClick(bench.timeline, Qt.Key.Key_M)
    assert bench.model.marks(MarkKind.CUT).frames == (20,)
    qtbot.mousePress(bench.timeline, Qt.MouseButton.LeftButton, pos=bench.at(20, "markers"))
    qtbot.mouseMove(bench.timeline, bench.at(32, "markers"))
    qtbot.mouseRelease(bench.timeline, Qt.MouseButton.LeftButton, pos=bench.at(32, "markers"))
    assert bench.model.marks(MarkKind.CUT).frames == (32,)
    assert bench.timeline.state.lane("cut").frames == (32,)
    qtbot.keyClick(bench.timeline, Qt.Key.Key_Delete)
    assert bench.model.marks(MarkKind.CUT).frames == ()
    bench.workspace.undo()
    bench.workspace.undo()
    assert bench.timeline.state.lane("cut").frames == (20,)


def test_the_check_is_begun_stopped_and_shown(bench: Bench, qtbot: QtBot) -> None:
    bench.open()
    bench.workspace.edit("", engine=EngineSettings(model="blend", device="cpu"))
    bench.model.close()  # no analysis by itself beside the check
    assert not bench.view._worst.isVisible()
    bench.view._check.click()
    assert bench.view._check.text() == "Stop checking"
    assert bench.view._progress.isVisible()
    bench.view._check.click()
    assert bench.view._check.text() == "Check quality"
    with qtbot.waitSignal(bench.holdout.finished, timeout=60_000):
        bench.view._check.click()
    assert bench.view._worst.isVisible()
    assert not bench.view._progress.isVisible()
    assert len(bench.timeline.state.scores) == 46
    bench.view._worst.click()
    worst = min(bench.model.scores, key=lambda score: score.psnr_db)
    assert bench.player.position == worst.time


def test_words_go_where_there_is_no_room(bench: Bench, qtbot: QtBot) -> None:
    bench.open()
    assert bench.view._range.text() == "0:01.920 in all"
    bench.view.resize(480, 150)
    assert bench.view._check.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly
    assert bench.view.minimumSizeHint().width() <= 480
    bench.view.grab()


def test_every_button_says_what_it_does(bench: Bench) -> None:
    for button in bench.view.findChildren(QToolButton):
        assert button.accessibleName()
        assert button.toolTip()
