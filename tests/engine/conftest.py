"""Networks small enough to reason about, and frames to feed them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.frame import Frame, FrameWindow, PixelFamily, PixelFormat, PlannedFrame
from flavr_core.model.network import Network

HALF = Fraction(1, 2)
BT709 = ColorSpec(matrix=Matrix.BT709, range=Range.LIMITED)
YUV420 = PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1)


class MixNetwork(Network):
    """Blends the middle two frames by position; counts what it was given."""

    name = "mix"
    architecture = "mix"

    def __init__(self, *, num_inputs: int = 4, positions: tuple[Fraction, ...] | None = None) -> None:
        super().__init__()
        self.num_inputs = num_inputs
        self.positions = positions
        self.gain = nn.Parameter(torch.ones(()))
        self.windows: list[Tensor] = []

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        if not window.is_meta and window.any():  # black is drawn to see what it takes
            self.windows.append(window.detach().clone())
        middle = self.num_inputs // 2
        drawn = [
            torch.lerp(window[:, middle - 1], window[:, middle], float(position)) * self.gain.to(window.dtype)
            for position in positions
        ]
        return torch.stack(drawn, dim=1)


class SmoothNetwork(Network):
    """Mixes 9x9 pixels of the middle two frames by a convolution: has borders and needs memory."""

    name = "smooth"
    architecture = "smooth"
    num_inputs = 4
    halo_px = 4

    def __init__(self) -> None:
        super().__init__()
        self.spread = nn.Conv2d(3, 48, 9, padding=4, padding_mode="replicate")
        self.gather = nn.Conv2d(48, 3, 1)
        with torch.no_grad():
            generator = torch.Generator().manual_seed(3)
            for parameter in self.parameters():
                parameter.copy_(torch.rand(parameter.shape, generator=generator) * 0.02)

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        middle = (window[:, 1] + window[:, 2]).to(self.dtype)
        drawn = self.gather(self.spread(middle)).to(window.dtype)
        return torch.stack([drawn * float(position) for position in positions], dim=1)


def make_frame(
    index: int = 0,
    *,
    format_: PixelFormat = YUV420,
    color: ColorSpec = BT709,
    width: int = 32,
    height: int = 24,
    seed: int | None = None,
) -> Frame:
    """A frame of smooth colour gradients and some grain, different for each seed (by default each index)."""
    rng = np.random.default_rng(index if seed is None else seed)
    planes = []
    for plane in range(format_.num_planes):
        rows, columns = format_.plane_shape(plane, width=width, height=height)
        y, x = np.mgrid[0:rows, 0:columns]
        slope = rng.uniform(0.2, 0.6, 2)
        value = 0.2 + slope[0] * x / max(columns, 2) * 0.6 + slope[1] * y / max(rows, 2) * 0.6
        value = value + rng.normal(0, 0.01, value.shape)
        planes.append(np.clip(value * 2**format_.depth, 0, 2**format_.depth - 1).astype(format_.dtype))
    return Frame(planes=tuple(planes), format=format_, color=color, time=Fraction(index, 25), index=index)


def make_window(
    frames: Sequence[Frame],
    positions: Sequence[Fraction] = (Fraction(0), HALF),
    *,
    gap: int = 1,
    is_cut: bool = False,
) -> FrameWindow:
    """A window with one output for each position."""
    outputs = tuple(
        PlannedFrame(index=100 + number, time=Fraction(100 + number, 50), gap=gap, position=position)
        for number, position in enumerate(positions)
    )
    a, b, c, d = frames
    return FrameWindow(gap=gap, frames=(a, b, c, d), is_cut=is_cut, outputs=outputs)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Small pictures are drawn quicker by one thread than by several that wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The above, for tests: networks, `frame`, `window`, `windows_of`."""

    def window_of(positions: Sequence[Fraction] = (Fraction(0), HALF), **options: Any) -> FrameWindow:
        return make_window([make_frame(index, **options) for index in range(4)], positions)

    return SimpleNamespace(
        MixNetwork=MixNetwork,
        SmoothNetwork=SmoothNetwork,
        frame=make_frame,
        window=make_window,
        window_of=window_of,
        YUV420=YUV420,
        BT709=BT709,
    )
