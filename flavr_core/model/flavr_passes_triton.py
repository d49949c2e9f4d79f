"""What lies between the convolutions of a FLAVR in columns, as CUDA kernels of one pass each.

Imported only where Triton is installed; see `flavr_columns` and `flavr_column_ends`. Frames have their
channels last in memory.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.kernel_building import on

_VALUES = 2048
"""Values of one program."""


@triton.jit
def _finish(  # type: ignore[no-untyped-def]
    values, scale, rest, count, values_frame, values_step, rest_frame, rest_step,
    FRAMES: tl.constexpr, WIDTH: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    frame = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    is_place = place < count
    pixel = place // WIDTH
    channel = place - pixel * WIDTH
    values += frame * values_frame + pixel * values_step + channel
    factor = tl.load(scale + frame // FRAMES * WIDTH + channel, mask=is_place, other=0.0)
    value = tl.load(values, mask=is_place, other=0.0).to(tl.float32)
    added = tl.load(rest + frame * rest_frame + pixel * rest_step + channel, mask=is_place, other=0.0)
    value = tl.maximum(value * factor + added.to(tl.float32), 0.0)
    tl.store(values, value.to(values.dtype.element_ty), mask=is_place)


def finish_block(values: Tensor, scale: Tensor, rest: Tensor) -> None:
    """Put relu(values * scale + rest) in place of the values.

    Args:
        values: frames, or a range of the channels of such.
        scale: (N, C) float32.
        rest: frames as `values`.
    """
    frames, width, rows, columns = values.shape
    count = width * rows * columns
    on(_finish, (triton.cdiv(count, _VALUES), frames))(
        values, scale.contiguous(), rest, count, values.stride(0), values.stride(3), rest.stride(0),
        rest.stride(3), FRAMES=frames // len(scale), WIDTH=width, VALUES=_VALUES, num_warps=8,
    )  # fmt: skip


@triton.jit
def _scale_rows(  # type: ignore[no-untyped-def]
    rows, scale, out, count, WIDTH: tl.constexpr, VALUES: tl.constexpr
):  # fmt: skip
    sample = tl.program_id(1)
    place = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    is_place = place < count
    factor = tl.load(scale + sample * WIDTH + place % WIDTH, mask=is_place, other=0.0)
    value = tl.load(rows + place, mask=is_place, other=0.0).to(tl.float32) * factor
    tl.store(out + sample.to(tl.int64) * count + place, value.to(out.dtype.element_ty), mask=is_place)


def scale_rows(rows: Tensor, scale: Tensor) -> Tensor:
    """Weights (R, I) for inputs yet to be multiplied by (N, I) float32: (N, R, I), rounded once."""
    out = torch.empty((len(scale), *rows.shape), dtype=rows.dtype, device=rows.device)
    on(_scale_rows, (triton.cdiv(rows.numel(), _VALUES), len(scale)))(
        rows, scale.contiguous(), out, rows.numel(), WIDTH=rows.shape[1], VALUES=_VALUES, num_warps=8
    )
    return out


@triton.jit
def _code(values, codes, count, factor, largest, VALUES: tl.constexpr):  # type: ignore[no-untyped-def]
    place = tl.program_id(0).to(tl.int64) * VALUES + tl.arange(0, VALUES)
    value = tl.load(values + place, mask=place < count, other=0.0).to(tl.float32) * factor
    value = tl.minimum(tl.maximum(value, -largest), largest)
    tl.store(codes + place, value.to(codes.dtype.element_ty), mask=place < count)


def code(values: Tensor, codes: Tensor, factor: float, largest: float) -> None:
    """Write values times a factor as 8-bit floats, clamped; both laid out alike, without gaps."""
    assert values.stride() == codes.stride()
    count = values.numel()
    on(_code, (triton.cdiv(count, _VALUES),))(
        values, codes, count, factor, largest, VALUES=_VALUES, num_warps=8
    )


@triton.jit
def _lay_cells(  # type: ignore[no-untyped-def]
    window, mean, cells, count, height, width, columns, sample_step, frame_step, colour_step, row_step,
    FRAMES: tl.constexpr, BEFORE: tl.constexpr, AROUND: tl.constexpr, CELL: tl.constexpr,
    VALUES: tl.constexpr,
):  # fmt: skip
    frame = tl.program_id(1)
    sample = frame // FRAMES
    place = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    value = place % CELL
    cell = place // CELL
    column = cell % columns - BEFORE
    row = cell // columns
    colour = value // 4
    y = tl.minimum(2 * row + value % 4 // 2, height - 1)
    x = tl.minimum(2 * column + value % 2, width - 1)
    is_inside = (place < count) & (colour < 3) & (column >= 0) & (column < columns - AROUND)
    window += sample.to(tl.int64) * sample_step + (frame % FRAMES) * frame_step
    given = tl.load(window + colour * colour_step + y * row_step + x, mask=is_inside, other=0.0).to(
        tl.float32
    )
    given -= tl.load(mean + sample * 3 + colour, mask=is_inside, other=0.0)
    at = frame.to(tl.int64) * count + place
    tl.store(cells + at, given.to(cells.dtype.element_ty), mask=place < count)


def lay_cells(window: Tensor, mean: Tensor, cells: Tensor, *, before: int, around: int) -> None:
    """Fill the stem's cells from a window less its mean, its last row and column repeated.

    Args:
        window: (N, T, 3, H, W), pixels of a row next to each other.
        mean: (N, 3) float32.
        cells: (N * T, rows, columns + around, 16), written whole.
        before: cells of zeros that a row begins with.
        around: cells of zeros in a row.
    """
    frames, (height, width) = window.shape[1], window.shape[3:]
    values = cells[0].numel()
    on(_lay_cells, (triton.cdiv(values, _VALUES), len(cells)))(
        window, mean.contiguous(), cells, values, height, width, cells.shape[2],
        window.stride(0), window.stride(1), window.stride(2), window.stride(3),
        FRAMES=frames, BEFORE=before, AROUND=around, CELL=cells.shape[3], VALUES=_VALUES, num_warps=8,
    )  # fmt: skip
