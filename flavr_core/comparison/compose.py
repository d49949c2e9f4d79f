"""Two frames in one picture: the views, as they are written to files."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from flavr_core.clip import ClipInfo
from flavr_core.comparison.display import enlarged, to_display
from flavr_core.comparison.labels import draw_label, font_px
from flavr_core.comparison.matching import Pair
from flavr_core.comparison.settings import ComparisonSettings
from flavr_core.comparison.sizes import alike
from flavr_core.comparison.views import DifferenceKind, Picture8, ViewMode, difference
from flavr_core.frame import Frame
from flavr_core.timing import format_time

GAP_PX = 4
"""Between two pictures."""
_LINE = (245, 245, 245)
_RIM = (24, 24, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Sizes of a composed picture."""

    cell: tuple[int, int]
    """(width, height) of one side."""
    size: tuple[int, int]
    """(width, height) of the whole."""

    @staticmethod
    def of(a: ClipInfo, b: ClipInfo, settings: ComparisonSettings) -> Layout:
        """The larger picture's size, with square pixels, within the limit."""
        info = max(a, b, key=lambda clip: clip.width * clip.height)
        aspect = info.pixel_aspect
        width = round(info.width * aspect) if aspect >= 1 else info.width
        height = info.height if aspect >= 1 else round(info.height / aspect)
        across = 2 if settings.view is ViewMode.SIDE else 1
        room = width
        if settings.max_width is not None:
            room = min(width, (settings.max_width - GAP_PX * (across - 1)) // across)
        if room < width:
            width, height = room, max(1, round(Fraction(height * room, width)))
        # Even sizes, as 4:2:0 needs them; a column or row less is not seen.
        width, height = max(2, width // 2 * 2), max(2, height // 2 * 2)
        down = 2 if settings.view is ViewMode.ABOVE else 1
        whole = (across * width + (across - 1) * GAP_PX, down * height + (down - 1) * GAP_PX)
        return Layout(cell=(width, height), size=whole)


class Composer:
    """Draws the pictures of a comparison. Keeps each side's last frame as it was converted."""

    def __init__(self, settings: ComparisonSettings, layout: Layout, titles: tuple[str, str]) -> None:
        self._settings, self._layout = settings, layout
        self._titles = settings.labels or titles
        self._converted: dict[str, tuple[Frame, Picture8]] = {}

    def compose(self, a: Frame, b: Frame, pair: Pair) -> Picture8:
        """One picture. Convention: (H, W, 3) uint8, R'G'B' for an ordinary screen (BT.709, full range)."""
        if self._settings.view is ViewMode.DIFFERENCE:
            a, b = alike(a, b)
        pictures = [self._cell("a", a), self._cell("b", b)]
        letters = ["A", "B"]
        words = [
            f"{title} · {number} · {format_time(frame.time).removeprefix('0:')}"
            for title, number, frame in zip(self._titles, (pair.a, pair.b), (a, b), strict=True)
        ]
        if self._settings.swap:
            pictures, letters, words = pictures[::-1], letters[::-1], words[::-1]
        labels = list(zip(letters, words, strict=True))
        view = self._settings.view
        if view in (ViewMode.SIDE, ViewMode.ABOVE):
            return self._beside(pictures, labels, across=view is ViewMode.SIDE)
        if view is ViewMode.WIPE:
            return self._wiped(pictures, labels, pair)
        if view is ViewMode.DIFFERENCE:
            return self._difference(pictures, labels)
        return self._alone(pictures, labels, self._alone_number(pair))

    def _cell(self, side: str, frame: Frame) -> Picture8:
        known = self._converted.get(side)
        if known is not None and known[0] is frame:
            return known[1]
        picture = enlarged(to_display(frame, size=self._layout.cell), self._layout.cell, smooth=True)
        self._converted[side] = (frame, picture)
        return picture

    def _label(
        self, picture: Picture8, label: tuple[str, str], *, x: int, y: int, width: int, at_right: bool = False
    ) -> None:
        if not self._settings.show_labels:
            return
        size = font_px(self._layout.cell[1])
        margin = size // 2
        place = -(x + width - margin) if at_right else x + margin
        draw_label(picture, *label, x=place, y=y + margin, width=width - 2 * margin, size=size)

    def _beside(self, pictures: list[Picture8], labels: list[tuple[str, str]], *, across: bool) -> Picture8:
        width, height = self._layout.cell
        whole = np.full((self._layout.size[1], self._layout.size[0], 3), _RIM, np.uint8)
        for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
            x = number * (width + GAP_PX) if across else 0
            y = 0 if across else number * (height + GAP_PX)
            whole[y : y + height, x : x + width] = picture
            self._label(whole, label, x=x, y=y, width=width)
        return whole

    def _wiped(self, pictures: list[Picture8], labels: list[tuple[str, str]], pair: Pair) -> Picture8:
        width, height = self._layout.cell
        place = self._settings.wipe
        if self._settings.sweep_s is not None:
            turn = float(pair.time / self._settings.sweep_s + Fraction(self._settings.wipe) / 2) % 1
            place = 2 * turn if turn < 0.5 else 2 - 2 * turn
        line = round(place * width)
        whole = pictures[1].copy()
        whole[:, :line] = pictures[0][:, :line]
        thick = max(1, height // 360)
        for reach, color in ((2 * thick, _RIM), (thick, _LINE)):
            left, right = max(0, line - reach), min(width, line + reach)
            whole[:, left:right] = (whole[:, left:right] // 2 + np.uint8(12)) if color is _RIM else color
        self._label(whole, labels[0], x=0, y=0, width=width // 2)
        self._label(whole, labels[1], x=width // 2, y=0, width=width - width // 2, at_right=True)
        return whole

    def _difference(self, pictures: list[Picture8], labels: list[tuple[str, str]]) -> Picture8:
        width = self._layout.cell[0]
        settings = self._settings
        whole = difference(pictures[0], pictures[1], kind=settings.difference, gain=settings.gain).copy()
        self._label(whole, labels[0], x=0, y=0, width=width // 2)
        self._label(whole, labels[1], x=width // 2, y=0, width=width - width // 2, at_right=True)
        amount = "" if settings.difference is DifferenceKind.LINEAR else f" x {settings.gain:g}"
        text = f"difference, {settings.difference}{amount}"
        size = font_px(self._layout.cell[1])
        bottom = self._layout.cell[1] - size - 2 * max(3, size // 3) - 2 * (size // 2)
        self._label(whole, ("", text), x=0, y=max(0, bottom), width=width)
        return whole

    def _alone_number(self, pair: Pair) -> int:
        if self._settings.view is ViewMode.FLIP:
            return int(pair.time / self._settings.flip_s) % 2
        return int((self._settings.view is ViewMode.B) != self._settings.swap)

    def _alone(self, pictures: list[Picture8], labels: list[tuple[str, str]], number: int) -> Picture8:
        whole = pictures[number].copy()
        self._label(whole, labels[number], x=0, y=0, width=self._layout.cell[0])
        return whole


def as_planes(picture: Picture8) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]:
    """R'G'B' as planes of a Frame."""
    return tuple(np.asarray(plane, np.uint8) for plane in cv2.split(picture))
