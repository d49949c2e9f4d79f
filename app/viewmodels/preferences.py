"""What the user prefers: of the window itself, and what new clips begin with. Kept as JSON."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from app.jobs.places import config_dir, read_json, set_aside, write_json
from app.jobs.records import from_plain, to_plain
from app.viewmodels.output_names import FIELDS, USUAL_PATTERN, OutputNaming
from app.viewmodels.shortcuts import Shortcuts
from app.viewmodels.workspace import ClipEdits
from flavr_core.errors import FlavrError, SettingsError

SCHEMA_VERSION = 1
"""Version of the file; older ones are upgraded in order."""

MOST_RECENT = 12
"""Recent files that are kept."""

FONT_SCALES = (0.8, 2.0)
"""Smallest and largest size of text over the system's."""

CACHE_BYTES = (64 * 2**20, 64 * 2**30)
"""Least and most memory for frames."""

_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""For each older schema version, the step to the next one; there is none yet."""

_log = logging.getLogger(__name__)
_Record = TypeVar("_Record")


class ThemeChoice(StrEnum):
    """How the window looks."""

    SYSTEM = "system"
    """As the system has it, now and when it changes."""
    LIGHT = "light"
    DARK = "dark"


class Language(StrEnum):
    """What the window speaks."""

    SYSTEM = "system"
    """The system's language where there is a translation, else English."""
    ENGLISH = "en"
    GERMAN = "de"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What the user prefers of the window."""

    theme: ThemeChoice = ThemeChoice.SYSTEM
    """How it looks."""
    language: Language = Language.SYSTEM
    """What it speaks, from the next start on."""
    font_scale: float = 1.0
    """Size of text over the system's, within FONT_SCALES."""
    reduced_motion: bool = False
    """Whether nothing moves that need not."""
    output_folder: str = ""
    """Where results go; empty for beside the clip."""
    name_pattern: str = USUAL_PATTERN
    """Name of a result without ending; see `app.viewmodels.output_names`."""
    restore_session: bool = False
    """Whether the clips of last time are opened at the start."""
    show_welcome: bool = True
    """Whether the welcome is shown at the start."""
    cache_bytes: int = 512 * 2**20
    """Memory for frames of the viewer, within CACHE_BYTES."""
    gpu_painting: bool = True
    """Whether the viewer may paint on the GPU, from the next start on."""

    def __post_init__(self) -> None:
        if not FONT_SCALES[0] <= self.font_scale <= FONT_SCALES[1]:
            raise SettingsError(
                f"Text of {self.font_scale:g} times the size cannot be read.", "Use 0.8 to 2."
            )
        if not CACHE_BYTES[0] <= self.cache_bytes <= CACHE_BYTES[1]:
            raise SettingsError("The memory for frames is out of bounds.", "Use 64 MiB to 64 GiB.")
        words = re.findall(r"\{([^{}]*)\}", self.name_pattern)
        if not self.name_pattern.strip() or set(words) - set(FIELDS):
            known = ", ".join(f"{{{word}}}" for word in FIELDS)
            raise SettingsError(f"Results cannot be called '{self.name_pattern}'.", f"Use {known}.")

    def naming(self) -> OutputNaming:
        """Where results go and what they are called."""
        folder = Path(self.output_folder).expanduser() if self.output_folder else None
        return OutputNaming(folder=folder, pattern=self.name_pattern)


class PreferencesStore(QObject):
    """Preferences, what new clips begin with, keys and recent files: one file, written at every change."""

    changed = Signal()
    """Preferences or defaults are others."""
    recent_changed = Signal()
    """The list of recent files is another one."""

    def __init__(self, path: Path | None = None, parent: QObject | None = None) -> None:
        """Read what is stored. What cannot be read takes its default, and a damaged file is set aside.

        Args:
            path: the file; None for the user's own.
            parent: its owner.
        """
        super().__init__(parent)
        self._path = path or config_dir() / "preferences.json"
        content = self._read()
        self._preferences = _lenient(Preferences, content.get("preferences"))
        self._defaults = _lenient(ClipEdits, content.get("new_clips"))
        self._recent = [Path(text) for text in _texts(content.get("recent"))][:MOST_RECENT]
        folder = content.get("folder")
        self._folder = Path(folder) if isinstance(folder, str) and folder else None
        keys = content.get("shortcuts")
        own = {str(name): _texts(value) for name, value in keys.items()} if isinstance(keys, dict) else {}
        self.shortcuts = Shortcuts(own, self)
        self.shortcuts.changed.connect(self._save)
        self.is_new = not content
        """Whether nothing was stored: the program's first start."""

    @property
    def preferences(self) -> Preferences:
        """Of the window."""
        return self._preferences

    @property
    def defaults(self) -> ClipEdits:
        """What new clips begin with."""
        return self._defaults

    @property
    def recent(self) -> tuple[Path, ...]:
        """Files opened of late, the newest first."""
        return tuple(self._recent)

    @property
    def folder(self) -> Path | None:
        """Where files were opened last; before the first time where the newest recent file is."""
        return self._folder or (self._recent[0].parent if self._recent else None)

    def set_folder(self, folder: Path) -> None:
        """Remember where files were opened."""
        self._folder = folder
        self._save()

    def set(self, preferences: Preferences, defaults: ClipEdits | None = None) -> None:
        """Take and store other preferences.

        Args:
            preferences: of the window.
            defaults: what new clips begin with; None leaves it.
        """
        before = (self._preferences, self._defaults)
        self._preferences = preferences
        self._defaults = defaults or self._defaults
        if before != (self._preferences, self._defaults):
            self._save()
            self.changed.emit()

    def change(self, **changes: Any) -> None:
        """Change single fields of `preferences`."""
        self.set(replace(self._preferences, **changes))

    def add_recent(self, path: Path) -> None:
        """Put a file first in the list of recent ones."""
        self._recent = [path, *(other for other in self._recent if other != path)][:MOST_RECENT]
        self._save()
        self.recent_changed.emit()

    def clear_recent(self) -> None:
        """Forget the recent files."""
        self._recent.clear()
        self._save()
        self.recent_changed.emit()

    def _read(self) -> dict[str, Any]:
        content = read_json(self._path)
        if content is None:
            return {}
        version = content.get("schema_version") if isinstance(content, dict) else None
        if not isinstance(version, int) or not 1 <= version <= SCHEMA_VERSION:
            _log.warning("%s is not of this version of the program and was set aside", self._path)
            set_aside(self._path)
            return {}
        while version < SCHEMA_VERSION:
            content = _UPGRADES[version](content)
            version += 1
        return dict(content)

    def _save(self) -> None:
        content = {
            "schema_version": SCHEMA_VERSION,
            "preferences": to_plain(self._preferences),
            "new_clips": to_plain(self._defaults),
            "shortcuts": {name: list(keys) for name, keys in self.shortcuts.own.items()},
            "recent": [str(path) for path in self._recent],
            "folder": str(self._folder or ""),
        }
        try:
            write_json(self._path, content)
        except OSError as error:
            _log.warning("preferences were not stored: %s", error)


def _lenient(kind: type[_Record], values: Any) -> _Record:
    """A record from stored values; fields that cannot be read take their defaults, each with a warning."""
    record = kind()
    if not isinstance(values, Mapping):
        return record
    for each in fields(kind):  # type: ignore[arg-type]
        if each.name not in values:
            continue
        try:
            single = from_plain(kind, {each.name: values[each.name]})
            record = replace(record, **{each.name: getattr(single, each.name)})  # type: ignore[type-var]
        except FlavrError as error:
            _log.warning("a stored preference was left out: %s", error)
    return record


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
