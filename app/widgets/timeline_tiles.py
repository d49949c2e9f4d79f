"""The timeline's strip of thumbnails: which pictures it needs where, and those it has."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from PySide6.QtGui import QImage

from app.widgets.timeline_scale import TimeScale

_NARROWEST = 0.7
"""Part of a thumbnail's width that a tile has at least; its picture is cropped to it."""
_KEPT = 800
"""Pictures that are kept; each is some ten kilobytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One place of the strip."""

    time: Fraction
    """Source seconds at its left edge: what its picture shows."""
    x: float
    """Left edge, device-independent pixels."""
    width: float
    """Pixels up to the next tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbnailWish:
    """Pictures that the strip would like to have."""

    times: tuple[Fraction, ...]
    """Source seconds, from left to right."""
    tolerance: Fraction
    """A frame that is shown up to so many seconds before will do."""
    height_px: int
    """Rows of the pictures, in pixels of the screen."""


def tile_seconds(scale: TimeScale, thumbnail_px: float) -> Fraction | None:
    """Seconds between tiles, or None for a tile each frame.

    Always a power of two of frames, so that zooming finds old pictures.
    """
    if scale.frame_px >= thumbnail_px * _NARROWEST:
        return None
    seconds = scale.frame_s
    while float(seconds) * scale.px_per_s < thumbnail_px * _NARROWEST:
        seconds *= 2
    return seconds


def tiles(scale: TimeScale, left: float, right: float, *, thumbnail_px: float) -> list[Tile]:
    """The tiles between two places."""
    times = scale.times
    if times is None:
        return []
    seconds = tile_seconds(scale, thumbnail_px)
    if seconds is None:
        first, last = times.index_at(scale.time_at(left)), times.index_at(scale.time_at(right))
        edges = [times.time(frame) for frame in range(first, last + 2)]
    else:
        first = max(0, floor((scale.time_at(left) - times.start) / seconds))
        last = floor((scale.time_at(right) - times.start) / seconds)
        edges = [min(times.start + number * seconds, times.end) for number in range(first, last + 2)]
    places = [scale.x(edge) for edge in edges]
    return [
        Tile(time=edges[number], x=places[number], width=places[number + 1] - places[number])
        for number in range(len(edges) - 1)
        if edges[number] < times.end
    ]


class TilePictures:
    """The pictures at hand, by the time they were asked for."""

    def __init__(self) -> None:
        self._images: OrderedDict[Fraction, QImage] = OrderedDict()
        self._sorted: list[Fraction] = []

    def clear(self) -> None:
        """Another clip."""
        self._images.clear()
        self._sorted.clear()

    def put(self, time: Fraction, image: QImage) -> None:
        """Keep a picture; the one that was not used for longest goes."""
        if time not in self._images:
            self._sorted.insert(bisect_left(self._sorted, time), time)
        self._images[time] = image
        self._images.move_to_end(time)
        while len(self._images) > _KEPT:
            gone, _ = self._images.popitem(last=False)
            self._sorted.pop(bisect_left(self._sorted, gone))

    def exact(self, time: Fraction) -> QImage | None:
        """The picture for a time."""
        image = self._images.get(time)
        if image is not None:
            self._images.move_to_end(time)
        return image

    def near(self, time: Fraction, *, within: Fraction) -> QImage | None:
        """A picture from nearby, to stand in until the right one comes."""
        place = bisect_left(self._sorted, time)
        around = self._sorted[max(0, place - 1) : place + 1]
        nearest = min(around, key=lambda one: abs(one - time), default=None)
        if nearest is None or abs(nearest - time) > within:
            return None
        return self._images[nearest]

    def rows(self, time: Fraction) -> int:
        """Height of the picture for a time; 0 where there is none."""
        image = self._images.get(time)
        return image.height() if image is not None else 0
