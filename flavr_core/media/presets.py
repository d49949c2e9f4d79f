"""Presets: named ways to store a result, as versioned JSON, in groups.

The program's own lie in `resources/presets`, the user's in the configuration folder. A file holds
`schema_version`, `name`, `group`, `description` and `export`, the ExportSettings that differ from the
defaults. Older versions are upgraded one step at a time; what is unknown is an error, never ignored.
"""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any

import platformdirs

import flavr_core
from flavr_core.errors import FlavrError, OutputError, SettingsError
from flavr_core.media.containers import CODEC_TITLES, CONTAINERS
from flavr_core.media.encoders import choose_encoder
from flavr_core.settings import SCHEMA_VERSION, ExportSettings, GifSettings

GROUPS = ("general", "GIF and web", "editing", "archive")
"""Groups in the order in which they are shown; the user's own presets may name others."""

_KEYS = ("schema_version", "name", "group", "description", "export")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MOST_BYTES = 100_000
_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""For each older schema version, the step to the next one; there is none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named way to store a result."""

    name: str
    """What it is called by: lower case letters, digits, dots and dashes."""
    group: str
    """Heading under which it is shown."""
    description: str
    """One line for people."""
    export: ExportSettings
    """What it stands for."""
    is_own: bool = True
    """Whether it came with the program; the user's are False."""


def presets_folder() -> Path:
    """Where the program's own presets lie."""
    return Path(flavr_core.__file__).resolve().parent.parent / "resources" / "presets"


def user_presets_folder() -> Path:
    """Where the user's presets lie; may not exist."""
    return platformdirs.user_config_path("flavr-studio", appauthor=False) / "presets"


def list_presets() -> tuple[Preset, ...]:
    """All presets, by group, the program's own before the user's.

    Raises:
        SettingsError: when a file among them cannot be used.
    """
    found = [
        _read(path, is_own=is_own)
        for folder, is_own in ((presets_folder(), True), (user_presets_folder(), False))
        for path in sorted(folder.glob("*.json"))
    ]
    places = {group: place for place, group in enumerate(GROUPS)}
    return tuple(
        sorted(found, key=lambda p: (places.get(p.group, len(GROUPS)), p.group, not p.is_own, p.name))
    )


def find_preset(name: str) -> Preset:
    """The preset of that name; one of the program's own goes before one of the user's.

    Raises:
        SettingsError: when there is none, or its file cannot be used.
    """
    if _NAME.fullmatch(name):
        for folder, is_own in ((presets_folder(), True), (user_presets_folder(), False)):
            path = folder / f"{name}.json"
            if path.is_file():
                return _read(path, is_own=is_own)
    raise SettingsError(f"There is no preset '{name}'.", "See `presets list`.")


def load_preset(name: str) -> ExportSettings:
    """What the preset of that name stands for. Raises SettingsError as `find_preset` does."""
    return find_preset(name).export


def preset_availability(preset: Preset) -> str:
    """Why a preset cannot be used on this machine, one sentence; empty when it can."""
    export = preset.export
    if not CONTAINERS[export.container].is_video:
        return ""
    rgb = export.chroma == "rgb" and export.codec != "ffv1"
    return choose_encoder(export.codec, hardware=export.hardware, rgb=rgb).problem


def read_preset_file(path: Path) -> Preset:
    """A preset from any file.

    Raises:
        SettingsError: when the file cannot be read or is no preset; the sentence says why.
    """
    return _read(path, is_own=False)


def import_preset(path: Path, *, overwrite: bool = False) -> Preset:
    """Keep a preset file among the user's presets.

    Raises:
        SettingsError: when it is no preset, or its name is taken.
        OutputError: when it cannot be kept.
    """
    preset = read_preset_file(path)
    if (presets_folder() / f"{preset.name}.json").is_file():
        raise SettingsError(
            f"'{preset.name}' is the name of one of the program's own presets.", "Give it another name."
        )
    target = user_presets_folder() / f"{preset.name}.json"
    if target.exists() and not overwrite:
        raise SettingsError(f"You have a preset '{preset.name}' already.", "Add --overwrite to replace it.")
    write_preset_file(preset, target)
    return preset


def write_preset_file(preset: Preset, path: Path) -> None:
    """Write a preset as JSON, by temporary name and rename. Raises OutputError when that fails."""
    text = json.dumps(preset_to_json(preset), indent=2, ensure_ascii=False) + "\n"
    temporary = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(
            f"'{path}' cannot be written ({error.strerror}).", "Choose another place."
        ) from error


