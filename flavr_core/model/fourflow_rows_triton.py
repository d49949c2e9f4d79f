"""Convolutions of 3x3 as programs for Hopper GPUs, in Gluon, with what follows them.

Imported only where Triton is installed; see `fourflow_fast`. A program makes up to 64 channels of four rows
of 64 pixels. For each of the three taps across and some input channels the copy engine brings the six rows
that these look at and three weights to shared memory, reading zeros outside the picture; each
row that is there counts for up to three of those that are made, so twelve matrix products follow. What is
read for a pixel is half of what nine taps by themselves read. Pictures are (N, h, w, C).
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import mbarrier, tma, warpgroup_mma, warpgroup_mma_wait
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

from flavr_core.model.fourflow import SLOPE
from flavr_core.model.fourflow_triton import room
from flavr_core.model.kernel_building import on

_ROWS = 4
"""Rows that a program makes."""
_COLUMNS = 64
"""Pixels of a row that it makes."""
_MOST_CHANNELS = 64
"""Channels that it makes at most, or looks at in a step."""
_ALONE = 132
"""So few programs have a multiprocessor to themselves."""
_AHEAD = {1: 3, 2: 2}
"""Steps in shared memory at once, by stride, where copies are to be ahead."""
_WARPS = 4
_LINES = 2
"""Rows that the copy engine brings at a time."""


@gluon.jit
def _fetch(  # type: ignore[no-untyped-def]
    step, stage, pictures, weights, picture_bufs, weight_bufs, arrived, number, top, left, row, parts, inputs,
    BLOCK: gl.constexpr, STRIDE: gl.constexpr, wanted,
):  # fmt: skip
    """Ask for one step's rows and weights."""
    channels: gl.constexpr = weights.block_type.shape[1]
    boxes: gl.constexpr = 3 if STRIDE == 1 else 5
    across = step // parts
    channel = (step - across * parts) * channels
    bar = arrived.index(stage)
    mbarrier.expect(bar, 3 * weights.block_type.nbytes + boxes * pictures.block_type.nbytes, pred=wanted)
    for k in gl.static_range(3):
        tma.async_copy_global_to_shared(
            weights, [row + (across * 3 + k) * BLOCK, channel], bar, weight_bufs.index(stage * 3 + k), wanted
        )
    if STRIDE == 1:
        for k in gl.static_range(3):
            tma.async_copy_global_to_shared(
                pictures, [number, top - 1 + 2 * k, 0, left + across - 1, channel], bar,
                picture_bufs.index(stage * 3 + k), wanted,
            )  # fmt: skip
    else:  # two pixels are one of twice the channels: left of a place is the right half of the one before
        x = left - (across == 0).to(gl.int32)
        first = channel + (across != 1).to(gl.int32) * inputs
        for k in gl.static_range(3):
            tma.async_copy_global_to_shared(
                pictures,
                [number, top - 1 + 2 * k, 1, x, first],
                bar,
                picture_bufs.index(stage * 5 + k),
                wanted,
            )
        for k in gl.static_range(2):
            tma.async_copy_global_to_shared(
                pictures,
                [number, top + 2 * k, 0, x, first],
                bar,
                picture_bufs.index(stage * 5 + 3 + k),
                wanted,
            )


