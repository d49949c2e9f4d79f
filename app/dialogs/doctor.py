"""What this computer has and lacks, and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.doctor import DoctorModel
from app.widgets.icon_label import IconLabel
from app.widgets.icons import icon
from flavr_core.doctor import Finding, State

_SIGNS = {State.OK: ("done", "good"), State.NOTE: ("warning", "warning"), State.PROBLEM: ("problem", "bad")}
_SIGN_PX = 18


class DoctorDialog(QDialog):
    """A row a finding: how it is, what it is, what to do."""

    def __init__(self, model: DoctorModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setWindowTitle(self.tr("Check this computer"))
        self._summary = QLabel()
        self._summary.setProperty("heading", True)
        self._summary.setWordWrap(True)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._copy = buttons.addButton(self.tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        self._again = buttons.addButton(self.tr("Look again"), QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.clicked.connect(self._on_copy_asked)
        self._again.clicked.connect(model.look)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self._summary)
        layout.addWidget(self._busy)
        layout.addWidget(self._area, 1)
        layout.addWidget(buttons)
        model.changed.connect(self._on_changed)
        self._on_changed()
        self.resize(720, 600)

    def _on_changed(self) -> None:
        self._summary.setText(self._model.summary())
        self._busy.setVisible(self._model.is_looking)
        self._copy.setEnabled(bool(self._model.findings))
        self._again.setEnabled(not self._model.is_looking)
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(0, 0, 12, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(2, 1)
        for row, finding in enumerate(self._model.findings):
            self._add_row(grid, row, finding)
        grid.setRowStretch(len(self._model.findings), 1)
        self._area.setWidget(content)

    def _add_row(self, grid: QGridLayout, row: int, finding: Finding) -> None:
        name, meaning = _SIGNS[finding.state]
        sign = IconLabel(icon(name, meaning=meaning), _SIGN_PX)
        words = {
            State.OK: self.tr("fine"),
            State.NOTE: self.tr("could be better"),
            State.PROBLEM: self.tr("problem"),
        }
        sign.setAccessibleName(words[finding.state])
        sign.setToolTip(words[finding.state])
        topic = QLabel(finding.topic)
        topic.setProperty("heading", True)
        value = QLabel(f"{finding.value}\n{finding.advice}".strip())
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setToolTip("\n".join(finding.details))
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(sign, row, 0, top)
        grid.addWidget(topic, row, 1, top)
        grid.addWidget(value, row, 2, top)

    def _on_copy_asked(self) -> None:
        QGuiApplication.clipboard().setText(self._model.as_text())
