"""FLAVR against the authors' own outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flavr_core.model import from_state_dict
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig, Join
from flavr_core.model.network import Network

State = Callable[[str], dict[str, np.ndarray]]

NAMES = ("flavr_8x", "flavr_4x", "flavr_2x", "flavr34_2x")  # 8x first: it must not change what follows
STAGES = tuple(f"encoder.{stage}" for stage in ("stem", "layer1", "layer2", "layer3", "layer4")) + tuple(
    f"decoder.{stage}" for stage in range(5)
)


def check_error(ours: np.ndarray, theirs: np.ndarray) -> None:
    """The bounds of conformance/README.md."""
    assert ours.shape == theirs.shape
    error = np.abs(ours.astype(np.float64) - theirs) / theirs.std()
    assert np.quantile(error, 0.999) <= 1e-4
    assert error.max() <= 1e-3


def draw(network: Network, frames: np.ndarray, *, device: str = "cpu") -> np.ndarray:
    """All outputs, (P, 3, H, W)."""
    assert network.positions is not None
    window = torch.from_numpy(frames)[None].to(device)
    with torch.inference_mode():
        return network(window, network.positions)[0].cpu().numpy()


@pytest.mark.parametrize("name", NAMES)
def test_output_is_the_authors(name: str, conformance_state: State, conformance_arrays: State) -> None:
    network = from_state_dict(conformance_state(name))
    arrays = conformance_arrays(name)
    check_error(draw(network, arrays["frames"]), arrays["output"])
    network.strip_rows = 24
    check_error(draw(network, arrays["frames"]), arrays["output"])


def test_stages_are_the_authors(conformance_state: State, conformance_arrays: State) -> None:
    # An 8x network built first must leave the 2x network without encoder biases.
    eight = Flavr(FlavrConfig(num_outputs=7, encoder_bias=True))
    network = from_state_dict(conformance_state("flavr_2x"))
    assert len(eight.state_dict()) == 76
    assert len(network.state_dict()) == 59
    arrays = conformance_arrays("flavr_2x")
    seen: dict[str, tuple[Tensor, Tensor, Tensor]] = {}

    def watch(stage: str) -> Callable[[nn.Module, object, Tensor], None]:
        def record(_module: nn.Module, _inputs: object, out: Tensor) -> None:
            x = out[0]  # summarised at once: what follows works in place
            seen[stage] = (x.mean((1, 2, 3)), x.abs().mean((1, 2, 3)), x[:, :, :4, :4].clone())

        return record

    for stage in STAGES:
        network.get_submodule(stage).register_forward_hook(watch(stage))
    draw(network, arrays["frames"])
    assert set(seen) == set(STAGES)
    for stage, summaries in seen.items():
        for kind, ours in zip(("mean", "abs", "corner"), summaries, strict=True):
            check_error(ours.numpy(), arrays[f"{stage}.{kind}"])


@pytest.mark.parametrize(
    ("config", "keys", "parameters"),
    [
        (FlavrConfig(), 59, 42_061_571),
        (FlavrConfig(num_outputs=3, encoder_bias=True), 76, 42_084_297),
        (FlavrConfig(num_outputs=7, encoder_bias=True), 76, 42_121_941),
        (FlavrConfig(blocks=(3, 4, 6, 3)), 91, 72.93),
        (FlavrConfig(blocks=(3, 4, 6, 3), num_outputs=7, encoder_bias=True), 124, 72.99),
        (FlavrConfig(batch_norm=True), 189, 42.07),
        (FlavrConfig(join=Join.ADD), 59, 39.79),
        (FlavrConfig(join=Join.NONE), 59, 39.79),
    ],
)
def test_counts_are_the_authors(config: FlavrConfig, keys: int, parameters: float) -> None:
    """Whole numbers where they are published, millions to two places where only those are."""
    with torch.device("meta"):
        network = Flavr(config)
    assert len(network.state_dict()) == keys
    count = network.num_parameters
    assert parameters in {count, round(count / 1e6, 2)}


@pytest.mark.parametrize("name", NAMES)
def test_names_and_shapes_are_the_authors(
    name: str, conformance_shapes: Callable[[str], dict[str, list[int]]]
) -> None:
    shapes = conformance_shapes(name)
    outputs = {"flavr_2x": 1, "flavr34_2x": 1, "flavr_4x": 3, "flavr_8x": 7}[name]
    config = FlavrConfig(
        num_outputs=outputs,
        encoder_bias=outputs > 1,
        blocks=(3, 4, 6, 3) if "34" in name else (2, 2, 2, 2),
    )
    with torch.device("meta"):
        network = Flavr(config)
    assert {key: list(value.shape) for key, value in network.state_dict().items()} == shapes
    assert network.positions == tuple(Fraction(k, outputs + 1) for k in range(1, outputs + 1))


@pytest.fixture
def full_float32() -> Iterator[None]:
    """No TF32 while the test runs."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


@pytest.mark.cuda
@pytest.mark.usefixtures("full_float32")
@pytest.mark.parametrize("strip_rows", [None, 24])
@pytest.mark.parametrize("name", NAMES)
def test_cuda_output_is_the_authors(
    name: str, strip_rows: int | None, conformance_state: State, conformance_arrays: State
) -> None:
    network = from_state_dict(conformance_state(name)).to("cuda")
    network.strip_rows = strip_rows
    arrays = conformance_arrays(name)
    check_error(draw(network, arrays["frames"], device="cuda"), arrays["output"])


@pytest.mark.cuda
@pytest.mark.usefixtures("full_float32")
@pytest.mark.parametrize("strip_rows", [None, 24])
@pytest.mark.parametrize("name", NAMES)
def test_cuda_half_precision_is_close(
    name: str, strip_rows: int | None, conformance_state: State, conformance_arrays: State
) -> None:
    network = from_state_dict(conformance_state(name)).to("cuda", torch.float16)
    network.strip_rows = strip_rows
    arrays = conformance_arrays(name)
    drawn = draw(network, arrays["frames"], device="cuda")
    mean_square = np.mean((drawn.astype(np.float64) - arrays["output"]) ** 2)
    assert -10 * np.log10(mean_square) >= 60


@pytest.mark.cuda
def test_cuda_strips_need_less_memory(conformance_state: State) -> None:
    network = from_state_dict(conformance_state("flavr_2x")).to("cuda", torch.float16)
    window = torch.rand(1, 4, 3, 720, 1280, device="cuda", dtype=torch.float16)
    peaks = []
    for network.strip_rows in (None, 64):
        torch.cuda.reset_peak_memory_stats()
        with torch.inference_mode():
            network(window, [0.5])
        peaks.append(torch.cuda.max_memory_allocated())
    assert peaks[1] < 0.7 * peaks[0]
