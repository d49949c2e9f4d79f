"""Writing that stands still, found by CUDA kernels: `overlays.overlay_share` in three passes.

Imported only where Triton is installed; see `fourflow_fast`. Where nothing moves a tile is left at once.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional

from flavr_core.model.kernel_building import on
from flavr_core.model.overlay_measures import (
    AROUND_PX,
    BLOCK_PX,
    CONTRAST,
    CROWD,
    DENSE,
    EDGE_SAME,
    LINE_BLOCKS,
    MOVING,
    SAME,
    SMALLEST_PX,
    reduction,
)
from flavr_core.model.overlays import box_mean

_COLUMNS = 128
"""Columns of eight rows that one program looks at."""
_STROKE_COLUMNS = 32
"""The same where strokes are told."""


@triton.jit
def _spread(first, second, third, fourth):  # type: ignore[no-untyped-def]
    highest = tl.maximum(tl.maximum(first, second), tl.maximum(third, fourth))
    return highest - tl.minimum(tl.minimum(first, second), tl.minimum(third, fourth))


@triton.jit(do_not_specialize=("height",))
def _look(  # type: ignore[no-untyped-def]
    frames, places, luma, same, changing, valid, height, width, frame_step, colour_step, row_step,
    column_step, steady, HAS_MAPS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(2).to(tl.int64)
    y = tl.program_id(1) * 8 + tl.arange(0, 8)[:, None]
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    is_pixel = (y < height) & (x < width)
    at = y.to(tl.int64) * row_step + x * column_step
    places += number * 4
    first_at = frames + tl.load(places).to(tl.int64) * frame_step
    second_at = frames + tl.load(places + 1).to(tl.int64) * frame_step
    third_at = frames + tl.load(places + 2).to(tl.int64) * frame_step
    fourth_at = frames + tl.load(places + 3).to(tl.int64) * frame_step
    spread = tl.zeros((8, COLUMNS), tl.float32)
    before, after = tl.zeros((8, COLUMNS), tl.float32), tl.zeros((8, COLUMNS), tl.float32)
    one, two, three, four = spread, spread, spread, spread
    for colour in tl.static_range(3):
        pixel = at + colour * colour_step
        first = tl.load(first_at + pixel, mask=is_pixel, other=0.0).to(tl.float32)
        second = tl.load(second_at + pixel, mask=is_pixel, other=0.0).to(tl.float32)
        third = tl.load(third_at + pixel, mask=is_pixel, other=0.0).to(tl.float32)
        fourth = tl.load(fourth_at + pixel, mask=is_pixel, other=0.0).to(tl.float32)
        before, after = tl.maximum(before, tl.abs(second - first)), tl.maximum(after, tl.abs(third - fourth))
        spread = tl.maximum(spread, _spread(first, second, third, fourth))
        one, two = one + first * (1 / 3), two + second * (1 / 3)
        three, four = three + third * (1 / 3), four + fourth * (1 / 3)
    changed = tl.max(tl.max(before, axis=1), axis=0)
    tl.atomic_max(valid + number * 2, 1, mask=changed > 0)
    changed = tl.max(tl.max(after, axis=1), axis=0)
    tl.atomic_max(valid + number * 2 + 1, 1, mask=changed > 0)
    if HAS_MAPS:
        place = (number * height + y) * width + x
        ratio = spread / steady
        tl.store(same + place, tl.exp(-ratio * ratio).to(same.dtype.element_ty), mask=is_pixel)
        # Side by side for each pixel, so that they are written as whole vectors.
        lumas = tl.join(tl.join(one, three), tl.join(two, four)) - 0.5
        tl.store(
            luma + (place * 4)[:, :, None] + tl.arange(0, 4)[None, None, :],
            tl.reshape(lumas, (8, COLUMNS, 4)).to(luma.dtype.element_ty), mask=is_pixel[:, :, None],
        )  # fmt: skip
        moves = tl.sum(tl.where(spread > 3 * steady, 1.0, 0.0), axis=0)
        moves = tl.sum(tl.reshape(moves, (COLUMNS // 8, 8)), axis=1) / 64
        block = tl.program_id(0) * (COLUMNS // 8) + tl.arange(0, COLUMNS // 8)
        is_block = (block < width // 8) & (tl.program_id(1) < height // 8)
        tl.store(changing + (number * (height // 8) + tl.program_id(1)) * (width // 8) + block, moves,
                 mask=is_block)  # fmt: skip


@triton.jit
def any_above(blocks, row, column, rows, columns, least, REACH: tl.constexpr):  # type: ignore[no-untyped-def]
    """Whether any block from (row - REACH, column - REACH) on, 4 * REACH each way, is above `least`."""
    y = tl.minimum(tl.maximum(row - REACH + tl.arange(0, 4 * REACH), 0), rows - 1)
    x = tl.minimum(tl.maximum(column - REACH + tl.arange(0, 4 * REACH), 0), columns - 1)
    values = tl.load(blocks + y[:, None] * columns + x[None, :])
    return tl.max(tl.max(values, axis=1), axis=0) > least


@triton.jit(do_not_specialize=("height",))
def _tell_strokes(  # type: ignore[no-untyped-def]
    luma, same, moving, strokes, height, width, least, faint,
    REACH: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(2).to(tl.int64)
    place = tl.arange(0, 8 * COLUMNS)
    y = tl.program_id(1) * 8 + place // COLUMNS
    x = tl.program_id(0) * COLUMNS + place % COLUMNS
    is_pixel = (y < height) & (x < width)
    frame = tl.arange(0, 4)[None, :]
    luma += number * height * width * 4
    at = number * height * width + y * width + x
    rows, columns = height // 8, width // 8
    moving += number * rows * columns
    contrast = tl.zeros((8 * COLUMNS,), tl.float32)
    still = tl.load(same + at, mask=is_pixel, other=0.0).to(tl.float32)
    # Of a tile where all or nothing moves no stroke comes to count.
    may_count = tl.max(still, axis=0) > faint
    if may_count & any_above(
        moving, tl.program_id(1), tl.program_id(0) * (COLUMNS // 8), rows, columns, least, 2
    ):
        total = tl.zeros((8 * COLUMNS, 4), tl.float32)
        for down in range(-REACH, REACH + 1):
            for across in range(-REACH, REACH + 1):
                row, column = y + down, x + across
                is_there = is_pixel & (row >= 0) & (row < height) & (column >= 0) & (column < width)
                near = luma + ((row * width + column) * 4)[:, None] + frame
                total += tl.load(near, mask=is_there[:, None], other=0.0).to(tl.float32)
        high = tl.minimum(y + REACH, height - 1) - tl.maximum(y - REACH, 0) + 1
        wide = tl.minimum(x + REACH, width - 1) - tl.maximum(x - REACH, 0) + 1
        own = tl.load(luma + ((y * width + x) * 4)[:, None] + frame, mask=is_pixel[:, None], other=0.0)
        relief = own.to(tl.float32) - total / tl.maximum(high * wide, 1).to(tl.float32)[:, None]
        contrast = tl.maximum(tl.min(relief, axis=1), tl.min(-relief, axis=1))
        contrast *= still
    tl.store(strokes + at, contrast.to(strokes.dtype.element_ty), mask=is_pixel)


@triton.jit
def ramp(value, low, high):  # type: ignore[no-untyped-def]
    """0 up to `low`, 1 from `high`."""
    return tl.minimum(tl.maximum((value - low) / (high - low), 0.0), 1.0)


@triton.jit
def enlarged_blocks(blocks, y, x, rows, columns, height, width):  # type: ignore[no-untyped-def]
    """Blocks' values at pixels (y, x) of a picture (height, width), when they are enlarged to its size."""
    v = tl.maximum((y + 0.5) * (rows.to(tl.float32) / height) - 0.5, 0.0)
    u = tl.maximum((x + 0.5) * (columns.to(tl.float32) / width) - 0.5, 0.0)
    above, left = tl.minimum(v.to(tl.int32), rows - 1), tl.minimum(u.to(tl.int32), columns - 1)
    below, right = tl.minimum(above + 1, rows - 1), tl.minimum(left + 1, columns - 1)
    v, u = v - above, u - left
    one, two = tl.load(blocks + above * columns + left), tl.load(blocks + above * columns + right)
    three, four = tl.load(blocks + below * columns + left), tl.load(blocks + below * columns + right)
    upper = one + (two - one) * u
    return upper + (three + (four - three) * u - upper) * v


