"""The networks by name: built in, shipped with weights, and imported by the user. No torch here.

Shipped ones lie in resources/models, imported ones in the user's data folder; in both a JSON card
`NAME.json` stands for a model and names its file of weights. `resources/models/catalog.json` says which
is the default.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import platformdirs

from flavr_core.errors import ModelError
from flavr_core.model.cards import ModelCard, card_from_json

EMBEDDED_DIR = Path(__file__).resolve().parents[2] / "resources" / "models"
"""Where the program's own weights are."""

QUICK = "motion"
"""The built-in network that is suggested where the chosen one takes long."""
LONG_S = 180.0
"""A conversion that takes longer is worth a word about QUICK."""
WORTHWHILE = 2.0
"""So many times as quick QUICK is to be."""

CATALOG_FILE = "catalog.json"
"""In EMBEDDED_DIR: {"default": NAME}."""

BUILT_IN = (
    ModelCard(
        name="blend",
        title="cross-fade",
        architecture="blend",
        num_inputs=2,
        purpose="no motion, the calmest choice; takes no time",
        description="A weighted mean of the two frames. No motion: a baseline, and the calmest choice.",
        licence="Apache-2.0",
        source="built in",
        translations={
            "de": {
                "title": "Überblendung",
                "purpose": "keine Bewegung, das Ruhigste; kostet keine Zeit",
                "description": "Ein gewichtetes Mittel der beiden Bilder. Keine Bewegung: ein "
                "Vergleichsmaß, und die ruhigste Wahl.",
            }
        },
    ),
    ModelCard(
        name="motion",
        title="classical optical flow",
        architecture="motion",
        num_inputs=4,
        purpose="for long clips and a look around; quick on any processor",
        description="OpenCV's DIS flow both ways, combined with care for what is hidden. A baseline that "
        "needs no weights; fine structures and fast motion show seams.",
        licence="Apache-2.0",
        source="built in",
        translations={
            "de": {
                "title": "klassischer optischer Fluss",
                "purpose": "für lange Clips und zum Ausprobieren; schnell auf jedem Prozessor",
                "description": "OpenCVs DIS-Fluss in beide Richtungen, mit Rücksicht auf Verdecktes "
                "zusammengesetzt. Braucht keine Gewichte; feine Strukturen und schnelle Bewegung zeigen "
                "Nähte.",
            }
        },
    ),
)
"""Networks that need no weights."""

NAME_PATTERN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,62}[A-Za-z0-9_+-])?")
"""Names that are safe as file names everywhere: no separators, no leading or trailing dot."""

RESERVED = {"default", "catalog", "con", "prn", "aux", "nul"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}
"""Names with a meaning of their own, here or on Windows."""


PICTURE_ENDING = "-hard-cases.webp"
"""A card's picture lies beside it, called NAME and this: what the network makes of rendered hard cases."""


class Origin(StrEnum):
    """Where a model of the catalogue comes from."""

    BUILT_IN = "built in"
    EMBEDDED = "shipped"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model of the catalogue."""

    card: ModelCard
    """What is known of it."""
    origin: Origin
    """Where it comes from."""
    weights: Path | None = None
    """Its file of weights; None when it needs none."""

    @property
    def picture(self) -> Path | None:
        """The card's picture; None when it has none."""
        if self.weights is None:
            return None
        path = self.weights.with_name(f"{self.card.name}{PICTURE_ENDING}")
        return path if path.is_file() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All models there are."""

    entries: tuple[Entry, ...]
    """Built in, shipped, imported, each group by name; names differ by more than case."""
    problems: dict[str, ModelError]
    """{name: what is wrong} of cards that cannot be used."""
    default: str
    """Name of the default model."""


def user_dir() -> Path:
    """Where imported models are kept."""
    return Path(platformdirs.user_data_dir("flavr-studio", appauthor=False)) / "models"


def check_name(name: str) -> str:
    """The name, if a model may be called so.

    Raises:
        ModelError: when it may not.
    """
    base = name.partition(".")[0].casefold()
    if not NAME_PATTERN.fullmatch(name) or base in RESERVED:
        raise ModelError(
            f"A model cannot be called {name!r}.",
            "Use up to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit.",
        )
    return name


def name_for(path: Path) -> str:
    """A name that a model may have, made from a file's name."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", path.stem).strip("._+-") or "model"


def read_catalog() -> Catalog:
    """Look at what there is. A damaged card is a problem in the result, not an error."""
    entries = [Entry(card=card, origin=Origin.BUILT_IN) for card in BUILT_IN]
    problems: dict[str, ModelError] = {}
    for folder, origin in ((EMBEDDED_DIR, Origin.EMBEDDED), (user_dir(), Origin.IMPORTED)):
        for path in sorted(folder.glob("*.json")):
            if path.name == CATALOG_FILE:
                continue
            try:
                entry = _read_entry(path, origin)
                clash = _by_name(entries, entry.card.name)
                if clash is not None:
                    raise ModelError(
                        f"{path} has the name of a {clash.origin} model.", "Remove it, or import it anew."
                    )
                entries.append(entry)
            except ModelError as error:
                problems[path.stem] = error
    return Catalog(entries=tuple(entries), problems=problems, default=_default_name())


def is_quick_worth_a_word(seconds: float, quick_s: float) -> bool:
    """Whether to suggest QUICK, which would take `quick_s` in place of `seconds`."""
    return seconds >= LONG_S and quick_s * WORTHWHILE <= seconds


def find(name: str) -> Entry | None:
    """The model of this name (`default` for the default one, case ignored); None for what can be a file.

    Raises:
        ModelError: when it can be neither, or its card is damaged.
    """
    catalog = read_catalog()
    wanted = catalog.default if name == "default" else name
    entry = _by_name(catalog.entries, wanted)
    if entry is not None:
        return entry
    if wanted in catalog.problems:
        raise catalog.problems[wanted]
    if name != "default" and (Path(name).exists() or Path(name).suffix or Path(name).name != name):
        return None
    names = ", ".join(entry.card.name for entry in catalog.entries)
    raise ModelError(
        f"There is no model {wanted}.", f"There are: {names}. Others come in with `models import FILE`."
    )


def _read_entry(path: Path, origin: Origin) -> Entry:
    try:
        card = card_from_json(path.read_text(encoding="utf-8"), where=path)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", "Import the model again.") from error
    if card.name != path.stem or Path(card.file).name != card.file or not card.file:
        raise ModelError(f"{path} is not the card of a model of that name.", "Import the model again.")
    weights = path.with_name(card.file)
    if not weights.is_file():
        raise ModelError(f"{weights}, the weights of {card.name}, is missing.", "Import the model again.")
    check_name(card.name)
    return Entry(card=card, origin=origin, weights=weights)


def _by_name(entries: list[Entry] | tuple[Entry, ...], name: str) -> Entry | None:
    folded = name.casefold()
    return next((entry for entry in entries if entry.card.name.casefold() == folded), None)


def _default_name() -> str:
    try:
        record = json.loads((EMBEDDED_DIR / CATALOG_FILE).read_text(encoding="utf-8"))
        return str(record["default"])
    except FileNotFoundError:
        return QUICK
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{EMBEDDED_DIR / CATALOG_FILE} is damaged ({error}).", "Install the program again."
        ) from error
