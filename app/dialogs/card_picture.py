"""What a network makes of hard cases, as large as it was drawn."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.widgets.wrapped_label import WrappedLabel

_ROOM_PX = (60, 200)
"""Beside and above the picture: bars, words, the button."""
_LEAST_PX = (480, 360)


class CardPictureDialog(QDialog):
    """The picture of a network's card, and the words that say what one sees."""

    def __init__(self, *, name: str, words: str, image: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("{name}: hard cases").format(name=name))
        picture = QLabel()
        picture.setPixmap(QPixmap.fromImage(image))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        picture.setAccessibleName(self.windowTitle())
        picture.setAccessibleDescription(words)
        area = QScrollArea()
        area.setWidget(picture)
        area.setFrameShape(QFrame.Shape.NoFrame)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        legend = self.tr(
            "Rendered scenes, a row each, in the middle of a gap: the frames before and after, a cross-fade, "
            "classical flow, this network, and what is true. Of each the part is shown where this network "
            "errs most; numbers are dB over the whole picture, more is better."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(WrappedLabel(legend, muted=True))
        if words:
            layout.addWidget(WrappedLabel(words))
        layout.addWidget(area, 1)
        layout.addWidget(close)
        self.setMinimumSize(*_LEAST_PX)
        self.resize(image.width() + _ROOM_PX[0], image.height() + _ROOM_PX[1])
