"""AdaCoF and CDFI with their channels filled up to whole vectors, for GPUs that compute in halves.

Compression leaves counts of channels like 45, 52 or 121. Tensor cores take whole vectors of halves, so for
other counts the library falls back to slower kernels (on an H100 45 channels take twice the time of 64, bias
and rectifier included). Channels with zero weights change nothing: they stay zero through rectifiers, sums
and pooling, and nothing looks at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.adacof import DOWN, KERNEL_HEADS, SIDES, AdaCoF, KernelWidths, MiddleNetwork
from flavr_core.model.cdfi import MASKS, Cdfi, CdfiWidths
from flavr_core.model.cdfi_filters import lay_out
from flavr_core.model.cdfi_grid import DrawnGrid
from flavr_core.model.fused import use_fused
from flavr_core.model.layers import resize_into
from flavr_core.model.layout import lay_channels_last

SMALL_VECTOR, VECTOR = 8, 32
"""Channels are filled up to multiples of these, up to 16 channels and beyond."""
WHOLE_TAPS = 1 << 26
"""Taps whose weights and offsets are held at a time: halves take half the room, and short strips time."""
GRID_PIXELS = 1 << 21
"""Pixels that CDFI's synthesis draws at a time."""


def with_whole_vectors(network: MiddleNetwork) -> MiddleNetwork:
    """A copy that draws the same, its inner channels whole vectors; on the network's device and in its dtype.

    It is for drawing alone: weights that mean nothing would be trained.
    """
    kernels = _filled_kernels(network.widths)
    state = network.state_dict()
    filled: MiddleNetwork
    if isinstance(network, Cdfi):
        widths = network.cdfi_widths
        taken = tuple(outputs for _, outputs in widths.levels)
        levels = tuple((kernels.blocks[block][-1], _up(own)) for block, own in zip(DOWN, taken, strict=True))
        places = _sampled_places(taken)
        grid = replace(widths.grid, inputs=len(places), outputs=VECTOR)
        whole = CdfiWidths(kernels=kernels, levels=levels, grid=grid)
        filled = WholeCdfi(whole, dilation=network.dilation, taken=taken)
        filled.context_synthesis = DrawnGrid(grid, outputs=widths.grid.outputs)
        filled.grid_pixels = GRID_PIXELS
        first = "context_synthesis.lateral_init"
        for name in (f"{first}.f.1.weight", f"{first}.conv.weight"):
            state[name] = _moved(state[name], places)
    else:
        filled = AdaCoF(kernels, dilation=network.dilation)
    filled.whole_taps = WHOLE_TAPS
    with torch.no_grad():
        filled.load_state_dict(
            {name: _filled(state[name], empty) for name, empty in filled.state_dict().items()}
        )
        for name, counts in network.widths.blocks.items():
            if len(counts) == 5:
                _take_bias_in(filled.get_kernel.part(name), counts[3])
    filled.name, filled.card = network.name, network.card
    filled.to(network.device, network.dtype).eval().requires_grad_(requires_grad=False)
    lay_channels_last(filled)
    if isinstance(filled, WholeCdfi):
        lay_out(filled.context_synthesis)
    return filled


