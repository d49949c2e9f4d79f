"""The fused kernels compared with the plain operators on a device. Imported only where Triton is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from flavr_core.model.adacof_sampling import sample_plainly
from flavr_core.model.adacof_sampling_triton import sample_fused
from flavr_core.model.cost_volume import cost_volume_plainly
from flavr_core.model.cost_volume_triton import cost_volume_fused
from flavr_core.model.splatting import splat_plainly
from flavr_core.model.splatting_triton import splat_fused

MOST_ERROR = 2e-5
"""Largest error that is left to rounding, as a share of the largest value."""

Operator = Callable[..., Tensor]


def find_faults(device: torch.device) -> list[str]:
    """Each operator whose kernel gives something else than its plain way, and by how much."""
    faults = []
    for name, plain, fused, inputs in _cases(device):
        wanted, given = _with_gradients(plain, inputs), _with_gradients(fused, inputs)
        error = max(
            float((one - other).abs().max() / one.abs().max())
            for one, other in zip(wanted, given, strict=True)
        )
        if not error <= MOST_ERROR:  # what is no number is a fault too
            faults.append(f"{name} is {error:.1e} off")
    return faults


def _with_gradients(operator: Operator, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    with torch.inference_mode(False), torch.enable_grad():
        leaves = [tensor.clone().requires_grad_() for tensor in inputs]
        result = operator(*leaves)
        # Each value counts differently, so that no two errors cancel.
        count = torch.linspace(-1, 1, result.numel(), device=result.device).view(result.shape)
        return [result.detach(), *torch.autograd.grad((result * count).sum(), leaves)]


def _cases(device: torch.device) -> Iterator[tuple[str, Operator, Operator, tuple[Tensor, ...]]]:
    generator = torch.Generator().manual_seed(7)  # inputs are made on the CPU: the same on every device

    def random(*shape: int, scale: float = 1.0) -> Tensor:
        return (torch.randn(*shape, generator=generator) * scale).to(device)

    for kernel, dilation, channels, margin in ((5, 1, 3, 0), (3, 2, 70, 2)):
        first = margin - dilation * (kernel - 1) // 2
        size = (19, 23)
        # Offsets keep clear of whole numbers, where truncation jumps and rounding decides.
        offsets = [random(2, kernel**2, *size, scale=4).round() + 0.4 for _ in range(2)]
        fields = (random(2, kernel**2, *size, scale=1 / kernel), *offsets)
        image = random(2, channels, size[0] + 2 * margin, size[1] + 2 * margin)

        def plain(*inputs: Tensor, dilation: int = dilation, first: int = first) -> Tensor:
            return sample_plainly(*inputs, dilation=dilation, first=(first, first))

        def fused(*inputs: Tensor, dilation: int = dilation, first: int = first) -> Tensor:
            return sample_fused(*inputs, dilation=dilation, first=(first, first))

        yield f"adaptive sampling ({kernel} x {kernel}, {channels} channels)", plain, fused, (image, *fields)
    for channels in (3, 70):
        flow = random(2, 2, 19, 23, scale=3).round() + 0.3
        yield (
            f"splatting ({channels} channels)",
            splat_plainly,
            splat_fused,
            (
                random(2, channels, 19, 23),
                flow,
            ),
        )

    def costs(first: Tensor, second: Tensor) -> Tensor:
        return cost_volume_plainly(first, second, radius=4)

    def costs_fused(first: Tensor, second: Tensor) -> Tensor:
        return cost_volume_fused(first, second, radius=4)

    for channels in (24, 70):
        pair = (random(2, channels, 11, 37), random(2, channels, 11, 37))
        yield f"the cost volume ({channels} channels)", costs, costs_fused, pair
