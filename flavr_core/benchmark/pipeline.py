"""A conversion stage by stage and from end to end: how near the whole comes to its slowest part alone.

A made clip is decoded alone, its windows are drawn alone, the frames so made are encoded alone, each by
the code that the conversion runs, then the whole conversion runs; ffmpeg's own decoding and encoding of the
same clip stand beside. That is one round. Machines get slower and faster within a minute, so the whole is
compared with the slowest stage of its own round; medians of some rounds are told. What it takes to join
segments and to check the result is told apart, as no stage is beside it then. Rates are in frames of the
output; ffmpeg's encoding in those of the clip.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from flavr_core.benchmark.machine import ffmpeg_command, run_process
from flavr_core.frame import Frame
from flavr_core.media import open_segment, open_source
from flavr_core.pipeline import prepare, run_job
from flavr_core.pipeline.job import Job
from flavr_core.progress import CancelToken, SilentReporter
from flavr_core.settings import ConvertSettings, EngineSettings
from flavr_core.timeline import iter_windows

Row = dict[str, str | float | int | None]
Stage = tuple[str, str]
"""What is done, and by whom: `ours` or `ffmpeg`."""

WHOLE: Stage = ("end to end", "ours")


def pipeline_rows(settings: EngineSettings, *, size: str, frames: int, rounds: int = 3) -> list[Row]:
    """Double the rate of a made clip of `frames` frames and time every stage, in this process.

    Raises:
        FlavrError: when the network or its device cannot be had, or the clip is too short.
    """
    with tempfile.TemporaryDirectory(prefix="flavr-benchmark-") as folder:
        clip, output = Path(folder) / "clip.mp4", Path(folder) / "out.mp4"
        run_process(
            ffmpeg_command(
                f"-f lavfi -i testsrc2=size={size}:rate=24 -frames:v {frames}",
                "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p",
                clip,
            )
        )
        convert = ConvertSettings(source=clip, output=output, engine=settings)
        job = prepare(convert, reporter=SilentReporter(), token=CancelToken())
        timed = [_round(job, Path(folder)) for _ in range(rounds)]
        rows = []
        for stage in timed[0]:
            row: Row = {"stage": stage[0], "alone": stage[1]}
            row["frames/s"] = median(rates[stage] for rates in timed)
            row["% of the slowest"] = median(map(_share, timed)) if stage == WHOLE else None
            rows.append(row)
        return rows


def _share(rates: dict[Stage, float]) -> float:
    """Of the slowest stage's rate, what the whole has; percent."""
    return 100 * rates[WHOLE] / min(rates[stage, "ours"] for stage in ("decode", "draw", "encode"))


def _round(job: Job, folder: Path) -> dict[Stage, float]:
    """Frames a second of every stage and of the whole, each once."""
    cuts = job.settings.scenes.cuts
    with _seconds() as decoding, open_source(job.info) as source:
        frames = list(source.frames())
    windows = list(iter_windows(frames, job.plan, scenes=job.settings.scenes))
    list(job.engine.interpolate_each(windows[:8], cut_mode=cuts))  # warm, on every device
    drawn: list[Frame] = []
    with _seconds() as drawing:
        for made in job.engine.interpolate_each(windows, cut_mode=cuts):
            drawn.extend(made)
    count = len(drawn)
    with _seconds() as encoding:
        sink = open_segment(job.encoding, folder / "segment")
        for frame in drawn:
            sink.write(frame)
        sink.close()
    del windows, drawn
    job.settings.output.unlink(missing_ok=True)
    report = run_job(job, SilentReporter(), CancelToken())
    clip = job.settings.source
    theirs = run_process(ffmpeg_command("-i", clip, "-f null -"))
    raw = folder / "raw.y4m"
    run_process(ffmpeg_command("-i", clip, "-pix_fmt yuv420p", raw))
    crf = "-c:v libx264 -preset medium -crf 18"
    encoded = run_process(ffmpeg_command("-i", raw, crf, folder / "theirs.mp4"))
    return {
        ("decode", "ours"): count / decoding[0],
        ("decode", "ffmpeg"): count / theirs.wall_s,
        ("draw", "ours"): count / drawing[0],
        ("encode", "ours"): count / encoding[0],
        ("encode (crf 18, medium)", "ffmpeg"): len(frames) / encoded.wall_s,
        WHOLE: report.frames / report.rendered_s,
        ("with joining and checks", "ours"): report.frames / report.elapsed_s,
    }


@contextmanager
def _seconds() -> Iterator[list[float]]:
    """A list whose first entry is the time that was spent inside, once it is left."""
    spent = [0.0]
    started = time.perf_counter()
    yield spent
    spent[0] = time.perf_counter() - started
