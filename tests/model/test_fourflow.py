"""FourFlow: untrained it is the mean, any size and position works, the file tells everything."""

import copy
from fractions import Fraction

import pytest
import torch

from flavr_core.errors import ModelError
from flavr_core.model import from_state_dict, load
from flavr_core.model.agreement import SHARE, agreed
from flavr_core.model.fourflow import FourFlow, FourFlowWidths, correlate, warp

SMALL = FourFlowWidths(
    half=8, quarter=12, eighth=16, sixteenth=24, motion_half=12, motion_quarter=16, motion_eighth=24,
    motion_sixteenth=32, synthesis_half=12, synthesis_quarter=16, synthesis_eighth=24,
)  # fmt: skip


@pytest.fixture
def network() -> FourFlow:
    torch.manual_seed(0)
    return FourFlow(SMALL).eval().requires_grad_(False)


def moving(network: FourFlow) -> FourFlow:
    """The network with heads that say something."""
    torch.manual_seed(1)
    for name, parameter in network.named_parameters():
        if ".head." in name:
            parameter.normal_(std=0.05)
    return network


def test_untrained_it_is_the_weighted_mean(network: FourFlow) -> None:
    window = torch.rand(2, 4, 3, 64, 96)
    drawn = network(window, [Fraction(1, 2), Fraction(1, 4)])
    assert torch.allclose(drawn[:, 0], (window[:, 1] + window[:, 2]) / 2, atol=2e-3)
    assert torch.allclose(drawn[:, 1], 0.75 * window[:, 1] + 0.25 * window[:, 2], atol=2e-3)


@pytest.mark.parametrize("size", [(1, 1), (7, 50), (33, 65), (64, 64)])
def test_any_size(network: FourFlow, size: tuple[int, int]) -> None:
    drawn = moving(network)(torch.rand(1, 4, 3, *size), [0.3])
    assert drawn.shape == (1, 1, 3, *size)
    assert torch.isfinite(drawn).all()


def test_positions_do_not_depend_on_each_other(network: FourFlow) -> None:
    window = torch.rand(1, 4, 3, 64, 64)
    together = moving(network)(window, [0.25, 0.5])
    assert torch.allclose(together[:, 1], network(window, [0.5])[:, 0], atol=1e-5)


def test_samples_of_a_batch_do_not_mix(network: FourFlow) -> None:
    windows = torch.rand(3, 4, 3, 64, 64)
    windows[1, 0] = windows[1, 1]
    together = moving(network)(windows, [0.5])
    for index in range(3):
        assert torch.allclose(together[index], network(windows[index : index + 1], [0.5])[0], atol=1e-4)


def test_copied_outer_frames_are_seen_as_such(network: FourFlow) -> None:
    window = torch.rand(1, 4, 3, 64, 64)
    window[:, 0] = window[:, 1]
    assert network.encode(window, 2).valid.flatten().tolist() == [0.0, 1.0]


def test_bfloat16_is_close_to_float32(network: FourFlow) -> None:
    window = torch.rand(1, 4, 3, 64, 64)
    exact = moving(network)(window, [0.5])
    rough = network.to(torch.bfloat16)(window, [0.5])
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().mean() < 0.02


def test_widths_are_read_off_the_file(network: FourFlow) -> None:
    read = from_state_dict({f"module.{name}": value for name, value in network.state_dict().items()})
    assert isinstance(read, FourFlow)
    assert read.widths == SMALL
    window = torch.rand(1, 4, 3, 32, 32)
    assert torch.allclose(read(window, [0.5]), network(window, [0.5]), atol=1e-6)


def test_incomplete_file_is_named(network: FourFlow) -> None:
    state = network.state_dict()
    del state["split_half.inlet.0.weight"]
    with pytest.raises(ModelError, match="split_half"):
        from_state_dict(state)


def test_warp_shifts() -> None:
    picture = torch.arange(48.0).reshape(1, 1, 6, 8)
    shifted = warp(picture, torch.tensor([2.0, 1.0]).reshape(1, 2, 1, 1).expand(1, 2, 6, 8))
    assert torch.allclose(shifted[..., :5, :6], picture[..., 1:, 2:], atol=1e-4)
    assert torch.allclose(shifted[0, 0, -1], picture[0, 0, -1, [2, 3, 4, 5, 6, 7, 7, 7]], atol=1e-4)


def test_correlation_peaks_at_the_displacement() -> None:
    torch.manual_seed(0)
    first = torch.randn(1, 16, 12, 12)
    second = first.roll((1, -2), dims=(2, 3))
    cost = correlate(first, second, 2)[0, :, 4:8, 4:8]
    assert (cost.argmax(dim=0) == (1 + 2) * 5 + (-2 + 2)).all()


def test_pictures_are_averaged_where_they_agree_and_else_the_first_stays() -> None:
    first = torch.full((1, 2, 3, 40, 40), 0.5)
    other = first + 0.002
    other[..., 20:] = 1.0
    mixed = agreed(first, other)
    assert torch.allclose(mixed[..., :10], first[..., :10] + SHARE * 0.002, atol=1e-4)
    assert torch.allclose(mixed[..., 30:], first[..., 30:], atol=1e-5)
    assert torch.equal(agreed(first, first), first)
    assert agreed(first.half(), other).dtype == torch.float16


def test_a_partner_draws_the_same_moments() -> None:
    alone, together = load("fourflow"), load("fourflow+motion")
    assert together.state_dict().keys() == alone.state_dict().keys()
    ys, xs = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    frames = [
        (0.5 + 0.4 * torch.sin((xs - 3 * t) / 5) * torch.cos(ys / 7)).expand(3, -1, -1) for t in range(4)
    ]
    window, places = torch.stack(frames)[None], [0.25, 0.5]
    classical = load("motion")(window, places)
    assert torch.allclose(together(window, places), agreed(alone(window, places), classical), atol=1e-6)
    assert together.uses_opencv_threads
    assert not alone.uses_opencv_threads


def test_with_a_partner_it_can_be_brought_to_another_format() -> None:
    together = load("fourflow+motion")
    window = torch.rand(1, 4, 3, 32, 48)
    copied = copy.deepcopy(together).to(torch.bfloat16)
    assert copied(window, [0.5]).shape == (1, 1, 3, 32, 48)
    assert together.dtype == torch.float32
