"""The baseline that every network has to beat: a weighted mean of the two frames around the gap."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import cast

import cv2
import torch
from torch import Tensor

from flavr_core.errors import ModelError
from flavr_core.frame import Frame, Plane
from flavr_core.model.network import Network, Position


class Blend(Network):
    """(1 - t) times the frame before plus t times the frame after: a cross-fade, no motion."""

    architecture = "blend"
    name = "blend"
    num_inputs = 2
    positions = None

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        wide = torch.promote_types(window.dtype, torch.float32)
        before, after = window.to(wide).unbind(1)  # (N, 3, H, W) each
        drawn = [torch.lerp(before, after, float(position)) for position in positions]
        return torch.stack(drawn, 1).to(window.dtype)

    def interpolate_frames(
        self, frames: Sequence[Frame], positions: Sequence[Position]
    ) -> list[tuple[Plane, ...]]:
        """See `PlaneInterpolator`. Blending is linear, so planes are blended as they are.

        The mean of chroma is the chroma of the mean; straight alpha is blended like a colour.
        """
        before, after = check_frames(frames, 2)
        return [
            tuple(
                blend_planes(first, second, position)
                for first, second in zip(before.planes, after.planes, strict=True)
            )
            for position in self.snap(positions)
        ]


def check_frames(frames: Sequence[Frame], num_inputs: int) -> Sequence[Frame]:
    """The frames, if they are as many and as alike as a `PlaneInterpolator` needs.

    Raises:
        ModelError: when they are not.
    """
    if len(frames) != num_inputs:
        raise ModelError(f"{len(frames)} frames were given to a network that takes {num_inputs}.")
    first = frames[0]
    for frame in frames[1:]:
        if frame.format != first.format or (frame.width, frame.height) != (first.width, first.height):
            raise ModelError(
                f"Frames {first.index} ({first.width}x{first.height}, {first.format}) and {frame.index} "
                f"({frame.width}x{frame.height}, {frame.format}) are not alike.",
            )
    return frames


def blend_planes(before: Plane, after: Plane, position: Fraction) -> Plane:
    """(1 - position) * before + position * after, rounded to nearest (ties to even).

    Convention: two (H, W) arrays of one dtype, uint8 or uint16; returns a new one.
    """
    weight = float(position)
    return cast(Plane, cv2.addWeighted(before, 1.0 - weight, after, weight, 0.0))
