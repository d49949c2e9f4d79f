"""What happens to clips on their way: flashes, fades, noise, block compression.

Convention: frames (N, T, 3, H, W) float32 RGB in [0, 1]; times (N, T) in units of the gap, 0 and 1 being the
frames around it. Each function treats one kind; all frames of a sample follow one course of events.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

KINDS = ("flash", "fade", "noise", "compression")
"""Names of the disturbances."""
BLOCK_PX = 8
"""Side of the blocks that are compressed."""


def flash(frames: Tensor, times: Tensor, *, at: float, width: float = 0.6, strength: float = 1.5) -> Tensor:
    """Light that rises and falls around the time `at`, saturating."""
    gain = 1 + strength * torch.exp(-(((times - at) / width) ** 2))
    return (frames * gain[..., None, None, None]).clamp(0, 1)


def fade(frames: Tensor, times: Tensor, *, start: float, length: float, level: float = 0.0) -> Tensor:
    """All colours go to grey of one level, from `start` on for `length` gaps."""
    share = ((times - start) / length).clamp(0, 1)[..., None, None, None]
    return torch.lerp(frames, torch.full_like(frames, level), share)


def noise(frames: Tensor, *, deviation: float, seed: int) -> Tensor:
    """Sensor noise, new in each frame."""
    generator = torch.Generator(device=frames.device).manual_seed(seed)
    grain = torch.randn(frames.shape, generator=generator, device=frames.device)
    return (frames + deviation * grain).clamp(0, 1)


@lru_cache(maxsize=8)
def _transform(device: torch.device) -> tuple[Tensor, Tensor]:
    """The orthonormal DCT-II of a block's side (8, 8), and how coarsely each frequency is kept (8, 8)."""
    places = torch.arange(BLOCK_PX, dtype=torch.float32)
    matrix = torch.cos(math.pi * (places + 0.5) * places[:, None] / BLOCK_PX) * math.sqrt(2 / BLOCK_PX)
    matrix[0] /= math.sqrt(2)
    coarseness = 1 + places[:, None] + places
    return matrix.to(device), coarseness.to(device)


def compression(frames: Tensor, *, step: float) -> Tensor:
    """Blocks and ringing: cosines of 8 x 8 pixels, rounded the coarser the higher their frequency."""
    matrix, coarseness = _transform(frames.device)
    rows, columns = frames.shape[-2:]
    flat = frames.flatten(0, -3)[:, None]
    padded = functional.pad(flat, (0, -columns % BLOCK_PX, 0, -rows % BLOCK_PX), mode="replicate")
    blocks = padded.unfold(2, BLOCK_PX, BLOCK_PX).unfold(3, BLOCK_PX, BLOCK_PX)  # (M, 1, h, w, 8, 8)
    kept = matrix @ blocks @ matrix.T
    quantum = step * coarseness
    pixels = matrix.T @ (torch.round(kept / quantum) * quantum) @ matrix
    whole = pixels.permute(0, 1, 2, 4, 3, 5).reshape(padded.shape)[..., :rows, :columns]
    return whole.reshape(frames.shape).clamp(0, 1)


def disturb_some(frames: Tensor, times: Tensor, share: float, numbers: np.random.Generator) -> Tensor:
    """One disturbance each for a `share` of the samples; the others stay as they are."""
    chosen = np.flatnonzero(numbers.random(len(frames)) < share)
    out = frames.clone()
    for sample in chosen.tolist():
        kind = KINDS[int(numbers.integers(len(KINDS)))]
        one, moments = frames[sample : sample + 1], times[sample : sample + 1]
        out[sample] = disturb(kind, one, moments, numbers)[0]
    return out


def disturb(kind: str, frames: Tensor, times: Tensor, numbers: np.random.Generator) -> Tensor:
    """A disturbance by name, its strength and moment drawn."""
    if kind == "flash":
        at, strength = float(numbers.uniform(-1, 2)), float(numbers.uniform(0.5, 2))
        return flash(frames, times, at=at, strength=strength)
    if kind == "fade":
        start, level = float(numbers.uniform(-2, 0.5)), float(numbers.integers(2))
        return fade(frames, times, start=start, length=float(numbers.uniform(2, 6)), level=level)
    if kind == "noise":
        deviation = float(numbers.uniform(0.01, 0.04))
        return noise(frames, deviation=deviation, seed=int(numbers.integers(2**62)))
    return compression(frames, step=float(numbers.uniform(0.01, 0.04)))
