"""What every network is to the rest of the program: frames in, in-betweens out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.errors import ModelError
from flavr_core.model.cards import ModelCard
from flavr_core.model.planes import Position, snap_positions
from flavr_core.settings import Precision

DTYPES = {
    Precision.FP32: torch.float32,
    Precision.FP16: torch.float16,
    Precision.BF16: torch.bfloat16,
}
"""Element type of a network's weights and activations in each precision but `auto`."""

Shape = tuple[int, ...]
"""Shape of one parameter."""


class Network(nn.Module, ABC):
    """A network that draws frames between the middle two of a window.

    Subclasses set the attributes below (in `__init__`, before use) and write `draw`. Their
    parameters are float32 until the caller moves them: `network.to(device, dtype)`.

    Convention: `network(window, positions)`.
        window: (N, T, C, H, W) with T = num_inputs and C = 3, RGB in [0, 1], any floating dtype,
            on the network's device. Any H, W >= 1. For T = 2 the frames are the two around the
            gap; for T = 4 they are the gap's middle two and one neighbour on each side.
        positions: places in the gap, each strictly between 0 and 1; on `self.positions` where
            that is a grid.
        returns: (N, P, C, H, W) with P = len(positions), dtype of the window, RGB, not clamped
            to [0, 1] and not rounded: as the authors' networks return them.
        Raises ModelError for a window of another shape and for positions off the grid.
    """

    name: str = ""
    """Name in the catalogue, or what the file was called."""
    architecture: str = ""
    """Name of its architecture; the same for all files of weights of one class."""
    num_inputs: int = 2
    """Frames it looks at, T."""
    positions: tuple[Fraction, ...] | None = None
    """Its fixed grid in ascending order; None when any position can be drawn."""
    size_multiple: int = 1
    """Inner sizes are multiples of this: other sizes are padded by replication and cropped by `draw`."""
    halo_px: int = 128
    """Pixels around a piece of a picture that it is given as context when pictures are drawn in tiles."""
    supports_strips: bool = False
    """Whether `strip_rows` changes anything."""
    strip_rows: int | None = None
    """Output rows computed at a time where memory peaks; None for all. Same result up to rounding."""
    draws_together: bool = False
    """Whether several small windows of a clip are drawn as one batch on a GPU, which fills it better."""
    uses_opencv_threads: bool = False
    """Whether OpenCV's own threads make it faster."""
    card: ModelCard | None = None
    """Where the weights come from; None for weights handed in as a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        # Tells device and dtype of networks without parameters as well; never saved.
        self._anchor: Tensor
        self.register_buffer("_anchor", torch.empty(0), persistent=False)

    @abstractmethod
    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """`forward` after its checks: positions are exact grid places, the window has the right shape."""

    def forward(self, window: Tensor, positions: Sequence[Position]) -> Tensor:
        """Draw the frames at `positions`; see the class for the convention."""
        if window.ndim != 5 or window.shape[1] != self.num_inputs or window.shape[2] != 3:
            raise ModelError(
                f"A window of shape {tuple(window.shape)} was given to {self.name or self.architecture}, "
                f"which takes (N, {self.num_inputs}, 3, H, W).",
            )
        return self.draw(window, self.snap(positions))

    def snap(self, positions: Sequence[Position]) -> tuple[Fraction, ...]:
        """The exact grid places that `positions` mean.

        Raises:
            ModelError: when one is off the grid, or not strictly between 0 and 1, or there is none.
        """
        return snap_positions(positions, self.positions, self.name or self.architecture)

    @property
    def trial_positions(self) -> tuple[Fraction, ...]:
        """Places to draw where the network is tried: all that come in one pass."""
        return self.positions or (Fraction(1, 2),)

    @property
    def device(self) -> torch.device:
        """Where its parameters are and windows must be."""
        return self._anchor.device

    @property
    def dtype(self) -> torch.dtype:
        """Element type of its parameters; windows may have another."""
        return self._anchor.dtype

    @property
    def precision(self) -> Precision:
        """Number format of its arithmetic, never `auto`; float64 counts as float32."""
        return next((key for key, dtype in DTYPES.items() if dtype == self.dtype), Precision.FP32)

    @property
    def num_parameters(self) -> int:
        """Numbers it learnt."""
        return sum(parameter.numel() for parameter in self.parameters())


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A class of networks as the loader sees it: one row of `flavr_core.model.architectures`."""

    name: str
    """Short name, as in cards."""
    matches: Callable[[Mapping[str, Shape]], bool]
    """Whether a file with these {parameter name: shape} is meant for this class; judged by telling names."""
    build: Callable[[Mapping[str, Shape], Mapping[str, str]], Network]
    """An empty network configured from {parameter name: shape} and the options; its `state_dict` then
    says which names and shapes the file must have. Raises ModelError when a needed name is missing."""
    rename: Callable[[Mapping[str, Shape]], Mapping[str, str]] | None = None
    """{name in the file: our name} for another program's files, asked before `matches`; the rest stay."""
    options: Mapping[str, tuple[str, ...]] | None = None
    """What a file cannot tell: {option: allowed values, the first is the default}."""


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until H and W are multiples of `multiple`.

    Convention: images (..., H, W), any dtype; returns (..., H', W') or the very same tensor.
    """
    height, width = images.shape[-2:]
    bottom, right = -height % multiple, -width % multiple
    if not (bottom or right):
        return images
    flat = images.reshape(-1, 1, height, width)  # (M, 1, H, W)
    padded = functional.pad(flat, (0, right, 0, bottom), mode="replicate")  # (M, 1, H', W')
    return padded.reshape(*images.shape[:-2], height + bottom, width + right)
