"""Losses by the authors' grammar: `1*L1`, `0.9*Charb+0.1*Census`; lower is better.

Convention of every measure: made and truth (N, 3, H, W) float32 RGB in [0, 1], made not clamped.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.errors import SettingsError
from flavr_core.training.losses import charbonnier, laplacian_l1

Measure = Callable[[Tensor, Tensor], Tensor]
"""How far pictures made are from the truth: a scalar."""

HUBER_DELTA = 0.5
"""Where Huber's loss becomes linear; the authors' value."""
CENSUS_SIDE = 7
"""Pixels a side of the census transform's patches."""
SSIM_SIDE, SSIM_SIGMA = 11, 1.5
"""Window of the structural similarity, as in the papers."""
VGG_LAYERS = {"VGG22": 8, "VGG33": 15, "VGG44": 24, "VGG54": 34}
"""{name: last layer of torchvision's VGG-19 that is looked at, before its rectifier}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One summand."""

    weight: float
    """What it is multiplied by."""
    name: str
    """As in the grammar."""
    measure: Measure
    """What is measured."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A weighted sum of measures."""

    terms: tuple[Term, ...]
    """Its summands, in the order of the text."""

    def __call__(self, made: Tensor, truth: Tensor) -> Tensor:
        """The loss; computed in float32 whatever is handed in."""
        made, truth = made.float(), truth.float()
        total = torch.zeros((), device=made.device)
        for term in self.terms:
            total = total + term.weight * term.measure(made, truth)
        return total


def parse_loss(text: str, device: torch.device) -> Criterion:
    """The criterion of a text like `1*L1+0.5*Census`; a name alone counts once.

    Raises:
        SettingsError: when a weight is no number above zero, a name is unknown, or what it needs is not
            installed.
    """
    return Criterion(tuple(_parse_term(part.strip(), device) for part in text.split("+")))


def _parse_term(text: str, device: torch.device) -> Term:
    weight_text, star, name = text.rpartition("*")
    try:
        weight = float(weight_text) if star else 1.0
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise SettingsError(
            f"'{text}' is not a loss: its weight is no number above zero.", "Write WEIGHT*NAME, as in 1*L1."
        )
    if name in PLAIN:
        return Term(weight=weight, name=name, measure=PLAIN[name])
    if name in VGG_LAYERS:
        return Term(weight=weight, name=name, measure=_vgg(VGG_LAYERS[name], device))
    if name == "LPIPS":
        return Term(weight=weight, name=name, measure=_lpips(device))
    known = ", ".join((*PLAIN, *VGG_LAYERS, "LPIPS"))
    raise SettingsError(f"There is no loss '{name}'.", f"Known are {known}; GAN losses are not supported.")


def _blurred(images: Tensor) -> Tensor:
    """Gaussian means of SSIM's window, without borders."""
    taps = _gaussian(images.device)
    channels = images.shape[1]
    across, down = (
        taps.reshape(shape).expand(channels, 1, -1, -1) for shape in ((1, 1, 1, -1), (1, 1, -1, 1))
    )
    return functional.conv2d(functional.conv2d(images, across, groups=channels), down, groups=channels)


@lru_cache(maxsize=8)
def _gaussian(device: torch.device) -> Tensor:
    places = torch.arange(SSIM_SIDE, dtype=torch.float32) - SSIM_SIDE // 2
    taps = torch.exp(-(places**2) / (2 * SSIM_SIGMA**2))
    return (taps / taps.sum()).to(device)


def ssim_loss(made: Tensor, truth: Tensor) -> Tensor:
    """One minus the mean structural similarity, each colour by itself."""
    if min(made.shape[-2:]) < SSIM_SIDE:
        raise SettingsError(
            f"SSIM needs pictures of at least {SSIM_SIDE} pixels a side.", "Use larger crops."
        )
    mean_made, mean_truth = _blurred(made), _blurred(truth)
    variance_made = _blurred(made * made) - mean_made**2
    variance_truth = _blurred(truth * truth) - mean_truth**2
    covariance = _blurred(made * truth) - mean_made * mean_truth
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_made * mean_truth + c1) / (mean_made**2 + mean_truth**2 + c1)
    structure = (2 * covariance + c2) / (variance_made + variance_truth + c2)
    return 1 - (luminance * structure).mean()


@lru_cache(maxsize=8)
def _grey_shares(device: torch.device) -> Tensor:
    """What each colour counts; kept, since nothing may be sent to a device while a step is recorded."""
    return torch.tensor([0.299, 0.587, 0.114]).to(device)[:, None, None]


def _ternary(images: Tensor) -> Tensor:
    """Soft signs of each neighbour's difference from its pixel: (N, 49, H, W), of grey in 8-bit steps."""
    grey = (images * _grey_shares(images.device)).sum(1, keepdim=True) * 255
    patches = functional.unfold(grey, CENSUS_SIDE, padding=CENSUS_SIDE // 2)
    difference: Tensor = patches.unflatten(2, tuple(images.shape[-2:])) - grey
    return difference / torch.sqrt(0.81 + difference**2)


def census_loss(made: Tensor, truth: Tensor) -> Tensor:
    """Soft Hamming distance of ternary census transforms: structure, whatever the brightness.

    Pixels whose patch leaves the picture are not counted.
    """
    square = (_ternary(made) - _ternary(truth)) ** 2
    distance = (square / (0.1 + square)).mean(dim=1)
    rim = CENSUS_SIDE // 2
    return torch.mean(distance[:, rim:-rim, rim:-rim])


PLAIN: dict[str, Measure] = {
    "L1": functional.l1_loss,
    "MSE": functional.mse_loss,
    "Huber": partial(functional.huber_loss, delta=HUBER_DELTA),
    "Charb": charbonnier,
    "Laplacian": laplacian_l1,
    "Census": census_loss,
    "SSIM": ssim_loss,
}
"""Measures that need nothing installed."""


def _vgg(last: int, device: torch.device) -> Measure:
    try:
        models = importlib.import_module("torchvision.models")
    except ImportError as error:
        raise SettingsError(
            "The VGG losses need torchvision, which is not installed.",
            "Install it, or use L1, Census or SSIM.",
        ) from error
    features = models.vgg19(weights=models.VGG19_Weights.DEFAULT).features[: last - 1]
    features = features.to(device).eval().requires_grad_(False)
    mean = torch.tensor([0.485, 0.456, 0.406], device=device)[:, None, None]
    spread = torch.tensor([0.229, 0.224, 0.225], device=device)[:, None, None]

    def measure(made: Tensor, truth: Tensor) -> Tensor:
        seen = [features((images - mean) / spread) for images in (made, truth)]
        return functional.mse_loss(seen[0], seen[1])

    return measure


def _lpips(device: torch.device) -> Measure:
    try:
        lpips = importlib.import_module("lpips")
    except ImportError as error:
        raise SettingsError(
            "The LPIPS loss needs the package lpips, which is not installed.",
            "Install it with torchvision, or use L1, Census or SSIM.",
        ) from error
    network = lpips.LPIPS(net="vgg", verbose=False).to(device).eval().requires_grad_(False)

    def measure(made: Tensor, truth: Tensor) -> Tensor:
        distance: Tensor = network(2 * made - 1, 2 * truth - 1)  # its pictures lie in [-1, 1]
        return distance.mean()

    return measure
