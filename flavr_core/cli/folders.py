"""`frames FOLDER -o FOLDER`: a folder of images with pictures drawn between all of them.

The images themselves are copied byte for byte; names go on in the source's own numbering, digits and format.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from flavr_core.cli.still_formats import STILL_FORMATS
from flavr_core.errors import MediaError, OutputError, SettingsError
from flavr_core.settings import CutMode, EngineSettings

if TYPE_CHECKING:
    from flavr_core.engine import Engine
    from flavr_core.frame import Frame

_LAST_NUMBER = re.compile(r"\d+(?!.*\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """How the files of a series are called."""

    prefix: str
    """What stands before the number."""
    first: int
    """Number of the first file."""
    digits: int
    """Digits of the numbers, with leading zeros."""
    postfix: str
    """What stands between number and ending."""

    def name(self, number: int, suffix: str) -> str:
        """Name of file `number`, counted from 0."""
        return f"{self.prefix}{self.first + number:0{self.digits}d}{self.postfix}{suffix}"


def numbering_of(path: Path) -> Numbering:
    """How a series goes on that begins with this file; from 1 where its name has no number."""
    found = _LAST_NUMBER.search(path.stem)
    if found is None:
        return Numbering(prefix=f"{path.stem}_", first=1, digits=4, postfix="")
    return Numbering(
        prefix=path.stem[: found.start()],
        first=int(found[0]),
        digits=len(found[0]),
        postfix=path.stem[found.end() :],
    )


def run_folder(args: argparse.Namespace, positions: Sequence[Fraction], settings: EngineSettings) -> int:
    """Draw between all images of a folder."""
    from flavr_core.media.sequence import find_images
    from flavr_core.media.writing import output_errors

    source, output = args.images[0], args.output
    _check_output(source, output)
    images, notes = find_images(source)
    if len(images) < 2:
        raise MediaError(f"'{source}' holds a single image.", "Two are needed to draw between them.")
    with output_errors(output):
        work = Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}.", suffix=".part"))
    try:
        words = _fill(work, images, sorted(positions), settings, quiet=args.quiet)
        with output_errors(output):
            work.chmod(0o755)
            if output.exists():
                output.rmdir()
            work.rename(output)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if not args.quiet:
        for note in dict.fromkeys([*notes, *words]):
            print(note, file=sys.stderr)
        made = (len(images) - 1) * len(positions)
        print(f"{output}: {len(images)} images, {made} drawn between them")
    return 0


def _check_output(source: Path, output: Path) -> None:
    if output.resolve() == source.resolve():
        raise OutputError(f"'{output}' is the source itself.", "Choose another folder.")
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise OutputError(f"'{output}' exists and is not empty.", "Choose a new folder.")
    if not output.resolve().parent.is_dir():
        raise OutputError(f"There is no folder '{output.resolve().parent}'.", "Create it, or choose another.")
    if output.suffix.lower() in STILL_FORMATS:
        raise SettingsError(f"'{output}' is the name of one image.", "For a folder of images give a folder.")


def _fill(
    work: Path,
    images: Sequence[Path],
    positions: Sequence[Fraction],
    settings: EngineSettings,
    *,
    quiet: bool,
) -> list[str]:
    """Write all files; returns what the user should know."""
    from flavr_core.cli.stills import picture_profile, store
    from flavr_core.engine import create_engine
    from flavr_core.media.writing import output_errors

    numbering = numbering_of(images[0])
    words: list[str] = []
    suffix = images[0].suffix if images[0].suffix.lower() in STILL_FORMATS else ".png"
    step = len(positions) + 1
    is_watched = not quiet and sys.stderr.isatty()
    windows = _windows(images)
    first = next(windows)
    with create_engine(settings, width=first[1].width, height=first[1].height) as engine:
        places = _places(engine, positions, words)
        for gap in range(len(images) - 1):
            window = first if gap == 0 else next(windows)
            profile, note = picture_profile(images[gap : gap + 2])
            words += [note] if note else []
            for number, frame in enumerate(_between(engine, window, places), 1):
                words += store(frame, work / numbering.name(step * gap + number, suffix), profile=profile)
            if is_watched:
                print(f"\r{gap + 1} of {len(images) - 1} gaps", end="", file=sys.stderr, flush=True)
        words += [f"Drawn by {engine.describe()}.", *engine.notes]
    if is_watched:
        print(file=sys.stderr)
    for number, image in enumerate(images):
        copy = work / numbering.name(step * number, image.suffix)
        with output_errors(copy):
            shutil.copyfile(image, copy)
    return words


def _windows(images: Sequence[Path]) -> Iterator[list[Frame]]:
    """Four frames around each gap, outer ones repeated at the ends; each image is read once."""
    from flavr_core.media import read_image

    def read(number: int) -> Frame:
        return replace(read_image(images[number]), index=number, time=Fraction(number))

    frames = [read(0), read(1)]
    frames.insert(0, frames[0])
    for gap in range(len(images) - 1):
        frames.append(read(gap + 2) if gap + 2 < len(images) else frames[-1])
        sizes = {(frame.width, frame.height) for frame in frames}
        if len(sizes) > 1:
            named = " and ".join(f"{width}x{height}" for width, height in sorted(sizes))
            raise MediaError(
                f"The images around '{images[gap].name}' have {named} pixels.", "Bring all to one size first."
            )
        yield list(frames)
        del frames[0]


def _places(engine: Engine, positions: Sequence[Fraction], words: list[str]) -> list[Fraction]:
    """Where the network can draw nearest to the positions."""
    from flavr_core.cli.frames import nearest_place

    grid = engine.network.positions
    places = []
    for position in positions:
        place = position if grid is None else nearest_place(grid, position)
        if place != position:
            words.append(f"{engine.network.name} draws {place} in place of {position}: its grid is fixed.")
        places.append(place)
    return places


def _between(engine: Engine, frames: list[Frame], places: Sequence[Fraction]) -> tuple[Frame, ...]:
    from flavr_core.cli.stills import matching
    from flavr_core.frame import FrameWindow, PlannedFrame

    a, b, c, d = matching(frames)
    planned = tuple(
        PlannedFrame(index=number, time=place, gap=1, position=place) for number, place in enumerate(places)
    )
    window = FrameWindow(gap=1, frames=(a, b, c, d), is_cut=False, outputs=planned)
    return engine.interpolate(window, cut_mode=CutMode.IGNORE)