def preset_to_json(preset: Preset) -> dict[str, Any]:
    """A preset as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": preset.name,
        "group": preset.group,
        "description": preset.description,
        "export": export_to_json(preset.export),
    }


def export_to_json(export: ExportSettings) -> dict[str, Any]:
    """Settings as plain values: container and codec always, of the rest what differs from the defaults."""
    default = ExportSettings()
    plain: dict[str, Any] = {"container": export.container, "codec": export.codec}
    for field in fields(ExportSettings):
        value = getattr(export, field.name)
        if field.name in plain or value == getattr(default, field.name):
            continue
        if isinstance(value, GifSettings):
            basis = GifSettings()
            value = {
                f.name: getattr(value, f.name)
                for f in fields(GifSettings)
                if getattr(value, f.name) != getattr(basis, f.name)
            }
        plain[field.name] = str(value) if isinstance(value, StrEnum) else value
    return plain


def export_from_json(values: Any, *, origin: str) -> ExportSettings:
    """Settings from plain values.

    Args:
        values: a dict as `export_to_json` gives.
        origin: where they come from, for the sentence.

    Raises:
        SettingsError: naming the first value that is unknown, of the wrong kind, or cannot be used.
    """
    if isinstance(values, dict) and isinstance(values.get("gif"), dict):
        gif = _build(GifSettings, values["gif"], f"{origin}, gif")
        values = {**values, "gif": gif}
    export: ExportSettings = _build(ExportSettings, values, origin)
    container = CONTAINERS.get(export.container)
    if container is None:
        raise SettingsError(f"{origin}: there is no container '{export.container}'.", "")
    if export.codec not in container.codecs:
        can = ", ".join(CODEC_TITLES[codec] for codec in container.codecs)
        raise SettingsError(f"{origin}: {container.title} cannot hold '{export.codec}'.", f"It holds {can}.")
    return export


def _build(kind: Any, values: Any, origin: str) -> Any:
    """A settings dataclass from a dict, each value of the kind its field has."""
    if not isinstance(values, dict):
        raise SettingsError(f"{origin} is not a list of settings.", "")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise SettingsError(
            f"{origin}: '{unknown[0]}' is not known.", "It may be from a newer version of the program."
        )
    return kind(**{name: _convert(value, hints[name], f"{origin}, {name}") for name, value in values.items()})


def _convert(value: Any, hint: Any, origin: str) -> Any:
    kinds = typing.get_args(hint) or (hint,)
    for kind in kinds:
        if kind is NoneType and value is None:
            return None
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            try:
                return kind(value)
            except ValueError:
                known = ", ".join(kind)
                raise SettingsError(f"{origin}: '{value}' is not known.", f"Use {known}.") from None
        if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(kind, type) and isinstance(value, kind) and (kind is bool) == isinstance(value, bool):
            return value
    words = {str: "text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}
    wanted = " or ".join(words.get(kind, str(kind)) for kind in kinds)
    raise SettingsError(f"{origin}: {json.dumps(value, default=str)} is not {wanted}.", "")


def preset_from_json(content: Any, *, origin: str, is_own: bool = False) -> Preset:
    """A preset from plain values, upgraded where it is of an older version.

    Raises:
        SettingsError: saying what is wrong with it.
    """
    if not isinstance(content, dict) or not isinstance(content.get("schema_version"), int):
        raise SettingsError(f"{origin} is not a preset of this program.", "It needs a schema_version.")
    content = _upgraded(content, origin)
    for key in _KEYS:
        if key not in content:
            raise SettingsError(f"{origin} is not a whole preset: '{key}' is missing.", "")
    unknown = sorted(set(content) - set(_KEYS))
    if unknown:
        raise SettingsError(
            f"{origin}: '{unknown[0]}' is not known.", "It may be from a newer version of the program."
        )
    for key in ("name", "group", "description"):
        if not isinstance(content[key], str) or not content[key].strip() or "\n" in content[key]:
            raise SettingsError(f"{origin}: '{key}' is not a line of text.", "")
    if not _NAME.fullmatch(content["name"]):
        raise SettingsError(
            f"{origin}: '{content['name']}' cannot be a preset's name.",
            "Use lower case letters, digits, dots and dashes.",
        )
    return Preset(
        name=content["name"],
        group=content["group"],
        description=content["description"],
        export=export_from_json(content["export"], origin=origin),
        is_own=is_own,
    )


def _upgraded(content: dict[str, Any], origin: str) -> dict[str, Any]:
    """The same content as of the present schema version, one version after the other."""
    version = content["schema_version"]
    if version > SCHEMA_VERSION:
        raise SettingsError(
            f"{origin} is of version {version}, and this program knows up to {SCHEMA_VERSION}.",
            "Use a newer version of the program.",
        )
    while version < SCHEMA_VERSION:
        step = _UPGRADES.get(version)
        if step is None:
            raise SettingsError(f"{origin} is of version {version}, which never was.", "")
        version += 1
        content = {**step(content), "schema_version": version}
    return content


def _read(path: Path, *, is_own: bool) -> Preset:
    origin = f"'{path.name}'"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"{origin} is too large for a preset.", "")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{origin} cannot be read ({error.strerror}).", "") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{origin} is not JSON ({error}).", "") from error
    try:
        preset = preset_from_json(content, origin=origin, is_own=is_own)
    except FlavrError as error:
        if isinstance(error, SettingsError) and origin not in error.message:
            raise SettingsError(f"{origin}: {error.message}", error.hint) from error
        raise
    return preset
