"""A picture as wide as there is room for, to be clicked."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

_LEAST_WIDTH_PX = 80
_FOCUS_PX = 2


class PictureButton(QAbstractButton):
    """Shows all of a picture, never larger than it is."""

    def __init__(self, image: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = image
        self._scaled = QImage()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(_LEAST_WIDTH_PX)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def hasHeightForWidth(self) -> bool:
        """Yes: the picture keeps its shape."""
        return True

    def heightForWidth(self, width: int) -> int:
        """What the picture needs at that width."""
        shown = min(width, self._image.width())
        return round(shown * self._image.height() / max(1, self._image.width()))

    def sizeHint(self) -> QSize:
        """The picture's own size."""
        return self._image.size()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture, and a frame around it while keys go to it."""
        del event
        width = min(self.width(), self._image.width())
        place = QRect(0, 0, width, self.heightForWidth(width))
        ratio = self.devicePixelRatioF()
        wanted = QSize(round(place.width() * ratio), round(place.height() * ratio))
        if self._scaled.size() != wanted:
            self._scaled = self._image.scaled(
                wanted, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        painter = QPainter(self)
        painter.drawImage(place, self._scaled)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight(), 2 * _FOCUS_PX))
            painter.drawRect(place)
        painter.end()
