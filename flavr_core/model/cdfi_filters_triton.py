"""Convolutions of 3x3 with all that follows them, as one program for Hopper GPUs, in Gluon.

Imported only where Triton is installed; see `cdfi_filters`. Layers of few channels at full size are bound by
what a multiprocessor reads, and libraries read each input nine times, once for each tap. A program here makes
32 channels of 6 rows of 64 places. For each 32 input channels and each of the three taps across the copy
engine brings 8 rows of 64 places, zeros outside the picture, two such steps ahead; the taps down are other
rows of the same memory. So each input is read four times, and bias, rectifiers and sum come before the result
is written.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton
from torch import Tensor
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import mbarrier, tma, warpgroup_mma, warpgroup_mma_wait
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

BLOCK = 32
"""Channels that a program makes, and reads at a time."""
SEEN, WIDE = 8, 64
"""Rows and columns of places that are read at a time; two rows fewer are made."""
_STAGES = 2
"""Steps in shared memory at once."""
_WARPS = 4
_PICTURES = gl.NVMMASharedLayout(2 * BLOCK, 16, 4)
_MATRICES = gl.NVMMASharedLayout(2 * BLOCK, 16, 2)


@gluon.jit
def _fetch(  # type: ignore[no-untyped-def]
    step, stage, pictures, matrices, picture_bufs, matrix_bufs, arrived, sample, top, left, row, wanted
):
    """Ask for 32 channels of the places of one tap across, and for its three matrices."""
    channels: gl.constexpr = pictures.block_type.shape[3]
    bar = arrived.index(stage)
    chunk = step // 3
    mbarrier.expect(bar, pictures.block_type.nbytes + 3 * matrices.block_type.nbytes, pred=wanted)
    tma.async_copy_global_to_shared(
        pictures, [sample, top - 1, left + step - chunk * 3 - 1, chunk * channels], bar,
        picture_bufs.index(stage), wanted,
    )  # fmt: skip
    for down in gl.static_range(3):
        tma.async_copy_global_to_shared(
            matrices, [row + (step * 3 + down) * channels, 0], bar, matrix_bufs.index(stage * 3 + down),
            wanted,
        )  # fmt: skip


@gluon.jit
def _rectified(value, slope):  # type: ignore[no-untyped-def]
    return gl.where(value > 0, value, value * slope)


@gluon.jit
def _row(  # type: ignore[no-untyped-def]
    y, left, sample, rows, columns, blocks, block, wide: gl.constexpr, channels: gl.constexpr,
    stored: gl.constexpr,
):  # fmt: skip
    """Where a row's results lie, and which of them there are."""
    x = gl.arange(0, wide, layout=gl.SliceLayout(1, stored))
    start = (((sample.to(gl.int64) * rows + y) * columns + left) * blocks + block) * channels
    at = (x * blocks)[:, None] * channels + gl.arange(0, channels, layout=gl.SliceLayout(0, stored))[None, :]
    return start + at, ((left + x < columns) & (y < rows))[:, None]


@gluon.jit
def _beside(  # type: ignore[no-untyped-def]
    added, y, left, sample, rows, columns, blocks, block, HAS_ADDED: gl.constexpr, wide: gl.constexpr,
    channels: gl.constexpr, stored: gl.constexpr,
):  # fmt: skip
    """What is added to a row; asked for early, as it comes from afar."""
    if HAS_ADDED:
        at, is_inside = _row(y, left, sample, rows, columns, blocks, block, wide, channels, stored)
        return gl.load(added + at, mask=is_inside, other=0.0)
    else:  # noqa: RET505 - compiled for itself
        return 0.0


@gluon.jit
def _finish(  # type: ignore[no-untyped-def]
    total, beside, y, left, sample, shift, slope, out, first_slope, first_copy, second_slope, second_copy,
    rows, columns, blocks, block, IS_RECTIFIED: gl.constexpr, HAS_ADDED: gl.constexpr, COPIES: gl.constexpr,
    stored: gl.constexpr,
):  # fmt: skip
    """One row."""
    wide: gl.constexpr = total.shape[0]
    channels: gl.constexpr = total.shape[1]
    total += shift
    if IS_RECTIFIED:
        total = _rectified(total, slope)
    at, is_inside = _row(y, left, sample, rows, columns, blocks, block, wide, channels, stored)
    result = gl.convert_layout(total.to(gl.float16), stored)
    value = result.to(gl.float32)
    if HAS_ADDED:
        value += beside.to(gl.float32)
        result = value.to(gl.float16)
    gl.store(out + at, result, mask=is_inside)
    if COPIES > 0:
        gl.store(first_copy + at, _rectified(value, first_slope).to(gl.float16), mask=is_inside)
    if COPIES > 1:
        gl.store(second_copy + at, _rectified(value, second_slope).to(gl.float16), mask=is_inside)


