"""A label that says the same in fewer words where there is less room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class FittingLabel(QLabel):
    """Shows the first of its texts that fits, or nothing; all of the first is in the tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts: tuple[str, ...] = ("",)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_texts(self, texts: Sequence[str]) -> None:
        """Say this, the longest first."""
        self._texts = tuple(texts) or ("",)
        self.setToolTip(self._texts[0])
        self.setAccessibleName(self._texts[0])
        self._choose()

    def _choose(self) -> None:
        room, metrics = self.contentsRect().width(), self.fontMetrics()
        self.setText(next((text for text in self._texts if metrics.horizontalAdvance(text) < room), ""))

    def minimumSizeHint(self) -> QSize:
        """It asks for no room."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer words."""
        super().resizeEvent(event)
        self._choose()
