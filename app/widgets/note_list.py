"""Several notes in the room of one: the first, and all of them when asked for."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.widgets.icon_label import IconLabel
from app.widgets.wrapped_label import WrappedLabel

_ICON_PX, _GAP_PX = 16, 6


class NoteList(QWidget):
    """An icon beside the first note and a link to the others; hidden while there is nothing to say."""

    def __init__(self, icon: QIcon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notes: tuple[str, ...] = ()
        self._is_open = False
        self._text = WrappedLabel(muted=True)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._text.linkActivated.connect(self._on_link_activated)
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

    @property
    def is_open(self) -> bool:
        """Whether all notes are shown."""
        return self._is_open

    def set_notes(self, notes: tuple[str, ...]) -> None:
        """Show other notes, folded together; the same ones stay as they are."""
        if notes == self._notes:
            return
        self._notes, self._is_open = notes, False
        self.setAccessibleName("\n".join(notes))
        self._show()
        self.setVisible(bool(notes))

    def set_open(self, is_open: bool) -> None:
        """Show all notes, or the first alone."""
        self._is_open = is_open
        self._show()

    def _show(self) -> None:
        if len(self._notes) < 2:
            words = escape("".join(self._notes))
        elif self._is_open:
            lines = "<br>".join(f"• {escape(note)}" for note in self._notes)
            link = self.tr("less")
            words = f'{lines}<br><a href="less">{link}</a>'
        else:
            link = self.tr("and %n more", "", len(self._notes) - 1)
            words = f'{escape(self._notes[0])} <a href="more">{link}</a>'
        self._text.setText(words)
        self._text.setToolTip("" if self._is_open else "\n".join(self._notes))

    def _on_link_activated(self, link: str) -> None:
        self.set_open(link == "more")
