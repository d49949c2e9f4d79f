"""Recorded passes draw what the network draws."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import Tensor

from flavr_core.model.graphs import MOST_RECORDED, RecordedNetwork
from flavr_core.model.network import Network
from flavr_core.model.published import new_network

HALF, QUARTER = (Fraction(1, 2),), (Fraction(1, 4),)


def window(height: int, width: int, seed: int, device: str = "cpu") -> Tensor:
    return torch.rand(1, 2, 3, height, width, generator=torch.Generator().manual_seed(seed)).to(device)


class Looking(Network):
    """A network that looks at values, which no graph can hold."""

    architecture = name = "looking"

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        drawn = window[:, :1] if float(window.mean()) > 0.25 else window[:, 1:]
        return drawn.expand(-1, len(positions), -1, -1, -1)


def test_without_a_gpu_the_network_draws() -> None:
    network = Looking()
    recorded = RecordedNetwork(network)
    for seed in range(3):
        some = window(8, 8, seed)
        assert torch.equal(recorded(some, HALF), network(some, HALF))
    recorded.forget()


@pytest.mark.cuda
@pytest.mark.parametrize("name", ["adacof-compressed", "cdfi", "upr-base"])
@torch.inference_mode()
def test_recorded_passes_draw_the_same(name: str) -> None:
    network = new_network(name).to("cuda", torch.float16).eval()
    recorded = RecordedNetwork(network)
    sizes = [(64, 96), (96, 64), (64, 64), (40, 52), (128, 64)]
    assert len(sizes) > MOST_RECORDED
    for height, width in [*sizes, *sizes]:
        for seed in range(4):
            for positions in (HALF, QUARTER):
                some = window(height, width, seed, "cuda")
                torch.testing.assert_close(
                    recorded(some, positions), network(some, positions), rtol=0, atol=2e-3
                )


@pytest.mark.cuda
@torch.inference_mode()
def test_results_are_the_callers_own() -> None:
    recorded = RecordedNetwork(new_network("adacof-compressed").to("cuda", torch.float16).eval())
    drawn = [recorded(window(64, 64, seed, "cuda"), HALF) for seed in range(5)]
    assert not torch.equal(drawn[3], drawn[4])
    again = recorded(window(64, 64, 3, "cuda"), HALF)
    assert torch.equal(drawn[3], again)


@pytest.mark.cuda
@torch.inference_mode()
def test_what_cannot_be_recorded_is_run() -> None:
    network = Looking().to("cuda")
    recorded = RecordedNetwork(network)
    for seed in range(4):
        some = window(16, 16, seed, "cuda") * (0.1 if seed % 2 else 1)
        assert torch.equal(recorded(some, HALF), network(some, HALF))
