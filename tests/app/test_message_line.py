"""The line of messages: shortened, and taken away by time, by a click or by a key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from app.widgets.message_line import MessageLine


def _shown(qtbot: QtBot) -> tuple[MessageLine, QLabel, QToolButton]:
    line = MessageLine()
    qtbot.addWidget(line)
    line.resize(300, 24)
    line.show()
    label, close = line.findChild(QLabel), line.findChild(QToolButton)
    assert label is not None
    assert close is not None
    return line, label, close


def test_a_message_can_be_dismissed(qtbot: QtBot) -> None:
    line, label, close = _shown(qtbot)
    assert not close.isVisible()
    line.say("It failed.", is_problem=True)
    assert close.isVisible()
    assert not line._timer.isActive()  # problems stay
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert (line.text, label.text()) == ("", "")
    assert not close.isVisible()
    line.say("It is done.")
    assert line._timer.isActive()
    qtbot.keyClick(close, Qt.Key.Key_Escape)
    assert line.text == ""
    assert not line._timer.isActive()
    line.say("Old news.")
    line._timer.timeout.emit()
    assert line.text == ""


def test_a_long_message_is_shortened_and_its_tip_says_all(qtbot: QtBot) -> None:
    line, label, _ = _shown(qtbot)
    words = "A folder with a very long name " * 10
    line.say(words)
    assert label.text().endswith("…")
    assert label.toolTip() == words
    line.resize(4000, 24)
    qtbot.waitUntil(lambda: label.text() == words)