@triton.jit(do_not_specialize=("height",))
def _share(  # type: ignore[no-untyped-def]
    same, strokes, moving, share, blocks, height, width, contrast, dense_low, dense_high, moving_low,
    moving_high, COLUMNS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(2).to(tl.int64)
    y = tl.program_id(1) * 8 + tl.arange(0, 8)[:, None]
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    is_pixel = (y < height) & (x < width)
    begin = number * height * width
    same += begin
    strokes += begin
    most = tl.zeros((8, COLUMNS), tl.float32)
    total = tl.zeros((8, COLUMNS), tl.float32)
    for shift in tl.static_range(9):
        row, column = y + shift // 3 - 1, x + shift % 3 - 1
        is_there = is_pixel & (row >= 0) & (row < height) & (column >= 0) & (column < width)
        most = tl.maximum(
            most, tl.load(strokes + row * width + column, mask=is_there, other=0.0).to(tl.float32)
        )
        total += tl.load(same + row * width + column, mask=is_there, other=0.0).to(tl.float32)
    high = tl.minimum(y + 1, height - 1) - tl.maximum(y - 1, 0) + 1
    wide = tl.minimum(x + 1, width - 1) - tl.maximum(x - 1, 0) + 1
    value = tl.load(same + y * width + x, mask=is_pixel, other=0.0).to(tl.float32)
    rows, columns = height // 8, width // 8
    moves = enlarged_blocks(moving + number * rows * columns, y, x, rows, columns, height, width)
    value *= ramp(moves, moving_low, moving_high) * ramp(most, contrast, 2 * contrast)
    value *= ramp(total / tl.maximum(high * wide, 1).to(tl.float32), dense_low, dense_high)
    tl.store(share + begin + y * width + x, value, mask=is_pixel)
    mean = tl.sum(tl.reshape(tl.sum(value, axis=0), (COLUMNS // 8, 8)), axis=1) / 64
    block = tl.program_id(0) * (COLUMNS // 8) + tl.arange(0, COLUMNS // 8)
    is_block = (block < columns) & (tl.program_id(1) < rows)
    tl.store(blocks + (number * rows + tl.program_id(1)) * columns + block, mean, mask=is_block)


@triton.jit(do_not_specialize=("height", "rows"))
def _enlarge(  # type: ignore[no-untyped-def]
    near, frames, places, share, height, width, rows, columns, frame_step, colour_step, row_step, column_step,
    steady, COLUMNS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(2).to(tl.int64)
    y = tl.program_id(1) * 8 + tl.arange(0, 8)[:, None]
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    is_pixel = (y < height) & (x < width)
    value = enlarged_blocks(near + number * rows * columns, y, x, rows, columns, height, width)
    if tl.max(tl.max(value, axis=1), axis=0) > 0:
        at = y.to(tl.int64) * row_step + x * column_step
        places += number * 4
        first_at = frames + tl.load(places).to(tl.int64) * frame_step
        second_at = frames + tl.load(places + 1).to(tl.int64) * frame_step
        third_at = frames + tl.load(places + 2).to(tl.int64) * frame_step
        fourth_at = frames + tl.load(places + 3).to(tl.int64) * frame_step
        spread = tl.zeros((8, COLUMNS), tl.float32)
        for colour in tl.static_range(3):
            pixel = at + colour * colour_step
            first = tl.load(first_at + pixel, mask=is_pixel, other=0.0).to(tl.float32)
            second = tl.load(second_at + pixel, mask=is_pixel, other=0.0).to(tl.float32)
            third = tl.load(third_at + pixel, mask=is_pixel, other=0.0).to(tl.float32)
            fourth = tl.load(fourth_at + pixel, mask=is_pixel, other=0.0).to(tl.float32)
            spread = tl.maximum(spread, _spread(first, second, third, fourth))
        ratio = spread / steady
        value *= tl.exp(-ratio * ratio)
    tl.store(share + (number * height + y) * width + x, value, mask=is_pixel)


def look_at_frames(
    frames: Tensor, places: Tensor, dtype: torch.dtype
) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
    """Whether a window's outer frames are frames of their own, and where writing stands still.

    Args:
        frames: (F, 3, H, W) RGB in [0, 1], any strides.
        places: (N, 4) int32, which of them are the windows'.
        dtype: the network's, which says how exactly pictures are kept in between.

    Returns:
        (N, 2) int32 of 0 and 1, for the first frame and the last. Strokes (N, H, W) float32, and how many
        there are around each block of eight by eight pixels (N, H // 8, W // 8) float32: where enough, the
        first is `overlay_share`'s result; None where the pictures are too small.
    """
    factor = reduction(*frames.shape[2:])
    if factor == 1:
        return _look_closely(frames, places, dtype, has_maps=min(frames.shape[2:]) >= SMALLEST_PX)
    valid, _ = _look_closely(frames, places, dtype, has_maps=False)
    small = functional.avg_pool2d(frames, factor)
    _, strokes = _look_closely(small, places, dtype, has_maps=min(small.shape[2:]) >= SMALLEST_PX)
    return valid, None if strokes is None else _at_full_size(frames, places, *strokes, factor)


def _at_full_size(
    frames: Tensor, places: Tensor, strokes: Tensor, crowd: Tensor, factor: int
) -> tuple[Tensor, Tensor]:
    """Strokes that were found in pictures so many times smaller; wherever any are near there are enough."""
    count, (height, width) = len(places), frames.shape[2:]
    size = strokes.shape[1:]
    crowded = functional.interpolate(crowd[:, None], size=size, mode="bilinear")
    found = strokes[:, None] * ((crowded - CROWD[0]) / (CROWD[1] - CROWD[0])).clamp(0, 1)
    near = functional.max_pool2d(found, 3, 1, 1)
    share = torch.empty((count, height, width), dtype=torch.float32, device=frames.device)
    if not frames.is_meta:
        on(_enlarge, (triton.cdiv(width, _COLUMNS), triton.cdiv(height, 8), count))(
            near, frames, places, share, height, width, *size, *frames.stride(), EDGE_SAME, COLUMNS=_COLUMNS
        )
    # As far as colours around writing are told from.
    cells = functional.max_pool2d((near > 0).float(), BLOCK_PX, ceil_mode=True)
    cells = functional.max_pool2d(cells, 9, 1, 4)
    blocks = functional.interpolate(cells, size=(height // BLOCK_PX, width // BLOCK_PX), mode="nearest")
    return share, blocks[:, 0].contiguous()


def _look_closely(
    frames: Tensor, places: Tensor, dtype: torch.dtype, *, has_maps: bool
) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
    """The same for pictures of the size in which writing is looked for, if it is."""
    count, (height, width) = len(places), frames.shape[2:]
    valid = torch.zeros((count, 2), dtype=torch.int32, device=frames.device)
    kept = torch.float32 if dtype == torch.float32 else torch.float16
    rows, columns = height // BLOCK_PX, width // BLOCK_PX
    shape = (count, height, width) if has_maps else (0,)
    luma = torch.empty((*shape, 4), dtype=kept, device=frames.device)
    same, strokes = (torch.empty(shape, dtype=kept, device=frames.device) for _ in range(2))
    share = torch.empty(shape, dtype=torch.float32, device=frames.device)
    changing, blocks = (
        torch.empty((count, 1, rows, columns), dtype=torch.float32, device=frames.device) for _ in range(2)
    )
    grid = triton.cdiv(width, _COLUMNS), triton.cdiv(height, 8), count
    if not frames.is_meta:
        on(_look, grid)(
            frames, places, luma, same, changing, valid, height, width, *frames.stride(), SAME,
            HAS_MAPS=has_maps, COLUMNS=_COLUMNS,
        )  # fmt: skip
    if not has_maps:
        return valid, None
    moving = box_mean(changing, 5, 5)
    if not frames.is_meta:
        on(_tell_strokes, (triton.cdiv(width, _STROKE_COLUMNS), *grid[1:]))(
            luma,
            same,
            moving,
            strokes,
            height,
            width,
            MOVING[0],
            CONTRAST / 2,
            REACH=AROUND_PX // 2,
            COLUMNS=_STROKE_COLUMNS,
        )
        on(_share, grid)(
            same, strokes, moving, share, blocks, height, width, CONTRAST, *DENSE, *MOVING, COLUMNS=_COLUMNS
        )
    return valid, (share, box_mean(blocks, *LINE_BLOCKS)[:, 0])
