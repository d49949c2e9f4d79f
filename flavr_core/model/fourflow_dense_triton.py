"""Convolutions of 1x1 of several pictures side by side, with what follows them, as one CUDA kernel.

Imported only where Triton is installed; see `fourflow_fast`. Pictures are (N, h, w, C); each may be a range
of the channels of a wider one, which then needs not be copied.
"""

from __future__ import annotations

from collections.abc import Sequence

import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.fourflow import SLOPE
from flavr_core.model.fourflow_triton import SIZES, room
from flavr_core.model.kernel_building import on

_PIXELS = 128
"""Pixels of one program."""
_INPUTS = 32
"""Channels that are multiplied at a time."""


@triton.jit
def _product(  # type: ignore[no-untyped-def]
    total, x, weights, local, is_pixel, output,
    STEP: tl.constexpr, WIDTH: tl.constexpr, OUTPUTS: tl.constexpr, INPUTS: tl.constexpr,
):  # fmt: skip
    """`total` and one picture's channels times their rows of the weights."""
    for start in range(0, WIDTH, INPUTS):
        channel = start + tl.arange(0, INPUTS)
        is_channel = channel < WIDTH
        mask = is_pixel[:, None] & is_channel[None, :]
        seen = tl.load(x + local[:, None] * STEP + channel[None, :], mask=mask, other=0.0)
        mask = is_channel[:, None] & (output < OUTPUTS)[None, :]
        share = tl.load(weights + channel[:, None] * OUTPUTS + output[None, :], mask=mask, other=0.0)
        total = tl.dot(seen, share, total, input_precision="ieee")
    return total


