"""Builds and wires the program's window; nothing else does."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.viewmodels.shortcuts import Shortcuts
from app.views.actions import Actions
from app.views.main_window import MainWindow, Panels
from app.widgets.theme import Theme, ThemeChoice


def _placeholder(text: str) -> QWidget:
    label = QLabel(text)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window; returns the process's exit code."""
    app = QApplication(list(sys.argv if argv is None else argv))
    app.setStyle("Fusion")
    theme = Theme(app)
    theme.apply(ThemeChoice.SYSTEM)
    shortcuts = Shortcuts()
    actions = Actions(shortcuts, app)
    window = MainWindow(
        Panels(
            clips=_placeholder("Clips"),
            viewer=_placeholder("Viewer"),
            timeline=_placeholder("Timeline"),
            settings=_placeholder("Settings"),
            queue=_placeholder("Queue"),
        ),
        actions,
    )
    window.show()
    return app.exec()
