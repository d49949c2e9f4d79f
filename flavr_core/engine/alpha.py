"""Pictures that let something through: colours are multiplied by alpha while they are mixed or drawn.

So what lies under clear pixels, which may be anything, never shows in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from flavr_core.engine.pictures import Picture


def has_clear_pixels(inputs: Sequence[Picture]) -> bool:
    """Whether any pixel of any frame lets something through."""
    return any(picture.alpha is not None for picture in inputs)


def alpha_of(picture: Picture) -> Tensor:
    """The picture's alpha, (1, 1, H, W), also where it is opaque throughout."""
    if picture.alpha is not None:
        return picture.alpha
    return torch.ones_like(picture.rgb[:, :1])


def colours_of(inputs: Sequence[Picture]) -> list[Tensor]:
    """The network's frames (1, 3, H, W), colours multiplied by alpha where there are clear pixels."""
    return [picture.rgb if picture.alpha is None else picture.rgb * picture.alpha for picture in inputs]


def blend_straight(inputs: Sequence[Picture], position: Fraction) -> Tensor:
    """Straight colours of the middle two pictures, mixed by position; (1, 3, H, W)."""
    middle = len(inputs) // 2
    return torch.lerp(inputs[middle - 1].rgb, inputs[middle].rgb, float(position))


def divide_by_alpha(colour: Tensor, alpha: Tensor, *, straight: Tensor) -> Tensor:
    """Straight colour from colour multiplied by alpha; `straight` where nothing can be seen.

    Convention: all (1, 3 or 1, H, W) float32. Dividing by a small alpha makes much of a small error, so
    the result of pixels that are not opaque is kept within [-0.5, 1.5].
    """
    seen = alpha > 1 / 1024
    divided = colour / alpha.clamp_min(1 / 1024)
    divided = torch.where(alpha < 1, divided.clamp(-0.5, 1.5), divided)
    return torch.where(seen, divided, straight)
