"""Words written on pictures of a comparison."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from flavr_core.comparison.views import Picture8

_SYSTEM_FONTS = (
    "DejaVuSans.ttf", "segoeui.ttf", "Helvetica.ttc", "NotoSans-Regular.ttf", "Arial.ttf",
    "NotoSansCJK-Regular.ttc", "msyh.ttc", "PingFang.ttc", "Arial Unicode.ttf",
)  # fmt: skip
"""Looked for among the system's where a text has letters that Pillow's own font lacks: all but English."""
_PLATE = (24, 24, 24)
_PLATE_OPACITY = 0.78
_INK = (245, 245, 245)
_BADGE = (52, 120, 198)


def font_px(height: int) -> int:
    """Size of the letters on a picture of so many rows."""
    return max(11, min(36, round(height / 26)))


_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=32)
def _load(name: str, size: int) -> _Font | None:
    """A font of the system, or Pillow's own for an empty name; None where there is none."""
    if not name:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@lru_cache(maxsize=64)
def _font(letters: frozenset[str], size: int) -> _Font:
    """The first font that has all these letters; Pillow's own where none does."""
    for name in ("", *_SYSTEM_FONTS):
        font = _load(name, size)
        if font is not None and all(_has(font, letter) for letter in letters):
            return font
    return ImageFont.load_default(size)


def _has(font: _Font, letter: str) -> bool:
    """Whether a font draws a letter as something else than its box for unknown ones."""
    return letter.isspace() or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))


def draw_label(picture: Picture8, letter: str, text: str, *, x: int, y: int, width: int, size: int) -> None:
    """Write a badge and words on a dark plate, in place.

    Args:
        picture: (H, W, 3), written into.
        letter: A or B; empty for none.
        text: the words; cut short where there is no room for them.
        x: left end of the room for it; negative lets it end at -x instead.
        y: upper edge.
        width: of the room, in pixels.
        size: of the letters, in pixels.
    """
    font = _font(frozenset(text + "…"), size)
    padding = max(3, size // 3)
    badge = size + 2 * padding if letter else 0
    room = width - badge - 2 * padding
    words = _shortened(text, font, room)
    long = round(font.getlength(words)) + 2 * padding if words else 0
    height = size + 2 * padding
    total = badge + long
    if total <= 0 or total > width or y + height > picture.shape[0]:
        return
    left = x if x >= 0 else -x - total
    plate = np.zeros((height, total, 3), np.float32)
    plate[:] = _PLATE
    under = picture[y : y + height, left : left + total].astype(np.float32)
    plate = under * (1 - _PLATE_OPACITY) + plate * _PLATE_OPACITY
    image = Image.fromarray(np.rint(plate).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    middle = height / 2
    if letter:
        pen.rectangle((0, 0, badge - 1, height - 1), fill=_BADGE)
        pen.text((badge / 2, middle), letter, font=font, fill=_INK, anchor="mm")
    if words:
        pen.text((badge + padding, middle), words, font=font, fill=_INK, anchor="lm")
    picture[y : y + height, left : left + total] = np.asarray(image)


def _shortened(text: str, font: _Font, room: float) -> str:
    if font.getlength(text) <= room:
        return text
    for end in range(len(text) - 1, 0, -1):
        if font.getlength(text[:end] + "…") <= room:
            return text[:end].rstrip() + "…"
    return ""
