"""`sharpness` by its GPU kernels; on the CPU that needs TRITON_INTERPRET=1.

Arguments: windows, height, width, device. Prints the largest difference to the plain way, and the most
that is done.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.model.fourflow_triton import Gap
from flavr_core.model.sharpness import sharpened, steepness
from flavr_core.model.sharpness_triton import steepness_by_kernel, write_sharpened

T = 0.25


def both_ways(count: int, height: int, width: int, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures that were softened, sharpened by kernels, the same by the plain way, and as they were."""
    torch.manual_seed(3)
    frames = torch.rand(4 * count, 3, height, width).to(device)
    places = torch.arange(4 * count, dtype=torch.int32, device=device).view(count, 4).flip(1).contiguous()
    first, second = (frames[places[:, side].long()] for side in (1, 2))
    soft = functional.avg_pool2d(functional.pad(first, (1, 1, 1, 1), mode="replicate"), 3, 1)
    soft = torch.lerp(soft, first, torch.linspace(0.1, 1, width, device=device))
    down = torch.linspace(0, 1, height, device=device)[:, None]
    parting = (0.5 * down * (soft - second)).mean(1, keepdim=True)
    velocity = torch.randn(count, 4, -(-height // 16) * 8, -(-width // 16) * 8).cumsum(dim=3).to(device)
    filmed = torch.cat((steepness(first), steepness(second)))
    t = torch.full((count, 1, 1, 1), T, device=device)
    wanted = sharpened(soft, parting, filmed, velocity, t)
    numbers = torch.cat((velocity, velocity[:, :1]), dim=1)
    drawn = torch.cat((soft - 0.5, parting), dim=1).permute(0, 2, 3, 1).contiguous()
    made = torch.empty_like(soft)
    gap = Gap(places=places, valid=torch.ones(count, 2, dtype=torch.int32, device=device), t=T)
    write_sharpened(drawn, steepness_by_kernel(frames), numbers, None, frames, gap, made, crowd=(0.1, 0.2))
    return made, wanted, soft


def main() -> None:
    """Compare them."""
    count, height, width = map(int, sys.argv[1:4])
    made, wanted, soft = both_ways(count, height, width, sys.argv[4])
    print(float((made - wanted).abs().max()), float((wanted - soft).abs().max()))


if __name__ == "__main__":
    main()
