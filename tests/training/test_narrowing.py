"""Weights are thinned out and the network is built again, narrower."""

from dataclasses import replace

import pytest
import torch

from flavr_core.errors import ModelError
from flavr_core.model import from_state_dict
from flavr_core.model.blend import Blend
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig, Join
from flavr_core.training.narrowing import narrow
from flavr_core.training.sparsity import ObproxSg, density_report, measure_densities
from tests.small_networks import small_adacof

SMALL = FlavrConfig(
    blocks=(1, 1, 1, 1), stem_width=8, widths=(8, 16, 16, 32), decoder_widths=(16, 16, 8, 8, 8), fuse_width=8
)


def thin_out(network: torch.nn.Module, share: float) -> None:
    """Leave `share` of each layer's weights."""
    numbers = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim >= 2:
                kept = torch.rand(parameter.shape, generator=numbers) < share
                parameter.mul_(kept)


def test_the_optimiser_finds_the_few_weights_that_count() -> None:
    numbers = torch.Generator().manual_seed(0)
    seen = torch.randn(400, 20, generator=numbers)
    truth = torch.zeros(20)
    truth[[2, 7]] = torch.tensor([1.5, -2.0])
    layer = torch.nn.Linear(20, 1)
    optimizer = ObproxSg(layer.parameters(), lr=0.05, strength=0.05)
    for step in range(400):
        optimizer.orthant = step >= 200
        optimizer.zero_grad()
        ((layer(seen)[:, 0] - seen @ truth - 0.5) ** 2).mean().div(2).backward()
        optimizer.step()
    weights = layer.weight.detach()[0]
    assert torch.nonzero(weights).flatten().tolist() == [2, 7]
    assert torch.allclose(weights, truth, atol=0.1)
    assert layer.bias.item() == pytest.approx(0.5, abs=0.05)  # biases are not drawn to zero


def test_orthant_steps_keep_zeros_and_signs() -> None:
    weights = torch.nn.Parameter(torch.tensor([[0.0, 0.2, -0.2, 1.0]]))
    optimizer = ObproxSg([weights], lr=0.5, strength=0.1)
    optimizer.orthant = True
    weights.grad = torch.tensor([[5.0, 1.0, -1.0, 0.4]])
    optimizer.step()
    assert weights.detach()[0].tolist() == pytest.approx([0.0, 0.0, 0.0, 0.75])


def test_proximal_steps_shrink_to_zero() -> None:
    weights = torch.nn.Parameter(torch.tensor([[0.04, -0.5, 0.5]]))
    optimizer = ObproxSg([weights], lr=0.5, strength=0.1)
    weights.grad = torch.tensor([[0.0, 0.0, 2.0]])
    optimizer.step()
    assert weights.detach()[0].tolist() == pytest.approx([0.0, -0.45, -0.45])


def test_the_report_names_every_layer() -> None:
    network = Flavr(SMALL)
    thin_out(network, 0.25)
    densities = measure_densities(network)
    report = density_report(densities).splitlines()
    assert len(report) == len(densities) + 2
    assert all(layer.name in line for layer, line in zip(densities, report[1:], strict=False))
    total = sum(layer.kept for layer in densities) / sum(layer.weights for layer in densities)
    assert float(report[-1].split()[-1]) == pytest.approx(total, abs=1e-3) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("build", [lambda: Flavr(SMALL), small_adacof], ids=["flavr", "adacof"])
def test_a_narrower_network_loads_draws_and_is_smaller_by_the_density(build) -> None:  # type: ignore[no-untyped-def]
    network = build()
    thin_out(network, 0.36)
    small = narrow(network)
    share = small.num_parameters / network.num_parameters
    assert 0.3 < share < 0.55  # rounding, fixed inputs and outputs keep it above 0.36
    again = from_state_dict(small.state_dict())
    window = torch.rand(1, again.num_inputs, 3, 32, 32)
    assert again(window, [0.5]).shape == (1, 1, 3, 32, 32)
    assert again.architecture == network.architecture


def test_adacof_is_thinned_out_by_training() -> None:
    torch.manual_seed(0)
    network = small_adacof().train()
    optimizer = ObproxSg(network.parameters(), lr=0.01, strength=0.5)
    window = torch.rand(1, 2, 3, 32, 32)
    before = sum(layer.kept for layer in measure_densities(network))
    for _ in range(10):
        optimizer.zero_grad()
        (network(window, [0.5]) - window.mean(1, keepdim=True)).abs().mean().backward()
        optimizer.step()
    assert sum(layer.kept for layer in measure_densities(network)) < 0.8 * before


def test_nothing_is_narrowed_where_no_weight_is_zero() -> None:
    network = Flavr(SMALL)
    assert narrow(network).config == SMALL  # type: ignore[attr-defined]
    aligned = Flavr(SMALL)
    thin_out(aligned, 0.3)
    assert all(width % 8 == 0 for width in narrow(aligned, multiple=8).config.widths)  # type: ignore[attr-defined]


def test_what_cannot_be_narrowed_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot be narrowed"):
        narrow(Blend())
    with pytest.raises(ModelError, match="adds its skips"):
        narrow(Flavr(replace(SMALL, decoder_widths=(16, 16, 8, 8, 8), join=Join.ADD)))
