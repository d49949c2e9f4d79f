"""How long a network takes for one picture, alone and with the conversion of frames around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from statistics import median

import numpy as np

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.engine import create_engine
from flavr_core.engine.engine import Engine
from flavr_core.frame import Frame, FrameWindow, PixelFamily, PixelFormat, PlannedFrame
from flavr_core.model.planes import PlaneNetwork
from flavr_core.settings import CutMode, EngineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRow:
    """One network at one size."""

    network: str
    """Its name."""
    width: int
    """Columns of the pictures."""
    height: int
    """Rows of the pictures."""
    draw_ms: float | None
    """Median time of the network alone, pictures on its device already; None where it takes no tensors."""
    frame_ms: float
    """Median time from frames to a frame."""
    device_bytes: int | None
    """Most memory that was allocated on the GPU; None on a CPU."""
    drawn_by: str
    """Device, precision and way."""


def time_network(
    settings: EngineSettings,
    *,
    width: int,
    height: int,
    position: Fraction = Fraction(1, 2),
    runs: int = 10,
    warm_up: int = 2,
) -> NetworkRow:
    """Measure one network; the device is waited for before and after each run.

    Raises:
        FlavrError: when the network or its device cannot be had.
    """
    with create_engine(settings, width=width, height=height) as engine:
        grid = engine.network.positions
        place = position if grid is None else min(grid, key=lambda one: abs(one - position))
        windows = _windows(width, height, place, count=runs + warm_up)
        wait, device_bytes = _on_device(engine)
        times = [
            _timed(partial(engine.interpolate, window, cut_mode=CutMode.IGNORE), wait) for window in windows
        ]
        frame_ms = median(times[warm_up:]) * 1e3
        draw_ms = None
        if not isinstance(engine.network, PlaneNetwork):
            draw_ms = _draw_ms(engine, place, wait, runs=runs, warm_up=warm_up)
        return NetworkRow(
            network=engine.network.name,
            width=width,
            height=height,
            draw_ms=draw_ms,
            frame_ms=frame_ms,
            device_bytes=device_bytes(),
            drawn_by=engine.describe(),
        )


def _draw_ms(engine: Engine, place: Fraction, wait: Callable[[], None], *, runs: int, warm_up: int) -> float:
    import torch

    tensors = engine.tensors
    shape = (1, tensors.network.num_inputs, 3, engine.height, engine.width)
    window = torch.rand(shape, generator=torch.Generator().manual_seed(1)).to(tensors.device)
    times = [_timed(lambda: tensors.drawer.draw([window], (place,)), wait) for _ in range(runs + warm_up)]
    return median(times[warm_up:]) * 1e3


def _on_device(engine: Engine) -> tuple[Callable[[], None], Callable[[], int | None]]:
    """How to wait for the device, and how to ask for the most memory it held from now on."""
    if isinstance(engine.network, PlaneNetwork) or engine.network.device.type != "cuda":
        return (lambda: None), (lambda: None)
    import torch

    device = engine.network.device
    torch.cuda.reset_peak_memory_stats(device)
    return (lambda: torch.cuda.synchronize(device)), (lambda: torch.cuda.max_memory_allocated(device))


def _timed(action: Callable[[], object], wait: Callable[[], None]) -> float:
    wait()
    start = time.perf_counter()
    action()
    wait()
    return time.perf_counter() - start


def _windows(width: int, height: int, place: Fraction, *, count: int) -> list[FrameWindow]:
    """Windows of a texture that moves, no two of the same frames, so that nothing is remembered."""
    generator = np.random.default_rng(1)
    texture = generator.integers(16, 235, (height + 8 * (count + 4), width), dtype=np.uint8)
    format_ = PixelFormat(family=PixelFamily.YUV, depth=8, log2_chroma_w=1, log2_chroma_h=1)
    color = ColorSpec(matrix=Matrix.BT709, range=Range.LIMITED)
    chroma = (-(-height // 2), -(-width // 2))

    def frame(number: int) -> Frame:
        luma = texture[8 * number : 8 * number + height].copy()
        gray = [np.full(chroma, 128, np.uint8) for _ in range(2)]
        return Frame(planes=(luma, *gray), format=format_, color=color, time=Fraction(number), index=number)

    windows = []
    for number in range(count):
        a, b, c, d = (frame(number + k) for k in range(4))
        planned = PlannedFrame(index=0, time=b.time + place, gap=number + 1, position=place)
        windows.append(FrameWindow(gap=number + 1, frames=(a, b, c, d), is_cut=False, outputs=(planned,)))
    return windows
