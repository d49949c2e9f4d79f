"""Column convolutions as programs for Hopper GPUs, in Gluon. See `flavr_columns` for the layers.

Imported only where Triton is installed. A program makes 64 channels of 64 places in all four frames: for each
tap in space and 64 input channels the copy engine brings the four frames' inputs and the three weights of the
time taps to shared memory, reading zeros outside the picture, and ten matrix products of 64 columns follow.
Where a frame gives to both frames of a pair they are one of 128 columns, which reads its rows from shared
memory once; the two that cross from pair to pair are summed apart. The next step's products are begun before
this one's are waited for. Two programs share a multiprocessor, and one computes while the other begins or
ends. Of 8-bit floats it is 128 input channels: the same bytes, twice the products.
"""

from __future__ import annotations

import torch
from torch import Tensor
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import (
    fence_async_shared,
    mbarrier,
    tma,
    warpgroup_mma,
    warpgroup_mma_wait,
)
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

from flavr_core.model.flavr_sums_triton import mean_of_tiles
from flavr_core.model.kernel_building import on

BLOCK = 64
"""Channels in and out at a time, and places of a program."""
_STAGES = 2
"""Steps in shared memory at once."""
_WARPS = 4
_SHORT_STEPS = 4
"""Programs of no more steps, as the stem's, have their results written by the copy engine: begin and end are
much of their time. Elsewhere nothing is gained."""
_STEP_BYTES = 128
"""Of a place's input channels in one step."""
_PICTURES = {size: gl.NVMMASharedLayout(_STEP_BYTES, 8 * size, 5) for size in (1, 2)}
_WEIGHTS = {size: gl.NVMMASharedLayout(_STEP_BYTES, 8 * size, 2) for size in (1, 2)}
"""By bytes of a value."""


@gluon.jit
def _rectified(value, ACTIVATION: gl.constexpr):  # type: ignore[no-untyped-def]
    if ACTIVATION == 1:
        value = gl.maximum(value, 0.0)
    if ACTIVATION == 2:
        value = gl.where(value > 0, value, value * 0.2)
    return value


@gluon.jit
def _fetch(  # type: ignore[no-untyped-def]
    step, stage, pictures, joined, weights, picture_bufs, weight_bufs, arrived, sample, top, left, row, above,
    beside, chunks, own_chunks, x_step, KW: gl.constexpr, STRIDE: gl.constexpr, JOINS: gl.constexpr, wanted,
):  # fmt: skip
    """Ask for one step's inputs and weights."""
    channels: gl.constexpr = weights.block_type.shape[1]
    tap = step // chunks
    channel = (step - tap * chunks) * channels
    down = tap // KW - above
    across = tap % KW - beside
    if STRIDE == 2:
        y = top + (down >> 1)
        odd = down & 1
        x = left + (across >> 1)
        first = (across & 1) * x_step + channel
    else:
        y = top + down
        odd = 0
        x = left + across
        first = channel
    bar = arrived.index(stage)
    mbarrier.expect(bar, 3 * weights.block_type.nbytes + pictures.block_type.nbytes, pred=wanted)
    for k in gl.static_range(3):  # the last tap along time first, so that neighbours are one matrix
        tma.async_copy_global_to_shared(
            weights, [row + tap * 192 + k * 64, channel], bar, weight_bufs.index(stage * 3 + 2 - k), wanted
        )
    if JOINS:
        own = own_chunks * channels
        if first < own:
            tma.async_copy_global_to_shared(
                pictures, [sample * 4, y, odd, x, first], bar, picture_bufs.index(stage), wanted
            )
        else:
            tma.async_copy_global_to_shared(
                joined, [sample * 4, y, odd, x, first - own], bar, picture_bufs.index(stage), wanted
            )
    else:
        tma.async_copy_global_to_shared(
            pictures, [sample * 4, y, odd, x, first], bar, picture_bufs.index(stage), wanted
        )


# Numbers that save nothing when known are not compiled in: a new size of pictures then needs few programs.
_PLAIN_NUMBERS = (
    "tiles_x", "tiles_y", "blocks", "phase_blocks", "chunks", "own_chunks", "sample_rows", "rows", "columns",
)  # fmt: skip


