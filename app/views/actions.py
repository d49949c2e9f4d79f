"""The window's actions: one QAction a command, with its keys, text and icon."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from app.viewmodels.commands import COMMANDS, command_named
from app.viewmodels.shortcuts import Shortcuts
from app.widgets.icons import icon


class Actions(QObject):
    """All actions by command name; keys follow the user's choice."""

    def __init__(self, shortcuts: Shortcuts, parent: QObject) -> None:
        super().__init__(parent)
        self._shortcuts = shortcuts
        self._actions: dict[str, QAction] = {}
        for command in COMMANDS:
            action = QAction(command.title, self)
            action.setObjectName(command.name)
            action.setCheckable(command.checkable)
            if command.icon:
                action.setIcon(icon(command.icon))
                action.setIconVisibleInMenu(not command.checkable)  # its place there is the check mark's
            self._actions[command.name] = action
        shortcuts.changed.connect(self._on_shortcuts_changed)
        self._on_shortcuts_changed()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def connect_to(self, name: str, slot: Callable[[], object]) -> None:
        """Have a command call something."""
        self._actions[name].triggered.connect(lambda _checked=False: slot())

    def on_toggled(self, name: str, slot: Callable[[bool], object]) -> None:
        """Have a command that is on or off say which when the user switches it."""
        self._actions[name].triggered.connect(lambda checked=False: slot(checked))

    def keys_text(self, name: str) -> str:
        """A command's first key as this system writes it; empty for none."""
        keys = self._shortcuts.keys(name)
        return QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""

    def all_keys_text(self, name: str) -> str:
        """All keys of a command as this system writes them, with commas; empty for none."""
        native = QKeySequence.SequenceFormat.NativeText
        return ", ".join(QKeySequence(key).toString(native) for key in self._shortcuts.keys(name))

    def _on_shortcuts_changed(self) -> None:
        for name, action in self._actions.items():
            action.setShortcuts([QKeySequence(key) for key in self._shortcuts.keys(name)])
            title = command_named(name).title.removesuffix("...")
            keys = self.keys_text(name)
            action.setToolTip(f"{title} ({keys})" if keys else title)
