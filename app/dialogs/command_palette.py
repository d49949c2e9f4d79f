"""The command palette: a few letters of any command, Enter, done."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.command_search import best_first
from app.viewmodels.commands import COMMANDS, Command
from app.viewmodels.shortcuts import Shortcuts
from app.widgets.icons import icon

WIDTH_PX = 520
"""Width of the palette."""

_ROWS = 12
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -_ROWS, Qt.Key.Key_PageDown: _ROWS}


class CommandPalette(QDialog):
    """A line to type in and the commands that answer it, those that cannot be called left out."""

    chosen = Signal(str)
    """A command's name."""

    def __init__(
        self, shortcuts: Shortcuts, available: frozenset[str], parent: QWidget | None = None
    ) -> None:
        """Show all commands.

        Args:
            shortcuts: keys that are shown beside them.
            available: names of commands that can be called now.
            parent: the window it appears over.
        """
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAccessibleName(self.tr("Find a command"))
        self._commands = tuple(command for command in COMMANDS if command.name in available)
        self._shortcuts = shortcuts
        self._line = QLineEdit()
        self._line.setPlaceholderText(self.tr("What should be done?"))
        self._line.setAccessibleName(self.tr("Find a command"))
        self._line.setClearButtonEnabled(True)
        self._line.textChanged.connect(self._on_text_changed)
        self._line.installEventFilter(self)
        self._list = QTreeWidget()
        self._list.setColumnCount(2)
        self._list.setHeaderHidden(True)
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setAllColumnsShowFocus(True)
        self._list.header().setStretchLastSection(False)
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._list.setIconSize(QSize(18, 18))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setAccessibleName(self.tr("Commands"))
        self._list.itemClicked.connect(self._on_item_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self._line)
        layout.addWidget(self._list)
        self._on_text_changed("")
        self._list.setFixedHeight((self.fontMetrics().height() + 8) * _ROWS + 8)
        self.setFixedWidth(WIDTH_PX)
        self._line.setFocus()

    def names(self) -> list[str]:
        """Commands that are shown, the best first."""
        items = (self._list.topLevelItem(row) for row in range(self._list.topLevelItemCount()))
        return [str(item.data(0, Qt.ItemDataRole.UserRole)) for item in items if item is not None]

    def type(self, text: str) -> None:
        """Search for something."""
        self._line.setText(text)

    def choose_current(self) -> None:
        """Call the command that is selected."""
        item = self._list.currentItem()
        if item is not None:
            self._on_item_clicked(item)

    def _on_text_changed(self, text: str) -> None:
        titles = [f"{command.title} {command.heading}" for command in self._commands]
        self._list.clear()
        for place in best_first(text, titles):
            self._list.addTopLevelItem(self._item(self._commands[place]))
        self._select(0)

    def _select(self, row: int) -> None:
        item = self._list.topLevelItem(max(0, min(self._list.topLevelItemCount() - 1, row)))
        if item is not None:
            self._list.setCurrentItem(item)

    def _item(self, command: Command) -> QTreeWidgetItem:
        keys = self._shortcuts.keys(command.name)
        native = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
        item = QTreeWidgetItem([f"{command.heading}: {command.title.removesuffix('...')}", native])
        item.setIcon(0, icon(command.icon or "right"))
        item.setData(0, Qt.ItemDataRole.UserRole, command.name)
        return item

    def _on_item_clicked(self, item: QTreeWidgetItem) -> None:
        name = str(item.data(0, Qt.ItemDataRole.UserRole))
        self.accept()
        self.chosen.emit(name)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows and Enter in the line move and choose in the list."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = Qt.Key(event.key())
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.choose_current()
                return True
            if key in _STEPS:
                item = self._list.currentItem()
                self._select((self._list.indexOfTopLevelItem(item) if item is not None else 0) + _STEPS[key])
                return True
        return super().eventFilter(watched, event)
