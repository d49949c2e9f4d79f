"""Frames without the writing that stands still over them, by CUDA kernels: `overlays.without_overlays`.

Imported only where Triton is installed; see `fourflow_fast`. Where there is no writing cells are copied.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional

from flavr_core.model.kernel_building import on
from flavr_core.model.overlay_measures import COVERED, CROWD, reduction
from flavr_core.model.overlays import box_mean
from flavr_core.model.overlays_triton import any_above, enlarged_blocks, ramp

_COLUMNS = 32
"""Columns of eight rows that one program looks at: four blocks."""


@triton.jit
def _covered(strokes, crowd, y, x, height, width, low, high, step):  # type: ignore[no-untyped-def]
    """How surely writing is at pixels (y, x) or `step` beside them."""
    most = tl.zeros_like(y * x).to(tl.float32)
    for shift in tl.static_range(9):
        row, column = y + (shift // 3 - 1) * step, x + (shift % 3 - 1) * step
        is_there = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        value = tl.load(strokes + row * width + column, mask=is_there, other=0.0)
        crowded = enlarged_blocks(crowd, row, column, height // 8, width // 8, height, width)
        most = tl.maximum(most, value * ramp(crowded, low, high))
    return most


@triton.jit(do_not_specialize=("height",))
def _sum_blocks(  # type: ignore[no-untyped-def]
    frames, places, strokes, crowd, sums, height, width, frame_step, colour_step, row_step, column_step,
    counted, low, high, step, COLUMNS: tl.constexpr,
):  # fmt: skip
    number, side = tl.program_id(2).to(tl.int64) // 2, tl.program_id(2) % 2
    y = tl.program_id(1) * 8 + tl.arange(0, 8)[:, None]
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    rows, columns = height // 8, width // 8
    size = rows * columns
    crowd += number * size
    block = tl.program_id(0) * (COLUMNS // 8) + tl.arange(0, COLUMNS // 8)
    sums += (number * 2 + side) * 4 * size + tl.program_id(1) * columns + block
    if any_above(crowd, tl.program_id(1), tl.program_id(0) * (COLUMNS // 8), rows, columns, low, 4):
        strokes += number * height * width
        seen = 1 - counted * _covered(strokes, crowd, y, x, height, width, low, high, step)
        frames += tl.load(places + number * 4 + 1 + side).to(tl.int64) * frame_step
        at = y.to(tl.int64) * row_step + x * column_step
        for colour in tl.static_range(3):
            pixel = tl.load(frames + at + colour * colour_step, mask=x < width, other=0.0).to(tl.float32)
            total = tl.sum(tl.reshape(tl.sum(pixel * seen, axis=0), (COLUMNS // 8, 8)), axis=1) / 64
            tl.store(sums + colour * size, total, mask=block < columns)
        total = tl.sum(tl.reshape(tl.sum(seen, axis=0), (COLUMNS // 8, 8)), axis=1) / 64
        tl.store(sums + 3 * size, total, mask=block < columns)
    else:
        nothing = tl.zeros((COLUMNS // 8,), tl.float32)
        for colour in tl.static_range(4):
            tl.store(sums + colour * size, nothing + colour // 3, mask=block < columns)


@triton.jit(do_not_specialize=("height", "rows"))
def _lay_ground(  # type: ignore[no-untyped-def]
    cells, places, strokes, crowd, around, ground, height, width, rows, columns, high_blocks, wide_blocks,
    low, high, step, CELLS: tl.constexpr,
):  # fmt: skip
    number, side = tl.program_id(2).to(tl.int64) // 2, tl.program_id(2) % 2
    place = tl.arange(0, 4 * CELLS)
    row = tl.program_id(1) * 4 + place // CELLS
    column = tl.program_id(0) * CELLS + place % CELLS
    is_cell = ((row < rows) & (column < columns))[:, None]
    place = row * columns + column
    cells += tl.load(places + number * 4 + 1 + side).to(tl.int64) * rows * columns * 16
    ground += (number * 2 + side) * rows * columns * 16
    size = (height // 8) * (width // 8)
    crowd += number * size
    at = (place * 16)[:, None] + tl.arange(0, 16)[None, :]
    tl.store(ground + at, tl.load(cells + at, mask=is_cell), mask=is_cell)
    if any_above(crowd, tl.program_id(1), tl.program_id(0) * (CELLS // 4), height // 8, width // 8, low, 4):
        pixel = tl.arange(0, 4)[None, :]
        y = tl.minimum(2 * row[:, None] + pixel // 2, height - 1)
        x = tl.minimum(2 * column[:, None] + pixel % 2, width - 1)
        strokes += number * height * width
        covered = _covered(strokes, crowd, y, x, height, width, low, high, step)
        inner = (place * 16)[:, None] + pixel * 4
        size = high_blocks * wide_blocks
        around += (number * 2 + side) * 3 * size
        is_changed = is_cell & (covered > 0)
        for colour in tl.static_range(3):
            own = tl.load(cells + inner + colour, mask=is_changed, other=0.0).to(tl.float32)
            near = enlarged_blocks(around + colour * size, y, x, high_blocks, wide_blocks, height, width)
            value = own + (near - 0.5 - own) * covered
            tl.store(ground + inner + colour, value.to(ground.dtype.element_ty), mask=is_changed)


def lay_ground(
    cells: Tensor, frames: Tensor, places: Tensor, strokes: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """The middle two frames of each window without standing writing.

    Args:
        cells: (F, h, w, CELL), the frames in cells, see `fourflow_ends_triton`.
        frames: (F, 3, H, W) RGB in [0, 1], any strides.
        places: (N, 4) int32, which of them are the windows'.
        strokes: as `overlays_triton.look_at_frames` has it.

    Returns:
        (2 * N, h, w, CELL), and (N, 4) int32, where the middle two of each window are there.
    """
    count, (height, width), (_, rows, columns, values) = len(places), frames.shape[2:], cells.shape
    share, crowd = strokes
    factor = reduction(height, width)
    sums = torch.empty((2 * count, 4, *crowd.shape[1:]), dtype=torch.float32, device=frames.device)
    ground = torch.empty((2 * count, rows, columns, values), dtype=cells.dtype, device=cells.device)
    if not frames.is_meta:
        on(_sum_blocks, (triton.cdiv(width, _COLUMNS), height // 8, 2 * count))(
            frames, places, share, crowd, sums, height, width, *frames.stride(), 1 - COVERED, *CROWD, factor,
            COLUMNS=_COLUMNS,
        )  # fmt: skip
    means = box_mean(functional.avg_pool2d(sums, factor), 3, 3)
    around = (means[:, :3] / means[:, 3:]).contiguous()
    if not frames.is_meta:
        on(_lay_ground, (triton.cdiv(columns, _COLUMNS // 2), triton.cdiv(rows, 4), 2 * count))(
            cells, places, share, crowd, around, ground, height, width, rows, columns, *around.shape[2:],
            *CROWD, factor, CELLS=_COLUMNS // 2,
        )  # fmt: skip
    pairs = torch.arange(2 * count, dtype=torch.int32, device=places.device).view(count, 2)
    return ground, functional.pad(pairs, (1, 1))
