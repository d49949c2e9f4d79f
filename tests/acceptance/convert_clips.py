"""Converts every clip of a folder at 2x, to 60 fps and four times slower, to MP4 and GIF, and checks.

    python tests/acceptance/convert_clips.py CLIPS [--out FOLDER] [--model motion] [--jobs 2x 60 slow4x]

Each conversion is the program's own command line; its receipt says what was promised and what was read
back. The table shows both. A picture grid (before, between, after) of each clip is written beside them.
Not collected by pytest: it takes an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

MAIN = Path(__file__).resolve().parents[2] / "main.py"
sys.path.insert(0, str(MAIN.parent))

from flavr_core.media import open_source, probe  # noqa: E402
from flavr_core.media.pixels import frame_to_av  # noqa: E402

JOBS = {"2x": ["--rate", "2x"], "60": ["--rate", "60"], "slow4x": ["--slow", "4x"]}
GRID_ROWS = 3


def clips_in(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.is_dir() or path.suffix in (".mp4", ".mkv", ".mov")
    )


def convert(clip: Path, output: Path, arguments: list[str]) -> dict[str, object]:
    receipt = output.with_name(output.name + ".json")
    command = [
        sys.executable, str(MAIN), "convert", str(clip), str(output), *arguments,
        "--overwrite", "--quiet", "--receipt", str(receipt),
    ]  # fmt: skip
    started_s = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        return {"error": done.stderr.strip(), "wall_s": time.monotonic() - started_s}
    facts: dict[str, object] = json.loads(receipt.read_text())
    facts["wall_s"] = time.monotonic() - started_s
    return facts


def picture(frame: object, width: int = 480) -> np.ndarray:
    image = frame_to_av(frame).to_ndarray(format="bgr24")
    height = round(image.shape[0] * width / image.shape[1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def grid(output: Path, path: Path) -> None:
    """Rows of source frame, drawn frame, source frame, at three places of a 2x result."""
    info = probe(output)
    rows = []
    with open_source(info) as source:
        for part in range(GRID_ROWS):
            first = 2 * round((len(info.times) / 2 - 2) * (part + 0.5) / GRID_ROWS)
            rows.append(np.hstack([picture(frame) for frame in source.frames(first, first + 3)]))
    cv2.imwrite(str(path), np.vstack(rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("--out", type=Path, default=Path("scratch/acceptance"))
    parser.add_argument("--model", default="motion")
    parser.add_argument("--jobs", nargs="+", choices=[*JOBS], default=[*JOBS])
    parser.add_argument("--formats", nargs="+", choices=["mp4", "gif"], default=["mp4", "gif"])
    parser.add_argument("--only", nargs="+", help="names of clips")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    failures = 0
    print(f"{'clip':22} {'job':7} {'as':4} {'frames':>7} {'seconds':>9} {'wall s':>7}  read back")
    for clip in clips_in(args.clips):
        if args.only and clip.stem not in args.only:
            continue
        for job in args.jobs:
            for suffix in args.formats:
                output = args.out / f"{clip.stem}-{job}.{suffix}"
                extra = ["--model", args.model, *JOBS[job]]
                if suffix == "gif":
                    extra += ["--max-width", "320"]
                facts = convert(clip, output, extra)
                if "error" in facts:
                    failures += 1
                    print(f"{clip.stem:22} {job:7} {suffix:4} FAILED {facts['error']}", flush=True)
                    continue
                seconds = float(Fraction(str(facts["duration"])))
                print(
                    f"{clip.stem:22} {job:7} {suffix:4} {facts['frames']:7} {seconds:9.4f} "
                    f"{facts['wall_s']:7.1f}  {json.dumps(facts['verification'])}",
                    flush=True,
                )
                if job == "2x" and suffix == "mp4":
                    grid(output, args.out / f"{clip.stem}-grid.png")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
