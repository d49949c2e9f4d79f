"""How each of ffmpeg's pixel formats lies in memory, and which planar format its pixels are delivered in.

The description is the same for all: where the first sample of each component is, how far to the next
one, and which bits of the word it fills. So one loop in `pixels` reads them all, planar formats
without a copy. Formats that are no plain integers (float, Bayer, CIE XYZ) are listed with the RGB
format that swscale brings them to; those few are the only ones that are not carried bit by bit.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

from flavr_core.errors import MediaError
from flavr_core.frame import PixelFamily, PixelFormat

_SUBSAMPLING = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
_NAMES = {value: key for key, value in _SUBSAMPLING.items()}
_YUV_PLANAR = re.compile(r"^yuv(?P<alpha>a?)(?P<sub>4\d\d)p(?P<depth>\d*)(?P<msb>msb)?$")
_RGB_PLANAR = re.compile(r"^gbr(?P<alpha>a?)p(?P<depth>\d*)(?P<msb>msb)?$")
_GRAY = re.compile(r"^gray(?P<depth>\d*)$")

_PACKED = {
    "rgb24": ("rgb", 1, 8), "bgr24": ("bgr", 1, 8), "rgba": ("rgba", 1, 8), "bgra": ("bgra", 1, 8),
    "argb": ("argb", 1, 8), "abgr": ("abgr", 1, 8), "rgb0": ("rgbx", 1, 8), "bgr0": ("bgrx", 1, 8),
    "0rgb": ("xrgb", 1, 8), "0bgr": ("xbgr", 1, 8), "rgb48": ("rgb", 2, 16), "bgr48": ("bgr", 2, 16),
    "rgba64": ("rgba", 2, 16), "bgra64": ("bgra", 2, 16),
    "ya8": ("ga", 1, 8), "ya16": ("ga", 2, 16),
    "vuya": ("vuya", 1, 8), "vuyx": ("vuyx", 1, 8), "ayuv": ("ayuv", 1, 8), "uyva": ("uyva", 1, 8),
    "vyu444": ("vyu", 1, 8), "ayuv64": ("ayuv", 2, 16), "xv48": ("uyvx", 2, 16), "xv36": ("uyvx", 2, 12),
    "yuyv422": ("yuyv", 1, 8), "yvyu422": ("yvyu", 1, 8), "uyvy422": ("uyvy", 1, 8),
    "y210": ("yuyv", 2, 10), "y212": ("yuyv", 2, 12), "y216": ("yuyv", 2, 16),
}  # fmt: skip
"""Name without endianness: components in memory order (x is filler), bytes a sample, bits in its top."""

_SEMI_PLANAR = {
    "nv12": ("420", "uv", 1, 8, 0), "nv21": ("420", "vu", 1, 8, 0), "nv16": ("422", "uv", 1, 8, 0),
    "nv24": ("444", "uv", 1, 8, 0), "nv42": ("444", "vu", 1, 8, 0), "nv20": ("422", "uv", 2, 10, 0),
    "p010": ("420", "uv", 2, 10, 6), "p012": ("420", "uv", 2, 12, 4), "p016": ("420", "uv", 2, 16, 0),
    "p210": ("422", "uv", 2, 10, 6), "p212": ("422", "uv", 2, 12, 4), "p216": ("422", "uv", 2, 16, 0),
    "p410": ("444", "uv", 2, 10, 6), "p412": ("444", "uv", 2, 12, 4), "p416": ("444", "uv", 2, 16, 0),
}  # fmt: skip
"""Name without endianness: subsampling, order of the second plane, bytes a sample, bits, shift."""

_BITFIELDS = {
    "rgb565": ("rgb", 2, ((11, 5), (5, 6), (0, 5))), "bgr565": ("rgb", 2, ((0, 5), (5, 6), (11, 5))),
    "rgb555": ("rgb", 2, ((10, 5), (5, 5), (0, 5))), "bgr555": ("rgb", 2, ((0, 5), (5, 5), (10, 5))),
    "rgb444": ("rgb", 2, ((8, 4), (4, 4), (0, 4))), "bgr444": ("rgb", 2, ((0, 4), (4, 4), (8, 4))),
    "rgb8": ("rgb", 1, ((5, 3), (2, 3), (0, 2))), "bgr8": ("rgb", 1, ((0, 3), (3, 3), (6, 2))),
    "rgb4_byte": ("rgb", 1, ((3, 1), (1, 2), (0, 1))), "bgr4_byte": ("rgb", 1, ((0, 1), (1, 2), (3, 1))),
    "x2rgb10": ("rgb", 4, ((20, 10), (10, 10), (0, 10))),
    "x2bgr10": ("rgb", 4, ((0, 10), (10, 10), (20, 10))),
    "xv30": ("yuv", 4, ((10, 10), (0, 10), (20, 10))), "v30x": ("yuv", 4, ((12, 10), (2, 10), (22, 10))),
}  # fmt: skip
"""Name without endianness: delivered components, bytes a pixel, (shift, bits) of each."""

_WIDE = {
    "gbrpf16": (2, True), "gbrpf32": (4, True), "gbrapf16": (2, True), "gbrapf32": (4, True),
    "rgbf16": (2, True), "rgbf32": (4, True), "rgbaf16": (2, True), "rgbaf32": (4, True),
    "grayf16": (2, True), "grayf32": (4, True), "yaf16": (2, True), "yaf32": (4, True),
    "gbrap32": (4, False), "rgb96": (4, False), "rgba128": (4, False), "gray32": (4, False),
}  # fmt: skip
"""Name without endianness: bytes a sample, whether it is a float. Delivered with 16 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """Where the samples of one component are, within one plane of an AVFrame."""

    plane: int
    """Number of the AVFrame's plane."""
    step_bytes: int
    """From one sample to the next in a row."""
    offset_bytes: int = 0
    """Of the first sample from the row's start."""
    shift: int = 0
    """Bits below the sample in its word."""
    bits: int = 8
    """Bits of the sample; below 8 they are scaled to 8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one of ffmpeg's pixel formats is read."""

    format: PixelFormat
    """What its pixels are delivered in."""
    components: tuple[Component, ...] = ()
    """One for each delivered plane, in order; empty for the formats that `special` names."""
    word_bytes: int = 1
    """Size of the word that holds a sample: 1, 2 or 4."""
    big_endian: bool = False
    """Byte order of that word."""
    full_range: bool = False
    """Whether the name itself says full range (yuvj420p and the like)."""
    is_float: bool = False
    """Whether the words are IEEE floats, 1.0 the brightest."""
    special: str = ""
    """`pal8`, `mono`, `uyyvyy411`, `wide` or `swscale`: read by code of its own."""
    note: str = ""
    """What a user should know when frames are not carried bit by bit; empty when they are."""


