"""Fronts of glass: fine parallel lines that repeat, and soft light mirrored in them that moves otherwise.

What repeats looks right when it is moved by a whole period too far; the mirrored light leads there. A
network learns from these to follow the lines.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

PERIOD_PX = (6.0, 40.0)
"""From line to line; log-uniform."""
MOST_MIRRORED = 0.5
"""Most that mirrored light covers: less than half, so that the flow that is told is that of the lines."""


def draw_facades(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Fronts with lines at any angle, mostly upright, on half of them also across: (count, 3, height, width).

    Convention: float32 RGB in [0, 1], on the generator's device.
    """
    device = generator.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(count, *(shape or (1, 1)), generator=generator, device=device) * (high - low) + low

    ys = torch.arange(height, device=device, dtype=torch.float32)[None, :, None]
    xs = torch.arange(width, device=device, dtype=torch.float32)[None, None, :]
    leaning = torch.where(uniform(0, 1) < 0.7, 0.15, 3.1416)
    angle = uniform(-0.5, 0.5) * leaning
    along = xs * torch.cos(angle) + ys * torch.sin(angle)
    across = ys * torch.cos(angle) - xs * torch.sin(angle)
    shortest, longest = PERIOD_PX
    period = shortest * (longest / shortest) ** uniform(0, 1)
    thickness = uniform(0.8, 3.0)
    lines = _covered(along + uniform(0, 1) * period, period, thickness)
    rungs = _covered(across, period * uniform(2, 9), thickness) * (uniform(0, 1) < 0.5)
    ink = torch.maximum(lines, rungs) * uniform(0.06, 0.6)
    tint = uniform(-1, 1, 3, 1, 1) * uniform(0, 0.2, 1, 1, 1)  # mostly grey
    ground = uniform(0.2, 0.9, 1, 1, 1) + tint + _clouds(count, height, width, generator, cells=3) * 0.03
    drawn = ground * (1 - ink[:, None])
    return torch.where(uniform(0, 1, 1, 1, 1) < 0.8, drawn, 1 - drawn).clamp(0, 1)


def draw_reflections(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Soft light of one colour: (count, 4, height, width), RGB premultiplied by alpha, then alpha."""
    device = generator.device
    strength = torch.rand(count, 1, 1, 1, generator=generator, device=device) * MOST_MIRRORED
    alpha = torch.sigmoid(3 * _clouds(count, height, width, generator, cells=5)) * strength
    light = torch.rand(count, 1, 1, 1, generator=generator, device=device)
    tint = torch.rand(count, 3, 1, 1, generator=generator, device=device) * 0.2 - 0.1
    return torch.cat(((light + tint).clamp(0, 1) * alpha, alpha), dim=1)


def _covered(place: Tensor, period: Tensor, thickness: Tensor) -> Tensor:
    """How much lines of a thickness, one a period, cover at a place, all in pixels."""
    from_middle = (place % period - period / 2).abs()
    return (thickness / 2 + 0.5 - from_middle).clamp(0, 1)


def _clouds(count: int, height: int, width: int, generator: torch.Generator, *, cells: int) -> Tensor:
    """Smooth noise of about unit deviation, so many bumps across: (count, 1, height, width)."""
    noise = torch.randn(count, 1, cells, cells, generator=generator, device=generator.device)
    return functional.interpolate(noise, size=(height, width), mode="bicubic", align_corners=True)