class WholeCdfi(Cdfi):
    """CDFI whose synthesis looks at the sampled pictures as they lie in memory.

    Each side's picture holds the features of all scales, its frame, and zeros: whole vectors of channels. Of
    each scale's features the first ones, as many as `taken` says, mean something.
    """

    def __init__(self, widths: CdfiWidths, *, dilation: int, taken: tuple[int, ...]) -> None:
        super().__init__(widths, dilation=dilation)
        self.taken = taken

    def draw_padded(self, before: Tensor, after: Tensor) -> Tensor:
        """See `MiddleNetwork`."""
        estimator = self.get_kernel
        features = estimator.encode(self.pair(before, after))
        decoded = estimator.decode(features)
        count, width = len(before), self.cdfi_widths.grid.inputs // 2
        of_frame = sum(self.taken)
        table = self._features_table(features, width)
        features.clear()
        sampled = _empty(table, (count, 2 * width, *before.shape[2:]))
        frames = []
        for number, (side, frame) in enumerate(zip(SIDES, (before, after), strict=True)):
            self._put_frame(table, frame, of_frame)
            prepared = {name + side: estimator.prepare(name + side, decoded) for name in KERNEL_HEADS}
            own = sampled[:, number * width : (number + 1) * width]
            for rows in self.strips(before):
                self.sample(table, prepared, side, rows, self.margin, result=own[:, :, rows])
            frames.append(own[:, of_frame : of_frame + 3])
        del table, prepared
        masks = [self.mask(name, decoded) for name in MASKS]
        return self.synthesise((frames[0], frames[1]), masks, partial(_rows_of, sampled))

    def _features_table(self, features: list[Tensor], width: int) -> Tensor:
        """Features of all scales at full size with a margin, room for a frame, and zeros.

        Convention: returns (N, width, H + 2 * margin, W + 2 * margin), the channels last in memory.
        """
        size = [side + 2 * self.margin for side in features[0].shape[2:]]
        table = _empty(features[0], (len(features[0]), width, *size))
        layers = [self._narrowing(level) for level in range(1, len(features) + 1)]
        if not torch.is_grad_enabled() and use_fused(table):
            from flavr_core.model.cdfi_table_triton import lay_features

            # Biases are the same at any size.
            narrowed = [
                functional.conv2d(x, layer.weight, None, 1, layer.padding)
                for x, layer in zip(features, layers, strict=True)
            ]
            biases = [layer.bias for layer in layers if layer.bias is not None]
            lay_features(table, narrowed, [bias[:own] for bias, own in zip(biases, self.taken, strict=True)])
        else:
            start = 0
            for x, layer, own in zip(features, layers, self.taken, strict=True):
                resize_into(table[:, start : start + own], layer(x)[:, :own])
                start += own
        table[:, sum(self.taken) + 4 :] = 0
        return table

    def _narrowing(self, level: int) -> nn.Conv2d:
        layer = self.get_kernel.get_submodule(f"module1by1_{level}")
        assert isinstance(layer, nn.Conv2d)
        return layer

    def _put_frame(self, table: Tensor, frame: Tensor, begin: int) -> None:
        """Fill four channels of the table with a frame and zeros."""
        if not torch.is_grad_enabled() and use_fused(table):
            from flavr_core.model.cdfi_table_triton import lay_frame

            lay_frame(table, frame, self.margin, begin=begin)
        else:
            table[:, begin : begin + 3] = functional.pad(frame, (self.margin,) * 4, mode="replicate")
            table[:, begin + 3] = 0


def _rows_of(pictures: Tensor, rows: slice) -> Tensor:
    return pictures[:, :, rows]


def _empty(like: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)


def _up(count: int) -> int:
    return count + -count % (SMALL_VECTOR if count <= VECTOR // 2 else VECTOR)


def _filled_kernels(widths: KernelWidths) -> KernelWidths:
    blocks = {}
    for name, counts in widths.blocks.items():
        blocks[name] = tuple(map(_up, counts))
    return KernelWidths(blocks=blocks)


def _sampled_places(levels: Sequence[int]) -> list[int | None]:
    """For each channel that `WholeCdfi` synthesises from, its place in CDFI's order; None for zeros.

    CDFI's order is frame before, frame after, then each level's features before and after.
    """
    begins = [6 + 2 * sum(levels[:level]) for level in range(len(levels))]
    places: list[int | None] = []
    for side in range(2):
        for begin, count in zip(begins, levels, strict=True):
            places += range(begin + side * count, begin + (side + 1) * count)
        places += range(3 * side, 3 * side + 3)
        places += [None] * (1 + -(sum(levels) + 4) % VECTOR)  # one at least: frames are written in fours
    return places


def _moved(weights: Tensor, places: list[int | None]) -> Tensor:
    """Weights (out, in, kh, kw) for inputs that lie elsewhere."""
    moved = weights.new_zeros((len(weights), len(places), *weights.shape[2:]))
    for place, origin in enumerate(places):
        if origin is not None:
            moved[:, place] = weights[:, origin]
    return moved


def _filled(values: Tensor, empty: Tensor) -> Tensor:
    """Values in the first corner of zeros of a shape."""
    filled = torch.zeros_like(empty)
    filled[tuple(slice(size) for size in values.shape)] = values
    return filled


def _take_bias_in(head: nn.Sequential, own: int) -> None:
    """Let a channel that is not used be one everywhere, and carry the last convolution's bias.

    That saves a pass over a head's whole result. Enlarged, one stays one; the middle of the convolution is
    within the picture everywhere.
    """
    before, last = head[4], head[7]
    assert isinstance(before, nn.Conv2d)
    assert isinstance(last, nn.Conv2d)
    if own == before.out_channels or before.bias is None or last.bias is None:
        return
    before.bias[own] = 1
    last.weight[:, own, 1, 1] = last.bias
    last.register_parameter("bias", None)
