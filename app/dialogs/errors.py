"""What went wrong, with what can be done about it; and what to say of faults that nobody foresaw."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from flavr_core.errors import FlavrError, ProblemsError

translate = QCoreApplication.translate


def error_box(parent: QWidget | None, title: str, error: Exception) -> QMessageBox:
    """A box that says what is wrong and what helps, one line a problem; to be shown with `open`.

    Args:
        parent: the window it belongs to.
        title: what could not be done: `The clip was not exported`.
        error: why.
    """
    problems = error.problems if isinstance(error, ProblemsError) else (error,)
    lines = [str(each) or type(each).__name__ for each in problems]
    box = _box(parent, title, QMessageBox.Icon.Warning)
    box.setInformativeText("\n".join(lines) if len(lines) == 1 else "\n".join(f"• {line}" for line in lines))
    box.setStandardButtons(QMessageBox.StandardButton.Ok)
    return box


def sentence_of(error: Exception) -> tuple[str, str]:
    """What is wrong and what helps, for a line of the window."""
    if isinstance(error, FlavrError):
        return error.message, error.hint
    return str(error) or type(error).__name__, ""


def fault_box(parent: QWidget | None, error: BaseException, report: Path | None) -> QMessageBox:
    """A box for a fault of the program: what happened, that the work is kept, and where the report is.

    Args:
        parent: the window it belongs to.
        error: what was raised.
        report: the stored report; None when it could not be stored.
    """
    box = _box(parent, translate("Errors", "Something in the program failed"), QMessageBox.Icon.Critical)
    kept = translate(
        "Errors", "Your clips, marks and the queue are kept. You can go on, or start the program again."
    )
    what = str(error).splitlines()[0] if str(error).strip() else type(error).__name__
    place = (
        translate("Errors", "A report was stored. Please send it along when you report this.")
        if report is not None
        else translate("Errors", "A report could not be stored.")
    )
    box.setInformativeText(f"{what}\n\n{kept}\n\n{place}")
    box.setStandardButtons(QMessageBox.StandardButton.Close)
    if report is not None:
        with suppress(OSError):
            box.setDetailedText(report.read_text(encoding="utf-8", errors="replace"))
        show = box.addButton(translate("Errors", "Show report"), QMessageBox.ButtonRole.HelpRole)
        folder = QUrl.fromLocalFile(str(report.parent))
        show.clicked.connect(lambda: QDesktopServices.openUrl(folder))
    return box


def _box(parent: QWidget | None, text: str, sign: QMessageBox.Icon) -> QMessageBox:
    box = QMessageBox(parent)
    box.setWindowTitle("FLAVR Studio")
    box.setIcon(sign)
    box.setText(text)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
