"""Steps by AdamW alone, and by Muon between features."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from flavr_core.training.flat_parameters import FlatParameters
from flavr_core.training.optimizers import FlatOptimizer

RATE = 1e-2
INNER = 1


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 24, 3), nn.Conv2d(24, 3, 3))


def lesson(layers: nn.Module, flat: FlatParameters, seed: int) -> float:
    assert flat.gradients is not None
    flat.gradients.zero_()
    image = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(seed))
    loss = (layers(image) - image[:, :, 3:-3, 3:-3]).square().mean()
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


def weight_of(layers: nn.Sequential, index: int) -> torch.Tensor:
    layer = layers[index]
    assert isinstance(layer, nn.Conv2d)
    return layer.weight.detach().clone()


def test_adamw_alone_steps_as_torch_does() -> None:
    layers, other = network(), network()
    flat = FlatParameters(layers, gradients=True)
    optimizer = FlatOptimizer(flat, weight_decay=0.1, muon=False)
    reference = torch.optim.AdamW(other.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0.1)
    for seed in range(3):
        lesson(layers, flat, seed)
        for mine, theirs in zip(layers.parameters(), other.parameters(), strict=True):
            assert mine.grad is not None
            theirs.grad = mine.grad.clone()
        optimizer.step(RATE)
        reference.step()
    for mine, theirs in zip(layers.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


def test_muon_moves_inner_filters_alike_in_all_directions() -> None:
    layers = network()
    flat = FlatParameters(layers, gradients=True)
    optimizer = FlatOptimizer(flat, weight_decay=0.0, muon=True)
    before = [weight_of(layers, index) for index in range(3)]
    lesson(layers, flat, 0)
    optimizer.step(RATE)
    steps = [weight_of(layers, index) - old for index, old in enumerate(before)]
    scale = RATE * 0.2 * (16 * 9) ** 0.5
    strengths = torch.linalg.svdvals(steps[INNER].flatten(1)) / scale
    assert strengths.min() > 0.5
    assert strengths.max() < 1.5
    # The first step of Adam moves each weight by the whole rate.
    for index in (0, 2):
        moved = steps[index].abs()
        assert moved.median().item() == pytest.approx(RATE, rel=1e-3)


@pytest.mark.parametrize("muon", [False, True])
def test_resumed_steps_are_the_same(muon: bool) -> None:
    layers = network()
    flat = FlatParameters(layers, gradients=True)
    optimizer = FlatOptimizer(flat, weight_decay=1e-3, muon=muon)
    losses = []
    for seed in range(6):
        if seed == 3:
            state = {name: value.clone() for name, value in optimizer.state().items()}
            values = flat.values.clone()
        losses.append(lesson(layers, flat, 0))
        optimizer.step(RATE)
    assert losses[-1] < losses[0]
    again = network()
    flat_again = FlatParameters(again, gradients=True)
    resumed = FlatOptimizer(flat_again, weight_decay=1e-3, muon=muon)
    flat_again.values.copy_(values)
    resumed.load(state)
    for loss in losses[3:]:
        assert lesson(again, flat_again, 0) == loss
        resumed.step(RATE)
    assert torch.equal(flat.values, flat_again.values)
