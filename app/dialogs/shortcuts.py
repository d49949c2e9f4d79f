"""Keyboard shortcuts: all of them in a list, to be looked up and changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.commands import COMMANDS, HELD_KEYS, Command, translated
from app.viewmodels.shortcuts import Shortcuts

_NATIVE = QKeySequence.SequenceFormat.NativeText
_PORTABLE = QKeySequence.SequenceFormat.PortableText
_AROUND_PX = 96
"""Borders, the scroll bar and room to breathe beside the columns."""


class ShortcutsDialog(QDialog):
    """Changes hold at once; a key that another command has is named before it is taken."""

    def __init__(self, shortcuts: Shortcuts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shortcuts = shortcuts
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self._search = QLineEdit()
        self._search.setPlaceholderText(self.tr("Search commands and keys"))
        self._search.setAccessibleName(self._search.placeholderText())
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._on_search_changed)
        self._tree = QTreeWidget()
        self._tree.setHeaderLabels([self.tr("Command"), self.tr("Keys")])
        self._tree.setAccessibleName(self.tr("Keyboard shortcuts"))
        self._tree.setRootIsDecorated(False)
        self._tree.setUniformRowHeights(True)
        self._tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._tree.header().setStretchLastSection(False)
        self._items: dict[str, QTreeWidgetItem] = {}
        self._fill()
        self._tree.currentItemChanged.connect(self._on_current_changed)
        shortcuts.changed.connect(self._on_shortcuts_changed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self._search)
        layout.addWidget(self._tree, 1)
        layout.addLayout(self._build_editor())
        layout.addWidget(self._note)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        reset = buttons.addButton(self.tr("Reset all"), QDialogButtonBox.ButtonRole.ResetRole)
        reset.clicked.connect(self._on_reset_asked)
        layout.addWidget(buttons)
        self._on_current_changed()
        wanted = self._tree.sizeHintForColumn(0) + self._tree.sizeHintForColumn(1) + _AROUND_PX
        self.resize(max(560, wanted), 640)

    def select(self, name: str) -> None:
        """Show a command's keys in the editor."""
        self._tree.setCurrentItem(self._items[name])

    def enter(self, keys: str) -> None:
        """Type keys into the editor; portable text, empty for none."""
        self._edit.setKeySequence(QKeySequence(keys))

    def _build_editor(self) -> QHBoxLayout:
        self._edit = QKeySequenceEdit()
        self._edit.setMaximumSequenceLength(1)
        self._edit.setClearButtonEnabled(True)
        self._edit.setAccessibleName(self.tr("New key"))
        self._edit.keySequenceChanged.connect(self._on_keys_changed)
        self._assign = QPushButton(self.tr("Assign"))
        self._assign.setAutoDefault(False)
        self._assign.clicked.connect(self.assign)
        self._default = QPushButton(self.tr("Default"))
        self._default.setAutoDefault(False)
        self._default.clicked.connect(self._on_default_asked)
        self._note = QLabel(" ")
        self._note.setWordWrap(True)
        self._note.setProperty("muted", True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._edit, 1)
        row.addWidget(self._assign)
        row.addWidget(self._default)
        return row

    def assign(self) -> None:
        """Give the selected command the keys in the editor, taking them from others that have them."""
        name = self._current()
        if name:
            self._shortcuts.set_keys(name, self._entered(), take=True)

    def note(self) -> str:
        """What is said of the keys in the editor."""
        return self._note.text().strip()

    def _fill(self) -> None:
        heading: QTreeWidgetItem | None = None
        for command in COMMANDS:
            if heading is None or heading.text(0) != command.heading:
                heading = self._heading(command.heading)
            item = QTreeWidgetItem(heading, [command.title.removesuffix("..."), self._keys(command)])
            item.setData(0, Qt.ItemDataRole.UserRole, command.name)
            self._items[command.name] = item
        held = self._heading(self.tr("While held"))
        for key, text in HELD_KEYS:
            item = QTreeWidgetItem(held, [translated(text), key])
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self._tree.expandAll()

    def _heading(self, text: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self._tree, [text])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = item.font(0)
        font.setBold(True)
        item.setFont(0, font)
        return item

    def _keys(self, command: Command) -> str:
        keys = self._shortcuts.keys(command.name)
        return "   ".join(QKeySequence(key).toString(_NATIVE) for key in keys)

    def _current(self) -> str:
        item = self._tree.currentItem()
        return str(item.data(0, Qt.ItemDataRole.UserRole) or "") if item is not None else ""

    def _entered(self) -> list[str]:
        text = self._edit.keySequence().toString(_PORTABLE)
        return [text] if text else []

    def _on_search_changed(self, text: str) -> None:
        wanted = text.casefold().split()
        for row in range(self._tree.topLevelItemCount()):
            heading = self._tree.topLevelItem(row)
            assert heading is not None
            some = False
            for place in range(heading.childCount()):
                item = heading.child(place)
                assert item is not None
                words = f"{item.text(0)} {item.text(1)}".casefold()
                shown = all(word in words for word in wanted)
                item.setHidden(not shown)
                some = some or shown
            heading.setHidden(not some)

    def _on_current_changed(self) -> None:
        name = self._current()
        keys = self._shortcuts.keys(name) if name else ()
        self._edit.setKeySequence(QKeySequence(keys[0] if keys else ""))
        line = self._edit.findChild(QLineEdit)
        if line is not None:  # Qt's own words are a sentence that is too long for it
            line.setPlaceholderText(self.tr("New key"))
        for widget in (self._edit, self._assign, self._default):
            widget.setEnabled(bool(name))
        self._default.setEnabled(bool(name) and not self._shortcuts.is_default(name))
        self._on_keys_changed()

    def _on_keys_changed(self) -> None:
        name = self._current()
        losers = self._shortcuts.conflicts(name, self._entered()) if name else ()
        if losers:
            others = ", ".join(command.title.removesuffix("...") for command in losers)
            self._note.setText(
                self.tr("This key belongs to: {others}. Assign takes it away.").format(others=others)
            )
        elif name:
            self._note.setText(self.tr("Press the new key and choose Assign."))
        else:
            self._note.setText(self.tr("Choose a command to give it another key."))

    def _on_default_asked(self) -> None:
        name = self._current()
        if name:
            self._shortcuts.reset(name)

    def _on_reset_asked(self) -> None:
        self._shortcuts.reset()

    def _on_shortcuts_changed(self) -> None:
        for command in COMMANDS:
            self._items[command.name].setText(1, self._keys(command))
        self._on_current_changed()
