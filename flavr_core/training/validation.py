"""A few held-out windows, measured in seconds while training goes on. Never trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flavr_core.errors import MediaError
from flavr_core.model.blend import Blend
from flavr_core.model.fused import plain_only
from flavr_core.model.network import Network
from flavr_core.training.boards import GRID_ROWS, picture_grid
from flavr_core.training.lessons import half_products

FRAMES = 5
"""Files of a window: four inputs in order of time, then the truth in the middle of the gap."""


@dataclass(slots=True)
class ValidationSet:
    """Windows by clip.

    Convention: name of the clip -> list of (4 + 1, 3, H, W) uint8 RGB on the device.
    """

    windows: dict[str, list[Tensor]]


def read_validation(folder: Path, device: torch.device) -> ValidationSet:
    """Read `CLIP_WINDOW_FRAME.jpg` or `.png`, FRAME 0 to 3 the inputs and 4 the truth."""
    groups: dict[str, dict[str, list[Path]]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".png", ".jpg"):
            clip, window, _ = path.stem.rsplit("_", 2)
            groups.setdefault(clip, {}).setdefault(window, []).append(path)
    if not groups:
        raise MediaError(f"{folder} holds no windows.", "Name files CLIP_WINDOW_FRAME.png.")
    windows: dict[str, list[Tensor]] = {}
    for clip, found in groups.items():
        for paths in found.values():
            if len(paths) != FRAMES:
                raise MediaError(
                    f"A window of {clip} has {len(paths)} files, not {FRAMES}.", "Write it again."
                )
            pictures = [_read_picture(path) for path in paths]
            stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
            windows.setdefault(clip, []).append(stacked.to(device))
    return ValidationSet(windows)


def _read_picture(path: Path) -> NDArray[Any]:
    picture = cv2.imread(str(path))
    if picture is None:
        raise MediaError(f"{path} cannot be read as a picture.", "Write the window again.")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


@torch.inference_mode()
def validate(network: Network, validation: ValidationSet) -> tuple[dict[str, float], list[Tensor]]:
    """Mean PSNR (dB, RGB, 8-bit rounded) of the middle frame by clip, and pictures of the first clips."""
    scores: dict[str, float] = {}
    rows: list[Tensor] = []
    for clip, windows in validation.windows.items():
        values = []
        for window in windows:
            inputs = window[None, :4].float() / 255
            seen = inputs if network.num_inputs == 4 else inputs[:, 1:3]
            with plain_only(), half_products(inputs.device):
                made = network(seen, [0.5])[0, 0]
            rounded = (made.float().clamp(0, 1) * 255).round()
            error = ((rounded - window[4].float()) ** 2).mean()
            values.append(float(10 * torch.log10(255**2 / error.clamp(min=1e-6))))
        scores[clip] = sum(values) / len(values)
        if len(rows) < GRID_ROWS:
            rows.append(picture_grid(inputs, made[None, None].float(), window[None, None, 4].float() / 255))
    return scores, rows


def cross_faded(validation: ValidationSet) -> float:
    """Mean over the clips of the PSNR (dB) of the mean of the middle two frames: what any network passes."""
    network = Blend().to(next(iter(validation.windows.values()))[0].device)
    scores, _ = validate(network, validation)
    return sum(scores.values()) / len(scores)
