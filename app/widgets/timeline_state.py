"""What a timeline shows, as plain data, and where its lanes lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from flavr_core.timing import FrameTimes

Band = tuple[Fraction, Fraction, str]
"""(start, stop, state): `rendered`, `stale` or `rendering`."""
Score = tuple[Fraction, Fraction, Fraction, float]
"""(start, stop, where a click goes, decibels)."""

RULER_PX = 24
BAR_PX = 6
MARKERS_PX = 16
HEAT_PX = 8
OVERVIEW_PX = 10
GAP_PX = 4
HIGHEST_STRIP_PX = 120
LOWEST_STRIP_PX = 28


@dataclass(slots=True, kw_only=True)
class MarkerLane:
    """Markers of one kind at frames."""

    frames: tuple[int, ...] = ()
    """Frames that are marked, rising."""
    ghosts: tuple[int, ...] = ()
    """Frames whose mark was taken away, rising."""
    is_active: bool = True
    """Whether they change anything; drawn pale where not."""
    seconds: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """Their times from the clip's start, for painting many."""


@dataclass(slots=True, kw_only=True)
class TimelineState:
    """Everything that is painted, but for the view and the mouse."""

    times: FrameTimes | None = None
    asked: Fraction = Fraction(0)
    """Where the playhead stands."""
    shown: Fraction | None = None
    """What is still shown instead."""
    start: Fraction | None = None
    """In point; None for the clip's start."""
    stop: Fraction | None = None
    """Out point; None for the clip's end."""
    markers: dict[str, MarkerLane] = field(default_factory=dict)
    """By kind: `cut`, `duplicate`."""
    bands: tuple[Band, ...] = ()
    """What is rendered."""
    scores: tuple[Score, ...] = ()
    """How well gaps are rebuilt."""
    score_starts: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    score_stops: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    score_values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    selected: tuple[str, int] | None = None
    """(kind, frame) of the marker that keys act on; kind `start` or `stop` for a handle."""
    dragged: tuple[str, int, int] | None = None
    """(kind, from, to) of the marker under the mouse."""
    hover_x: float | None = None
    """Where the mouse is."""

    @property
    def range_start(self) -> Fraction:
        """In point, or the clip's start."""
        assert self.times is not None
        return self.times.start if self.start is None else self.start

    @property
    def range_stop(self) -> Fraction:
        """Out point, or the clip's end."""
        assert self.times is not None
        return self.times.end if self.stop is None else self.stop

    def lane(self, kind: str) -> MarkerLane:
        """The markers of a kind."""
        return self.markers.setdefault(kind, MarkerLane())

    def set_markers(
        self, kind: str, frames: Sequence[int], ghosts: Sequence[int], *, is_active: bool
    ) -> None:
        """Put markers at frames."""
        assert self.times is not None
        pts = np.fromiter((self.times.pts[frame] for frame in frames), np.float64, len(frames))
        self.markers[kind] = MarkerLane(
            frames=tuple(frames),
            ghosts=tuple(ghosts),
            is_active=is_active,
            seconds=(pts - self.times.pts[0]) * float(self.times.time_base),
        )

    def set_scores(self, scores: Sequence[Score]) -> None:
        """Scores by time."""
        self.scores = tuple(scores)
        begin = self.times.start if self.times is not None else Fraction(0)
        self.score_starts = np.array([float(score[0] - begin) for score in scores])
        self.score_stops = np.array([float(score[1] - begin) for score in scores])
        self.score_values = np.array([score[3] for score in scores])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Where everything lies, from top to bottom, in device-independent pixels."""

    ruler: QRectF
    bar: QRectF
    markers: QRectF
    strip: QRectF
    heat: QRectF
    overview: QRectF

    @classmethod
    def of(cls, width: int, height: int, *, has_scores: bool) -> Lanes:
        """The lanes of a widget; the strip takes what is left."""
        heat_px = HEAT_PX + GAP_PX if has_scores else 0
        fixed = RULER_PX + BAR_PX + MARKERS_PX + heat_px + OVERVIEW_PX + 3 * GAP_PX
        strip_px = min(max(height - fixed, LOWEST_STRIP_PX), HIGHEST_STRIP_PX)
        y = 0.0
        rects = []
        for high, gap in (
            (RULER_PX, 0),
            (BAR_PX, 0),
            (MARKERS_PX, 0),
            (strip_px, GAP_PX),
            (HEAT_PX if has_scores else 0, GAP_PX if has_scores else 0),
            (OVERVIEW_PX, 0),
        ):
            rects.append(QRectF(0, y, width, high))
            y += high + gap
        return cls(
            ruler=rects[0], bar=rects[1], markers=rects[2], strip=rects[3], heat=rects[4], overview=rects[5]
        )
