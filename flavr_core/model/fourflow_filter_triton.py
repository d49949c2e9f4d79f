"""Convolutions of 3x3 with what follows them, as one CUDA kernel: bias, sum and rectifier before it writes.

Imported only where Triton is installed; see `fourflow_fast`. Pictures are (N, h, w, C).
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.fourflow import SLOPE
from flavr_core.model.fourflow_dense_triton import output_block
from flavr_core.model.fourflow_triton import SIZES, channel_block, room
from flavr_core.model.kernel_building import on

_PIXELS = 128
"""Pixels of one program."""
_STAGES = 3
"""Steps whose values are on their way at a time."""


@triton.jit(do_not_specialize=SIZES)
def _filter(  # type: ignore[no-untyped-def]
    x, weights, bias, added, out, pixels, rows, columns, seen_rows, seen_columns,
    INPUTS: tl.constexpr, OUTPUTS: tl.constexpr, STRIDE: tl.constexpr, HAS_BIAS: tl.constexpr,
    HAS_ADDED: tl.constexpr, IS_RECTIFIED: tl.constexpr, SLOPE: tl.constexpr, PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr, GROUP: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    blocks: tl.constexpr = (OUTPUTS + BLOCK - 1) // BLOCK
    output = tl.program_id(0) % blocks * BLOCK + tl.arange(0, BLOCK)
    is_output = output < OUTPUTS
    place = tl.program_id(0) // blocks * PIXELS + tl.arange(0, PIXELS)
    is_pixel = place < pixels
    line = place // columns
    picture = line // rows
    # Of the upper left tap.
    y = (line - picture * rows) * STRIDE - 1
    x_ = (place - line * columns) * STRIDE - 1
    origin = ((picture * seen_rows + y) * seen_columns + x_) * INPUTS
    total = tl.zeros((PIXELS, BLOCK), tl.float32)
    parts: tl.constexpr = (INPUTS + GROUP * CHANNELS - 1) // (GROUP * CHANNELS)
    for step in range(9 * parts):
        tap, part = step // parts, step % parts
        down, across = tap // 3, tap % 3
        # Beyond the border numbers are negative, which without a sign are large.
        is_seen = (
            is_pixel & ((y + down).to(tl.uint32) < seen_rows) & ((x_ + across).to(tl.uint32) < seen_columns)
        )
        at = origin + (down * seen_columns + across) * INPUTS
        for number in tl.static_range(GROUP):
            channel = (part * GROUP + number) * CHANNELS + tl.arange(0, CHANNELS)
            is_channel = channel < INPUTS
            mask = is_seen[:, None] & is_channel[None, :]
            seen = tl.load(x + at[:, None] + channel[None, :], mask=mask, other=0.0)
            mask = is_channel[:, None] & is_output[None, :]
            line_of = (tap * INPUTS + channel)[:, None] * OUTPUTS
            share = tl.load(weights + line_of + output[None, :], mask=mask, other=0.0)
            total = tl.dot(seen, share, total, input_precision="ieee")
    if HAS_BIAS:
        total += tl.load(bias + output, mask=is_output, other=0.0)[None, :]
    at = place[:, None] * OUTPUTS + output[None, :]
    mask = is_pixel[:, None] & is_output[None, :]
    if HAS_ADDED:
        total += tl.load(added + at, mask=mask, other=0.0).to(tl.float32)
    if IS_RECTIFIED:
        total = tl.where(total > 0, total, total * SLOPE)
    tl.store(out + at, total.to(out.dtype.element_ty), mask=mask)


def filter3(
    x: Tensor, weights: Tensor, bias: Tensor | None, added: Tensor | None, *, stride: int, rectified: bool
) -> Tensor:
    """A convolution of 3x3 with zeros around, bias, sum and leaky rectifier: (N, h / stride, w / stride, O).

    Args:
        x: (N, h, w, C) of fewer than 2**31 values.
        weights: (9 * C, O), tap by tap, row by row.
        bias: (O,) float32.
        added: like the result.
        stride: 1, or 2 for even h and w.
        rectified: whether the rectifier follows.
    """
    count, seen_rows, seen_columns, inputs = x.shape
    rows, columns = seen_rows // stride, seen_columns // stride
    outputs = weights.shape[1]
    out = room(x, count, rows, columns, outputs)
    if x.is_meta:
        return out
    pixels, block, at_once = count * rows * columns, output_block(outputs), max(16, channel_block(inputs))
    on(_filter, (triton.cdiv(pixels, _PIXELS) * triton.cdiv(outputs, block),))(
        x, weights, x if bias is None else bias, x if added is None else added, out, pixels, rows, columns,
        seen_rows, seen_columns, INPUTS=inputs, OUTPUTS=outputs, STRIDE=stride, HAS_BIAS=bias is not None,
        HAS_ADDED=added is not None, IS_RECTIFIED=rectified, SLOPE=SLOPE, PIXELS=_PIXELS, CHANNELS=at_once,
        GROUP=triton.cdiv(inputs, 16) if at_once == 16 else 1, BLOCK=block, num_warps=8 if block > 64 else 4,
        num_stages=_STAGES,
    )  # fmt: skip
    return out
