"""H.264 whose fields are coded one by one, which no encoder of libav writes: plain I_PCM, by hand.

Follows ITU-T H.264, 7.3: a sequence without frame_mbs_only, and for each frame two field pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SIZE = (32, 32)


class _Bits:
    def __init__(self) -> None:
        self.text = ""

    def u(self, value: int, count: int) -> _Bits:
        self.text += format(value, f"0{count}b")
        return self

    def ue(self, *values: int) -> _Bits:
        for value in values:
            code = format(value + 1, "b")
            self.text += "0" * (len(code) - 1) + code
        return self

    def align(self) -> _Bits:
        self.text += "0" * (-len(self.text) % 8)
        return self

    def raw(self, data: bytes) -> _Bits:
        self.text += "".join(format(byte, "08b") for byte in data)
        return self

    def nal(self, kind: int) -> bytes:
        bits = self.text + "1"
        bits += "0" * (-len(bits) % 8)
        return b"\0\0\0\1" + bytes([0x60 | kind]) + int(bits, 2).to_bytes(len(bits) // 8, "big")


def _sequence() -> bytes:
    parameters = _Bits().u(77, 8).u(0, 8).u(30, 8).ue(0, 0, 2, 1).u(0, 1).ue(1, 0)
    parameters.u(0b001, 3).u(0, 2)  # fields allowed, no MBAFF, 8x8 inference; no cropping, no VUI
    picture = _Bits().ue(0, 0).u(0, 2).ue(0, 0, 0).u(0, 3).ue(0, 0, 0).u(0b100, 3)
    return parameters.nal(7) + picture.nal(8)


def _field(luma: np.ndarray, *, bottom: int, number: int) -> bytes:
    """One field of 32 x 16 samples, gray chroma."""
    slice_ = _Bits().ue(0, 7, 0).u(0, 4).u(1, 1).u(bottom, 1)
    if bottom:
        slice_.u(0, 1)
    else:
        slice_.ue(number % 2).u(0, 2)
    slice_.ue(0, 1)
    for block in range(2):
        slice_.ue(25).align().raw(luma[:, 16 * block : 16 * block + 16].tobytes()).raw(bytes([128]) * 128)
    return slice_.nal(1 if bottom else 5)


def field_coded_h264(frames: Sequence[np.ndarray]) -> bytes:
    """An elementary stream of frames of 32 x 32 luma samples, 16 to 235, top field first."""
    stream = b""
    for number, luma in enumerate(frames):
        stream += _sequence()
        stream += _field(luma[0::2], bottom=0, number=number) + _field(luma[1::2], bottom=1, number=number)
    return stream
