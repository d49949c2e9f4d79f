"""What every form of a plain FLAVR begins with: the same name, places and weights, laid out otherwise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_stages import Gate
from flavr_core.model.flavr_statistics import PoolingFlavr


class FlavrForm(PoolingFlavr):
    """A FLAVR for drawing only, with a plain one's weights. The parameters are not the plain network's.

    Attributes:
        config: of the plain network.
    """

    def __init__(self, plain: Flavr, *, dtype: torch.dtype) -> None:
        """Begin a form in this element type, where the plain network is."""
        super().__init__()
        self.name, self.card, self.config = plain.name, plain.card, plain.config
        self.num_inputs, self.positions = plain.num_inputs, plain.positions
        self._anchor = torch.empty(0, dtype=dtype, device=plain.device)


def kept(value: Tensor) -> nn.Parameter:
    """A copy of a weight, which is never learnt."""
    return nn.Parameter(value.detach().clone(), requires_grad=False)


def copied_gate(plain: nn.Module, dtype: torch.dtype) -> Gate:
    """A copy of a gate in the wanted precision."""
    assert isinstance(plain, Gate)
    pooled = plain.attn_layer[0]
    assert isinstance(pooled, nn.Conv3d)
    gate = Gate(pooled.in_channels).to(pooled.weight.device, dtype)
    gate.load_state_dict(plain.state_dict())
    return gate.requires_grad_(False)
