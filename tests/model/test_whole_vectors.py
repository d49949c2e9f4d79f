"""Networks whose channels were filled up draw what they drew before."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from flavr_core.model.adacof import MiddleNetwork
from flavr_core.model.published import new_network
from flavr_core.model.whole_vectors import with_whole_vectors

HALF = (Fraction(1, 2),)


@pytest.mark.parametrize("name", ["adacof-compressed", "adacof-compressed-plus", "cdfi"])
def test_filled_networks_draw_the_same(name: str) -> None:
    torch.manual_seed(1)
    network = new_network(name).eval()
    assert isinstance(network, MiddleNetwork)
    filled = with_whole_vectors(network)
    window = torch.rand(1, 2, 3, 40, 52, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        torch.testing.assert_close(filled(window, HALF), network(window, HALF), rtol=0, atol=1e-6)


def test_strips_change_nothing() -> None:
    torch.manual_seed(1)
    network = new_network("cdfi").eval()
    assert isinstance(network, MiddleNetwork)
    filled = with_whole_vectors(network)
    window = torch.rand(2, 2, 3, 64, 40, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        whole = filled(window, HALF)
        filled.strip_rows = 24
        torch.testing.assert_close(filled(window, HALF), whole, rtol=0, atol=1e-6)
        torch.testing.assert_close(network(window, HALF), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["adacof", "adacof-compressed", "cdfi"])
def test_inner_channels_are_whole_vectors(name: str) -> None:
    network = new_network(name)
    assert isinstance(network, MiddleNetwork)
    filled = with_whole_vectors(network)
    for block, counts in filled.widths.blocks.items():
        is_mask = block in ("moduleOcclusion", "moduleBlend")
        assert all(count % 8 == 0 for count in (counts[:-1] if is_mask else counts)), block
    assert filled.widths.kernel == network.widths.kernel
