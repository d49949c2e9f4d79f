"""The preferences as fields of a form, made from the settings dataclasses: labels, kinds, texts and bounds.

A field of a dataclass needs one row of words, nothing else; its kind follows from its annotation.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.viewmodels.networks import network_entries
from app.viewmodels.preferences import FONT_SCALES, Language, Preferences, ThemeChoice
from app.viewmodels.workspace import ClipEdits
from flavr_core.settings import (
    CutMode,
    DuplicateMode,
    EndMode,
    Precision,
    RateTarget,
    format_bytes,
    parse_bytes,
    parse_rate,
    parse_slow,
)
from flavr_core.timing import format_rate

translate = QCoreApplication.translate


class Kind(StrEnum):
    """How a value is chosen."""

    SWITCH = "switch"
    CHOICE = "choice"
    SHARE = "share"
    """A number between `low` and `high`, on a slider."""
    TEXT = "text"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several values."""

    value: Any
    """What is stored."""
    label: str
    """What it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One value of the form."""

    part: str
    """`preferences`, `timing`, `scenes` or `engine`."""
    name: str
    """Name in its dataclass."""
    label: str
    """In the user's language."""
    hint: str
    """One sentence more."""
    kind: Kind
    """How it is chosen."""
    value: Any
    """What it is now."""
    choices: tuple[Choice, ...] = ()
    """For CHOICE."""
    low: float = 0.0
    """For SHARE."""
    high: float = 1.0
    """For SHARE."""
    show: Callable[[Any], str] = str
    """For TEXT: the value as it is typed."""
    parse: Callable[[str], Any] = str
    """For TEXT: what was typed as a value; raises SettingsError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Fields under one heading."""

    title: str
    """In the user's language."""
    icon: str
    """Plain word of its icon."""
    fields: tuple[FormField, ...]
    """In order."""


PER_CLIP = {("timing", "start"), ("timing", "stop"), ("scenes", "cuts_file")}
"""Fields that only make sense for one clip, and have no default to prefer."""


def pages(preferences: Preferences, defaults: ClipEdits) -> tuple[Page, ...]:
    """The whole form with the values of now."""
    window = {each.name: each for each in _fields("preferences", preferences)}
    look = ("theme", "language", "font_scale", "reduced_motion", "show_welcome")
    files = ("output_folder", "name_pattern", "restore_session")
    viewer = ("cache_bytes", "gpu_painting")
    return (
        Page(
            title=translate("PreferenceFields", "Window"),
            icon="theme",
            fields=tuple(window[name] for name in look),
        ),
        Page(
            title=translate("PreferenceFields", "Files"),
            icon="folder",
            fields=tuple(window[name] for name in files),
        ),
        Page(
            title=translate("PreferenceFields", "Viewer"),
            icon="view",
            fields=tuple(window[name] for name in viewer),
        ),
        Page(
            title=translate("PreferenceFields", "New clips"),
            icon="clip",
            fields=(*_fields("timing", defaults.timing), *_fields("scenes", defaults.scenes)),
        ),
        Page(
            title=translate("PreferenceFields", "Computing"),
            icon="device",
            fields=_fields("engine", defaults.engine),
        ),
    )


def with_values(
    preferences: Preferences, defaults: ClipEdits, values: dict[tuple[str, str], Any]
) -> tuple[Preferences, ClipEdits]:
    """Preferences and defaults with other values.

    Args:
        preferences: of the window.
        defaults: of new clips.
        values: {(part, name): value}.

    Raises:
        SettingsError: when values do not go together.
    """
    parts: dict[str, dict[str, Any]] = {}
    for (part, name), value in values.items():
        parts.setdefault(part, {})[name] = value
    changed = {
        part: replace(getattr(defaults, part), **parts[part])
        for part in ("timing", "scenes", "engine")
        if part in parts
    }
    return replace(preferences, **parts.get("preferences", {})), replace(defaults, **changed)


def _fields(part: str, record: Any) -> tuple[FormField, ...]:
    hints = typing.get_type_hints(type(record))
    return tuple(
        _field(part, each.name, hints[each.name], getattr(record, each.name))
        for each in fields(record)
        if (part, each.name) not in PER_CLIP
    )


def _field(part: str, name: str, kind: Any, value: Any) -> FormField:
    label, hint = _words()[part, name]
    more: dict[str, Any]
    if (part, name) == ("preferences", "output_folder"):
        more = {"kind": Kind.FOLDER}
    elif (part, name) == ("engine", "model"):
        entries = network_entries(value)
        choices = tuple(
            Choice(value=entry.model, label=entry.title) for entry in entries if not entry.is_missing
        )
        more = {"kind": Kind.CHOICE, "choices": choices}
    elif kind is bool:
        more = {"kind": Kind.SWITCH}
    elif isinstance(kind, type) and issubclass(kind, StrEnum):
        names = _choices()
        more = {
            "kind": Kind.CHOICE,
            "choices": tuple(
                Choice(value=each, label=names.get((kind, each.value), each.value)) for each in kind
            ),
        }
    elif kind is float:
        low, high = FONT_SCALES if name == "font_scale" else (0.0, 1.0)
        more = {"kind": Kind.SHARE, "low": low, "high": high}
    elif kind is RateTarget:
        more = {"kind": Kind.TEXT, "parse": parse_rate}
    elif kind is Fraction:
        more = {"kind": Kind.TEXT, "show": lambda slow: f"{format_rate(slow)}x", "parse": parse_slow}
    elif name == "cache_bytes":
        more = {"kind": Kind.TEXT, "show": _mebibytes, "parse": parse_bytes}
    elif name == "max_memory_bytes":
        more = {
            "kind": Kind.TEXT,
            "show": lambda size: "" if size is None else format_bytes(size),
            "parse": lambda text: parse_bytes(text) if text.strip() else None,
        }
    else:
        more = {"kind": Kind.TEXT}
    return FormField(part=part, name=name, label=label, hint=hint, value=value, **more)


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:g} MiB"


