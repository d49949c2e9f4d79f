"""What follows a convolution in one CUDA kernel: its bias, a rectifier, and something to add.

Imported only where Triton is installed; see `layers`.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor, nn

BLOCK = 1024
"""Values of one program: eight for each thread."""


@triton.jit
def _finish(  # type: ignore[no-untyped-def]
    x, bias, slopes, added, count, slope,
    CHANNELS: tl.constexpr, HAS_SLOPES: tl.constexpr, IS_RECTIFIED: tl.constexpr, HAS_ADDED: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    is_place = place < count
    channel = (place % CHANNELS).to(tl.int32)
    value = tl.load(x + place, mask=is_place).to(tl.float32) + tl.load(bias + channel).to(tl.float32)
    if IS_RECTIFIED:
        if HAS_SLOPES:
            slope = tl.load(slopes + channel).to(tl.float32)
        value = tl.where(value > 0, value, value * slope)
    if HAS_ADDED:
        value += tl.load(added + place, mask=is_place).to(tl.float32)
    tl.store(x + place, value.to(x.dtype.element_ty), mask=is_place)


def finish(x: Tensor, bias: Tensor, rectifier: nn.Module | None, added: Tensor | None) -> Tensor:
    """Bias, rectifier and sum in place.

    Convention: x (N, C, H, W), channels last in memory, is overwritten and returned; bias (C,); `added`
    like x or None.
    """
    channels = x.shape[1]
    slopes, slope = bias, 0.0
    if isinstance(rectifier, nn.LeakyReLU):
        slope = rectifier.negative_slope
    elif isinstance(rectifier, nn.PReLU):
        slopes = rectifier.weight.expand(channels).contiguous()
    if added is not None:
        added = added.contiguous(memory_format=torch.channels_last)
    count = x.numel()
    _finish[(triton.cdiv(count, BLOCK),)](
        x, bias, slopes, x if added is None else added, count, slope,
        CHANNELS=channels, HAS_SLOPES=isinstance(rectifier, nn.PReLU), IS_RECTIFIED=rectifier is not None,
        HAS_ADDED=added is not None, BLOCK=BLOCK,
    )  # fmt: skip
    return x
