"""The cost volume as one CUDA kernel.

Imported only where Triton is installed; see `cost_volume` for the operator and `fused` for the switch.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

FEWEST_PIXELS = 16
"""Pixels of a row that one program compares with those around them; more are slower on an H100."""
MOST_CHANNELS = 64
"""Channels that are multiplied at a time; no fewer than 16, as tensor cores want it."""


@triton.jit(do_not_specialize=("rows", "columns"))
def _forward(  # type: ignore[no-untyped-def]
    first, second, costs, rows, columns,
    first_n, first_c, first_h, first_w, second_n, second_c, second_h, second_w,
    channels: tl.constexpr, RADIUS: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    """A stretch of a row times one row of the other picture at a time; of that matrix a band counts."""
    number, row = tl.program_id(2).to(tl.int64), tl.program_id(1)
    side: tl.constexpr = 2 * RADIUS + 1
    column = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    other_column = tl.program_id(0) * PIXELS - RADIUS + tl.arange(0, 2 * PIXELS)
    first += number * first_n + row * first_h + column[:, None] * first_w
    second += number * second_n + other_column[None, :] * second_w
    is_pixel = (column < columns)[:, None]
    is_other = ((other_column >= 0) & (other_column < columns))[None, :]
    across = tl.arange(0, 2 * PIXELS)[None, :] - tl.arange(0, PIXELS)[:, None]
    kept = is_pixel & (across >= 0) & (across < side)
    costs += (number * rows * columns + row * columns + column)[:, None] * (side * side) + across
    for down in range(side):
        other_row = row + down - RADIUS
        is_row = (other_row >= 0) & (other_row < rows)
        total = tl.zeros((PIXELS, 2 * PIXELS), tl.float32)
        for start in tl.static_range(0, channels, CHANNELS):
            channel = start + tl.arange(0, CHANNELS)
            one = tl.load(
                first + channel[None, :] * first_c, mask=is_pixel & (channel < channels)[None, :], other=0.0
            )
            other = tl.load(
                second + other_row * second_h + channel[:, None] * second_c,
                mask=is_other & is_row & (channel < channels)[:, None],
                other=0.0,
            )
            total = tl.dot(one, other, total, input_precision="ieee")
        mean = (total / channels).to(costs.dtype.element_ty)
        tl.store(costs + down * side, mean, mask=kept)


class _CostVolume(torch.autograd.Function):
    """The kernel as an operation that gradients pass through."""

    @staticmethod
    def forward(ctx: Any, first: Tensor, second: Tensor, radius: int) -> Tensor:
        """See `cost_volume_fused`."""
        count, channels, rows, columns = first.shape
        side = 2 * radius + 1
        costs = torch.empty((count, rows, columns, side * side), dtype=first.dtype, device=first.device)
        pixels = max(FEWEST_PIXELS, triton.next_power_of_2(2 * radius))  # twice as many are looked at
        _forward[(triton.cdiv(columns, pixels), rows, count)](
            first, second, costs, rows, columns, *first.stride(), *second.stride(),
            channels=channels, RADIUS=radius, PIXELS=pixels,
            CHANNELS=min(MOST_CHANNELS, max(16, triton.next_power_of_2(channels))),
        )  # fmt: skip
        ctx.save_for_backward(first, second)
        ctx.radius = radius
        # Channels last in memory, as the convolutions after it like it.
        return costs.permute(0, 3, 1, 2)

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
