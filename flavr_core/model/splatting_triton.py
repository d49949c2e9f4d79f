"""Average splatting by CUDA kernels: pixels are listed by where they land, and each result sums its lists.

Imported only where Triton is installed; see `splatting` for the operator and `fused` for the switch. A pixel
is written down once, with the cell between four pixels that it lands in; every result then reads the four
cells around it. So nothing is held but two whole numbers a pixel, however many channels there are.
Shares are summed as whole numbers, so the result does not depend on the order within a list and is the same
from run to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.layers_triton import pixel_stride

LISTED = 256
"""Pixels that one program lists."""
TILE = 1024
"""Pixels times channels of one program that sums."""
CHANNELS_AT_ONCE = 64
"""Channels that one program sums."""
MOST_PIXELS = 128
"""Pixels of one program that sums, at most."""
ONE = 2.0**32
"""What stands for 1 in the sums."""
MOST = 2.0**20
"""Values are held within this, so that 2048 of them on one pixel still fit."""


# Sizes that addresses do not hang on are not compiled in: less is compiled for other sizes.
@triton.jit(do_not_specialize=("rows", "columns"))
def _list(  # type: ignore[no-untyped-def]
    flow, heads, following, rows, columns, flow_n, flow_c, flow_h, flow_w, PIXELS: tl.constexpr
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    is_pixel = pixel < rows * columns
    row = pixel // columns
    column = pixel - row * columns
    flow += number * flow_n + row * flow_h + column * flow_w
    x = tl.load(flow, mask=is_pixel, other=0.0).to(tl.float32) + column
    y = tl.load(flow + flow_c, mask=is_pixel, other=0.0).to(tl.float32) + row
    # Comparisons with what is no number are false, so such pixels are left out here.
    is_pixel = is_pixel & (x > -1.0) & (x < columns) & (y > -1.0) & (y < rows)
    x, y = tl.where(is_pixel, x, 0.0), tl.where(is_pixel, y, 0.0)
    cell = (tl.floor(y).to(tl.int32) + 1) * (columns + 1) + tl.floor(x).to(tl.int32) + 1
    heads += number * (rows + 1) * (columns + 1)
    last = tl.atomic_xchg(heads + cell, pixel, mask=is_pixel, sem="relaxed")
    tl.store(following + number * rows * columns + pixel, last, mask=is_pixel)


@triton.jit
def _with_next(  # type: ignore[no-untyped-def]
    total, weight, pixel, row, column, flow, values, following, channels, columns,
    values_c, values_h, values_w, flow_c, flow_h, flow_w,
    CHANNELS: tl.constexpr, ONE: tl.constexpr, MOST: tl.constexpr,
):  # fmt: skip
    """One pixel of a list added to the sums of the result at (row, column), and the next of the list."""
    is_pixel = pixel >= 0
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    from_row = pixel // columns
    from_column = pixel - from_row * columns
    at = from_row * flow_h + from_column * flow_w
    x = tl.load(flow + at, mask=is_pixel, other=0.0).to(tl.float32) + from_column
    y = tl.load(flow + flow_c + at, mask=is_pixel, other=0.0).to(tl.float32) + from_row
    share = (1 - tl.abs(x - column)) * (1 - tl.abs(y - row)) * ONE
    share = tl.where(is_pixel, share, 0.0)
    given = tl.load(
        values + (from_row * values_h + from_column * values_w)[:, None] + channel[None, :] * values_c,
        mask=is_pixel[:, None] & (channel < channels)[None, :],
        other=0.0,
    ).to(tl.float32)
    given = tl.minimum(tl.maximum(given, -MOST), MOST)
    total += (given * share[:, None]).to(tl.int64)
    weight += share.to(tl.int64)
    return total, weight, tl.load(following + pixel, mask=is_pixel, other=-1)


@triton.jit(do_not_specialize=("rows", "columns", "pictures"))
def _sum(  # type: ignore[no-untyped-def]
    values, flow, heads, following, result, channels, rows, columns, pictures, side_step, stride,
    values_n, values_c, values_h, values_w, flow_n, flow_c, flow_h, flow_w,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, ONE: tl.constexpr,
    MOST: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    is_place = place < rows * columns
    row = place // columns
    column = place - row * columns
    flow += number * flow_n
    values += number * values_n
    following += number * rows * columns
    # The cell above and left of this place holds what it is the lower right neighbour of, and so on.
    heads += number * (rows + 1) * (columns + 1) + row * (columns + 1) + column
    first = tl.load(heads, mask=is_place, other=-1)
    second = tl.load(heads + 1, mask=is_place, other=-1)
    third = tl.load(heads + columns + 1, mask=is_place, other=-1)
    fourth = tl.load(heads + columns + 2, mask=is_place, other=-1)
    total = tl.zeros((PIXELS, CHANNELS), tl.int64)
    weight = tl.zeros((PIXELS,), tl.int64)
    while tl.max(tl.maximum(tl.maximum(first, second), tl.maximum(third, fourth)), 0) >= 0:
        total, weight, first = _with_next(
            total, weight, first, row, column, flow, values, following, channels, columns,
            values_c, values_h, values_w, flow_c, flow_h, flow_w, CHANNELS, ONE, MOST,
        )  # fmt: skip
        total, weight, second = _with_next(
            total, weight, second, row, column, flow, values, following, channels, columns,
            values_c, values_h, values_w, flow_c, flow_h, flow_w, CHANNELS, ONE, MOST,
        )  # fmt: skip
        total, weight, third = _with_next(
            total, weight, third, row, column, flow, values, following, channels, columns,
            values_c, values_h, values_w, flow_c, flow_h, flow_w, CHANNELS, ONE, MOST,
        )  # fmt: skip
        total, weight, fourth = _with_next(
            total, weight, fourth, row, column, flow, values, following, channels, columns,
            values_c, values_h, values_w, flow_c, flow_h, flow_w, CHANNELS, ONE, MOST,
        )  # fmt: skip
    weight = tl.where(weight == 0, 1, weight).to(tl.float32)
    mean = (total.to(tl.float32) / weight[:, None]).to(result.dtype.element_ty)
    both = is_place[:, None] & (channel < channels)[None, :]
    result += (number % pictures) * rows * columns * stride + (number // pictures) * side_step
    tl.store(result + place.to(tl.int64)[:, None] * stride + channel[None, :], mean, mask=both)


class _Splat(torch.autograd.Function):
    """The kernels as an operation that gradients pass through."""

    @staticmethod
    def forward(ctx: Any, flow: Tensor, *parts: Tensor) -> tuple[Tensor, ...]:
        """See `splat_fused`."""
        results = [torch.empty_like(values, memory_format=torch.channels_last) for values in parts]
        splat_into(results, parts, flow)
        ctx.save_for_backward(flow, *parts)
        return tuple(results)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """By way of the plain operator, computed again."""
        from flavr_core.model.splatting import splat_plainly

        flow, *parts = (tensor.detach().requires_grad_() for tensor in ctx.saved_tensors)
        with torch.enable_grad():
            carried = [splat_plainly(values, flow) for values in parts]
        return torch.autograd.grad(carried, [flow, *parts], gradients)


def splat_into(results: Sequence[Tensor], parts: Sequence[Tensor], flow: Tensor) -> None:
    """`splat_fused` without gradients, into pictures that are there already.

    Convention: parts (2 * N, C, H, W); results (2 * N, C, H, W), or (N, 2 * C, H, W) with the second half of
    the part beside the first; channels last in memory, and of pictures that may have more of them.
    """
    count, _, rows, columns = flow.shape
    heads = torch.full((count, rows + 1, columns + 1), -1, dtype=torch.int32, device=flow.device)
    following = torch.empty((count, rows, columns), dtype=torch.int32, device=flow.device)
    _list[(triton.cdiv(rows * columns, LISTED), count)](
        flow, heads, following, rows, columns, *flow.stride(), PIXELS=LISTED
    )
    for values, result in zip(parts, results, strict=True):
        channels = values.shape[1]
        width = min(CHANNELS_AT_ONCE, triton.next_power_of_2(channels))
        pixels = min(TILE // width, MOST_PIXELS)
        _sum[(triton.cdiv(rows * columns, pixels), count, triton.cdiv(channels, width))](
            values, flow, heads, following, result, channels, rows, columns, len(result), channels,
            pixel_stride(result), *values.stride(), *flow.stride(),
            PIXELS=pixels, CHANNELS=width, ONE=ONE, MOST=MOST,
        )  # fmt: skip


def splat_fused(parts: Sequence[Tensor], flow: Tensor) -> tuple[Tensor, ...]:
    """`splatting.splat_plainly` of several values along one flow; shares are rounded to 2**-32."""
    carried: tuple[Tensor, ...] = _Splat.apply(flow, *parts)  # type: ignore[no-untyped-call]
    return carried
