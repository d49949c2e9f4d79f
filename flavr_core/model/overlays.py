"""Writing that stands still over a picture that moves: thin strokes are kept as they were filmed.

Strokes of a pixel or two over a pan are lost at the coarse scales where motion is found, and are carried
along with the ground. They are told by the frames alone: a pixel that looks the same in all of them, that is
brighter or darker than its surroundings in each of them, amid others that change. Pictures are fetched from
frames in which the colours around have taken their place, so that no shadow of them moves along.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SAME = 4 / 255
"""Spread over the frames at which a pixel counts for 1/e as standing still; of [0, 1]."""
CONTRAST = 0.1
"""Least difference of a stroke from the mean around it; twice as much counts wholly."""
AROUND_PX = 7
"""Side of the square that a stroke is compared with."""
BLOCK_PX = 8
"""Whether surroundings move is asked of blocks, five by five of them."""
MOVING = (0.5, 0.7)
"""Share of changing pixels around at which writing begins to count, and counts wholly."""
DENSE = (0.2, 0.4)
"""Share of pixels standing still among the nine nearest, alike: one alone is chance."""
LINE_BLOCKS = (3, 17)
"""Rows and columns of blocks in which writing is looked for in number."""
CROWD = (0.03, 0.06)
"""Share of strokes there, alike: a few alone are ground that something passes over."""
COVERED = 0.02
"""What a pixel under writing counts when the colour around is told, one beside it 1."""
SMALLEST_PX = 5 * BLOCK_PX
"""Smaller pictures have no surroundings to compare with."""


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
    size = frames.shape[-2:]
    if min(size) < SMALLEST_PX:
        return frames.new_zeros(frames.shape[0], 1, *size)
    highest = lowest = frames[:, 0]
    for frame in frames.unbind(1)[1:]:  # quicker on a CPU than reducing over that axis
        highest, lowest = torch.maximum(highest, frame), torch.minimum(lowest, frame)
    spread = (highest - lowest).amax(dim=1, keepdim=True)  # (N, 1, H, W)
    same = torch.exp(-((spread / SAME) ** 2))
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
    mask = functional.max_pool2d(share, 3, 1, 1)
    seen = 1 - (1 - COVERED) * mask  # (N, 1, H, W)
    count = box_mean(functional.avg_pool2d(seen, BLOCK_PX), 3, 3)
    filled = []
    for frame in frames.unbind(1):
        total = box_mean(functional.avg_pool2d(frame.float() * seen, BLOCK_PX), 3, 3)
        filled.append(torch.lerp(frame.float(), _enlarged(total / count, size), mask))
    return torch.stack(filled, dim=1).to(frames.dtype)


def keep_overlays(made: Tensor, window: Tensor, share: Tensor, position: float) -> Tensor:
    """Made pictures with the writing as it was filmed.

    Convention: made (N, 3, H, W); window as above, of which the middle two lie around the gap; share as of
    `overlay_share`; returns float32.
    """
    middle = window.shape[1] // 2
    filmed = torch.lerp(window[:, middle - 1].float(), window[:, middle].float(), position)
    return torch.lerp(made.float(), filmed, share)
