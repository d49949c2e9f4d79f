"""The empty list's field: buttons say as much as there is room for."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.widgets.drop_zone import DropZone


def test_a_button_says_less_where_there_is_less_room(qtbot: QtBot) -> None:
    zone = DropZone("Drop here", "or there", picture="import")
    qtbot.addWidget(zone)
    button = zone.add_button("Open very many files...", "Files...", is_primary=True)
    metrics = button.fontMetrics()
    whole, short = (metrics.horizontalAdvance(text) for text in ("Open very many files...", "Files..."))
    words = button.words  # type: ignore[attr-defined]
    assert words(whole) == "Open very many files..."
    assert words(whole - 1) == "Files..."
    assert words(short) == "Files..."
    assert words(short - 1) != "Files..."
    assert button.accessibleName() == "Open very many files..."