def pixel_format_name(format: PixelFormat) -> str:
    """ffmpeg's name of a planar format, little endian: yuv420p, yuv422p10le, gbrap, gray12le.

    Raises:
        ValueError: when ffmpeg has no such planar format (gray with alpha, 11 bits a sample).
    """
    alpha = "a" if format.has_alpha else ""
    depth = "" if format.depth == 8 else f"{format.depth}le"
    if format.family is PixelFamily.YUV:
        name = f"yuv{alpha}{_NAMES.get((format.log2_chroma_w, format.log2_chroma_h), '?')}p{depth}"
    elif format.family is PixelFamily.RGB:
        name = f"gbr{alpha}p{depth}"
    else:
        name = f"gray{alpha}{depth}"
    if name not in PLANAR_NAMES:
        raise ValueError(f"no planar pixel format for {format}")
    return name


def pixel_format_from_name(name: str) -> PixelFormat:
    """The planar format in which pixels stored as `name` are delivered; inverse of pixel_format_name.

    Raises:
        MediaError: when the format is unknown or lives on a device.
    """
    return layout_of(name).format


def _planar_layout(
    family: PixelFamily, *, depth: int, sub: str = "444", alpha: bool = False, shift: int = 0
) -> Layout:
    log2_w, log2_h = _SUBSAMPLING[sub]
    format_ = PixelFormat(
        family=family, depth=depth, log2_chroma_w=log2_w, log2_chroma_h=log2_h, has_alpha=alpha
    )
    word = 1 if depth == 8 else 2
    order = (2, 0, 1, 3) if family is PixelFamily.RGB else (0, 1, 2, 3)
    components = tuple(
        Component(plane=plane, step_bytes=word, shift=shift, bits=depth)
        for plane in order[: format_.num_planes]
    )
    return Layout(format=format_, components=components, word_bytes=word)


