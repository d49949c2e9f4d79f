"""Frozen dataclasses as plain JSON values and back, checked against their own annotations."""

from __future__ import annotations

import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from flavr_core.errors import SettingsError

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """A dataclass and all in it as JSON values: fractions and paths as text, enums by value."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fraction | Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], value: Any) -> T:
    """The dataclass that `to_plain` was given. Missing fields take their defaults.

    Raises:
        SettingsError: when the values do not fit, naming the field.
    """
    try:
        return typing.cast(T, _read(kind, value, kind.__name__))
    except (TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        raise SettingsError(f"A stored {kind.__name__} cannot be read: {error}.") from error


def _read(kind: Any, value: Any, where: str) -> Any:
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        choices = typing.get_args(kind)
        if value is None and type(None) in choices:
            return None
        (kind,) = (choice for choice in choices if choice is not type(None))
        return _read(kind, value, where)
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        if not isinstance(value, list):
            raise TypeError(f"{where} is no list")
        return tuple(_read(inner, item, where) for item in value)
    if is_dataclass(kind):
        return _read_record(typing.cast(type, kind), value, where)
    if issubclass(kind, Enum | Fraction | Path):
        if not isinstance(value, str):
            raise TypeError(f"{where} is no text")
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"{where} is no {kind.__name__}")
    return value


def _read_record(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise TypeError(f"{where} is no record")
    hints = typing.get_type_hints(kind)
    unknown = set(value) - {field.name for field in fields(kind)}
    if unknown:
        raise KeyError(f"{where} has an unknown field {sorted(unknown)[0]}")
    given = {}
    for field in fields(kind):
        if field.name in value:
            given[field.name] = _read(hints[field.name], value[field.name], f"{where}.{field.name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise KeyError(f"{where} has no {field.name}")
    return kind(**given)
