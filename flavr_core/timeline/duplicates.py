"""Source frames that repeat the one before: animation on twos and threes, telecine, screen recordings.

A repeated frame went through the encoder again and differs a little everywhere; a mouth that moves in a
still picture differs a lot in a few places. So pictures are compared block by block and the block that
differs most decides, by itself and beside the changes around it in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.frame import Frame
from flavr_core.timing import FrameTimes

LONGEST_HOLD_S = Fraction(1, 2)
"""A picture shown for longer than this is meant to stand still, and all its frames are kept."""

_BLOCK_PX = 8
"""Side of a block in pictures of up to 1080 lines; more in larger ones."""
_SAME = 1.0
"""Mean difference of the block that differs most, in steps of 8 bits, up to which frames are the same."""
_NOISE = 8.0
"""The same where the frames around differ much more: what encoding a frame twice leaves."""
_NOISE_PART = 0.2
"""How much more: the change is at most this part of what is usual around it."""
_AROUND = 12
"""Frames on either side that say what is usual."""
_USUAL_RANK = 2
"""The usual change is the largest around but for so many, which may be cuts."""


def find_duplicates(frames: Iterable[Frame], times: FrameTimes) -> Iterator[int]:
    """Numbers of the source frames that repeat the one before, in order.

    All frames are read (two are held at a time) before the first number is given. Repeats of a picture
    that stands longer than LONGEST_HOLD_S are not named. Never names frame 0.

    Args:
        frames: all frames of the clip, in order.
        times: when they are shown.
    """
    repeats = _repeats(list(_changes(frames)))
    first = 0
    for frame in range(1, len(repeats) + 1):
        if frame < len(repeats) and repeats[frame]:
            continue
        shown_until = times.time(min(frame, len(times)))
        if shown_until - times.time(first) <= LONGEST_HOLD_S:
            yield from range(first + 1, frame)
        first = frame


def drop_duplicates(
    times: FrameTimes, duplicates: Iterable[int]
) -> tuple[FrameTimes, tuple[int, ...] | None]:
    """The frames left without duplicates, each shown until the next, and their numbers in the file.

    The numbers are None where nothing is dropped. Frame 0 is always kept.
    """
    dropped = set(duplicates) - {0}
    if not dropped:
        return times, None
    kept = tuple(index for index in range(len(times)) if index not in dropped)
    pts = tuple(times.pts[index] for index in kept)
    return FrameTimes(pts=pts, time_base=times.time_base, end_pts=times.end_pts), kept


def _changes(frames: Iterable[Frame]) -> Iterator[float]:
    """By how much each frame differs from the one before; infinite for the first."""
    yield float("inf")
    for before, after in pairwise(frames):
        yield _largest_change(before, after)


def _repeats(changes: Sequence[float]) -> list[bool]:
    """Which frames repeat the one before, from the changes alone."""
    finite = [0.0 if change == float("inf") else change for change in changes]
    found = []
    for place, change in enumerate(changes):
        around = sorted(finite[max(place - _AROUND, 0) : place + _AROUND + 1], reverse=True)
        usual = around[_USUAL_RANK] if len(around) > _USUAL_RANK else 0.0
        found.append(change <= _SAME or (change <= _NOISE and change <= _NOISE_PART * usual))
    return found


def _largest_change(before: Frame, after: Frame) -> float:
    """Mean difference in the block that differs most, over all planes, in steps of 8 bits."""
    if before.format != after.format or before.planes[0].shape != after.planes[0].shape:
        return float("inf")
    scale = float(2 ** (before.format.depth - 8))
    block = _BLOCK_PX * max(1, round(min(before.height, before.width) / 1080))
    changes = []
    for a, b in zip(before.planes, after.planes, strict=True):
        rows, columns = a.shape
        difference = np.asarray(cv2.absdiff(np.ascontiguousarray(a), np.ascontiguousarray(b)), np.float32)
        size = max(1, columns // block), max(1, rows // block)
        blocks: NDArray[np.float32] = np.asarray(cv2.resize(difference, size, interpolation=cv2.INTER_AREA))
        changes.append(float(blocks.max()) / scale)
    return max(changes)
