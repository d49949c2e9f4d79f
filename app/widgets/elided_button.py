"""A button as wide as there is room, its text at the left and shortened where it is too long."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

_AROUND_PX = 40
"""Room for the borders and the space beside the icon."""


class ElidedButton(QPushButton):
    """A button for a name of any length."""

    def __init__(
        self,
        icon: QIcon,
        *,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(icon, "", parent)
        self._words = ""
        self._elide_mode = elide
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setStyleSheet("text-align: left;")

    @property
    def words(self) -> str:
        """The whole text."""
        return self._words

    def set_words(self, words: str) -> None:
        """Show a text."""
        self._words = words
        self.setAccessibleDescription(words)
        self._shorten()

    def _shorten(self) -> None:
        room = max(40, self.width() - self.iconSize().width() - _AROUND_PX)
        self.setText(self.fontMetrics().elidedText(self._words, self._elide_mode, room).replace("&", "&&"))

    def minimumSizeHint(self) -> QSize:
        """Narrow: the text is shortened."""
        return QSize(96, super().sizeHint().height())

    def sizeHint(self) -> QSize:
        """As narrow as it may be: the layout widens it."""
        return QSize(96, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the text anew."""
        super().resizeEvent(event)
        self._shorten()
