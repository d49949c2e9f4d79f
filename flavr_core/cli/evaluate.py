"""`evaluate`: measure networks against frames that were held out."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flavr_core.errors import OutputError, SettingsError
from flavr_core.evaluation.protocols import ALIASES, HOLDOUT, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flavr_core.evaluation.contest import Drawing
    from flavr_core.evaluation.contestants import Contestant
    from flavr_core.evaluation.datasets import DataSet
    from flavr_core.evaluation.ledger import Ledger
    from flavr_core.evaluation.report import Report
    from flavr_core.evaluation.samples import Sample
    from flavr_core.model.network import Network

ALL = "all"
"""Stands for every network of the catalogue."""
FORMATS = ("text", "markdown", "csv", "json")
_SUFFIXES = {".txt": "text", ".md": "markdown", ".csv": "csv", ".json": "json"}


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "evaluate",
        help="measure networks against frames that were held out",
        description="Hide frames of clips, or take a data set of the literature; let networks draw what is "
        f"hidden, and compare with what was filmed. Of any clip (--holdout) {HOLDOUT}.",
        epilog=explained(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--holdout",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="clips, folders of images, or folders of clips",
    )
    source.add_argument("--dataset", metavar="NAME", help="a data set of the list below")
    source.add_argument(
        "--hard-cases",
        action="store_true",
        help="rendered scenes: a fast hand, a fence, writing over a pan, a wheel, a splash, a flash, cuts, "
        "a fade, a logo",
    )
    source.add_argument(
        "--slow-pan",
        action="store_true",
        help="a rendered pan: do sharpness and brightness stay, or flicker?",
    )
    source.add_argument(
        "--pans",
        action="store_true",
        help="the same of six pans: slower, faster, slantwise between pixels, with softer grain, in noise",
    )
    parser.add_argument("--data-root", "--data_root", type=Path, metavar="DIR", help="the data set's folder")
    parser.add_argument(
        "--list",
        type=Path,
        metavar="FILE",
        help="samples or clips, one a line, instead of the set's own list",
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="at most N samples, spread evenly over the data set"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where pictures to hand in go (middlebury-eval)"
    )
    parser.add_argument("--n_outputs", type=int, default=7, help=argparse.SUPPRESS)  # the authors' flag
    parser.add_argument(
        "--models",
        "--load_from",
        nargs="+",
        default=["blend", "motion"],
        metavar="MODEL",
        help="names in the catalogue, files of weights, minterpolate (ffmpeg's own), all (the whole "
        "catalogue); default: blend motion",
    )
    parser.add_argument(
        "--every",
        type=int,
        default=8,
        metavar="N",
        help="with --holdout: a sample starts at every Nth frame (default: 8)",
    )
    parser.add_argument(
        "--two-frames",
        action="store_true",
        help="show networks the middle two frames alone, copied to where four are looked at",
    )
    parser.add_argument(
        "--save-windows",
        type=Path,
        metavar="DIR",
        help="measure nothing, but write some windows of each clip as pictures, for train --validation",
    )
    parser.add_argument(
        "--metrics",
        nargs="+",
        metavar="NAME",
        help="psnr, psnr_8bit, ssim_uniform, ssim_gaussian (these four by default), vmaf, lpips, or all "
        "of these; sharpness, brightness (in percent of the filmed neighbours')",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument(
        "--precision", choices=["fp32", "fp16", "bf16"], default="fp32", help="number format (default: fp32)"
    )
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="save the worst cases as picture strips")
    parser.add_argument(
        "--worst", type=int, default=1, metavar="N", help="picture strips a clip and network (default: 1)"
    )
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help="one picture of all: a row a clip with its worst sample by the first network that learnt",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--format", choices=FORMATS, default="text", help="how the table is printed")
    output.add_argument(
        "--json", dest="format", action="store_const", const="json", help="short for --format json"
    )
    parser.add_argument(
        "--save",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="keep the table in files as well: .txt, .md, .csv, .json",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FILE",
        help="write each score to FILE as it is measured; what FILE holds already is not measured again, so "
        "that a long table that was stopped goes on with the same command",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    _check(args)
    from flavr_core.cli.rendered_samples import PAN_GAPS, hard_samples, pan_samples
    from flavr_core.evaluation.contest import EXTRA_METRICS, METRICS, evaluate
    from flavr_core.evaluation.flicker import judged
    from flavr_core.evaluation.report import STEADY
    from flavr_core.evaluation.samples import with_two_frames
    from flavr_core.evaluation.sheet import Sheet
    from flavr_core.evaluation.strips import WorstCases
    from flavr_core.evaluation.windows import save_windows
    from flavr_core.sample.hard_cases import PANS, SLOW_PAN

    metrics = args.metrics or list(METRICS)
    if metrics == ["all"]:
        metrics = [*METRICS, *EXTRA_METRICS]
    pans = PANS if args.pans else (SLOW_PAN,) if args.slow_pan else ()
    if args.dataset:
        dataset = _dataset(args)
        samples, protocol = _dataset_samples(dataset), f"{dataset.name}: {dataset.protocol}"
        metrics = metrics if dataset.has_truth else []
    elif pans:
        samples = pan_samples(pans)
        what = "rendered pans" if args.pans else "a rendered pan of 4 px a gap"
        protocol = f"{what}, 448 x 256, at every eighth of {PAN_GAPS} gaps"
        metrics = args.metrics or ["psnr", *STEADY]
        if set(STEADY) - set(metrics):
            raise SettingsError("Pans are about sharpness and brightness.", "Leave --metrics away.")
    elif args.hard_cases:
        samples, protocol = hard_samples(), "rendered hard cases of 448 x 256, the middle of the gap"
    else:
        from flavr_core.evaluation.holdout import find_clips

        samples = _holdout_samples(find_clips(args.holdout), every=args.every)
        protocol = f"{HOLDOUT}; starts {args.every} frames apart"
    if args.two_frames:
        samples, protocol = map(with_two_frames, samples), f"{protocol}; of the inputs the middle two"
    if args.save_windows:
        print(f"{save_windows(samples, args.save_windows)} windows in {args.save_windows}")
        return 0
    contestants = _contestants(args)
    worst = WorstCases(keep=args.worst, metrics=metrics)
    sheet = Sheet(judged=_judged(contestants), metric=metrics[0] if metrics else "psnr")
    keepers: list[Callable[[Drawing], None]] = []
    if args.pictures:
        keepers.append(worst.add)
    if args.sheet:
        keepers.append(sheet.add)
    if args.output:
        from flavr_core.evaluation.hand_in import HandIn

        keepers.append(HandIn(args.output, [one.name for one in contestants], dataset.entries).add)

    def keep(drawing: Drawing) -> None:
        for keeper in keepers:
            keeper(drawing)

    ledger = _ledger(args, protocol, metrics)
    reports = evaluate(
        contestants, samples, metrics=metrics, protocol=protocol, on_drawing=keep, ledger=ledger
    )
    reports = [replace(report, beside=_beside(args)) for report in reports]
    _tell([judged(report) for report in reports] if pans else reports, args)
    if args.sheet:
        sheet.save(args.sheet)
        print(f"saved {args.sheet}", file=sys.stderr)
    if args.pictures:
        for path in worst.save(args.pictures):
            print(f"saved {path}", file=sys.stderr)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raise SettingsError at what can be known to be wrong before anything is read."""
    for name in ("every", "worst", "limit", "n_outputs"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise SettingsError(f"--{name} {value} is not above zero.", "Give a whole number.")
    if args.dataset and args.data_root is None:
        raise SettingsError(f"Where {args.dataset} lies is not said.", "Name its folder with --data-root.")
    for name in ("data_root", "list", "limit", "output"):
        if not args.dataset and getattr(args, name) is not None:
            option = name.replace("_", "-")
            source = next(one for one in ("holdout", "hard_cases", "slow_pan", "pans") if getattr(args, one))
            source = source.replace("_", "-")
            raise SettingsError(f"--{option} is of no use with --{source}.", "It belongs to --dataset.")
    for name in ("sheet", "pictures", "output"):
        if args.keep and getattr(args, name):
            raise SettingsError(
                f"--keep holds scores, not the pictures of --{name}.", "Leave one of both away."
            )
    if args.save_windows and not args.holdout:
        raise SettingsError("--save-windows takes clips.", "Name them with --holdout.")
    if args.sheet:
        from flavr_core.evaluation.sheet import check_path

        check_path(args.sheet)
    for path in args.save:
        if path.suffix.lower() not in _SUFFIXES:
            raise SettingsError(
                f"A table cannot be kept as '{path.name}'.", f"Endings are {', '.join(_SUFFIXES)}."
            )
        if path.exists():
            raise OutputError(f"'{path}' is there already.", "Choose another name with --save.")


def _ledger(args: argparse.Namespace, protocol: str, metrics: list[str]) -> Ledger | None:
    """Where scores are kept, if they are."""
    if args.keep is None:
        return None
    from flavr_core.evaluation.ledger import Ledger

    ledger = Ledger(args.keep, protocol=f"{protocol}; {args.precision}", metrics=metrics)
    if len(ledger):
        print(f"{args.keep} holds {len(ledger)} samples already.", file=sys.stderr)
    return ledger


def _dataset(args: argparse.Namespace) -> DataSet:
    from flavr_core.evaluation.datasets import limited, open_dataset

    name = args.dataset
    if name == "gopro":  # the authors' name, whose --n_outputs says the factor
        name = f"gopro-{args.n_outputs + 1}x"
    dataset = open_dataset(name, args.data_root, list_file=args.list)
    if dataset.has_truth and args.output:
        raise SettingsError(f"{dataset.name} has nothing to hand in.", "Leave --output away.")
    if not dataset.has_truth:
        if args.output is None:
            raise SettingsError(
                f"{dataset.name} publishes no truth: its pictures are written to be handed in.",
                "Say where with --output.",
            )
        for option in ("pictures", "sheet"):
            if getattr(args, option):
                raise SettingsError(
                    f"{dataset.name} publishes no truth, so no drawing is the worst.",
                    f"Leave --{option} away.",
                )
    return limited(dataset, args.limit) if args.limit else dataset


def _contestants(args: argparse.Namespace) -> Sequence[Network | Contestant]:
    """Each model once; those of the same name are called as they were given."""
    from flavr_core.engine.device import choose_device
    from flavr_core.evaluation.contestants import Minterpolate
    from flavr_core.model import load

    device = choose_device(args.device)
    names = [name for model in args.models for name in (_catalogue() if model == ALL else [model])]
    given = list(dict.fromkeys(names))
    contestants: list[Network | Contestant] = [
        Minterpolate() if name == Minterpolate.name else load(name, device=device, precision=args.precision)
        for name in given
    ]
    counts = Counter(one.name for one in contestants)
    for contestant, name in zip(contestants, given, strict=True):
        if counts[contestant.name] > 1:
            contestant.name = name
    return contestants


def _catalogue() -> list[str]:
    """Names of all networks that can be drawn with here."""
    from flavr_core.model.catalog import read_catalog

    return [entry.card.name for entry in read_catalog().entries]


def _beside(args: argparse.Namespace) -> tuple[str, ...]:
    """Footnotes on what is not in the table: published figures, and known networks without weights."""
    from flavr_core.evaluation.published_figures import published
    from flavr_core.model.architectures import ARCHITECTURES
    from flavr_core.model.catalog import read_catalog

    # Figures are of whole sets by their own lists.
    is_whole = args.dataset and not args.limit and not args.list
    notes = [published(ALIASES.get(args.dataset, args.dataset))] if is_whole else []
    if ALL in args.models:
        there = {entry.card.architecture for entry in read_catalog().entries}
        absent = [one.name for one in ARCHITECTURES if one.name not in there]
        notes += [f"{name}: no weights here; `models import FILE` brings them in" for name in absent]
    return tuple(note for note in notes if note)


def _judged(contestants: Sequence[Network | Contestant]) -> str:
    """Whose worst pictures are shown: the first network with weights, else the first of all."""
    from flavr_core.model.network import Network

    trained = (one for one in contestants if isinstance(one, Network) and one.num_parameters)
    return next(trained, contestants[0]).name


def _tell(reports: Sequence[Report], args: argparse.Namespace) -> None:
    """Print the table and keep it in files."""
    from flavr_core.evaluation import report as tables

    as_table = {
        "text": tables.as_text,
        "markdown": tables.as_markdown,
        "csv": tables.as_csv,
        "json": tables.as_json,
    }
    sys.stdout.write(as_table[args.format](reports))
    sys.stdout.flush()
    for path in args.save:
        try:
            path.write_text(as_table[_SUFFIXES[path.suffix.lower()]](reports), encoding="utf-8")
        except OSError as error:
            raise OutputError(
                f"'{path}' cannot be written: {error.strerror or error}.", "Choose another name with --save."
            ) from error
        print(f"saved {path}", file=sys.stderr)


def _dataset_samples(dataset: DataSet) -> Iterator[Sample]:
    """The samples of a data set; how far it is on stderr, every tenth of it."""
    from flavr_core.evaluation.pictures import dataset_samples

    total = len(dataset.entries)
    for number, sample in enumerate(dataset_samples(dataset), start=1):
        if number * 10 // total > (number - 1) * 10 // total:
            print(f"[{number}/{total}] {dataset.name}", file=sys.stderr)
        yield sample


def _holdout_samples(clips: list[Path], *, every: int) -> Iterator[Sample]:
    """The samples of all clips, each clip named on stderr when its turn comes."""
    from flavr_core.evaluation.holdout import holdout_samples

    for number, clip in enumerate(clips, start=1):
        print(f"[{number}/{len(clips)}] {clip.name}", file=sys.stderr)
        found = 0
        for sample in holdout_samples(clip, every=every):
            found += 1
            yield sample
        if not found:
            print(f"{clip.name} has fewer than seven frames and is left out.", file=sys.stderr)
