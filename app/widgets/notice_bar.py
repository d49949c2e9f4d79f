"""A line across the window that offers something and waits, without standing in the way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.widgets.icons import icon


class NoticeBar(QWidget):
    """Notices one below the other; each goes when it is answered or closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.hide()

    def add(self, text: str, answers: dict[str, Callable[[], None]]) -> Callable[[], None]:
        """Offer something.

        Args:
            text: one sentence.
            answers: {button: what it does}, the one that is meant first.

        Returns:
            What takes the notice away when it is answered elsewhere; may be called at any time.
        """
        row = QFrame()
        row.setProperty("notice", True)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        label = QLabel(text)
        label.setWordWrap(True)
        layout.addWidget(label, 1)
        for place, (title, action) in enumerate(answers.items()):
            button = QPushButton(title)
            button.setProperty("primary", place == 0)
            button.clicked.connect(lambda _checked=False, act=action: self._answer(row, act))
            layout.addWidget(button)
        close = QToolButton()
        close.setIcon(icon("close"))
        close.setIconSize(QSize(16, 16))
        close.setToolTip(self.tr("Close"))
        close.setAccessibleName(self.tr("Close"))
        close.clicked.connect(lambda: self._answer(row, None))
        layout.addWidget(close)
        self._layout.addWidget(row)
        self.show()
        return lambda: self._answer(row, None)

    def count(self) -> int:
        """Notices that wait."""
        return self._layout.count()

    def _answer(self, row: QFrame, action: Callable[[], None] | None) -> None:
        if self._layout.indexOf(row) < 0:
            return
        self._layout.removeWidget(row)
        row.hide()
        row.deleteLater()
        self.setVisible(self._layout.count() > 0)
        if action is not None:
            action()
