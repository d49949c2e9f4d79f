"""The empty state of a list that things are dropped on: says so, and offers to open them instead."""

from __future__ import annotations

from collections.abc import Sequence

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
    """A button that says the same in fewer words where there is no room for all."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Say this, the longest first; the last is cut where even that is too long."""
        super().__init__(texts[0])
        self._fewer = tuple(texts[1:])

    def words(self, room_px: int) -> str:
        """What is said in so much room."""
        metrics, texts = self.fontMetrics(), (self.text(), *self._fewer)
        fitting = (text for text in texts if metrics.horizontalAdvance(text) <= room_px)
        return next(fitting, metrics.elidedText(texts[-1], Qt.TextElideMode.ElideRight, room_px))

    def minimumSizeHint(self) -> QSize:
        """Narrow."""
        return QSize(_LEAST_BUTTON_PX, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The words that fit."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self).width()
        option.text = self.words(room)
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

    def add_button(self, *texts: str, is_primary: bool) -> QPushButton:
        """Offer something else than dropping; `texts` say the same in ever fewer words."""
        button = _GivingButton(texts)
        button.setAccessibleName(texts[0])
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