@gluon.jit(do_not_specialize=_PLAIN_NUMBERS)
def _column(  # type: ignore[no-untyped-def]
    pictures, joined, weights, merging, made, out, factors, bias, sums, tiles_x, tiles_y, blocks,
    phase_blocks, chunks, own_chunks, sample_rows, x_step, rows, columns, frame_step, row_step, column_step,
    KH: gl.constexpr, KW: gl.constexpr, STRIDE: gl.constexpr, ABOVE: gl.constexpr, BESIDE: gl.constexpr,
    GROWS: gl.constexpr, JOINS: gl.constexpr, MERGES: gl.constexpr, BY_COPY: gl.constexpr,
    ACTIVATION: gl.constexpr,
    HAS_FACTORS: gl.constexpr, HAS_BIAS: gl.constexpr, HAS_SUMS: gl.constexpr, TH: gl.constexpr,
    TW: gl.constexpr, STAGES: gl.constexpr, num_warps: gl.constexpr,
):  # fmt: skip
    M: gl.constexpr = TH * TW  # noqa: N806 - a compile-time value
    values: gl.constexpr = pictures.block_type.element_ty
    bits: gl.constexpr = values.primitive_bitwidth
    channels: gl.constexpr = weights.block_type.shape[1]
    product: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[num_warps, 1], instr_shape=[16, 64, 256 // bits]
    )
    pair: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[num_warps, 1], instr_shape=[16, 128, 256 // bits]
    )
    operand: gl.constexpr = gl.DotOperandLayout(operand_index=0, parent=product, k_width=2)
    flat: gl.constexpr = gl.NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=bits, rank=2)
    stored: gl.constexpr = gl.BlockedLayout([1, 8], [4, 8], [num_warps, 1], [1, 0])
    over_columns: gl.constexpr = gl.SliceLayout(0, product)
    picture_bufs = gl.allocate_shared_memory(values, [STAGES, 4, TH, 1, TW, channels], pictures.layout)
    weight_bufs = gl.allocate_shared_memory(values, [STAGES * 3, 64, channels], weights.layout)
    arrived = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    for i in gl.static_range(STAGES):
        mbarrier.init(arrived.index(i), count=1)
    # Programs of the same places come one after the other and share their inputs in the caches.
    tile = gl.program_id(0)
    block = tile % blocks
    place = tile // blocks
    left = (place % tiles_x) * TW
    top = (place // tiles_x % tiles_y) * TH
    sample = place // (tiles_x * tiles_y)
    above = ABOVE
    beside = BESIDE
    channel = block * 64
    if GROWS:
        phase = block // phase_blocks
        above = ABOVE - phase // 2
        beside = BESIDE - phase % 2
        channel = (block % phase_blocks) * 64
    steps = KH * KW * chunks
    row = sample * sample_rows + block * (KH * KW * 192)
    for i in gl.static_range(STAGES):
        _fetch(i, i, pictures, joined, weights, picture_bufs, weight_bufs, arrived, sample, top, left, row,
               above, beside, chunks, own_chunks, x_step, KW, STRIDE, JOINS, i < steps)  # fmt: skip
    early = gl.zeros((M, 128), gl.float32, pair)
    late = gl.zeros((M, 128), gl.float32, pair)
    y1 = gl.zeros((M, 64), gl.float32, product)
    y2 = gl.zeros((M, 64), gl.float32, product)
    stage = 0
    parity = 0
    for step in range(steps):
        mbarrier.wait(arrived.index(stage), parity)
        w2 = weight_bufs.index(stage * 3)
        w1 = weight_bufs.index(stage * 3 + 1)
        w0 = weight_bufs.index(stage * 3 + 2).permute((1, 0))
        w21 = w2._reinterpret(values, [128, channels], weights.layout).permute((1, 0))
        w10 = w1._reinterpret(values, [128, channels], weights.layout).permute((1, 0))
        w2 = w2.permute((1, 0))
        frames = picture_bufs.index(stage)._reinterpret(values, [4 * M, channels], flat)
        x0 = frames.slice(0, M, 0)
        x1 = frames.slice(M, M, 0)
        x2 = frames.slice(2 * M, M, 0)
        x3 = frames.slice(3 * M, M, 0)
        early = warpgroup_mma(x0, w10, early, is_async=True)
        late = warpgroup_mma(x2, w10, late, is_async=True)
        y2 = warpgroup_mma(x1, w0, y2, is_async=True)
        early = warpgroup_mma(x1, w21, early, is_async=True)
        late = warpgroup_mma(x3, w21, late, is_async=True)
        y1 = warpgroup_mma(x2, w2, y1, is_async=True)
        early, late, y1, y2 = warpgroup_mma_wait(6, deps=(early, late, y1, y2))
        gl.thread_barrier()  # all warps are done with the step before
        before = gl.where(stage == 0, STAGES - 1, stage - 1)
        later = step - 1 + STAGES
        _fetch(later, before, pictures, joined, weights, picture_bufs, weight_bufs, arrived, sample, top,
               left, row, above, beside, chunks, own_chunks, x_step, KW, STRIDE, JOINS,
               (step > 0) & (later < steps))  # fmt: skip
        stage += 1
        if stage == STAGES:
            stage = 0
            parity ^= 1
    early, late, y1, y2 = warpgroup_mma_wait(0, deps=(early, late, y1, y2))
    gl.thread_barrier()
    y0, more = gl.split(gl.permute(gl.reshape(early, (M, 2, 64)), (0, 2, 1)))
    y0 = gl.convert_layout(y0, product, assert_trivial=True)
    y1 += gl.convert_layout(more, product, assert_trivial=True)
    more, y3 = gl.split(gl.permute(gl.reshape(late, (M, 2, 64)), (0, 2, 1)))
    y3 = gl.convert_layout(y3, product, assert_trivial=True)
    y2 += gl.convert_layout(more, product, assert_trivial=True)
    if HAS_FACTORS:
        factor = gl.load(factors + channel + gl.arange(0, 64, layout=over_columns))[None, :]
        y0 *= factor
        y1 *= factor
        y2 *= factor
        y3 *= factor
    if HAS_BIAS:
        add = gl.load(bias + channel + gl.arange(0, 64, layout=over_columns))[None, :]
        y0 += add
        y1 += add
        y2 += add
        y3 += add
    if HAS_SUMS:
        m = gl.arange(0, M, layout=gl.SliceLayout(1, product))
        is_inside = (top + m // TW < rows) & (left + m % TW < columns)
        total = gl.where(is_inside[:, None], y0 + y1 + y2 + y3, 0.0)
        at = tile.to(gl.int64) * 64 + gl.arange(0, 64, layout=over_columns)
        gl.store(sums + at, gl.sum(total, 0))
    h0 = _rectified(y0, ACTIVATION).to(gl.float16)
    h1 = _rectified(y1, ACTIVATION).to(gl.float16)
    h2 = _rectified(y2, ACTIVATION).to(gl.float16)
    h3 = _rectified(y3, ACTIVATION).to(gl.float16)
    if BY_COPY:  # from where inputs were
        halves: gl.constexpr = gl.NVMMASharedLayout(swizzle_byte_width=128, element_bitwidth=16, rank=2)
        room = picture_bufs.index(0)._reinterpret(gl.float16, [4 * M, 64], halves)
        room.slice(0, M, 0).store(h0)
        room.slice(M, M, 0).store(h1)
        room.slice(2 * M, M, 0).store(h2)
        room.slice(3 * M, M, 0).store(h3)
        fence_async_shared()
        gl.thread_barrier()
        box = picture_bufs.index(0)._reinterpret(gl.float16, made.block_type.shape, made.layout)
        tma.async_copy_shared_to_global(made, [sample * 4, top, 0, left, channel], box)
        tma.store_wait(0)
        return
    m = gl.arange(0, M, layout=gl.SliceLayout(1, stored))
    n = gl.arange(0, 64, layout=gl.SliceLayout(0, stored))
    y = top + m // TW
    x = left + m % TW
    is_inside = ((y < rows) & (x < columns))[:, None]
    if GROWS:
        y = 2 * y + phase // 2
        x = 2 * x + phase % 2
    at = (y * row_step + x * column_step)[:, None] + (channel + n)[None, :]
    if MERGES:
        mbarrier.expect(arrived.index(0), 4 * merging.block_type.nbytes)
        for k in gl.static_range(4):
            tma.async_copy_global_to_shared(
                merging, [sample * 256 + k * 64, 0], arrived.index(0), weight_bufs.index(k)
            )
        a0 = gl.convert_layout(h0, operand)
        a1 = gl.convert_layout(h1, operand)
        a2 = gl.convert_layout(h2, operand)
        a3 = gl.convert_layout(h3, operand)
        merged = gl.zeros((M, 64), gl.float32, product)
        mbarrier.wait(arrived.index(0), ((steps + STAGES - 1) // STAGES) & 1)
        merged = warpgroup_mma(a0, weight_bufs.index(0).permute((1, 0)), merged, is_async=True)
        merged = warpgroup_mma(a1, weight_bufs.index(1).permute((1, 0)), merged, is_async=True)
        merged = warpgroup_mma(a2, weight_bufs.index(2).permute((1, 0)), merged, is_async=True)
        merged = warpgroup_mma(a3, weight_bufs.index(3).permute((1, 0)), merged, is_async=True)
        merged, a0, a1, a2, a3 = warpgroup_mma_wait(0, deps=(merged, a0, a1, a2, a3))
        value = gl.convert_layout(_rectified(merged, 2).to(gl.float16), stored)
        gl.store(out + sample.to(gl.int64) * frame_step + at, value, mask=is_inside)
    else:
        out += sample.to(gl.int64) * 4 * frame_step
        gl.store(out + at, gl.convert_layout(h0, stored), mask=is_inside)
        out += frame_step
        gl.store(out + at, gl.convert_layout(h1, stored), mask=is_inside)
        out += frame_step
        gl.store(out + at, gl.convert_layout(h2, stored), mask=is_inside)
        out += frame_step
        gl.store(out + at, gl.convert_layout(h3, stored), mask=is_inside)


def convolve(
    x: Tensor, out: Tensor, rows: Tensor, bias: Tensor | None, *, kernel: tuple[int, int], stride: int,
    padding: tuple[int, int], grows: bool, width: int, activation: int, joined: Tensor | None = None,
    factors: Tensor | None = None, has_means: bool = False, merging: Tensor | None = None,
) -> Tensor | None:  # fmt: skip
    """Run a layer of `flavr_columns` in float16, or in 8-bit floats.

    Args:
        x: frames, and weights of the same type.
        out: where results go: frames, or one picture a sample when they are merged.
        rows: weights, (N, R, I), the first axis of stride 0 where all samples share them.
        bias: float32, or None.
        kernel: taps in space.
        stride: in space, 1 or 2.
        padding: rows above and columns beside.
        grows: whether it makes four pixels of one.
        width: channels of the result.
        activation: see `flavr_columns.Activation`.
        joined: frames whose channels follow those of x, where the layer's stride is 1.
        factors: (O,) float32 by which sums are multiplied before the bias, or None.
        has_means: whether means before the rectifier are wanted.
        merging: (N, 4 * 64, 64) to merge frames with after the rectifier, leakily rectified again.

    Returns:
        the means, (N, O) float32, if wanted.
    """
    phases = 4 if grows else 1
    height, across = (size // 2 if grows else size for size in out.shape[2:])
    tile = _tile(height, across)
    tiles_y, tiles_x = -(-height // tile[0]), -(-across // tile[1])
    samples, blocks = len(x) // 4, phases * width // BLOCK
    tiles = samples * tiles_y * tiles_x * blocks
    sums = torch.empty((tiles, BLOCK), dtype=torch.float32, device=x.device) if has_means else out
    shared, channels = rows.stride(0) == 0, _STEP_BYTES // x.element_size()
    weights = _matrices(rows[0] if shared else rows.flatten(0, 1))
    pictures = _pictures(x, stride, tile)
    by_copy = not grows and kernel[0] * kernel[1] * rows.shape[2] // channels <= _SHORT_STEPS
    on(_column, (tiles,))(
        pictures, pictures if joined is None else _pictures(joined, stride, tile), weights,
        weights if merging is None else _matrices(merging.flatten(0, 1)),
        _pictures(out, 1, tile) if by_copy else pictures, out,
        out if factors is None else factors, out if bias is None else bias, sums, tiles_x, tiles_y, blocks,
        width // BLOCK, rows.shape[2] // channels, x.shape[1] // channels,
        0 if shared else rows.shape[1], x.stride(3), height, across, out.stride(0), out.stride(2),
        out.stride(3), KH=kernel[0], KW=kernel[1], STRIDE=stride, ABOVE=padding[0], BESIDE=padding[1],
        GROWS=grows, JOINS=joined is not None, MERGES=merging is not None,
        BY_COPY=by_copy, ACTIVATION=activation,
        HAS_FACTORS=factors is not None, HAS_BIAS=bias is not None, HAS_SUMS=has_means, TH=tile[0],
        TW=tile[1], STAGES=_STAGES, num_warps=_WARPS,
    )  # fmt: skip
    if not has_means:
        return None
    return mean_of_tiles(sums, samples, width, 4 * phases * height * across)


def _tile(rows: int, columns: int) -> tuple[int, int]:
    """Rows and columns of 64 places: as few tiles as possible, and as square as possible."""
    sizes = [(height, BLOCK // height) for height in (1, 2, 4, 8, 16, 32, 64)]
    return min(sizes, key=lambda size: (-(-rows // size[0]) * -(-columns // size[1]), abs(size[0] - size[1])))


def _pictures(x: Tensor, stride: int, tile: tuple[int, int]) -> TensorDescriptor:
    """Frames as the copy engine sees them: (frames, rows, odd, columns, channels)."""
    count, channels, rows, columns = x.shape
    frame, _, row, column = x.stride()
    shape, strides = [count, rows, 1, columns, channels], [frame, row, row, column, 1]
    if stride == 2:  # two pixels of a row are one of twice the channels
        shape = [count, rows // 2, 2, columns // 2, column + channels]
        strides = [frame, 2 * row, row, 2 * column, 1]
    block = [4, tile[0], 1, tile[1], _STEP_BYTES // x.element_size()]
    return TensorDescriptor(x, shape, strides, block, _PICTURES[x.element_size()])


def _matrices(rows: Tensor) -> TensorDescriptor:
    """Weights as the copy engine sees them."""
    size = rows.element_size()
    block = [BLOCK, _STEP_BYTES // size]
    return TensorDescriptor(rows, list(rows.shape), list(rows.stride()), block, _WEIGHTS[size])
