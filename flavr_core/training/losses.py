"""What training minimises."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.model.fourflow import Motion, Prediction, warp
from flavr_core.training.batches import Batch

PYRAMID_LEVELS = 5
"""Of the Laplacian pyramid."""
FINE_BANDS = 2
"""Finest bands of the pyramid that can be weighed apart."""
FINE_WEIGHT = 2.0
"""Of these bands for FourFlow, whose weakness is fine detail."""
STAGE_WEIGHTS = (0.2, 0.2, 0.1, 0.05)
"""Of the motion stages' own losses, from 1/4 to 1/32."""
FLOW_WEIGHT = 0.004
"""Of the flow's error in pixels, where it is known."""
KNOWN_WEIGHT = 0.02
"""The same for UPR-Net's flow, beside how well it brings frames onto each other."""
FLOW_CLAMP_PX = 100.0
"""Larger errors of the flow teach nothing more."""


@lru_cache(maxsize=32)
def _shrinking(size: int, device: torch.device) -> Tensor:
    """(size, size // 2): a line blurred by 1 4 6 4 1, mirrored at its ends, and halved, as one matrix.

    Dense products are several times as quick on a GPU as filters of one channel and their way back. Kept,
    since nothing may be sent to a device while a step is recorded.
    """
    lines = functional.pad(torch.eye(size)[:, None], (2, 2), mode="reflect")
    blurred = functional.conv1d(lines, torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])[None, None] / 16)
    return functional.avg_pool1d(blurred, 2)[:, 0].to(device)


@lru_cache(maxsize=32)
def _growing(size: int, wanted: int, device: torch.device) -> Tensor:
    """(size, wanted): a line enlarged linearly, as one matrix."""
    return functional.interpolate(torch.eye(size)[:, None], size=wanted, mode="linear")[:, 0].to(device)


def _resized(images: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Columns times one matrix, rows times another."""
    return down.T @ (images @ across)


def laplacian_l1(
    images: Tensor, truth: Tensor, levels: int = PYRAMID_LEVELS, *, fine_weight: float = 1.0
) -> Tensor:
    """Sum over a pyramid's bands of the mean absolute difference, the finest `FINE_BANDS` times a weight.

    Convention: (N, C, H, W) float32. Since the pyramid is linear, the difference is decomposed once.
    """
    difference, device = images - truth, images.device
    total = torch.zeros((), device=device)
    for band in range(levels - 1):
        height, width = difference.shape[-2:]
        coarse = _resized(difference, _shrinking(height, device), _shrinking(width, device))
        grown = _resized(coarse, _growing(height // 2, height, device), _growing(width // 2, width, device))
        fine = difference - grown
        total = total + (fine_weight if band < FINE_BANDS else 1.0) * fine.abs().mean()
        difference = coarse
    return total + difference.abs().mean()


def charbonnier(images: Tensor, truth: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Mean of a smooth absolute difference."""
    return ((images - truth) ** 2 + epsilon**2).sqrt().mean()


def stage_loss(motion: Motion, middle: Tensor, truth: Tensor, t: Tensor) -> Tensor:
    """How well a coarse stage's motion alone rebuilds the frame at its scale.

    Convention: middle (N, 2, 3, H, W) the two frames around the gap; truth (N, 3, H, W); t (N,).
    """
    factor = truth.shape[-1] // motion.velocity.shape[-1]
    place = t[:, None, None, None]
    small = functional.avg_pool2d(torch.cat((middle.flatten(1, 2), truth), dim=1), factor)
    before = warp(small[:, :3], -place * motion.velocity[:, :2])
    after = warp(small[:, 3:6], (1 - place) * motion.velocity[:, 2:])
    share = torch.sigmoid(motion.logit + torch.log((1 - place) / place))
    return (share * before + (1 - share) * after - small[:, 6:]).abs().mean()


def guide_loss(flow: Tensor, batch: Batch, factor: int) -> Tensor:
    """How badly flow between the two frames around the gap brings one onto the other, and misses known flow.

    What is seen at the truth's time moves by the difference of its flows to both frames; a pixel of a frame
    is sought where its own flow, taken as it is, puts it at that time.

    Convention: flow (2 * N, 2, h, w) float32, pixels of pictures `factor` times smaller (padding cut off
    here): from the frames before to those after, then back. A scalar: the mean absolute difference plus
    `KNOWN_WEIGHT` for every pixel (of the batch's size) that rendered samples' flow is off.
    """
    place = batch.t[:, None, None, None]
    before, after = (functional.avg_pool2d(batch.window[:, number], factor) for number in (1, 2))
    forth, back = flow[:, :, : before.shape[2], : before.shape[3]].chunk(2)
    seen = (warp(after, forth) - before).abs().mean() + (warp(before, back) - after).abs().mean()
    moved = functional.avg_pool2d(batch.flow[:, 2:] - batch.flow[:, :2], factor)
    known = (warp(moved, place * forth.detach()), -warp(moved, (1 - place) * back.detach()))
    misses = [
        (factor * part - wanted).abs().mean(dim=1).clamp(max=FLOW_CLAMP_PX).mean(dim=(1, 2))
        for part, wanted in zip((forth, back), known, strict=True)
    ]
    return seen + KNOWN_WEIGHT * (sum(misses) * batch.has_flow).mean()


def total_loss(prediction: Prediction, batch: Batch) -> tuple[Tensor, Tensor]:
    """The loss, and the squared error of each image (N,) for the log."""
    truth, t = batch.truth, batch.t
    loss = laplacian_l1(prediction.image, truth, fine_weight=FINE_WEIGHT)
    loss = loss + 0.2 * charbonnier(prediction.image, truth)
    loss = loss + 0.3 * charbonnier(prediction.blend, truth)
    for weight, motion in zip(STAGE_WEIGHTS, reversed(prediction.coarse), strict=False):
        loss = loss + weight * stage_loss(motion, batch.window[:, 1:3], truth, t)
    place = t[:, None, None, None]
    speed = torch.cat((-place, -place, 1 - place, 1 - place), dim=1)
    misses = [(velocity * speed - batch.flow).abs().mean(dim=1) for velocity in prediction.velocities]
    nearest = torch.stack(misses).amin(dim=0).clamp(max=FLOW_CLAMP_PX)
    guided = (nearest.mean(dim=(1, 2)) * batch.has_flow).mean()
    error = ((prediction.image.detach().clamp(0, 1) - truth) ** 2).mean(dim=(1, 2, 3))
    return loss + FLOW_WEIGHT * guided, error
