"""Convolutions in rows on the CPU: Gluon has no interpreter, so a program is followed step by step.

It is followed on the descriptors, grid and numbers that it is launched with, which are held to the copy
engine's rules; memory that was not written holds no numbers. Prints each layer's largest difference to the
library's.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import torch
from column_emulator import check, fetched, write
from torch import Tensor
from torch.nn import functional

from flavr_core.model import fourflow_rows_triton

LAYERS = ((16, 24, 1, 6, 70), (24, 24, 2, 9, 64), (56, 56, 1, 3, 5), (96, 160, 1, 4, 65), (48, 8, 1, 8, 130))
"""Channels in and out, pictures, rows and columns."""


class Followed:
    """Stands for the program: `Followed()[grid](...)` as it is launched."""

    def __getitem__(self, grid: tuple[int, int, int]) -> Any:
        def run(*args: Any, **constants: Any) -> None:
            for descriptor in args[:2]:
                check(descriptor)
            for number in range(grid[2]):
                for down in range(grid[1]):
                    for across in range(grid[0]):
                        follow((across, down, number), *args, **constants)

        return run


def follow(
    place: tuple[int, int, int], pictures: Any, weights: Any, bias: Tensor, added: Tensor, out: Tensor,
    parts: int, rows: int, columns: int, blocks: int, **constants: Any,
) -> None:  # fmt: skip
    """One program, in the order of the text of `fourflow_rows_triton`."""
    outputs, (size, channels) = constants["OUTPUTS"], weights.block_shape
    block, left = place[0] % blocks, place[0] // blocks * pictures.block_shape[2]
    top, number = 4 * place[1], place[2]
    made = torch.zeros(4, pictures.block_shape[2], size)
    for step in range(3 * parts):
        across, channel = step // parts, step % parts * channels
        at = block * 9 * size + across * 3 * size
        matrices = [fetched(weights, (at + k * size, channel)) for k in range(3)]
        seen = [fetched(pictures, (number, top - 1 + 2 * k, left + across - 1, channel)) for k in range(3)]
        lines = torch.cat(seen, 1)[0]  # six rows
        for row in range(4):
            for down in range(3):
                made[row] += lines[row + down] @ matrices[down].T
    first = block * size
    count = min(size, outputs - first)
    made = made[: max(0, min(4, rows - top)), : max(0, columns - left), :count]
    if constants["HAS_BIAS"]:
        made = made + bias[first : first + count]
    inside = (number, slice(top, top + made.shape[0]), slice(left, left + made.shape[1]))
    if constants["HAS_ADDED"]:
        made = made + added[inside][..., first : first + count].float()
    if constants["IS_RECTIFIED"]:
        made = torch.where(made > 0, made, made * constants["SLOPE"])
    at = torch.arange(out.numel()).view(out.shape)[inside][..., first : first + count]
    write(out.view(-1), at, made.to(out.dtype))


def main() -> None:
    """Each layer with and without what can follow it."""
    torch.manual_seed(1)

    def empty(like: Tensor, *shape: int) -> Tensor:
        return torch.full(shape, torch.nan, dtype=like.dtype)

    with (
        patch.object(fourflow_rows_triton, "_rows", Followed()),
        patch.object(fourflow_rows_triton, "room", empty),
    ):
        for inputs, outputs, count, rows, columns in LAYERS:
            x = torch.randn(count, rows, columns, inputs).half()
            weight = (torch.randn(outputs, inputs, 3, 3) / (3 * inputs**0.5)).half()
            bias, added = torch.randn(outputs), torch.randn(count, rows, columns, outputs).half()
            plain = functional.conv2d(x.float().permute(0, 3, 1, 2), weight.float(), padding=1)
            plain = plain.permute(0, 2, 3, 1)
            packed = fourflow_rows_triton.weight_rows(weight)
            for follows in (False, True):
                given = fourflow_rows_triton.filter_rows(
                    x, packed, bias if follows else None, added if follows else None, outputs=outputs,
                    rectified=follows,
                )  # fmt: skip
                wanted = functional.leaky_relu(plain + bias + added, 0.2) if follows else plain
                print(float((given.float() - wanted).abs().max()))


if __name__ == "__main__":
    main()