def _words() -> dict[tuple[str, str], tuple[str, str]]:
    """Label and hint of every field; one without a row is a mistake that a test finds."""
    return {
        ("preferences", "theme"): (
            translate("PreferenceFields", "Theme"),
            translate("PreferenceFields", "As the system has it, or always the same."),
        ),
        ("preferences", "language"): (
            translate("PreferenceFields", "Language"),
            translate("PreferenceFields", "From the next start on."),
        ),
        ("preferences", "font_scale"): (
            translate("PreferenceFields", "Size of text"),
            translate("PreferenceFields", "Over the size that the system asks for."),
        ),
        ("preferences", "reduced_motion"): (
            translate("PreferenceFields", "Less motion"),
            translate("PreferenceFields", "Nothing moves or fades that need not."),
        ),
        ("preferences", "show_welcome"): (
            translate("PreferenceFields", "Welcome at the start"),
            translate("PreferenceFields", "Offers the sample clip and the first steps."),
        ),
        ("preferences", "output_folder"): (
            translate("PreferenceFields", "Folder for results"),
            translate("PreferenceFields", "Empty: beside the clip."),
        ),
        ("preferences", "name_pattern"): (
            translate("PreferenceFields", "Names of results"),
            translate("PreferenceFields", "{name}, {rate}, {network} and {preset} stand for the clip's own."),
        ),
        ("preferences", "restore_session"): (
            translate("PreferenceFields", "Open last time's clips at the start"),
            translate("PreferenceFields", "With all that was decided about them."),
        ),
        ("preferences", "cache_bytes"): (
            translate("PreferenceFields", "Memory for frames"),
            translate(
                "PreferenceFields", "Frames near the playhead are kept, so that scrubbing back is instant."
            ),
        ),
        ("preferences", "gpu_painting"): (
            translate("PreferenceFields", "Paint on the graphics card"),
            translate("PreferenceFields", "From the next start on. Switch it off when pictures look wrong."),
        ),
        ("timing", "rate"): (
            translate("PreferenceFields", "Frame rate"),
            translate("PreferenceFields", "2x, 2.5x, 60 or 60000/1001."),
        ),
        ("timing", "slow"): (
            translate("PreferenceFields", "Slow motion"),
            translate("PreferenceFields", "How many times longer the result is: 1x for not at all."),
        ),
        ("timing", "end"): (
            translate("PreferenceFields", "At the end"),
            translate("PreferenceFields", "Hold the last frame for its whole duration, or stop with it."),
        ),
        ("timing", "keep_vfr"): (
            translate("PreferenceFields", "Keep a variable rate"),
            translate("PreferenceFields", "Each gap is divided in place instead of a constant rate."),
        ),
        ("scenes", "cuts"): (
            translate("PreferenceFields", "At cuts"),
            translate("PreferenceFields", "What is shown between the two frames of a cut."),
        ),
        ("scenes", "sensitivity"): (
            translate("PreferenceFields", "Sensitivity for cuts"),
            translate("PreferenceFields", "Low finds only hard cuts, high every doubtful one."),
        ),
        ("scenes", "duplicates"): (
            translate("PreferenceFields", "Repeated frames"),
            translate("PreferenceFields", "Animation on twos is smoother when they are left out."),
        ),
        ("engine", "model"): (
            translate("PreferenceFields", "Network"),
            translate("PreferenceFields", "Who draws the frames."),
        ),
        ("engine", "device"): (
            translate("PreferenceFields", "Device"),
            translate("PreferenceFields", "auto, cpu, cuda, cuda:1 or cuda:all."),
        ),
        ("engine", "precision"): (
            translate("PreferenceFields", "Precision"),
            translate(
                "PreferenceFields", "Automatic takes the fastest that computes correctly on this device."
            ),
        ),
        ("engine", "max_memory_bytes"): (
            translate("PreferenceFields", "Most memory"),
            translate("PreferenceFields", "Of the device, like 4GB. Empty: what is free."),
        ),
    }


def _choices() -> dict[tuple[type, str], str]:
    """What values are called; those without a row are called as they are stored."""
    return {
        (ThemeChoice, "system"): translate("PreferenceFields", "As the system"),
        (ThemeChoice, "light"): translate("PreferenceFields", "Light"),
        (ThemeChoice, "dark"): translate("PreferenceFields", "Dark"),
        (Language, "system"): translate("PreferenceFields", "As the system"),
        (Language, "en"): translate("PreferenceFields", "English"),
        (Language, "de"): translate("PreferenceFields", "Deutsch"),
        (EndMode, "hold"): translate("PreferenceFields", "Hold the last frame"),
        (EndMode, "trim"): translate("PreferenceFields", "Stop with the last frame"),
        (CutMode, "hold"): translate("PreferenceFields", "Hold the frames"),
        (CutMode, "blend"): translate("PreferenceFields", "Cross-fade"),
        (CutMode, "ignore"): translate("PreferenceFields", "Draw across cuts"),
        (DuplicateMode, "keep"): translate("PreferenceFields", "Keep them"),
        (DuplicateMode, "drop"): translate("PreferenceFields", "Leave them out"),
        (Precision, "auto"): translate("PreferenceFields", "Automatic"),
    }
