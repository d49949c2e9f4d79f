"""Drawing in a clip's own pixel format, without tensors: what networks without weights do on a CPU.

No torch here: a conversion with such a network starts a second earlier without it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol, cast, runtime_checkable

import cv2

from flavr_core.errors import ModelError
from flavr_core.frame import Frame, Plane
from flavr_core.model.cards import ModelCard

Position = Fraction | float
"""A place in the gap, 0 < position < 1."""

GRID_TOLERANCE = 1e-6
"""How far a float may be from the grid place it means (1/3 has no exact float)."""


@runtime_checkable
class PlaneInterpolator(Protocol):
    """A network that can draw in a clip's own pixel format on the CPU, without tensors.

    Optional: the engine asks `isinstance(network, PlaneInterpolator)` when it runs on a CPU.
    Such networks can draw any position.
    """

    def interpolate_frames(
        self, frames: Sequence[Frame], positions: Sequence[Position]
    ) -> list[tuple[Plane, ...]]:
        """The planes of the frames at `positions` in the gap, one tuple a position.

        Convention: `frames` are the network's num_inputs frames in order of time, the gap lies between
        the middle two; where a neighbour is missing (clip end, cut) the frame beside it is given twice.
        All have the same format, colour and size; the result's planes have the frames' dtype, shapes
        and depth, values rounded to nearest and within 0 .. 2**depth - 1, and are new C-contiguous
        arrays. Safe to call from several threads at once; OpenCV or numpy releases the GIL for most of
        the time. Raises ModelError for positions outside (0, 1), another number of frames and frames
        that differ.
        """


class PlaneNetwork(ABC):
    """A network that draws planes and nothing else: a PlaneInterpolator with the facts of a `Network`."""

    name: str = ""
    """Name in the catalogue; also that of its architecture."""
    num_inputs: int = 2
    """Frames it looks at."""
    positions: None = None
    """It draws any position."""
    card: ModelCard | None = None
    """What the catalogue says of it."""
    uses_opencv_threads: bool = False
    """Whether OpenCV's own threads make it faster."""

    @abstractmethod
    def interpolate_frames(
        self, frames: Sequence[Frame], positions: Sequence[Position]
    ) -> list[tuple[Plane, ...]]:
        """See PlaneInterpolator."""


class BlendPlanes(PlaneNetwork):
    """(1 - t) times the frame before plus t times the frame after: a cross-fade, no motion."""

    name = "blend"
    num_inputs = 2

    def interpolate_frames(
        self, frames: Sequence[Frame], positions: Sequence[Position]
    ) -> list[tuple[Plane, ...]]:
        """See PlaneInterpolator. Blending is linear, so planes are blended as they are.

        The mean of chroma is the chroma of the mean; straight alpha is blended like a colour.
        """
        before, after = check_frames(frames, self.num_inputs)
        return [
            tuple(
                blend_planes(first, second, position)
                for first, second in zip(before.planes, after.planes, strict=True)
            )
            for position in snap_positions(positions, None, self.name)
        ]


def snap_positions(
    positions: Sequence[Position], grid: tuple[Fraction, ...] | None, name: str
) -> tuple[Fraction, ...]:
    """The exact places that `positions` mean.

    Args:
        positions: what was asked for.
        grid: the places that can be drawn, in ascending order; None for any.
        name: who draws, for the error.

    Raises:
        ModelError: when one is off the grid, or not strictly between 0 and 1, or there is none.
    """
    if not positions:
        raise ModelError("No position was asked for.", "Ask for at least one between 0 and 1.")
    return tuple(_snap(position, grid, name) for position in positions)


def _snap(position: Position, grid: tuple[Fraction, ...] | None, name: str) -> Fraction:
    exact = Fraction(position)
    if not 0 < exact < 1:
        raise ModelError(
            f"Position {position} is not inside the gap.", "Positions lie between 0 and 1, both excluded."
        )
    if grid is None:
        return exact
    nearest = min(grid, key=lambda place: abs(place - exact))
    if abs(nearest - exact) > GRID_TOLERANCE:
        raise ModelError(
            f"{name} cannot draw position {position}: its grid is {', '.join(map(str, grid))}.",
            "Choose the nearest grid place, or a network for any position.",
        )
    return nearest


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


_UP = 2.0**-8
"""Added before rounding: more than nothing, less than what two blended values can lack of a half."""


def blend_planes(before: Plane, after: Plane, position: Fraction) -> Plane:
    """(1 - position) * before + position * after, rounded to nearest, ties up as video codecs average.

    Convention: two (H, W) arrays of one dtype, uint8 or uint16; returns a new one.
    """
    weight = float(position)
    return cast(Plane, cv2.addWeighted(before, 1.0 - weight, after, weight, _UP))


def plane_network(architecture: str) -> PlaneNetwork | None:
    """The network without weights of this name as far as it needs no torch; None when it needs it."""
    if architecture == "blend":
        return BlendPlanes()
    if architecture == "motion":
        from flavr_core.model.motion_planes import MotionPlanes

        return MotionPlanes()
    return None
