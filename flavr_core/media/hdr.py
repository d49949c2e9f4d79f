"""Mastering display and content light level, said to the encoder in its own words."""

from __future__ import annotations

import re
from collections.abc import Mapping

_POINT = r"\((\d+),(\d+)\)"
_DISPLAY = re.compile(rf"G{_POINT}B{_POINT}R{_POINT}WP{_POINT}L{_POINT}")
_WORDS = {
    "libx264": ("x264-params", "mastering-display", "cll"),
    "libx265": ("x265-params", "master-display", "max-cll"),
    "libsvtav1": ("svtav1-params", "mastering-display", "content-light"),
}
"""For each encoder that can carry them: its option, and its names of the two."""


def hdr_options(
    encoder: str, options: dict[str, str], side_data: Mapping[str, str]
) -> tuple[dict[str, str], str]:
    """The encoder's options with HDR10 metadata added, and a note where it cannot carry it.

    Args:
        encoder: ffmpeg's name.
        options: what it is given besides.
        side_data: ClipInfo.hdr_side_data: `mastering_display` as G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min) in units
            of 0.00002 and 0.0001 cd/m2, and `content_light_level` as max,average in cd/m2.
    """
    display = side_data.get("mastering_display", "")
    light = side_data.get("content_light_level", "")
    if not _DISPLAY.fullmatch(display):
        display = ""
    if not re.fullmatch(r"\d+,\d+", light):
        light = ""
    if not display and not light:
        return options, ""
    if encoder not in _WORDS:
        return options, f"{encoder} cannot carry the mastering display's data; colour tags are carried."
    key, display_name, light_name = _WORDS[encoder]
    parts = [options[key]] if options.get(key) else []
    if display:
        parts.append(f"{display_name}={_in_decimals(display) if encoder == 'libsvtav1' else display}")
    if light:
        parts.append(f"{light_name}={light}")
    return {**options, key: ":".join(parts)}, ""


def _in_decimals(display: str) -> str:
    """The same with CIE coordinates and cd/m2 written out."""
    found = _DISPLAY.fullmatch(display)
    assert found is not None
    numbers = [int(text) for text in found.groups()]
    points = [
        f"({x / 50000:.5f},{y / 50000:.5f})" for x, y in zip(numbers[0:8:2], numbers[1:8:2], strict=True)
    ]
    light = f"({numbers[8] / 10000:.4f},{numbers[9] / 10000:.4f})"
    green, blue, red, white = points
    return f"G{green}B{blue}R{red}WP{white}L{light}"
