"""Presets as the panel shows them: in groups, with what speaks against each, and what can be done."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.jobs.background import BackgroundCalls
from app.viewmodels.workspace import ClipEdits, Workspace
from flavr_core.errors import FlavrError, OutputError, SettingsError
from flavr_core.media.encoders import EncoderState, available_encoders
from flavr_core.media.presets import (
    GROUPS,
    Preset,
    import_preset,
    preset_availability,
    preset_from_json,
    preset_to_json,
    presets_folder,
    read_preset_file,
    user_presets_folder,
    write_preset_file,
)
from flavr_core.progress import CancelToken
from flavr_core.settings import ExportSettings

FACTORY_DEFAULT = "mp4"
"""The preset new clips begin with where the user chose none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetEntry:
    """One line of the tree."""

    name: str
    """What it is called by."""
    group: str
    """Heading under which it stands."""
    description: str
    """One line for people."""
    export: ExportSettings | None
    """What it stands for; None where its file is damaged."""
    is_own: bool
    """Whether it came with the program."""
    problem: str = ""
    """Why it cannot be used here, one sentence; empty when it can."""


class PresetsModel(QObject):
    """All presets there are, read and tried in the background, and the actions on them.

    Actions raise FlavrError with one sentence; the view shows it.
    """

    changed = Signal()
    """The presets, what speaks against them, or which is the default."""
    default_changed = Signal(str)
    """Another preset is the one new clips begin with; for the preferences."""

    def __init__(self, workspace: Workspace, *, default: str = "", parent: QObject | None = None) -> None:
        """Read what there is.

        Args:
            workspace: whose clips are stored so.
            default: the preset new clips begin with; empty for the one in the workspace's defaults.
            parent: its owner.
        """
        super().__init__(parent)
        self._workspace = workspace
        self._calls = BackgroundCalls(self, name="presets")
        self._default = default or workspace.defaults.preset or FACTORY_DEFAULT
        self._entries: tuple[PresetEntry, ...] = ()
        self._chip_problems: dict[tuple[str, str], str] = {}
        self._read()

    def close(self) -> None:
        """Stop looking at presets in the background."""
        self._calls.close()

    @property
    def entries(self) -> tuple[PresetEntry, ...]:
        """All presets, by group, the program's own before the user's."""
        return self._entries

    @property
    def groups(self) -> tuple[tuple[str, tuple[PresetEntry, ...]], ...]:
        """(heading, its presets), in order."""
        titles = dict.fromkeys(entry.group for entry in self._entries)
        return tuple(
            (title, tuple(entry for entry in self._entries if entry.group == title)) for title in titles
        )

    @property
    def default(self) -> str:
        """Name of the preset new clips begin with."""
        return self._default

    def find(self, name: str) -> PresetEntry | None:
        """The preset of that name; None when there is none."""
        return next((entry for entry in self._entries if entry.name == name), None)

    def is_modified(self, edits: ClipEdits) -> bool:
        """Whether a clip's export settings are no longer those of the preset they began as."""
        entry = self.find(edits.preset)
        return entry is not None and entry.export != edits.export

    # Choosing

    def apply(self, name: str) -> None:
        """Store the current clip as the preset says."""
        entry = self.find(name)
        if entry is not None and entry.export is not None and not entry.problem:
            text = self.tr("Choose preset {name}").format(name=name)
            self._workspace.edit(text, export=entry.export, preset=name)

    def reset(self) -> None:
        """Take back what the current clip changed of its preset."""
        clip = self._workspace.current
        entry = self.find(clip.edits.preset) if clip is not None else None
        if entry is not None and entry.export is not None:
            self._workspace.edit(self.tr("Reset to preset"), export=entry.export)

    def set_default(self, name: str) -> None:
        """Begin new clips with this preset."""
        entry = self.find(name)
        if entry is None or entry.export is None or entry.problem:
            return
        self._default = name
        self._take_default()
        self.default_changed.emit(name)
        self.changed.emit()

    # The user's presets

    def save(self, title: str, *, description: str, export: ExportSettings, overwrite: bool = False) -> str:
        """Keep settings as a preset of the user's; returns its name.

        The current clip, where these are its settings, is then of that preset.

        Raises:
            FlavrError: when the name cannot be used or is taken, or it cannot be stored.
        """
        name = preset_name(title)
        known = self.find(name)
        if known is not None and known.is_own:
            raise SettingsError(
                self.tr("'{name}' is the name of one of the program's own presets.").format(name=name),
                self.tr("Give it another name."),
            )
        if known is not None and not overwrite:
            raise SettingsError(
                self.tr("You have a preset '{name}' already.").format(name=name),
                self.tr("Give it another name, or replace it."),
            )
        words = description.strip().replace("\n", " ") or self.tr("Saved by you.")
        group = known.group if known is not None else self.tr("yours")
        self._write(Preset(name=name, group=group, description=words, export=export, is_own=False))
        clip = self._workspace.current
        if clip is not None and clip.edits.export == export:
            self._workspace.edit(self.tr("Save preset {name}").format(name=name), preset=name)
        self._read()
        return name

    def rename(self, name: str, title: str) -> str:
        """Call a preset of the user's otherwise; returns its new name.

        Raises:
            FlavrError: when it is not the user's, the name cannot be used or is taken, or storing fails.
        """
        entry, new = self._users(name), preset_name(title)
        if new == name:
            return name
        was_default = self._default == name
        if self.find(new) is not None:
            raise SettingsError(
                self.tr("There is a preset '{name}' already.").format(name=new),
                self.tr("Give it another name."),
            )
        assert entry.export is not None
        self._write(
            Preset(
                name=new, group=entry.group, description=entry.description, export=entry.export, is_own=False
            )
        )
        _unlink(_path_of(name))
        self._read()
        for clip in self._workspace.clips:
            if clip.edits.preset == name:
                self._workspace.edit(
                    self.tr("Rename preset {name}").format(name=name), number=clip.number, preset=new
                )
        if was_default:
            self.set_default(new)
        return new

    def delete(self, name: str) -> None:
        """Throw a preset of the user's away; clips keep their settings.

        Raises:
            FlavrError: when it is not the user's, or cannot be deleted.
        """
        entry = self.find(name)
        if entry is None or entry.is_own:
            raise SettingsError(self.tr("'{name}' came with the program and stays.").format(name=name))
        was_default = self._default == name
        _unlink(_path_of(name))
        self._read()
        if was_default:
            self.set_default(FACTORY_DEFAULT)

    def bring(self, path: Path, *, overwrite: bool = False) -> str:
        """Keep a preset file among the user's; returns its name.

        Raises:
            FlavrError: when it is no preset, its name is taken, or it cannot be stored.
        """
        preset = import_preset(path, overwrite=overwrite)
        self._read()
        return preset.name

    def has_user_preset(self, path: Path) -> bool:
        """Whether a file's preset would replace one of the user's; False where it is no preset."""
        try:
            known = self.find(read_preset_file(path).name)
        except FlavrError:
            return False
        return known is not None and not known.is_own

    def write(self, name: str, path: Path) -> None:
        """Write a preset to a file; one that is there is replaced.

        Raises:
            FlavrError: when it is damaged itself, or cannot be written.
        """
        entry = self.find(name)
        if entry is None or entry.export is None:
            raise SettingsError(self.tr("There is no preset '{name}'.").format(name=name))
        preset = Preset(
            name=entry.name, group=entry.group, description=entry.description, export=entry.export
        )
        write_preset_file(preset, path)

    def _users(self, name: str) -> PresetEntry:
        entry = self.find(name)
        if entry is None or entry.is_own or entry.export is None:
            raise SettingsError(
                self.tr("'{name}' is not a preset of yours that can be changed.").format(name=name)
            )
        return entry

    def _write(self, preset: Preset) -> None:
        """Check and store it: what is written can be read again."""
        preset_from_json(preset_to_json(preset), origin=preset.name)
        write_preset_file(preset, _path_of(preset.name))

    # What there is

    def _read(self) -> None:
        """Read all files, which is quick, and try their encoders in the background."""
        self._entries = read_entries()
        self._take_default()
        self.changed.emit()
        self._calls.submit(
            lambda token: (_with_problems(read_entries(), token), available_encoders()),
            on_done=self._on_tried,
            on_error=_raise,
        )

    def _on_tried(self, answer: tuple[tuple[PresetEntry, ...], tuple[EncoderState, ...]]) -> None:
        entries, states = answer
        self._chip_problems = {
            (state.encoder.codec, state.encoder.family): state.reason for state in states if not state.works
        }
        if [entry.name for entry in entries] == [entry.name for entry in self._entries]:
            self._entries = entries
        self.changed.emit()

    def chip_problem(self, codec: str, family: str) -> str:
        """Why chips of a family cannot encode a codec here; empty when they can, or are untried."""
        return self._chip_problems.get((codec, family), "")

    def _take_default(self) -> None:
        """Let new clips begin with the default; what they begin with of that very preset stays."""
        entry = self.find(self._default) or self.find(FACTORY_DEFAULT)
        defaults = self._workspace.defaults
        if entry is not None and entry.export is not None:
            self._default = entry.name
            if defaults.preset != entry.name:
                self._workspace.defaults = replace(defaults, export=entry.export, preset=entry.name)


