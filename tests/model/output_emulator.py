"""The output convolution's program on the CPU: run with TRITON_INTERPRET=1.

Gluon has no interpreter, so the program is followed step by step on the descriptors, grid and numbers that it
is launched with; memory that was not written holds no numbers. Prints the largest difference to the
library's.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import torch
from column_emulator import check, fetched, write
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import _disable_current_modes

from flavr_core.model import flavr_output_triton as programs
from flavr_core.model.flavr_out_rows import OUT_WAYS, room, stack_rows


class Followed:
    """Stands for the program: `Followed()[grid](...)` as it is launched."""

    def __getitem__(self, grid: tuple[int]) -> Any:
        def run(*args: Any, **constants: Any) -> None:
            with _disable_current_modes():  # what following takes is not the network's
                for descriptor in args[:3]:
                    check(descriptor)
                for number in range(grid[0]):
                    for tile in range(number, args[6], grid[0]):
                        follow(tile, *args[:12], **constants)

        return run


def follow(
    tile: int, pictures: Any, beside: Any, weights: Any, bias: Tensor, mean: Tensor, out: Tensor, tiles: int,
    tiles_x: int, tiles_y: int, rows: int, height: int, width: int, **constants: Any,
) -> None:  # fmt: skip
    """One tile, in the order of the text of `flavr_output_triton`."""
    fold, group, columns, taps = (constants[name] for name in ("FOLD", "GROUP", "COLUMNS", "TAPS"))
    run, halo, runs, outputs = (
        pictures.block_shape[2],
        beside.block_shape[2],
        pictures.block_shape[3],
        len(bias),
    )
    stack = torch.cat([fetched(weights, (8 * k, 0)) for k in range(constants["BLOCKS"])])
    top, left = tile // tiles_x % tiles_y * fold, tile % tiles_x * run * runs
    sample = tile // (tiles_x * tiles_y)
    made = torch.zeros(run * runs, columns)
    for line in range(fold + taps - 1):
        y = abs(top + line - taps // 2)
        y = 2 * rows - 2 - y if y >= rows else y
        boxes = [fetched(pictures, (sample, y, 0, left // run, 0))[0, 0]]
        boxes += [
            fetched(beside, (sample, y, run + k, left // run, 0))[0, 0] for k in range(0, taps - 1, halo)
        ]
        places = torch.cat(boxes).flatten(0, 1)
        for tap in range(taps):
            seen = places[8 * tap : 8 * tap + run * runs]
            at = (tap * (fold + taps - 1) + fold + taps - 2 - line) * group
            assert at + columns <= len(stack)
            made += seen @ stack[at : at + columns].T
    for row in range(fold):
        values = made[:, row * group : row * group + outputs]
        values = values.unflatten(0, (run, runs)).transpose(0, 1).flatten(0, 1)[: max(0, width - left)]
        if top + row < height:
            x = torch.arange(left, left + len(values))
            at = ((sample * outputs + torch.arange(outputs)) * height + top + row) * width + x[:, None]
            write(out.view(-1), at, values + bias + mean[sample].repeat(outputs // 3))


def followed() -> Any:
    """While it lasts the program is followed, three of them at a time."""
    return patch.multiple(programs, _multiprocessors=lambda device: 3, _draw=Followed())


def main() -> None:
    """Pictures of some sizes, whole and cut."""
    torch.manual_seed(1)
    torch.use_deterministic_algorithms(True)  # fills new memory with what are no numbers
    for most, way in OUT_WAYS.items():
        outputs = most - most % 3
        weight, bias = torch.randn(outputs, 64, 7, 7) / 56, torch.randn(outputs)
        stack = stack_rows(weight, way).half()
        assert len(stack) % 8 == 0
        for samples, rows, across, size in ((2, 8, 16, (7, 13)), (1, 16, 152, (16, 150))):
            merged = room(torch.empty(0).half(), samples, rows, across)
            merged.copy_(torch.randn(merged.shape))
            mean = torch.rand(samples, 3)
            with followed():
                given = programs.draw_out(merged, stack, bias, mean, size, way)
            padded = functional.pad(merged.float(), (3, 3, 3, 3), mode="reflect")
            wanted = functional.conv2d(padded, weight.half().float(), bias)[..., : size[0], : size[1]]
            wanted += mean.repeat(1, outputs // 3)[..., None, None]
            print(outputs, float((given - wanted).abs().max()))


if __name__ == "__main__":
    main()
