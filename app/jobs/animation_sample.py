"""A few frames of an animated image, really drawn, written and read back: what the export will look like.

Drawing is done once for a place in the clip; palette, dithering, size and limit are then tried on the drawn
frames by the very code that writes the result. A size limit is scaled to the sample's share of the whole.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.jobs.libraries import import_torch
from flavr_core.clip import ClipInfo
from flavr_core.errors import FlavrError, OutputError
from flavr_core.frame import Frame
from flavr_core.media import EncodingPlan, assemble, open_segment, open_source, plan_encoding, probe
from flavr_core.plan import OutputPlan
from flavr_core.progress import CancelToken
from flavr_core.settings import ConvertSettings, ExportSettings
from flavr_core.timeline import CutOverrides, iter_windows, needed_frames, plan_output
from flavr_core.timing import TimePoint

MOST_FRAMES = 32
"""Output frames of a sample."""
LEAST_FRAMES = 4
"""Output frames of a sample however slow the network."""
MOST_BYTES = 200_000_000
"""Memory for the drawn frames."""
DRAWING_S = 6.0
"""Drawing stops about then, and the sample is shorter."""
_LEAST_LIMIT = 1000

Progress = Callable[[int, int], None]
"""Told of frames drawn and frames wanted, from the background thread."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Drawn frames in a row."""

    info: ClipInfo
    """The source."""
    plan: OutputPlan
    """The sample's own times."""
    frames: tuple[Frame, ...]
    """All frames of that plan."""
    whole: OutputPlan
    """The times of the whole output."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WrittenSample:
    """A sample as it is read back from its file.

    Convention: pictures (H, W, 4) uint8, R G B A, straight alpha, one a shown frame.
    """

    pictures: tuple[NDArray[np.uint8], ...]
    """What is shown."""
    delays_ms: tuple[int, ...]
    """For how long each is shown, rounded to the millisecond."""
    bytes: int
    """Size of the sample's file."""
    projected_bytes: int
    """Size of the whole output if it goes on like the sample."""
    whole_frames: int
    """Frames that the whole output shows, before a size limit leaves some out."""
    planned_size: tuple[int, int]
    """Width and height that were asked for."""
    given_up: str
    """What the size limit costs, one sentence; empty for nothing."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as written."""
        height, width = self.pictures[0].shape[:2]
        return width, height


def draw_sample(
    info: ClipInfo,
    settings: ConvertSettings,
    cuts: CutOverrides,
    *,
    at: Fraction,
    token: CancelToken,
    on_progress: Progress,
) -> Sample:
    """Draw frames from a place of the clip on.

    Args:
        info: the source.
        settings: what is wanted.
        cuts: cuts by hand.
        at: seconds on the clip's clock from which the sample begins, if the output covers it.
        token: looked at between gaps.
        on_progress: told how far it is.

    Raises:
        FlavrError: what planning, the network, the device and the source raise.
        CancelledError: when stopped.
    """
    import_torch()
    from flavr_core.engine import create_engine

    with create_engine(settings.engine, width=info.width, height=info.height) as engine:
        grid = engine.network.positions

        def plan_of(start: TimePoint | None, stop: TimePoint | None) -> OutputPlan:
            timing = replace(settings.timing, start=start, stop=stop)
            return plan_output(info.times, timing, rate=info.rate, is_vfr=info.is_vfr, grid=grid)

        whole = plan_of(settings.timing.start, settings.timing.stop)
        first, after = _source_range(info, whole, at)
        part = plan_of(TimePoint(frame=first), TimePoint(frame=after))
        frames: list[Frame] = []
        began = time.monotonic()
        with open_source(info) as source:
            windows = iter_windows(
                source.frames(*needed_frames(part, 0, len(part))),
                part,
                scenes=settings.scenes,
                overrides=cuts if cuts.cuts or cuts.vetoes or cuts.only else None,
            )
            for window in windows:
                token.check()
                frames += engine.interpolate(window, cut_mode=settings.scenes.cuts)
                on_progress(len(frames), len(part))
                is_late = time.monotonic() - began > DRAWING_S and len(frames) >= LEAST_FRAMES
                if is_late and window.gap + 1 < after:
                    part = plan_of(TimePoint(frame=first), TimePoint(frame=window.gap + 1))
                    break
        return Sample(info=info, plan=part, frames=tuple(frames[: len(part)]), whole=whole)


