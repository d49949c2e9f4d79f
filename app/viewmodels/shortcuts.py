"""Which keys call which command: the defaults, what the user changed, and conflicts between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, Signal

from app.viewmodels.commands import COMMANDS, Command, command_named

_NAMES = frozenset(command.name for command in COMMANDS)


class Shortcuts(QObject):
    """Which keys call which command: the defaults, and what the user changed."""

    changed = Signal()
    """Some command has other keys."""

    def __init__(self, own: Mapping[str, Iterable[str]] | None = None, parent: QObject | None = None) -> None:
        """Start with the user's changes.

        Args:
            own: {command: its keys}; commands that are not known are left out.
            parent: its owner.
        """
        super().__init__(parent)
        self._own = {name: tuple(keys) for name, keys in (own or {}).items() if name in _NAMES}

    @property
    def own(self) -> dict[str, tuple[str, ...]]:
        """What differs from the defaults, for storing: {command: its keys}."""
        return dict(self._own)

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys of a command, the one that menus show first."""
        return self._own.get(name, command_named(name).keys)

    def is_default(self, name: str) -> bool:
        """Whether a command has the keys that it came with."""
        return name not in self._own

    def conflicts(self, name: str, keys: Iterable[str]) -> tuple[Command, ...]:
        """Other commands that would be called by any of these keys."""
        wanted = {key.casefold() for key in keys if key}
        return tuple(
            command
            for command in COMMANDS
            if command.name != name and wanted & {key.casefold() for key in self.keys(command.name)}
        )

    def set_keys(self, name: str, keys: Iterable[str], *, take: bool = False) -> None:
        """Give a command other keys.

        Args:
            name: the command.
            keys: portable key sequences; empty ones are left out.
            take: whether other commands lose these keys; otherwise a conflict is an error.

        Raises:
            ValueError: when another command has one of them and `take` is false.
        """
        chosen = tuple(dict.fromkeys(key for key in keys if key))
        losers = self.conflicts(name, chosen)
        if losers and not take:
            raise ValueError(f"{', '.join(chosen)} belongs to {', '.join(each.name for each in losers)}")
        gone = {key.casefold() for key in chosen}
        for loser in losers:
            self._store(loser.name, tuple(k for k in self.keys(loser.name) if k.casefold() not in gone))
        self._store(name, chosen)
        self.changed.emit()

    def reset(self, name: str | None = None) -> None:
        """Back to the defaults.

        Args:
            name: one command, whose default keys are taken from others that have them; None for all.
        """
        if name is None:
            self._own.clear()
            self.changed.emit()
        else:
            self.set_keys(name, command_named(name).keys, take=True)

    def _store(self, name: str, keys: tuple[str, ...]) -> None:
        if keys == command_named(name).keys:
            self._own.pop(name, None)
        else:
            self._own[name] = keys
