"""Optical flow to look at and to keep: the usual colour wheel, and Middlebury's .flo files. No torch here.

The wheel is that of Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011, figure
4: hue says where to, paleness how little, and six ramps between the primaries are as long as the eye tells
hues apart there.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

Flow = NDArray[np.float32]
"""(rows, columns, 2): how far each pixel moves, to the right and down, in pixels."""

RAMPS = (
    (15, (255, 0, 0)),
    (6, (255, 255, 0)),
    (4, (0, 255, 0)),
    (11, (0, 255, 255)),
    (13, (0, 0, 255)),
    (6, (255, 0, 255)),
)
"""Steps of each ramp of the wheel and the colour it begins with; the last ends in the first's."""
TOO_FAR = 0.75
"""What colours are multiplied by where motion is larger than the scale."""
UNKNOWN = 1e9
"""Motion of more than this, or of no number, is unknown and drawn black, as in .flo files."""

FLO_TAG = 202021.25
"""The first four bytes of a .flo file, as a float."""


def largest_motion(flow: Flow) -> float:
    """Length of the longest motion that is known, in pixels; 0 where none is."""
    known, length = _lengths(flow)
    return float(length[known].max(initial=0.0))


def flow_picture(flow: Flow, *, scale_px: float | None = None) -> NDArray[np.uint8]:
    """Flow in colours.

    Args:
        flow: what to draw.
        scale_px: motion that is drawn in full colour; None for the largest in the picture.

    Returns:
        RGB, (rows, columns, 3). No motion is white, motion to the right red, down yellow-green.
    """
    known, length = _lengths(flow)
    scale = largest_motion(flow) if scale_px is None else scale_px
    if scale <= 0:
        scale = 1.0
    relative = np.where(known, length, 0) / scale
    wheel = _wheel()
    # A turn begins at motion to the right and goes on downwards.
    turn = np.arctan2(flow[..., 1], flow[..., 0], where=known, out=np.zeros(known.shape)) / (2 * np.pi) % 1
    place = turn * len(wheel)
    stops = np.arange(len(wheel) + 1)
    hues = np.stack([np.interp(place, stops, np.append(c, c[0])) for c in wheel.T], axis=-1) / 255
    inside = (relative <= 1)[..., None]
    colours = np.where(inside, 1 - relative[..., None] * (1 - hues), hues * TOO_FAR)
    colours[~known] = 0
    return np.asarray(np.rint(255 * colours), np.uint8)


def flo_bytes(flow: Flow) -> bytes:
    """Flow as a .flo file has it: a tag, width, height, and pairs of floats row by row, little-endian."""
    rows, columns = flow.shape[:2]
    return struct.pack("<fii", FLO_TAG, columns, rows) + flow.astype("<f4").tobytes()


def _lengths(flow: Flow) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which motions are known, and how long all are."""
    known = np.asarray((np.abs(flow) < UNKNOWN).all(axis=-1), np.bool_)  # what is no number is not smaller
    across, down = (np.where(known, flow[..., axis], 0).astype(np.float64) for axis in (0, 1))
    return known, np.hypot(across, down)


def _wheel() -> NDArray[np.float64]:
    """The hues around the wheel, (55, 3), each 0 to 255."""
    ends = [colour for _, colour in RAMPS[1:]] + [RAMPS[0][1]]
    parts = [
        np.array(colour) + np.arange(steps)[:, None] / steps * (np.array(end) - np.array(colour))
        for (steps, colour), end in zip(RAMPS, ends, strict=True)
    ]
    return np.concatenate(parts)
