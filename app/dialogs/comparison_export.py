"""Exporting the comparison itself: both sides in one video, animation or picture, labelled."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.jobs.comparison import ComparisonExport
from app.widgets.icons import icon
from flavr_core.comparison.settings import ComparisonSettings
from flavr_core.comparison.views import DifferenceKind, ViewMode
from flavr_core.progress import Progress

SWEEP_S = Fraction(4)
"""Seconds in which a moving line goes across and back."""

WIDTHS_PX = (None, 3840, 1920, 1280, 640)
"""Limits of the width that are offered."""


class ComparisonDialog(QDialog):
    """How it looks, where it goes, and how far it is. Closing it stops the work."""

    play_asked = Signal(object)
    """The Path of a finished comparison, to be looked at."""
    reveal_asked = Signal(object)
    """The Path of a finished comparison, to be shown in its folder."""

    def __init__(self, settings: ComparisonSettings, title: str, parent: QWidget | None = None) -> None:
        """Offer what stands in the viewer.

        Args:
            settings: sides, view and range as they are in the window, and a file that may be written.
            title: what is compared with what, one line.
            parent: its window.
        """
        super().__init__(parent)
        self._settings = settings
        self._agreed: Path | None = None
        self._written: Path | None = None
        self._export = ComparisonExport(self)
        self.report: object = None
        """What was written, once it is done."""
        self.setWindowTitle(self.tr("Export comparison"))
        self._build_form()
        self._progress = QProgressBar()
        self._progress.setRange(0, 1000)
        self._progress.setTextVisible(False)
        self._progress.hide()
        self._message = QLabel(" ")
        self._message.setWordWrap(True)
        heading = QLabel(title)
        heading.setProperty("heading", True)
        heading.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._start = QPushButton(self.tr("Export"))
        self._start.setDefault(True)
        self._start.clicked.connect(self.start)
        buttons.addButton(self._start, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(heading)
        layout.addLayout(self._form)
        layout.addWidget(self._progress)
        layout.addWidget(self._message)
        layout.addWidget(self._make_done())
        layout.addStretch(1)
        layout.addWidget(buttons)
        self._export.progressed.connect(self._on_progressed)
        self._export.finished.connect(self._on_finished)
        self._export.failed.connect(self._on_failed)
        self._export.cancelled.connect(self._on_cancelled)
        self._on_view_changed()
        self.setMinimumWidth(520)

    def settings(self) -> ComparisonSettings:
        """What would be written now."""
        output = Path(self._file.text().strip()).expanduser()
        return replace(
            self._settings,
            output=output,
            view=ViewMode(self._view.currentData()),  # Qt stores it as plain text
            difference=DifferenceKind(self._difference.currentData()),
            sweep_s=SWEEP_S if self._sweep.isChecked() and self._sweep.isEnabled() else None,
            show_labels=self._labels.isChecked(),
            max_width=self._width.currentData(),
            overwrite=output == self._agreed,
        )

    def start(self) -> None:
        """Write it, or stop writing."""
        if self._export.is_running:
            self._export.cancel()
            return
        settings = self.settings()
        if settings.output.exists() and not settings.overwrite:
            self._ask_to_replace(settings.output)
            return
        self._say("", "")
        self._export.start(settings)
        self._set_running(is_running=True)

    def close_work(self) -> None:
        """Stop what is being written and wait for its end."""
        self._export.close()

    def _build_form(self) -> None:
        views = (
            (ViewMode.WIPE, self.tr("Wipe")),
            (ViewMode.SIDE, self.tr("Side by side")),
            (ViewMode.ABOVE, self.tr("Above and below")),
            (ViewMode.FLIP, self.tr("Flip between the sides")),
            (ViewMode.DIFFERENCE, self.tr("Difference")),
        )
        kinds = (
            (DifferenceKind.AMPLIFIED, self.tr("Amplified")),
            (DifferenceKind.LINEAR, self.tr("As it is")),
            (DifferenceKind.SIGNED, self.tr("Signed, around gray")),
        )
        self._view = _box(views, self._settings.view)
        self._difference = _box(kinds, self._settings.difference)
        self._sweep = QCheckBox(self.tr("The line goes across and back"))
        self._labels = QCheckBox(self.tr("Say on the picture what is what"))
        self._labels.setChecked(True)
        limits = tuple(
            (width, self.tr("As large as both sides need") if width is None else f"{width} px")
            for width in WIDTHS_PX
        )
        self._width = _box(limits, None)
        self._file = QLineEdit(str(self._settings.output))
        choose = QPushButton(self.tr("Choose..."))
        choose.setAutoDefault(False)
        choose.clicked.connect(self._on_choose_asked)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._file, 1)
        row.addWidget(choose)
        self._form = QFormLayout()
        self._form.setVerticalSpacing(8)
        self._form.setHorizontalSpacing(12)
        self._form.addRow(self.tr("View"), self._view)
        self._form.addRow(self.tr("Difference"), self._difference)
        self._form.addRow("", self._sweep)
        self._form.addRow("", self._labels)
        self._form.addRow(self.tr("Largest width"), self._width)
        self._form.addRow(self.tr("File"), row)
        self._view.currentIndexChanged.connect(self._on_view_changed)

    def _make_done(self) -> QWidget:
        """What can be done with a finished one, as with the queue's; hidden before."""
        self.play = QPushButton(icon("play"), self.tr("Play"))
        self.play.clicked.connect(self._on_play_asked)
        self.reveal = QPushButton(icon("reveal"), self.tr("Show in its folder"))
        self.reveal.clicked.connect(self._on_reveal_asked)
        self._done = QWidget()
        row = QHBoxLayout(self._done)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for button in (self.play, self.reveal):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        self._done.hide()
        return self._done

    def _on_play_asked(self) -> None:
        self.play_asked.emit(self._written)
        self.accept()  # it would stand before what is played

    def _on_reveal_asked(self) -> None:
        self.reveal_asked.emit(self._written)

    def _on_view_changed(self) -> None:
        view = self._view.currentData()
        self._sweep.setEnabled(view == ViewMode.WIPE)
        self._difference.setEnabled(view == ViewMode.DIFFERENCE)

    def _on_choose_asked(self) -> None:
        names = self.tr("Video, animation or picture (*.mp4 *.mkv *.webm *.mov *.gif *.webp *.png)")
        path, _ = QFileDialog.getSaveFileName(self, self.windowTitle(), self._file.text(), names)
        if path:
            self._file.setText(path)
            self._agreed = Path(path)  # the file dialog has asked

    def _ask_to_replace(self, path: Path) -> None:
        question = QMessageBox(self)
        question.setWindowTitle(self.windowTitle())
        question.setIcon(QMessageBox.Icon.Question)
        question.setText(self.tr("Replace {name}?").format(name=path.name))
        question.setStandardButtons(QMessageBox.StandardButton.Cancel)
        replace_it = question.addButton(self.tr("Replace"), QMessageBox.ButtonRole.AcceptRole)
        replace_it.clicked.connect(lambda: self._on_agreed(path))
        question.open()

    def _on_agreed(self, path: Path) -> None:
        self._agreed = path
        self.start()

    def _set_running(self, *, is_running: bool) -> None:
        self._done.hide()
        self._progress.setVisible(is_running)
        self._progress.setValue(0)
        self._start.setText(self.tr("Stop") if is_running else self.tr("Export"))
        for widget in (self._view, self._width, self._file, self._labels):
            widget.setEnabled(not is_running)
        if is_running:
            self._sweep.setEnabled(False)
            self._difference.setEnabled(False)
        else:
            self._on_view_changed()

    def _on_progressed(self, progress: Progress) -> None:
        if progress.total:
            self._progress.setValue(round(1000 * progress.done / progress.total))
            text = self.tr("{done} of %n pictures", "", progress.total).format(done=progress.done)
            self._say(text, "")

    def _on_finished(self, report: object) -> None:
        self.report = report
        self._written = self.settings().output
        self._set_running(is_running=False)
        self._done.show()
        self._say(self.tr("{name} is written.").format(name=self._written.name), "good")

    def _on_failed(self, sentence: str, hint: str) -> None:
        self._set_running(is_running=False)
        self._say(f"{sentence} {hint}".strip(), "bad")

    def _on_cancelled(self) -> None:
        self._set_running(is_running=False)
        self._say(self.tr("Stopped; nothing is left of it."), "")

    def _say(self, text: str, signal: str) -> None:
        self._message.setText(text or " ")
        self._message.setProperty("signal", signal)
        self._message.style().unpolish(self._message)
        self._message.style().polish(self._message)

    def done(self, result: int) -> None:
        """Stop the work before the dialog goes."""
        self._export.close()
        super().done(result)


def _box(choices: tuple[tuple[object, str], ...], current: object) -> QComboBox:
    box = QComboBox()
    for value, title in choices:
        box.addItem(title, value)
    values = [value for value, _ in choices]
    box.setCurrentIndex(values.index(current) if current in values else 0)
    return box
