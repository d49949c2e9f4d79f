"""Average splatting as two CUDA kernels: one sums, one divides.

Imported only where Triton is installed; see `splatting` for the operator and `fused` for the switch. Shares
are summed as whole numbers, so the result does not depend on the order in which they arrive and is the same
from run to run.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

TILE = 1024
"""Pixels times channels of one program."""
CHANNELS_AT_ONCE = 64
"""Channels that one program carries."""
ONE = 2.0**32
"""What stands for 1 in the sums."""
MOST = 2.0**20
"""Values are held within this, so that 2048 of them on one pixel still fit."""


@triton.jit
def _forward(  # type: ignore[no-untyped-def]
    values, flow, sums, channels, rows, columns,
    values_n, values_c, values_h, values_w, flow_n, flow_c, flow_h, flow_w,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, ONE: tl.constexpr, MOST: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    is_pixel = pixel < rows * columns
    row = pixel // columns
    column = pixel - row * columns
    flow += number * flow_n + row * flow_h + column * flow_w
    x = tl.load(flow, mask=is_pixel, other=0.0).to(tl.float32) + column
    y = tl.load(flow + flow_c, mask=is_pixel, other=0.0).to(tl.float32) + row
    # Comparisons with what is no number are false, so such pixels are left out here.
    is_pixel = is_pixel & (x > -1.0) & (x < columns) & (y > -1.0) & (y < rows)
    x, y = tl.where(is_pixel, x, 0.0), tl.where(is_pixel, y, 0.0)
    left, upper = tl.floor(x), tl.floor(y)
    right_share, lower_share = x - left, y - upper
    left_column, upper_row = left.to(tl.int32), upper.to(tl.int32)
    values += number * values_n + (row * values_h + column * values_w)[:, None] + channel[None, :] * values_c
    given = tl.load(values, mask=is_pixel[:, None] & (channel < channels)[None, :], other=0.0).to(tl.float32)
    given = tl.minimum(tl.maximum(given, -MOST), MOST)
    given = tl.where((channel == channels)[None, :], 1.0, given)  # the weights are one channel more
    sums += number * rows * columns * (channels + 1)
    for corner in tl.static_range(4):
        at_row, at_column = upper_row + corner // 2, left_column + corner % 2
        share = (lower_share if corner // 2 else 1 - lower_share) * (
            right_share if corner % 2 else 1 - right_share
        )
        inside = is_pixel & (at_row >= 0) & (at_row < rows) & (at_column >= 0) & (at_column < columns)
        place = (at_row * columns + at_column)[:, None] * (channels + 1) + channel[None, :]
        tl.atomic_add(
            sums + place,
            (given * (share * ONE)[:, None]).to(tl.int64),
            mask=inside[:, None] & (channel <= channels)[None, :],
            sem="relaxed",
        )


@triton.jit
def _mean(  # type: ignore[no-untyped-def]
    sums, result, all_pixels, channels, PIXELS: tl.constexpr, CHANNELS: tl.constexpr
):  # fmt: skip
    pixel = tl.program_id(0).to(tl.int64) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    is_pixel = pixel < all_pixels
    both = is_pixel[:, None] & (channel < channels)[None, :]
    sums += pixel * (channels + 1)
    weight = tl.load(sums + channels, mask=is_pixel, other=0)
    weight = tl.where(weight == 0, 1, weight).to(tl.float32)
    total = tl.load(sums[:, None] + channel[None, :], mask=both, other=0).to(tl.float32)
    mean = (total / weight[:, None]).to(result.dtype.element_ty)
    tl.store(result + pixel[:, None] * channels + channel[None, :], mean, mask=both)


class _Splat(torch.autograd.Function):
    """The kernel as an operation that gradients pass through."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, flow: Tensor) -> Tensor:
        """See `splat_fused`."""
        count, channels, rows, columns = values.shape
        sums = torch.zeros((count, rows, columns, channels + 1), dtype=torch.int64, device=values.device)
        width = min(CHANNELS_AT_ONCE, triton.next_power_of_2(channels + 1))
        pixels = TILE // width
        _forward[(triton.cdiv(rows * columns, pixels), count, triton.cdiv(channels + 1, width))](
            values, flow, sums, channels, rows, columns, *values.stride(), *flow.stride(),
            PIXELS=pixels, CHANNELS=width, ONE=ONE, MOST=MOST,
        )  # fmt: skip
        ctx.save_for_backward(values, flow)
        mean = torch.empty((count, rows, columns, channels), dtype=values.dtype, device=values.device)
        width = min(CHANNELS_AT_ONCE, triton.next_power_of_2(channels))
        _mean[(triton.cdiv(count * rows * columns, TILE // width), triton.cdiv(channels, width))](
            sums, mean, count * rows * columns, channels, PIXELS=TILE // width, CHANNELS=width
        )
        return mean.permute(0, 3, 1, 2)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """By way of the plain operator, computed again."""
        from flavr_core.model.splatting import splat_plainly

        inputs = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
        with torch.enable_grad():
            result = splat_plainly(*inputs)
        return torch.autograd.grad(result, inputs, gradient)


def splat_fused(values: Tensor, flow: Tensor) -> Tensor:
    """`splatting.splat_plainly` by the kernel; shares are rounded to 2**-32."""
    carried: Tensor = _Splat.apply(values, flow)  # type: ignore[no-untyped-call]
    return carried
