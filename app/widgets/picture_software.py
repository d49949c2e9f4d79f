"""Painting pictures without a GPU: only what is seen, only at the size at which it is seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QImage, QPainter

from app.widgets.picture_geometry import Layer, Shown, visible_part
from flavr_core.comparison.display import Region, enlarged, to_display
from flavr_core.comparison.views import DifferenceKind, Picture8, difference
from flavr_core.frame import Frame

_MOST_CACHED = 4


@dataclass(frozen=True, slots=True)
class PictureState:
    """What pictures there are and how they are to be drawn."""

    a: Frame | None
    b: Frame | None
    kind: DifferenceKind
    """How the difference is shown."""
    gain: float
    """By how much it is amplified."""
    smooth: bool
    """Whether enlarged pixels run into each other; else they are rectangles."""

    def frame(self, shown: Shown) -> Frame | None:
        """The frame of a side, or A's for the difference."""
        return self.b if shown is Shown.B else self.a


def to_image(picture: Picture8) -> QImage:
    """R'G'B' as an image that Qt paints without converting it."""
    return _wrapped(np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2BGRA), np.uint8))


def _wrapped(pixels: Picture8) -> QImage:
    """B, G, R and filler as an image; it takes a reference to the array's memory."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)


class SoftwarePainter:
    """Draws layers with QPainter; what was drawn last is kept, for the wipe to move over."""

    def __init__(self) -> None:
        self._cache: list[tuple[tuple[object, ...], QImage]] = []

    def clear(self) -> None:
        """Forget what was drawn."""
        self._cache.clear()

    def draw(
        self, painter: QPainter, layer: Layer, state: PictureState, *, keep: QRect | None = None
    ) -> None:
        """Draw one layer; the painter counts in pixels of the screen.

        Args:
            painter: where.
            layer: what.
            state: the pictures.
            keep: a larger part than the layer's that is made and kept, because it will be wanted soon.
        """
        clip = layer.clip if keep is None else keep.united(layer.clip)
        seen = visible_part(layer.target, clip)
        wanted = visible_part(layer.target, layer.clip)
        if seen.isEmpty() or wanted.isEmpty():
            return
        made = self._image(layer.shown, layer.target, seen, state)
        if made is not None:
            image, origin = made
            painter.drawImage(wanted.topLeft(), image, wanted.translated(-origin))

    def _image(
        self, shown: Shown, target: QRectF, seen: QRect, state: PictureState
    ) -> tuple[QImage, QPoint] | None:
        frames = (state.a, state.b) if shown is Shown.DIFFERENCE else (state.frame(shown),)
        if any(frame is None for frame in frames):
            return None
        key: tuple[object, ...] = (shown, target.getRect(), seen.getRect(), state.smooth, *frames)
        if shown is Shown.DIFFERENCE:
            key = (*key, state.kind, state.gain)
        for number, (known, image) in enumerate(self._cache):
            if known == key:
                self._cache.append(self._cache.pop(number))
                return image, seen.topLeft()
        image = _wrapped(_picture(shown, target, seen, state))
        self._cache = [*self._cache[1 - _MOST_CACHED :], (key, image)]
        return image, seen.topLeft()


def _picture(shown: Shown, target: QRectF, seen: QRect, state: PictureState) -> Picture8:
    """The seen part, one pixel for each of the screen's; (H, W, 4), B, G, R, opaque."""
    frame = state.frame(shown)
    assert frame is not None
    part, across, down = _part(frame, target, seen)
    rgb = _converted(frame, part, across, down)
    if shown is Shown.DIFFERENCE:
        assert state.b is not None
        other = _converted_like(state.b, frame, part, rgb)
        rgb = difference(rgb, other, kind=state.kind, gain=state.gain)
    picture = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGRA), np.uint8)
    left = target.x() + part.x * across - seen.x()
    top = target.y() + part.y * down - seen.y()
    if across <= 1 and down <= 1:
        return _cut(picture, -round(left), -round(top), seen.width(), seen.height())
    if state.smooth and target.toRect() == seen:
        return enlarged(picture, (seen.width(), seen.height()), smooth=True)
    # Pixels of the screen to pixels of the part as it was converted, centre to centre: exact at any place, so
    # that both sides lie on each other whatever part of them is drawn.
    share_x, share_y = picture.shape[1] / part.width, picture.shape[0] / part.height
    if not state.smooth:
        # Counted from the whole picture's edge: pixels end at the same place in every part.
        x = np.arange(seen.x(), seen.x() + seen.width()) + 0.5 - target.x()
        y = np.arange(seen.y(), seen.y() + seen.height()) + 0.5 - target.y()
        columns = _clipped((x / across - part.x) * share_x, picture.shape[1])
        rows = _clipped((y / down - part.y) * share_y, picture.shape[0])
        words = picture.view(np.uint32)[..., 0]  # a pixel each, moved as one
        return np.asarray(words[rows][:, columns, None].view(np.uint8), np.uint8)
    scale_x, scale_y = across / share_x, down / share_y
    where = np.array(
        [
            [1 / scale_x, 0, (0.5 - left) / scale_x - 0.5],
            [0, 1 / scale_y, (0.5 - top) / scale_y - 0.5],
        ]
    )
    size, how = (seen.width(), seen.height()), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(picture, where, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.uint8)


