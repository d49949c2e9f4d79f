"""An icon by itself, beside words: drawn anew in whatever theme and sharpness there is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class IconLabel(QWidget):
    """Shows an icon; a pixmap would keep the colours of the theme that it was made in."""

    def __init__(self, icon: QIcon, size_px: int, parent: QWidget | None = None) -> None:
        """Make it.

        Args:
            icon: what it shows.
            size_px: its side, device-independent pixels.
            parent: its owner.
        """
        super().__init__(parent)
        self._icon, self._side = icon, size_px
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, icon: QIcon) -> None:
        """Show another one."""
        self._icon = icon
        self.update()

    def sizeHint(self) -> QSize:
        """The icon's."""
        return QSize(self._side, self._side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        mode = QIcon.Mode.Normal if self.isEnabled() else QIcon.Mode.Disabled
        self._icon.paint(painter, self.rect(), Qt.AlignmentFlag.AlignCenter, mode)
        painter.end()
