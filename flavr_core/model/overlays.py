"""Writing that stands still over a picture that moves: thin strokes are kept as they were filmed.

Strokes of a pixel or two over a pan are lost at the coarse scales where motion is found, and are carried
along with the ground; so are larger letters of larger pictures, which are looked at as if they were small.
They are told by the frames alone: a pixel that looks the same in all of them, that is
brighter or darker than its surroundings in each of them, amid others that change. Pictures are fetched from
frames in which the colours around have taken their place, so that no shadow of them moves along.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.model.overlay_measures import (
    AROUND_PX,
    BLOCK_PX,
    CONTRAST,
    COVERED,
    CROWD,
    DENSE,
    EDGE_SAME,
    LINE_BLOCKS,
    MOVING,
    SAME,
    SMALLEST_PX,
    reduction,
)


def _ramp(values: Tensor, low: float, high: float) -> Tensor:
    """0 up to `low`, 1 from `high`."""
    return ((values - low) / (high - low)).clamp(0, 1)


def box_mean(images: Tensor, rows: int, columns: int) -> Tensor:
    """Mean of a rectangle around each pixel, of what lies in the picture; odd sides."""
    across = functional.avg_pool2d(images, (1, columns), 1, (0, columns // 2), count_include_pad=False)
    return functional.avg_pool2d(across, (rows, 1), 1, (rows // 2, 0), count_include_pad=False)


def _enlarged(blocks: Tensor, size: torch.Size) -> Tensor:
    return functional.interpolate(blocks, size=size, mode="bilinear", align_corners=False)


def overlay_share(window: Tensor) -> Tensor:
    """How surely each pixel is part of writing that stands still.

    Convention: window (N, T, 3, H, W) RGB in [0, 1]; returns (N, 1, H, W) float32 in [0, 1].
    """
    frames = window.float()
    factor = reduction(*frames.shape[-2:])
    if factor == 1:
        return _share_of(frames)
    small = functional.avg_pool2d(frames.flatten(0, 1), factor).unflatten(0, frames.shape[:2])
    share = _share_of(small)
    if share.device.type == "cpu" and not bool(share.any()):
        return frames.new_zeros(frames.shape[0], 1, *frames.shape[-2:])
    near = functional.max_pool2d(share, 3, 1, 1)
    return _enlarged(near, frames.shape[-2:]) * _sameness(_spread(frames), EDGE_SAME)


def _spread(frames: Tensor) -> Tensor:
    """What lies between the highest and the lowest value of each pixel, of the colours the most."""
    highest = lowest = frames[:, 0]
    for frame in frames.unbind(1)[1:]:  # quicker on a CPU than reducing over that axis
        highest, lowest = torch.maximum(highest, frame), torch.minimum(lowest, frame)
    return (highest - lowest).amax(dim=1, keepdim=True)  # (N, 1, H, W)


def _sameness(spread: Tensor, scale: float) -> Tensor:
    return torch.exp(-((spread / scale) ** 2))


def _share_of(frames: Tensor) -> Tensor:
    """The same for pictures of the size in which writing is looked for."""
    size = frames.shape[-2:]
    if min(size) < SMALLEST_PX:
        return frames.new_zeros(frames.shape[0], 1, *size)
    spread = _spread(frames)
    same = _sameness(spread, SAME)
    changing = functional.avg_pool2d((spread > 3 * SAME).float(), BLOCK_PX)
    moving = _enlarged(box_mean(changing, 5, 5), size)
    share = same * _ramp(moving, *MOVING)
    if share.device.type == "cpu" and not bool(share.any()):
        return share
    luma = frames.mean(dim=2)  # (N, T, H, W)
    relief = luma - box_mean(luma, AROUND_PX, AROUND_PX)
    contrast = torch.maximum(relief.amin(dim=1, keepdim=True), (-relief).amin(dim=1, keepdim=True))
    stroke = functional.max_pool2d(contrast * same, 3, 1, 1)
    share = share * _ramp(stroke, CONTRAST, 2 * CONTRAST) * _ramp(box_mean(same, 3, 3), *DENSE)
    crowd = _enlarged(box_mean(functional.avg_pool2d(share, BLOCK_PX), *LINE_BLOCKS), size)
    return share * _ramp(crowd, *CROWD)


def without_overlays(frames: Tensor, share: Tensor) -> Tensor:
    """Frames with the colours around writing in its place.

    Convention: frames (N, K, 3, H, W), each by itself, share as of `overlay_share`; returns frames' dtype,
    the very same where a look shows that there is none.
    """
    size = frames.shape[-2:]
    if min(size) < SMALLEST_PX or (share.device.type == "cpu" and not bool(share.any())):
        return frames
    factor = reduction(*size)
    mask = functional.max_pool2d(functional.pad(share, (factor,) * 4), 3, 1, dilation=factor)
    seen = 1 - (1 - COVERED) * mask  # (N, 1, H, W)
    count = _around(seen, factor)
    filled = []
    for frame in frames.unbind(1):
        total = _around(frame.float() * seen, factor)
        filled.append(torch.lerp(frame.float(), _enlarged(total / count, size), mask))
    return torch.stack(filled, dim=1).to(frames.dtype)


def _around(values: Tensor, factor: int) -> Tensor:
    """Means of blocks and those beside them."""
    return box_mean(functional.avg_pool2d(functional.avg_pool2d(values, BLOCK_PX), factor), 3, 3)


def keep_overlays(made: Tensor, window: Tensor, share: Tensor, position: float) -> Tensor:
    """Made pictures with the writing as it was filmed.

    Convention: made (N, 3, H, W); window as above, of which the middle two lie around the gap; share as of
    `overlay_share`; returns float32.
    """
    middle = window.shape[1] // 2
    filmed = torch.lerp(window[:, middle - 1].float(), window[:, middle].float(), position)
    return torch.lerp(made.float(), filmed, share)
