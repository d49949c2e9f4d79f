"""Published networks begun anew have the published shapes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from flavr_core.errors import ModelError
from flavr_core.model.adacof import MiddleNetwork
from flavr_core.model.published import PUBLISHED, new_network

Shapes = Callable[[str], dict[str, list[int]]]


@pytest.mark.parametrize(
    ("name", "vectors"),
    [
        ("adacof", "adacof_5_1"),
        ("cdfi", "cdfi"),
        ("upr-base", "upr_base"),
        ("upr-large", "upr_large"),
        ("upr-llarge", "upr_llarge"),
    ],
)
def test_shapes_are_the_authors(name: str, vectors: str, conformance_shapes: Shapes) -> None:
    ours = {key: list(value.shape) for key, value in new_network(name).state_dict().items()}
    assert ours == {key: list(shape) for key, shape in conformance_shapes(vectors).items()}


@pytest.mark.parametrize(
    ("name", "million", "dilation"),
    [("adacof-plus", 22.933, 2), ("adacof-compressed", 2.452, 1), ("adacof-compressed-plus", 2.557, 2)],
)
def test_sizes_are_the_published(name: str, million: float, dilation: int) -> None:
    with torch.device("meta"):
        network = new_network(name)
    assert network.num_parameters / 1e6 == pytest.approx(million, rel=0.005)
    assert isinstance(network, MiddleNetwork)
    assert network.dilation == dilation


def test_names() -> None:
    assert "upr-base" in PUBLISHED
    with pytest.raises(ModelError, match="no published network upr-huge"):
        new_network("upr-huge")
