"""Icons exist, show something, and take the theme's colour."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPalette
from pytestqt.qtbot import QtBot

from app.widgets.icon_label import IconLabel
from app.widgets.icons import NAMES, icon


def _colours(image: QImage) -> set[int]:
    return {
        image.pixelColor(x, y).rgba()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    }


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_icon_shows_something(qtbot: QtBot, name: str) -> None:
    image = icon(name).pixmap(QSize(24, 24)).toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(24) for y in range(24))


def test_an_unknown_name_is_an_error(qtbot: QtBot) -> None:
    with pytest.raises(KeyError, match="nonesuch"):
        icon("nonesuch")


def test_an_icon_follows_the_palette(qtbot: QtBot) -> None:
    before = QGuiApplication.palette()
    play = icon("play")
    try:
        for colour in ("#ff0000", "#00ff00"):
            palette = QPalette(before)
            palette.setColor(QPalette.ColorRole.ButtonText, QColor(colour))
            QGuiApplication.setPalette(palette)
            assert _colours(play.pixmap(QSize(32, 32)).toImage()) == {QColor(colour).rgba()}
    finally:
        QGuiApplication.setPalette(before)


def test_an_icon_beside_words_follows_the_palette(qtbot: QtBot) -> None:
    before = QGuiApplication.palette()
    label = IconLabel(icon("stop"), 32)
    qtbot.addWidget(label)
    try:
        for colour in ("#ff0000", "#00ff00"):
            palette = QPalette(before)
            palette.setColor(QPalette.ColorRole.ButtonText, QColor(colour))
            QGuiApplication.setPalette(palette)
            assert QColor(colour).rgba() in _colours(label.grab().toImage())
    finally:
        QGuiApplication.setPalette(before)


def test_a_copy_is_an_icon_too(qtbot: QtBot) -> None:
    copy = QIcon(icon("stop"))
    assert not copy.pixmap(QSize(16, 16)).isNull()
