"""`models show` and `models picture`: a network's card, and the picture of what it is weak at."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from flavr_core.errors import ModelError, OutputError
from flavr_core.model.catalog import PICTURE_ENDING, Entry, find

if TYPE_CHECKING:
    from flavr_core.evaluation.samples import Picture8

BESIDE = ("blend", "motion")
"""Whom a card's picture shows beside its network."""
PART_PX = (224, 128)
"""Width and height of what it shows of each rendered case, where the network errs most."""
QUALITY = 65
"""Of its WebP file."""
COLUMNS = 100
"""Width of the text on a screen."""


def entry_of(name: str) -> Entry:
    """The network of this name in the catalogue.

    Raises:
        ModelError: when there is none.
    """
    entry = find(name)
    if entry is None:
        raise ModelError(f"{name} is a file, which has no card.", "Import it, or see `models list`.")
    return entry


def card_words(entry: Entry) -> str:
    """All that a card says, in lines for a terminal."""
    card = entry.card
    paragraphs = [f"{card.name}: {card.title}", card.purpose, card.description]
    if card.weaknesses:
        paragraphs.append(f"Weak at: {card.weaknesses}")
    positions = "any" if card.positions is None else ", ".join(card.positions)
    facts = {
        "origin": str(entry.origin),
        "licence": card.licence,
        "source": card.source,
        "architecture": card.architecture,
        "frames it looks at": str(card.num_inputs),
        "positions": f"{positions} (by halving)" if card.by_halving else positions,
        "parameters": f"{card.parameters:,}" if card.parameters else "",
        "SHA-256": card.sha256,
        **card.training,
        **{name: f"{value:.2f}" for name, value in card.scores.items()},
    }
    files = {"picture": entry.picture, "weights": entry.weights}
    lines = [f"{name}: {path}" for name, path in files.items() if path]
    lines += [_hanging(f"{name}: {value}") for name, value in facts.items() if value]
    told = [textwrap.fill(words, COLUMNS, break_long_words=False) for words in paragraphs if words]
    told.append("\n".join(lines))
    return "\n\n".join(told)


def draw_picture(name: str) -> Path:
    """Render the hard cases, let a network draw them, and lay that beside its card, in place of an older one.

    Raises:
        ModelError: when it has no card that lies in a file.
        OutputError: when the picture cannot be written.
    """
    entry = entry_of(name)
    if entry.weights is None:
        raise ModelError(
            f"{entry.card.name} is {entry.origin} and has no picture of its own.",
            "Use `evaluate --hard-cases --sheet FILE`.",
        )
    path = entry.weights.with_name(f"{entry.card.name}{PICTURE_ENDING}")
    _write(_hard_cases(entry.card.name), path)
    return path


def _hard_cases(name: str) -> Picture8:
    from flavr_core.cli.rendered_samples import hard_samples
    from flavr_core.evaluation.contest import evaluate
    from flavr_core.evaluation.sheet import Sheet
    from flavr_core.model import load

    sheet = Sheet(judged=name, tile_px=PART_PX)
    networks = [load(one) for one in (*BESIDE, name)]
    evaluate(networks, hard_samples(), metrics=["psnr"], on_drawing=sheet.add)
    return sheet.picture()


def _write(picture: Picture8, path: Path) -> None:
    from PIL import Image

    temporary = path.with_name(f".{path.name}.part")
    try:
        Image.fromarray(picture).save(temporary, "WEBP", quality=QUALITY, method=6)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(
            f"'{path}' cannot be written: {error.strerror or error}.", "Check its folder's permissions."
        ) from error


def _hanging(line: str) -> str:
    return textwrap.fill(
        line, COLUMNS, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
