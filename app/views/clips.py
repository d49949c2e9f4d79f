"""The list of clips: rows, what can be done with them, and a field to drop clips on while there are none."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelectionModel, QMimeData, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListView,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.jobs.probing import VIDEO_SUFFIXES
from app.viewmodels.clips import RATES, ClipsModel
from app.views.actions import Actions
from app.views.clip_rows import ClipDelegate
from app.widgets.drop_zone import DropZone
from app.widgets.icons import icon
from app.widgets.reveal import reveal
from flavr_core.clip import ClipKind
from flavr_core.errors import FlavrError
from flavr_core.media.stills import IMAGE_SUFFIXES

_ICON_PX = 18
_ADDING = ("open", "open-folder", "paste")
"""Commands that bring clips."""


class ClipList(QListView):
    """The rows, with their keys."""

    remove_wanted = Signal()
    """Delete was pressed."""
    paste_wanted = Signal()
    """Paste was pressed."""
    move_wanted = Signal(int)
    """Up (-1) or down (1) with Alt."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Rows are as high as their width asks for."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete, paste, Alt and arrows."""
        is_alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if event.matches(QKeySequence.StandardKey.Delete) or event.key() == Qt.Key.Key_Backspace:
            self.remove_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste_wanted.emit()
        elif is_alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.move_wanted.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)


class ClipsView(QWidget):
    """The panel. Drops elsewhere in the window may be handed to `add_mime` or `add_paths`."""

    folder_chosen = Signal(Path)
    """Where files were opened: other questions for files begin there, too."""

    def __init__(self, model: ClipsModel, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._actions = model, actions
        self.folder: Path | None = None
        """Where questions for files begin; None for the current clip's folder."""
        self.list = self._build_list()
        self._zone = self._build_zone()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._zone)
        self._pages.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._build_bar())
        layout.addWidget(self._pages, 1)
        model.count_changed.connect(self._on_count_changed)
        model.workspace.current_changed.connect(self._on_current_changed)
        self.list.selectionModel().currentChanged.connect(self._on_row_chosen)
        self.list.remove_wanted.connect(self.remove_selected)
        self.list.paste_wanted.connect(self.paste)
        self.list.move_wanted.connect(self._on_move_wanted)
        self.list.customContextMenuRequested.connect(self._on_menu_wanted)
        for name, slot in (
            ("open", self.open_files),
            ("open-folder", self.open_folder),
            ("paste", self.paste),
            ("remove-clip", self.remove_selected),
        ):
            actions.connect_to(name, slot)
        self._on_count_changed()
        current = model.workspace.current
        self._on_current_changed(current.number if current is not None else 0)

    # What can be asked of it.

    def add_paths(self, paths: list[Path]) -> None:
        """Add files, folders and images."""
        self._model.add_paths(paths)

    def add_mime(self, mime: QMimeData) -> bool:
        """Add what was dropped anywhere; False where it names no files."""
        return self._model.add_mime(mime)

    def paste(self) -> None:
        """Add the files in the clipboard."""
        mime: QMimeData | None = QGuiApplication.clipboard().mimeData()  # None where it is empty
        if mime is None or not self._model.add_mime(mime):
            self._model.message.emit(self.tr("The clipboard holds no files."))

    def open_files(self) -> None:
        """Ask for files, and add them."""
        known = " ".join(f"*{suffix}" for suffix in sorted(VIDEO_SUFFIXES | IMAGE_SUFFIXES))
        filters = ";;".join((self.tr("Clips and images") + f" ({known})", self.tr("All files") + " (*)"))
        title = self.tr("Open clips")
        plain = QFileDialog.Option.HideNameFilterDetails
        names, _ = QFileDialog.getOpenFileNames(
            self.window(), title, self._start_folder(), filters, options=plain
        )
        if names:
            self._choose_folder(Path(names[0]).parent)
            self.add_paths([Path(name) for name in names])

    def open_folder(self) -> None:
        """Ask for a folder of clips or images, and add what is in it."""
        title = self.tr("Open a folder")
        name = QFileDialog.getExistingDirectory(self.window(), title, self._start_folder())
        if name:
            self._choose_folder(Path(name))
            self.add_paths([Path(name)])

    def remove_selected(self) -> None:
        """Take the chosen clips off the list."""
        self._model.remove(self.selected())

    def selected(self) -> list[int]:
        """Numbers of the chosen clips, from top to bottom."""
        rows = sorted(self.list.selectionModel().selectedRows(), key=QModelIndex.row)
        return [self._model.number_at(index) for index in rows]

    def _start_folder(self) -> str:
        current = self._model.workspace.current
        tried = [self.folder, *([current.path.parent] if current is not None else []), Path.home()]
        return next((str(folder) for folder in tried if folder is not None and folder.is_dir()), "")

    def _choose_folder(self, folder: Path) -> None:
        self.folder = folder
        self.folder_chosen.emit(folder)

    # How it is built.

    def _build_bar(self) -> QWidget:
        bar = QWidget()
        layout = QHBoxLayout(bar)
        layout.setContentsMargins(12, 8, 8, 4)
        layout.setSpacing(4)
        heading = QLabel(self.tr("Clips"))
        heading.setProperty("heading", True)
        self._count = QLabel()
        self._count.setProperty("muted", True)
        layout.addWidget(heading)
        layout.addWidget(self._count)
        layout.addStretch(1)
        menu = QMenu(bar)
        for name in _ADDING:
            menu.addAction(self._actions[name])
        button = QToolButton()
        button.setIcon(icon("add"))
        button.setIconSize(QSize(_ICON_PX, _ICON_PX))
        button.setAutoRaise(True)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip(self.tr("Add clips"))
        button.setAccessibleName(self.tr("Add clips"))
        layout.addWidget(button)
        return bar

    def _build_list(self) -> ClipList:
        rows = ClipList()
        rows.setModel(self._model)
        rows.setItemDelegate(ClipDelegate(rows))
        rows.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        rows.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        rows.setDefaultDropAction(Qt.DropAction.CopyAction)
        rows.setDropIndicatorShown(True)
        rows.setMouseTracking(True)
        rows.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        rows.setStyleSheet("QListView { border: none; border-radius: 0; }")
        rows.setAccessibleName(self.tr("Clips"))
        rows.setResizeMode(QListView.ResizeMode.Adjust)
        return rows

    def _build_zone(self) -> DropZone:
        zone = DropZone(
            self.tr("Drop clips here"),
            self.tr("Videos, GIFs, folders of images: several at once"),
            picture="import",
        )
        files = zone.add_button(self.tr("Open files..."), self.tr("Files..."), is_primary=True)
        files.clicked.connect(self.open_files)
        folder = zone.add_button(self.tr("Open a folder..."), self.tr("Folder..."), is_primary=False)
        folder.clicked.connect(self.open_folder)
        self._reopen = zone.add_button(self._actions["reopen"].text(), is_primary=False)
        self._reopen.clicked.connect(self._actions["reopen"].trigger)
        self._actions["reopen"].changed.connect(self._on_reopen_changed)
        self._on_reopen_changed()
        zone.dropped.connect(self._model.add_mime)
        return zone

    # What happens.

    def _on_reopen_changed(self) -> None:
        self._reopen.setVisible(self._actions["reopen"].isEnabled())

    def _on_count_changed(self) -> None:
        count = self._model.rowCount()
        self._pages.setCurrentIndex(1 if count else 0)
        self._count.setText(str(count) if count else "")

    def _on_current_changed(self, number: int) -> None:
        index = self._model.index_of(number)
        if index.isValid() and self.list.currentIndex() != index:
            self.list.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )

    def _on_row_chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self._model.workspace.set_current(self._model.number_at(index))

    def _on_move_wanted(self, direction: int) -> None:
        index = self.list.currentIndex()
        if index.isValid():
            self._model.move(self._model.number_at(index), index.row() + direction)
            self.list.scrollTo(self.list.currentIndex())

    def _on_menu_wanted(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        menu = self._menu(self._model.number_at(index) if index.isValid() else 0)
        menu.exec(self.list.viewport().mapToGlobal(place))

    def _menu(self, number: int) -> QMenu:
        """What can be done with a clip; 0 for none. The menu deletes itself."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        clip = self._model.workspace.clip(number)
        if clip is not None:
            path = clip.path
            if self._model.is_missing(number):
                menu.addAction(icon("search"), self.tr("Find the file..."), lambda: self._on_relink(number))
            else:
                menu.addAction(icon("reveal"), self.tr("Show in its folder"), lambda: reveal(path))
            menu.addAction(icon("copy"), self.tr("Copy its path"), lambda: _copy(str(path)))
            menu.addAction(icon("retry"), self.tr("Read again"), lambda: self._model.read_again(number))
            if clip.info is not None and clip.info.kind is ClipKind.SEQUENCE:
                menu.addAction(icon("speed"), self.tr("Images a second..."), lambda: self._on_rate(number))
            menu.addSeparator()
            row, last = self._model.index_of(number).row(), self._model.rowCount() - 1
            up = menu.addAction(icon("up"), self.tr("Move up"), lambda: self._model.move(number, row - 1))
            up.setEnabled(row > 0)
            down = menu.addAction(
                icon("down"), self.tr("Move down"), lambda: self._model.move(number, row + 1)
            )
            down.setEnabled(row < last)
            menu.addSeparator()
            remove = menu.addAction(icon("delete"), self.tr("Remove from the list"), self.remove_selected)
            remove.setShortcut(QKeySequence.StandardKey.Delete)
            menu.addSeparator()
        for name in _ADDING:
            menu.addAction(self._actions[name])
        return menu

    def _on_relink(self, number: int) -> None:
        clip = self._model.workspace.clip(number)
        if clip is None:
            return
        title = self.tr("Where is {name}?").format(name=clip.path.name)
        if clip.path.suffix:
            name, _ = QFileDialog.getOpenFileName(self, title, str(clip.path.parent))
        else:
            name = QFileDialog.getExistingDirectory(self, title, str(clip.path.parent))
        if name:
            self._model.relink(number, Path(name))

    def _on_rate(self, number: int) -> None:
        clip = self._model.workspace.clip(number)
        if clip is None:
            return
        rate = f"{float(clip.sequence_rate):.3f}".rstrip("0").rstrip(".")
        usual = RATES if rate in RATES else (rate, *RATES)
        title, words = self.tr("Images a second"), self.tr("How many images of this series make a second?")
        text, is_chosen = QInputDialog.getItem(self, title, words, usual, usual.index(rate), True)
        if not is_chosen:
            return
        try:
            self._model.set_rate(number, text)
        except FlavrError as error:
            self._model.message.emit(str(error))

    def changeEvent(self, event: QEvent) -> None:
        """When the window comes to the front, files may have gone meanwhile."""
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._model.check_missing()
        super().changeEvent(event)


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
