"""The cost volume as one CUDA kernel.

Imported only where Triton is installed; see `cost_volume` for the operator and `fused` for the switch.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

PIXELS = 32
"""Pixels of a row that one program compares with those around them."""
MOST_CHANNELS = 64
"""Channels that are multiplied at a time."""


@triton.jit
def _forward(  # type: ignore[no-untyped-def]
    first, second, costs, channels, rows, columns,
    first_n, first_c, first_h, first_w, second_n, second_c, second_h, second_w,
    RADIUS: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    number, row = tl.program_id(2).to(tl.int64), tl.program_id(1)
    column = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    first += number * first_n + row * first_h
    second += number * second_n
    is_pixel = column < columns
    side: tl.constexpr = 2 * RADIUS + 1
    costs += (number * side * side * rows + row) * columns + column
    for down in range(side):
        other_row = row + down - RADIUS + 0 * column
        for across in range(side):
            other_column = column + across - RADIUS
            inside = is_pixel & (other_column >= 0) & (other_column < columns)
            inside = inside & (other_row >= 0) & (other_row < rows)
            total = tl.zeros((PIXELS,), tl.float32)
            for start in range(0, channels, CHANNELS):
                channel = start + tl.arange(0, CHANNELS)
                is_channel = (channel < channels)[None, :]
                one = tl.load(
                    first + column[:, None] * first_w + channel[None, :] * first_c,
                    mask=is_pixel[:, None] & is_channel,
                    other=0.0,
                )
                other = tl.load(
                    second
                    + other_row[:, None] * second_h
                    + other_column[:, None] * second_w
                    + channel[None, :] * second_c,
                    mask=inside[:, None] & is_channel,
                    other=0.0,
                )
                total += tl.sum(one.to(tl.float32) * other.to(tl.float32), 1)
            place = (down * side + across) * rows * columns
            tl.store(costs + place, (total / channels).to(costs.dtype.element_ty), mask=is_pixel)


class _CostVolume(torch.autograd.Function):
    """The kernel as an operation that gradients pass through."""

    @staticmethod
    def forward(ctx: Any, first: Tensor, second: Tensor, radius: int) -> Tensor:
        """See `cost_volume_fused`."""
        count, channels, rows, columns = first.shape
        side = 2 * radius + 1
        costs = torch.empty((count, side * side, rows, columns), dtype=first.dtype, device=first.device)
        _forward[(triton.cdiv(columns, PIXELS), rows, count)](
            first, second, costs, channels, rows, columns, *first.stride(), *second.stride(),
            RADIUS=radius, PIXELS=PIXELS, CHANNELS=min(MOST_CHANNELS, triton.next_power_of_2(channels)),
        )  # fmt: skip
        ctx.save_for_backward(first, second)
        ctx.radius = radius
        return costs

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """By way of the plain operator, computed again."""
        from flavr_core.model.cost_volume import cost_volume_plainly

        inputs = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
        with torch.enable_grad():
            result = cost_volume_plainly(*inputs, radius=ctx.radius)
        return (*torch.autograd.grad(result, inputs, gradient), None)


def cost_volume_fused(first: Tensor, second: Tensor, *, radius: int) -> Tensor:
    """`cost_volume.cost_volume_plainly` by the kernel; sums are in float32."""
    costs: Tensor = _CostVolume.apply(first, second, radius)  # type: ignore[no-untyped-call]
    return costs
