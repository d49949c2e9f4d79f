"""Cuts, found while frames stream by, from small pictures of them.

A cut is where the next picture cannot be had by moving the parts of this one, while before and after that
works as usual. So each picture is laid over its predecessor along the optical flow (DIS, Kroeger et al.,
ECCV 2016) and compared with it where it counts: local structure by normalised correlation, which neither
flashes, fades nor a lens flare change much, then what is left of colour, then the histogram of lightness.
What is usual around the gap is subtracted, so that noise, water, smoke and shaky cameras raise no alarm.
Dissolves are not cuts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.frame import Frame
from flavr_core.timeline.output import CONTEXT_AFTER, CONTEXT_BEFORE
from flavr_core.timeline.proxies import small_picture

_Picture = NDArray[np.float32]

_NEIGHBOURHOOD_PX = 9
"""Side of the square in which structure is compared."""
_FLAT = np.float32(1e-4)
"""Variance of lightness below which there is no structure to compare, full scale being 1."""
_SMALLEST_FLOW_PX = 64
"""DIS reads outside pictures that are much smaller than this."""
_HISTOGRAM_BINS = 32
_COLOR_WEIGHT = 2.0


class CutDetector:
    """Says for each gap whether it is a cut, from the frames around it alone.

    The decision on the gap between frames i and i + 1 depends on frames i - CONTEXT_BEFORE to
    i + 1 + CONTEXT_AFTER, as far as they exist, and on nothing else: not on where reading began.
    """

    def __init__(self, *, sensitivity: float = 0.5) -> None:
        if not 0 <= sensitivity <= 1:
            raise ValueError(f"sensitivity {sensitivity} is not between 0 and 1")
        self._threshold = 0.9 - 0.6 * sensitivity
        self._previous: _Picture | None = None
        self._changes: deque[float] = deque()
        self._place = 0

    def push(self, frame: Frame) -> list[bool]:
        """Take the next frame; returns the decisions it allows, gap after gap from the first frame's."""
        picture = small_picture(frame)
        if self._previous is not None:
            self._changes.append(change_between(self._previous, picture))
        self._previous = picture
        return self._decide(look_ahead=CONTEXT_AFTER)

    def finish(self) -> list[bool]:
        """The decisions on the gaps left, when the clip has ended."""
        return self._decide(look_ahead=0)

    def _decide(self, *, look_ahead: int) -> list[bool]:
        found = []
        while self._place + look_ahead < len(self._changes):
            change = self._changes[self._place]
            around = [
                self._changes[near]
                for near in range(self._place - CONTEXT_BEFORE, self._place + CONTEXT_AFTER + 1)
                if near != self._place and 0 <= near < len(self._changes)
            ]
            usual = sum(around) / len(around) if around else 0.0
            found.append(change - usual > self._threshold)
            self._place += 1
            if self._place > CONTEXT_BEFORE:
                self._changes.popleft()
                self._place -= 1
        return found


def change_between(before: _Picture, after: _Picture) -> float:
    """How little of a picture is found again in the next: 0 for the same, about 1 for another scene.

    Convention: (3, H, W) float32 small pictures as `small_picture` gives them; pictures of different
    size have nothing in common.
    """
    if before.shape != after.shape:
        return 1.0
    moved = _along_flow(before, after)
    structure = _structure_lost(before[0], moved[0])
    color = float(np.abs(before[1:] - moved[1:]).mean(axis=(1, 2)).sum())
    return structure + _COLOR_WEIGHT * color + _histogram_distance(before[0], after[0])


def _along_flow(before: _Picture, after: _Picture) -> _Picture:
    """The picture after, each part moved back to where it was in the picture before; (3, H, W)."""
    rows, columns = before.shape[1:]
    below, right = max(0, _SMALLEST_FLOW_PX - rows), max(0, _SMALLEST_FLOW_PX - columns)
    pair = [
        cv2.copyMakeBorder(_to_bytes(picture[0]), 0, below, 0, right, cv2.BORDER_REPLICATE)
        for picture in (before, after)
    ]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow = np.zeros((*pair[0].shape, 2), np.float32)  # (H, W, 2): x, y
    flow = np.asarray(dis.calc(pair[0], pair[1], flow), np.float32)[:rows, :columns]
    x = flow[..., 0] + np.arange(columns, dtype=np.float32)
    y = flow[..., 1] + np.arange(rows, dtype=np.float32)[:, None]
    return np.stack(
        [
            np.asarray(cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
            for plane in after
        ]
    )


def _to_bytes(plane: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(plane * 255 + 0.5, 0, 255), np.uint8)


def _structure_lost(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """1 - correlation of local structure over two planes (H, W); contrast that is gone counts half."""
    mean_a, mean_b = _local_mean(a), _local_mean(b)
    variance_a = np.maximum(_local_mean(a * a) - mean_a * mean_a, 0)
    variance_b = np.maximum(_local_mean(b * b) - mean_b * mean_b, 0)
    covariance = _local_mean(a * b) - mean_a * mean_b
    flat = float(_FLAT) * a.size
    whole = np.sqrt(variance_a * variance_b).sum() + np.abs(variance_a - variance_b).sum() / 2
    return float(np.clip(1 - (covariance.sum() + flat) / (whole + flat), 0, 1))


def _local_mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(plane, (_NEIGHBOURHOOD_PX, _NEIGHBOURHOOD_PX)), np.float32)


def _histogram_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Earth mover's distance of two planes' histograms, 0 to 1."""
    # The numbers of np.histogram, for less time: its bins are of any width, these are not.
    bins = [(_to_bytes(plane) // (256 // _HISTOGRAM_BINS)).ravel() for plane in (a, b)]
    counts = [np.bincount(values, minlength=_HISTOGRAM_BINS) for values in bins]
    return float(np.abs(np.cumsum(counts[0] - counts[1])).sum() / (a.size * _HISTOGRAM_BINS))


def find_cuts(frames: Iterable[Frame], *, sensitivity: float = 0.5) -> Iterator[bool]:
    """Whether each gap of a clip is a cut, in order: one less than there are frames."""
    detector = CutDetector(sensitivity=sensitivity)
    for frame in frames:
        yield from detector.push(frame)
    yield from detector.finish()
