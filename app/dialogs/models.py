"""The collection of networks: cards, files dropped in, checks, removal."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.card_picture import CardPictureDialog
from app.viewmodels.models import ModelsModel
from app.viewmodels.networks import in_words
from app.widgets.icons import icon
from app.widgets.picture_button import PictureButton
from app.widgets.screen_fit import fit_into_screen
from flavr_core.model.cards import ModelCard
from flavr_core.model.catalog import Entry
from flavr_core.model.licences import UNKNOWN

ENDINGS = "*.pth *.pt *.pkl *.ckpt *.bin *.tar *.safetensors"
"""Files that are offered first; any file can be tried."""


class ModelsDialog(QDialog):
    """A list of networks, the card of the selected one, and what can be done with it."""

    def __init__(self, model: ModelsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setWindowTitle(self.tr("Models"))
        self.setAcceptDrops(True)
        self._list = QListWidget()
        self._list.setIconSize(QSize(18, 18))
        self._list.setAccessibleName(self.tr("Models"))
        self._list.currentRowChanged.connect(self._on_current_changed)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._import = QPushButton(icon("import"), " " + self.tr("Bring in a file..."))
        self._verify = QPushButton(icon("verify"), " " + self.tr("Check"))
        self._remove = QPushButton(icon("delete"), " " + self.tr("Remove"))
        self._import.clicked.connect(self._on_import_asked)
        self._verify.clicked.connect(self._on_verify_asked)
        self._remove.clicked.connect(self._on_remove_asked)
        where = QLabel(model.where_to_get())
        where.setWordWrap(True)
        where.setOpenExternalLinks(True)
        where.setProperty("muted", True)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        self._card = QScrollArea()
        self._card.setWidgetResizable(True)
        self._card.setFrameShape(QFrame.Shape.NoFrame)
        self._lay_out(where, close)
        model.changed.connect(self._on_changed)
        model.busy_changed.connect(self._on_busy_changed)
        model.said.connect(self._on_said)
        model.examined.connect(self._on_examined)
        self._on_changed()
        self.resize(960, 700)

    def import_file(self, path: Path) -> None:
        """Look what a file is; the user sees that and its licence before it is kept."""
        self._model.examine(path)

    def _on_examined(self, path: Path, card: ModelCard) -> None:
        question = QMessageBox(self)
        question.setWindowTitle(self.tr("Bring in a model"))
        question.setIcon(QMessageBox.Icon.Question)
        question.setText(self.tr("Bring in {name}?").format(name=path.name))
        taken = self._model.is_taken(path)
        licence = card.licence
        if licence == UNKNOWN.name:
            licence = self.tr("not known to this program: see the page that the file comes from")
        lines = [f"{card.name}: {in_words(card, 'title')}", self.tr("Licence: {name}").format(name=licence)]
        lines.append(card.description)
        lines.append(self.tr("Only the file's numbers are kept; no code in it is run."))
        if taken:
            lines.append(self.tr("The model of this name that you brought in before is replaced."))
        question.setInformativeText("\n\n".join(filter(None, lines)))
        question.setStandardButtons(QMessageBox.StandardButton.Ok | QMessageBox.StandardButton.Cancel)
        question.button(QMessageBox.StandardButton.Ok).setText(self.tr("Bring in"))
        question.finished.connect(lambda result: self._on_agreed(result, path, replace=taken))
        question.open()

    def _lay_out(self, where: QLabel, close: QDialogButtonBox) -> None:
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self._list, 1)
        left.addWidget(self._import)
        actions = QHBoxLayout()
        actions.setSpacing(8)
        actions.addWidget(self._verify)
        actions.addWidget(self._remove)
        actions.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self._card, 1)
        right.addLayout(actions)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        columns.addLayout(left, 2)
        columns.addLayout(right, 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(columns, 1)
        layout.addWidget(self._message)
        layout.addWidget(where)
        layout.addWidget(close)

    def _entry(self) -> Entry | None:
        row = self._list.currentRow()
        return self._model.entries[row] if 0 <= row < len(self._model.entries) else None

    def _on_changed(self) -> None:
        row = max(0, self._list.currentRow())
        self._list.clear()
        for entry in self._model.entries:
            mark = self.tr(" (default)") if self._model.is_default(entry) else ""
            self._list.addItem(QListWidgetItem(icon("model"), f"{entry.card.name}{mark}"))
        for name, problem in self._model.problems.items():
            item = QListWidgetItem(icon("problem"), name)
            item.setToolTip(str(problem))
            self._list.addItem(item)
        self._list.setCurrentRow(min(row, self._list.count() - 1))
        self._on_current_changed()

    def _on_current_changed(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(12)
        entry = self._entry()
        if entry is not None:
            self._fill_card(layout, entry)
        else:
            item = self._list.currentItem()
            layout.addWidget(_text(item.toolTip() if item is not None else ""))
        layout.addStretch(1)
        self._card.setWidget(content)
        self._on_busy_changed()

    def _fill_card(self, layout: QVBoxLayout, entry: Entry) -> None:
        title = QLabel(f"{entry.card.name}: {in_words(entry.card, 'title')}")
        title.setProperty("heading", True)
        title.setWordWrap(True)
        layout.addWidget(title)
        for words in (in_words(entry.card, "purpose"), in_words(entry.card, "description")):
            if words:
                layout.addWidget(_text(words))
        self._fill_weaknesses(layout, entry)
        form = QFormLayout()
        form.setVerticalSpacing(6)
        form.setHorizontalSpacing(12)
        for label, value in self._model.facts(entry):
            name = QLabel(label)
            name.setProperty("muted", True)
            shown = _text(value)
            shown.setMinimumWidth(1)  # a hash has no place to break: better cut off than all of it scrolled
            shown.setToolTip(value if " " not in value else "")
            form.addRow(name, shown)
        layout.addLayout(form)

    def _fill_weaknesses(self, layout: QVBoxLayout, entry: Entry) -> None:
        """What the network is weak at, and the picture that shows it."""
        words = in_words(entry.card, "weaknesses")
        if words:
            heading = QLabel(self.tr("What it is weak at"))
            heading.setProperty("heading", True)
            layout.addWidget(heading)
            layout.addWidget(_text(words))
        image = QImage(str(entry.picture)) if entry.picture is not None else QImage()
        if image.isNull():
            return
        picture = PictureButton(image)
        picture.setAccessibleName(self.tr("What {name} makes of hard cases").format(name=entry.card.name))
        picture.setToolTip(self.tr("Click to see it large"))
        picture.clicked.connect(lambda: self._show_picture(entry.card.name, words, image))
        layout.addWidget(picture)

    def _show_picture(self, name: str, words: str, image: QImage) -> None:
        dialog = CardPictureDialog(name=name, words=words, image=image, parent=self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit_into_screen(dialog)
        dialog.open()

    def _on_busy_changed(self) -> None:
        busy = bool(self._model.doing)
        entry = self._entry()
        self._import.setEnabled(not busy)
        self._verify.setEnabled(not busy and entry is not None)
        self._remove.setEnabled(not busy and entry is not None and self._model.can_remove(entry))
        if busy:
            self._say(self._model.doing, signal="")

    def _on_said(self, sentence: str, is_problem: bool) -> None:
        self._say(sentence, signal="bad" if is_problem else "good")

    def _say(self, sentence: str, *, signal: str) -> None:
        self._message.setText(sentence)
        self._message.setProperty("signal", signal)
        self._message.style().unpolish(self._message)
        self._message.style().polish(self._message)

    def _on_import_asked(self) -> None:
        names = self.tr("Weights ({endings});;All files (*)").format(endings=ENDINGS)
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Bring in a model"), "", names)
        if path:
            self.import_file(Path(path))

    def _on_agreed(self, result: int, path: Path, *, replace: bool) -> None:
        if result == QMessageBox.StandardButton.Ok:
            self._model.bring(path, replace=replace)

    def _on_verify_asked(self) -> None:
        entry = self._entry()
        if entry is not None:
            self._model.verify(entry.card.name)

    def _on_remove_asked(self) -> None:
        entry = self._entry()
        if entry is None:
            return
        question = QMessageBox(self)
        question.setWindowTitle(self.tr("Remove a model"))
        question.setIcon(QMessageBox.Icon.Question)
        question.setText(self.tr("Remove {name} from this computer?").format(name=entry.card.name))
        question.setStandardButtons(QMessageBox.StandardButton.Ok | QMessageBox.StandardButton.Cancel)
        question.button(QMessageBox.StandardButton.Ok).setText(self.tr("Remove"))
        name = entry.card.name
        question.finished.connect(
            lambda result: self._model.remove(name) if result == QMessageBox.StandardButton.Ok else None
        )
        question.open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take single files."""
        if len(event.mimeData().urls()) == 1 and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Bring the file in."""
        event.acceptProposedAction()
        self.import_file(Path(event.mimeData().urls()[0].toLocalFile()))


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label
