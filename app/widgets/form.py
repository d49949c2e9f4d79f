"""Labels at the left, controls at the right, in line over several forms of one page."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QLayout, QWidget

LABEL_EMS = 8
"""Width of the labels in widths of the letter m, so that controls of several forms stand in line."""


class Form(QWidget):
    """Rows of a label and a control, each named for screen readers and with a tool tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnMinimumWidth(0, LABEL_EMS * self.fontMetrics().horizontalAdvance("m"))
        self._rows: list[tuple[QWidget, ...]] = []

    def add(self, text: str, control: QWidget, tip: str, *, layout: QLayout | None = None) -> None:
        """Put a row under the others.

        Args:
            text: the label.
            control: what is labelled.
            tip: what it does, a sentence.
            layout: what stands in the row where that is more than the control.
        """
        label = QLabel(text, self)
        label.setBuddy(control)
        label.setToolTip(tip)
        label.setWordWrap(True)
        control.setToolTip(tip)
        control.setAccessibleName(text)
        control.setAccessibleDescription(tip)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignVCenter)
        if layout is not None:
            self._grid.addLayout(layout, row, 1)
        else:
            self._grid.addWidget(control, row, 1)
        self._rows.append((label, control))

    def clear(self) -> None:
        """Remove all rows."""
        for row in self._rows:
            for widget in row:
                self._grid.removeWidget(widget)
                widget.deleteLater()
        self._rows.clear()
