"""A drawn picture made as sharp as the frames around it, and written, by CUDA kernels: see `sharpness`.

Imported only where Triton is installed; see `fourflow_fast`. The drawn picture comes as (N, H, W, 4): red,
green and blue less one half, and what the frames around it differ by there, grey.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.fourflow_triton import Gap, corners
from flavr_core.model.kernel_building import on
from flavr_core.model.overlays_triton import enlarged_blocks, ramp
from flavr_core.model.sharpness import AIM, CELL_PX, DIFFERENT, FAINT, FLAT, MOST, smoothed

_SIZES = (
    "height", "width", "rows", "columns", "half_rows", "half_columns", "frame_step", "colour_step",
    "row_step", "made_step",
)  # fmt: skip
"""Arguments that no kernel is built anew for."""
_FRAME_COLUMNS = 64
"""Columns of a row of cells that one program looks at in a frame."""
_MADE_COLUMNS = 32
"""The same in a drawn picture, of which it holds ten pixels for each."""
_CELLS = 32
"""Cells of one program that finds what is missing."""
_PIXELS = 256
"""Pixels of one program that writes."""


@triton.jit
def _store_means(  # type: ignore[no-untyped-def]
    out, value, begin, height, width, columns, COLUMNS: tl.constexpr
):  # fmt: skip
    """Means of cells of 16 x 16 of values (16, COLUMNS) from column `begin` on, zero outside the picture."""
    cell = tl.arange(0, COLUMNS // 16)
    total = tl.sum(tl.reshape(tl.sum(value, axis=0), (COLUMNS // 16, 16)), axis=1)
    wide = tl.minimum(tl.maximum(width - begin - cell * 16, 1), 16)
    high = tl.minimum(height - tl.program_id(1) * 16, 16)
    place = begin // 16 + cell
    tl.store(
        out + tl.program_id(1) * columns + place, total / (high * wide).to(tl.float32), mask=place < columns
    )


@triton.jit
def _grey_pixel(frame, y, x, colour_step, row_step, column_step):  # type: ignore[no-untyped-def]
    at = frame + y.to(tl.int64) * row_step + x * column_step
    total = tl.load(at).to(tl.float32)
    total += tl.load(at + colour_step).to(tl.float32)
    total += tl.load(at + 2 * colour_step).to(tl.float32)
    return total * (1 / 3)


@triton.jit(do_not_specialize=_SIZES)
def _steepness(  # type: ignore[no-untyped-def]
    frames, out, height, width, rows, columns, frame_step, colour_step, row_step, column_step,
    COLUMNS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(2).to(tl.int64)
    begin = tl.program_id(0) * COLUMNS
    y = tl.program_id(1) * 16 + tl.arange(0, 16)[:, None]
    x = begin + tl.arange(0, COLUMNS)[None, :]
    is_pixel = (y < height) & (x < width)
    y, x = tl.minimum(y, height - 1), tl.minimum(x, width - 1)
    frame = frames + number * frame_step
    own = _grey_pixel(frame, y, x, colour_step, row_step, column_step)
    beside = _grey_pixel(frame, y, tl.minimum(x + 1, width - 1), colour_step, row_step, column_step)
    below = _grey_pixel(frame, tl.minimum(y + 1, height - 1), x, colour_step, row_step, column_step)
    steep = tl.where(is_pixel, tl.abs(beside - own) + tl.abs(below - own), 0.0)
    _store_means(out + number * rows * columns, steep, begin, height, width, columns, COLUMNS)


def steepness_by_kernel(frames: Tensor, out: Tensor | None = None) -> Tensor:
    """`sharpness.steepness` of frames (F, 3, H, W) of any strides, written to `out` if given."""
    count, _, height, width = frames.shape
    rows, columns = -(-height // CELL_PX), -(-width // CELL_PX)
    cells = torch.empty((count, 1, rows, columns), dtype=torch.float32, device=frames.device)
    if not frames.is_meta:
        on(_steepness, (triton.cdiv(width, _FRAME_COLUMNS), rows, count))(
            frames, cells, height, width, rows, columns, *frames.stride(), COLUMNS=_FRAME_COLUMNS
        )
    steep = smoothed(cells)
    return steep if out is None else out.copy_(steep)


@triton.jit
def _drawn(drawn, y, x, width):  # type: ignore[no-untyped-def]
    """Pixels (rows, columns, 4) as float32."""
    part = tl.arange(0, 4)[None, None, :]
    return tl.load(drawn + ((y * width + x) * 4)[:, :, None] + part).to(tl.float32)


@triton.jit
def _grey(drawn, y, x, width):  # type: ignore[no-untyped-def]
    """Three times grey.

    A difference of two thirds may be computed as one product and one sum, and is then not nothing where both
    are the same: as a sign that counts as much as any.
    """
    colours = tl.arange(0, 4)[None, None, :] < 3
    return tl.sum(tl.where(colours, _drawn(drawn, y, x, width), 0.0), axis=2)


@triton.jit
def _both(drawn, y, x, width):  # type: ignore[no-untyped-def]
    """Three times grey, and what the frames differ by."""
    pixel = _drawn(drawn, y, x, width)
    colours = tl.arange(0, 4)[None, None, :] < 3
    grey = tl.sum(tl.where(colours, pixel, 0.0), axis=2)
    return grey, tl.sum(tl.where(colours, 0.0, pixel), axis=2)


@triton.jit
def _sign(value):  # type: ignore[no-untyped-def]
    return tl.where(value > 0, 1.0, tl.where(value < 0, -1.0, 0.0))


@triton.jit(do_not_specialize=_SIZES)
def _measure(drawn, out, height, width, rows, columns, COLUMNS: tl.constexpr):  # type: ignore[no-untyped-def]
    number = tl.program_id(2).to(tl.int64)
    begin = tl.program_id(0) * COLUMNS
    y = tl.program_id(1) * 16 + tl.arange(0, 16)[:, None]
    x = begin + tl.arange(0, COLUMNS)[None, :]
    is_pixel = (y < height) & (x < width)
    y, x = tl.minimum(y, height - 1), tl.minimum(x, width - 1)
    left, right, farther = tl.maximum(x - 1, 0), tl.minimum(x + 1, width - 1), tl.minimum(x + 2, width - 1)
    above, below, deeper = tl.maximum(y - 1, 0), tl.minimum(y + 1, height - 1), tl.minimum(y + 2, height - 1)
    drawn += number * height * width * 4
    own, parting = _both(drawn, y, x, width)
    on_left, apart_left = _both(drawn, y, left, width)
    on_right, apart_right = _both(drawn, y, right, width)
    over, apart_over = _both(drawn, above, x, width)
    under, apart_under = _both(drawn, below, x, width)
    detail = own - 0.25 * (on_left + on_right + over + under)
    apart = parting - 0.25 * (apart_left + apart_right + apart_over + apart_under)
    corner = _grey(drawn, below, right, width)
    beside = own + _grey(drawn, y, farther, width) + _grey(drawn, above, right, width) + corner
    beneath = own + _grey(drawn, deeper, x, width) + _grey(drawn, below, left, width) + corner
    across, down = on_right - own, under - own
    # At the end there is no difference, so what its sign would weigh need not be right.
    gain = _sign(across) * (on_right - 0.25 * beside - detail)
    gain += _sign(down) * (under - 0.25 * beneath - detail)
    size = rows * columns
    out += number * 4 * size
    third = tl.where(is_pixel, 1 / 3, 0.0)
    _store_means(out, (tl.abs(across) + tl.abs(down)) * third, begin, height, width, columns, COLUMNS)
    _store_means(out + size, gain * third, begin, height, width, columns, COLUMNS)
    energy, difference = detail * detail * third * third, tl.where(is_pixel, apart * apart, 0.0)
    _store_means(out + 2 * size, energy, begin, height, width, columns, COLUMNS)
    _store_means(out + 3 * size, difference, begin, height, width, columns, COLUMNS)


@triton.jit
def _between_cells(cells, y, x, rows, columns):  # type: ignore[no-untyped-def]
    one, two, three, four, low, right = corners(y, x, rows, columns)
    a, b, c, d = tl.load(cells + one), tl.load(cells + two), tl.load(cells + three), tl.load(cells + four)
    upper = a + (b - a) * right
    return upper + (c + (d - c) * right - upper) * low


@triton.jit(do_not_specialize=_SIZES)
def _find_share(  # type: ignore[no-untyped-def]
    seen, filmed, places, numbers, share, t, rows, columns, half_rows, half_columns, aim, low, high, most,
    flat, faint, CELLS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    size = rows * columns
    place = tl.program_id(0) * CELLS + tl.arange(0, CELLS)
    is_cell = place < size
    place = tl.minimum(place, size - 1)
    row = place // columns
    column = place - row * columns
    seen += number * 4 * size
    steep, gain = tl.zeros((CELLS,), tl.float32), tl.zeros((CELLS,), tl.float32)
    energy, difference = tl.zeros((CELLS,), tl.float32), tl.zeros((CELLS,), tl.float32)
    for i in range(5):
        y = tl.minimum(tl.maximum(row + i - 2, 0), rows - 1) * columns
        for j in tl.static_range(5):
            at = seen + y + tl.minimum(tl.maximum(column + (j - 2), 0), columns - 1)
            part = (tl.minimum(i, 4 - i) + 1) * ((3 if j == 2 else 2 if j % 2 == 1 else 1) / 81)
            steep += tl.load(at) * part
            gain += tl.load(at + size) * part
            energy += tl.load(at + 2 * size) * part
            difference += tl.load(at + 3 * size) * part
    plane = half_rows * half_columns
    numbers += number * 5 * plane + row * 8 * half_columns + column * 8
    one_x, one_y = tl.zeros((CELLS,), tl.float32), tl.zeros((CELLS,), tl.float32)
    two_x, two_y = tl.zeros((CELLS,), tl.float32), tl.zeros((CELLS,), tl.float32)
    for i in range(8):
        for j in tl.static_range(8):
            at = numbers + i * half_columns + j
            one_x += tl.load(at)
            one_y += tl.load(at + plane)
            two_x += tl.load(at + 2 * plane)
            two_y += tl.load(at + 3 * plane)
    back, on = -t / 512, (1 - t) / 512  # 64 numbers each, in pixels of half the size: eight a cell
    first = filmed + tl.load(places + number * 4 + 1).to(tl.int64) * size
    second = filmed + tl.load(places + number * 4 + 2).to(tl.int64) * size
    wanted = tl.minimum(
        _between_cells(first, row + back * one_y, column + back * one_x, rows, columns),
        _between_cells(second, row + on * two_y, column + on * two_x, rows, columns),
    )
    short = tl.minimum(steep / (wanted + flat), 1.0)
    alike = ramp(high - short * short * difference / (energy + faint), 0.0, high - low)
    missing = tl.minimum(tl.maximum((aim * wanted - steep) / (gain + flat), 0.0), most)
    tl.store(share + number * size + place, missing * alike, mask=is_cell)


@triton.jit(do_not_specialize=_SIZES)
def _write(  # type: ignore[no-untyped-def]
    drawn, share, strokes, crowd, frames, places, made, t, height, width, rows, columns,
    frame_step, colour_step, row_step, column_step, made_step, low, high,
    HAS_STROKES: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    number, y = tl.program_id(2).to(tl.int64), tl.program_id(1)
    column = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    is_pixel = column < width
    x = tl.minimum(column, width - 1)
    part = tl.arange(0, 4)[None, :]
    drawn += number * height * width * 4
    line = drawn + y * width * 4
    value = tl.load(line + (x * 4)[:, None] + part).to(tl.float32)
    around = tl.load(line + (tl.maximum(x - 1, 0) * 4)[:, None] + part).to(tl.float32)
    around += tl.load(line + (tl.minimum(x + 1, width - 1) * 4)[:, None] + part).to(tl.float32)
    over = drawn + tl.maximum(y - 1, 0) * width * 4
    around += tl.load(over + (x * 4)[:, None] + part).to(tl.float32)
    under = drawn + tl.minimum(y + 1, height - 1) * width * 4
    around += tl.load(under + (x * 4)[:, None] + part).to(tl.float32)
    more = enlarged_blocks(share + number * rows * columns, y, x, rows, columns, rows * 16, columns * 16)
    value += (value - 0.25 * around) * more[:, None] + 0.5
    mask = is_pixel[:, None] & (part < 3)
    if HAS_STROKES:
        kept = tl.load(strokes + (number * height + y) * width + x)
        crowded = enlarged_blocks(
            crowd + number * (height // 8) * (width // 8), y, x, height // 8, width // 8, height, width
        )
        kept *= ramp(crowded, low, high)
        at = y.to(tl.int64) * row_step + x[:, None] * column_step + part * colour_step
        is_kept = mask & (kept > 0)[:, None]
        own = frames + tl.load(places + number * 4 + 1).to(tl.int64) * frame_step
        first = tl.load(own + at, mask=is_kept, other=0.0).to(tl.float32)
        own = frames + tl.load(places + number * 4 + 2).to(tl.int64) * frame_step
        second = tl.load(own + at, mask=is_kept, other=0.0).to(tl.float32)
        value += (first + (second - first) * t - value) * kept[:, None]
    at = number * made_step + (part * height + y).to(tl.int64) * width + x[:, None]
    tl.store(made + at, value.to(made.dtype.element_ty), mask=mask)


def write_sharpened(
    drawn: Tensor, filmed: Tensor, numbers: Tensor, kept: tuple[Tensor, Tensor] | None, frames: Tensor,
    gap: Gap, made: Tensor, *, crowd: tuple[float, float],
) -> None:  # fmt: skip
    """Write the picture as sharp as its neighbours, standing writing as filmed.

    Args:
        drawn: (N, H, W, 4), see the module.
        filmed: (F, 1, h, w) float32, `sharpness.steepness` of the frames.
        numbers: (N, 5, H' / 2, W' / 2) float32, the motion at half the size filled up.
        kept: writing as `overlays_triton.find_strokes` has it, or None.
        frames: (F, 3, H, W), any strides.
        gap: which of the frames are those of a window, and the place in between.
        made: (N, 3, H, W) to be written, of any stride from one window to the next, dense within.
        crowd: of blocks, where writing begins to count and counts wholly.
    """
    count, _, height, width = made.shape
    rows, columns = filmed.shape[2:]
    seen = torch.empty((count, 4, rows, columns), dtype=torch.float32, device=made.device)
    share = torch.empty((count, rows, columns), dtype=torch.float32, device=made.device)
    if made.is_meta:
        return
    on(_measure, (triton.cdiv(width, _MADE_COLUMNS), rows, count))(
        drawn, seen, height, width, rows, columns, COLUMNS=_MADE_COLUMNS
    )
    on(_find_share, (triton.cdiv(rows * columns, _CELLS), count))(
        seen, filmed, gap.places, numbers, share, gap.t, rows, columns, *numbers.shape[2:], AIM, *DIFFERENT,
        MOST, FLAT, FAINT, CELLS=_CELLS,
    )  # fmt: skip
    strokes, blocks = (share, share) if kept is None else kept
    on(_write, (triton.cdiv(width, _PIXELS), height, count))(
        drawn, share, strokes, blocks, frames, gap.places, made, gap.t, height, width, rows, columns,
        *frames.stride(), made.stride(0), *crowd, HAS_STROKES=kept is not None, PIXELS=_PIXELS,
    )  # fmt: skip
