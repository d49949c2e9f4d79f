"""`main.py render-sample`: render the sample clip."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flavr_core.cli.arguments import parsed
from flavr_core.errors import OutputError, SettingsError
from flavr_core.timing import parse_fraction


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "render-sample",
        help="render the sample clip",
        description="Renders the bundled sample at any size and rate: motion known at every instant.",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("sample.mp4"),
        metavar="FILE",
        help="an MP4 file (default: sample.mp4)",
    )
    parser.add_argument(
        "--height", type=int, default=360, metavar="LINES", help="even; the picture is 16:9 (default: 360)"
    )
    parser.add_argument(
        "--rate", default="25", metavar="FPS", help="frames a second: 25 (default), 60000/1001"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")


def run(args: argparse.Namespace) -> int:
    """Render it."""
    from flavr_core.sample import render_sample

    rate = parsed("--rate", parse_fraction, args.rate)
    if args.output.suffix.lower() != ".mp4":
        raise SettingsError(
            f"'{args.output}' does not end in .mp4, and the sample is an MP4 file.",
            "End the name in .mp4; `convert` makes other formats of it.",
        )
    if args.height < 36 or args.height > 2160 or args.height % 2:
        raise SettingsError(
            f"A height of {args.height} lines cannot be rendered.", "Use an even number from 36 to 2160."
        )
    if args.output.exists() and not args.overwrite:
        raise OutputError(
            f"{args.output} exists already.", "Use --overwrite to replace it, or another name with -o."
        )

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(
                f"\r{done} of {total} frames", end="" if done < total else "\n", file=sys.stderr, flush=True
            )

    render_sample(args.output, height=args.height, rate=rate, on_progress=show)
    print(f"{args.output}: {args.output.stat().st_size / 1000:.0f} kB")
    return 0
