"""The hold-out check: filmed frames are left out, drawn again by a network, and compared with what was.

Frame t is drawn from t - 3, t - 1, t + 1 and t + 3, as if the clip had half its rate. That is harder than
what a conversion asks of the network, so the numbers compare places of a clip, not results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from app.jobs.libraries import import_torch
from flavr_core.clip import ClipInfo
from flavr_core.frame import Frame, FrameWindow, Plane, PlannedFrame
from flavr_core.media import open_source
from flavr_core.progress import CancelToken
from flavr_core.settings import CutMode, EngineSettings

LONGEST_SIDE_PX = 640
"""Larger pictures are made smaller first: the check is to be quick."""
MOST_SAMPLES = 240
"""Frames that are left out at most; in longer clips they lie further apart."""
_REACH = 3
_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HoldoutWish:
    """What is to be checked."""

    info: ClipInfo
    """The clip."""
    engine: EngineSettings
    """Who draws, and where."""
    start: int = 0
    """First frame of the range."""
    stop: int | None = None
    """One past its last frame; None for the clip's end."""
    cuts: frozenset[int] = frozenset()
    """First frames after cuts: nothing is drawn across them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapScore:
    """How well one left-out frame was rebuilt."""

    frame: int
    """Its number."""
    time: Fraction
    """Source seconds at which it begins."""
    start: Fraction
    """Source seconds from which on the score stands for the clip."""
    stop: Fraction
    """Source seconds up to which it does."""
    psnr_db: float
    """PSNR against the filmed frame: 8-bit R'G'B', at most 80."""


def check_gaps(
    wish: HoldoutWish,
    token: CancelToken,
    report: Callable[[tuple[float, tuple[GapScore, ...]]], None],
) -> tuple[GapScore, ...]:
    """Scores of frames spread over the range, in order. Runs long; imports torch where a network needs it.

    Args:
        wish: what is to be checked.
        token: looked at before each frame.
        report: told the part that is done, and the scores so far.

    Raises:
        FlavrError: when the clip cannot be read or the network not be run.
        CancelledError: when stopped.
    """
    # What follows may import torch, which must not happen before the window stands.
    import_torch(may_wait=True)
    from flavr_core.engine import create_engine

    times = wish.info.times
    stop = len(times) if wish.stop is None else min(wish.stop, len(times))
    first, last = max(wish.start, 1), min(stop, len(times) - 1)
    every = max(1, -(-(last - first) // MOST_SAMPLES))
    wanted = range(first, last, every)
    scores: list[GapScore] = []
    width, height = _checked_size(wish.info)
    with create_engine(wish.engine, width=width, height=height) as engine:
        for done, (truth, window) in enumerate(_samples(wish, wanted, (width, height), token), start=1):
            if window is not None:
                token.check()
                made = engine.interpolate(window, cut_mode=CutMode.IGNORE)[0]
                begin = max(0, truth.index - every // 2)
                scores.append(
                    GapScore(
                        frame=truth.index,
                        time=times.time(truth.index),
                        start=times.time(begin),
                        stop=times.time(min(begin + every, len(times))),
                        psnr_db=_psnr(made, truth),
                    )
                )
            report((done / len(wanted), tuple(scores)))
    return tuple(scores)


def _samples(
    wish: HoldoutWish, wanted: range, size: tuple[int, int], token: CancelToken
) -> Iterator[tuple[Frame, FrameWindow | None]]:
    """Each wanted frame with the window it is to be drawn from; None where a cut lies in its gap."""
    kept: dict[int, Frame] = {}
    begin = max(0, wanted.start - _REACH)
    waiting = iter(wanted)
    truth = next(waiting, None)
    count = len(wish.info.times)
    with open_source(wish.info) as source:
        for frame in source.frames(begin, min(count, wanted.stop + _REACH)):
            token.check()
            kept[frame.index] = _shrunk(frame, size)
            kept.pop(frame.index - 2 * _REACH - 1, None)
            while truth is not None and frame.index >= min(truth + _REACH, count - 1):
                yield kept[truth], _window(kept, truth, wish.cuts)
                truth = next(waiting, None)


def _window(kept: dict[int, Frame], truth: int, cuts: frozenset[int]) -> FrameWindow | None:
    before, after = truth - 1, truth + 1
    if truth in cuts or after in cuts:
        return None
    a, d = truth - _REACH, truth + _REACH
    if a not in kept or cuts & {a + 1, a + 2}:
        a = before
    if d not in kept or cuts & {d - 1, d}:
        d = after
    planned = PlannedFrame(index=truth, time=kept[truth].time, gap=before, position=_HALF)
    frames = (kept[a], kept[before], kept[after], kept[d])
    return FrameWindow(gap=before, frames=frames, is_cut=False, outputs=(planned,))


def _checked_size(info: ClipInfo) -> tuple[int, int]:
    scale = min(1.0, LONGEST_SIDE_PX / max(info.width, info.height))
    return max(8, round(info.width * scale)), max(8, round(info.height * scale))


def _shrunk(frame: Frame, size: tuple[int, int]) -> Frame:
    """The frame at another (width, height), in its own pixel format."""
    width, height = size
    if (frame.width, frame.height) == size:
        return frame
    planes: list[Plane] = []
    for number, plane in enumerate(frame.planes):
        rows, columns = frame.format.plane_shape(number, width=width, height=height)
        small: NDArray[Any] = cv2.resize(
            np.ascontiguousarray(plane), (columns, rows), interpolation=cv2.INTER_AREA
        )
        planes.append(cast(Plane, small.astype(frame.format.dtype)))
    return replace(frame, planes=tuple(planes))


def _psnr(made: Frame, truth: Frame) -> float:
    from flavr_core.comparison.display import to_display
    from flavr_core.evaluation.metrics import psnr_8bit

    a, b = (to_display(frame, tone=False).astype(np.float32) / np.float32(255) for frame in (made, truth))
    return psnr_8bit(a, b)
