"""The line at the bottom that says what happened; the newest message stands until it is old or dismissed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.widgets.icons import icon

MESSAGE_MS = 12_000
"""How long a message stands; problems stay until the next one."""
_ICON_PX = 14


class MessageLine(QWidget):
    """One sentence, shortened where there is no room, with a button that takes it away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._label = QLabel(self)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setProperty("muted", True)
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        self._close.setIcon(icon("close"))
        self._close.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self._close.setToolTip(self.tr("Dismiss this message"))
        self._close.setAccessibleName(self.tr("Dismiss this message"))
        self._close.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._close)
        row.addWidget(self._label, 1)
        policy = self._close.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._close.setSizePolicy(policy)
        self._close.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(MESSAGE_MS)
        self._timer.timeout.connect(self.dismiss)

    @property
    def text(self) -> str:
        """What it says; empty for nothing."""
        return self._text

    def say(self, text: str, *, is_problem: bool = False) -> None:
        """Say a sentence in place of the one before; an empty one takes that away."""
        self._text = text
        self._label.setToolTip(text)
        self._label.setAccessibleName(text)
        self._label.setProperty("signal", "bad" if is_problem else "")
        self._label.style().unpolish(self._label)
        self._label.style().polish(self._label)
        self._close.setVisible(bool(text))
        self._shorten()
        self._timer.stop()
        if text and not is_problem:
            self._timer.start()

    def dismiss(self) -> None:
        """Say nothing any more."""
        self.say("")

    def _shorten(self) -> None:
        room = self._label.contentsRect().width()
        self._label.setText(self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer words."""
        super().resizeEvent(event)
        self._shorten()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape dismisses it."""
        if event.key() == Qt.Key.Key_Escape and self._text:
            self.dismiss()
        else:
            super().keyPressEvent(event)
