"""How many frames a segment holds: what a crash costs against what a fresh encoder costs.

The length decides where key frames lie, so it must be the same whenever a render is taken up again: it
follows from the network, the size, the plan and the machine, and from nothing that is measured.
"""

from __future__ import annotations

import os
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from flavr_core.engine import Engine
from flavr_core.model.planes import PlaneNetwork
from flavr_core.plan import OutputPlan

if TYPE_CHECKING:
    from flavr_core.model.network import Network

WORK_S = 40.0
"""Work in a segment, as far as can be foretold: about a minute where the machine is slower than thought."""
MOST_FRAMES = 1920
"""Of a segment, however fast they come. An encoder that ends takes a third of a second on 16 processors, of
the four in which it writes 480 frames of 1920x1080; the next one begins when it has ended."""
FEWEST_FRAMES = 8
"""However slowly they come: a file of key frames alone would be several times as large."""

_PROCESSORS = os.cpu_count() or 1
"""Of the machine, however few this process may use: a render is taken up again under other limits too."""
_LOOKED_AT = 240
"""Output frames that are looked at to see how many are drawn in a gap."""
_CPU_OPERATIONS = 3e10
"""Operations a second of one processor; measured ones do 2e10 to 1.5e11."""
_GPU_OPERATIONS = {"fp32": 1.5e11, "fp16": 7e11, "bf16": 7e11}
"""Operations a second of one multiprocessor of a GPU; a third of what new ones do."""
_FLOW_S = 1e-6
"""Seconds of one processor for a pixel drawn by a network without weights (`motion`)."""
_UNKNOWN_S = 1e-4
"""The same by a network whose operations cannot be counted."""
_UNKNOWN_GPU_S = 2e-8
"""The same for a GPU, where our own kernels are not counted; the slowest network takes 1.7e-8 on an H100."""
_STORE_S = 5e-8
"""Seconds of one processor for storing a pixel."""


def segment_length(engine: Engine, plan: OutputPlan) -> int:
    """Output frames in a segment; the same number each time on one machine."""
    if engine.network.name == "blend":
        return MOST_FRAMES  # the cross-fade takes no time worth mentioning
    frames = min(len(plan), _LOOKED_AT)
    gaps = [
        tuple(planned.position for planned in outputs if planned.position)
        for _, outputs in groupby(plan.frames(0, frames), key=lambda planned: planned.gap)
    ]
    examples = {len(positions): positions for positions in gaps if positions}
    costs = {count: _gap_s(engine, positions) for count, positions in examples.items()}
    frame_s = store_s(engine)
    frame_s += sum(costs[len(positions)] for positions in gaps if positions) / frames
    return max(FEWEST_FRAMES, min(MOST_FRAMES, round(WORK_S / frame_s)))


def store_s(engine: Engine) -> float:
    """Seconds for encoding a frame, roughly."""
    return _STORE_S * engine.width * engine.height / _PROCESSORS


def _gap_s(engine: Engine, positions: tuple[Fraction, ...]) -> float:
    """Seconds for drawing these frames of a gap, as far as can be told without drawing them."""
    pixels = engine.width * engine.height
    network = engine.network
    if isinstance(network, PlaneNetwork) or not network.num_parameters:
        return _FLOW_S * pixels * len(positions) / _PROCESSORS
    operations = _operations(network, engine.width, engine.height, positions)
    if operations is None:
        unknown_s = _UNKNOWN_GPU_S if network.device.type == "cuda" else _UNKNOWN_S / _PROCESSORS
        return unknown_s * pixels * len(positions)
    return operations * pixels / _operations_a_second(network)


def _operations(network: Network, width: int, height: int, positions: tuple[Fraction, ...]) -> float | None:
    """For each pixel of the gap. Counted for one frame and for two; each further one costs as the second."""
    from flavr_core.engine.work import operations_per_pixel

    plainest = sorted(positions, key=lambda position: (position.denominator, position))
    counted = [
        operations_per_pixel(network, width=width, height=height, positions=sorted(plainest[:number]))
        for number in (1, 2)[: len(plainest)]
    ]
    first, last = counted[0], counted[-1]
    if first is None or last is None:
        return None
    return last + (len(positions) - len(counted)) * (last - first)


def _operations_a_second(network: Network) -> float:
    import torch

    device = network.device
    if device.type != "cuda":
        return _CPU_OPERATIONS * _PROCESSORS
    multiprocessors = torch.cuda.get_device_properties(device).multi_processor_count
    return _GPU_OPERATIONS[str(network.precision)] * multiprocessors
