"""Which segments are whose: pure, so that losses and retries are decided the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from flavr_core.pipeline.journal import Segment

MOST_ATTEMPTS = 3
"""Times that a segment is tried before the conversion fails."""
MOST_IN_ORDER = 8
"""Segments in one order: neighbours share what is decoded around their ends."""


class Schedule:
    """Segments that wait, are with a worker, or are closed.

    Attributes:
        closed_frames: output frames in closed segments.
    """

    def __init__(self, segments: Iterable[Segment]) -> None:
        self._waiting = {segment.index: segment for segment in segments}
        self._taken: dict[int, Segment] = {}
        self._attempts: dict[int, int] = {}
        self.closed_frames = 0

    @property
    def is_done(self) -> bool:
        """Whether all are closed."""
        return not self._waiting and not self._taken

    @property
    def is_waiting(self) -> bool:
        """Whether some are with nobody."""
        return bool(self._waiting)

    def is_open(self, index: int) -> bool:
        """Whether a segment is not closed yet."""
        return index in self._waiting or index in self._taken

    def take(self, *, workers: int) -> tuple[Segment, ...]:
        """The next order: the first that wait, neighbours; fewer towards the end: all are to end together."""
        if not self._waiting:
            return ()
        most = max(1, min(MOST_IN_ORDER, len(self._waiting) // (2 * workers)))
        first = min(self._waiting)
        order = [self._waiting.pop(first)]
        while len(order) < most and order[-1].index + 1 in self._waiting:
            order.append(self._waiting.pop(order[-1].index + 1))
        self._taken |= {segment.index: segment for segment in order}
        return tuple(order)

    def close(self, index: int) -> Segment:
        """A segment is rendered and kept."""
        segment = self._taken.pop(index)
        self.closed_frames += segment.stop - segment.start
        return segment

    def give_back(self, order: Iterable[Segment]) -> Segment | None:
        """What is not closed of an order waits again; the first of it is the one that failed.

        Returns:
            That segment if it has now failed too often, else None.
        """
        unfinished = [segment for segment in order if segment.index in self._taken]
        for segment in unfinished:
            self._waiting[segment.index] = self._taken.pop(segment.index)
        if not unfinished:
            return None
        blamed = unfinished[0]
        self._attempts[blamed.index] = self._attempts.get(blamed.index, 0) + 1
        return blamed if self._attempts[blamed.index] >= MOST_ATTEMPTS else None
