"""The clock of playback: source seconds that run with the wall, can be held, and follow the sound."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

_NS = 1_000_000_000


class PlaybackClock:
    """Position = where it was set + wall time since, times the rate."""

    def __init__(self, now_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._now_ns = now_ns
        self._anchor = Fraction(0)
        self._since_ns: int | None = None
        self.rate = Fraction(1)
        """Source seconds in a second of the wall; negative for backwards. Changed only while held."""

    @property
    def is_running(self) -> bool:
        """Whether it is not held."""
        return self._since_ns is not None

    @property
    def position(self) -> Fraction:
        """Source seconds now."""
        if self._since_ns is None:
            return self._anchor
        return self._anchor + Fraction(self._now_ns() - self._since_ns, _NS) * self.rate

    def set(self, position: Fraction) -> None:
        """Go to another position, running or held as before."""
        self._anchor = position
        if self._since_ns is not None:
            self._since_ns = self._now_ns()

    def hold(self) -> None:
        """Stand still."""
        self._anchor, self._since_ns = self.position, None

    def run(self) -> None:
        """Go on from where it stands."""
        if self._since_ns is None:
            self._since_ns = self._now_ns()

    def nudge(self, seconds: Fraction) -> None:
        """Move by a little, to follow the sound; whole microseconds, or fractions would grow without end."""
        self._anchor += Fraction(round(seconds * 1_000_000), 1_000_000)
