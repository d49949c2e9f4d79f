"""Where pictures lie in the compare view: panes, zoom, place. Pure arithmetic, in pixels of the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, QSizeF

from flavr_core.comparison.views import ViewMode

MAX_ZOOM = 32.0
"""Most pixels of the screen a pixel of the picture."""
ZOOM_STEP = 1.25
"""Factor of one notch of the wheel."""
GAP_PX = 2
"""Between two panes."""


class Shown(StrEnum):
    """What is drawn somewhere."""

    A = "a"
    B = "b"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing to draw: the part of a picture that lies within `clip`."""

    shown: Shown
    """What is drawn."""
    clip: QRect
    """Where, in pixels of the screen."""
    target: QRectF
    """Where the whole picture would lie."""


@dataclass(frozen=True, slots=True)
class Place:
    """What part of the picture is looked at, the same in every pane."""

    zoom: float | None = None
    """Pixels of the screen a pixel of the picture; None fits the whole into its pane."""
    x: float = 0.5
    """Place of the picture that lies in the middle of the pane, 0 left to 1 right."""
    y: float = 0.5
    """The same, 0 top to 1 bottom."""


def shown_size(width: int, height: int, pixel_aspect: Fraction) -> QSizeF:
    """Size at zoom 1; pixels that are not square are stretched, never squeezed."""
    aspect = float(pixel_aspect)
    return QSizeF(width * aspect, height) if aspect >= 1 else QSizeF(width, height / aspect)


def panes(mode: ViewMode, size: QSize) -> list[QRect]:
    """The panes of a view: two of one size side by side or one above the other, else one."""
    width, height = size.width(), size.height()
    if mode is ViewMode.SIDE:
        half = max(1, (width - GAP_PX) // 2)
        return [QRect(0, 0, half, height), QRect(width - half, 0, half, height)]
    if mode is ViewMode.ABOVE:
        half = max(1, (height - GAP_PX) // 2)
        return [QRect(0, 0, width, half), QRect(0, height - half, width, half)]
    return [QRect(0, 0, width, height)]


def fit_zoom(pane: QRect, size: QSizeF) -> float:
    """Zoom at which the whole picture is just seen."""
    if size.isEmpty() or pane.isEmpty():
        return 1.0
    return min(pane.width() / size.width(), pane.height() / size.height(), MAX_ZOOM)


def zoom_of(place: Place, pane: QRect, size: QSizeF) -> float:
    """Zoom that a place means in a pane."""
    return place.zoom if place.zoom is not None else fit_zoom(pane, size)


def target_of(place: Place, pane: QRect, size: QSizeF) -> QRectF:
    """Where the whole picture lies, on whole pixels of the screen."""
    zoom = zoom_of(place, pane, size)
    width, height = max(1, round(size.width() * zoom)), max(1, round(size.height() * zoom))
    left = pane.x() + pane.width() / 2 - place.x * width
    top = pane.y() + pane.height() / 2 - place.y * height
    return QRectF(round(left), round(top), width, height)


def clamped(place: Place, pane: QRect, size: QSizeF) -> Place:
    """The nearest place at which no empty border is seen that need not be, and zoom is in bounds."""
    fit = fit_zoom(pane, size)
    if place.zoom is not None and place.zoom <= fit * 1.0001 and place.zoom != 1.0:
        place = replace(place, zoom=None)
    zoom = min(zoom_of(place, pane, size), MAX_ZOOM)
    x = _clamped_axis(place.x, pane.width(), size.width() * zoom)
    y = _clamped_axis(place.y, pane.height(), size.height() * zoom)
    return Place(zoom=None if place.zoom is None else zoom, x=x, y=y)


def _clamped_axis(middle: float, pane: float, picture: float) -> float:
    if picture <= pane:
        return 0.5
    margin = pane / 2 / picture
    return min(max(middle, margin), 1 - margin)


def zoomed(place: Place, zoom: float, at: QPointF, pane: QRect, size: QSizeF) -> Place:
    """The place after zooming so that the picture's point under `at` stays there."""
    target = target_of(place, pane, size)
    over_x = (at.x() - target.x()) / target.width()
    over_y = (at.y() - target.y()) / target.height()
    off_x, off_y = at.x() - pane.x() - pane.width() / 2, at.y() - pane.y() - pane.height() / 2
    zoom = min(zoom, MAX_ZOOM)
    moved = Place(
        zoom=zoom, x=over_x - off_x / (size.width() * zoom), y=over_y - off_y / (size.height() * zoom)
    )
    return clamped(moved, pane, size)


def panned(place: Place, dx: float, dy: float, pane: QRect, size: QSizeF) -> Place:
    """The place after the picture was dragged by so many pixels of the screen."""
    zoom = zoom_of(place, pane, size)
    moved = replace(place, x=place.x - dx / (size.width() * zoom), y=place.y - dy / (size.height() * zoom))
    return clamped(moved, pane, size)


def visible_part(target: QRectF, clip: QRect) -> QRect:
    """The part of a picture that is seen in a pane."""
    return target.toRect().intersected(clip)


def layers(
    mode: ViewMode, size: QSize, place: Place, picture: QSizeF, *, wipe: float, order: tuple[Shown, Shown]
) -> list[Layer]:
    """What is drawn where. `order` says which side stands first (left, above, on top)."""
    rects = panes(mode, size)
    targets = [target_of(place, pane, picture) for pane in rects]
    if mode in (ViewMode.SIDE, ViewMode.ABOVE):
        return [Layer(shown, pane, target) for shown, pane, target in zip(order, rects, targets, strict=True)]
    pane, target = rects[0], targets[0]
    if mode is ViewMode.WIPE:
        line = wipe_line(target, pane, wipe)
        left = QRect(pane.x(), pane.y(), line - pane.x(), pane.height())
        right = QRect(line, pane.y(), pane.x() + pane.width() - line, pane.height())
        return [Layer(order[0], left, target), Layer(order[1], right, target)]
    if mode is ViewMode.DIFFERENCE:
        return [Layer(Shown.DIFFERENCE, pane, target)]
    return [Layer(order[0], pane, target)]


def wipe_line(target: QRectF, pane: QRect, wipe: float) -> int:
    """Column of the wipe's line: a share of what is seen of the picture."""
    seen = visible_part(target, pane)
    return round(seen.x() + wipe * seen.width())


def wipe_at(target: QRectF, pane: QRect, x: float) -> float:
    """The wipe whose line lies at column x."""
    seen = visible_part(target, pane)
    return min(max((x - seen.x()) / max(1, seen.width()), 0.0), 1.0)
