"""A sentence beside an icon, and a link at its end that does what it speaks of."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.widgets.icon_label import IconLabel
from app.widgets.wrapped_label import WrappedLabel

_ICON_PX, _GAP_PX = 16, 6


class LinkLine(QWidget):
    """Muted; hidden while there is nothing to say."""

    activated = Signal()
    """The link was followed."""

    def __init__(self, icon: QIcon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = WrappedLabel(muted=True)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._text.linkActivated.connect(lambda _link: self.activated.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP_PX)
        row.addWidget(IconLabel(icon, _ICON_PX), alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, stretch=1)
        self.setVisible(False)

    @property
    def text(self) -> str:
        """What is shown, with its link."""
        return self._text.text()

    def set_text(self, text: str, link: str) -> None:
        """Say something and offer something; nothing hides it."""
        self._text.setText(f'{escape(text)} <a href="do">{escape(link)}</a>' if text else "")
        self.setAccessibleName(text)
        self.setVisible(bool(text))
