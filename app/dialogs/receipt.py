"""The receipt of a finished job: what was promised, made and read back."""

from __future__ import annotations

import html
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication, QPalette, QTextOption
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QMessageBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.jobs.queue_store import Receipt
from app.viewmodels.receipt import receipt_rows, receipt_text, save_receipt
from app.widgets.icons import icon
from app.widgets.theme import signal_color
from flavr_core.errors import FlavrError


class ReceiptView(QTextBrowser):
    """The rows of a receipt; everything can be selected and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setAccessibleName(self.tr("Receipt"))
        self.document().setDocumentMargin(8)
        self._shown: Receipt | None = None
        self._show()

    def show_receipt(self, receipt: Receipt | None) -> None:
        """Show another receipt; None for none."""
        if receipt != self._shown:
            self._shown = receipt
            self._show()

    def _show(self) -> None:
        muted = QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText).name()
        if self._shown is None:
            nothing = self.tr("A receipt is written when the job is done.")
            self.setHtml(f'<p style="color:{muted}">{html.escape(nothing)}</p>')
            return
        rows = []
        for number, (what, value) in enumerate(receipt_rows(self._shown)):
            colour = f' style="color:{signal_color("good").name()}"' if number == 0 else ""
            name = (
                f'<td style="color:{muted}; padding-right:16px; white-space:nowrap">{html.escape(what)}</td>'
            )
            rows.append(f"<tr>{name}<td{colour}>{html.escape(value)}</td></tr>")
        self.setHtml(f'<table cellpadding="2">{"".join(rows)}</table>')

    # Qt's own names.

    def changeEvent(self, event: QEvent) -> None:
        """Write the rows in the colours of another theme."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._show()


class ReceiptDialog(QDialog):
    """A receipt in a window of its own, to be copied or saved."""

    def __init__(self, receipt: Receipt, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._receipt = receipt
        self.setWindowTitle(self.tr("Receipt of {name}").format(name=receipt.output.name))
        self.resize(620, 520)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(12)
        self._view = ReceiptView()
        self._view.show_receipt(receipt)
        layout.addWidget(self._view)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setIcon(icon("close"))
        close.setDefault(True)
        copy = buttons.addButton(self.tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.setIcon(icon("copy"))
        copy.setAutoDefault(False)
        copy.clicked.connect(self._on_copy)
        save = buttons.addButton(self.tr("Save as JSON..."), QDialogButtonBox.ButtonRole.ActionRole)
        save.setIcon(icon("save"))
        save.setAutoDefault(False)
        save.clicked.connect(self._on_save)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(receipt_text(self._receipt))

    def _on_save(self) -> None:
        output = self._receipt.output
        name, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Save the receipt"),
            str(output.with_name(f"{output.stem} receipt.json")),
            self.tr("JSON (*.json)"),
        )
        if not name:
            return
        try:
            save_receipt(self._receipt, Path(name))
        except FlavrError as error:
            QMessageBox.warning(self, self.windowTitle(), str(error))
