"""The baseline that every network has to beat: a weighted mean of the two frames around the gap."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from flavr_core.frame import Frame, Plane
from flavr_core.model.network import Network
from flavr_core.model.planes import BlendPlanes, Position


class Blend(Network):
    """`BlendPlanes` as a network: a cross-fade, no motion."""

    architecture = "blend"
    name = "blend"
    num_inputs = 2
    positions = None

    def __init__(self) -> None:
        super().__init__()
        self._planes = BlendPlanes()

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        wide = torch.promote_types(window.dtype, torch.float32)
        before, after = window.to(wide).unbind(1)  # (N, 3, H, W) each
        drawn = [torch.lerp(before, after, float(position)) for position in positions]
        return torch.stack(drawn, 1).to(window.dtype)

    def interpolate_frames(
        self, frames: Sequence[Frame], positions: Sequence[Position]
    ) -> list[tuple[Plane, ...]]:
        """See PlaneInterpolator."""
        return self._planes.interpolate_frames(frames, positions)
