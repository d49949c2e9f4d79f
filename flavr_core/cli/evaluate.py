"""`evaluate`: measure networks against frames that were held out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flavr_core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flavr_core.evaluation.samples import Sample

FORMATS = ("text", "markdown", "csv", "json")


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "evaluate",
        help="measure networks against frames that were held out",
        description="Hide frames of clips, let networks draw them again, and compare with what was filmed: "
        "inputs s, s+2, s+4, s+6, truth s+3.",
    )
    parser.add_argument(
        "--holdout",
        type=Path,
        nargs="+",
        required=True,
        metavar="PATH",
        help="clips, folders of images, or folders of clips",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        default=["blend", "motion"],
        metavar="MODEL",
        help="names in the catalogue or files of weights (default: blend motion)",
    )
    parser.add_argument(
        "--every", type=int, default=8, metavar="N", help="a sample starts at every Nth frame (default: 8)"
    )
    parser.add_argument(
        "--metrics",
        nargs="+",
        metavar="NAME",
        help="psnr, psnr_8bit, ssim_uniform, ssim_gaussian (default: all)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument(
        "--precision", choices=["fp32", "fp16", "bf16"], default="fp32", help="number format (default: fp32)"
    )
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="save the worst cases as picture strips")
    parser.add_argument(
        "--worst", type=int, default=1, metavar="N", help="picture strips a clip and network (default: 1)"
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--format", choices=FORMATS, default="text", help="how the table is printed")
    output.add_argument(
        "--json", dest="format", action="store_const", const="json", help="short for --format json"
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    for name in ("every", "worst"):
        if getattr(args, name) < 1:
            raise SettingsError(f"--{name} {getattr(args, name)} is not above zero.", "Give a whole number.")
    from flavr_core.engine.device import choose_device
    from flavr_core.evaluation import report as tables
    from flavr_core.evaluation.contest import METRICS, evaluate
    from flavr_core.evaluation.holdout import find_clips
    from flavr_core.evaluation.strips import WorstCases
    from flavr_core.model import load

    clips = find_clips(args.holdout)
    device = choose_device(args.device)
    networks = [load(name, device=device, precision=args.precision) for name in args.models]
    metrics = args.metrics or list(METRICS)
    worst = WorstCases(keep=args.worst, metric=metrics[0])
    reports = evaluate(
        networks,
        _samples(clips, every=args.every),
        metrics=metrics,
        on_drawing=worst.add if args.pictures else None,
    )
    table = {
        "text": tables.as_text,
        "markdown": tables.as_markdown,
        "csv": tables.as_csv,
        "json": tables.as_json,
    }[args.format]
    sys.stdout.write(table(reports))
    if args.pictures:
        for path in worst.save(args.pictures):
            print(f"saved {path}", file=sys.stderr)
    return 0


def _samples(clips: list[Path], *, every: int) -> Iterator[Sample]:
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
