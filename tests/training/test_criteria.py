"""Losses by name: each is nothing for equal pictures, falls towards the truth and has gradients."""

import pytest
import torch

from flavr_core.errors import SettingsError
from flavr_core.training.criteria import PLAIN, census_loss, parse_loss, ssim_loss
from flavr_core.training.losses import laplacian_l1

CPU = torch.device("cpu")


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    numbers = torch.Generator().manual_seed(1)
    truth = torch.nn.functional.interpolate(
        torch.rand(2, 3, 12, 12, generator=numbers), size=(64, 64), mode="bicubic"
    )
    return (truth + 0.2 * torch.rand(2, 3, 64, 64, generator=numbers)).clamp(0, 1), truth.clamp(0, 1)


@pytest.mark.parametrize("name", PLAIN)
def test_a_loss_falls_towards_the_truth(name: str, pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    made, truth = pair
    criterion = parse_loss(f"1*{name}", CPU)
    far, near, same = (criterion(truth + share * (made - truth), truth).item() for share in (1.0, 0.3, 0.0))
    assert far > near > same
    assert same == pytest.approx(0, abs=2e-3)


@pytest.mark.parametrize("name", PLAIN)
def test_following_the_gradient_lowers_the_loss(name: str, pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    made, truth = pair[0].clone().requires_grad_(), pair[1]
    criterion = parse_loss(name, CPU)
    before = criterion(made, truth)
    before.backward()
    assert made.grad is not None
    with torch.no_grad():
        stepped = made - 0.01 * made.grad / made.grad.abs().max()
    assert criterion(stepped, truth) < before


def test_weights_are_summed(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    made, truth = pair
    one, other = (parse_loss(text, CPU)(made, truth) for text in ("1*L1", "1*MSE"))
    both = parse_loss("2*L1 + 0.5*MSE", CPU)(made, truth)
    assert both.item() == pytest.approx(2 * one.item() + 0.5 * other.item(), rel=1e-6)


def test_known_values() -> None:
    zeros, halves = torch.zeros(1, 3, 64, 64), torch.full((1, 3, 64, 64), 0.5)
    values = {name: parse_loss(name, CPU)(halves, zeros).item() for name in ("L1", "MSE", "Huber")}
    assert values == pytest.approx({"L1": 0.5, "MSE": 0.25, "Huber": 0.125})
    assert parse_loss("Huber", CPU)(2 * halves, zeros).item() == pytest.approx(0.5 * (1 - 0.25))
    assert ssim_loss(halves, zeros).item() == pytest.approx(1 - 1e-4 / (0.25 + 1e-4), abs=1e-5)


def test_census_sees_structure_not_brightness(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    truth = 0.5 * pair[1]
    assert census_loss(truth + 0.3, truth) < 0.01 < census_loss(truth.roll(3, 3), truth)


@pytest.mark.parametrize("text", ["", "2*", "x*L1", "-1*L1", "nan*L1", "1*Unknown", "1*L1++1*MSE", "1*GAN"])
def test_what_is_no_loss_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_loss(text, CPU)
    assert raised.value.hint


@pytest.mark.parametrize(("name", "package"), [("VGG54", "torchvision"), ("LPIPS", "lpips")])
def test_losses_of_missing_packages_name_them(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("torchvision", "torchvision.models", "lpips"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(SettingsError, match=package):
        parse_loss(f"1*L1+0.1*{name}", CPU)


def test_fine_bands_can_weigh_more(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    made, truth = pair
    smooth = truth + 0.1
    heavy, plain = (laplacian_l1(smooth, truth, fine_weight=weight).item() for weight in (3.0, 1.0))
    assert heavy == pytest.approx(plain, rel=1e-3)
    assert laplacian_l1(made, truth, fine_weight=3.0) > 1.5 * laplacian_l1(made, truth)
