"""Windows are never larger than the screen they are on: they shrink, and scroll where that is not enough."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QSize
from PySide6.QtGui import QGuiApplication, QWindow
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QScrollArea, QStyle, QVBoxLayout, QWidget


def fit_into_screen(window: QWidget) -> None:
    """Shrink and move a window so that all of it lies on its screen; nothing where it does already.

    Args:
        window: a window, shown or not. A dialog that cannot be so small gets bars to scroll it with.
    """
    if window.isMaximized() or window.isFullScreen():
        return
    room = _room(window)
    if isinstance(window, QDialog):
        least = window.minimumSizeHint().expandedTo(window.minimumSize())
        if least.width() > room.width() or least.height() > room.height():
            _make_scrollable(window)
            window.resize(window.sizeHint().boundedTo(room.size()))
    size = window.size().boundedTo(room.size())
    if size != window.size():
        window.resize(size)
    if window.isVisible():
        place = window.geometry()
        place.moveRight(min(place.right(), room.right()))
        place.moveBottom(min(place.bottom(), room.bottom()))
        place.moveLeft(max(place.left(), room.left()))
        place.moveTop(max(place.top(), room.top()))
        if place != window.geometry():
            window.setGeometry(place)


def _room(window: QWidget) -> QRect:
    """Where a window's content may lie: its screen without task bars and the window's own frame."""
    room = window.screen().availableGeometry()
    if window.isVisible():
        frame, inside = window.frameGeometry(), window.geometry()
        left, top = inside.left() - frame.left(), inside.top() - frame.top()
        return room.adjusted(left, top, inside.right() - frame.right(), inside.bottom() - frame.bottom())
    title = window.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight, None, window)
    return room.adjusted(0, title, 0, 0)


def _make_scrollable(dialog: QDialog) -> None:
    layout = dialog.layout()
    if layout is None or dialog.findChild(_Scrolled) is not None:
        return
    dialog.setMinimumSize(QSize(0, 0))
    dialog.setMaximumSize(QSize(QWIDGETSIZE_MAX, QWIDGETSIZE_MAX))
    content = QWidget()
    content.setLayout(layout)  # Qt hands all widgets in it over
    area = _Scrolled()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(content)
    outer = QVBoxLayout(dialog)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addWidget(area)


QWIDGETSIZE_MAX = (1 << 24) - 1
"""Qt's own word for no bound."""


class _Scrolled(QScrollArea):
    """The content of a dialog that is larger than its screen."""

    def sizeHint(self) -> QSize:
        """As large as the content; a scroll area by itself asks for less."""
        content = self.widget()
        hint = super().sizeHint() if content is None else content.sizeHint()
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        return hint + QSize(bar, bar)


class DialogFitting(QObject):
    """Fits every dialog into its screen when it comes to the front, whoever opened it."""

    def __init__(self, app: QGuiApplication) -> None:
        super().__init__(app)
        app.focusWindowChanged.connect(self._on_window_changed)

    def _on_window_changed(self, window: QWindow | None) -> None:
        for widget in QApplication.topLevelWidgets() if window is not None else ():
            if isinstance(widget, QDialog) and widget.windowHandle() is window:
                fit_into_screen(widget)
