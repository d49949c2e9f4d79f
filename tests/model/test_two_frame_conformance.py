"""AdaCoF, CDFI and UPR-Net against the authors' own outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch

from flavr_core.model import from_state_dict, fused
from flavr_core.model.adacof import MiddleNetwork
from flavr_core.model.network import Network
from flavr_core.model.uprnet import UprNet
from flavr_core.model.whole_vectors import with_whole_vectors

State = Callable[[str], dict[str, np.ndarray]]

KERNEL_NETWORKS = ("adacof_5_1", "compressed_adacof_5_1", "compressed_adacof_11_2", "cdfi")
FLOW_NETWORKS = ("upr_base", "upr_large", "upr_llarge")
PARAMETERS = {
    "adacof_5_1": 21.843,
    "compressed_adacof_5_1": 2.452,
    "compressed_adacof_11_2": 2.557,
    "cdfi": 4.977,
    "upr_base": 1.654,
    "upr_large": 3.702,
    "upr_llarge": 6.564,
}
"""Millions, as published."""


def check_error(ours: np.ndarray, theirs: np.ndarray, *, most: float = 1e-3) -> None:
    """The bounds of conformance/README.md."""
    assert ours.shape == theirs.shape
    error = np.abs(ours.astype(np.float64) - theirs) / theirs.std()
    assert np.quantile(error, 0.999) <= 1e-4
    assert error.max() <= most


def draw(network: Network, frames: np.ndarray, positions: list[Fraction]) -> np.ndarray:
    """(P, 3, H, W) on the network's device."""
    with torch.inference_mode():
        return network(torch.from_numpy(frames)[None].to(network.device), positions)[0].cpu().numpy()


def check_kernel_network(network: Network, arrays: dict[str, np.ndarray]) -> None:
    # A few offsets fall on negative whole numbers, where truncation jumps: these may be 1e-2 off.
    ours = draw(network, arrays["frames"], [Fraction(1, 2)])[0]
    check_error(ours, arrays["output"], most=1e-2)


def check_flow_network(network: Network, arrays: dict[str, np.ndarray]) -> None:
    assert isinstance(network, UprNet)
    network.pyramid_levels = 3
    frames = arrays["frames"][:, ::-1].copy()  # the arrays are BGR, the API is RGB
    drawn = draw(network, frames, [Fraction(1, 2), Fraction(1, 4)])
    with torch.inference_mode():
        flow = network.estimate_flow(torch.from_numpy(frames)[None].to(network.device))[0].cpu().numpy()
    for number, t in enumerate(("0.5", "0.25")):
        check_error(drawn[number][::-1], arrays[f"output_t{t}"])
        check_error(flow, arrays[f"flow_t{t}"])


@pytest.mark.parametrize("name", KERNEL_NETWORKS)
@pytest.mark.parametrize("strip_rows", [None, 24])
def test_kernel_networks_are_the_authors(
    name: str, strip_rows: int | None, conformance_state: State, conformance_arrays: State
) -> None:
    network = from_state_dict(conformance_state(name))
    network.strip_rows = strip_rows
    assert round(network.num_parameters / 1e6, 3) == PARAMETERS[name]
    check_kernel_network(network, conformance_arrays(name))


@pytest.mark.parametrize("name", FLOW_NETWORKS)
def test_flow_networks_are_the_authors(
    name: str, conformance_state: State, conformance_arrays: State
) -> None:
    network = from_state_dict(conformance_state(name))
    assert round(network.num_parameters / 1e6, 3) == PARAMETERS[name]
    check_flow_network(network, conformance_arrays(name))


def test_channels_last_changes_nothing(conformance_state: State, conformance_arrays: State) -> None:
    for name, check in (("cdfi", check_kernel_network), ("upr_base", check_flow_network)):
        network = from_state_dict(conformance_state(name)).to(memory_format=torch.channels_last)
        check(network, conformance_arrays(name))


@pytest.fixture
def full_float32() -> Iterator[None]:
    """No TF32 while the test runs."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


@pytest.mark.cuda
@pytest.mark.usefixtures("full_float32")
@pytest.mark.parametrize("way", ["plain", "fused"])
@pytest.mark.parametrize("name", KERNEL_NETWORKS + FLOW_NETWORKS)
def test_cuda_outputs_are_the_authors(
    name: str,
    way: str,
    conformance_state: State,
    conformance_arrays: State,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if way == "fused":
        pytest.importorskip("triton")
    monkeypatch.setattr(fused, "_is_sound", lambda device: way == "fused")
    network = from_state_dict(conformance_state(name)).to("cuda")
    check = check_kernel_network if name in KERNEL_NETWORKS else check_flow_network
    check(network, conformance_arrays(name))


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("name", "is_whole"),
    [(name, False) for name in KERNEL_NETWORKS + FLOW_NETWORKS] + [(name, True) for name in KERNEL_NETWORKS],
)
def test_cuda_half_precision_is_close(
    name: str, is_whole: bool, conformance_state: State, conformance_arrays: State
) -> None:
    arrays = conformance_arrays(name)
    network = from_state_dict(conformance_state(name)).to("cuda", torch.float16)
    if is_whole:
        assert isinstance(network, MiddleNetwork)
        network = with_whole_vectors(network)
    if isinstance(network, UprNet):
        network.pyramid_levels = 3
        arrays = {"frames": arrays["frames"][:, ::-1].copy(), "output": arrays["output_t0.5"][::-1]}
    drawn = draw(network, arrays["frames"], [Fraction(1, 2)])[0]
    # Outputs of these weights span more than [0, 1]; noise is counted against their own spread.
    noise = np.mean((drawn.astype(np.float64) - arrays["output"]) ** 2) / max(1.0, arrays["output"].var())
    assert -10 * np.log10(noise) >= 50
