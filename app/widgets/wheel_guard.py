"""Keeps the wheel for scrolling: a control under the pointer changes only when it has the focus."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QWidget


class WheelGuard(QObject):
    """An event filter for the controls of a page that scrolls."""

    def guard(self, page: QWidget) -> None:
        """Watch all controls of a page that take the wheel."""
        for kind in (QComboBox, QAbstractSpinBox, QAbstractSlider):
            for control in page.findChildren(kind):
                control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the wheel through to controls that have the focus only."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False
