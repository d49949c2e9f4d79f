"""`frames A B [C D] -o OUT`: draw the pictures between still images, with any network."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flavr_core.cli.arguments import parsed
from flavr_core.cli.flow_files import check_flow_name, store_flow
from flavr_core.errors import FlavrError, MediaError, OutputError, ProblemsError, SettingsError
from flavr_core.settings import CutMode, EngineSettings, Precision, parse_bytes
from flavr_core.timing import parse_fraction

if TYPE_CHECKING:
    from flavr_core.frame import Frame
    from flavr_core.model.flows import GapFlow

_NUMBER = re.compile(r"%(?:0(\d+))?d")
MOST_PICTURES = 10_000
"""More than this is a clip: `convert` is for those."""


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "frames",
        help="draw the pictures between still images",
        description="Draw what lies between two images. With four, A B C D, it is what lies between "
        "B and C, and the outer two tell a four-frame network how things move; with two images "
        "such a network is given each of them twice. With a folder it is what lies between all images in it, "
        "written to another folder with copies of the images themselves, numbered as they are; cuts are "
        "not looked for, which `convert` does.",
        epilog="Examples: frames a.png b.png -o between.png; "
        "frames a.png b.png --count 7 -o between_%03d.png; "
        "frames a.png b.png --model motion --flow flow.png; frames folder -o folder_2x",
    )
    parser.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGE", help="two or four images of one size, or a folder"
    )
    parser.add_argument(
        "--position",
        action="append",
        metavar="P",
        help="place between the images, above 0 and below 1, e.g. 1/2 or 0.25; may be given again",
    )
    parser.add_argument(
        "--count", type=int, metavar="N", help="N pictures, evenly spread, instead of --position"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="file to write (png, tif, jpg, webp or bmp); for several a name with %%d, or a folder",
    )
    parser.add_argument(
        "--flow",
        type=Path,
        metavar="FILE",
        help="write where the pixels go from the image before to that after: in colours (.png), or as "
        "numbers (.flo); for networks that estimate flow: motion, fourflow and UPR-Net",
    )
    parser.add_argument("--flow-back", type=Path, metavar="FILE", help="the same from the image after back")
    parser.add_argument(
        "--flow-scale",
        type=float,
        metavar="PX",
        help="pixels of motion that are drawn in full colour (default: the largest there are)",
    )
    parser.add_argument(
        "--model", default="default", help="name in the catalogue (see `models list`) or a file"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument(
        "--precision",
        choices=[*map(str, Precision)],
        default=Precision.AUTO,
        help="number format; auto (default) is the fastest that computes rightly on the device",
    )
    parser.add_argument("--max-memory", metavar="SIZE", help="most device memory to use, e.g. 2GB")
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def run(args: argparse.Namespace) -> int:
    """Draw and store the pictures."""
    if len(args.images) == 1 and args.images[0].is_dir():
        from flavr_core.cli.folders import run_folder

        return run_folder(args, *_checked_folder(args))
    positions, outputs, settings = _checked(args)
    from flavr_core.cli.stills import check_pixels, matching, picture_profile, store
    from flavr_core.media import read_image

    frames = matching(_read(args.images, read_image))
    if outputs:
        check_pixels(frames[0], outputs[0])
    drawn, flow, words = _draw(frames, positions, settings, with_flow=bool(args.flow or args.flow_back))
    if not args.quiet:
        for note in words:
            print(note, file=sys.stderr)
    if flow is not None:
        _store_flow(flow, args, frames)
    if not outputs:
        return 0
    profile, note = picture_profile(args.images)
    if note and not args.quiet:
        print(note, file=sys.stderr)
    if not outputs[0].parent.exists():
        _make_folder(outputs[0].parent)
    for position, frame, output in zip(positions, drawn, outputs, strict=True):
        for note in store(frame, output, profile=profile):
            if not args.quiet:
                print(note, file=sys.stderr)
        if not args.quiet:
            print(f"{output}: {position} of the way")
    return 0


def _store_flow(flow: GapFlow, args: argparse.Namespace, frames: list[Frame]) -> None:
    from flavr_core.model.flows import flow_miss

    before, after = frames[len(frames) // 2 - 1 :][:2]
    for field, path, source, target in (
        (flow.forward, args.flow, before, after),
        (flow.backward, args.flow_back, after, before),
    ):
        if path is not None:
            line = store_flow(field, path, scale_px=args.flow_scale)
            miss = flow_miss(field, source, target)
            if miss is not None:
                line += f"; along it the other image is off by {miss.along:.2f} of 255, "
                line += f"unmoved by {miss.still:.2f}"
            if not args.quiet:
                print(line)


def _checked(args: argparse.Namespace) -> tuple[list[Fraction], list[Path], EngineSettings]:
    """Positions, files and engine that the arguments ask for.

    Raises:
        ProblemsError: naming every argument that cannot be used.
    """
    problems: list[FlavrError] = []
    positions: list[Fraction] = []
    outputs: list[Path] = []
    if len(args.images) not in (2, 4):
        problems.append(
            SettingsError(
                f"{len(args.images)} images were given.", "Give two, or four of which the middle two count."
            )
        )
    flows = [path for path in (args.flow, args.flow_back) if path is not None]
    try:
        if args.output is not None:
            positions = wanted_positions(args.position, args.count)
            outputs = output_names(args.output, len(positions))
        elif not flows or args.position or args.count is not None:
            raise SettingsError("There is no name for the pictures.", "Give one with -o.")
        for path in flows:
            check_flow_name(path)
        problems += _unusable([*outputs, *flows], args.images, overwrite=args.overwrite)
        problems += _flow_problems(args, flows, outputs)
    except FlavrError as error:
        problems.append(error)
    settings = _engine_settings(args, problems)
    return positions, outputs, settings


def _checked_folder(args: argparse.Namespace) -> tuple[list[Fraction], EngineSettings]:
    """Positions and engine for a folder of images.

    Raises:
        ProblemsError: naming every argument that cannot be used.
    """
    problems: list[FlavrError] = []
    positions: list[Fraction] = []
    if args.output is None:
        problems.append(SettingsError("There is no folder for the pictures.", "Give one with -o."))
    if args.flow or args.flow_back or args.flow_scale is not None:
        problems.append(SettingsError("Flow is written for two images.", "Give two images, not a folder."))
    try:
        positions = wanted_positions(args.position, args.count)
    except FlavrError as error:
        problems.append(error)
    return positions, _engine_settings(args, problems)


def _engine_settings(args: argparse.Namespace, problems: list[FlavrError]) -> EngineSettings:
    """Who draws and where; raises the problems found before together with its own."""
    max_memory: int | None = None
    try:
        max_memory = parsed("--max-memory", parse_bytes, args.max_memory) if args.max_memory else None
    except FlavrError as error:
        problems.append(error)
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return EngineSettings(
        model=args.model,
        device=args.device,
        precision=Precision(args.precision),
        max_memory_bytes=max_memory,
    )


def _flow_problems(args: argparse.Namespace, flows: list[Path], outputs: list[Path]) -> list[FlavrError]:
    problems: list[FlavrError] = []
    if args.flow_scale is not None and not flows:
        problems.append(SettingsError("--flow-scale has no meaning without --flow.", "Add --flow FILE."))
    elif args.flow_scale is not None and not 0 < args.flow_scale < inf:
        problems.append(
            SettingsError(f"{args.flow_scale} is no length.", "Use pixels, like --flow-scale 20.")
        )
    names = [path.resolve() for path in (*outputs, *flows)]
    problems += [
        SettingsError(f"'{path}' is to be written twice.", "Give each file a name of its own.")
        for path in sorted({name for name in names if names.count(name) > 1})
    ]
    return problems


def wanted_positions(texts: list[str] | None, count: int | None) -> list[Fraction]:
    """The places to draw: those given, or `count` evenly spread, or the middle.

    Raises:
        SettingsError: when one lies outside (0, 1), or both ways are used at once.
    """
    if texts and count is not None:
        raise SettingsError("Both --position and --count were given.", "Use one of them.")
    if count is not None:
        if not 1 <= count <= MOST_PICTURES:
            raise SettingsError(f"{count} pictures cannot be drawn.", f"Use 1 to {MOST_PICTURES}.")
        return [Fraction(step, count + 1) for step in range(1, count + 1)]
    positions = [parsed("--position", parse_fraction, text) for text in texts or ["1/2"]]
    for position in positions:
        if not 0 < position < 1:
            raise SettingsError(
                f"{position} does not lie between the images.", "Use a position like 1/2 or 0.25."
            )
    return positions


def output_names(output: Path, count: int) -> list[Path]:
    """The file for each picture: `out.png` for one, `out_%03d.png` or a folder for any number.

    Raises:
        SettingsError: when the name is of a format that cannot be written, or of one file for several.
    """
    from flavr_core.cli.still_formats import check_suffix

    if output.is_dir() or not output.suffix:
        digits = max(3, len(str(count)))
        return [output / f"frame_{number:0{digits}d}.png" for number in range(1, count + 1)]
    check_suffix(output)
    places = _NUMBER.findall(output.name)
    if len(places) == 1:
        return [
            output.with_name(_NUMBER.sub(f"{number:0{int(places[0] or 0)}d}", output.name))
            for number in range(1, count + 1)
        ]
    if count > 1:
        raise SettingsError(
            f"'{output.name}' is one file for {count} pictures.",
            f"Name it like {output.stem}_%03d{output.suffix}, or give a folder.",
        )
    return [output]


def _unusable(outputs: list[Path], images: list[Path], *, overwrite: bool) -> list[FlavrError]:
    problems: list[FlavrError] = []
    inputs = {image.resolve() for image in images}
    for output in outputs:
        if output.resolve() in inputs:
            problems.append(OutputError(f"'{output}' is one of the images.", "Choose another name."))
        elif output.is_dir():
            problems.append(OutputError(f"'{output}' is a folder.", "Choose another name."))
        elif output.exists() and not overwrite:
            problems.append(OutputError(f"'{output}' exists.", "Choose another name, or add --overwrite."))
    return problems


def _make_folder(folder: Path) -> None:
    from flavr_core.media.writing import output_errors

    with output_errors(folder):
        folder.mkdir()


def _read(images: list[Path], read_image: Any) -> list[Frame]:
    problems: list[FlavrError] = []
    frames: list[Frame] = []
    for number, path in enumerate(images):
        try:
            frames.append(replace(read_image(path), index=number, time=Fraction(number)))
        except FlavrError as error:
            problems.append(error)
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    first = frames[0]
    for frame, path in zip(frames, images, strict=True):
        if (frame.width, frame.height) != (first.width, first.height):
            raise MediaError(
                f"'{path}' has {frame.width}x{frame.height} pixels, "
                f"'{images[0]}' {first.width}x{first.height}.",
                "Bring the images to one size first.",
            )
    return frames


def nearest_place(grid: Sequence[Fraction], position: Fraction) -> Fraction:
    """The place of a fixed grid that is nearest to a position."""
    return sorted(grid, key=lambda place: abs(place - position))[0]


def _draw(
    frames: list[Frame], positions: list[Fraction], settings: EngineSettings, *, with_flow: bool
) -> tuple[list[Frame], GapFlow | None, list[str]]:
    """The drawn frames, the flow, and what the user should know of how they were drawn."""
    from flavr_core.engine import create_engine
    from flavr_core.engine.flows import flow_between
    from flavr_core.frame import FrameWindow, PlannedFrame

    if len(frames) == 2:
        frames = [frames[0], *frames, frames[1]]
    words: list[str] = []
    with create_engine(settings, width=frames[0].width, height=frames[0].height) as engine:
        grid = engine.network.positions
        planned = []
        for number, position in enumerate(positions):
            place = position if grid is None else nearest_place(grid, position)
            if place != position:
                words.append(
                    f"{engine.network.name} draws {place} in place of {position}: its grid is fixed."
                )
            planned.append(PlannedFrame(index=number, time=place, gap=1, position=place))
        a, b, c, d = frames
        flow = flow_between(engine.network, b, c) if with_flow else None
        window = FrameWindow(gap=1, frames=(a, b, c, d), is_cut=False, outputs=tuple(planned))
        drawn = engine.interpolate(window, cut_mode=CutMode.IGNORE)
        words += [f"Drawn by {engine.describe()}.", *engine.notes]
    return list(drawn), flow, words
