"""Peak memory of a conversion as the clip gets longer: it must not grow."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from flavr_core.benchmark.machine import ProcessFigures, ffmpeg_command, our_command, run_process


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRow:
    """One clip length."""

    seconds: int
    """Length of the clip."""
    figures: ProcessFigures
    """The whole process."""


def grow(lengths_s: Sequence[int], *, network: str, size: str, rate: Fraction) -> list[MemoryRow]:
    """Convert generated clips of these lengths (moving test picture with a tone) at 2x and watch memory."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="flavr-benchmark-") as folder:
        for seconds in lengths_s:
            clip, output = Path(folder) / f"{seconds}.mp4", Path(folder) / f"{seconds}-out.mp4"
            run_process(
                ffmpeg_command(
                    f"-f lavfi -i testsrc2=size={size}:rate={rate}",
                    "-f lavfi -i sine=frequency=440:sample_rate=48000",
                    f"-t {seconds} -c:v libx264 -preset ultrafast -crf 30 -pix_fmt yuv420p -c:a aac",
                    clip,
                )
            )
            figures = run_process(
                our_command("convert", clip, output, f"--rate 2x --model {network} --speed fastest --quiet")
            )
            rows.append(MemoryRow(seconds=seconds, figures=figures))
    return rows