@gluon.jit
def _write(  # type: ignore[no-untyped-def]
    total, out, bias, row, rows, left, columns, channel, outputs, HAS_BIAS: gl.constexpr,
    IS_RECTIFIED: gl.constexpr, SLOPE: gl.constexpr, num_warps: gl.constexpr,
):  # fmt: skip
    """Finish one row and write it."""
    COLUMNS: gl.constexpr = total.shape[0]  # noqa: N806 - compile-time values
    BLOCK: gl.constexpr = total.shape[1]  # noqa: N806
    if HAS_BIAS:
        number = channel + gl.arange(0, BLOCK, layout=gl.SliceLayout(0, total.type.layout))
        total += gl.load(bias + number, mask=number < outputs, other=0.0)[None, :]
    if IS_RECTIFIED:
        total = gl.where(total > 0, total, total * SLOPE)
    stored: gl.constexpr = gl.BlockedLayout([1, 8], [256 // BLOCK, BLOCK // 8], [num_warps, 1], [1, 0])
    column = left + gl.arange(0, COLUMNS, layout=gl.SliceLayout(1, stored))
    output = channel + gl.arange(0, BLOCK, layout=gl.SliceLayout(0, stored))
    mask = ((column < columns) & (row < rows))[:, None] & (output < outputs)[None, :]
    at = (row * columns + column)[:, None] * outputs + output[None, :]
    gl.store(out + at, gl.convert_layout(total.to(out.dtype.element_ty), stored), mask=mask)


@gluon.jit
def _pair(bufs, number, values: gl.constexpr, flat: gl.constexpr):  # type: ignore[no-untyped-def]
    """The two rows of a box."""
    COLUMNS: gl.constexpr = bufs.shape[4]  # noqa: N806 - a compile-time value
    both = bufs.index(number)._reinterpret(values, [2 * COLUMNS, bufs.shape[5]], flat)
    return both.slice(0, COLUMNS, 0), both.slice(COLUMNS, COLUMNS, 0)


@gluon.jit(do_not_specialize=("parts", "inputs", "rows", "columns", "blocks", "eighths", "turns"))
def _rows(  # type: ignore[no-untyped-def]
    pictures, weights, added, bias, out, parts, inputs, rows, columns, blocks, eighths, turns,
    STRIDE: gl.constexpr, HAS_BIAS: gl.constexpr, HAS_ADDED: gl.constexpr, IS_RECTIFIED: gl.constexpr,
    SLOPE: gl.constexpr, STAGES: gl.constexpr, num_warps: gl.constexpr,
):  # fmt: skip
    values: gl.constexpr = pictures.block_type.element_ty
    bits: gl.constexpr = values.primitive_bitwidth
    COLUMNS: gl.constexpr = pictures.block_type.shape[3]  # noqa: N806 - compile-time values
    BLOCK: gl.constexpr = weights.block_type.shape[0]  # noqa: N806
    channels: gl.constexpr = weights.block_type.shape[1]
    product: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[num_warps, 1], instr_shape=[16, BLOCK, 256 // bits]
    )
    flat: gl.constexpr = gl.NVMMASharedLayout(
        swizzle_byte_width=channels * bits // 8, element_bitwidth=bits, rank=2
    )
    boxes: gl.constexpr = 3 if STRIDE == 1 else 5
    picture_bufs = gl.allocate_shared_memory(
        values, [STAGES * boxes, 1, 2, 1, COLUMNS, channels], pictures.layout
    )
    weight_bufs = gl.allocate_shared_memory(values, [STAGES * 3, BLOCK, channels], weights.layout)
    arrived = gl.allocate_shared_memory(gl.int64, [STAGES + 1, 1], mbarrier.MBarrierLayout())
    for i in gl.static_range(STAGES + 1):
        mbarrier.init(arrived.index(i), count=1)
    # Programs of the same pixels come one after the other and share their inputs in the caches.
    block = gl.program_id(0) % blocks
    left = gl.program_id(0) // blocks * COLUMNS
    top = gl.program_id(1) * 4
    number = gl.program_id(2)
    steps = 3 * parts
    row = block * (9 * BLOCK)
    y0 = gl.zeros((COLUMNS, BLOCK), gl.float32, product)
    y1 = gl.zeros((COLUMNS, BLOCK), gl.float32, product)
    y2 = gl.zeros((COLUMNS, BLOCK), gl.float32, product)
    y3 = gl.zeros((COLUMNS, BLOCK), gl.float32, product)
    if HAS_ADDED:  # what is added is what is begun with
        bar = arrived.index(STAGES)
        mbarrier.expect(bar, 2 * added.block_type.nbytes)
        for k in gl.static_range(2):
            tma.async_copy_global_to_shared(
                added, [number, top + 2 * k, 0, left, block * BLOCK], bar, picture_bufs.index(k)
            )
        mbarrier.wait(bar, 0)
        z0, z1 = _pair(picture_bufs, 0, values, flat)
        z2, z3 = _pair(picture_bufs, 1, values, flat)
        y0 = z0.load(product).to(gl.float32)
        y1 = z1.load(product).to(gl.float32)
        y2 = z2.load(product).to(gl.float32)
        y3 = z3.load(product).to(gl.float32)
        gl.thread_barrier()  # all warps have taken it
    for i in gl.static_range(STAGES):
        _fetch(i, i, pictures, weights, picture_bufs, weight_bufs, arrived, number, top, left, row, parts,
               inputs, BLOCK, STRIDE, i < steps)  # fmt: skip
    for step in range(steps):
        # That there may be but one stage is not told before: addresses known from the start fill registers.
        stage = step % turns
        mbarrier.wait(arrived.index(stage), step // turns % 2)
        w0 = weight_bufs.index(stage * 3).permute((1, 0))
        w1 = weight_bufs.index(stage * 3 + 1).permute((1, 0))
        w2 = weight_bufs.index(stage * 3 + 2).permute((1, 0))
        # For each row that is made the ones above, on its level and below.
        a0, a1 = _pair(picture_bufs, stage * boxes, values, flat)
        a2, a3 = _pair(picture_bufs, stage * boxes + 1, values, flat)
        if STRIDE == 1:
            c2, c3 = _pair(picture_bufs, stage * boxes + 2, values, flat)
            b0, b1, b2, b3 = a1, a2, a3, c2
            c0, c1 = a2, a3
        else:
            c3, _beyond = _pair(picture_bufs, stage * boxes + 2, values, flat)
            b0, b1 = _pair(picture_bufs, stage * boxes + 3, values, flat)
            b2, b3 = _pair(picture_bufs, stage * boxes + 4, values, flat)
            c0, c1, c2 = a1, a2, a3
        y0 = warpgroup_mma(a0, w0, y0, is_async=True)
        y1 = warpgroup_mma(a1, w0, y1, is_async=True)
        y2 = warpgroup_mma(a2, w0, y2, is_async=True)
        y3 = warpgroup_mma(a3, w0, y3, is_async=True)
        y0 = warpgroup_mma(b0, w1, y0, is_async=True)
        y1 = warpgroup_mma(b1, w1, y1, is_async=True)
        y2 = warpgroup_mma(b2, w1, y2, is_async=True)
        y3 = warpgroup_mma(b3, w1, y3, is_async=True)
        y0 = warpgroup_mma(c0, w2, y0, is_async=True)
        y1 = warpgroup_mma(c1, w2, y1, is_async=True)
        y2 = warpgroup_mma(c2, w2, y2, is_async=True)
        y3 = warpgroup_mma(c3, w2, y3, is_async=True)
        y0, y1, y2, y3 = warpgroup_mma_wait(0, deps=(y0, y1, y2, y3))
        gl.thread_barrier()  # all warps are done with this stage
        _fetch(step + STAGES, stage, pictures, weights, picture_bufs, weight_bufs, arrived, number, top, left,
               row, parts, inputs, BLOCK, STRIDE, step + STAGES < steps)  # fmt: skip
    outputs = eighths * 8  # so that it is seen that they are written as whole vectors
    out += number.to(gl.int64) * rows * columns * outputs
    channel = block * BLOCK
    _write(
        y0, out, bias, top, rows, left, columns, channel, outputs, HAS_BIAS, IS_RECTIFIED, SLOPE, num_warps
    )
    _write(y1, out, bias, top + 1, rows, left, columns, channel, outputs, HAS_BIAS, IS_RECTIFIED, SLOPE,
           num_warps)  # fmt: skip
    _write(y2, out, bias, top + 2, rows, left, columns, channel, outputs, HAS_BIAS, IS_RECTIFIED, SLOPE,
           num_warps)  # fmt: skip
    _write(y3, out, bias, top + 3, rows, left, columns, channel, outputs, HAS_BIAS, IS_RECTIFIED, SLOPE,
           num_warps)  # fmt: skip


def weight_rows(weight: Tensor) -> Tensor:
    """(O, C, 3, 3) as programs read them: by block of outputs, tap across and tap down, rows of C."""
    block = channel_block(len(weight))
    filled = functional.pad(weight, (0,) * 7 + (-len(weight) % block,))
    rows: Tensor = filled.unflatten(0, (-1, block)).permute(0, 4, 3, 1, 2).flatten(0, 3)
    return rows.contiguous()


def channel_block(channels: int) -> int:
    """Channels that a program makes, or looks at in a step: a power of two, few too many.

    The copy engine takes as long for a pixel's 16 channels as for 64, which are all that it takes at a time.
    """
    return min(_MOST_CHANNELS, max(16, 1 << (channels - 1).bit_length()))


def filter_rows(
    x: Tensor, weights: Tensor, bias: Tensor | None, added: Tensor | None, *, outputs: int, stride: int,
    rectified: bool, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A convolution of 3x3 with zeros around, bias, sum and leaky rectifier: (N, h / stride, w / stride, O).

    Args:
        x: (N, h, w, C) of 16 bits, C a multiple of eight.
        weights: see `weight_rows`, of the same type.
        bias: (O,) float32.
        added: like the result, of as many channels as x.
        outputs: O, a multiple of eight.
        stride: 1, or 2 for even h and w.
        rectified: whether the rectifier follows.
        out: where to write; None for a new one.
    """
    count, seen_rows, seen_columns, inputs = x.shape
    rows, columns = seen_rows // stride, seen_columns // stride
    if out is None:
        out = room(x, count, rows, columns, outputs)
    if x.is_meta:
        return out
    block = channel_block(outputs)
    blocks = -(-outputs // block)
    grid = -(-columns // _COLUMNS) * blocks, -(-rows // _ROWS), count
    step, stages = steps_of(inputs, stride, math.prod(grid), has_added=added is not None)
    pictures = _pictures(x, stride, step)
    on(_rows, grid)(
        pictures, _matrices(weights, block, step), pictures if added is None else _pictures(added, 1, step),
        out if bias is None else bias, out, -(-inputs // step), inputs, rows, columns, blocks, outputs // 8,
        stages, STRIDE=stride, HAS_BIAS=bias is not None, HAS_ADDED=added is not None, IS_RECTIFIED=rectified,
        SLOPE=SLOPE, STAGES=stages, num_warps=_WARPS,
    )  # fmt: skip
    return out


def steps_of(inputs: int, stride: int, programs: int, *, has_added: bool) -> tuple[int, int]:
    """Channels of a step, and how many steps are in shared memory at once: as was found fastest on an H100.

    Where a step has all channels, three programs of one step share a multiprocessor and wait for each other's
    copies. Many steps are best half as wide and ahead. What is added is read as wide as results are.
    """
    widest = channel_block(inputs)
    if programs <= _ALONE:
        return widest, _AHEAD[stride]
    if has_added or 32 < inputs <= _MOST_CHANNELS:
        return widest, 1
    return min(widest, 32), _AHEAD[stride]


def _pictures(x: Tensor, stride: int, step: int) -> TensorDescriptor:
    """Pictures as the copy engine sees them: (pictures, rows, odd, columns, channels)."""
    count, rows, columns, inputs = x.shape
    picture, row, column, _ = x.stride()
    shape, strides = [count, rows, 1, columns, inputs], [picture, row, row, column, 1]
    if stride == 2:  # two pixels of a row are one of twice the channels
        shape = [count, rows // 2, 2, columns // 2, 2 * inputs]
        strides = [picture, 2 * row, row, 2 * column, 1]
    block = [1, _LINES, 1, _COLUMNS, step]
    return TensorDescriptor(x, shape, strides, block, gl.NVMMASharedLayout(2 * step, 16, 5))


def _matrices(weights: Tensor, block: int, step: int) -> TensorDescriptor:
    """Weights as the copy engine sees them."""
    layout = gl.NVMMASharedLayout(2 * step, 16, 2)
    return TensorDescriptor(weights, list(weights.shape), list(weights.stride()), [block, step], layout)