@triton.jit(do_not_specialize=SIZES)
def _dense(  # type: ignore[no-untyped-def]
    one, two, three, weights, bias, added, out, pixels, rows, columns,
    ONE_STEP: tl.constexpr, TWO_STEP: tl.constexpr, THREE_STEP: tl.constexpr, OUT_STEP: tl.constexpr,
    ONE: tl.constexpr, TWO: tl.constexpr, THREE: tl.constexpr, OUTPUTS: tl.constexpr,
    HAS_BIAS: tl.constexpr, HAS_COARSE: tl.constexpr, GROWS: tl.constexpr, IS_RECTIFIED: tl.constexpr,
    SLOPE: tl.constexpr, PIXELS: tl.constexpr, INPUTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    blocks: tl.constexpr = (OUTPUTS + BLOCK - 1) // BLOCK
    parts: tl.constexpr = 4 * blocks if GROWS else blocks
    part = tl.program_id(0) % parts
    begin = tl.program_id(0) // parts * PIXELS
    first = begin.to(tl.int64)
    local = tl.arange(0, PIXELS)
    is_pixel = local < pixels - begin
    output = part % blocks * BLOCK + tl.arange(0, BLOCK)
    is_output = output < OUTPUTS
    corner = part // blocks
    weights += corner * (ONE + TWO + THREE) * OUTPUTS
    total = tl.zeros((PIXELS, BLOCK), tl.float32)
    total = _product(total, one + first * ONE_STEP, weights, local, is_pixel, output,
                     ONE_STEP, ONE, OUTPUTS, INPUTS)  # fmt: skip
    if TWO:
        total = _product(total, two + first * TWO_STEP, weights + ONE * OUTPUTS, local, is_pixel,
                         output, TWO_STEP, TWO, OUTPUTS, INPUTS)  # fmt: skip
    if THREE:
        total = _product(total, three + first * THREE_STEP, weights + (ONE + TWO) * OUTPUTS,
                         local, is_pixel, output, THREE_STEP, THREE, OUTPUTS, INPUTS)  # fmt: skip
    if HAS_BIAS:
        total += tl.load(bias + corner * OUTPUTS + output, mask=is_output, other=0.0)[None, :]
    mask = is_pixel[:, None] & is_output[None, :]
    if HAS_COARSE or GROWS:
        place = begin + local
        line = place // columns
        column = place - line * columns
        picture = line // rows
        row = line - picture * rows
    if HAS_COARSE:
        at = (picture * (rows // 2) + row // 2) * (columns // 2) + column // 2
        total += tl.load(added + at[:, None] * OUTPUTS + output[None, :], mask=mask, other=0.0).to(tl.float32)
    if GROWS:
        local = (picture * (2 * rows) + 2 * row + corner // 2) * (2 * columns) + 2 * column + corner % 2
        at = local[:, None] * OUTPUTS + output[None, :]
        total += tl.load(added + at, mask=mask, other=0.0).to(tl.float32)
    else:
        out += first * OUT_STEP
    if IS_RECTIFIED:
        total = tl.where(total > 0, total, total * SLOPE)
    tl.store(out + local[:, None] * OUT_STEP + output[None, :], total.to(out.dtype.element_ty), mask=mask)


def dense(
    inputs: Sequence[Tensor], weights: Tensor, bias: Tensor | None = None, *, coarse: Tensor | None = None,
    skip: Tensor | None = None, rectified: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Each pixel's channels times weights, and what follows, in one pass: (N, h, w, O).

    Args:
        inputs: one to three pictures (N, h, w, C), or ranges of channels of wider ones, as if side by side.
        weights: (C of all, O); for growing layers (4, C of all, O), one for each of the four new pixels,
            row by row.
        bias: (O,) or (4, O) float32.
        coarse: (N, h / 2, w / 2, O) to be added, each of its pixels to four.
        skip: (N, 2 * h, 2 * w, O) to be added; makes this a growing layer with such a result, which has fewer
            than 2**31 values.
        rectified: whether the leaky rectifier follows.
        out: where to write, a range of channels or a whole picture; None for a new one.

    Raises:
        ValueError: when the pixels of a picture do not follow one another.
    """
    one, *rest = inputs
    count, rows, columns, _ = one.shape
    two, three = (*rest, one, one)[:2]
    outputs = weights.shape[-1]
    grown = 2 if skip is not None else 1
    if out is None:
        out = room(one, count, rows * grown, columns * grown, outputs)
    steps = [_step(x) for x in (one, two, three, out)]
    if one.is_meta:
        return out
    widths = [x.shape[3] for x in inputs] + [0] * (3 - len(inputs))
    block = output_block(outputs)
    parts = triton.cdiv(outputs, block) * grown**2
    added = next((x for x in (coarse, skip) if x is not None), one)
    pixels = count * rows * columns
    on(_dense, (triton.cdiv(pixels, _PIXELS) * parts,))(
        one, two, three, weights, one if bias is None else bias, added, out, pixels, rows, columns, *steps,
        *widths, outputs, HAS_BIAS=bias is not None, HAS_COARSE=coarse is not None, GROWS=skip is not None,
        IS_RECTIFIED=rectified, SLOPE=SLOPE, PIXELS=_PIXELS, INPUTS=_INPUTS, BLOCK=block,
        num_warps=8 if block > 64 else 4,
    )  # fmt: skip
    return out


def output_block(outputs: int) -> int:
    """Outputs of one program: all in one up to 128, else as few too many as can be."""
    if outputs <= 128:
        return max(16, int(triton.next_power_of_2(outputs)))
    return min((128, 64), key=lambda block: int(triton.cdiv(outputs, block)) * block)


def _step(x: Tensor) -> int:
    """Values from one pixel to the next."""
    count, rows, columns, _ = x.shape
    step = x.stride(2)
    due = (rows * columns * step, columns * step, step)
    strides = x.stride()[:3]
    if x.stride(3) != 1 or any(
        size > 1 and own != wanted
        for size, own, wanted in zip((count, rows, columns), strides, due, strict=True)
    ):
        raise ValueError(f"strides {x.stride()} are not those of pixels in a row")
    return step
