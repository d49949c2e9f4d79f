"""A sentence with an icon: what is wrong, or what is worth knowing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.widgets.icon_label import IconLabel
from app.widgets.wrapped_label import WrappedLabel

_ICON_PX = 16


class Notice(QWidget):
    """An icon beside text that wraps; hidden while there is nothing to say."""

    def __init__(self, icon: QIcon, *, signal: str = "", parent: QWidget | None = None) -> None:
        """Make it empty.

        Args:
            icon: beside the text.
            signal: `bad`, `warning` or `good` for a text in the theme's colour of it.
            parent: its owner.
        """
        super().__init__(parent)
        self._text = WrappedLabel(parent=self)
        self._text.setProperty("signal" if signal else "muted", signal or True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(IconLabel(icon, _ICON_PX), alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, stretch=1)
        self.setVisible(False)

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def set_text(self, text: str) -> None:
        """Say something; nothing hides it."""
        self._text.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    def set_lines(self, lines: list[str]) -> None:
        """Say several sentences, each on its own line."""
        self.set_text("\n".join(lines))
