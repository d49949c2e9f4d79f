"""Text that wraps at whatever width there is, and takes the height that needs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

_LEAST_WIDTH_PX = 80


class WrappedLabel(QLabel):
    """Plain text of any length for a column of any width."""

    def __init__(self, text: str = "", *, muted: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(_LEAST_WIDTH_PX)
        if muted:
            self.setProperty("muted", True)
