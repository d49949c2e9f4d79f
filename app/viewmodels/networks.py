"""The networks that can be chosen, each with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale

from app.viewmodels.amounts import decimal, size_words
from flavr_core.errors import ModelError
from flavr_core.model.cards import ModelCard, card_text
from flavr_core.model.catalog import Catalog, Entry, Origin, read_catalog

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEntry:
    """One line of the chooser."""

    model: str
    """As in EngineSettings.model."""
    name: str
    """Name in the collection; what `model` is for a file."""
    title: str
    """A few words for the list."""
    card: str
    """What it is good for and what not, a few sentences."""
    facts: str
    """Size, places it can draw, licence: one line."""
    remark: str = ""
    """That it is experimental, or was brought in by the user; empty for neither."""
    problem: str = ""
    """Why it cannot be used; empty when it can."""
    is_missing: bool = False
    """Whether it can be had by importing its authors' file."""


_PUBLISHED = {"flavr": "FLAVR", "adacof": "AdaCoF", "cdfi": "CDFI", "uprnet": "UPR-Net"}
"""Names of published networks by their architecture, whose weights may not be here."""


def network_entries(chosen: str) -> tuple[NetworkEntry, ...]:
    """All networks, the default first, then the program's own, the user's, those that can be imported, and
    a chosen file at the end.
    """
    try:
        catalog = read_catalog()
    except ModelError as error:
        return (
            NetworkEntry(
                model="default",
                name="default",
                title=translate("Networks", "Default"),
                card="",
                facts="",
                problem=str(error),
            ),
        )
    ordered = sorted(catalog.entries, key=lambda entry: entry.card.name != catalog.default)
    found = [_entry(entry, catalog) for entry in ordered]
    found += [
        NetworkEntry(model=name, name=name, title=name, card="", facts="", problem=str(error))
        for name, error in catalog.problems.items()
    ]
    found += _missing({entry.card.architecture for entry in catalog.entries})
    names = {entry.model.casefold() for entry in found} | {catalog.default.casefold()}
    if chosen.casefold() not in names:
        is_file = Path(chosen).is_file()
        problem = "" if is_file else translate("Networks", "It is not here any more; choose another.")
        remark = translate("Networks", "A file that is not in the collection.") if is_file else ""
        found.append(
            NetworkEntry(
                model=chosen,
                name=chosen,
                title=Path(chosen).name,
                card="",
                facts=chosen,
                remark=remark,
                problem=problem,
            )
        )
    return tuple(found)


def index_of(entries: tuple[NetworkEntry, ...], model: str) -> int:
    """Which entry a model is; the default one by either of its names."""
    wanted = model.casefold()
    names = [(entry.model.casefold(), entry.name.casefold()) for entry in entries]
    return next((row for row, known in enumerate(names) if wanted in known), 0)


def _missing(here: set[str]) -> list[NetworkEntry]:
    """Published networks of which no weights are here: they are shown rather than hidden."""
    problem = translate(
        "Networks",
        "Its weights are not here: download its authors' file, then choose it here to import that.",
    )
    words = translate("Networks", "{name} (not available)")
    return [
        NetworkEntry(
            model=architecture,
            name=architecture,
            title=words.format(name=name),
            card="",
            facts="",
            problem=problem,
            is_missing=True,
        )
        for architecture, name in _PUBLISHED.items()
        if architecture not in here
    ]


def in_words(card: ModelCard, field: str) -> str:
    """A text of a card (`title`, `purpose`, `description`) in the window's language, else in English."""
    return card_text(card, field, QLocale().name().partition("_")[0])


def _entry(entry: Entry, catalog: Catalog) -> NetworkEntry:
    card = entry.card
    is_default = card.name == catalog.default
    line = in_words(card, "purpose") or in_words(card, "title")
    title = translate("Networks", "{title} (default)").format(title=card.name) if is_default else card.name
    remark = translate("Networks", "Brought in by you.") if entry.origin is Origin.IMPORTED else ""
    licence = translate("Networks", "Licence: {name}.").format(name=card.licence)
    return NetworkEntry(
        model="default" if is_default else card.name,
        name=card.name,
        title=f"{title}: {line}" if line else title,
        card=f"{in_words(card, 'description')} {licence}",
        facts=_facts(entry),
        remark=remark,
    )


def _facts(entry: Entry) -> str:
    card = entry.card
    parts = [translate("Networks", "no weights")]
    if card.parameters:
        millions = translate("Networks", "{n} M parameters").format(n=decimal(card.parameters / 1e6))
        parts = [millions, size_words(card.file_bytes), translate("Networks", "best on a GPU")]
    parts.append(_places(card))
    return " · ".join(parts)


def _places(card: ModelCard) -> str:
    """How it comes to the places that a rate asks for."""
    if card.positions is None:
        return translate("Networks", "draws any place in a gap")
    finest = len(card.positions) + 1
    if card.by_halving:
        words = translate(
            "Networks", "draws the middle of a gap; other places by halving, down to 1/{finest}"
        )
    elif finest == 2:
        return translate("Networks", "draws the middle of a gap; other places are taken from there")
    else:
        words = translate("Networks", "draws a fixed grid of 1/{finest} of a gap; the nearest place is taken")
    return words.format(finest=finest)
