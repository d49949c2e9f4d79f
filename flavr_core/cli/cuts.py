"""`cuts CLIP`: find the cuts and repeated frames of a clip, in a file to be edited by hand."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from flavr_core.cli.arguments import parsed
from flavr_core.errors import OutputError
from flavr_core.timing import TimePoint, format_time, parse_fraction


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "cuts",
        help="find the cuts and repeated frames of a clip, to be edited by hand",
        description="Find the cuts of a clip. The file written by -o is what `convert --cuts FILE` reads.",
    )
    parser.add_argument("source", type=Path, help="a video, an animation, or a folder of images")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the cuts to a file")
    parser.add_argument(
        "--cut-sensitivity",
        type=float,
        default=0.5,
        metavar="0..1",
        help="0 finds only the hardest cuts, 1 every doubtful one (default: 0.5)",
    )
    parser.add_argument("--duplicates", action="store_true", help="list frames that repeat the one before")
    parser.add_argument(
        "--sequence-rate", default="24", metavar="R", help="frames a second of images (default: 24)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    parser.add_argument("--json", action="store_true", help="print frame numbers as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Find and print."""
    from flavr_core.media import open_source, probe
    from flavr_core.settings import SceneSettings
    from flavr_core.timeline import CutOverrides, find_cuts, find_duplicates, write_cuts_file

    sensitivity = SceneSettings(sensitivity=args.cut_sensitivity).sensitivity
    rate = parsed("--sequence-rate", parse_fraction, args.sequence_rate)
    if args.output and args.output.exists() and not args.overwrite:
        raise OutputError(f"'{args.output}' exists already.", "Add --overwrite, or choose another name.")
    info = probe(args.source, sequence_rate=rate)
    with open_source(info) as source:
        cuts = [
            gap + 1
            for gap, is_cut in enumerate(find_cuts(source.frames(), sensitivity=sensitivity))
            if is_cut
        ]
        duplicates = list(find_duplicates(source.frames(), info.times)) if args.duplicates else []
    if args.output:
        overrides = CutOverrides(cuts=tuple(TimePoint(frame=frame) for frame in cuts), only=True)
        write_cuts_file(args.output, overrides, overwrite=args.overwrite)
    if args.json:
        print(json.dumps({"cuts": cuts, "duplicates": duplicates if args.duplicates else None}))
        return 0
    for frame in cuts:
        print(f"{frame}f  # {format_time(info.times.time(frame) - info.times.start)}")
    if args.duplicates:
        print(
            f"{len(duplicates)} of {len(info.times)} frames repeat the one before: "
            f"{' '.join(map(str, duplicates)) or 'none'}"
        )
    if not cuts:
        print("# no cuts found")
    return 0
