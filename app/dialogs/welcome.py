"""The first steps: the sample in one click, a clip of one's own, the keys that matter."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.widgets.icons import icon

LEAST_WIDTH_PX = 640
"""Width of the dialog where its words need no more."""
PICTURE_HEIGHT_PX = 200
"""Height of the picture; it is as wide as the dialog."""


class WelcomeDialog(QDialog):
    """Shown at the first start, and later on demand."""

    sample_asked = Signal()
    """Convert the sample clip."""
    open_asked = Signal()
    """Open a clip of one's own."""
    shown_again_changed = Signal(bool)
    """Whether it is to be shown at the next start."""

    def __init__(self, picture: QPixmap, *, is_shown_again: bool, parent: QWidget | None = None) -> None:
        """Build it.

        Args:
            picture: what stands on top; may be null.
            is_shown_again: whether it is shown at every start.
            parent: its window.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Welcome to FLAVR Studio"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        if not picture.isNull():
            layout.addWidget(_Banner(picture, self.tr("A frame of the sample clip")))
        body = QVBoxLayout()
        body.setContentsMargins(24, 20, 24, 20)
        body.setSpacing(12)
        title = QLabel(self.tr("Smoother or slower, frame by frame"))
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        title.setFont(font)
        body.addWidget(title)
        text = QLabel(
            self.tr(
                "Drop a clip into the window and choose a rate. Look at original and result side by side, "
                "then export a video or a GIF. Every filmed frame stays as it was; only those between are "
                "drawn."
            )
        )
        text.setWordWrap(True)
        body.addWidget(text)
        keys = QLabel(
            self.tr(
                "Space plays, comma and period step one frame, W wipes between the sides, ? lists all keys."
            )
        )
        keys.setWordWrap(True)
        keys.setProperty("muted", True)
        body.addWidget(keys)
        body.addSpacing(4)
        body.addLayout(self._buttons())
        again = QCheckBox(self.tr("Show this at the start"))
        again.setChecked(is_shown_again)
        again.toggled.connect(self.shown_again_changed)
        body.addWidget(again)
        layout.addLayout(body)
        width = max(LEAST_WIDTH_PX, self.sizeHint().width())
        self.setMinimumWidth(width)
        self.resize(width, layout.heightForWidth(width))

    def _buttons(self) -> QHBoxLayout:
        sample = QPushButton(self.tr("Make the sample twice as smooth"))
        sample.setProperty("primary", True)
        sample.setDefault(True)
        sample.clicked.connect(self._on_sample_asked)
        own = QPushButton(icon("open"), " " + self.tr("Open a clip..."))  # a blank keeps both apart
        own.clicked.connect(self._on_open_asked)
        skip = QPushButton(self.tr("Just look around"))
        skip.setFlat(True)
        skip.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (sample, own, skip):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _on_sample_asked(self) -> None:
        self.accept()
        self.sample_asked.emit()

    def _on_open_asked(self) -> None:
        self.accept()
        self.open_asked.emit()


class _Banner(QWidget):
    """A picture over the whole width, cut where it does not fit."""

    def __init__(self, picture: QPixmap, name: str) -> None:
        super().__init__()
        self._picture = picture
        self.setAccessibleName(name)
        self.setFixedHeight(PICTURE_HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fill it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        place = QRect(QPoint(0, 0), size)
        place.moveCenter(self.rect().center())
        painter.drawPixmap(place, self._picture)
        painter.end()
