"""Our conversion beside ffmpeg's minterpolate: same clip, same encoder settings, same run.

`blend` stands against `mi_mode=blend`, `motion` against `mi_mode=mci` with its best usual options.
Quality is measured by holding out: every second frame of the clip is removed (losslessly), both double
the rate again, and the frames drawn for the removed ones are compared with them (PSNR of luma, in the
clip's own depth).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from flavr_core.benchmark.machine import ProcessFigures, median_of_runs, our_command, run_process
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


def ffmpeg_command(source: Path, output: Path, *, mode: str, fps: str, codec: Sequence[str]) -> list[str]:
    """ffmpeg's own conversion to `fps` by minterpolate in the given mode."""
    return [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-i",
        str(source),
        "-vf",
        f"minterpolate=fps={fps}:{mode}",
        *codec,
        str(output),
    ]


def x264_arguments() -> list[str]:
    """The encoder settings in ffmpeg's words."""
    return ["-c:v", "libx264", "-crf", X264["crf"], "-preset", X264["preset"], "-c:a", "copy"]


def compare(source: Path, *, network: str, runs: int, warm_up: int, device: str) -> list[ReferenceRow]:
    """Time and measure our `network` and ffmpeg's counterpart on one clip, doubling its rate."""
    info = probe(source)
    fps = str(info.rate * 2)
    with tempfile.TemporaryDirectory(prefix="flavr-benchmark-") as folder:
        ours, theirs = Path(folder) / "ours.mp4", Path(folder) / "ffmpeg.mp4"
        commands = [
            our_command(
                "convert",
                str(source),
                str(ours),
                "--rate",
                fps,
                "--model",
                network,
                "--device",
                device,
                "--crf",
                X264["crf"],
                "--speed",
                X264["preset"],
                "--overwrite",
                "--quiet",
            ),
            ffmpeg_command(source, theirs, mode=MINTERPOLATE[network], fps=fps, codec=x264_arguments()),
        ]
        figures = median_of_runs(commands, runs=runs, warm_up=warm_up)
        quality = held_out_psnr(source, Path(folder), network=network, device=device)
    names = (f"FLAVR Studio {network}", f"ffmpeg {MINTERPOLATE[network]}")
    return [
        ReferenceRow(name=name, figures=figure, psnr_db=psnr)
        for name, figure, psnr in zip(names, figures, quality, strict=True)
    ]


def held_out_psnr(source: Path, folder: Path, *, network: str, device: str) -> tuple[float, float]:
    """Mean luma PSNR in dB of the frames that each side draws for every second frame taken away."""
    half, ours, theirs = folder / "half.mkv", folder / "ours.mkv", folder / "theirs.mkv"
    lossless = ["-c:v", "ffv1", "-an", "-sn", "-dn"]
    info = probe(source)
    run_process(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-hide_banner",
            "-nostdin",
            "-v",
            "error",
            "-y",
            "-i",
            str(source),
            "-vf",
            f"select=not(mod(n\\,2)),settb={2 / info.rate},setpts=N",
            "-r",
            str(info.rate / 2),
            *lossless,
            str(half),
        ]
    )
    run_process(
        our_command(
            "convert",
            str(half),
            str(ours),
            "--rate",
            str(info.rate),
            "--model",
            network,
            "--device",
            device,
            "--codec",
            "ffv1",
            "--at-cuts",
            "ignore",
            "--overwrite",
            "--quiet",
        )
    )
    run_process(
        ffmpeg_command(
            half, theirs, mode=f"{MINTERPOLATE[network]}:scd=none", fps=str(info.rate), codec=lossless
        )
    )
    return _psnr_of_drawn(source, ours), _psnr_of_drawn(source, theirs)


def _psnr_of_drawn(truth: Path, drawn: Path) -> float:
    """Mean luma PSNR in dB over the truth's odd frames, each against the drawn frame nearest in time."""
    scores = []
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
                scores.append(10 * np.log10(peak**2 / max(float(np.mean(error**2)), 1e-10)))
    return float(np.mean(scores)) if scores else float("nan")