def _parse_planar(name: str) -> Layout | None:
    if name.startswith("yuvj"):
        base = _parse_planar("yuv" + name[4:])
        return replace(base, full_range=True) if base else None
    for pattern, family in (
        (_YUV_PLANAR, PixelFamily.YUV), (_RGB_PLANAR, PixelFamily.RGB), (_GRAY, PixelFamily.GRAY)
    ):  # fmt: skip
        match = pattern.match(name)
        if match and (depth := int(match["depth"] or 8)) <= 16:
            parts = match.groupdict()
            return _planar_layout(
                family,
                depth=depth,
                sub=parts.get("sub") or "444",
                alpha=bool(parts.get("alpha")),
                shift=16 - depth if parts.get("msb") else 0,
            )
    return None


def _packed_layout(order: str, word: int, depth: int) -> Layout:
    positions: dict[str, list[int]] = {}
    for place, letter in enumerate(order):
        positions.setdefault(letter, []).append(place)
    wanted = "ggg" if "g" in order and "r" not in order else ("rgb" if "r" in order else "yuv")
    subsampled = len(positions.get("y", ())) == 2
    if "a" in order:
        wanted += "a"
    components = []
    for letter in wanted:
        places = positions[letter]
        step = len(order) // len(places) * word
        components.append(
            Component(
                plane=0,
                step_bytes=step,
                offset_bytes=places[0] * word,
                shift=word * 8 - depth,
                bits=depth,
            )
        )
    format_ = PixelFormat(
        family=PixelFamily.YUV if "y" in order else PixelFamily.RGB,
        depth=depth,
        log2_chroma_w=int(subsampled),
        has_alpha="a" in order,
    )
    return Layout(format=format_, components=tuple(components), word_bytes=word)


def _semi_planar_layout(sub: str, order: str, word: int, depth: int, shift: int) -> Layout:
    log2_w, log2_h = _SUBSAMPLING[sub]
    chroma = tuple(
        Component(
            plane=1,
            step_bytes=2 * word,
            offset_bytes=order.index(letter) * word,
            shift=shift,
            bits=depth,
        )
        for letter in "uv"
    )
    return Layout(
        format=PixelFormat(family=PixelFamily.YUV, depth=depth, log2_chroma_w=log2_w, log2_chroma_h=log2_h),
        components=(Component(plane=0, step_bytes=word, shift=shift, bits=depth), *chroma),
        word_bytes=word,
    )


def _bitfield_layout(letters: str, word: int, fields: tuple[tuple[int, int], ...]) -> Layout:
    depth = max(8, *(bits for _, bits in fields))
    return Layout(
        format=PixelFormat(family=PixelFamily.RGB if letters == "rgb" else PixelFamily.YUV, depth=depth),
        components=tuple(
            Component(plane=0, step_bytes=word, shift=shift, bits=bits) for shift, bits in fields
        ),
        word_bytes=word,
    )


