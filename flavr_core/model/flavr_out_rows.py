"""What the output convolution of a FLAVR in columns reads, as its program for Hopper GPUs wants it.

Torch alone; `flavr_output_triton` has the program. A row of the picture that is read counts for some rows
that are made: the weights of all taps down lie one after the other, so that those for the rows that are made
are a range of them, and a product of few columns makes them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

TAPS = 7
"""Taps in rows and columns."""
CHANNELS = 64
"""Channels of the picture."""
RUN = 16
"""Pixels that follow each other in steps of eight places of shared memory."""
RUNS = 8
"""Such runs of a program, side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutWay:
    """How the output convolution is computed."""

    fold: int
    """Rows that are made at a time."""
    group: int
    """Columns of a product for one of these rows: all outputs, a multiple of eight."""
    columns: int
    """Columns of a product."""
    stages: int
    """Rows of pixels in shared memory at once, beside all weights."""


OUT_WAYS = {
    8: OutWay(fold=8, group=8, columns=64, stages=3),
    16: OutWay(fold=2, group=16, columns=32, stages=3),
    24: OutWay(fold=2, group=24, columns=64, stages=2),
}
"""By the most outputs: of one or two pictures, of up to five, of up to eight."""


def out_way(outputs: int) -> OutWay | None:
    """How so many outputs are computed; None where their weights do not fit beside pixels."""
    return next((way for most, way in OUT_WAYS.items() if outputs <= most), None)


def room(like: Tensor, samples: int, rows: int, columns: int) -> Tensor:
    """Room for pictures (N, 64, rows, columns), channels last, with pixels beside them that reflect them."""
    pitch = -(-columns // RUN) * RUN + 8
    size = (samples, CHANNELS, rows, pitch)
    held = torch.empty(size, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)
    return held[..., TAPS // 2 : TAPS // 2 + columns]


def stack_rows(weight: Tensor, way: OutWay) -> Tensor:
    """(O, 64, 7, 7) as (R, 64): for each tap across those down, the last first, O of each `way.group` rows.

    Zeros lie between, for rows that are made but that the row which is read does not count for.
    """
    outputs, channels = weight.shape[:2]
    gap = way.fold - 1
    last = (TAPS - 1) * (TAPS + gap) + gap + TAPS - 1
    stack = weight.new_zeros((last * way.group + way.columns, channels))
    for across in range(TAPS):
        for down in range(TAPS):
            at = (across * (TAPS + gap) + gap + TAPS - 1 - down) * way.group
            stack[at : at + outputs] = weight[:, :, down, across]
    return stack
