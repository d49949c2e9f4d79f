"""Asks for the name of a preset and a line about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.viewmodels.presets import preset_name
from app.widgets.icons import icon
from app.widgets.notice import Notice
from flavr_core.errors import FlavrError


class PresetSaveDialog(QDialog):
    """Name and description; what is refused is said inside and the dialog stays."""

    def __init__(
        self,
        title: str,
        save: Callable[[str, str, bool], object],
        *,
        name: str = "",
        description: str | None = "",
        can_replace: Callable[[str], bool] = lambda name: False,
        parent: QWidget | None = None,
    ) -> None:
        """Make it.

        Args:
            title: of the window.
            save: given name, description and whether to replace; raises FlavrError.
            name: to begin with.
            description: to begin with; None where only a name is asked for.
            can_replace: whether a name is one that may be replaced, which the button then says.
            parent: the window it belongs to.
        """
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(360)
        self._save, self._can_replace = save, can_replace
        self.name = QLineEdit(name, self)
        self.name.setPlaceholderText(self.tr("my-preset"))
        self.name.setMaxLength(64)
        self.description = QLineEdit(description or "", self)
        self.description.setPlaceholderText(self.tr("One line about it"))
        self._becomes = QLabel(self)
        self._becomes.setProperty("muted", True)
        self.problem = Notice(icon("problem"), signal="bad", parent=self)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel, self
        )
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.addRow(self.tr("&Name"), self.name)
        form.addRow("", self._becomes)
        form.addRow(self.tr("&Description"), self.description)
        form.setRowVisible(self.description, description is not None)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addLayout(form)
        column.addWidget(self.problem)
        column.addWidget(self.buttons)
        self.name.textChanged.connect(self._on_name_changed)
        self.buttons.accepted.connect(self._on_save)
        self.buttons.rejected.connect(self.reject)
        self.name.selectAll()
        self._on_name_changed()

    def _on_name_changed(self) -> None:
        self.problem.set_text("")
        try:
            name = preset_name(self.name.text())
        except FlavrError:
            name = ""
        replaces = bool(name) and self._can_replace(name)
        words = self.tr("Replaces your preset {name}") if replaces else self.tr("Kept as {name}")
        self._becomes.setText(words.format(name=name) if name else "")
        button = self.buttons.button(QDialogButtonBox.StandardButton.Save)
        button.setText(self.tr("Replace") if replaces else self.tr("Save"))
        button.setEnabled(bool(name))

    def _on_save(self) -> None:
        name = self.name.text()
        try:
            self._save(name, self.description.text(), self._can_replace(preset_name(name)))
        except FlavrError as error:
            self.problem.set_text(str(error))
            self.name.setFocus()
        else:
            self.accept()
