"""The preferences: pages of fields that are made from the settings dataclasses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.preference_fields import FormField, Kind, Page, pages, with_values
from app.viewmodels.preferences import Preferences, PreferencesStore
from app.viewmodels.workspace import ClipEdits
from app.widgets.icons import icon
from flavr_core.errors import FlavrError


class FieldEditor(QWidget):
    """One field: its label, what chooses its value, a hint, and what is wrong with what was typed."""

    edited = Signal()
    """The user chose another value."""

    def __init__(self, field: FormField) -> None:
        super().__init__()
        self.field = field
        self._read: Callable[[], Any]
        self._write: Callable[[Any], None]
        self._focus: QWidget
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        control = self._build()
        if field.kind is not Kind.SWITCH:
            label = QLabel(field.label)
            label.setBuddy(self._focus)
            layout.addWidget(label)
        layout.addWidget(control)
        self._focus.setAccessibleName(field.label)
        self._focus.setAccessibleDescription(field.hint)
        self._hint = QLabel(field.hint)
        self._hint.setWordWrap(True)
        self._hint.setProperty("muted", True)
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setProperty("signal", "bad")
        self._problem.hide()
        layout.addWidget(self._hint)
        layout.addWidget(self._problem)

    def value(self) -> Any:
        """What is chosen. Raises FlavrError for what cannot be read, and shows it."""
        try:
            value = self._read()
        except FlavrError as error:
            self._problem.setText(str(error))
            self._problem.show()
            raise
        self._problem.hide()
        return value

    def set_value(self, value: Any) -> None:
        """Show another value."""
        with QSignalBlocker(self):
            self._write(value)
        self._problem.hide()

    def _build(self) -> QWidget:
        builders = {
            Kind.SWITCH: self._build_switch,
            Kind.CHOICE: self._build_choice,
            Kind.SHARE: self._build_share,
            Kind.TEXT: self._build_text,
            Kind.FOLDER: self._build_folder,
        }
        control = builders[self.field.kind]()
        self._write(self.field.value)
        return control

    def _build_switch(self) -> QWidget:
        box = QCheckBox(self.field.label)
        box.toggled.connect(self.edited)
        self._read, self._write, self._focus = box.isChecked, box.setChecked, box
        return box

    def _build_choice(self) -> QWidget:
        box = QComboBox()
        for choice in self.field.choices:
            box.addItem(choice.label, choice.value)
        values = [choice.value for choice in self.field.choices]

        def write(value: Any) -> None:
            box.setCurrentIndex(values.index(value) if value in values else 0)

        box.currentIndexChanged.connect(self.edited)
        self._read, self._write, self._focus = lambda: values[max(0, box.currentIndex())], write, box
        return box

    def _build_share(self) -> QWidget:
        low, high = self.field.low, self.field.high
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(round(low * 100), round(high * 100))
        slider.setSingleStep(5)
        slider.setPageStep(10)
        shown = QLabel()
        shown.setMinimumWidth(shown.fontMetrics().horizontalAdvance("100 %  "))
        shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        slider.valueChanged.connect(lambda value: shown.setText(f"{value} %"))
        slider.valueChanged.connect(self.edited)
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(slider, 1)
        layout.addWidget(shown)

        def write(value: float) -> None:
            slider.setValue(round(value * 100))
            shown.setText(f"{slider.value()} %")

        self._read, self._write, self._focus = lambda: slider.value() / 100, write, slider
        return row

    def _build_text(self) -> QWidget:
        line = QLineEdit()
        line.textEdited.connect(self.edited)
        field = self.field
        self._read = lambda: field.parse(line.text())
        self._write, self._focus = lambda value: line.setText(field.show(value)), line
        return line

    def _build_folder(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._build_text(), 1)
        button = QPushButton(self.tr("Choose..."))
        button.setAutoDefault(False)
        button.clicked.connect(self._on_folder_asked)
        layout.addWidget(button)
        return row

    def _on_folder_asked(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.field.label, str(self._read()))
        if folder:
            self._write(folder)
            self.edited.emit()


class PreferencesDialog(QDialog):
    """Changes are taken at OK, all at once; what cannot be used is said beside its field."""

    def __init__(self, store: PreferencesStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._editors: list[FieldEditor] = []
        self.setWindowTitle(self.tr("Preferences"))
        self._list = QListWidget()
        self._list.setIconSize(QSize(18, 18))
        self._list.setFrameShape(QListWidget.Shape.NoFrame)
        self._list.setAccessibleName(self.tr("Pages"))
        self._pages = QStackedWidget()
        for page in pages(store.preferences, store.defaults):
            self._add_page(page)
        self._list.currentRowChanged.connect(self._pages.setCurrentIndex)
        self._list.setCurrentRow(0)
        self._list.setFixedWidth(self._list.sizeHintForColumn(0) + 48)
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setProperty("signal", "bad")
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        restore = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        restore.setText(self.tr("Restore defaults"))
        restore.clicked.connect(self.restore_defaults)
        body = QHBoxLayout()
        body.setSpacing(16)
        body.addWidget(self._list)
        body.addWidget(self._pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(body, 1)
        layout.addWidget(self._problem)
        layout.addWidget(buttons)
        self._problem.hide()
        self.resize(680, 560)

    def editor(self, part: str, name: str) -> FieldEditor:
        """What edits a field."""
        return next(e for e in self._editors if (e.field.part, e.field.name) == (part, name))

    def restore_defaults(self) -> None:
        """Show the values that the program came with; they are taken at OK."""
        usual = {
            (field.part, field.name): field.value
            for page in pages(Preferences(), ClipEdits())
            for field in page.fields
        }
        for editor in self._editors:
            editor.set_value(usual[editor.field.part, editor.field.name])

    def accept(self) -> None:
        """Take the changes, when all of them can be used."""
        values: dict[tuple[str, str], Any] = {}
        for editor in self._editors:
            try:
                values[editor.field.part, editor.field.name] = editor.value()
            except FlavrError:
                self._show(editor)
                return
        try:
            preferences, defaults = with_values(self._store.preferences, self._store.defaults, values)
        except FlavrError as error:
            self._problem.setText(str(error))
            self._problem.show()
            return
        self._store.set(preferences, defaults)
        super().accept()

    def _show(self, editor: FieldEditor) -> None:
        for row in range(self._pages.count()):
            page = self._pages.widget(row)
            if page is not None and page.isAncestorOf(editor):
                self._list.setCurrentRow(row)
        editor.setFocus()

    def _add_page(self, page: Page) -> None:
        self._list.addItem(QListWidgetItem(icon(page.icon), page.title))
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 12, 0)
        layout.setSpacing(16)
        for field in page.fields:
            editor = FieldEditor(field)
            self._editors.append(editor)
            layout.addWidget(editor)
        layout.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(content)
        self._pages.addWidget(area)
