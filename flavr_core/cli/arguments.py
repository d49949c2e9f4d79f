"""What all commands do with the text of their options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

from flavr_core.errors import SettingsError

T = TypeVar("T")


def parsed(option: str, parse: Callable[[str], T], text: str) -> T:
    """What `parse` reads in an option's text; its SettingsError then names the option."""
    try:
        return parse(text)
    except SettingsError as error:
        raise SettingsError(f"{option}: {error.message}", error.hint) from None


def check_no_empty(arguments: Sequence[str]) -> None:
    """Raise SettingsError at an option without a value or an empty name, as unset variables leave them."""
    for before, argument in pairwise(("", *arguments)):
        name, is_given, value = argument.partition("=")
        if argument.startswith("--") and is_given and not value.strip():
            raise SettingsError(f"{name} is given without a value.", "Give one, or leave the option away.")
        if not argument.strip():
            what = f"{before} is given without a value" if before.startswith("-") else "An argument is empty"
            raise SettingsError(f"{what}.", "Give a value, or leave it away.")
