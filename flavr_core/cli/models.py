"""`models`: list, show, import, verify and remove networks."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from flavr_core.errors import FlavrError, ModelError
from flavr_core.model import catalog
from flavr_core.model.authors import AUTHORS_FILES, AUTHORS_PAGE
from flavr_core.model.cards import ModelCard
from flavr_core.model.catalog import Catalog, Entry
from flavr_core.model.licences import licence_of

WHERE_TO_GET = (
    "The authors' FLAVR files (about 500 MB each, of which 168 MB are kept) are not downloaded for you.\n"
    f"Their page is {AUTHORS_PAGE}; the files are at\n"
    + "\n".join(f"  {name}  {address}" for name, address in AUTHORS_FILES.items())
    + "\nOpen one in a browser, then: python main.py models import FLAVR_8x.pth\n"
    "Files of AdaCoF, CDFI and UPR-Net (.pth, .pkl) come in the same way; their authors' terms are shown."
)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments."""
    parser = commands.add_parser(
        "models",
        help="list, show, import, verify and remove networks",
        description="Networks that draw the frames between frames.",
        epilog=WHERE_TO_GET,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what there is")
    listing.add_argument("--json", action="store_true", help="all that is known, as JSON")
    show = actions.add_parser("show", help="one network's card: what it is, what it is weak at, its scores")
    show.add_argument("name", metavar="NAME", help="which")
    show.add_argument("--json", action="store_true", help="all that is known, as JSON")
    picture = actions.add_parser(
        "picture",
        help="draw the picture of a network's card",
        description="Renders scenes that are hard to interpolate and lets networks draw them, beside a "
        "cross-fade, classical flow and the truth. The picture lies beside the card, in place of an older "
        "one, and is shown with it.",
    )
    picture.add_argument("models", nargs="+", metavar="NAME", help="whose")
    bring = actions.add_parser(
        "import",
        help="bring in a file of weights",
        description="Checks a PyTorch checkpoint or safetensors file by building and trying its network, and "
        "keeps its weights. The file itself is left as it is.",
        epilog=WHERE_TO_GET,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bring.add_argument("file", type=Path, metavar="FILE", help="checkpoint (.pth, .pt, .pkl) or .safetensors")
    bring.add_argument("--name", help="what to call it; the file's name if not given")
    bring.add_argument("--replace", action="store_true", help="replace an imported model of that name")
    bring.add_argument(
        "--join",
        choices=["add", "none"],
        help="how skips join in a FLAVR whose file cannot tell (not needed for the authors' files)",
    )
    bring.add_argument(
        "--dilation",
        choices=["1", "2", "3", "4"],
        help="how far the taps of an AdaCoF or CDFI lie apart (not needed for the authors' files)",
    )
    verify = actions.add_parser("verify", help="hash, build and try models")
    verify.add_argument("models", nargs="*", metavar="NAME|FILE", help="which; all if none is given")
    remove = actions.add_parser("remove", help="throw out an imported model")
    remove.add_argument("name", metavar="NAME", help="which")


def run(args: argparse.Namespace) -> int:
    """Do what was asked and return the exit code."""
    if args.action == "list":
        return _list(as_json=args.json)
    if args.action == "verify":
        return _verify(args.models)
    if args.action in ("show", "picture"):
        return _cards(args)
    from flavr_core.model import store

    if args.action == "import":
        given = {"join": args.join, "dilation": args.dilation}
        options = {key: value for key, value in given.items() if value}
        card = store.import_model(args.file, name=args.name, replace=args.replace, options=options)
        print(f"Imported {card.name}: {_sentence(card)}.")
        print(f"Licence: {card.licence}. {licence_of(card.architecture).terms}".rstrip())
        print(f"Use it with --model {card.name}.")
    else:
        store.remove_model(args.name)
        print(f"Removed {args.name}.")
    return 0


def _list(*, as_json: bool) -> int:
    known = catalog.read_catalog()
    if as_json:
        print(json.dumps([_record(entry, known) for entry in known.entries], indent=2, ensure_ascii=False))
    else:
        header = (
            "name",
            "what it is",
            "origin",
            "inputs",
            "positions",
            "parameters",
            "size",
            "licence",
            "source",
        )
        rows = [header, *(_row(entry, known) for entry in known.entries)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        print(f"\n* the default\n\n{WHERE_TO_GET}")
    for problem in known.problems.values():
        print(f"warning: {problem}", file=sys.stderr)
    return 0


def _cards(args: argparse.Namespace) -> int:
    from flavr_core.cli.model_cards import card_words, draw_picture, entry_of

    if args.action == "picture":
        for name in args.models:
            print(f"saved {draw_picture(name)}")
        return 0
    entry = entry_of(args.name)
    if args.json:
        print(json.dumps(_record(entry, catalog.read_catalog()), indent=2, ensure_ascii=False))
    else:
        print(card_words(entry))
    return 0


def _record(entry: Entry, known: Catalog) -> dict[str, object]:
    record = asdict(entry.card)
    record.update(
        origin=str(entry.origin),
        weights=str(entry.weights) if entry.weights else None,
        picture=str(entry.picture) if entry.picture else None,
        default=entry.card.name == known.default,
    )
    return record


def _row(entry: Entry, known: Catalog) -> tuple[str, ...]:
    card = entry.card
    return (
        card.name + (" *" if card.name == known.default else ""),
        card.title,
        str(entry.origin),
        str(card.num_inputs),
        _positions(card),
        _count(card.parameters),
        f"{card.file_bytes / 1e6:.1f} MB" if card.file_bytes else "-",
        card.licence,
        card.source,
    )


def _positions(card: ModelCard) -> str:
    if card.positions is None:
        return "any"
    first, last = card.positions[0], card.positions[-1]
    return first if first == last else f"{first} to {last}"


def _count(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M" if parameters else "-"


def _sentence(card: ModelCard) -> str:
    return (
        f"{card.architecture}, {card.num_inputs} inputs, positions {_positions(card)}, "
        f"{card.parameters:,} parameters, {card.file_bytes / 1e6:.1f} MB"
    )


def _verify(names: list[str]) -> int:
    from flavr_core.model.store import verify_model

    failures: list[FlavrError] = []
    if not names:
        known = catalog.read_catalog()
        names = [entry.card.name for entry in known.entries]
        failures.extend(known.problems.values())
    for name in names:
        try:
            digest = verify_model(name)
            print(f"{name}: sound" + (f", sha256 {digest}" if digest else ""))
        except FlavrError as error:
            print(f"{name}: not sound")
            failures.append(error)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return ModelError.exit_code if failures else 0