def _source_range(info: ClipInfo, whole: OutputPlan, at: Fraction) -> tuple[int, int]:
    """First and one past the last source frame of a sample."""
    begin, end = whole[0].gap, whole[len(whole) - 1].gap + 1
    per_source = Fraction(len(whole), end - begin)
    nbytes = info.format.frame_bytes(width=info.width, height=info.height)
    wanted = max(LEAST_FRAMES, min(MOST_FRAMES, MOST_BYTES // max(nbytes, 1)))
    count = max(2, int(wanted / per_source))
    first = min(max(info.times.index_at(at), begin), max(begin, end - count))
    return first, min(end, first + count)


def write_sample(sample: Sample, export: ExportSettings, *, token: CancelToken) -> WrittenSample:
    """Write the sample as the export would, and read it back.

    Raises:
        FlavrError: what planning and writing raise; also when a size limit cannot be met.
        CancelledError: when stopped.
    """
    limit = export.gif.max_bytes
    with tempfile.TemporaryDirectory(prefix="flavr-sample-", ignore_cleanup_errors=True) as folder:
        output = Path(folder) / f"sample.{export.container}"
        unlimited = replace(export, gif=replace(export.gif, max_bytes=None))
        encoding = plan_encoding(sample.info, sample.plan, unlimited, output=output)
        segment = _write_segment(sample, encoding, Path(folder) / "segment.mkv")
        assemble(encoding, [segment], output, token=token, on_progress=_ignore)
        scale = Fraction(len(sample.whole), len(sample.frames))
        given_up = ""
        if limit is not None and output.stat().st_size * scale > limit:
            given_up = _write_within(encoding, segment, output, int(limit / scale), limit, token)
        size = output.stat().st_size
        pictures, delays = _read_back(output, token)
        whole = plan_encoding(sample.info, sample.whole, unlimited, output=output).animation
    assert whole is not None
    return WrittenSample(
        pictures=pictures,
        delays_ms=delays,
        bytes=size,
        projected_bytes=round(size * scale),
        whole_frames=len(whole.ticks) - 1,
        planned_size=(encoding.width, encoding.height),
        given_up=given_up,
    )


def _write_segment(sample: Sample, encoding: EncodingPlan, path: Path) -> Path:
    sink = open_segment(encoding, path)
    try:
        for frame in sample.frames:
            sink.write(frame)
        sink.close()
    except BaseException:
        sink.abort()
        raise
    return path


def _write_within(
    encoding: EncodingPlan, segment: Path, output: Path, share: int, limit: int, token: CancelToken
) -> str:
    """Write it within its share of the limit; returns what that cost, said of the whole limit."""
    share = max(_LEAST_LIMIT, share)
    assert encoding.animation is not None
    limited = replace(encoding, animation=replace(encoding.animation, max_bytes=share))
    try:
        costs = assemble(limited, [segment], output, token=token, on_progress=_ignore)
    except OutputError as error:
        raise OutputError(error.message.replace(f"{share:,}", f"{limit:,}"), error.hint) from error
    return " ".join(costs).replace(f"{share:,}", f"{limit:,}")


def _read_back(path: Path, token: CancelToken) -> tuple[tuple[NDArray[np.uint8], ...], tuple[int, ...]]:
    info = probe(path)
    pictures = []
    with open_source(info) as source:
        for frame in source.frames():
            token.check()
            pictures.append(_rgba(frame))
    if not pictures:
        raise FlavrError("The sample holds no picture.")
    times = [info.times.time(number) for number in range(len(info.times) + 1)]
    delays = tuple(round((b - a) * 1000) for a, b in pairwise(times))
    return tuple(pictures), delays


def _rgba(frame: Frame) -> NDArray[np.uint8]:
    """A frame of an animated image (RGB or gray) as packed bytes."""
    shift = frame.format.depth - 8
    planes = [(plane >> shift).astype(np.uint8) for plane in frame.planes]
    alpha = planes.pop() if frame.format.has_alpha else np.full(planes[0].shape, 255, np.uint8)
    red, green, blue = planes if len(planes) == 3 else planes * 3
    return np.ascontiguousarray(np.stack([red, green, blue, alpha], axis=-1))


def _ignore(_done: int, _total: int) -> None:
    """Samples are too short to tell how far they are."""
