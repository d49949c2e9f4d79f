"""Words written on pictures of a comparison."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from flavr_core.comparison.views import Picture8

_OTHER_FONTS = (
    "NotoSansCJK-Regular.ttc", "msyh.ttc", "PingFang.ttc", "Arial Unicode.ttf", "NotoSans-Regular.ttf",
    "DejaVuSans.ttf", "segoeui.ttf",
)  # fmt: skip
"""Looked for among the system's where a text is not in Latin letters, which Pillow's own font has alone."""
_PLATE = (24, 24, 24)
_PLATE_OPACITY = 0.78
_INK = (245, 245, 245)
_BADGE = (52, 120, 198)


def font_px(height: int) -> int:
    """Size of the letters on a picture of so many rows."""
    return max(11, min(36, round(height / 26)))


@lru_cache(maxsize=8)
def _font(size: int, *, latin: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in () if latin else _OTHER_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 0x250 or letter in "½·–—→…×−" for letter in text)


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
    font = _font(size, latin=_is_latin(text))
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


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    if font.getlength(text) <= room:
        return text
    for end in range(len(text) - 1, 0, -1):
        if font.getlength(text[:end] + "…") <= room:
            return text[:end].rstrip() + "…"
    return ""
