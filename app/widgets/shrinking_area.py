"""What is as high as its content where there is room, and scrolled where there is less."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget


class ShrinkingArea(QScrollArea):
    """Shows a widget whose height depends on its width, and gives way before others do."""

    def __init__(
        self, content: QWidget, *, least_px: int = 0, most_px: int = 0, parent: QWidget | None = None
    ) -> None:
        """Wrap it.

        Args:
            content: what is shown.
            least_px: height that is asked for in any case, if there is so much to show.
            most_px: height above which it scrolls wherever it is; 0 for no bound.
            parent: its owner.
        """
        super().__init__(parent)
        self._content, self._least_px, self._most_px = content, least_px, most_px
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self.setWidget(content)
        content.installEventFilter(self)

    def _needed_px(self) -> int:
        """Height of the content at the width there is."""
        layout = self._content.layout()
        has_hfw = layout.hasHeightForWidth() if layout is not None else self._content.hasHeightForWidth()
        needed = self._content.heightForWidth(self.width()) if has_hfw else self._content.sizeHint().height()
        return max(0, min(needed, self._most_px) if self._most_px else needed)

    def _settle_bar(self) -> None:
        """No scrollbar where all fits without one.

        Qt judges by the width beside the bar, at which lines may break that need not, and would keep it.
        """
        fits = self.height() >= self._needed_px()
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(off if fits else needed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another height when there is more or less to show."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self._settle_bar()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:
        """All of the content."""
        return QSize(0, self._needed_px())

    def minimumSizeHint(self) -> QSize:
        """A few lines of it."""
        return QSize(0, min(self._least_px, self._needed_px()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width needs another height."""
        super().resizeEvent(event)
        self._settle_bar()
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()
