"""The form of export settings: all of them in the panel, those of a palette in its preview."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QShowEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.export_details import Choice, ExportDetails, FieldKind, FormField
from app.widgets.elided_combo import ElidedCombo
from app.widgets.form import Form
from app.widgets.wheel_guard import WheelGuard
from app.widgets.wrapped_label import WrappedLabel
from flavr_core.errors import SettingsError
from flavr_core.settings import format_bytes, parse_bytes

_LEAST_WIDTH_PX = 80


class ExportForm(QWidget):
    """One line for each setting that means something to the format; the others are named below."""

    def __init__(
        self, model: ExportDetails, *, only: tuple[str, ...] = (), parent: QWidget | None = None
    ) -> None:
        """Make it.

        Args:
            model: the settings.
            only: names of the settings that are shown; empty for all.
            parent: its owner.
        """
        super().__init__(parent)
        self._model, self._only = model, only
        self._guard = WheelGuard(self)
        self._controls: dict[str, QWidget] = {}
        self._page = Form(self)
        self._problem = WrappedLabel(parent=self)
        self._problem.setProperty("signal", "bad")
        self._problem.setVisible(False)
        self._left_out = WrappedLabel(muted=True, parent=self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._page)
        column.addWidget(self._problem)
        column.addWidget(self._left_out)
        model.changed.connect(self._refresh)
        self._refresh()

    def control(self, name: str) -> QWidget | None:
        """The control of a setting; None where it means nothing to the format."""
        return self._controls.get(name)

    def _refresh(self) -> None:
        if self.isVisible() or not self._controls:  # folded away it costs nothing
            self._show_fields()

    def _show_fields(self) -> None:
        fields = tuple(field for field in self._model.fields if not self._only or field.name in self._only)
        if [field.name for field in fields] != list(self._controls):
            self._rebuild(fields)
        for field in fields:
            self._show(field, self._controls[field.name])
        left_out = self._model.left_out
        words = self.tr("Not for this format: {settings}.")
        self._left_out.setText(words.format(settings=", ".join(label for label, _ in left_out)))
        self._left_out.setToolTip("\n".join(f"{label}: {reason}" for label, reason in left_out))
        self._left_out.setVisible(bool(left_out) and not self._only)
        self._problem.setVisible(False)

    def _rebuild(self, fields: tuple[FormField, ...]) -> None:
        self._page.clear()
        self._controls = {}
        for field in fields:
            control = self._make(field)
            self._page.add(field.label, control, field.help)
            self._controls[field.name] = control
        self._guard.guard(self._page)

    def _make(self, field: FormField) -> QWidget:
        """A control of the right kind, without a value yet."""
        name = field.name
        if field.kind is FieldKind.SWITCH:
            switch = QCheckBox(self._page)
            switch.toggled.connect(lambda on: self._model.set_value(name, on))
            return switch
        if field.kind is FieldKind.NUMBER:
            return self._make_number(field)
        if field.kind is FieldKind.BYTES:
            line = QLineEdit(self._page)
            line.setPlaceholderText(field.unset)
            line.editingFinished.connect(lambda: self._on_bytes(name, line))
            return line
        box = ElidedCombo(self._page)
        box.activated.connect(lambda row: self._model.set_value(name, box.itemData(row)))
        return box

    def _make_number(self, field: FormField) -> QDoubleSpinBox:
        """A spin box; where the number may be unset, the step below the smallest one says so."""
        name, can_be_unset = field.name, bool(field.unset)
        spin = QDoubleSpinBox(self._page)
        spin.setKeyboardTracking(False)
        spin.lineEdit().setTextMargins(8, 0, 0, 0)  # a style sheet's padding does not reach it
        spin.setDecimals(0 if name != "crf" else 1)
        spin.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        spin.setMinimumWidth(_LEAST_WIDTH_PX)  # its own would be that of its longest value

        def on_changed(value: float) -> None:
            if can_be_unset and value < spin.property("low"):
                self._model.set_value(name, None)
            else:
                self._model.set_value(name, value if name == "crf" else int(value))

        spin.valueChanged.connect(on_changed)
        spin.editingFinished.connect(self._model.end_change)
        return spin

    def _show(self, field: FormField, control: QWidget) -> None:
        with QSignalBlocker(control):
            if isinstance(control, QCheckBox):
                control.setChecked(field.value)
            elif isinstance(control, QDoubleSpinBox):
                _show_number(field, control)
            elif isinstance(control, QLineEdit):
                control.setText("" if field.value is None else format_bytes(field.value))
            elif isinstance(control, QComboBox):
                show_choices(control, field.choices, field.value)

    def _on_bytes(self, name: str, line: QLineEdit) -> None:
        self._problem.setVisible(False)
        text = line.text().strip()
        shown = next((field.value for field in self._model.fields if field.name == name), None)
        if text == ("" if shown is None else format_bytes(shown)):
            return
        try:
            limit = parse_bytes(text) if text else None
            self._model.set_value(name, limit)
            self._model.end_change()
        except SettingsError as error:
            self._problem.setText(str(error))
            self._problem.setVisible(True)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed meanwhile."""
        self._show_fields()
        super().showEvent(event)


def show_choices(box: QComboBox, choices: tuple[Choice, ...], value: Any) -> None:
    """Fill a combo box; what cannot be chosen is there, greyed, with the reason as its tool tip."""
    if [box.itemData(row) for row in range(box.count())] != [choice.value for choice in choices]:
        box.clear()
        for choice in choices:
            box.addItem(choice.label, choice.value)
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    for row, choice in enumerate(choices):
        item: QStandardItem = model.item(row)
        is_possible = not choice.problem or choice.value == value
        item.setEnabled(is_possible)
        item.setText(choice.label if not choice.problem else f"{choice.label} —")
        item.setToolTip(choice.problem)
    box.setCurrentIndex(next((row for row, choice in enumerate(choices) if choice.value == value), -1))


def _show_number(field: FormField, spin: QDoubleSpinBox) -> None:
    spin.setProperty("low", field.low)
    spin.setRange(field.low - 1 if field.unset else field.low, field.high)
    spin.setSpecialValueText(field.unset)
    spin.setValue(field.low - 1 if field.value is None else field.value)
