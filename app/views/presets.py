"""The preset chooser: a button that opens the tree of presets, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QMessageBox,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.preset_save import PresetSaveDialog
from app.viewmodels.presets import PresetEntry, PresetsModel
from app.viewmodels.workspace import Workspace
from app.widgets.elided_button import ElidedButton
from app.widgets.icons import icon
from flavr_core.errors import FlavrError

_NAME = Qt.ItemDataRole.UserRole
_POPUP = QSize(580, 540)
_NAMES_SHARE = 0.45
"""Part of the tree's width that names may take at most."""


class PresetTree(QTreeWidget):
    """All presets by group, one line each, with what is to be said of them in brackets."""

    picked = Signal(str)
    """A preset that can be used was clicked, or chosen with Return."""

    def __init__(self, model: PresetsModel, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._workspace = model, workspace
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(12)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Presets"))
        self.header().setStretchLastSection(True)
        self.itemClicked.connect(lambda item, _column: self._pick(item))
        model.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Fill it anew and select the current clip's preset."""
        clip = self._workspace.current
        edits = clip.edits if clip is not None else self._workspace.defaults
        is_modified = self._model.is_modified(edits)
        self.clear()
        muted = self.palette().brush(QPalette.ColorRole.PlaceholderText)
        for title, entries in self._model.groups:
            heading = QTreeWidgetItem(self, [self._group_words(title)])
            heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
            heading.setFirstColumnSpanned(True)
            font = heading.font(0)
            font.setBold(True)
            heading.setFont(0, font)
            for entry in entries:
                is_current = entry.name == edits.preset
                words = self._words(entry, is_modified=is_current and is_modified)
                item = QTreeWidgetItem(heading, [words, entry.description])
                item.setData(0, _NAME, entry.name)
                item.setForeground(1, muted)
                tip = entry.problem or entry.description
                for column in (0, 1):
                    item.setToolTip(column, tip)
                    if entry.problem:
                        item.setForeground(column, muted)
                if is_current:
                    self.setCurrentItem(item)
        self.expandAll()
        self._share_width()

    def selected_entry(self) -> PresetEntry | None:
        """The preset of the line that is selected; None on a heading."""
        item = self.currentItem()
        return self._model.find(item.data(0, _NAME)) if item is not None and item.data(0, _NAME) else None

    def _share_width(self) -> None:
        """Names take what they need, up to a part of the whole."""
        wanted = self.sizeHintForColumn(0) + 2 * self.indentation()
        self.setColumnWidth(0, min(wanted, round(self.viewport().width() * _NAMES_SHARE)))

    def _words(self, entry: PresetEntry, *, is_modified: bool) -> str:
        said = []
        if is_modified:
            said.append(self.tr("(modified)"))
        if entry.name == self._model.default:
            said.append(self.tr("(default)"))
        if entry.problem:
            said.append(self.tr("(not available)"))
        return " ".join([entry.name, *said])

    def _group_words(self, title: str) -> str:
        known = {
            "general": self.tr("General"),
            "GIF and web": self.tr("GIF and web"),
            "editing": self.tr("Editing"),
            "archive": self.tr("Archive"),
            "yours": self.tr("Yours"),
        }
        return known.get(title, title)

    def _pick(self, item: QTreeWidgetItem) -> None:
        entry = self._model.find(item.data(0, _NAME)) if item.data(0, _NAME) else None
        if entry is not None and not entry.problem:
            self.picked.emit(entry.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return chooses."""
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self._pick(item)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width."""
        super().resizeEvent(event)
        self._share_width()


class PresetChooser(QWidget):
    """Shows the clip's preset; opens the tree; saves, renames, deletes, imports, exports, resets."""

    def __init__(self, model: PresetsModel, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._workspace = model, workspace
        self.button = ElidedButton(icon("preset"), parent=self)
        self.button.setAccessibleName(self.tr("Preset"))
        self.button.clicked.connect(self.open_tree)
        self.more = QToolButton(self)
        self.more.setIcon(icon("more"))
        self.more.setAccessibleName(self.tr("What can be done with presets"))
        self.more.setToolTip(self.tr("Save, rename, import and more"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; } QToolButton { padding: 6px; }")
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(lambda: self._fill(self._menu, self._current_entry()))
        self.more.setMenu(self._menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.reset = QToolButton(self)
        self.reset.setIcon(icon("reset"))
        self.reset.setAccessibleName(self.tr("Reset to preset"))
        self.reset.setToolTip(self.tr("Take back what was changed of the preset"))
        self.reset.clicked.connect(model.reset)
        row.addWidget(self.button, stretch=1)
        row.addWidget(self.reset)
        row.addWidget(self.more)
        self._popup: QFrame | None = None
        self.setFocusProxy(self.button)
        model.changed.connect(self.refresh)
        workspace.current_changed.connect(self.refresh)
        workspace.edits_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the clip's preset."""
        clip = self._workspace.current
        edits = clip.edits if clip is not None else self._workspace.defaults
        entry = self._model.find(edits.preset)
        words = edits.preset if entry is not None else self.tr("no preset")
        if self._model.is_modified(edits):
            words = self.tr("{preset} (modified)").format(preset=words)
        self.button.set_words(words)
        self.reset.setVisible(self._model.is_modified(edits))
        problem = entry.problem if entry is not None else ""
        tip = entry.description if entry is not None else self.tr("Ways to store the result, by name")
        self.button.setToolTip(problem or tip)

    def open_tree(self) -> None:
        """Show all presets under the button."""
        popup = QFrame(self, Qt.WindowType.Popup)
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popup.setFrameShape(QFrame.Shape.StyledPanel)
        tree = PresetTree(self._model, self._workspace, popup)
        tree.setStyleSheet("QTreeWidget { border: none; }")
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.customContextMenuRequested.connect(lambda point: self._open_menu(tree, point))
        column = QVBoxLayout(popup)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(tree)
        tree.picked.connect(popup.close)
        tree.picked.connect(self._model.apply)
        popup.resize(_fitting(_POPUP, self))
        popup.move(_beside(self.button, popup.size()))
        popup.show()
        tree.setFocus(Qt.FocusReason.PopupFocusReason)
        self._popup = popup

    def _current_entry(self) -> PresetEntry | None:
        clip = self._workspace.current
        edits = clip.edits if clip is not None else self._workspace.defaults
        return self._model.find(edits.preset)

    def _open_menu(self, tree: PresetTree, point: QPoint) -> None:
        menu = QMenu(tree)
        self._fill(menu, tree.selected_entry())
        menu.exec(tree.viewport().mapToGlobal(point))

    def _fill(self, menu: QMenu, entry: PresetEntry | None) -> None:
        """What can be done with a preset; what cannot is greyed."""
        menu.clear()
        clip = self._workspace.current
        is_modified = clip is not None and self._model.is_modified(clip.edits)
        is_users = entry is not None and not entry.is_own
        is_whole = entry is not None and entry.export is not None
        name = entry.name if entry is not None else ""

        def add(text: str, picture: str, action: Callable[[], None], *, enabled: bool = True) -> None:
            item = QAction(icon(picture), text, menu)
            item.setEnabled(enabled)
            item.triggered.connect(lambda _checked: action())
            menu.addAction(item)

        add(self.tr("Reset to preset"), "reset", self._model.reset, enabled=is_modified)
        add(self.tr("Save as preset…"), "save", self.save)
        add(
            self.tr("Begin new clips with it"), "star", lambda: self._model.set_default(name),
            enabled=is_whole and name != self._model.default,
        )  # fmt: skip
        menu.addSeparator()
        add(self.tr("Rename…"), "rename", lambda: self.rename(name), enabled=is_users and is_whole)
        add(self.tr("Delete"), "delete", lambda: self.delete(name), enabled=is_users)
        menu.addSeparator()
        add(self.tr("Import…"), "import", self.bring)
        add(self.tr("Export…"), "export", lambda: self.write(name), enabled=is_whole)

    # Actions with dialogs

    def save(self) -> None:
        """Ask for a name and keep the clip's settings under it."""
        clip = self._workspace.current
        export = (clip.edits if clip is not None else self._workspace.defaults).export
        entry = self._current_entry()
        users = entry if entry is not None and not entry.is_own else None

        def keep(name: str, description: str, overwrite: bool) -> None:
            self._model.save(name, description=description, export=export, overwrite=overwrite)

        dialog = PresetSaveDialog(
            self.tr("Save as preset"),
            keep,
            name=users.name if users is not None else "",
            description=users.description if users is not None else "",
            can_replace=self._is_users,
            parent=self.window(),
        )
        dialog.exec()

    def rename(self, name: str) -> None:
        """Ask for another name."""
        dialog = PresetSaveDialog(
            self.tr("Rename preset"),
            lambda new, _description, _overwrite: self._model.rename(name, new),
            name=name,
            description=None,
            parent=self.window(),
        )
        dialog.exec()

    def delete(self, name: str) -> None:
        """Throw a preset away, after asking."""
        question = self.tr("Throw the preset “{name}” away? Clips keep their settings.").format(name=name)
        answer = QMessageBox.question(self.window(), self.tr("Delete preset"), question)
        if answer == QMessageBox.StandardButton.Yes:
            self._guarded(lambda: self._model.delete(name))

    def bring(self) -> None:
        """Ask for a file and keep its preset."""
        chosen, _ = QFileDialog.getOpenFileName(
            self.window(), self.tr("Import a preset"), "", self.tr("Presets (*.json)")
        )
        if not chosen:
            return
        path = Path(chosen)
        overwrite = False
        if self._model.has_user_preset(path):
            question = self.tr("You have a preset of this name. Replace it?")
            answer = QMessageBox.question(self.window(), self.tr("Import a preset"), question)
            if answer != QMessageBox.StandardButton.Yes:
                return
            overwrite = True
        self._guarded(lambda: self._model.apply(self._model.bring(path, overwrite=overwrite)))

    def write(self, name: str) -> None:
        """Ask for a file and write a preset to it."""
        chosen, _ = QFileDialog.getSaveFileName(
            self.window(), self.tr("Export the preset"), f"{name}.json", self.tr("Presets (*.json)")
        )
        if chosen:
            self._guarded(lambda: self._model.write(name, Path(chosen)))

    def _is_users(self, name: str) -> bool:
        entry = self._model.find(name)
        return entry is not None and not entry.is_own

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except FlavrError as error:
            QMessageBox.warning(self.window(), self.tr("Presets"), f"{error.message}\n{error.hint}".strip())


def _fitting(size: QSize, widget: QWidget) -> QSize:
    """No larger than the screen."""
    return size.boundedTo(widget.screen().availableGeometry().size() - QSize(16, 16))


def _beside(button: QWidget, size: QSize) -> QPoint:
    """Under the button, its right edges in line, moved into the screen."""
    area = button.screen().availableGeometry()
    corner = button.mapToGlobal(QPoint(button.width() - size.width(), button.height() + 2))
    if corner.y() + size.height() > area.bottom():
        corner.setY(max(area.top(), button.mapToGlobal(QPoint(0, 0)).y() - size.height() - 2))
    corner.setX(min(max(corner.x(), area.left()), area.right() - size.width()))
    return corner
