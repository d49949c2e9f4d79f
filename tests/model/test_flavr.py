"""FLAVR's variants, sizes and strips, on narrow networks."""

from __future__ import annotations

import itertools
import weakref
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from flavr_core.errors import ModelError
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig, Join, UpMode, config_from_shapes
from flavr_core.model.flavr_stages import UpStage, tap_sums

SMALL = {
    "stem_width": 8,
    "widths": (8, 10, 12, 14),
    "decoder_widths": (11, 9, 8, 7, 6),
    "fuse_width": 5,
}
"""Widths of a narrow FLAVR, different where they may be."""


def small_config(**fields: Any) -> FlavrConfig:
    """A narrow FLAVR; widths that can be added where skips are."""
    widths = dict(SMALL)
    if fields.get("join") is Join.ADD:
        widths["decoder_widths"] = (12, 10, 8, 8, 6)
    return FlavrConfig(**{**widths, **fields})


def small(**fields: Any) -> Flavr:
    """A narrow FLAVR with random weights in float64, in evaluation mode."""
    torch.manual_seed(3)
    network = Flavr(small_config(**fields)).double().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 2)
            torch.nn.init.uniform_(module.bias, -1, 1)
    return network


def draw(network: Flavr, window: Tensor) -> Tensor:
    assert network.positions is not None
    with torch.inference_mode():
        return network(window, network.positions)


VARIANTS = list(itertools.product(Join, UpMode, (False, True)))


@pytest.mark.parametrize(("join", "up_mode", "batch_norm"), VARIANTS)
def test_strips_give_the_whole(join: Join, up_mode: UpMode, batch_norm: bool) -> None:
    network = small(join=join, up_mode=up_mode, batch_norm=batch_norm, num_outputs=2)
    window = torch.rand(1, 4, 3, 24, 16, dtype=torch.float64)
    whole = draw(network, window)
    for network.strip_rows in (1, 5, 16, 23, 24, 1000):
        torch.testing.assert_close(draw(network, window), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("join", "up_mode", "batch_norm"), VARIANTS)
def test_config_is_read_off_the_file(join: Join, up_mode: UpMode, batch_norm: bool) -> None:
    for num_inputs, num_outputs, bias in ((4, 1, False), (2, 7, True), (6, 2, True)):
        config = small_config(
            join=join, up_mode=up_mode, batch_norm=batch_norm, num_inputs=num_inputs,
            num_outputs=num_outputs, encoder_bias=bias, blocks=(1, 3, 2, 4),
        )  # fmt: skip
        shapes = {name: tuple(value.shape) for name, value in Flavr(config).state_dict().items()}
        options = {"join": join.value if join is not Join.CONCAT else "none"}
        assert config_from_shapes(shapes, options) == config


@pytest.mark.parametrize("up_mode", list(UpMode))
@pytest.mark.parametrize("size", [(1, 1, 1), (1, 4, 3), (2, 1, 6), (3, 5, 4), (4, 8, 8)])
def test_gate_is_known_before_the_stage(up_mode: UpMode, size: tuple[int, int, int]) -> None:
    stage = UpStage(FlavrConfig(up_mode=up_mode), 5, 7).double()
    x = torch.randn(2, 5, *size, dtype=torch.float64)
    before_gate = x
    for module in list(stage.upconv)[: stage._gate_at]:
        before_gate = module(before_gate)
    gate = stage.upconv[stage._gate_at]
    expected = gate.scale(before_gate.mean((2, 3, 4), keepdim=True))
    torch.testing.assert_close(stage.gate_scale(x), expected, rtol=0, atol=1e-13)


