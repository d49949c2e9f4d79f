"""HDR and wide colours brought to what an ordinary screen shows: tables and a matrix.

Signals are made linear by a table, brought to the primaries of BT.709 by a matrix, and made a signal
again by a second table, so that a picture of any size takes three passes of table, matrix and table.

PQ (SMPTE ST 2084) is mapped by the EETF of ITU-R BT.2390 (section 5.4.1.1) from a master of 1000 cd/m2 to a
white of 203 cd/m2 (ITU-R BT.2408), channel by channel; HLG (ITU-R BT.2100) becomes light on a screen of
1000 cd/m2, its system gamma of 1.2 taken channel by channel, and goes the same way. Screens are taken for
gamma 2.4 (BT.1886) with the primaries of BT.709.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flavr_core.color import ColorSpec

PQ, HLG = 16, 18
"""H.273 transfer characteristics of HDR."""
MASTER_NITS = 1000.0
"""Brightest light that is told apart."""
WHITE_NITS = 203.0
"""Light that becomes the screen's white."""
GAMMA = 2.4
"""Of the screen."""
LEVELS = 65536
"""Entries of the tables: signals of 16 bits."""

_WHITE_D65 = (0.3127, 0.3290)
_CHROMATICITIES = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _WHITE_D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _WHITE_D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _WHITE_D65),
}
"""Red, green, blue, white of H.273 primaries that differ from BT.709's to the eye: BT.2020 and the P3s."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToneMap:
    """How signals become signals of the screen. Convention: signals of 16 bits, full range, R'G'B'."""

    to_linear: NDArray[np.float32]
    """Light for each signal, 1 the screen's white; (LEVELS,)."""
    gamut: NDArray[np.float64]
    """Linear light to BT.709's primaries; (3, 3)."""
    is_hdr: bool
    """Whether brightness was mapped, and not primaries alone."""


@lru_cache(maxsize=16)
def tone_map(primaries: int, transfer: int) -> ToneMap | None:
    """How such colours are brought to the screen; None where they are shown as they are."""
    is_hdr = transfer in (PQ, HLG)
    # HDR without primaries is BT.2020 by all standards that define it.
    known = 9 if is_hdr and primaries not in _CHROMATICITIES else primaries
    if not is_hdr and known not in (9, 11, 12):
        return None
    signal = np.linspace(0, 1, LEVELS)
    if is_hdr:
        nits = pq_nits(signal) if transfer == PQ else hlg_nits(signal)
        light = compressed_nits(nits) / WHITE_NITS
    else:
        light = signal**GAMMA
    return ToneMap(to_linear=light.astype(np.float32), gamut=_to_bt709(known), is_hdr=is_hdr)


@lru_cache(maxsize=1)
def to_signal() -> NDArray[np.uint16]:
    """Signals of the screen, 16 bits, for the square root of light in 16 bits; (LEVELS,).

    The root spreads dark light over many entries, where the signal rises fast.
    """
    light = np.linspace(0, 1, LEVELS) ** 2
    return np.rint(light ** (1 / GAMMA) * (LEVELS - 1)).astype(np.uint16)


def notice(color: ColorSpec) -> str:
    """What a user should know of how such colours are shown: one sentence, or nothing."""
    mapped = tone_map(color.primaries, color.transfer)
    if mapped is None:
        return ""
    if not mapped.is_hdr:
        return "Wide colours are fitted to those of an ordinary screen."
    name = "PQ" if color.transfer == PQ else "HLG"
    return f"HDR ({name}) is tone-mapped for an ordinary screen; the file keeps its own brightness."


def pq_nits(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light in cd/m2 for a PQ signal in [0, 1] (ST 2084, the EOTF)."""
    root = signal ** (32 / 2523)
    return np.asarray(
        10000 * (np.maximum(root - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * root)) ** (16384 / 2610)
    )


def pq_signal(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of pq_nits."""
    root = (np.asarray(nits) / 10000) ** (2610 / 16384)
    return np.asarray(((3424 / 4096 + 2413 / 128 * root) / (1 + 2392 / 128 * root)) ** (2523 / 32))


def hlg_nits(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light in cd/m2 on a screen of 1000 for an HLG signal in [0, 1] (BT.2100, table 5)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(MASTER_NITS * scene**1.2)


def compressed_nits(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light up to MASTER_NITS brought below WHITE_NITS: unchanged where dark, rolled off where bright."""
    top = pq_signal(np.array(MASTER_NITS))
    value = np.clip(pq_signal(nits) / top, 0, 1)
    most = pq_signal(np.array(WHITE_NITS)) / top
    knee = 1.5 * most - 0.5
    t = np.maximum(value - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    )
    return np.minimum(pq_nits(np.where(value < knee, value, spline) * top), WHITE_NITS)


def _to_xyz(primaries: int) -> NDArray[np.float64]:
    """Linear RGB to CIE XYZ, white as D65 whatever the system's own; (3, 3)."""
    *points, white = _CHROMATICITIES[primaries]
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in points]).T
    x, y = white
    return np.asarray(columns * np.linalg.solve(columns, np.array([x / y, 1.0, (1 - x - y) / y])))


def _to_bt709(primaries: int) -> NDArray[np.float64]:
    """Linear RGB of some primaries to those of BT.709, white staying white; (3, 3)."""
    matrix = np.linalg.solve(_to_xyz(1), _to_xyz(primaries))
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))
