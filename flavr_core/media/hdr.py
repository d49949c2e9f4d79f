"""Mastering display and content light level: read off the source's first frame, said to the encoder."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

import av
import av.error
from av.buffer import Buffer

from flavr_core.clip import ClipInfo, ClipKind

_MASTERING_BYTES = 88
"""Size of AVMasteringDisplayMetadata: ten AVRational and two ints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HdrTags:
    """HDR10 static metadata."""

    primaries: tuple[tuple[Fraction, Fraction], ...] = ()
    """CIE x, y of red, green, blue and white of the mastering display; empty when not known."""
    luminance: tuple[Fraction, Fraction] | None = None
    """Least and greatest cd/m2 of the mastering display."""
    max_cll: int = 0
    """Brightest pixel, cd/m2."""
    max_fall: int = 0
    """Brightest frame's mean, cd/m2."""


def hdr_tags(info: ClipInfo) -> HdrTags | None:
    """HDR10 metadata of the source's first frame; None where it has none."""
    if info.kind is not ClipKind.VIDEO or info.color.transfer not in (16, 18):
        return None
    mastering = light = b""
    try:
        with av.open(str(info.path), metadata_errors="replace") as container:
            frame = next(container.decode(video=0), None)
            if frame is not None:
                mastering = _side_data(frame, "MASTERING_DISPLAY_METADATA")
                light = _side_data(frame, "CONTENT_LIGHT_LEVEL")
    except av.error.FFmpegError:
        return None
    return parse_hdr(mastering, light)


def _side_data(frame: av.VideoFrame, name: str) -> bytes:
    found = frame.side_data.get(name)
    return bytes(found) if isinstance(found, Buffer) else b""


def parse_hdr(mastering: bytes, light: bytes) -> HdrTags | None:
    """AVMasteringDisplayMetadata and AVContentLightMetadata, as libav lays them out in memory."""
    primaries: tuple[tuple[Fraction, Fraction], ...] = ()
    luminance = None
    if len(mastering) >= _MASTERING_BYTES:
        numbers = struct.unpack_from("=22i", mastering)
        values = [Fraction(numbers[i], numbers[i + 1] or 1) for i in range(0, 20, 2)]
        if numbers[20]:
            primaries = tuple((values[i], values[i + 1]) for i in range(0, 8, 2))
        if numbers[21]:
            luminance = (values[8], values[9])
    max_cll, max_fall = struct.unpack_from("=2I", light) if len(light) >= 8 else (0, 0)
    if not (primaries and luminance) and not max_cll:
        return None
    return HdrTags(primaries=primaries, luminance=luminance, max_cll=max_cll, max_fall=max_fall)


def hdr_options(encoder: str, options: dict[str, str], tags: HdrTags) -> tuple[dict[str, str], str]:
    """The encoder's options with the tags added, and a note where it cannot carry them."""
    key = {"libx264": "x264-params", "libx265": "x265-params", "libsvtav1": "svtav1-params"}.get(encoder)
    if key is None:
        return options, f"{encoder} cannot carry the mastering display's data; colour tags are carried."
    decimals = encoder == "libsvtav1"
    parts = [options[key]] if options.get(key) else []
    if tags.primaries and tags.luminance:
        name = {"libx264": "mastering-display", "libx265": "master-display", "libsvtav1": "mastering-display"}
        parts.append(f"{name[encoder]}={_display(tags, decimals=decimals)}")
    if tags.max_cll:
        name = {"libx264": "cll", "libx265": "max-cll", "libsvtav1": "content-light"}
        parts.append(f"{name[encoder]}={tags.max_cll},{tags.max_fall}")
    return {**options, key: ":".join(parts)}, ""


def _display(tags: HdrTags, *, decimals: bool) -> str:
    """G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min), in units of 0.00002 and 0.0001 cd/m2, or plain for SVT-AV1."""
    assert tags.luminance is not None
    red, green, blue, white = tags.primaries

    def point(xy: tuple[Fraction, Fraction]) -> str:
        if decimals:
            return f"({float(xy[0]):.5f},{float(xy[1]):.5f})"
        return f"({round(xy[0] * 50000)},{round(xy[1] * 50000)})"

    low, high = tags.luminance
    if decimals:
        light = f"({float(high):.4f},{float(low):.4f})"
    else:
        light = f"({round(high * 10000)},{round(low * 10000)})"
    return f"G{point(green)}B{point(blue)}R{point(red)}WP{point(white)}L{light}"
