"""How each kind of network draws the samples of a batch, and what is minimised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.errors import SettingsError
from flavr_core.model.fourflow import FourFlow
from flavr_core.model.network import Network
from flavr_core.model.uprnet import UprNet
from flavr_core.training.batches import Batch
from flavr_core.training.criteria import Criterion, parse_loss
from flavr_core.training.flavr_together import can_be_together, draw_together
from flavr_core.training.losses import charbonnier, guide_loss, total_loss

LOSSES = {
    "flavr": "1*Laplacian+0.2*Charb",
    "uprnet": "1*Charb+1*Census",
    "adacof": "1*Charb+0.2*Census",
    "cdfi": "1*Charb+0.2*Census",
}
"""{architecture: what is minimised where nothing else is asked for}."""
LEVEL_WEIGHT = 0.3
"""Of the pictures that UPR-Net makes at coarser levels."""
GUIDE_WEIGHT = 0.2
"""Of what its flow misses at each level."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a batch.

    Convention: images (N, P, 3, H, W) float32, P as in the batch; loss a scalar; errors (N,), the mean
    squared error of each sample's known pictures, clamped to [0, 1].
    """

    images: Tensor
    loss: Tensor
    errors: Tensor


def half_products(device: torch.device) -> torch.autocast:
    """Products in bfloat16 on CUDA; nothing else on other devices."""
    # Weights are not kept in bfloat16 between uses: they would be those of the step that was recorded.
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda", cache_enabled=False)


class Lesson(ABC):
    """One way to be taught."""

    grid: tuple[Fraction, ...] = ()
    """Positions at which every sample is made; none: one position a sample, any."""
    has_flow: bool = False
    """Whether the flow of rendered samples is learnt from."""

    @abstractmethod
    def __call__(self, batch: Batch) -> Outcome:
        """Draw the batch with gradients."""


class FourFlowLesson(Lesson):
    """The default network: its picture, its motion stage by stage, and flow where it is known."""

    has_flow = True

    def __init__(self, network: FourFlow) -> None:
        self._network = network

    def __call__(self, batch: Batch) -> Outcome:
        """See `Lesson`."""
        with half_products(batch.window.device):
            encoded = self._network.encode(batch.window, levels=2)
            prediction = self._network.predict(encoded, batch.t)
        loss, errors = total_loss(prediction, batch)
        return Outcome(prediction.image[:, None], loss, errors)


class UprLesson(Lesson):
    """UPR-Net: its picture and its flow at every level. By the last picture alone, as in its paper, it
    takes far longer to move anything."""

    has_flow = True

    def __init__(self, network: UprNet, criterion: Criterion) -> None:
        self._network, self._criterion = network, criterion

    def __call__(self, batch: Batch) -> Outcome:
        """See `Lesson`."""
        with half_products(batch.window.device):
            levels = list(self._network.draw_levels(batch.window[:, 1:3], batch.t))
        height, width = batch.truth.shape[-2:]
        image = levels[-1][1][:, :, :height, :width].float()
        loss = self._criterion(image, batch.truth)
        for number, (level, picture) in enumerate(reversed(levels)):
            factor = 2**number
            loss = loss + GUIDE_WEIGHT * guide_loss(level.flow.float(), batch, factor)
            if number:
                small = functional.avg_pool2d(batch.truth, factor)
                made = picture[:, :, : small.shape[2], : small.shape[3]].float()
                loss = loss + LEVEL_WEIGHT * charbonnier(made, small)
        error = ((image.detach().clamp(0, 1) - batch.truth) ** 2).mean(dim=(1, 2, 3))
        return Outcome(image[:, None], loss, error)


class PictureLesson(Lesson):
    """Any other network: its pictures alone, at all its positions at once."""

    def __init__(self, network: Network, criterion: Criterion) -> None:
        self._network, self._criterion = network, criterion
        self.grid = network.trial_positions

    def __call__(self, batch: Batch) -> Outcome:
        """See `Lesson`. Where no truth is known, nothing is missed."""
        seen = batch.window if self._network.num_inputs == 4 else batch.window[:, 1:3]
        with half_products(seen.device):
            made = self._drawn(seen)
        made = made.float()
        is_known = batch.known[..., None, None, None] > 0
        judged = torch.where(is_known, made, batch.truths)
        share = batch.known.mean()
        loss = self._criterion(judged.flatten(0, 1), batch.truths.flatten(0, 1)) / share
        error = ((judged.detach().clamp(0, 1) - batch.truths) ** 2).mean(dim=(2, 3, 4))  # (N, P)
        return Outcome(made, loss, error.sum(dim=1) / batch.known.sum(dim=1).clamp(min=1))

    def _drawn(self, seen: Tensor) -> Tensor:
        network = self._network
        fits = not any(side % network.size_multiple for side in seen.shape[-2:])
        if (
            seen.is_cuda and fits and can_be_together(network)
        ):  # small pictures on a CPU: the weights would count
            return draw_together(network, seen)
        drawn: Tensor = network(seen, self.grid)
        return drawn


def lesson_for(network: Network, loss: str | None, device: torch.device) -> Lesson:
    """How a network is taught.

    Raises:
        SettingsError: when legs cannot train it, or not with this loss.
    """
    if isinstance(network, FourFlow):
        if loss is not None:
            raise SettingsError("The default network has a loss of its own.", "Leave --loss away.")
        return FourFlowLesson(network)
    is_drawn = network.positions is not None or isinstance(network, UprNet)
    if not network.num_parameters or network.num_inputs not in (2, 4) or not is_drawn:
        raise SettingsError(
            f"{network.name or network.architecture} cannot be trained in legs.", "Name another --model."
        )
    criterion = parse_loss(loss or LOSSES.get(network.architecture, "1*L1"), device)
    if isinstance(network, UprNet):
        return UprLesson(network, criterion)
    return PictureLesson(network, criterion)
