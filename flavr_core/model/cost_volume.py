"""The cost volume: how much each pixel's features resemble those of the pixels around it in another picture.

As in PWC-Net (Sun et al., CVPR 2018, equation 3); written from the paper. Three ways compute it: PyTorch's
own operations, right on every device and differentiable in both inputs; the same by products of whole rows,
where gradients are wanted: more arithmetic, a tenth of the memory's traffic; and a fused kernel for CUDA
(`cost_volume_triton`).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.model.fused import use_fused


def cost_volume(first: Tensor, second: Tensor, *, radius: int = 4) -> Tensor:
    """Mean products of each pixel's features with those of the other picture's pixels around it.

    Convention: both (N, C, H, W), one dtype and device; returns (N, (2 * radius + 1)**2, H, W) of that
    dtype, displacements row by row from (-radius, -radius); zero beyond the border. Sums are in at least
    float32. Gradients flow to both inputs.

    Raises:
        ValueError: when the shapes differ.
    """
    if first.shape != second.shape or first.ndim != 4:
        raise ValueError(f"features of {tuple(first.shape)} and {tuple(second.shape)} cannot be compared")
    if torch.is_grad_enabled() and (first.requires_grad or second.requires_grad):
        return cost_volume_by_products(first, second, radius=radius)
    if use_fused(first, second):
        from flavr_core.model.cost_volume_triton import cost_volume_fused

        return cost_volume_fused(first, second, radius=radius)
    return cost_volume_plainly(first, second, radius=radius)


def cost_volume_plainly(first: Tensor, second: Tensor, *, radius: int) -> Tensor:
    """`cost_volume` by PyTorch's own operations, one displacement at a time."""
    height, width = first.shape[2:]
    dtype = torch.promote_types(first.dtype, torch.float32)
    one = first.to(dtype).permute(0, 2, 3, 1).contiguous()  # (N, H, W, C): sums run over neighbours in memory
    other = second.to(dtype).permute(0, 2, 3, 1)
    around = functional.pad(other, (0, 0, radius, radius, radius, radius))
    side = 2 * radius + 1
    costs = [
        (one * around[:, down : down + height, across : across + width]).mean(-1)
        for down in range(side)
        for across in range(side)
    ]
    return torch.stack(costs, 1).to(first.dtype)


def cost_volume_by_products(first: Tensor, second: Tensor, *, radius: int) -> Tensor:
    """`cost_volume` by matrix products of whole rows, of which a band is kept: for training.

    Under autocast the products' operands are rounded as those of any matrix product.
    """
    count, channels, height, width = first.shape
    side = 2 * radius + 1
    one = first.permute(0, 2, 3, 1) / channels  # (N, H, W, C)
    around = functional.pad(second, (radius,) * 4).permute(0, 2, 1, 3)  # (N, H', C, W')
    bands = []
    for down in range(side):
        products = one @ around[:, down : down + height]  # (N, H, W, W')
        # Row w is wanted from column w on: laid out with one column more, these stand below each other.
        longer = functional.pad(products.flatten(2), (0, width))
        bands.append(longer.view(count, height, width, width + side)[..., :side])
    return torch.cat(bands, 3).permute(0, 3, 1, 2).to(first.dtype)
