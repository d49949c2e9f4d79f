"""AdaCoF and CDFI with their channels filled up to whole vectors, for GPUs that compute in halves.

Compression leaves counts of channels like 45, 52 or 121. Tensor cores take eight halves at a time, so for
other counts the library falls back to slower kernels. Channels with zero weights change nothing: they stay
zero through rectifiers, sums and pooling, and nothing looks at them.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from flavr_core.model.adacof import AdaCoF, KernelWidths, MiddleNetwork
from flavr_core.model.cdfi import Cdfi, CdfiWidths

VECTOR = 8
"""Halves that are multiplied at once."""


def with_whole_vectors(network: MiddleNetwork) -> MiddleNetwork:
    """A copy that draws the same, its inner channels multiples of `VECTOR`; float32, on the network's device.

    Masks keep their one channel, and what CDFI samples its own: a picture has three.
    """
    kernels = _filled_kernels(network.widths)
    filled: MiddleNetwork
    if isinstance(network, Cdfi):
        widths = network.cdfi_widths
        levels = tuple(
            (kernels.blocks[f"moduleConv{number}"][-1], outputs)
            for number, (_, outputs) in enumerate(widths.levels, 1)
        )
        grid = replace(widths.grid, inputs=_up(widths.grid.inputs))
        filled = Cdfi(CdfiWidths(kernels=kernels, levels=levels, grid=grid), dilation=network.dilation)
    else:
        filled = AdaCoF(kernels, dilation=network.dilation)
    state = network.state_dict()
    with torch.no_grad():
        filled.load_state_dict(
            {name: _filled(state[name], empty) for name, empty in filled.state_dict().items()}
        )
    filled.name, filled.card = network.name, network.card
    return filled.to(network.device).train(network.training)


def _up(count: int) -> int:
    return count + -count % VECTOR


def _filled_kernels(widths: KernelWidths) -> KernelWidths:
    blocks = {}
    for name, counts in widths.blocks.items():
        # A mask's one channel stays one: what is one number a pixel in the end gains nothing.
        last = _up(counts[-1]) if counts[-1] > 1 else counts[-1]
        blocks[name] = (*map(_up, counts[:-1]), last)
    return KernelWidths(blocks=blocks)


def _filled(values: Tensor, empty: Tensor) -> Tensor:
    """Values in the first corner of zeros of a shape."""
    filled = torch.zeros_like(empty)
    filled[tuple(slice(size) for size in values.shape)] = values
    return filled
