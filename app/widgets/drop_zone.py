"""The empty state of a list that things are dropped on: says so, and offers to open them instead."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from app.widgets.icon_label import IconLabel
from app.widgets.icons import icon

_ICON_PX = 40
_INSET_PX = 12
_RADIUS_PX = 10
_LEAST_BUTTON_PX = 120


class _GivingButton(QPushButton):
    """A button whose words are shortened where there is no room for them."""

    def minimumSizeHint(self) -> QSize:
        """Narrow."""
        return QSize(_LEAST_BUTTON_PX, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The words that fit."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self).width()
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter.end()


class DropZone(QWidget):
    """A dashed field with an icon, a title, a line below it and buttons."""

    dropped = Signal(QMimeData)
    """Something was dropped."""

    def __init__(self, title: str, words: str, *, picture: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = icon(picture, role=QPalette.ColorRole.PlaceholderText)
        self._picture_over = icon(picture, role=QPalette.ColorRole.Accent)
        self._is_over = False
        self.setAcceptDrops(True)
        self._image = IconLabel(self._picture, _ICON_PX)
        self._title = QLabel(title)
        self._title.setProperty("heading", True)
        self._words = QLabel(words)
        self._words.setProperty("muted", True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(2 * _INSET_PX, 2 * _INSET_PX, 2 * _INSET_PX, 2 * _INSET_PX)
        self._layout.setSpacing(8)
        self._layout.addStretch(1)
        self._layout.addWidget(self._image, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._title, self._words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            self._layout.addWidget(label)
        self._layout.addSpacing(8)
        self._layout.addStretch(1)
        self._set_over(is_over=False)

    def add_button(self, text: str, *, is_primary: bool) -> QPushButton:
        """Offer something else than dropping."""
        button = _GivingButton(text)
        button.setProperty("primary", is_primary)
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._layout.insertWidget(self._layout.count() - 1, button, 0, Qt.AlignmentFlag.AlignHCenter)
        return button

    def _set_over(self, *, is_over: bool) -> None:
        self._is_over = is_over
        self._image.set_icon(self._picture_over if is_over else self._picture)
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files are welcome."""
        if event.mimeData().hasUrls() or event.mimeData().hasText():
            event.acceptProposedAction()
            self._set_over(is_over=True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went elsewhere."""
        self._set_over(is_over=False)

    def dropEvent(self, event: QDropEvent) -> None:
        """They came."""
        self._set_over(is_over=False)
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The dashed field."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        field = self.rect().adjusted(_INSET_PX, _INSET_PX, -_INSET_PX, -_INSET_PX)
        role = QPalette.ColorRole.Accent if self._is_over else QPalette.ColorRole.Mid
        pen = QPen(palette.color(role), 1.5)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.setBrush(
            palette.color(QPalette.ColorRole.Base if self._is_over else QPalette.ColorRole.AlternateBase)
        )
        painter.drawRoundedRect(field, _RADIUS_PX, _RADIUS_PX)
        painter.end()
