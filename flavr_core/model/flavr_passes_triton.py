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
    _finish[triton.cdiv(count, _VALUES), frames](
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
    _scale_rows[triton.cdiv(rows.numel(), _VALUES), len(scale)](
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
    _code[(triton.cdiv(count, _VALUES),)](values, codes, count, factor, largest, VALUES=_VALUES, num_warps=8)


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
    _lay_cells[triton.cdiv(values, _VALUES), len(cells)](
        window, mean.contiguous(), cells, values, height, width, cells.shape[2],
        window.stride(0), window.stride(1), window.stride(2), window.stride(3),
        FRAMES=frames, BEFORE=before, AROUND=around, CELL=cells.shape[3], VALUES=_VALUES, num_warps=8,
    )  # fmt: skip


_PARTS = 32
"""Programs that share the tiles of a sample's channels."""
_LINES = 32
"""Tiles that one of them reads at a time."""


@triton.jit
def _sum_tiles(  # type: ignore[no-untyped-def]
    sums, parts, rows, share, width, factor, CHANNELS: tl.constexpr, LINES: tl.constexpr
):  # fmt: skip
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    first = tl.program_id(0) * share
    last = tl.minimum(first + share, rows)
    sums += tl.program_id(2).to(tl.int64) * rows * width + channel
    total = tl.zeros((LINES, CHANNELS), tl.float32)
    while first < last:
        row = (first + tl.arange(0, LINES))[:, None]
        total += tl.load(sums[None, :] + row.to(tl.int64) * width, mask=row < last, other=0.0)
        first += LINES
    at = (tl.program_id(2) * tl.num_programs(0) + tl.program_id(0)) * width + channel
    tl.store(parts + at, tl.sum(total, 0) * factor)


def mean_of_tiles(sums: Tensor, samples: int, width: int, count: int) -> Tensor:
    """Sums of tiles, for each sample tile after tile of its channels, over a count: (N, width) float32."""
    rows = sums.numel() // (samples * width)
    parts = torch.empty((samples, _PARTS, width), dtype=torch.float32, device=sums.device)
    _sum_tiles[_PARTS, width // _CHANNELS, samples](
        sums, parts, rows, triton.cdiv(rows, _PARTS), width, 1 / count, CHANNELS=_CHANNELS, LINES=_LINES,
        num_warps=4,
    )  # fmt: skip
    return parts.sum(1)


_FACTORS = 16
"""Factors that one program finds."""


@triton.jit
def _find_factors(  # type: ignore[no-untyped-def]
    means, weight, bias, out, width, CHANNELS: tl.constexpr, FACTORS: tl.constexpr
):  # fmt: skip
    made = tl.program_id(0) * FACTORS + tl.arange(0, FACTORS)
    means += tl.program_id(1) * width
    total = tl.zeros((FACTORS, CHANNELS), tl.float32)
    first = 0
    while first < width:
        channel = first + tl.arange(0, CHANNELS)
        total += (
            tl.load(weight + made[:, None] * width + channel[None, :]) * tl.load(means + channel)[None, :]
        )
        first += CHANNELS
    value = tl.sum(total, 1) + tl.load(bias + made)
    tl.store(out + tl.program_id(1) * width + made, 1 / (1 + tl.exp(-value)))


def gate_factors(means: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The sigmoid of a linear layer of means, (N, C); weight (C, C) and bias (C,), all float32."""
    samples, width = means.shape
    out = torch.empty_like(means)
    _find_factors[width // _FACTORS, samples](
        means, weight, bias, out, width, CHANNELS=_CHANNELS, FACTORS=_FACTORS, num_warps=4
    )
    return out


_CHANNELS = 64
"""Channels that one program reads at a time."""


@triton.jit
def _sum_rows(  # type: ignore[no-untyped-def]
    frames, sums, rows, columns, width, frame_step, row_step, column_step,
    CHANNELS: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    line = tl.program_id(0)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    frames += (line // rows).to(tl.int64) * frame_step + (line % rows).to(tl.int64) * row_step
    total = tl.zeros((PIXELS, CHANNELS), tl.float32)
    first = 0
    while first < columns:
        x = first + tl.arange(0, PIXELS)
        at = x[:, None] * column_step + channel[None, :]
        total += tl.load(frames + at, mask=(x < columns)[:, None], other=0.0).to(tl.float32)
        first += PIXELS
    tl.store(sums + line.to(tl.int64) * width + channel, tl.sum(total, 0))


@triton.jit
def _sum_taps(  # type: ignore[no-untyped-def]
    frames, sums, out, rows, columns, width, frame_step, row_step, column_step,
    CHANNELS: tl.constexpr, LINES: tl.constexpr,
):  # fmt: skip
    frame = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    frames += frame * frame_step + channel
    sums += frame * rows * width + channel
    last = (columns - 1) * column_step
    total = tl.zeros((LINES, CHANNELS), tl.float32)
    left = tl.zeros((LINES, CHANNELS), tl.float32)
    right = tl.zeros((LINES, CHANNELS), tl.float32)
    first = 0
    while first < rows:
        y = (first + tl.arange(0, LINES))[:, None]
        is_row = y < rows
        total += tl.load(sums[None, :] + y * width, mask=is_row, other=0.0)
        edge = frames[None, :] + y.to(tl.int64) * row_step
        left += tl.load(edge, mask=is_row, other=0.0).to(tl.float32)
        right += tl.load(edge + last, mask=is_row, other=0.0).to(tl.float32)
        first += LINES
    down = (rows - 1) * row_step
    # A tap at the filter's edge misses a row or a column, and then counts their common pixel twice.
    tap = tl.arange(0, 16)[:, None]
    y = tap // 4
    x = tap % 4
    value = tl.sum(total, 0)[None, :] + tl.zeros((16, CHANNELS), tl.float32)
    value -= tl.where(y == 0, tl.load(sums)[None, :], 0.0)
    value -= tl.where(y == 3, tl.load(sums + (rows - 1) * width)[None, :], 0.0)
    value -= tl.where(x == 0, tl.sum(left, 0)[None, :], 0.0)
    value -= tl.where(x == 3, tl.sum(right, 0)[None, :], 0.0)
    value += tl.where((y == 0) & (x == 0), tl.load(frames).to(tl.float32)[None, :], 0.0)
    value += tl.where((y == 0) & (x == 3), tl.load(frames + last).to(tl.float32)[None, :], 0.0)
    value += tl.where((y == 3) & (x == 0), tl.load(frames + down).to(tl.float32)[None, :], 0.0)
    value += tl.where((y == 3) & (x == 3), tl.load(frames + down + last).to(tl.float32)[None, :], 0.0)
    tl.store(out + (frame * width + channel)[None, :] * 16 + tap, value)


def tap_sums(frames: Tensor) -> Tensor:
    """For each of 4x4 taps of a growing layer the sum of its inputs in each frame.

    Args:
        frames: (N * T, C, H, W), a range of channels of such.

    Returns:
        (N * T, C, 4, 4) float32.
    """
    count, width, rows, columns = frames.shape
    steps = frames.stride(0), frames.stride(2), frames.stride(3)
    sums = torch.empty((count * rows, width), dtype=torch.float32, device=frames.device)
    blocks = width // _CHANNELS
    _sum_rows[count * rows, blocks](
        frames, sums, rows, columns, width, *steps, CHANNELS=_CHANNELS, PIXELS=64, num_warps=8
    )
    out = torch.empty((count, width, 4, 4), dtype=torch.float32, device=frames.device)
    _sum_taps[count, blocks](
        frames, sums, out, rows, columns, width, *steps, CHANNELS=_CHANNELS, LINES=32, num_warps=8
    )
    return out


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
    _project[triton.cdiv(columns, _PIXELS), samples * rows](
        merged, weights, projected, rows, columns, merged.stride(0), merged.stride(2), TAPS=TAPS,
        CHANNELS=channels, WIDE=wide, NARROW=narrow, PIXELS=_PIXELS, num_warps=8 if wide else 4, num_stages=3,
    )  # fmt: skip
    out = torch.empty((samples, outputs, height, width), dtype=torch.float32, device=merged.device)
    _gather[triton.cdiv(width, _PIXELS), height, samples](
        projected, bias, mean.contiguous(), out, height, width, rows, columns, sums, height * width,
        OUTPUTS=outputs, PADDED=triton.next_power_of_2(outputs), TAPS=TAPS, PIXELS=_PIXELS,
    )  # fmt: skip
    return out
