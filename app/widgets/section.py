"""A heading that folds what is under it away."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.widgets.icons import icon


class Section(QWidget):
    """A heading and what it folds away."""

    toggled = Signal(bool)
    """It was opened or closed."""

    def __init__(
        self, title: str, content: QWidget, *, is_open: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._content = content
        self.heading = QPushButton(title, self)
        self.heading.setFlat(True)
        self.heading.setCheckable(True)
        self.heading.setChecked(is_open)
        self.heading.setStyleSheet("text-align: left; padding-left: 0px; background: transparent;")
        self.heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.heading.toggled.connect(self._on_toggled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.heading)
        column.addWidget(content)
        self._on_toggled(is_open)

    @property
    def is_open(self) -> bool:
        """Whether its content is shown."""
        return self.heading.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Open or close it."""
        self.heading.setChecked(is_open)

    def _on_toggled(self, is_open: bool) -> None:
        self.heading.setIcon(icon("down" if is_open else "right"))
        self.heading.setAccessibleDescription(self.tr("open") if is_open else self.tr("closed"))
        self._content.setVisible(is_open)
        self.toggled.emit(is_open)
