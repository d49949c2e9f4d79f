"""The programs of `cdfi_filters_triton` on the CPU: prints their largest error.

They are in Gluon, which has no interpreter: each is followed step by step on the descriptors, grid and
numbers that it is launched with, and the descriptors are held to the copy engine's rules.
"""

from __future__ import annotations

from typing import Any

import torch
from column_emulator import check, fetched
from torch import Tensor
from torch.nn import functional

from flavr_core.model import cdfi_filters, cdfi_filters_triton


class Followed:
    """Stands for the program: `Followed()[grid](...)` as it is launched."""

    def __getitem__(self, grid: tuple[int]) -> Any:
        def run(pictures: Any, matrices: Any, *args: Any, **constants: Any) -> None:
            check(pictures)
            check(matrices)
            for tile in range(grid[0]):
                follow(tile, pictures, matrices, *args, **constants)

        return run


def follow(
    tile, pictures, matrices, bias, slope, added, out, first_slope, first_copy, second_slope, second_copy,
    tiles_x, tiles_y, rows, columns, steps, blocks, **constants,
):  # fmt: skip
    """One program, in the order of its text."""
    _, seen, wide, channels = pictures.block_shape
    block, tile = tile % blocks, tile // blocks
    first = block * steps * 3 * channels
    left = tile % tiles_x * wide
    top = tile // tiles_x % tiles_y * (seen - 2)
    sample = tile // (tiles_x * tiles_y)
    made = torch.zeros(seen - 2, wide, channels)
    for step in range(steps):
        chunk, across = step // 3, step % 3
        here = fetched(pictures, (sample, top - 1, left + across - 1, chunk * channels))[0]
        for down in range(3):
            shares = fetched(matrices, (first + (step * 3 + down) * channels, 0))
            for row in range(seen - 2):
                made[row] += here[row + down] @ shares.T
    own = slice(block * channels, (block + 1) * channels)
    made += bias[own].float()
    if constants["IS_RECTIFIED"]:
        made = functional.prelu(made, slope.float())
    made = made[: max(rows - top, 0), : columns - left]
    at = (sample, own, slice(top, top + len(made)), slice(left, left + made.shape[1]))
    if constants["HAS_ADDED"]:
        made = made.half().float() + added[at].permute(1, 2, 0)
    made = made.permute(2, 0, 1)
    write(out, at, made)
    for number, (its_slope, copy) in enumerate(((first_slope, first_copy), (second_slope, second_copy))):
        if number < constants["COPIES"]:
            write(copy, at, functional.prelu(made, its_slope.float()))


def write(picture: Tensor, at: Any, values: Tensor) -> None:
    """Once each."""
    assert picture[at].isnan().all()
    picture[at] = values.half()


if __name__ == "__main__":
    cdfi_filters_triton._filter = Followed()
    torch.use_deterministic_algorithms(True)  # fills new memory with what are no numbers
    print(cdfi_filters.find_error(torch.device("cpu")))