@gluon.jit(do_not_specialize=("tiles_x", "tiles_y", "rows", "columns", "steps", "blocks"))
def _filter(  # type: ignore[no-untyped-def]
    pictures, matrices, bias, slope, added, out, first_slope, first_copy, second_slope, second_copy,
    tiles_x, tiles_y, rows, columns, steps, blocks,
    IS_RECTIFIED: gl.constexpr, HAS_ADDED: gl.constexpr, COPIES: gl.constexpr, STAGES: gl.constexpr,
    num_warps: gl.constexpr,
):  # fmt: skip
    seen: gl.constexpr = pictures.block_type.shape[1]
    wide: gl.constexpr = pictures.block_type.shape[2]
    channels: gl.constexpr = pictures.block_type.shape[3]
    product: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[num_warps, 1], instr_shape=[16, channels, 16]
    )
    flat: gl.constexpr = gl.NVMMASharedLayout(swizzle_byte_width=2 * channels, element_bitwidth=16, rank=2)
    stored: gl.constexpr = gl.BlockedLayout([1, 8], [8, 4], [num_warps, 1], [1, 0])
    picture_bufs = gl.allocate_shared_memory(gl.float16, [STAGES, 1, seen, wide, channels], pictures.layout)
    matrix_bufs = gl.allocate_shared_memory(gl.float16, [STAGES * 3, channels, channels], matrices.layout)
    arrived = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    for i in gl.static_range(STAGES):
        mbarrier.init(arrived.index(i), count=1)
    # Programs of the same places come one after the other and share their inputs in the caches.
    block = gl.program_id(0) % blocks
    tile = gl.program_id(0) // blocks
    row = block * steps * 3 * channels
    left = (tile % tiles_x) * wide
    top = (tile // tiles_x % tiles_y) * (seen - 2)
    sample = tile // (tiles_x * tiles_y)
    for i in gl.static_range(STAGES):
        _fetch(i, i, pictures, matrices, picture_bufs, matrix_bufs, arrived, sample, top, left, row,
               i < steps)  # fmt: skip
    y0 = gl.zeros((wide, channels), gl.float32, product)
    y1 = gl.zeros((wide, channels), gl.float32, product)
    y2 = gl.zeros((wide, channels), gl.float32, product)
    y3 = gl.zeros((wide, channels), gl.float32, product)
    y4 = gl.zeros((wide, channels), gl.float32, product)
    y5 = gl.zeros((wide, channels), gl.float32, product)
    # What comes after the products is asked for before them.
    channel = block * channels + gl.arange(0, channels, layout=gl.SliceLayout(0, product))
    shift = gl.load(bias + channel).to(gl.float32)[None, :]
    own_slope = gl.load(slope).to(gl.float32)
    slope_1 = gl.load(first_slope).to(gl.float32)
    slope_2 = gl.load(second_slope).to(gl.float32)
    b0 = _beside(added, top + 0, left, sample, rows, columns, blocks, block, HAS_ADDED, wide, channels,
                 stored)  # fmt: skip
    b1 = _beside(added, top + 1, left, sample, rows, columns, blocks, block, HAS_ADDED, wide, channels,
                 stored)  # fmt: skip
    b2 = _beside(added, top + 2, left, sample, rows, columns, blocks, block, HAS_ADDED, wide, channels,
                 stored)  # fmt: skip
    b3 = _beside(added, top + 3, left, sample, rows, columns, blocks, block, HAS_ADDED, wide, channels,
                 stored)  # fmt: skip
    b4 = _beside(added, top + 4, left, sample, rows, columns, blocks, block, HAS_ADDED, wide, channels,
                 stored)  # fmt: skip
    b5 = _beside(added, top + 5, left, sample, rows, columns, blocks, block, HAS_ADDED, wide, channels,
                 stored)  # fmt: skip
    stage = 0
    parity = 0
    for step in range(steps):
        mbarrier.wait(arrived.index(stage), parity)
        here = picture_bufs.index(stage)._reinterpret(gl.float16, [seen * wide, channels], flat)
        for down in gl.static_range(3):
            shares = matrix_bufs.index(stage * 3 + down).permute((1, 0))
            y0 = warpgroup_mma(here.slice(down * wide, wide, 0), shares, y0, is_async=True)
            y1 = warpgroup_mma(here.slice((down + 1) * wide, wide, 0), shares, y1, is_async=True)
            y2 = warpgroup_mma(here.slice((down + 2) * wide, wide, 0), shares, y2, is_async=True)
            y3 = warpgroup_mma(here.slice((down + 3) * wide, wide, 0), shares, y3, is_async=True)
            y4 = warpgroup_mma(here.slice((down + 4) * wide, wide, 0), shares, y4, is_async=True)
            y5 = warpgroup_mma(here.slice((down + 5) * wide, wide, 0), shares, y5, is_async=True)
        y0, y1, y2, y3, y4, y5 = warpgroup_mma_wait(0, deps=(y0, y1, y2, y3, y4, y5))
        gl.thread_barrier()  # all warps are done with this stage
        _fetch(step + STAGES, stage, pictures, matrices, picture_bufs, matrix_bufs, arrived, sample, top,
               left, row, step + STAGES < steps)  # fmt: skip
        stage += 1
        if stage == STAGES:
            stage = 0
            parity ^= 1
    _finish(y0, b0, top + 0, left, sample, shift, own_slope, out, slope_1, first_copy, slope_2, second_copy,
            rows, columns, blocks, block, IS_RECTIFIED, HAS_ADDED, COPIES, stored)  # fmt: skip
    _finish(y1, b1, top + 1, left, sample, shift, own_slope, out, slope_1, first_copy, slope_2, second_copy,
            rows, columns, blocks, block, IS_RECTIFIED, HAS_ADDED, COPIES, stored)  # fmt: skip
    _finish(y2, b2, top + 2, left, sample, shift, own_slope, out, slope_1, first_copy, slope_2, second_copy,
            rows, columns, blocks, block, IS_RECTIFIED, HAS_ADDED, COPIES, stored)  # fmt: skip
    _finish(y3, b3, top + 3, left, sample, shift, own_slope, out, slope_1, first_copy, slope_2, second_copy,
            rows, columns, blocks, block, IS_RECTIFIED, HAS_ADDED, COPIES, stored)  # fmt: skip
    _finish(y4, b4, top + 4, left, sample, shift, own_slope, out, slope_1, first_copy, slope_2, second_copy,
            rows, columns, blocks, block, IS_RECTIFIED, HAS_ADDED, COPIES, stored)  # fmt: skip
    _finish(y5, b5, top + 5, left, sample, shift, own_slope, out, slope_1, first_copy, slope_2, second_copy,
            rows, columns, blocks, block, IS_RECTIFIED, HAS_ADDED, COPIES, stored)  # fmt: skip


def convolve(
    x: Tensor,
    rows: Tensor,
    bias: Tensor,
    *,
    slope: Tensor | None,
    added: Tensor | None,
    ahead: Sequence[Tensor],
) -> tuple[Tensor, list[Tensor]]:
    """A convolution of 3x3 with zeros around it, and what follows.

    Args:
        x: (N, I, H, W) halves, channels last in memory, I a multiple of 32.
        rows: weights from `cdfi_filters.laid_out`.
        bias: (O,), O a multiple of 32.
        slope: (1,) of the rectifier that follows, or None.
        added: like the result, added after the rectifier.
        ahead: at most two slopes (1,) of rectifiers that come next.

    Returns:
        (N, O, H, W), channels last in memory; and it rectified with each slope.
    """
    count, inputs, height, width = x.shape
    out = torch.empty(
        (count, len(bias), height, width), dtype=x.dtype, device=x.device, memory_format=torch.channels_last
    )
    tiles_x, tiles_y = triton.cdiv(width, WIDE), triton.cdiv(height, SEEN - 2)
    pictures = TensorDescriptor(
        x, [count, height, width, inputs], [height * width * inputs, width * inputs, inputs, 1],
        [1, SEEN, WIDE, BLOCK], _PICTURES,
    )  # fmt: skip
    matrices = TensorDescriptor(rows, list(rows.shape), [BLOCK, 1], [BLOCK, BLOCK], _MATRICES)
    copies = [torch.empty_like(out) for _ in ahead]
    (first_slope, first), (second_slope, second) = [
        *zip(ahead, copies, strict=True),
        (bias, out),
        (bias, out),
    ][:2]
    blocks = len(bias) // BLOCK
    _filter[count * tiles_x * tiles_y * blocks,](
        pictures, matrices, bias, bias if slope is None else slope, out if added is None else added, out,
        first_slope, first, second_slope, second, tiles_x, tiles_y, height, width, 3 * inputs // BLOCK,
        blocks,
        IS_RECTIFIED=slope is not None, HAS_ADDED=added is not None, COPIES=len(ahead), STAGES=_STAGES,
        num_warps=_WARPS,
    )  # fmt: skip
    return out, copies