def read_entries() -> tuple[PresetEntry, ...]:
    """Every preset file; a damaged one is an entry that says so."""
    found = [
        _entry(path, is_own=is_own)
        for folder, is_own in ((presets_folder(), True), (user_presets_folder(), False))
        for path in sorted(folder.glob("*.json"))
    ]
    own = {entry.name for entry in found if entry.is_own}
    found = [entry for entry in found if entry.is_own or entry.name not in own]
    places = {group: place for place, group in enumerate(GROUPS)}
    return tuple(
        sorted(found, key=lambda e: (places.get(e.group, len(GROUPS)), e.group, not e.is_own, e.name))
    )


def preset_name(title: str) -> str:
    """The name a title makes: `My own GIF` is `my-own-gif`.

    Raises:
        SettingsError: when nothing is left of it.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("._-")[:64]
    if not name:
        raise SettingsError(f"'{title}' cannot be a preset's name.", "Use letters, digits, dots and dashes.")
    return name


def _entry(path: Path, *, is_own: bool) -> PresetEntry:
    try:
        preset = read_preset_file(path)
        if preset.name != path.stem:
            raise SettingsError(f"'{path.name}' holds a preset of another name ('{preset.name}').")
    except FlavrError as error:
        return PresetEntry(
            name=path.stem, group="yours", description="", export=None, is_own=is_own, problem=str(error)
        )
    return PresetEntry(
        name=preset.name,
        group=preset.group,
        description=preset.description,
        export=preset.export,
        is_own=is_own,
    )


def _with_problems(entries: tuple[PresetEntry, ...], token: CancelToken) -> tuple[PresetEntry, ...]:
    """The same, each tried on this machine; chips that encode are really used for a moment."""
    tried = []
    for entry in entries:
        token.check()
        problem = entry.problem
        if entry.export is not None:
            preset = Preset(
                name=entry.name, group=entry.group, description=entry.description, export=entry.export
            )
            problem = preset_availability(preset)
        tried.append(replace(entry, problem=problem))
    return tuple(tried)


def _path_of(name: str) -> Path:
    return user_presets_folder() / f"{name}.json"


def _raise(error: Exception) -> None:
    raise error


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"'{path}' cannot be deleted ({error.strerror}).", "") from error
