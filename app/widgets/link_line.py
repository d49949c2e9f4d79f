"""A sentence beside an icon, and a link at its end that does what it speaks of."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QWidget

from app.widgets.notice import Notice


class LinkLine(Notice):
    """A notice that offers something; hidden while there is nothing to offer."""

    activated = Signal()
    """The link was followed."""

    def __init__(self, icon: QIcon, parent: QWidget | None = None) -> None:
        super().__init__(icon, parent=parent)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._text.linkActivated.connect(lambda _link: self.activated.emit())

    def offer(self, text: str, link: str) -> None:
        """Say something and offer something; no text hides it."""
        self.set_text(f'{escape(text)} <a href="do">{escape(link)}</a>' if text else "")
        self.setAccessibleName(text)
