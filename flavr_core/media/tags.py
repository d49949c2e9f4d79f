"""What a decoded picture carries beside its pixels: siting, HDR metadata, raw side data."""

from __future__ import annotations

import ctypes
import gc
import re
import struct
from collections.abc import Sequence
from fractions import Fraction

import av
import av.dictionary
import av.logging
from av.filter import Graph
from av.sidedata.sidedata import SideData

from flavr_core.color import Siting
from flavr_core.frame import PixelFamily
from flavr_core.media.layouts import layout_of
from flavr_core.standard_error import standard_error_lines

_SITINGS = {siting.value: siting for siting in Siting}
_PRIMARY_UNITS, _LUMINANCE_UNITS = 50_000, 10_000
"""Units of SMPTE ST 2086 as written in streams: 0.00002 and 0.0001 cd/m2."""


def side_data_of(picture: av.VideoFrame) -> dict[str, bytes] | None:
    """The side data of a decoded picture as raw bytes, by libav's names; None where PyAV cannot list it."""
    try:
        container: Sequence[SideData] = picture.side_data  # type: ignore[assignment]
        found = [container[number] for number in range(len(container))]
        for data in found:
            for held in gc.get_referents(data):
                if isinstance(held, av.dictionary.Dictionary) and len(held):
                    # WORKAROUND(PyAV 18.1): this wrapper frees the side data's metadata (the name of a
                    # PNG's colour profile), and so does the picture: a crash once both are gone. The
                    # wrapper, some hundred bytes, is never let go of.
                    ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))
        return {str(data.type.name): bytes(memoryview(data)) for data in found}
    except ValueError:
        return None  # PyAV knows fewer kinds than libav


def siting_of(picture: av.VideoFrame) -> Siting:
    """Where a picture's chroma samples lie.

    PyAV does not hand the tag on; libav's own `showinfo` filter says it in words.
    """
    layout = layout_of(picture.format.name)
    if layout.format.family is not PixelFamily.YUV:
        return Siting.UNSPECIFIED
    graph = Graph()
    source = graph.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1, 1000)
    )
    graph.link_nodes(source, graph.add("showinfo", "checksum=0"), graph.add("buffersink")).configure()
    # By libav's own writing to the terminal: PyAV's way into Python needs Python's lock in the threads of
    # whatever else is being decoded, and PyAV waits for these with the lock held when it closes a decoder.
    with standard_error_lines() as lines:
        av.logging.restore_default_callback()
        try:
            graph.vpush(picture)
            graph.vpull()
        finally:
            av.logging.set_level(None)
    found = re.search(r"\bcl:(\w+)", " ".join(lines))
    return _SITINGS.get(found[1], Siting.UNSPECIFIED) if found else Siting.UNSPECIFIED


def hdr_side_data(picture: av.VideoFrame) -> dict[str, str]:
    """Mastering display and light level in the words that x265 and SVT-AV1 take, e.g. `1000,400`."""
    data = side_data_of(picture) or {}
    found = {}
    if len(mastering := data.get("MASTERING_DISPLAY_METADATA", b"")) >= 88:
        found["mastering_display"] = _mastering_text(mastering)
    if len(light := data.get("CONTENT_LIGHT_LEVEL", b"")) >= 8:
        found["content_light_level"] = "{},{}".format(*struct.unpack("=2I", light[:8]))
    return {key: text for key, text in found.items() if text}


def _mastering_text(data: bytes) -> str:
    """AVMasteringDisplayMetadata (libavutil/mastering_display_metadata.h) as x265 writes it."""
    numbers = struct.unpack("=22i", data[:88])
    has_primaries, has_luminance = numbers[20], numbers[21]
    if not (has_primaries and has_luminance):
        return ""
    ratios = [
        Fraction(n, d) if d else Fraction(0) for n, d in zip(numbers[0:20:2], numbers[1:20:2], strict=True)
    ]
    red, green, blue, white = (
        tuple(round(value * _PRIMARY_UNITS) for value in ratios[place : place + 2]) for place in (0, 2, 4, 6)
    )
    low, high = (round(value * _LUMINANCE_UNITS) for value in ratios[8:10])
    return (
        f"G({green[0]},{green[1]})B({blue[0]},{blue[1]})R({red[0]},{red[1]})"
        f"WP({white[0]},{white[1]})L({high},{low})"
    )
