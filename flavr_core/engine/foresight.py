"""How long a gap will take here, found out by drawing a small one: a network's work goes with the pixels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from fractions import Fraction

import cv2
import numpy as np

from flavr_core.color import ColorSpec
from flavr_core.engine.engine import Engine
from flavr_core.engine.idle_threads import end_idle_threads
from flavr_core.engine.processor import usable_cpus
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.model.planes import PlaneNetwork

PIECE_PX = 256
"""Side of the picture that is drawn first; larger ones follow while that is quick."""
_QUICK_S, _ENOUGH_S = 0.1, 0.6
"""A draw that is long enough to go by, and all of them together."""
_MOST_DRAWN = 5
"""So often the last size is drawn."""
_BLOCK_PX, _SHIFT_PX = 12, 3
"""Grain of the picture, and how far it moves from frame to frame."""
_LAYOUT = PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1)


def foreseen_gap_s(engine: Engine, positions: Sequence[Fraction]) -> float | None:
    """Seconds for drawing a gap of the engine's pictures on a CPU that has little else to do.

    Args:
        engine: who draws; what it remembers stays as it is.
        positions: places to be drawn.

    Returns:
        None on a GPU, which needs no warning, and where nothing is to be drawn.

    Raises:
        DeviceError: when the network fails.
    """
    if not positions or engine.memory_bytes():
        return None
    try:
        return _measured_gap_s(engine, tuple(positions))
    finally:
        end_idle_threads()


def _measured_gap_s(engine: Engine, positions: tuple[Fraction, ...]) -> float:
    """The same where something is to be drawn on a CPU."""
    side = PIECE_PX
    while True:
        width, height = min(engine.width, side), min(engine.height, side)
        took_s = _piece_s(engine, positions, width, height)
        if took_s >= _QUICK_S or (width, height) == (engine.width, engine.height):
            return took_s * (engine.width * engine.height) / (width * height)
        side *= 2


def _piece_s(engine: Engine, positions: tuple[Fraction, ...], width: int, height: int) -> float:
    """Seconds for a gap of pictures of that size.

    The shortest of several, as the first warms up (which is little where one takes long) and others are hit
    by what else the machine does. Threads that wait for each other lose far more there than they would draw,
    so no more counts than they computed.
    """
    inputs = engine.network.num_inputs
    frames = _moving_frames(width, height, count=inputs + _MOST_DRAWN)
    draw = _drawing(engine, width, height)
    threads = 0 if engine.draws_planes else usable_cpus()
    times: list[float] = []
    began_s = time.perf_counter()
    for first in range(_MOST_DRAWN):
        wall_s, busy_s = time.perf_counter(), time.process_time()
        draw(frames[first : first + inputs], positions)
        wall_s, busy_s = time.perf_counter() - wall_s, time.process_time() - busy_s
        times.append(min(wall_s, busy_s / threads) if threads else wall_s)
        if time.perf_counter() - began_s > _ENOUGH_S:
            break
    return min(times)


def _drawing(
    engine: Engine, width: int, height: int
) -> Callable[[list[Frame], tuple[Fraction, ...]], object]:
    """What draws a gap of pictures of that size, as the engine would."""
    if isinstance(engine.network, PlaneNetwork):
        return engine.network.interpolate_frames
    from flavr_core.engine.tensors import TensorDrawing

    drawing = TensorDrawing(engine.network, width=width, height=height)
    return lambda frames, positions: drawing.draw([frames], positions)


def _moving_frames(width: int, height: int, *, count: int) -> list[Frame]:
    """Blurred blocks that pan, 4:2:0 with 8 bits, always the same."""
    random = np.random.default_rng(20210123)
    reach = (count - 1) * _SHIFT_PX  # all frames are parts of one wide picture
    blocks = (-(-height // _BLOCK_PX), -(-(width + reach) // _BLOCK_PX))
    coarse = random.integers(0, 256, blocks, dtype=np.uint8)
    wide = cv2.resize(coarse, (width + reach, height), interpolation=cv2.INTER_LINEAR)
    gray = np.full(_LAYOUT.plane_shape(1, width=width, height=height), 128, dtype=np.uint8)
    return [
        Frame(
            planes=(np.ascontiguousarray(wide[:, left : left + width], dtype=np.uint8), gray, gray),
            format=_LAYOUT,
            color=ColorSpec(),
            time=Fraction(number),
            index=number,
        )
        for number, left in enumerate(range(0, reach + 1, _SHIFT_PX))
    ]
