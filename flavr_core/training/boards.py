"""What is written down while a course goes on: a curve, pictures, TensorBoard's files on demand."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.errors import OutputError, SettingsError

GRID_ROWS = 4
"""Held-out examples of which pictures are kept."""
DIFFERENCE_GAIN = 4
"""By how much differences are brightened to be seen."""


class Board:
    """Writes into the folder of a course or a leg."""

    def __init__(self, folder: Path, *, tensorboard: bool) -> None:
        """Raises SettingsError when TensorBoard is asked for and not installed."""
        self._folder = folder
        self._writer: Any = None
        if tensorboard:
            try:
                module = importlib.import_module("torch.utils.tensorboard")
            except ImportError as error:
                raise SettingsError(
                    "TensorBoard is not installed.",
                    "Install the package tensorboard, or leave it away: curve.jsonl is always written.",
                ) from error
            self._writer = module.SummaryWriter(str(folder / "tensorboard"))

    def note(self, step: int, values: Mapping[str, float | Mapping[str, float]]) -> None:
        """Numbers of a step, single or by clip; printed as well."""
        plain = {
            name: dict(value) if isinstance(value, Mapping) else round(value, 8)
            for name, value in values.items()
        }
        line = json.dumps({"step": step, **plain})
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "curve.jsonl").open("a", encoding="utf-8") as curve:
            curve.write(line + "\n")
        print(line, flush=True)
        if self._writer is not None:
            for name, value in values.items():
                parts = value if isinstance(value, Mapping) else {"": value}
                for part, number in parts.items():
                    self._writer.add_scalar(f"{name}/{part}" if part else name, number, step)

    def show(self, step: int, rows: Sequence[Tensor]) -> None:
        """Grids of pictures (3, H, W) uint8, one below the other.

        Raises:
            OutputError: when they cannot be written.
        """
        if not rows:
            return
        width = max(row.shape[2] for row in rows)
        grid = torch.cat([functional.pad(row, (0, width - row.shape[2])) for row in rows], dim=1)
        folder = self._folder / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{step:08d}.png"
        ok, data = cv2.imencode(".png", cv2.cvtColor(grid.permute(1, 2, 0).numpy(), cv2.COLOR_RGB2BGR))
        if not ok:
            raise OutputError(f"{path} cannot be written as a picture.")
        path.write_bytes(data.tobytes())
        if self._writer is not None:
            self._writer.add_image("held_out", grid, step)

    def close(self) -> None:
        """Write what is waiting."""
        if self._writer is not None:
            self._writer.close()


def picture_grid(inputs: Tensor, made: Tensor, truths: Tensor) -> Tensor:
    """Before, after, made, truth and their brightened difference, side by side; of one example.

    Convention: inputs (1, 4, 3, H, W), made and truths (1, P, 3, H, W), of which the middle one is shown;
    returns (3, H, 5 W) uint8 on the CPU.
    """
    place = made.shape[1] // 2
    difference = (made[0, place] - truths[0, place]).abs() * DIFFERENCE_GAIN
    parts = (inputs[0, 1], inputs[0, 2], made[0, place], truths[0, place], difference)
    return (torch.cat(parts, dim=2).clamp(0, 1) * 255).round().to("cpu", torch.uint8)