def test_tap_sums_count_each_tap_where_it_lands() -> None:
    x = torch.randn(1, 1, 3, 4, 5, dtype=torch.float64)
    sums = tap_sums(x, torch.float64)
    for t, row, column in itertools.product(range(3), range(4), range(4)):
        kernel = torch.zeros(1, 1, 3, 4, 4, dtype=torch.float64)
        kernel[0, 0, t, row, column] = 1
        grown = functional.conv_transpose3d(x, kernel, stride=(1, 2, 2), padding=(1, 1, 1))
        torch.testing.assert_close(sums[0, 0, t, row, column], grown.sum())


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (7, 8), (8, 8), (9, 17), (24, 13)])
def test_any_size_is_padded_by_its_edge(size: tuple[int, int]) -> None:
    network = small(num_outputs=3)
    height, width = size
    window = torch.rand(1, 4, 3, height, width, dtype=torch.float64)
    drawn = draw(network, window)
    assert drawn.shape == (1, 3, 3, height, width)
    assert torch.isfinite(drawn).all()
    # The same by hand: padded frames with the mean of the unpadded ones taken off beforehand.
    mean = window.mean((1, 3, 4), keepdim=True)
    rows = torch.arange(-(-height // 8) * 8).clamp(max=height - 1)
    columns = torch.arange(-(-width // 8) * 8).clamp(max=width - 1)
    padded = (window - mean)[..., rows, :][..., columns]
    inner = network.encoder(padded.transpose(1, 2))
    by_hand = network.finish(network.decode(inner)).view(1, 3, 3, len(rows), len(columns))
    torch.testing.assert_close(drawn, by_hand[..., :height, :width] + mean, rtol=0, atol=1e-12)


def test_brightness_moves_through() -> None:
    network = small()
    window = torch.rand(1, 4, 3, 16, 16, dtype=torch.float64)
    shift = torch.tensor([0.1, -0.2, 3.0], dtype=torch.float64)[:, None, None]
    torch.testing.assert_close(draw(network, window + shift), draw(network, window) + shift)


def test_windows_of_a_batch_do_not_mix() -> None:
    network = small()
    window = torch.rand(3, 4, 3, 16, 16, dtype=torch.float64)
    one_by_one = torch.cat([draw(network, single) for single in window.split(1)])
    torch.testing.assert_close(draw(network, window), one_by_one, rtol=0, atol=1e-12)


def test_positions_choose_outputs_in_the_order_asked() -> None:
    network = small(num_outputs=7)
    window = torch.rand(1, 4, 3, 8, 8, dtype=torch.float64)
    every = draw(network, window)
    with torch.inference_mode():
        chosen = network(window, [0.875, Fraction(1, 8), 0.5, 0.5])
    torch.testing.assert_close(chosen, every[:, [6, 0, 3, 3]], rtol=0, atol=0)
    thirds = small(num_outputs=2)
    assert thirds.snap([1 / 3, 0.66666667]) == (Fraction(1, 3), Fraction(2, 3))


def test_positions_off_the_grid_are_refused() -> None:
    network = small(num_outputs=3)
    window = torch.rand(1, 4, 3, 8, 8, dtype=torch.float64)
    with pytest.raises(ModelError, match=r"1/3.*1/4, 1/2, 3/4"):
        network(window, [Fraction(1, 3)])
    for outside in (0, 1, -0.5, 1.5):
        with pytest.raises(ModelError, match="not inside the gap"):
            network(window, [outside])
    with pytest.raises(ModelError, match="No position"):
        network(window, [])


@pytest.mark.parametrize("shape", [(4, 3, 8, 8), (1, 3, 3, 8, 8), (1, 4, 1, 8, 8)])
def test_windows_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"shape .* takes \(N, 4, 3, H, W\)"):
        small()(torch.rand(shape, dtype=torch.float64), [0.5])


def test_input_is_not_written_to() -> None:
    network = small()
    window = torch.rand(1, 4, 3, 16, 16, dtype=torch.float64)
    kept = window.clone()
    for network.strip_rows in (None, 8):
        draw(network, window)
        assert torch.equal(window, kept)


def test_gradients_are_those_of_the_function() -> None:
    network = small(batch_norm=True, num_inputs=2).train(False)
    window = torch.rand(1, 2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: network(x, [0.5]), (window,), nondet_tol=1e-9, fast_mode=True)
    network(window, [0.5]).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_other_precisions_take_and_return_what_they_are_given() -> None:
    network = small().float()
    window = torch.rand(1, 4, 3, 16, 16)
    whole = draw(network, window)
    assert whole.dtype == torch.float32
    coarse = draw(network.bfloat16(), window)
    assert coarse.dtype == torch.float32
    assert network.precision == "bf16"
    assert -10 * torch.log10((coarse - whole).square().mean()) > 35
    assert draw(network, window.half()).dtype == torch.float16


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that exist at once."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and (key := tensor.untyped_storage()._cdata) not in self.known:
                storage = tensor.untyped_storage()
                self.known.add(key)
                self.live += storage.nbytes()
                weakref.finalize(storage, self.forget, key, storage.nbytes())
        self.peak = max(self.peak, self.live)
        return out

    def forget(self, key: int, nbytes: int) -> None:
        self.known.discard(key)
        self.live -= nbytes


def test_strips_halve_the_peak() -> None:
    network = Flavr(
        FlavrConfig(stem_width=8, widths=(8, 16, 32, 64), decoder_widths=(32, 16, 8, 8, 8), fuse_width=8)
    ).eval()
    window = torch.rand(1, 4, 3, 256, 64)
    peaks = []
    for network.strip_rows in (None, 16):
        with LiveBytes() as counter:
            draw(network, window)
        peaks.append(counter.peak)
    assert peaks[1] < 0.55 * peaks[0]
