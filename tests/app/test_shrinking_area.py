"""An area that is as high as its content, and scrolls where there is less room."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.widgets.shrinking_area import ShrinkingArea
from app.widgets.wrapped_label import WrappedLabel

WORDS = "word " * 8


def test_the_scrollbar_goes_though_lines_break_beside_it(qtbot: QtBot) -> None:
    whole, content = QWidget(), QWidget()
    column = QVBoxLayout(content)
    column.setContentsMargins(0, 0, 0, 0)
    first, more = WrappedLabel(WORDS, parent=content), WrappedLabel("more", parent=content)
    column.addWidget(first)
    column.addWidget(more)
    more.hide()
    area, above = ShrinkingArea(content, parent=whole), QWidget(whole)
    above.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
    outer = QVBoxLayout(whole)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addWidget(above, stretch=1)
    outer.addWidget(area)
    qtbot.addWidget(whole)
    whole.resize(first.fontMetrics().horizontalAdvance(WORDS) + 2, 400)  # with a scrollbar the line breaks
    whole.show()
    bar = area.verticalScrollBar()
    one_line = first.heightForWidth(whole.width())
    qtbot.waitUntil(lambda: area.height() == first.height() == one_line)
    more.show()
    qtbot.waitUntil(lambda: area.height() > one_line and not bar.isVisible())
    assert first.height() == one_line
    whole.resize(whole.width(), one_line)
    qtbot.waitUntil(bar.isVisible)
