"""What training minimises."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.model.fourflow import Motion, Prediction, warp

PYRAMID_LEVELS = 5
"""Of the Laplacian pyramid."""


def _blur(images: Tensor) -> Tensor:
    """Binomial 5x5 filter of each channel."""
    channels = images.shape[1]
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=images.device) / 16
    across = taps.reshape(1, 1, 1, 5).expand(channels, 1, 1, 5)
    padded = functional.pad(images, (2, 2, 2, 2), mode="reflect")
    return functional.conv2d(
        functional.conv2d(padded, across, groups=channels), across.transpose(2, 3), groups=channels
    )


def laplacian_l1(images: Tensor, truth: Tensor, levels: int = PYRAMID_LEVELS) -> Tensor:
    """Sum over a pyramid's bands of the mean absolute difference.

    Convention: (N, C, H, W) float32. Since the pyramid is linear, the difference is decomposed once.
    """
    difference = images - truth
    total = torch.zeros((), device=images.device)
    for _ in range(levels - 1):
        coarse = functional.avg_pool2d(_blur(difference), 2)
        fine = difference - functional.interpolate(coarse, size=difference.shape[-2:], mode="bilinear")
        total = total + fine.abs().mean()
        difference = coarse
    return total + difference.abs().mean()


def charbonnier(images: Tensor, truth: Tensor, epsilon: float = 1e-3) -> Tensor:
    """Mean of a smooth absolute difference."""
    return ((images - truth) ** 2 + epsilon**2).sqrt().mean()


def census(images: Tensor, truth: Tensor, radius: int = 2) -> Tensor:
    """Soft ternary census: how the order of brightness around each pixel differs (UnFlow, arXiv 1711.07837)."""

    def signature(pictures: Tensor) -> Tensor:
        gray = pictures.mean(dim=1, keepdim=True)
        side = 2 * radius + 1
        around = functional.unfold(gray, side, padding=radius).reshape(
            gray.shape[0], side * side, *gray.shape[-2:]
        )
        offset = around - gray
        return offset / (0.0032 + offset * offset).sqrt()

    distance = (signature(images) - signature(truth)) ** 2
    inner = distance[:, :, radius:-radius, radius:-radius]
    return (inner / (0.1 + inner)).mean()


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


def total_loss(
    prediction: Prediction, window: Tensor, truth: Tensor, t: Tensor, flow: Tensor, has_flow: Tensor
) -> tuple[Tensor, Tensor]:
    """The loss, and the squared error of each image (N,) for the log.

    Convention: window (N, 4, 3, H, W); truth (N, 3, H, W); t (N,); flow (N, 4, H, W) pixels, to the frames
    before and after, counted where has_flow (N,) is 1.
    """
    image = laplacian_l1(prediction.image, truth) + 0.2 * charbonnier(prediction.image, truth)
    image = image + 0.3 * charbonnier(prediction.blend, truth) + 0.05 * census(prediction.image, truth)
    middle = window[:, 1:3]
    for weight, motion in zip((0.2, 0.2, 0.1, 0.05), reversed(prediction.coarse), strict=False):
        image = image + weight * stage_loss(motion, middle, truth, t)
    place = t[:, None, None, None]
    speed = torch.cat((-place, -place, 1 - place, 1 - place), dim=1)
    nearest = torch.stack(
        [(velocity * speed - flow).abs().mean(dim=1) for velocity in prediction.velocities]
    ).amin(dim=0)
    guided = (nearest.clamp(max=100).mean(dim=(1, 2)) * has_flow).mean()
    error = ((prediction.image.detach().clamp(0, 1) - truth) ** 2).mean(dim=(1, 2, 3))
    return image + 0.004 * guided, error
