"""`main.py render-sample`: render the sample clip, or test clips of which every frame is exact."""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from pathlib import Path

from flavr_core.cli.arguments import parsed
from flavr_core.errors import OutputError, SettingsError
from flavr_core.settings import EngineSettings
from flavr_core.timing import parse_fraction

DISTURBANCES = ("flash", "fade", "noise", "compression", "cut")
"""What `--with` takes."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "render-sample",
        help="render the sample clip",
        description="Renders the bundled sample at any size and rate: motion known at every instant. With "
        "--synthetic: a clip of the training renderer, with what lies between its frames.",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="an MP4 file (default: sample.mp4); with --synthetic an MKV file (lossless) or a folder of "
        "images with exact flow (default: synthetic)",
    )
    parser.add_argument(
        "--height", type=int, default=360, metavar="LINES", help="even; the picture is 16:9 (default: 360)"
    )
    parser.add_argument(
        "--rate", default="25", metavar="FPS", help="frames a second: 25 (default), 60000/1001"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    between = parser.add_argument_group("a picture of what is made of it")
    between.add_argument(
        "--between",
        action="store_true",
        help="a PNG of frames of the bundled sample and those made between them, as in the README",
    )
    between.add_argument(
        "--model", default="default", help="who makes them: see `models list` (default: default)"
    )
    group = parser.add_argument_group("clips of the training renderer")
    group.add_argument("--synthetic", action="store_true", help="render one")
    group.add_argument("--seed", type=int, default=1, metavar="N", help="another one for each (default: 1)")
    group.add_argument(
        "--steps", type=int, default=8, metavar="N", help="frames a gap: each N-th is an input (default: 8)"
    )
    group.add_argument("--gaps", type=int, default=3, metavar="N", help="gaps (default: 3)")
    group.add_argument("--layers", type=int, default=4, metavar="N", help="moving layers (default: 4)")
    group.add_argument(
        "--speed", type=float, default=24.0, metavar="PX", help="fastest motion over a gap (default: 24)"
    )
    group.add_argument("--blur", action="store_true", help="with motion blur")
    group.add_argument(
        "--with", dest="with_", nargs="+", choices=DISTURBANCES, default=[], help="what happens"
    )


def run(args: argparse.Namespace) -> int:
    """Render it."""
    rate = parsed("--rate", parse_fraction, args.rate)
    if args.height < 36 or args.height > 2160 or args.height % 2:
        raise SettingsError(
            f"A height of {args.height} lines cannot be rendered.", "Use an even number from 36 to 2160."
        )
    usual = "synthetic" if args.synthetic else "between.png" if args.between else "sample.mp4"
    output = args.output or Path(usual)
    if output.is_dir() and args.synthetic:
        raise OutputError(f"The folder {output} exists already.", "Give another name with -o.")
    if output.exists() and not args.overwrite:
        raise OutputError(
            f"{output} exists already.", "Use --overwrite to replace it, or another name with -o."
        )
    if args.synthetic:
        return _render_synthetic(args, output, rate)
    if args.between:
        return _render_between(output, args.model)
    from flavr_core.sample import render_sample

    if output.suffix.lower() != ".mp4":
        raise SettingsError(
            f"'{output}' does not end in .mp4, and the sample is an MP4 file.",
            "End the name in .mp4; `convert` makes other formats of it.",
        )

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(
                f"\r{done} of {total} frames", end="" if done < total else "\n", file=sys.stderr, flush=True
            )

    render_sample(output, height=args.height, rate=rate, on_progress=show)
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB")
    return 0


def _render_between(output: Path, model: str) -> int:
    if output.suffix.lower() != ".png":
        raise SettingsError(
            f"'{output}' does not end in .png.", "The picture is a PNG: end its name in .png."
        )
    from flavr_core.cli.sample_strip import render_strip

    print(f"{output}: drawn by {render_strip(output, EngineSettings(model=model))}")
    return 0


def _render_synthetic(args: argparse.Namespace, output: Path, rate: Fraction) -> int:
    ranges = {"steps": (1, 64), "gaps": (1, 64), "layers": (0, 16), "seed": (0, 2**62), "speed": (0, 512)}
    for name, (least, most) in ranges.items():
        if not least <= getattr(args, name) <= most:
            raise SettingsError(
                f"--{name} cannot be {getattr(args, name)}.", f"Give a number from {least} to {most}."
            )
    if output.suffix and output.suffix.lower() != ".mkv":
        raise SettingsError(
            f"'{output}' is neither a folder nor an MKV file.",
            "End the name in .mkv, or leave its ending away.",
        )
    from flavr_core.training.rendered_clip import RenderedClip, write_folder, write_video

    clip = RenderedClip(
        seed=args.seed,
        height=args.height,
        width=args.height * 16 // 9 // 2 * 2,
        layers=args.layers,
        max_speed_px=args.speed,
        steps=args.steps,
        gaps=args.gaps,
        blur=args.blur,
        disturbances=tuple(kind for kind in dict.fromkeys(args.with_) if kind != "cut"),
        cut="cut" in args.with_,
    )
    count = write_video(clip, output, rate=rate) if output.suffix else write_folder(clip, output)
    print(f"{output}: {count} frames of {clip.width}x{clip.height}, each {clip.steps}th an input")
    return 0
