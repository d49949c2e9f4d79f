"""Delays, loop count and size of animated images, read from their headers exactly as stored.

GIF89a, APNG (PNG third edition, 11.3.6) and WebP (RFC 9649). A file that ends early gives what came
before its end. libav rounds APNG delays, keeps GIF delays that no viewer keeps, and hides loop counts.
"""

from __future__ import annotations

import math
import struct
from array import array
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

_SLOW = Fraction(1, 10)
"""What browsers show a picture for whose delay is none or next to none."""
_FINEST_TIME_BASE = 1_000_000
_MAX_PICTURES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Animation:
    """What an animated image says of itself."""

    delays: tuple[Fraction, ...]
    """Seconds for which each picture is shown, as viewers show it."""
    loop: int
    """How often it plays; 0 for ever."""
    width: int
    """Columns of the canvas."""
    height: int
    """Rows of the canvas."""
    has_alpha: bool = True
    """Whether the file says that it may be see-through (WebP); true where it does not say."""
    num_slowed: int = 0
    """Pictures whose stored delay was too short to be meant."""

    def notes(self) -> tuple[str, ...]:
        """What was changed."""
        if not self.num_slowed:
            return ()
        return (
            f"{self.num_slowed} pictures ask for next to no delay; they are shown for 0.1 s, as browsers do.",
        )

    def times(self, count: int) -> tuple[array[int], int, Fraction]:
        """(times of `count` pictures, end, time base); exact where a time base of a microsecond can be."""
        delays = [*self.delays[:count], *[_SLOW] * (count - len(self.delays))]
        denominator = math.lcm(*{delay.denominator for delay in delays})
        denominator = min(denominator, _FINEST_TIME_BASE)
        moments, now = array("q"), Fraction(0)
        for delay in delays:
            moments.append(round(now * denominator))
            now += delay
        return moments, max(round(now * denominator), moments[-1] + 1), Fraction(1, denominator)


def kind_of_animation(path: Path) -> str | None:
    """`gif`, `apng` or `webp` when the file's first bytes say that it is an animated image."""
    with path.open("rb") as file:
        head = file.read(64)
        if head[:6] in (b"GIF87a", b"GIF89a"):
            return "gif"
        if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) > 20 and head[20] & 0x02:
            return "webp"
        if head[:8] == b"\x89PNG\r\n\x1a\n":
            for kind, _ in _png_chunks(file):
                if kind == b"acTL":
                    return "apng"
                if kind == b"IDAT":
                    return None
    return None


def read_animation(path: Path) -> Animation:
    """The headers of a file that `kind_of_animation` knows."""
    kind = kind_of_animation(path)
    with path.open("rb") as file:
        if kind == "gif":
            return _read_gif(file)
        return _read_apng(file) if kind == "apng" else _read_webp(file)


def _slowed(delays: list[Fraction], shortest: Fraction) -> tuple[tuple[Fraction, ...], int]:
    fixed = tuple(_SLOW if delay < shortest else delay for delay in delays)
    return fixed, sum(delay < shortest for delay in delays)


def _read_gif(file: BinaryIO) -> Animation:
    width, height, flags = struct.unpack("<HHB", file.read(13)[6:11].ljust(5, b"\0"))
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)
    delays: list[Fraction] = []
    delay, loop = Fraction(0), 1
    while len(delays) < _MAX_PICTURES:
        mark = file.read(1)
        if mark == b"\x21":
            label = file.read(1)
            blocks = _gif_blocks(file)
            if label == b"\xf9" and blocks and len(blocks[0]) >= 4:
                delay = Fraction(int.from_bytes(blocks[0][1:3], "little"), 100)
            elif label == b"\xff":
                loop = _gif_loop(blocks, loop)
        elif mark == b"\x2c":
            descriptor = file.read(9)
            if len(descriptor) < 9:
                break
            if descriptor[8] & 0x80:
                file.seek(3 << ((descriptor[8] & 7) + 1), 1)
            file.read(1)
            _gif_blocks(file)
            delays.append(delay)
            delay = Fraction(0)
        elif mark != b"\0":
            break
    fixed, slowed = _slowed(delays, Fraction(2, 100))
    return Animation(delays=fixed, loop=loop, width=width, height=height, num_slowed=slowed)


def _gif_loop(blocks: list[bytes], otherwise: int) -> int:
    """How often a GIF plays, when these blocks of an application extension say so."""
    if blocks[:1] not in ([b"NETSCAPE2.0"], [b"ANIMEXTS1.0"]) or len(blocks) < 2:
        return otherwise
    if len(blocks[1]) < 3 or blocks[1][0] & 7 != 1:
        return otherwise
    # The number counts repeats; browsers play once more.
    repeats = int.from_bytes(blocks[1][1:3], "little")
    return repeats + 1 if repeats else 0


def _gif_blocks(file: BinaryIO) -> list[bytes]:
    """The sub-blocks up to the terminator; the first few are kept."""
    blocks: list[bytes] = []
    while size := file.read(1):
        if size == b"\0":
            break
        block = file.read(size[0])
        if len(blocks) < 2:
            blocks.append(block)
    return blocks


def _png_chunks(file: BinaryIO) -> list[tuple[bytes, bytes]]:
    """(type, first 26 bytes) of every chunk."""
    found: list[tuple[bytes, bytes]] = []
    file.seek(8)
    while len(head := file.read(8)) == 8 and len(found) < 4 * _MAX_PICTURES:
        size, kind = struct.unpack(">I4s", head)
        found.append((kind, file.read(min(size, 26))))
        file.seek(max(0, size - 26) + 4, 1)
        if kind == b"IEND":
            break
    return found


def _read_apng(file: BinaryIO) -> Animation:
    delays: list[Fraction] = []
    width = height = 0
    loop = 0
    for kind, data in _png_chunks(file):
        if kind == b"IHDR" and len(data) >= 8:
            width, height = struct.unpack(">II", data[:8])
        elif kind == b"acTL" and len(data) >= 8:
            loop = struct.unpack(">I", data[4:8])[0]
        elif kind == b"fcTL" and len(data) >= 24:
            above, below = struct.unpack(">HH", data[20:24])
            delays.append(Fraction(above, below or 100))
    fixed, slowed = _slowed(delays, Fraction(11, 1000))
    return Animation(delays=fixed, loop=loop, width=width, height=height, num_slowed=slowed)


def _read_webp(file: BinaryIO) -> Animation:
    delays: list[Fraction] = []
    width = height = 0
    loop, flags = 1, 0
    file.seek(12)
    while len(head := file.read(8)) == 8 and len(delays) < _MAX_PICTURES:
        kind, size = struct.unpack("<4sI", head)
        data = file.read(min(size, 16))
        file.seek(size - len(data) + size % 2, 1)
        if kind == b"VP8X" and len(data) >= 10:
            flags = data[0]
            width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (4, 7))
        elif kind == b"ANIM" and len(data) >= 6:
            loop = int.from_bytes(data[4:6], "little")
        elif kind == b"ANMF" and len(data) >= 16:
            delays.append(Fraction(int.from_bytes(data[12:15], "little"), 1000))
    fixed, slowed = _slowed(delays, Fraction(11, 1000))
    return Animation(
        delays=fixed, loop=loop, width=width, height=height, has_alpha=bool(flags & 0x10), num_slowed=slowed
    )
