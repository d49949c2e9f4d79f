"""The output convolution of a FLAVR in columns as one program for Hopper GPUs, in Gluon.

Imported only where Triton is installed; see `flavr_column_ends`. All weights lie in shared memory for as long
as a program runs. It makes some rows of 128 pixels at a time: each row that these look at is fetched once and
counts for all rows that are made. Pixels of a row lie in shared memory so that those beside them are eight
places further on, where a matrix product can begin: no tap is fetched apart, nothing is summed afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import mbarrier, tma, warpgroup_mma, warpgroup_mma_wait
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

from flavr_core.model.flavr_out_rows import CHANNELS, RUN, RUNS, TAPS, OutWay
from flavr_core.model.kernel_building import on

_HALO = 2
"""Of the pixels beside a run are fetched at a time."""
_LAYOUT = {rank: gl.NVMMASharedLayout(2 * CHANNELS, 16, rank) for rank in (2, 5)}


@gluon.jit
def _fetch(  # type: ignore[no-untyped-def]
    number, line, stage, pictures, beside, ring, arrived, tiles, tiles_x, tiles_y, rows,
    FOLD: gl.constexpr, TAPS: gl.constexpr,
):  # fmt: skip
    """Ask for one row of a tile; rows outside are those reflected."""
    RUN: gl.constexpr = pictures.block_type.shape[2]  # noqa: N806 - compile-time values
    HALO: gl.constexpr = beside.block_type.shape[2]  # noqa: N806
    PARTS: gl.constexpr = (TAPS - 1) // HALO  # noqa: N806
    LINE: gl.constexpr = RUN + TAPS - 1  # noqa: N806
    wanted = number < tiles
    y = number // tiles_x % tiles_y * FOLD + line - TAPS // 2
    y = gl.where(y < 0, -y, y)
    y = gl.where(y >= rows, 2 * rows - 2 - y, y)
    sample = number // (tiles_x * tiles_y)
    run = number % tiles_x * pictures.block_type.shape[3]
    bar = arrived.index(stage)
    mbarrier.expect(bar, pictures.block_type.nbytes + PARTS * beside.block_type.nbytes, pred=wanted)
    own = ring.index(stage * LINE)._reinterpret(ring.dtype, pictures.block_type.shape, pictures.layout)
    tma.async_copy_global_to_shared(pictures, [sample, y, 0, run, 0], bar, own, wanted)
    for k in gl.static_range(PARTS):
        more = ring.index(stage * LINE + RUN + k * HALO)
        more = more._reinterpret(ring.dtype, beside.block_type.shape, beside.layout)
        tma.async_copy_global_to_shared(beside, [sample, y, RUN + k * HALO, run, 0], bar, more, wanted)


@gluon.jit
def _write(  # type: ignore[no-untyped-def]
    sums, first, bias, mean, out, sample, top, left, height, width,
    OUTPUTS: gl.constexpr, GROUP: gl.constexpr, MADE: gl.constexpr, RUN: gl.constexpr,
    num_warps: gl.constexpr,
):  # fmt: skip
    """Write pixels' sums for columns from the first on: some rows' outputs one after the other."""
    RUNS: gl.constexpr = sums.shape[0] // RUN  # noqa: N806 - compile-time values
    stored: gl.constexpr = gl.BlockedLayout([4, 1, 1], [4, 8, 1], [1, 1, num_warps], [0, 1, 2])
    place: gl.constexpr = gl.SliceLayout(1, gl.SliceLayout(2, stored))
    run: gl.constexpr = gl.SliceLayout(0, gl.SliceLayout(2, stored))
    made: gl.constexpr = gl.SliceLayout(0, gl.SliceLayout(1, stored))
    value = gl.convert_layout(gl.reshape(sums, (RUN, RUNS, sums.shape[1])), stored)
    column = first + gl.arange(0, sums.shape[1], layout=made)
    y = top + column // GROUP
    output = column % GROUP
    is_made = (column < MADE) & (output < OUTPUTS) & (y < height)
    start = gl.load(bias + output, mask=is_made, other=0.0)
    start += gl.load(mean + sample * 3 + output % 3)
    at = (sample * OUTPUTS + output).to(gl.int64) * height * width + y * width
    x = gl.arange(0, RUN, layout=place)[:, None] + left
    x += (gl.arange(0, RUNS, layout=run) * RUN)[None, :]
    mask = (x < width)[:, :, None] & is_made[None, None, :]
    gl.store(out + (at[None, None, :] + x[:, :, None]), value + start[None, None, :], mask=mask)


@gluon.jit
def _write_quarter(  # type: ignore[no-untyped-def]
    NUMBER: gl.constexpr, sums, bias, mean, out, sample, top, left, height, width,
    OUTPUTS: gl.constexpr, GROUP: gl.constexpr, MADE: gl.constexpr, RUN: gl.constexpr,
    num_warps: gl.constexpr,
):  # fmt: skip
    """Write a quarter of the columns: no more than there is room for beside the weights."""
    PART: gl.constexpr = sums.shape[1] // 4  # noqa: N806 - a compile-time value
    if NUMBER * PART < MADE:
        _first, _second = gl.split(gl.permute(gl.reshape(sums, (sums.shape[0], 2, 2 * PART)), (0, 2, 1)))
        half = _first
        if NUMBER >= 2:
            half = _second
        _first, _second = gl.split(gl.permute(gl.reshape(half, (sums.shape[0], 2, PART)), (0, 2, 1)))
        quarter = _first
        if NUMBER % 2 == 1:
            quarter = _second
        _write(quarter, NUMBER * PART, bias, mean, out, sample, top, left, height, width, OUTPUTS, GROUP,
               MADE, RUN, num_warps)  # fmt: skip


_PLAIN_NUMBERS = ("tiles", "tiles_x", "tiles_y", "rows", "height")
"""Numbers that save nothing when known are not compiled in."""


@gluon.jit
def _hold(weights, stack, arrived, bar: gl.constexpr):  # type: ignore[no-untyped-def]
    """Fetch all weights."""
    blocks: gl.constexpr = stack.shape[0]
    mbarrier.expect(arrived.index(bar), blocks * weights.block_type.nbytes)
    for k in range(blocks):
        tma.async_copy_global_to_shared(weights, [8 * k, 0], arrived.index(bar), stack.index(k))
    mbarrier.wait(arrived.index(bar), 0)


@gluon.jit(do_not_specialize=_PLAIN_NUMBERS)
def _draw(  # type: ignore[no-untyped-def]
    pictures, beside, weights, bias, mean, out, tiles, tiles_x, tiles_y, rows, height, width,
    OUTPUTS: gl.constexpr, FOLD: gl.constexpr, GROUP: gl.constexpr, COLUMNS: gl.constexpr,
    BLOCKS: gl.constexpr, TAPS: gl.constexpr, STAGES: gl.constexpr, num_warps: gl.constexpr,
):  # fmt: skip
    values: gl.constexpr = pictures.block_type.element_ty
    channels: gl.constexpr = weights.block_type.shape[1]
    RUN: gl.constexpr = pictures.block_type.shape[2]  # noqa: N806 - compile-time values
    LINE: gl.constexpr = RUN + TAPS - 1  # noqa: N806
    LINES: gl.constexpr = FOLD + TAPS - 1  # noqa: N806
    M: gl.constexpr = RUN * pictures.block_type.shape[3]  # noqa: N806
    MADE: gl.constexpr = FOLD * GROUP  # noqa: N806
    product: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[num_warps, 1], instr_shape=[16, COLUMNS, 16]
    )
    ring = gl.allocate_shared_memory(values, [STAGES * LINE, 8, channels], weights.layout)
    stack = gl.allocate_shared_memory(values, [BLOCKS, 8, channels], weights.layout)
    arrived = gl.allocate_shared_memory(gl.int64, [STAGES + 1, 1], mbarrier.MBarrierLayout())
    for i in gl.static_range(STAGES + 1):
        mbarrier.init(arrived.index(i), count=1)
    programs = gl.num_programs(0)
    for i in gl.static_range(STAGES - 1):
        _fetch(gl.program_id(0), i, i, pictures, beside, ring, arrived, tiles, tiles_x, tiles_y, rows, FOLD,
               TAPS)  # fmt: skip
    _hold(weights, stack, arrived, STAGES)
    total = gl.zeros((M, COLUMNS), gl.float32, product)
    stage = 0
    parity = 0
    # What a tile's sums are is written while the next one's are made: before the first nothing is.
    done = total
    sample = 0
    top = height
    left = 0
    for number in range(gl.program_id(0), tiles, programs):
        for line in range(LINES):
            mbarrier.wait(arrived.index(stage), parity)
            for tap in gl.static_range(TAPS):
                seen = ring.index(stage * LINE + tap)._reinterpret(values, [M, channels], weights.layout)
                at = (tap * (FOLD + TAPS - 1) + FOLD + TAPS - 2 - line) * (GROUP // 8)
                held = stack.index(at)._reinterpret(values, [COLUMNS, channels], weights.layout)
                total = warpgroup_mma(seen, held.permute((1, 0)), total, use_acc=(line > 0) | (tap > 0),
                                      is_async=True)  # fmt: skip
            total = warpgroup_mma_wait(TAPS, deps=(total,))
            gl.thread_barrier()  # all warps are done with the row before
            later = line + STAGES - 1
            is_next = later >= LINES
            _fetch(
                gl.where(is_next, number + programs, number), gl.where(is_next, later - LINES, later),
                gl.where(stage == 0, STAGES - 1, stage - 1), pictures, beside, ring, arrived, tiles, tiles_x,
                tiles_y, rows, FOLD, TAPS,
            )  # fmt: skip
            stage += 1
            if stage == STAGES:
                stage = 0
                parity ^= 1
            for k in gl.static_range(4):
                if line == k:
                    _write_quarter(k, done, bias, mean, out, sample, top, left, height, width, OUTPUTS,
                                   GROUP, MADE, RUN, num_warps)  # fmt: skip
        total = warpgroup_mma_wait(0, deps=(total,))
        done = total
        sample = number // (tiles_x * tiles_y)
        top = number // tiles_x % tiles_y * FOLD
        left = number % tiles_x * M
    for k in gl.static_range(4):
        _write_quarter(k, done, bias, mean, out, sample, top, left, height, width, OUTPUTS, GROUP, MADE, RUN,
                       num_warps)  # fmt: skip


@triton.jit
def _reflect(merged, rows, columns, pitch, EDGE: tl.constexpr, CHANNELS: tl.constexpr):  # type: ignore[no-untyped-def]
    number = tl.program_id(0) * 16 + tl.arange(0, 16)
    channel = tl.arange(0, CHANNELS)
    line = number // (2 * EDGE)
    place = number % (2 * EDGE)
    to = tl.where(place < EDGE, place - EDGE, columns - EDGE + place)
    given = tl.where(to < 0, -to, 2 * columns - 2 - to)
    line = merged + line.to(tl.int64)[:, None] * pitch + channel[None, :]
    is_line = (number < rows * 2 * EDGE)[:, None]
    value = tl.load(line + given[:, None] * CHANNELS, mask=is_line)
    tl.store(line + to[:, None] * CHANNELS, value, mask=is_line)


@lru_cache
def _multiprocessors(device: torch.device) -> int:
    return torch.cuda.get_device_properties(device).multi_processor_count


def draw_out(
    merged: Tensor, stack: Tensor, bias: Tensor, mean: Tensor, size: Sequence[int], way: OutWay
) -> Tensor:
    """The output convolution with reflected edges, and the mean, of the picture's first rows and columns.

    Args:
        merged: (N, 64, H', W'), see `flavr_out_rows.room`; what lies beside it is written.
        stack: see `flavr_out_rows.stack_rows`.
        bias: (O,) float32.
        mean: (N, 3) float32.
        size: rows and columns that are wanted.
        way: how it is computed, for which the stack was made.

    Returns:
        (N, O, *size) float32.
    """
    samples, _, rows, across = merged.shape
    picture, _, pitch, pixel = merged.stride()
    edge, (height, width) = TAPS // 2, size
    on(_reflect, (triton.cdiv(samples * rows * 2 * edge, 16),))(
        merged, samples * rows, across, pitch, EDGE=edge, CHANNELS=CHANNELS, num_warps=4
    )
    shape = [samples, rows, RUN + TAPS - 1, -(-across // RUN), CHANNELS]
    strides = [picture, pitch, pixel, RUN * pixel, 1]
    seen = merged.as_strided(shape, strides, merged.storage_offset() - edge * pixel)
    blocks = [TensorDescriptor(seen, shape, strides, [1, 1, count, RUNS, CHANNELS], _LAYOUT[5])
              for count in (RUN, _HALO)]  # fmt: skip
    matrices = TensorDescriptor(stack, list(stack.shape), list(stack.stride()), [8, CHANNELS], _LAYOUT[2])
    tiles_x, tiles_y = -(-width // (RUN * RUNS)), -(-height // way.fold)
    tiles = samples * tiles_x * tiles_y
    out = torch.empty((samples, len(bias), height, width), dtype=torch.float32, device=merged.device)
    programs = min(tiles, _multiprocessors(merged.device))
    on(_draw, (programs,))(
        *blocks, matrices, bias, mean.contiguous(), out, tiles, tiles_x, tiles_y, rows, height, width,
        OUTPUTS=len(bias), FOLD=way.fold, GROUP=way.group, COLUMNS=way.columns, BLOCKS=len(stack) // 8,
        TAPS=TAPS, STAGES=way.stages, num_warps=8,
    )  # fmt: skip
    return out
