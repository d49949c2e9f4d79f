"""What the program noted while it worked."""

from __future__ import annotations

import logging

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.jobs.crash_reports import Logs

REFRESH_MS = 500
"""How often new lines are looked for."""


class LogDialog(QDialog):
    """The newest lines at the end, from a level on, with a word in them."""

    def __init__(self, logs: Logs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._logs = logs
        self._shown: tuple[object, ...] = ()
        self.setWindowTitle(self.tr("Log"))
        self._level = QComboBox()
        self._level.addItem(self.tr("Everything"), logging.NOTSET)
        self._level.addItem(self.tr("Warnings and errors"), logging.WARNING)
        self._level.addItem(self.tr("Errors"), logging.ERROR)
        self._level.setAccessibleName(self.tr("What is shown"))
        self._level.currentIndexChanged.connect(self.refresh)
        self._word = QLineEdit()
        self._word.setPlaceholderText(self.tr("Search"))
        self._word.setAccessibleName(self.tr("Search"))
        self._word.setClearButtonEnabled(True)
        self._word.textChanged.connect(self.refresh)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setAccessibleName(self.tr("Log"))
        where = QLabel(self.tr("Stored in {path}").format(path=logs.path))
        where.setProperty("muted", True)
        where.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(self.tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        folder = buttons.addButton(self.tr("Open folder"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self._on_copy_asked)
        folder.clicked.connect(self._on_folder_asked)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._level)
        row.addWidget(self._word, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(row)
        layout.addWidget(self._text, 1)
        layout.addWidget(where)
        layout.addWidget(buttons)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self.refresh()
        self.resize(860, 560)

    def refresh(self) -> None:
        """Show what is there now; the view stays at the end when it was there."""
        least, word = int(self._level.currentData()), self._word.text().casefold()
        lines = list(self._logs.buffer.lines)
        state = (least, word, len(lines), lines[-1] if lines else None)
        if state == self._shown:
            return
        self._shown = state
        bar = self._text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        self._text.setPlainText(
            "\n".join(line for level, line in lines if level >= least and word in line.casefold())
        )
        if at_end:
            bar.setValue(bar.maximum())

    def _on_copy_asked(self) -> None:
        QGuiApplication.clipboard().setText(self._text.toPlainText())

    def _on_folder_asked(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._logs.path.parent)))
