"""Two networks' pictures of the same moment as one, where they agree."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SHARE = 0.5
"""Of the second picture where both agree."""
DOUBT = 0.04
"""Difference at which that share falls to 1/e of it; of [0, 1]."""
REACH_PX = 4
"""Differences are averaged over so many pixels to each side."""


def agreed(first: Tensor, second: Tensor) -> Tensor:
    """The mean of two pictures where they agree, and the first where they do not.

    Two ways to draw have errors of their own (noise, sub-pixel blur), which a mean halves; where they
    see different motion a mean would show things twice.

    Convention: both (..., 3, H, W) RGB; computed in float32; returned in the dtype of `first`.
    """
    one, other = first.float(), second.to(first.device, torch.float32)
    difference = (one - other).abs().mean(dim=-3, keepdim=True)  # (..., 1, H, W)
    side = 2 * REACH_PX + 1
    smooth = functional.avg_pool2d(
        difference.flatten(0, -4), side, stride=1, padding=REACH_PX, count_include_pad=False
    ).reshape(difference.shape)
    return torch.lerp(one, other, SHARE * torch.exp(smooth / -DOUBT)).to(first.dtype)
