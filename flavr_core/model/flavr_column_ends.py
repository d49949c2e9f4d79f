"""The first and the last layer of a FLAVR in columns: the stem on cells of pixels, the output convolution.

See `flavr_columns` for the layers between; `flavr_passes_triton` has the programs for Hopper GPUs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.model.flavr_columns import BLOCK, is_programmed
from flavr_core.model.flavr_out_rows import OutWay
from flavr_core.model.network import pad_to_multiple

MULTIPLE = 8
"""Pictures are enlarged to multiples of it by repeating their last row and column."""
STEM_ABOVE = 2
"""Rows and columns of cells that the stem looks at before its own."""
_STEM_CELLS = 4
"""Cells, of two pixels each, that the stem's taps cover in a row."""
_CELL = BLOCK // _STEM_CELLS
"""Values of a cell: three colours of two by two pixels, and zeros."""


def stem_weight(weight: Tensor) -> Tensor:
    """The stem's (O, 3, 3, 7, 7) of stride 2 as (O, 64, 3, 4, 1) of stride 1 on what `cells` gives."""
    even = functional.pad(weight, (1, 0, 1, 0))  # (O, 3, 3, 8, 8)
    taps = even.unflatten(4, (_STEM_CELLS, 2)).unflatten(3, (_STEM_CELLS, 2))  # (O, 3, T, rows, 2, cells, 2)
    values = taps.permute(0, 5, 1, 4, 6, 2, 3).flatten(2, 4)  # (O, cells, 3 * 2 * 2, T, rows)
    padded = functional.pad(values, (0, 0, 0, 0, 0, _CELL - values.shape[2]))
    return padded.flatten(1, 2)[..., None]


def cells(window: Tensor, mean: Tensor, *, dtype: torch.dtype) -> Tensor:
    """A window as the stem reads it: at each place the four cells around it, which overlap in memory.

    Args:
        window: (N, T, 3, H, W).
        mean: (N, 1, 3, 1, 1), taken off.
        dtype: of the result.

    Returns:
        a view (N * T, 64, H' / 2, W' / 2), channels last, H' and W' the next multiples of 8.
    """
    height, width = window.shape[3:]
    rows, columns = -(-height // MULTIPLE) * MULTIPLE // 2, -(-width // MULTIPLE) * MULTIPLE // 2
    size = (window.shape[0] * window.shape[1], rows, columns + _STEM_CELLS - 1, _CELL)
    laid = torch.empty(size, dtype=dtype, device=window.device)
    if is_programmed(laid):
        from flavr_core.model import flavr_passes_triton

        flavr_passes_triton.lay_cells(
            window.contiguous(), mean.flatten(1), laid, before=STEM_ABOVE, around=_STEM_CELLS - 1
        )
    elif not laid.is_meta:
        laid.zero_()
        frames = pad_to_multiple(window - mean, MULTIPLE).to(dtype).flatten(0, 1)
        values = functional.pixel_unshuffle(frames, 2).permute(0, 2, 3, 1)
        laid[:, :, STEM_ABOVE : STEM_ABOVE + columns, : values.shape[3]] = values
    row = laid.stride(1)
    return laid.as_strided((size[0], BLOCK, rows, columns), (rows * row, 1, row, _CELL))


def draw_out(
    merged: Tensor,
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    size: Sequence[int],
    *,
    way: OutWay | None = None,
    stack: Tensor | None = None,
) -> Tensor:
    """The output convolution with reflected edges, and the mean, for the first rows and columns.

    Args:
        merged: (N, C, H', W'), channels last in memory, with room beside it (`flavr_out_rows.room`).
        weight: (O, C, 7, 7).
        bias: (O,), float32 or more.
        mean: (N, 1, 3, 1, 1) likewise.
        size: rows and columns that are wanted.
        way: how one program does it at once, where one does.
        stack: the weights once more for that program, see `flavr_out_rows`.

    Returns:
        (N, O, *size) of the type of the bias.
    """
    if is_programmed(merged) and way is not None and stack is not None:
        from flavr_core.model import flavr_output_triton

        return flavr_output_triton.draw_out(merged, stack, bias, mean.flatten(1), size, way)
    edge = weight.shape[2] // 2
    if merged.is_meta:  # counted as the program does it
        drawn = functional.conv2d(merged, weight, None, 1, edge)
        return drawn.new_empty((*drawn.shape[:2], *size), dtype=bias.dtype)
    padded = functional.pad(merged, (edge, edge, edge, edge), mode="reflect")
    drawn = functional.conv2d(padded, weight, None)[..., : size[0], : size[1]]
    means = mean.flatten(1).repeat(1, len(bias) // 3)[..., None, None]
    return drawn.to(bias.dtype) + bias[:, None, None] + means
