"""What a preview has rendered, within a bound of bytes, by what each picture shows and how it was made.

A picture is known by its *look* (everything that decides its pixels: network, device, cuts, size) and its
place (gap, position). So another rate finds the pictures that both rates share, and undoing a change finds
everything again; pictures of other looks are stale: they may stand in, marked, until they are made anew.
Lives in the window's thread.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import psutil

from app.jobs.reuse import DrawnBy
from flavr_core.frame import Frame
from flavr_core.settings import EngineSettings, SceneSettings
from flavr_core.timeline import CutOverrides

LEAST_BYTES, MOST_BYTES = 128 * 2**20, 1024 * 2**20
"""Bounds of what is kept by default: an eighth of the free memory between these."""
_ROOM = 16
"""Part of the bound that is made free at once."""

Place = tuple[int, Fraction]
"""(gap, position) of a planned frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that decides the pixels of a place of one clip."""

    engine: EngineSettings
    """Who draws."""
    scenes: SceneSettings
    """Cuts and duplicates."""
    cuts: CutOverrides
    """Cuts by hand."""
    width: int
    """Columns of the pictures."""
    height: int
    """Rows of the pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One rendered picture."""

    start: Fraction
    """Source second from which it was shown when it was made."""
    stop: Fraction
    """Source second at which it ended."""
    frame: Frame
    """The picture."""
    by: DrawnBy | None = None
    """Who drew it, and how; None for a frame that was filmed or held."""


@dataclass(slots=True)
class _Shelf:
    """The pictures of one look."""

    pictures: dict[Place, Kept] = field(default_factory=dict)
    by_start: list[Kept] | None = None

    def sorted(self) -> list[Kept]:
        if self.by_start is None:
            self.by_start = sorted(self.pictures.values(), key=lambda kept: kept.start)
        return self.by_start


class PreviewFrames:
    """Pictures of several looks; the look used longest ago gives up its pictures first."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._shelves: dict[Look, _Shelf] = {}
        self._bytes = 0

    @property
    def used_bytes(self) -> int:
        """Bytes of all pictures."""
        return self._bytes

    def use(self, look: Look) -> None:
        """This look is the one asked for now."""
        self._shelves[look] = self._shelves.pop(look, _Shelf())

    def places(self, look: Look) -> Iterable[Place]:
        """What is rendered in this look."""
        shelf = self._shelves.get(look)
        return shelf.pictures.keys() if shelf else ()

    def drawn(self, look: Look) -> dict[Place, tuple[Frame, DrawnBy]]:
        """All that was drawn in this look, not filmed or held, and by whom."""
        shelf = self._shelves.get(look)
        pictures = shelf.pictures if shelf else {}
        return {place: (kept.frame, kept.by) for place, kept in pictures.items() if kept.by is not None}

    def get(self, look: Look, place: Place) -> Kept | None:
        """A picture that is up to date."""
        shelf = self._shelves.get(look)
        return shelf.pictures.get(place) if shelf else None

    def put(
        self, look: Look, place: Place, kept: Kept, *, focus: Fraction, stretch: tuple[Fraction, Fraction]
    ) -> list[Place]:
        """Keep a picture; returns the places of the same look that had to go for it.

        Other looks go first, then what lies outside of a stretch (source seconds), furthest from
        `focus` first, then what lies in it.
        """
        shelf = self._shelves.setdefault(look, _Shelf())
        old = shelf.pictures.pop(place, None)
        self._bytes += kept.frame.nbytes - (old.frame.nbytes if old else 0)
        self._drop_others(look)
        gone = self._make_room(shelf, focus, stretch) if self._bytes > self.limit_bytes else []
        shelf.pictures[place] = kept
        shelf.by_start = None
        return gone

    def stale_at(self, look: Look, seconds: Fraction) -> Kept | None:
        """A picture of another look that was shown at this source second; the newest look's."""
        for other in reversed(self._shelves):
            if other == look:
                continue
            pictures = self._shelves[other].sorted()
            number = bisect_right(pictures, seconds, key=lambda kept: kept.start) - 1
            if number >= 0 and seconds < pictures[number].stop:
                return pictures[number]
        return None

    def stale_spans(self, look: Look) -> list[tuple[Fraction, Fraction]]:
        """Where other looks have pictures; may overlap."""
        return [
            (kept.start, kept.stop)
            for other, shelf in self._shelves.items()
            if other != look
            for kept in shelf.pictures.values()
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._shelves.clear()
        self._bytes = 0

    def _make_room(self, shelf: _Shelf, focus: Fraction, stretch: tuple[Fraction, Fraction]) -> list[Place]:
        start, stop = stretch
        furthest_first = sorted(
            shelf.pictures.items(), key=lambda item: abs(item[1].start - focus), reverse=True
        )
        outside = [place for place, kept in furthest_first if not start <= kept.start < stop]
        inside = [place for place, kept in furthest_first if start <= kept.start < stop]
        some = self.limit_bytes - self.limit_bytes // _ROOM  # some at once: looking for them takes time
        gone = []
        for places, enough in ((outside, some), (inside, self.limit_bytes)):
            for place in places:
                if self._bytes <= enough:
                    break
                self._bytes -= shelf.pictures.pop(place).frame.nbytes
                gone.append(place)
        return gone

    def _drop_others(self, look: Look) -> None:
        for other in [other for other in self._shelves if other != look]:
            shelf = self._shelves[other]
            while self._bytes > self.limit_bytes and shelf.pictures:
                _, kept = shelf.pictures.popitem()
                shelf.by_start = None
                self._bytes -= kept.frame.nbytes
            if not shelf.pictures:
                del self._shelves[other]
            if self._bytes <= self.limit_bytes:
                return


def default_limit_bytes() -> int:
    """What a preview keeps unless told otherwise."""
    return min(max(psutil.virtual_memory().available // 8, LEAST_BYTES), MOST_BYTES)
