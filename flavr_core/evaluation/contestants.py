"""Whoever draws: networks, and programs that are measured beside them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flavr_core.engine.drawing import Drawer
from flavr_core.errors import MediaError, ModelError
from flavr_core.evaluation import reference_ffmpeg
from flavr_core.evaluation.samples import Picture8
from flavr_core.model.network import Network

Drawn = NDArray[np.floating[Any]]
"""(P, H, W, 3) RGB, nominally [0, 1], neither clamped nor rounded."""


class Contestant(Protocol):
    """Draws pictures between two others."""

    name: str
    """As it is called in tables."""
    parameters: int
    """Numbers it learnt."""
    num_inputs: int
    """Pictures it looks at: two or four."""
    notes: list[str]
    """What a reader of its numbers should know."""

    def draw(self, inputs: Sequence[Picture8], positions: Sequence[Fraction]) -> tuple[Drawn, float]:
        """The pictures at `positions` of the gap between the middle two of `inputs`, and the seconds."""


class NetworkContestant:
    """A network, in the engine's own way of keeping to the memory there is.

    Convention: windows are float32 RGB, the pictures' 8-bit values divided by 255, on the network's
    device. Time is that of drawing alone, without conversion and copies.
    """

    def __init__(self, network: Network) -> None:
        if network.num_inputs not in (2, 4):
            raise ModelError(
                f"{network.name} looks at {network.num_inputs} frames; samples have two or four."
            )
        self.name = network.name
        self.parameters = network.num_parameters
        self.num_inputs = network.num_inputs
        self.notes: list[str] = []
        self._network = network
        self._drawer: Drawer | None = None

    def draw(self, inputs: Sequence[Picture8], positions: Sequence[Fraction]) -> tuple[Drawn, float]:
        """See `Contestant`.

        Raises:
            ModelError: when the network cannot draw a position.
        """
        window = torch.from_numpy(np.stack(inputs)).to(self._network.device)  # (T, H, W, C)
        window = window.permute(0, 3, 1, 2).unsqueeze(0).float().div_(255)  # (1, T, C, H, W)
        places = self._network.snap(positions)
        drawer = self._drawer_for(window)
        started = self._now()
        with torch.inference_mode():
            [made] = drawer.draw([window], places)  # (P, C, H, W)
        seconds = self._now() - started
        self.notes = list(dict.fromkeys([*self.notes, *drawer.notes]))
        return made.float().permute(0, 2, 3, 1).cpu().numpy(), seconds  # (P, H, W, C)

    def _drawer_for(self, window: Tensor) -> Drawer:
        """Runs the network within the memory there is; made anew when pictures change their size."""
        height, width = window.shape[-2:]
        if self._drawer is None or (self._drawer.height, self._drawer.width) != (height, width):
            self._drawer = Drawer(self._network, width=width, height=height)
            self._drawer.plan()
        return self._drawer

    def _now(self) -> float:
        if self._network.device.type == "cuda":
            torch.cuda.synchronize(self._network.device)
        return time.perf_counter()


class Minterpolate:
    """ffmpeg's own motion-compensated filter; see `reference_ffmpeg.minterpolate`."""

    name = "minterpolate"
    parameters = 0
    num_inputs = 4

    def __init__(self) -> None:
        self.notes = [
            f"ffmpeg's minterpolate={reference_ffmpeg.MINTERPOLATE} on 8-bit Y'CbCr 4:4:4; its time is "
            "that of the whole program, start and pipes included"
        ]

    def draw(self, inputs: Sequence[Picture8], positions: Sequence[Fraction]) -> tuple[Drawn, float]:
        """See `Contestant`.

        Raises:
            MediaError: when pictures are too small for it.
            FfmpegError: when ffmpeg fails.
        """
        height, width = inputs[0].shape[:2]
        if min(height, width) < reference_ffmpeg.SMALLEST_PX:
            raise MediaError(
                f"Pictures of {width}x{height} are too small for ffmpeg's minterpolate.",
                f"It needs {reference_ffmpeg.SMALLEST_PX} pixels on each side.",
            )
        started = time.perf_counter()
        made = reference_ffmpeg.minterpolate(inputs, positions)
        seconds = time.perf_counter() - started
        return np.stack(made).astype(np.float32) / np.float32(255), seconds
