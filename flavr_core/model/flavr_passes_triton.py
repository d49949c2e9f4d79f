"""What lies between the convolutions of a FLAVR in columns, as CUDA kernels of one pass each.

Imported only where Triton is installed; see `flavr_columns` and `flavr_column_ends`. Frames have their
channels last in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

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


TAPS = 7
"""Taps of the output convolution, in rows and columns."""
_PIXELS = 128
"""Pixels of a row that one program multiplies or sums."""


@triton.jit
def _project(  # type: ignore[no-untyped-def]
    merged, weights, projected, rows, columns, picture_step, row_step,
    TAPS: tl.constexpr, CHANNELS: tl.constexpr, WIDE: tl.constexpr, NARROW: tl.constexpr,
    PIXELS: tl.constexpr,
):  # fmt: skip
    width: tl.constexpr = WIDE + NARROW
    column = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    line = tl.program_id(1)
    row = line % rows
    channel = tl.arange(0, CHANNELS)
    narrow = tl.arange(0, NARROW)
    is_pixel = (column < columns)[:, None]
    merged += (line // rows).to(tl.int64) * picture_step + column[:, None] * CHANNELS + channel[None, :]
    weights += channel[:, None] * width
    sums = tl.zeros((PIXELS, NARROW), tl.float32)
    if WIDE:
        wide = tl.arange(0, WIDE)
        wide_sums = tl.zeros((PIXELS, WIDE), tl.float32)
    for tap in range(TAPS):
        y = row + tap - TAPS // 2
        y = tl.where(y < 0, -y, y)
        y = tl.where(y >= rows, 2 * rows - 2 - y, y)
        pixels = tl.load(merged + y.to(tl.int64) * row_step, mask=is_pixel, other=0.0)
        taps = weights + tap * CHANNELS * width
        sums = tl.dot(pixels, tl.load(taps + WIDE + narrow[None, :]), sums)
        if WIDE:
            wide_sums = tl.dot(pixels, tl.load(taps + wide[None, :]), wide_sums)
    projected += (line.to(tl.int64) * columns + column)[:, None] * width
    element = projected.dtype.element_ty
    tl.store(projected + WIDE + narrow[None, :], sums.to(element), mask=is_pixel)
    if WIDE:
        tl.store(projected + wide[None, :], wide_sums.to(element), mask=is_pixel)


@triton.jit
def _gather(  # type: ignore[no-untyped-def]
    projected, bias, mean, out, height, width, rows, columns, row_values, plane_values,
    OUTPUTS: tl.constexpr, PADDED: tl.constexpr, TAPS: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    column = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    sample = tl.program_id(2)
    output = tl.arange(0, PADDED)
    is_output = output < OUTPUTS
    is_value = (column < width)[:, None] & is_output[None, :]
    start = tl.load(bias + output, mask=is_output, other=0.0)
    start += tl.load(mean + sample * 3 + output % 3)
    total = tl.zeros((PIXELS, PADDED), tl.float32) + start[None, :]
    projected += (sample * rows + tl.program_id(1)).to(tl.int64) * columns * row_values
    for tap in range(TAPS):
        x = column + tap - TAPS // 2
        x = tl.where(x < 0, -x, x)
        x = tl.where(x >= columns, 2 * columns - 2 - x, x)
        at = x[:, None] * row_values + (tap * OUTPUTS + output)[None, :]
        total += tl.load(projected + at, mask=is_value, other=0.0).to(tl.float32)
    out += sample.to(tl.int64) * OUTPUTS * plane_values + tl.program_id(1) * width
    tl.store(out + output[None, :].to(tl.int64) * plane_values + column[:, None], total, mask=is_value)


WIDTHS = {32: (0, 32), 64: (0, 64), 160: (128, 32)}
"""Sums a pixel that there are programs for, and the two products that give them."""


def draw_out(
    merged: Tensor, weights: Tensor, bias: Tensor, mean: Tensor, size: Sequence[int], *, partial: torch.dtype
) -> Tensor:
    """The output convolution with reflected edges, and the mean, of the picture's first rows and columns.

    Each pixel is multiplied by the taps of a whole row of the filter; then what pixels gave to each other is
    summed. So a pixel is read seven times, not forty-nine.

    Args:
        merged: (N, C, H', W'), channels last in memory.
        weights: see `flavr_column_ends.out_weight`; as wide as one of `WIDTHS`.
        bias: (O,) float32.
        mean: (N, 3) float32.
        size: rows and columns that are wanted.
        partial: in which what pixels give to each other is kept.

    Returns:
        (N, O, *size) float32.
    """
    samples, channels, rows, columns = merged.shape
    sums, outputs, (height, width) = weights.shape[1], len(bias), size
    wide, narrow = WIDTHS[sums]
    projected = torch.empty((samples * rows, columns, sums), dtype=partial, device=merged.device)
    on(_project, (triton.cdiv(columns, _PIXELS), samples * rows))(
        merged, weights, projected, rows, columns, merged.stride(0), merged.stride(2), TAPS=TAPS,
        CHANNELS=channels, WIDE=wide, NARROW=narrow, PIXELS=_PIXELS, num_warps=8 if wide else 4, num_stages=3,
    )  # fmt: skip
    out = torch.empty((samples, outputs, height, width), dtype=torch.float32, device=merged.device)
    on(_gather, (triton.cdiv(width, _PIXELS), height, samples))(
        projected, bias, mean.contiguous(), out, height, width, rows, columns, sums, height * width,
        OUTPUTS=outputs, PADDED=triton.next_power_of_2(outputs), TAPS=TAPS, PIXELS=_PIXELS,
    )  # fmt: skip
    return out
