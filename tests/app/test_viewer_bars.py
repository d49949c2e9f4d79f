"""The viewer's two bars: nothing is cut off at any width, in any language, at any size of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from app.application.start import install_translations
from app.jobs.decoding import FrameCache
from app.viewmodels.player import Player
from app.viewmodels.preferences import Language
from app.viewmodels.shortcuts import Shortcuts
from app.viewmodels.viewer import Viewer
from app.viewmodels.workspace import Workspace
from app.views.actions import Actions
from app.views.viewer import ViewerPanel
from app.widgets.compare_view import ViewMode
from app.widgets.giving_row import GivingRow
from app.widgets.theme import Theme
from flavr_core.media import probe

MakePanel = Callable[[], ViewerPanel]


@pytest.fixture
def make_panel(qtbot: QtBot, plain_clip: Path) -> Iterator[MakePanel]:
    """The viewer's panel alone, with a clip; it takes any width."""
    workspace = Workspace()
    player = Player()
    viewer = Viewer(workspace, player, cache=FrameCache())

    def make() -> ViewerPanel:
        panel = ViewerPanel(viewer, Actions(Shortcuts(), viewer))
        qtbot.addWidget(panel)
        panel.addActions(list(panel._actions))
        clip = workspace.add(plain_clip)
        workspace.set_probed(clip.number, probe(plain_clip))
        panel.show()
        qtbot.waitUntil(lambda: player.picture("a") is not None, timeout=20_000)
        return panel

    yield make
    viewer.close()
    player.close()


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    translators = install_translations(qapp, Language.GERMAN)
    yield
    for translator in translators:
        qapp.removeTranslator(translator)


@pytest.fixture(params=[1.0, 1.5])
def scale(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[float]:
    """Size of text."""
    before = (qapp.font(), qapp.palette(), qapp.styleSheet())
    theme = Theme(qapp)
    theme.apply("dark", font_scale=request.param)
    yield request.param
    theme.deleteLater()
    qapp.setFont(before[0])
    qapp.setPalette(before[1])
    qapp.setStyleSheet(before[2])


def check_whole(row: GivingRow) -> None:
    """Every button that is seen has its whole width, and lies within the row and beside the others."""
    seen = sorted((one for one in row._widgets if one.isVisible()), key=lambda one: one.x())
    for one in seen:
        if isinstance(one, QToolButton):
            assert one.width() >= one.sizeHint().width(), one.accessibleName()
        assert one.geometry().right() <= row.width()
    for left, right in pairwise(seen):
        assert left.geometry().right() < right.x()


def test_nothing_is_cut_off(qtbot: QtBot, german: None, scale: float, make_panel: MakePanel) -> None:
    panel = make_panel()
    panel.view.set_mode(ViewMode.DIFFERENCE)
    rows: tuple[GivingRow, GivingRow] = (panel.transport, panel._compare_bar)
    least = panel.minimumSizeHint().width()
    assert least <= 400 * scale
    for width in (1000, 800, 650, 550, least):
        panel.resize(width, 400)
        qtbot.wait(20)
        assert panel.width() == max(width, least)
        for row in rows:
            check_whole(row)
    panel.resize(1500, 400)
    qtbot.wait(20)
    for row in rows:
        assert row.given == ()
        assert not row.more.isVisible()
        check_whole(row)


def test_what_gave_way_is_in_a_menu(qtbot: QtBot, make_panel: MakePanel) -> None:
    panel = make_panel()
    panel.resize(panel.minimumSizeHint().width(), 400)
    qtbot.wait(20)
    more = panel.transport.more
    assert more.isVisible()
    more.menu().aboutToShow.emit()
    entries = more.menu().actions()
    assert all(panel._actions[name] in entries for name in ("start", "end", "magnifier"))
    speeds = next(entry.menu() for entry in entries if entry.text() == "Speed")
    speeds.actions()[-1].trigger()
    assert panel._player.speed == 4


def test_dropped_frames_are_said_in_as_many_words_as_fit(qtbot: QtBot, make_panel: MakePanel) -> None:
    panel = make_panel()
    side = panel._player._sides["a"]
    side.due, side.dropped = 1240, 317
    status = panel.transport._status
    found = []
    for width in (1200, panel.minimumSizeHint().width()):
        panel.resize(width, 400)
        qtbot.wait(20)
        panel.transport.show_status()
        found.append(status.text())
        assert status.toolTip() == "317 of 1240 frames dropped"
    assert found == ["317 of 1240 frames dropped", "−317"]


def test_playing_at_the_end_says_that_it_begins_again(qtbot: QtBot, make_panel: MakePanel) -> None:
    panel = make_panel()
    player, action = panel._player, panel._actions["play"]
    assert action.toolTip() == "Play; at the end it begins again (Space, K)"
    player.seek(player.bounds[1])
    qtbot.waitUntil(lambda: action.toolTip() == "Play again from the start (Space, K)")
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_L)
    assert (player.is_playing, player.position) == (False, player.bounds[1])
    qtbot.keyClick(panel.view, Qt.Key.Key_K)
    assert player.is_playing
    assert player.position < player.bounds[1]
    assert action.toolTip() == "Pause (Space, K)"
    player.pause()
    player.seek(player.bounds[0])
    qtbot.keyClick(panel.view, Qt.Key.Key_J)
    assert (player.is_playing, player.position) == (False, player.bounds[0])
    player.seek(player.bounds[1])
    qtbot.keyClick(panel.view, Qt.Key.Key_J)
    assert (player.is_playing, player.is_backward) == (True, True)
