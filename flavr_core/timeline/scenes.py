"""Cuts, found while frames stream by, from small pictures of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.frame import Frame
from flavr_core.timeline.plan import CONTEXT_AFTER, CONTEXT_BEFORE


class CutDetector:
    """Says for each gap whether it is a cut, from the frames around it alone.

    The decision on the gap between frames i and i + 1 depends on frames i - CONTEXT_BEFORE to
    i + 1 + CONTEXT_AFTER, as far as they exist, and on nothing else.
    """

    def __init__(self, *, sensitivity: float = 0.5) -> None:
        self._threshold = 0.5 - 0.4 * sensitivity
        self._proxy: NDArray[np.float32] | None = None
        self._changes: list[float] = []
        self._decided = 0
        self._dropped = 0

    def push(self, frame: Frame) -> list[bool]:
        """Take the next frame; the decisions this allows, gap after gap from the first frame's."""
        proxy = _proxy(frame)
        if self._proxy is not None:
            self._changes.append(float(np.abs(proxy - self._proxy).mean()))
        self._proxy = proxy
        return self._decide(len(self._changes) + self._dropped - CONTEXT_AFTER)

    def finish(self) -> list[bool]:
        """The decisions on the gaps left, when the clip has ended."""
        return self._decide(len(self._changes) + self._dropped)

    def _decide(self, until: int) -> list[bool]:
        found = []
        while self._decided < until:
            place = self._decided - self._dropped
            around = self._changes[max(place - CONTEXT_BEFORE, 0) : place + CONTEXT_AFTER + 1]
            change = self._changes[place]
            rest = (sum(around) - change) / max(len(around) - 1, 1)
            found.append(change > self._threshold * 0.5 and change > 3 * rest)
            self._decided += 1
            if place > CONTEXT_BEFORE:
                self._changes.pop(0)
                self._dropped += 1
        return found


def _proxy(frame: Frame) -> NDArray[np.float32]:
    plane = frame.planes[0]
    small = cv2.resize(plane, (64, 36), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(2**frame.format.depth - 1)


def find_cuts(frames: Iterable[Frame], *, sensitivity: float = 0.5) -> Iterator[bool]:
    """Whether each gap of a clip is a cut, in order."""
    detector = CutDetector(sensitivity=sensitivity)
    for frame in frames:
        yield from detector.push(frame)
    yield from detector.finish()
