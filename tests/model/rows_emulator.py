"""Convolutions in rows on the CPU: Gluon has no interpreter, so a program is followed step by step.

It is followed on the descriptors, grid and numbers that it is launched with, which are held to the copy
engine's rules; memory that was not written holds no numbers. Prints each layer's largest difference to the
library's.
"""

from __future__ import annotations

from itertools import product
from typing import Any
from unittest.mock import patch

import torch
from column_emulator import check, fetched, write
from torch import Tensor
from torch.nn import functional

from flavr_core.model import fourflow_rows_triton

LAYERS = (
    (16, 24, 1, 6, 70, 1), (24, 24, 2, 9, 64, 1), (56, 56, 1, 3, 5, 1), (96, 96, 1, 4, 65, 1),
    (48, 8, 1, 8, 130, 1), (24, 56, 2, 10, 150, 2), (48, 96, 1, 2, 2, 2), (96, 160, 1, 16, 20, 2),
)  # fmt: skip
"""Channels in and out, pictures, rows and columns, stride."""


class Followed:
    """Stands for the program: `Followed()[grid](...)` as it is launched."""

    def __getitem__(self, grid: tuple[int, int, int]) -> Any:
        def run(*args: Any, **constants: Any) -> None:
            for descriptor in args[:3]:
                check(descriptor)
            for number in range(grid[2]):
                for down in range(grid[1]):
                    for across in range(grid[0]):
                        follow((across, down, number), *args, **constants)

        return run


def fetch_lines(
    pictures: Any, at: tuple[int, int, int], across: int, channel: int, inputs: int, stride: int
) -> Tensor:
    """The rows that four look at, one after the other: (6 or 9, columns, channels)."""
    number, top, left = at
    if stride == 1:
        places = [(number, top - 1 + 2 * k, 0, left + across - 1, channel) for k in range(3)]
        return torch.cat([fetched(pictures, place)[0, :, 0] for place in places])
    x, first = left - (across == 0), channel + (across != 1) * inputs
    odd = torch.cat([fetched(pictures, (number, top - 1 + 2 * k, 1, x, first))[0, :, 0] for k in range(3)])
    even = torch.cat([fetched(pictures, (number, top + 2 * k, 0, x, first))[0, :, 0] for k in range(2)])
    lines = torch.empty(9, *odd.shape[1:])
    lines[::2], lines[1::2] = odd[:5], even
    return lines


def follow(
    place: tuple[int, int, int], pictures: Any, weights: Any, added: Any, bias: Tensor, out: Tensor,
    parts: int, inputs: int, rows: int, columns: int, blocks: int, eighths: int, turns: int, **constants: Any,
) -> None:  # fmt: skip
    """One program, in the order of the text of `fourflow_rows_triton`."""
    assert turns == constants["STAGES"]
    outputs, (size, channels) = 8 * eighths, weights.block_shape
    block, left = place[0] % blocks, place[0] // blocks * pictures.block_shape[3]
    top, number = 4 * place[1], place[2]
    made = torch.zeros(4, pictures.block_shape[3], size)
    if constants["HAS_ADDED"]:
        boxes = [fetched(added, (number, top + 2 * k, 0, left, block * size)) for k in range(2)]
        made = torch.cat(boxes, 1)[0, :, 0].clone()
    for step in range(3 * parts):
        across, channel = step // parts, step % parts * channels
        at = block * 9 * size + across * 3 * size
        matrices = [fetched(weights, (at + k * size, channel)) for k in range(3)]
        lines = fetch_lines(pictures, (number, top, left), across, channel, inputs, constants["STRIDE"])
        for row in range(4):
            for down in range(3):
                made[row] += lines[row * constants["STRIDE"] + down] @ matrices[down].T
    first = block * size
    count = min(size, outputs - first)
    made = made[: max(0, min(4, rows - top)), : max(0, columns - left), :count]
    if constants["HAS_BIAS"]:
        made = made + bias[first : first + count]
    inside = (number, slice(top, top + made.shape[0]), slice(left, left + made.shape[1]))
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
        for inputs, outputs, count, rows, columns, stride in LAYERS:
            x = torch.randn(count, rows, columns, inputs).half()
            weight = (torch.randn(outputs, inputs, 3, 3) / (3 * inputs**0.5)).half()
            bias, added = torch.randn(outputs), None
            if inputs == outputs:
                added = torch.randn(count, rows, columns, outputs).half()
            plain = functional.conv2d(x.float().permute(0, 3, 1, 2), weight.float(), stride=stride, padding=1)
            plain = plain.permute(0, 2, 3, 1)
            packed = fourflow_rows_triton.weight_rows(weight)
            for alone, follows in product((0, 1000), (False, True)):
                fourflow_rows_triton._ALONE = alone  # steps of both ways
                given = fourflow_rows_triton.filter_rows(
                    x, packed, bias if follows else None, added if follows else None, outputs=outputs,
                    stride=stride, rectified=follows,
                )  # fmt: skip
                wanted = plain + bias if added is None else plain + bias + added.float()
                wanted = functional.leaky_relu(wanted, 0.2) if follows else plain
                print(float((given.float() - wanted).abs().max()))


if __name__ == "__main__":
    main()
