"""Numbers and sizes as the user's language writes them."""

from __future__ import annotations

from PySide6.QtCore import QLocale

from flavr_core.settings import format_bytes


def number(value: int) -> str:
    """A whole number with the language's separators: `12,345`."""
    return QLocale().toString(value)


def decimal(value: float) -> str:
    """Three digits that count, and all those before the point: `0.035`, `3.1`, `24.9`, `1,250`."""
    if value >= 99.95:
        return number(round(value))
    return f"{value:.3g}".replace(".", QLocale().decimalPoint())


def trimmed(value: float, *, places: int) -> str:
    """A number with at most so many places after the point: `23.98`, `25`."""
    text = f"{value:.{places}f}"
    return (text.rstrip("0").rstrip(".") if places else text).replace(".", QLocale().decimalPoint())


def size_words(size_bytes: float) -> str:
    """A size in the unit that suits it: `512 B`, `3.4 kB`, `12.0 MB`, `1.50 GB`."""
    return format_bytes(size_bytes).replace(".", QLocale().decimalPoint())
