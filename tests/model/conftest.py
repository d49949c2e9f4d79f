"""Conformance vectors, small networks and a catalogue of the test's own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from flavr_core.model import catalog
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig

CONFORMANCE = Path(__file__).parents[1] / "conformance"


@cache
def _weights_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance_weights", CONFORMANCE / "weights.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks are quickest so: waiting for each other costs threads more than the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def conformance_shapes() -> Callable[[str], dict[str, list[int]]]:
    """{parameter name: shape} of one of the authors' networks."""
    return lambda name: _weights_module().load_shapes(CONFORMANCE / f"{name}.shapes.json")


@pytest.fixture(scope="session")
def conformance_state() -> Callable[[str], dict[str, np.ndarray]]:
    """The weights that a conformance vector was made with."""
    return lambda name: _weights_module().fill(
        _weights_module().load_shapes(CONFORMANCE / f"{name}.shapes.json")
    )


@pytest.fixture(scope="session")
def conformance_arrays() -> Callable[[str], dict[str, np.ndarray]]:
    """The arrays of a conformance vector."""

    def read(name: str) -> dict[str, np.ndarray]:
        with np.load(CONFORMANCE / f"{name}.npz") as arrays:
            return dict(arrays)

    return read


@pytest.fixture
def small_state() -> dict[str, Tensor]:
    """Weights of a narrow FLAVR with three outputs."""
    torch.manual_seed(1)
    config = FlavrConfig(
        num_outputs=3,
        encoder_bias=True,
        stem_width=8,
        widths=(8, 10, 12, 14),
        decoder_widths=(12, 10, 8, 8, 6),
        fuse_width=5,
    )
    return Flavr(config).state_dict()


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that stands for the user's models."""
    folder = tmp_path / "user data" / "models"
    monkeypatch.setattr(catalog, "user_dir", lambda: folder)
    return folder