def _special_layout(name: str) -> Layout | None:
    rgb = PixelFamily.RGB
    if name == "pal8":
        # Whether the palette is opaque is a matter of each picture; alpha is always delivered.
        return Layout(format=PixelFormat(family=rgb, has_alpha=True), special="pal8")
    if name in ("monow", "monob"):
        return Layout(format=PixelFormat(family=PixelFamily.GRAY), special="mono", full_range=True)
    if name == "uyyvyy411":
        return Layout(format=PixelFormat(family=PixelFamily.YUV, log2_chroma_w=2), special="uyyvyy411")
    if name.startswith("bayer"):
        return Layout(
            format=PixelFormat(family=rgb, depth=8 if name.endswith("8") else 16),
            special="swscale",
            note="Bayer pixels are developed to RGB by swscale.",
        )
    if name == "xyz12":
        how = "CIE XYZ pixels are converted to 16-bit RGB by swscale."
        return Layout(format=PixelFormat(family=rgb, depth=16), special="swscale", note=how)
    return _wide_layout(name) if name in _WIDE else None


def _wide_layout(name: str) -> Layout:
    """Floats and 32-bit integers, which are rounded to 16 bits: where their samples lie."""
    word, is_float = _WIDE[name]
    if name.startswith("gb"):
        places = [(plane, word, 0) for plane in ((2, 0, 1, 3) if "ap" in name else (2, 0, 1))]
    else:
        order = {"rgba": "rgba", "rgb": "rgb", "gray": "g", "ya": "ga"}[name.rstrip("f0123456789")]
        wanted = order.replace("g", "ggg") if order == "ga" else order
        places = [(0, len(order) * word, order.index(letter) * word) for letter in wanted]
    family = PixelFamily.GRAY if name.startswith("gray") else PixelFamily.RGB
    return Layout(
        format=PixelFormat(family=family, depth=16, has_alpha=len(places) == 4),
        components=tuple(
            Component(plane=plane, step_bytes=step, offset_bytes=offset, bits=8 * word)
            for plane, step, offset in places
        ),
        word_bytes=word,
        is_float=is_float,
        special="wide",
        note="Float pixels are clipped to 0..1 and rounded to 16-bit integers."
        if is_float
        else "Pixels of 32 bits a sample are rounded to 16 bits.",
    )


@functools.cache
def layout_of(name: str) -> Layout:
    """How ffmpeg's pixel format `name` is read.

    Raises:
        MediaError: when the format is unknown here or lives on a device.
    """
    base = name.removesuffix("be").removesuffix("le")
    layout = _parse_planar(base) or _special_layout(base)
    if layout is None and base in _PACKED:
        layout = _packed_layout(*_PACKED[base])
    elif layout is None and base in _SEMI_PLANAR:
        layout = _semi_planar_layout(*_SEMI_PLANAR[base])
    elif layout is None and base in _BITFIELDS:
        layout = _bitfield_layout(*_BITFIELDS[base])
    if layout is None:
        raise MediaError(
            f"Pixels stored as '{name}' cannot be read.",
            "Convert the clip to a common pixel format, such as yuv420p, first.",
        )
    return replace(layout, big_endian=name.endswith("be"))


def _planar_names() -> frozenset[str]:
    depths = {"420": (8, 9, 10, 12, 14, 16), "440": (8, 10, 12), "411": (8,), "410": (8,)}
    alpha_depths = {"420": (8, 9, 10, 16), "422": (8, 9, 10, 12, 16), "444": (8, 9, 10, 12, 16)}
    names = {f"gray{d if d > 8 else ''}{'le' if d > 8 else ''}" for d in (8, 9, 10, 12, 14, 16)}
    for sub in _SUBSAMPLING:
        for depth in depths.get(sub, depths["420"]):
            names.add(f"yuv{sub}p" + (f"{depth}le" if depth > 8 else ""))
        for depth in alpha_depths.get(sub, ()):
            names.add(f"yuva{sub}p" + (f"{depth}le" if depth > 8 else ""))
    for depth in (8, 9, 10, 12, 14, 16):
        names.add("gbrp" + (f"{depth}le" if depth > 8 else ""))
        if depth != 9:
            names.add("gbrap" + (f"{depth}le" if depth > 8 else ""))
    return frozenset(names)


PLANAR_NAMES = _planar_names()
"""ffmpeg's names of all planar integer formats that a PixelFormat can be."""
