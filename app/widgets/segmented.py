"""A row of buttons of which one is down: for a choice among few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget


class Segmented(QWidget):
    """Choices side by side; arrow keys move among them, none is down where the value is another."""

    chosen = Signal(object)
    """The user chose a value."""

    def __init__(
        self, choices: Sequence[tuple[Any, str, str]], *, name: str, parent: QWidget | None = None
    ) -> None:
        """Make the buttons.

        Args:
            choices: (value, label, tool tip) of each.
            name: what is chosen, for screen readers.
            parent: its owner.
        """
        super().__init__(parent)
        self.setAccessibleName(name)
        self._values = [value for value, _, _ in choices]
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for number, (_, label, tip) in enumerate(choices):
            button = QPushButton(label, self)
            button.setCheckable(True)
            button.setProperty("segment", True)
            button.setStyleSheet("padding-left: 4px; padding-right: 4px;")  # a row fits a narrow panel
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {label}")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._group.addButton(button, number)
            row.addWidget(button)
        self._group.idClicked.connect(lambda number: self.chosen.emit(self._values[number]))
        if self._group.buttons():
            self.setFocusProxy(self._group.buttons()[0])

    def set_value(self, value: Any) -> None:
        """Show a value; emits nothing."""
        number = self._values.index(value) if value in self._values else -1
        # An exclusive group lets no button up.
        self._group.setExclusive(False)
        for place, button in enumerate(self._group.buttons()):
            button.setChecked(place == number)
            tabbed = place == max(number, 0)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus if tabbed else Qt.FocusPolicy.ClickFocus)
        self._group.setExclusive(True)
        self.setFocusProxy(self._group.button(max(number, 0)))

    @property
    def value(self) -> Any:
        """What is down; None for none."""
        number = self._group.checkedId()
        return self._values[number] if number >= 0 else None
