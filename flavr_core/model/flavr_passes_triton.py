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
    drawn, scale, rest, out, count, rest_frame, rest_step, out_frame, out_step,
    FRAMES: tl.constexpr, WIDTH: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    frame = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    is_place = place < count
    pixel = place // WIDTH
    channel = place - pixel * WIDTH
    factor = tl.load(scale + frame // FRAMES * WIDTH + channel, mask=is_place, other=0.0)
    value = tl.load(drawn + frame * count + place, mask=is_place, other=0.0).to(tl.float32)
    added = tl.load(rest + frame * rest_frame + pixel * rest_step + channel, mask=is_place, other=0.0)
    value = tl.maximum(value * factor + added.to(tl.float32), 0.0)
    at = frame * out_frame + pixel * out_step + channel
    tl.store(out + at, value.to(out.dtype.element_ty), mask=is_place)


def finish_block(drawn: Tensor, scale: Tensor, rest: Tensor, out: Tensor) -> None:
    """Write relu(drawn * scale + rest) to `out`, which may be `drawn`.

    Args:
        drawn: frames, all channels of theirs.
        scale: (N, C) float32.
        rest: frames, or a range of the channels of such.
        out: likewise.
    """
    count, width, rows, columns = drawn.shape
    values = width * rows * columns
    _finish[triton.cdiv(values, _VALUES), count](
        drawn, scale.contiguous(), rest, out, values, rest.stride(0), rest.stride(3), out.stride(0),
        out.stride(3), FRAMES=count // len(scale), WIDTH=width, VALUES=_VALUES, num_warps=8,
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


TAPS = 7
"""Taps of the output convolution, in rows and columns."""
_PIXELS = 128
"""Pixels of a row that one program multiplies."""
_PLACES = 512
"""Values of a result that one program sums."""


@triton.jit
def _project(  # type: ignore[no-untyped-def]
    merged, weights, projected, rows, columns, picture_step, row_step, outputs,
    TAPS: tl.constexpr, WIDTH: tl.constexpr, OUTPUTS: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    column = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    line = tl.program_id(1)
    row, picture = line % rows, line // rows
    channel = tl.arange(0, WIDTH)
    output = tl.program_id(2) * OUTPUTS + tl.arange(0, OUTPUTS)
    is_pixel = (column < columns)[:, None]
    at = picture.to(tl.int64) * picture_step + column[:, None] * WIDTH + channel[None, :]
    total = tl.zeros((PIXELS, OUTPUTS), tl.float32)
    for tap in range(TAPS):
        y = row + tap - TAPS // 2
        y = tl.where(y < 0, -y, y)
        y = tl.where(y >= rows, 2 * rows - 2 - y, y)
        pixels = tl.load(merged + at + y * row_step, mask=is_pixel, other=0.0)
        taps = tl.load(weights + (tap * WIDTH + channel[:, None]) * outputs + output[None, :])
        total = tl.dot(pixels, taps, total)
    place = (line.to(tl.int64) * columns + column)[:, None] * outputs + output[None, :]
    tl.store(projected + place, total.to(projected.dtype.element_ty), mask=is_pixel)


@triton.jit
def _gather(  # type: ignore[no-untyped-def]
    projected, bias, mean, out, count, width, rows, columns, outputs,
    COLOURS: tl.constexpr, TAPS: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    plane = tl.program_id(1)
    colour = plane % COLOURS
    sample = plane // COLOURS
    place = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    is_place = place < count
    x = place % width
    line = (sample * rows + place // width).to(tl.int64) * columns
    total = tl.zeros((VALUES,), tl.float32) + tl.load(bias + colour) + tl.load(mean + sample * 3 + colour % 3)
    for tap in range(TAPS):
        at = x + tap - TAPS // 2
        at = tl.where(at < 0, -at, at)
        at = tl.where(at >= columns, 2 * columns - 2 - at, at)
        total += tl.load(projected + (line + at) * outputs + tap * COLOURS + colour, mask=is_place, other=0.0)
    tl.store(out + plane.to(tl.int64) * count + place, total, mask=is_place)


def draw_out(merged: Tensor, weights: Tensor, bias: Tensor, mean: Tensor, size: Sequence[int]) -> Tensor:
    """The output convolution with reflected edges, and the mean, of the picture's first rows and columns.

    Each pixel is multiplied by the taps of a whole row of the filter; then what pixels gave to each other is
    summed. So a pixel is read seven times, not forty-nine.

    Args:
        merged: (N, C, H', W'), channels last in memory.
        weights: see `flavr_column_ends.out_weight`.
        bias: (O,) float32.
        mean: (N, 3) float32.
        size: rows and columns that are wanted.

    Returns:
        (N, O, *size) float32.
    """
    samples, channels, rows, columns = merged.shape
    outputs, (height, width) = weights.shape[1], size
    # One picture's partial sums are kept exactly; seven pictures' would be too much to write.
    dtype = torch.float32 if outputs <= 32 else merged.dtype
    projected = torch.empty((samples * rows, columns, outputs), dtype=dtype, device=merged.device)
    part = min(outputs, 64)
    _project[triton.cdiv(columns, _PIXELS), samples * rows, outputs // part](
        merged, weights, projected, rows, columns, merged.stride(0), merged.stride(2), outputs,
        TAPS=TAPS, WIDTH=channels, OUTPUTS=part, PIXELS=_PIXELS, num_warps=4, num_stages=3,
    )  # fmt: skip
    out = torch.empty((samples, len(bias), height, width), dtype=torch.float32, device=merged.device)
    _gather[triton.cdiv(height * width, _PLACES), samples * len(bias)](
        projected, bias, mean.contiguous(), out, height * width, width, rows, columns, outputs,
        COLOURS=len(bias), TAPS=TAPS, VALUES=_PLACES,
    )  # fmt: skip
    return out
