"""Made frames as sharp as those filmed around them, where these show the same: else a slow pan flickers.

What is fetched between pixels is softer than what was filmed, and so is the mean of pictures that do not lie
on each other to a tenth of a pixel. How steep a made frame is, is told cell by cell and compared with the
softer of the two filmed cells that are seen there; where it falls short the finest detail is made stronger
by as much as is missing. Detail in which the frame before and the frame after differ (noise, haze, what is
hidden in one of them) is left alone: there the truth is not known, and strength would be wrong.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

CELL_PX = 16
"""Side of a cell."""
AIM = 0.995
"""Share of the filmed frames' steepness that is aimed at: what has more than that is left as it is."""
MOST = 0.5
"""Most of the finest detail that is added once more."""
DIFFERENT = (0.65, 1.0)
"""Energy of what the fine detail of both frames differs by, as a share of that which is wanted: up to the
first value all that is missing is added, from the second on nothing."""
FLAT = 1e-4
"""Steepness that is reckoned with; of [0, 1] a pixel."""
FAINT = 1e-9
"""Energy of detail that is nothing; of [0, 1] squared."""


def steepness(frames: Tensor) -> Tensor:
    """How steep pictures are around each cell: (N, 3, H, W) RGB to (N, 1, ceil(H / 16), ceil(W / 16)).

    Float32. The mean of absolute differences of neighbouring pixels, grey, across and down, added up.
    """
    across, down = _differences(_grey(frames))
    return smoothed(_cells(across.abs() + down.abs()))


def smoothed(cells: Tensor) -> Tensor:
    """Mean of five by five cells, the nearer ones counting more; beyond the border the border's."""
    around = functional.pad(cells, (2, 2, 2, 2), mode="replicate")
    return functional.avg_pool2d(functional.avg_pool2d(around, 3, 1), 3, 1)


def sharpened(made: Tensor, parting: Tensor, filmed: Tensor, velocity: Tensor, t: Tensor) -> Tensor:
    """A made picture as sharp as the two around it.

    Args:
        made: (N, 3, H, W) RGB, float32.
        parting: (N, 1, H, W), the frame before as it is seen from there less the frame after, grey.
        filmed: (2 * N, 1, h, w), `steepness` of the frames before, then of those after.
        velocity: (N, 4, H' / 2, W' / 2) pixels of that size, H' and W' multiples of 16 not below H and W; as
            in `fourflow.Motion`.
        t: (N, 1, 1, 1) place in the gap.
    """
    grey, detail = _grey(made), _detail(made)
    fine = _grey(detail)
    (across, down), (fine_across, fine_down) = _differences(grey), _differences(fine)
    seen = (
        across.abs() + down.abs(),
        across.sign() * fine_across + down.sign() * fine_down,  # what adding the detail would bring
        fine.square(),
        _detail(parting).square(),
    )
    steep, gain, energy, difference = smoothed(_cells(torch.cat(seen, dim=1))).split(1, dim=1)
    rows, columns = steep.shape[-2:]
    moved = functional.avg_pool2d(velocity, CELL_PX // 2)[..., :rows, :columns] * (2 / CELL_PX)
    wanted = torch.minimum(
        _looked_up(filmed[: len(made)], -t * moved[:, :2]),
        _looked_up(filmed[len(made) :], (1 - t) * moved[:, 2:]),
    )
    short = (steep / (wanted + FLAT)).clamp(max=1)
    low, high = DIFFERENT
    alike = ((high - short.square() * difference / (energy + FAINT)) / (high - low)).clamp(0, 1)
    share = ((AIM * wanted - steep) / (gain + FLAT)).clamp(0, MOST) * alike
    share = functional.interpolate(share, scale_factor=CELL_PX, mode="bilinear", align_corners=False)
    return torch.addcmul(made, share[..., : made.shape[-2], : made.shape[-1]], detail)


def _grey(pictures: Tensor) -> Tensor:
    return pictures.float().mean(dim=1, keepdim=True)


def _cells(values: Tensor) -> Tensor:
    """Means of cells, those at the end smaller."""
    return functional.avg_pool2d(values, CELL_PX, ceil_mode=True, count_include_pad=False)


def _differences(grey: Tensor) -> tuple[Tensor, Tensor]:
    """To the pixel on the right and to that below; zero at the end."""
    return functional.pad(grey.diff(dim=-1), (0, 1)), functional.pad(grey.diff(dim=-2), (0, 0, 0, 1))


def _detail(pictures: Tensor) -> Tensor:
    """What a pixel differs by from the mean of its four neighbours."""
    padded = functional.pad(pictures.float(), (1, 1, 1, 1), mode="replicate")
    beside = padded[..., 1:-1, 2:] + padded[..., 1:-1, :-2]
    above = padded[..., 2:, 1:-1] + padded[..., :-2, 1:-1]
    return pictures - 0.25 * (beside + above)


def _looked_up(cells: Tensor, flow: Tensor) -> Tensor:
    """Cells' values `flow` (N, 2, h, w) cells away, bilinearly; beyond the border the border's."""
    rows, columns = cells.shape[-2:]
    x = (2 * (torch.arange(columns, device=cells.device) + flow[:, 0]) + 1) / columns - 1  # (N, h, w)
    y = (2 * (torch.arange(rows, device=cells.device)[:, None] + flow[:, 1]) + 1) / rows - 1
    places = torch.stack((x, y), dim=-1)
    return functional.grid_sample(cells, places, padding_mode="border", align_corners=False)
