"""Our conversion beside ffmpeg's minterpolate: same clip, same encoder settings, same run.

`blend` stands against `mi_mode=blend`, `motion` against `mi_mode=mci` with its best usual options.
Quality is measured by holding out: every second frame of the clip is removed (losslessly), both double
the rate again, and the frames drawn for the removed ones are compared with them (PSNR of luma, in the
clip's own depth).
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from flavr_core.benchmark.machine import (
    ProcessFigures,
    ffmpeg_command,
    median_of_runs,
    our_command,
    run_process,
)
from flavr_core.media import open_source, probe

MINTERPOLATE = {
    "blend": "mi_mode=blend",
    "motion": "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1",
}
"""What each of our networks is held against."""
X264 = {"crf": "18", "preset": "medium"}
"""Encoder settings on both sides: `--crf 18 --speed medium`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRow:
    """One line of the table."""

    name: str
    """Who converted."""
    figures: ProcessFigures
    """Medians of the whole process."""
    psnr_db: float
    """Mean luma PSNR of the held-out frames; nan when none could be matched."""


def minterpolate_command(source: Path, output: Path, *, mode: str, fps: Fraction, codec: str) -> list[str]:
    """ffmpeg's own conversion to `fps` by minterpolate in the given mode."""
    return ffmpeg_command("-i", source, f"-vf minterpolate=fps={fps}:{mode} {codec}", output)


def compare(source: Path, *, network: str, runs: int, warm_up: int, device: str) -> list[ReferenceRow]:
    """Time and measure our `network` and ffmpeg's counterpart on one clip, doubling its rate."""
    rate = probe(source).rate
    ours_by = f"--model {network} --device {device} --overwrite --quiet"
    with tempfile.TemporaryDirectory(prefix="flavr-benchmark-") as folder:
        ours, theirs = Path(folder) / "ours.mp4", Path(folder) / "ffmpeg.mp4"
        quality = f"--crf {X264['crf']} --speed {X264['preset']}"
        x264 = f"-c:v libx264 -crf {X264['crf']} -preset {X264['preset']} -c:a copy"
        commands = [
            our_command("convert", source, ours, f"--rate {rate * 2} {ours_by} {quality}"),
            minterpolate_command(source, theirs, mode=MINTERPOLATE[network], fps=rate * 2, codec=x264),
        ]
        figures = median_of_runs(commands, runs=runs, warm_up=warm_up)
        psnr = held_out_psnr(source, Path(folder), mode=MINTERPOLATE[network], ours_by=ours_by)
    names = (f"FLAVR Studio {network}", f"ffmpeg {MINTERPOLATE[network]}")
    return [
        ReferenceRow(name=name, figures=figure, psnr_db=psnr_db)
        for name, figure, psnr_db in zip(names, figures, psnr, strict=True)
    ]


def held_out_psnr(source: Path, folder: Path, *, mode: str, ours_by: str) -> tuple[float, float]:
    """Mean luma PSNR in dB of the frames that each side draws for every second frame taken away.

    Only of frames that both draw: the filter leaves out the last.
    """
    half, ours, theirs = folder / "half.mkv", folder / "ours.mkv", folder / "theirs.mkv"
    rate = probe(source).rate
    lossless = "-c:v ffv1 -an -sn -dn"
    every_second = f"select=not(mod(n\\,2)),settb={2 / rate},setpts=N"
    run_process(ffmpeg_command("-i", source, f"-vf {every_second} -r {rate / 2} {lossless}", half))
    run_process(our_command("convert", half, ours, f"--rate {rate} --codec ffv1 --at-cuts ignore {ours_by}"))
    run_process(minterpolate_command(half, theirs, mode=f"{mode}:scd=none", fps=rate, codec=lossless))
    both = _psnr_of_drawn(source, ours), _psnr_of_drawn(source, theirs)
    common = sorted(both[0].keys() & both[1].keys())
    if not common:
        return math.nan, math.nan
    our_mean, their_mean = (float(np.mean([scores[index] for index in common])) for scores in both)
    return our_mean, their_mean


def _psnr_of_drawn(truth: Path, drawn: Path) -> dict[int, float]:
    """Luma PSNR in dB of the truth's odd frames by number, each against the drawn frame nearest in time."""
    scores = {}
    truth_info, drawn_info = probe(truth), probe(drawn)
    half_frame = 1 / truth_info.rate / 2
    with open_source(truth_info) as truth_source, open_source(drawn_info) as drawn_source:
        candidates = drawn_source.frames()
        candidate = next(candidates, None)
        for frame in truth_source.frames():
            wanted = frame.time - truth_info.times.start + drawn_info.times.start
            while candidate is not None and candidate.time < wanted - half_frame:
                candidate = next(candidates, None)
            if candidate is None:
                break
            if frame.index % 2 and candidate.time < wanted + half_frame:
                peak = 2**frame.format.depth - 1
                error = frame.planes[0].astype(np.float64) - candidate.planes[0]
                scores[frame.index] = float(10 * np.log10(peak**2 / max(float(np.mean(error**2)), 1e-10)))
    return scores