def _clipped(places: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The pixels in which places lie, along an axis of so many."""
    return np.asarray(np.clip(np.floor(places), 0, count - 1), np.intp)


def _cut(picture: Picture8, x: int, y: int, width: int, height: int) -> Picture8:
    """width x height pixels from (x, y) on; the edge is repeated where rounding went past it."""
    x, y = min(max(x, 0), picture.shape[1] - 1), min(max(y, 0), picture.shape[0] - 1)
    cut = picture[y : y + height, x : x + width]
    below, right = height - cut.shape[0], width - cut.shape[1]
    if below or right:
        return np.asarray(cv2.copyMakeBorder(cut, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    return cut


def _part(frame: Frame, target: QRectF, seen: QRect) -> tuple[Region, float, float]:
    """What of a frame is seen, and pixels of the screen a pixel of it, across and down."""
    across, down = target.width() / frame.width, target.height() / frame.height
    x0 = max(0, math.floor((seen.x() - target.x()) / across) - 1)
    y0 = max(0, math.floor((seen.y() - target.y()) / down) - 1)
    x1 = min(frame.width, math.ceil((seen.x() + seen.width() - target.x()) / across) + 1)
    y1 = min(frame.height, math.ceil((seen.y() + seen.height() - target.y()) / down) + 1)
    return Region(x=x0, y=y0, width=max(1, x1 - x0), height=max(1, y1 - y0)), across, down


def _converted(frame: Frame, part: Region, across: float, down: float) -> Picture8:
    """A part at its own size, or at the screen's where that is smaller."""
    width = part.width if across >= 1 else max(1, round(part.width * across))
    height = part.height if down >= 1 else max(1, round(part.height * down))
    return to_display(frame, region=part, size=(width, height))


def _converted_like(frame: Frame, other: Frame, part: Region, picture: Picture8) -> Picture8:
    """The same part of a frame, which may have another size, at the size of `picture`."""
    size = (picture.shape[1], picture.shape[0])
    if (frame.width, frame.height) == (other.width, other.height):
        return to_display(frame, region=part, size=size)
    ratio_x, ratio_y = frame.width / other.width, frame.height / other.height
    x0, y0 = math.floor(part.x * ratio_x), math.floor(part.y * ratio_y)
    x1 = min(frame.width, max(x0 + 1, round((part.x + part.width) * ratio_x)))
    y1 = min(frame.height, max(y0 + 1, round((part.y + part.height) * ratio_y)))
    region = Region(
        x=min(x0, frame.width - 1), y=min(y0, frame.height - 1), width=max(1, x1 - x0), height=max(1, y1 - y0)
    )
    shown = to_display(frame, region=region, size=size)
    if shown.shape == picture.shape:
        return shown
    return np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_LINEAR), np.uint8)
