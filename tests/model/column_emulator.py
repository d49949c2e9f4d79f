"""A FLAVR in columns on the CPU by its GPU programs: run with TRITON_INTERPRET=1, height and width.

Triton's interpreter runs the passes. The convolutions are in Gluon, which has none: here each is followed
step by step on the descriptors, grid and numbers that it is launched with. Prints the agreement with the
plain network in dB, its own spread standing for the picture's.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor

from flavr_core.model import flavr_column_ends, flavr_columns, flavr_columns_triton
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_column_form import ColumnFlavr
from flavr_core.model.flavr_config import FlavrConfig


def fetched(descriptor: Any, at: tuple[int, ...]) -> Tensor:
    """What the copy engine would bring: zeros outside."""
    view = torch.as_strided(
        descriptor.base, descriptor.shape, descriptor.strides, descriptor.base.storage_offset()
    )
    block = torch.zeros(descriptor.block_shape)
    inside, target = [], []
    for start, size, count in zip(at, descriptor.block_shape, descriptor.shape, strict=True):
        first, after = max(start, 0), min(start + size, count)
        if after <= first:
            return block
        inside.append(slice(first, after))
        target.append(slice(first - start, after - start))
    block[tuple(target)] = view[tuple(inside)].float()
    return block


class Followed:
    """Stands for the program: `Followed()[grid](...)` as it is launched."""

    def __getitem__(self, grid: tuple[int]) -> Any:
        def run(*args: Any, **constants: Any) -> None:
            for tile in range(grid[0]):
                follow(tile, *args, **constants)

        return run


def follow(
    tile, pictures, weights, merging, out, bias, sums, tiles_x, tiles_y, blocks, phase_blocks, chunks,
    sample_rows, x_step, rows, columns, frame_step, row_step, column_step, **constants,
):  # fmt: skip
    """One program, in the order of the text of `flavr_columns_triton`."""
    kw, grows = constants["KW"], constants["GROWS"]
    tile_rows, tile_columns = constants["TH"], constants["TW"]
    places = tile_rows * tile_columns
    block, place = tile % blocks, tile // blocks
    left = place % tiles_x * tile_columns
    top = place // tiles_x % tiles_y * tile_rows
    sample = place // (tiles_x * tiles_y)
    phase = block // phase_blocks if grows else 0
    channel = (block % phase_blocks if grows else block) * 64
    taps = constants["KH"] * kw
    drawn = torch.zeros(4, places, 64)
    for tap in range(taps):
        down = tap // kw - constants["ABOVE"] + phase // 2
        across = tap % kw - constants["BESIDE"] + phase % 2
        y, odd, x, first = top + down, 0, left + across, 0
        if constants["STRIDE"] == 2:
            y, odd, x, first = top + (down >> 1), down & 1, left + (across >> 1), (across & 1) * x_step
        for chunk in range(0, 64 * chunks, 64):
            row = sample * sample_rows + (block * taps + tap) * 192
            matrices = [fetched(weights, (row + 64 * k, chunk)) for k in range(3)]
            frames = fetched(pictures, (4 * sample, y, odd, x, first + chunk)).reshape(4, places, 64)
            for given in range(4):
                for made in range(max(given - 1, 0), min(given + 2, 4)):
                    drawn[made] += frames[given] @ matrices[given - made + 1].T
    if constants["HAS_BIAS"]:
        drawn += bias[channel : channel + 64]
    m = torch.arange(places)
    y, x = top + m // tile_columns, left + m % tile_columns
    is_inside = (y < rows) & (x < columns)
    if constants["HAS_SUMS"]:
        sums[tile] = drawn[:, is_inside].sum((0, 1))
    if grows:
        y, x = 2 * y + phase // 2, 2 * x + phase % 2
    at = ((y * row_step + x * column_step)[:, None] + channel + torch.arange(64))[is_inside]
    halves = rectified(drawn, constants["ACTIVATION"]).half()[:, is_inside]
    values = torch.as_strided(
        out, (out.untyped_storage().nbytes() // 2 - out.storage_offset(),), (1,), out.storage_offset()
    )
    if constants["MERGES"]:
        merged = sum(halves[f].float() @ fetched(merging, (256 * sample + 64 * f, 0)).T for f in range(4))
        values[sample * frame_step + at] = rectified(merged, 2).half()
        return
    for frame in range(4):
        values[(4 * sample + frame) * frame_step + at] = halves[frame]


def rectified(values: Tensor, activation: int) -> Tensor:
    """As `flavr_columns.activated`."""
    return flavr_columns.activated(values, flavr_columns.Activation(activation))


def agreement_db(height: int, width: int) -> float:
    """Of two windows with some of the network's places, all programs in use."""
    flavr_columns_triton._column = Followed()
    for module in (flavr_columns, flavr_column_ends):
        module.is_programmed = lambda frames: frames.dtype == torch.float16
    torch.manual_seed(3)
    config = FlavrConfig(
        widths=(64, 64, 128, 64), decoder_widths=(128, 64, 64, 64, 64), num_outputs=3, encoder_bias=True
    )
    network = Flavr(config).eval().requires_grad_(False)
    window = torch.rand(2, 4, 3, height, width)
    with torch.inference_mode():
        wanted = network(window, network.positions)
        given = ColumnFlavr(network, dtype=torch.float16)(window, network.positions)
    return float(-10 * torch.log10(((given - wanted) / wanted.std()).square().mean()))


if __name__ == "__main__":
    print(agreement_db(int(sys.argv[1]), int(sys.argv[2])))
