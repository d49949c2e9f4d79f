"""UPR-Net learns to match before it learns anything else.

From random weights its flow dies: while it says nothing true it costs most whenever it says anything, so that
its last layer falls to zero before the rest has found out what matches what (measured: the same flow at every
pixel after 4,000 steps, whatever the loss). Pictures that are shifted as a whole, a rectangle of another
picture moving on them, show nothing but matches: first at one level of the pyramid, where that is quick, then
at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn import functional

from flavr_core.model.uprnet import UprNet
from flavr_core.training.clips import ClipBank
from flavr_core.training.ranks import Rank
from flavr_core.training.synthetic import draw_textures

QUARTER = 4
"""Flow is estimated at a quarter of a level's size."""
REACH_PX = 12
"""Largest shift at one level, across and down; the cost volume reaches 16 px there."""
WHOLE_REACH_PX = 40
"""The same for the whole pyramid."""
RIM_PX = 16
"""Margin in which matches may have left the picture."""

Pictures = Callable[[int, int, int], Tensor]
"""Of count, rows and columns: pictures (N, 3, H, W) float32 RGB."""


@dataclass(frozen=True, slots=True)
class ShiftSettings:
    """How long and on what."""

    steps: int = 1600
    """Steps at one level."""
    whole_steps: int = 600
    """Steps with all levels."""
    size: int = 32
    """Pairs of pictures a step."""
    side: int = 128
    """Pixels of their sides."""
    learning_rate: float = 1e-3
    """AdamW's at one level; half of it with all."""
    report_steps: int = 200
    """Between two lines on how it goes."""


def show_shifts(
    network: UprNet, settings: ShiftSettings, bank: ClipBank | None, rank: Rank, *, seed: int
) -> None:
    """Before anything else a new UPR-Net learns to match, on pictures of clips or, without any, on noise.

    It is left on the rank's device; what the first rank has learnt counts.
    """
    draws = np.random.default_rng([seed, 7])
    generator = torch.Generator(device=rank.device).manual_seed(seed)

    def pictures(count: int, height: int, width: int) -> Tensor:
        if bank is not None:
            return bank.pictures(count, height, width, draws)
        return draw_textures(count, height, width, generator)

    network.to(rank.device)
    learn_shifts(network, pictures, settings, seed=seed, device=rank.device)
    if rank.count > 1:
        for parameter in network.parameters():
            dist.broadcast(parameter.data, src=0)


def learn_shifts(
    network: UprNet, pictures: Pictures, settings: ShiftSettings, *, seed: int, device: torch.device
) -> float:
    """Teach features and motion of a network on `device`; the share of the last shifts that its flow misses.

    Convention: 1 is missed by a flow of zero, 0 by none. Gradients of the network are left empty.
    """
    numbers = torch.Generator().manual_seed(seed)
    parts = nn.ModuleList([network.feat_pyramid, network.motion_estimator])
    optimizer = torch.optim.AdamW(parts.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99))
    missed, total = torch.zeros((), device=device), settings.steps + settings.whole_steps
    network.train()
    for step in range(total):
        is_whole = step >= settings.steps
        reach = WHOLE_REACH_PX if is_whole else REACH_PX
        before, after, forth, back = shifted_pairs(pictures, settings, reach, numbers, device)
        warm = min(1.0, (step + 1) / 50) * (0.5 if is_whole else 1.0)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * warm
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            misses = _misses(network, (before, after), (forth, back), is_whole=is_whole)
        optimizer.zero_grad()
        torch.stack(misses).sum().backward()
        nn.utils.clip_grad_norm_(parts.parameters(), 1.0)
        optimizer.step()
        shift = torch.cat((forth, back)).abs().mean()
        missed = torch.lerp(misses[-1].detach() / shift, missed, min(0.98, step / (step + 1)))
        if (step + 1) % settings.report_steps == 0:
            print(f"shifts: step {step + 1} of {total}, {float(missed):.3f} of them missed", flush=True)
    optimizer.zero_grad(set_to_none=True)
    return float(missed)


def shifted_pairs(
    pictures: Pictures, settings: ShiftSettings, reach: int, numbers: torch.Generator, device: torch.device
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Frames before and after (N, 3, S, S), and flow at each of them to the other (N, 2, S, S), pixels.

    Each pair is one picture, shifted, with a rectangle of another, shifted otherwise.
    """
    count, side = settings.size, settings.side
    wide = side + 2 * reach
    grounds = pictures(2 * count, wide, wide)

    def whole(low: int, high: int, columns: int) -> Tensor:
        return torch.randint(low, high + 1, (count, columns), generator=numbers).to(device)

    shifts = whole(-reach, reach, 4)  # of the ground, then of the rectangle; x first
    corners, sides = whole(0, side // 2, 2), whole(side // 4, side // 2, 2)
    line = torch.arange(side, device=device)

    def crop(source: Tensor, shift: Tensor) -> Tensor:
        x = line + reach - shift[:, :1]
        y = line + reach - shift[:, 1:]
        return source[
            torch.arange(count, device=device)[:, None, None], :, y[:, :, None], x[:, None]
        ].movedim(3, 1)

    def inside(shift: Tensor) -> Tensor:
        offset = line - shift[:, :, None] - corners[:, :, None]  # (N, 2, S)
        within = (offset >= 0) & (offset < sides[:, :, None])
        return (within[:, 1, :, None] & within[:, 0, None, :])[:, None]

    still = torch.zeros_like(shifts[:, :2])
    frames, flows = [], []
    for is_after in (False, True):
        ground, piece = (shifts[:, :2], shifts[:, 2:]) if is_after else (still, still)
        mask = inside(piece)
        frames.append(torch.where(mask, crop(grounds[count:], piece), crop(grounds[:count], ground)))
        moved = torch.where(mask, shifts[:, 2:, None, None], shifts[:, :2, None, None]).float()
        flows.append(-moved if is_after else moved)
    return frames[0], frames[1], flows[0], flows[1]


def _misses(
    network: UprNet, frames: tuple[Tensor, Tensor], flows: tuple[Tensor, Tensor], *, is_whole: bool
) -> list[Tensor]:
    """Mean absolute error of the flow, pixels of the finest level, of one level or coarsest first of all."""
    if is_whole:
        found = [level.flow for level in network.estimate(torch.stack(frames, 1))]
    else:
        both = torch.cat(frames).flip(1).contiguous(memory_format=torch.channels_last)
        features = network.feat_pyramid(both)[2]
        nothing = torch.zeros((len(both), 2, *both.shape[2:]), device=both.device)
        hidden = features.new_zeros((len(both) // 2, network.widths.motion[4], *features.shape[2:]))
        found = [network.motion_estimator(features, nothing, hidden)[0]]
    rim = RIM_PX // QUARTER
    misses = []
    for number, flow in enumerate(reversed(found)):
        factor = 2**number
        small = functional.avg_pool2d(flow.float(), QUARTER) * factor
        wanted = functional.avg_pool2d(torch.cat(flows), QUARTER * factor)
        edge = rim // factor
        misses.append((small - wanted)[:, :, edge:-edge, edge:-edge].abs().mean())
    return misses[::-1]
