"""Model cards: what a network is, where it comes from and how it may be used. No torch here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from flavr_core.errors import ModelError

CARD_SCHEMA_VERSION = 1
"""Version of a card stored as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What is known of one network, shown to the user and stored beside its weights as JSON."""

    name: str
    """Name in the catalogue; safe as a file name."""
    title: str
    """A few words for a list."""
    architecture: str
    """`blend`, `motion`, or the name of an architecture in `flavr_core.model.architectures`."""
    num_inputs: int
    """Frames it looks at."""
    positions: tuple[str, ...] | None = None
    """Its fixed grid as fractions (`1/8`); None for any position."""
    by_halving: bool = False
    """Whether it draws the middle alone, and its other positions between that and its neighbours."""
    parameters: int = 0
    """Numbers it learnt."""
    purpose: str = ""
    """What it is for and how quick it is, for the line of a list; empty where that is not known."""
    description: str = ""
    """What it is good for and what its weaknesses are, a few sentences."""
    weaknesses: str = ""
    """What its picture shows it to be weak at, case by case, a few sentences; empty where nobody looked."""
    licence: str = "unknown"
    """Licence of the weights (an SPDX identifier where there is one)."""
    source: str = ""
    """Where the weights come from: a page, a file name, or the program itself."""
    file: str = ""
    """Name of the file of weights beside the card; empty for a network that needs none."""
    file_bytes: int = 0
    """Size of that file."""
    sha256: str = ""
    """Its hash, hexadecimal."""
    options: dict[str, str] = field(default_factory=dict)
    """What the file cannot tell about the network, as given to `from_state_dict`."""
    training: dict[str, str] = field(default_factory=dict)
    """Data, recipe, steps, seed, commit: words for a reader."""
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    """{language: {field: text}} for the texts of `card_text`, in languages other than English."""
    scores: dict[str, float] = field(default_factory=dict)
    """Measured results by protocol, e.g. {"clips/eval, RGB PSNR dB": 34.2}."""
    schema_version: int = CARD_SCHEMA_VERSION
    """Version of this layout."""


def card_text(card: ModelCard, field_name: str, language: str) -> str:
    """Title, purpose, description or weaknesses in a language (`de`), in English where it lacks them."""
    english: str = getattr(card, field_name)
    return card.translations.get(language, {}).get(field_name, english)


def card_to_json(card: ModelCard) -> str:
    """The card as indented JSON with a newline at its end."""
    return json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n"


def card_from_json(text: str, *, where: Path) -> ModelCard:
    """Read a card; `where` is named in errors.

    Raises:
        ModelError: when the text is no card, or one of a newer program.
    """
    hint = "Import the model again, or remove the file."
    try:
        record: dict[str, Any] = json.loads(text)
        version = record["schema_version"]
        if version > CARD_SCHEMA_VERSION:
            raise ModelError(f"{where} is the card of a newer program.", "Update FLAVR Studio.")
        known = {entry.name for entry in fields(ModelCard)}
        values = {key: value for key, value in record.items() if key in known}
        if values.get("positions") is not None:
            values["positions"] = tuple(str(position) for position in values["positions"])
        return ModelCard(**values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{where} is not a model card ({error}).", hint) from error
