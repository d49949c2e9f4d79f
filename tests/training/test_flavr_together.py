"""FLAVR's way for training draws what the network draws, and teaches what it teaches."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from flavr_core.engine.precision import full_fp32
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig, Join
from flavr_core.model.fused import has_triton
from flavr_core.training import flavr_together
from flavr_core.training.beginnings import NARROW_FLAVR
from flavr_core.training.flavr_together import can_be_together, draw_together

SMALL = FlavrConfig(
    num_outputs=3, blocks=(2, 1, 1, 2), stem_width=6, widths=(6, 8, 10, 12),
    decoder_widths=(10, 8, 6, 6, 5), fuse_width=7, encoder_bias=True,
)  # fmt: skip


def small(config: FlavrConfig = SMALL) -> Flavr:
    torch.manual_seed(0)
    return Flavr(config).double().train()


def drawn(network: Flavr, window: Tensor, *, together: bool) -> tuple[Tensor, Tensor]:
    """Pictures, and the gradients of all weights."""
    assert network.positions is not None
    made = draw_together(network, window) if together else network(window, network.positions)
    weights = torch.sin(torch.arange(made.numel(), device=made.device).view_as(made))
    found = torch.autograd.grad((made * weights).sum(), list(network.parameters()))
    return made.detach(), torch.cat([part.flatten() for part in found])


@pytest.mark.parametrize("encoder_bias", [True, False])
def test_pictures_and_gradients_are_the_networks(encoder_bias: bool) -> None:
    network = small(replace(SMALL, encoder_bias=encoder_bias))
    window = torch.rand(2, 4, 3, 24, 40, dtype=torch.float64)
    wanted, given = (drawn(network, window, together=together) for together in (False, True))
    assert torch.allclose(given[0], wanted[0], rtol=0, atol=1e-12)
    assert torch.allclose(given[1], wanted[1], rtol=1e-9, atol=1e-12 * float(wanted[1].abs().max()))


def test_other_kinds_are_left_alone() -> None:
    assert can_be_together(small())
    assert not can_be_together(small(replace(SMALL, batch_norm=True)))
    assert not can_be_together(small(replace(SMALL, join=Join.ADD, decoder_widths=(10, 8, 6, 6, 6))))
    assert not can_be_together(torch.nn.Identity())


@pytest.mark.cuda
def test_fused_passes_are_the_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_triton():
        pytest.skip("Triton is not installed")
    torch.manual_seed(0)
    network = Flavr(NARROW_FLAVR).cuda().train()
    window = torch.rand(2, 4, 3, 64, 128, device="cuda")
    with full_fp32():
        fused = drawn(network, window, together=True)
        monkeypatch.setattr(flavr_together, "_is_fused", lambda x: False)
        plain = drawn(network, window, together=True)
    for given, wanted in zip(fused, plain, strict=True):
        assert float((given - wanted).norm() / wanted.norm()) < 1e-3
