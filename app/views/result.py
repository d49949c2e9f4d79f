"""The result in words before the start, its name, and the buttons that start it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.jobs.outlook import Cause
from app.viewmodels.settings_panel import SettingsPanelModel
from app.widgets.elided_button import ElidedButton
from app.widgets.fitting_label import FittingLabel
from app.widgets.icons import icon
from app.widgets.link_line import LinkLine
from app.widgets.note_list import NoteList
from app.widgets.notice import Notice
from app.widgets.shrinking_area import ShrinkingArea
from app.widgets.wrapped_label import WrappedLabel
from flavr_core.errors import FlavrError

_MARGIN_PX = 12
_MOST_FACTS = 8
_LEAST_LINES = 4
"""Of what is said of the result, in lines, where the window is low."""


class ResultView(QWidget):
    """Facts, what speaks against it, where it goes, and Preview, Queue, Export."""

    def __init__(self, model: SettingsPanelModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        words = self.tr("Open a clip to see here what it will become.")
        self.empty = WrappedLabel(words, muted=True, parent=self)
        self._facts = QWidget(self)
        grid = QGridLayout(self._facts)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        self._rows = [_row(grid, row, self._facts) for row in range(_MOST_FACTS)]
        self.notes = NoteList(icon("note"), parent=self)
        self.quicker = LinkLine(icon("info"), parent=self)
        self.quicker.activated.connect(model.quicker.take)
        self.problem = Notice(icon("problem"), signal="bad", parent=self)
        self.output = ElidedButton(icon("save"), elide=Qt.TextElideMode.ElideMiddle, parent=self)
        self.output.clicked.connect(self.choose_output)
        self.folder = FittingLabel(self)
        self.folder.setProperty("muted", True)
        self.show_folder = QToolButton(self)
        self.show_folder.setIcon(icon("reveal"))
        self.show_folder.setAccessibleName(self.tr("Show folder"))
        self.show_folder.setToolTip(self.tr("Show the folder in which the result will lie"))
        self.show_folder.clicked.connect(self._on_show_folder_asked)
        self._make_buttons()
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN_PX, _MARGIN_PX, _MARGIN_PX, _MARGIN_PX)
        column.setSpacing(8)
        said = QWidget()
        words_column = QVBoxLayout(said)
        words_column.setContentsMargins(0, 0, 0, 0)
        words_column.setSpacing(8)
        for widget in (self.empty, self._facts, self.quicker, self.notes, self.problem):
            words_column.addWidget(widget)
        least_px = _LEAST_LINES * self.fontMetrics().lineSpacing()
        column.addWidget(ShrinkingArea(said, least_px=least_px, parent=self))
        where = QHBoxLayout()
        where.setSpacing(4)
        where.addWidget(self.output, stretch=1)
        where.addWidget(self.show_folder)
        where.addWidget(self.more)
        column.addLayout(where)
        column.addWidget(self.folder)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.preview, self.export):
            row.addWidget(button, stretch=1)
        column.addLayout(row)
        model.outlook_changed.connect(self._refresh)
        model.quicker.changed.connect(self._show_quicker)
        self._refresh()

    def _make_buttons(self) -> None:
        self.preview = QPushButton(self.tr("Preview"), self)
        self.preview.setToolTip(self.tr("Render from the playhead at screen size, to look at"))
        self.preview.clicked.connect(self._model.request_preview)
        self.export = QPushButton(self.tr("Export"), self)
        self.export.setProperty("primary", True)
        self.export.setToolTip(self.tr("Make the result now (Ctrl+E)"))
        self.export.clicked.connect(self._model.request_export)
        self.more = QToolButton(self)
        self.more.setIcon(icon("more"))
        self.more.setAccessibleName(self.tr("Other ways to make the result"))
        self.more.setToolTip(self.tr("Queue, copy as command, and the name of the result"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; } QToolButton { padding: 6px; }")
        menu = QMenu(self)
        self.queue_action = self._action(menu, "queue", self.tr("Add to queue"), self._model.request_queue)
        self.command_action = self._action(menu, "command", self.tr("Copy as command"), self.copy_command)
        menu.addSeparator()
        self._action(menu, "edit", self.tr("Change the name…"), self.choose_output)
        self._action(menu, "reset", self.tr("Propose a name again"), self._model.propose_again)
        self.more.setMenu(menu)

    def _action(self, menu: QMenu, picture: str, text: str, do: object) -> QAction:
        action = QAction(icon(picture), text, menu)
        action.triggered.connect(lambda _checked: do())  # type: ignore[operator]
        menu.addAction(action)
        return action

    def buttons_width_px(self) -> int:
        """Width that Preview and Export need side by side."""
        words = sum(button.sizeHint().width() for button in (self.preview, self.export))
        return words + 8 + 2 * _MARGIN_PX

    def choose_output(self) -> None:
        """Ask where the result is to go; the dialog asks before a file is replaced."""
        output = self._model.output
        if output is None:
            return
        if output.suffix:
            kind = self.tr("Result (*{suffix})").format(suffix=output.suffix)
            chosen, _ = QFileDialog.getSaveFileName(
                self.window(), self.tr("Name of the result"), str(output), kind
            )
        else:
            chosen, _ = QFileDialog.getSaveFileName(
                self.window(), self.tr("Folder of the result"), str(output), self.tr("New folder (*)")
            )
        if chosen:
            self._model.choose_output(Path(chosen), may_replace=Path(chosen).is_file())

    def copy_command(self) -> None:
        """Put the line that does the same into the clipboard."""
        try:
            QGuiApplication.clipboard().setText(self._model.command())
        except FlavrError as error:
            self._model.refuse(error)
        else:
            self._model.told.emit(self.tr("The command is in the clipboard."))

    def _refresh(self) -> None:
        model = self._model
        has_clip = model.clip is not None
        self.empty.setVisible(not has_clip)
        facts = model.facts
        self._facts.setVisible(bool(facts))
        self._facts.setEnabled(not model.is_planning)
        for number, (label, words) in enumerate(self._rows):
            is_used = number < len(facts)
            label.setVisible(is_used)
            words.setVisible(is_used)
            if is_used:
                label.setText(facts[number].label)
                words.setText(facts[number].words)
                label.setToolTip(facts[number].more)
                words.setToolTip(facts[number].more)
        self.notes.set_notes(model.notes)
        said = [f"{p.message} {p.hint}".rstrip() for p in model.problems if p.cause is Cause.OUTPUT]
        self.problem.set_lines(said)
        self._show_output()
        for thing in (self.preview, self.export, self.more):
            thing.setEnabled(has_clip)
        self.export.setEnabled(model.can_start)
        self.preview.setEnabled(model.can_start)
        self.queue_action.setEnabled(model.can_start)

    def _show_quicker(self) -> None:
        self.quicker.offer(self._model.quicker.words, self.tr("Use it"))

    def _show_output(self) -> None:
        output = self._model.output
        is_shown = self._model.clip is not None and output is not None
        for widget in (self.output, self.show_folder, self.more, self.folder):
            widget.setVisible(is_shown)
        if output is not None:
            self.output.set_words(output.name)
            tip = self.tr("{path} – click to change name and folder.")
            self.output.setToolTip(tip.format(path=output))
            self.folder.set_texts(_folder_words(output.parent))

    def _on_show_folder_asked(self) -> None:
        output = self._model.output
        if output is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(output.parent)))


def _folder_words(folder: Path) -> list[str]:
    """Where that is, in ever fewer words: the whole path, then without its first folders."""
    parts = folder.parts
    if folder.is_relative_to(Path.home()):
        parts = ("~", *folder.relative_to(Path.home()).parts)
    places = [str(Path(*parts)), *(str(Path("…", *parts[begin:])) for begin in range(1, len(parts)))]
    return [QCoreApplication.translate("ResultView", "in {folder}").format(folder=place) for place in places]


def _row(grid: QGridLayout, row: int, parent: QWidget) -> tuple[QLabel, QLabel]:
    label = QLabel(parent)
    label.setProperty("muted", True)
    words = WrappedLabel(parent=parent)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
    grid.addWidget(words, row, 1)
    return label, words
