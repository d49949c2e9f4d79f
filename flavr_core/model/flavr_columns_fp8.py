"""Coarse layers of a FLAVR in columns by products of 8-bit floats: twice as many at once, summed in float32.

Weights are scaled for each channel they give, inputs of a layer by one factor, found from what the plain
network gives that layer for a trial window; both to the range of four bits of exponent and three of fraction.
What is larger than anything in the trial by more than a margin is clamped. Precision of floats does not
depend on the factor, so a wide margin costs nothing but the smallest values.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_columns import BLOCK, Activation, ColumnConv, is_programmed
from flavr_core.model.flavr_form import kept
from flavr_core.model.flavr_stages import Block

CODES = torch.float8_e4m3fn
"""The 8-bit floats."""
LARGEST = float(torch.finfo(CODES).max)
"""The largest of them."""
_MARGIN = 4.0
"""Inputs may be so much larger than in the trial."""
_LEAST_CHANNELS = 256
"""Layers of fewer inputs keep to halves: they are finer, and bound by memory."""
_TRIAL_HEIGHT, _TRIAL_WIDTH = 96, 128


def coarse_layers(plain: Flavr) -> list[nn.Module]:
    """The convolutions of the plain network that take 8-bit floats: at 1/8 of the size, nothing joined."""
    blocks = [block for layer in (plain.encoder.layer3, plain.encoder.layer4) for block in layer]
    layers = [
        conv for block in blocks if isinstance(block, Block) for conv in (block.conv1[0], block.conv2[0])
    ]
    first = plain.decoder[0].conv
    assert isinstance(first, nn.Sequential)
    return [layer for layer in (*layers, first[0]) if _is_coarse(layer)]


def _is_coarse(layer: nn.Module) -> bool:
    assert isinstance(layer, nn.Conv3d)
    return layer.stride[1] == 1 and layer.in_channels >= _LEAST_CHANNELS and layer.in_channels % 128 == 0


@torch.no_grad()
def largest_inputs(plain: Flavr, layers: Sequence[nn.Module]) -> dict[nn.Module, float]:
    """For each layer the largest value that it is given for the trial window."""
    largest: dict[nn.Module, float] = {}

    def look(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        largest[layer] = float(inputs[0].abs().amax())

    handles = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        plain(trial_window(plain.num_inputs).to(plain.device), plain.trial_positions[:1])
    finally:
        for handle in handles:
            handle.remove()
    return largest


def trial_window(frames: int) -> Tensor:
    """(1, T, 3, H, W): a texture coarse and fine that pans, from black to white."""
    generator = torch.Generator().manual_seed(7)
    size = (_TRIAL_HEIGHT, _TRIAL_WIDTH + 8 * frames)
    texture = torch.zeros(1, 3, *size)
    for octave in range(6):
        grain = torch.rand(1, 3, 3 * 2**octave, 4 * 2**octave, generator=generator) - 0.5
        texture += functional.interpolate(grain, size=size, mode="bicubic") / 1.5**octave
    shown = (texture - texture.amin()) / (texture.amax() - texture.amin())
    return torch.stack([shown[..., 8 * t : 8 * t + _TRIAL_WIDTH] for t in range(frames)], 1)


class CodedConv(ColumnConv):
    """A convolution of stride 1 whose weights and inputs are 8-bit floats; results as of any other.

    Attributes:
        scale: what a code of 1 stands for in the inputs.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, *, largest: float) -> None:
        """Take weights as `ColumnConv`, and the largest input that was seen."""
        by_channel = (weight.abs().amax((1, 2, 3, 4)) / LARGEST).clamp_min(torch.finfo(torch.float32).tiny)
        super().__init__(weight / by_channel[:, None, None, None, None], bias, dtype=torch.float32)
        self.rows = kept(self.rows.to(CODES))
        self.scale = max(_MARGIN * largest / LARGEST, torch.finfo(torch.float32).tiny)
        self.factors = kept(by_channel.float() * self.scale)

    def forward(
        self,
        x: Tensor,
        out: Tensor,
        activation: Activation,
        *,
        joined: Tensor | None = None,
        rows: Tensor | None = None,
        has_means: bool = False,
    ) -> Tensor | None:
        """See `ColumnConv`; nothing can be joined, and weights are the layer's own."""
        assert joined is None
        assert rows is None
        codes = self.coded(x)
        samples = (len(x) // 4, -1, -1)
        if is_programmed(x):
            return self.run(
                codes, out, self.rows.expand(samples), activation, factors=self.factors, has_means=has_means
            )
        if x.is_meta:
            return super().forward(x, out, activation, has_means=has_means)
        by_block = self.rows.to(x.dtype).unflatten(0, (self.width // BLOCK, -1, BLOCK))
        scaled = by_block * self.factors.to(x.dtype).view(-1, 1, BLOCK, 1)
        return super().forward(
            codes.to(x.dtype), out, activation, rows=scaled.flatten(0, 2).expand(samples), has_means=has_means
        )

    def coded(self, x: Tensor) -> Tensor:
        """Frames as codes, channels last."""
        codes = torch.empty_like(x, dtype=CODES)
        if is_programmed(x):
            from flavr_core.model.flavr_passes_triton import code

            code(x, codes, 1 / self.scale, LARGEST)
            return codes
        if x.is_meta:
            return codes
        return codes.copy_((x / self.scale).clamp_(-LARGEST, LARGEST))
