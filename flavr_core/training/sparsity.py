"""Weights thinned out by training, and how many of them are left in each layer.

The optimiser follows Chen, Ding, Yu, Ji, Zhu, Yao, Tu: "Orthant Based Proximal Stochastic Gradient Method for
l1-Regularized Optimization", ECML 2020, written from the paper; CDFI compresses networks with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class ObproxSg(torch.optim.Optimizer):
    """Minimises loss + strength * sum of absolute weights, and makes weights exactly zero.

    Proximal steps shrink every weight towards zero; once `orthant` is set, zeros stay and a weight that would
    change its sign becomes zero. Parameters of one axis (biases) are not thinned out.
    """

    def __init__(self, parameters: Iterable[Tensor], *, lr: float, strength: float) -> None:
        super().__init__(parameters, {"lr": lr, "strength": strength})
        self.orthant = False

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step along the gradients; a closure is not asked."""
        for group in self.param_groups:
            rate, strength = group["lr"], group["strength"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if parameter.ndim < 2:
                    parameter.sub_(parameter.grad, alpha=rate)
                elif self.orthant:
                    _orthant_step(parameter, rate, strength)
                else:
                    moved = parameter - rate * parameter.grad
                    parameter.copy_(nn.functional.softshrink(moved, rate * strength))


def _orthant_step(parameter: Tensor, rate: float, strength: float) -> None:
    """On the face of the orthant a weight lies in; what would leave it is projected to zero."""
    assert parameter.grad is not None
    side = parameter.sign()
    moved = parameter - rate * (parameter.grad + strength * side)
    parameter.copy_(torch.where(moved * side > 0, moved, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDensity:
    """How much of one layer is left."""

    name: str
    """Name of its weights."""
    weights: int
    """How many there are."""
    kept: int
    """Of these, not zero."""

    @property
    def density(self) -> float:
        """Share that is left."""
        return self.kept / self.weights


def measure_densities(network: nn.Module) -> tuple[LayerDensity, ...]:
    """Of all layers with weights of two axes and more, in the network's order."""
    return tuple(
        LayerDensity(name=name, weights=value.numel(), kept=int(torch.count_nonzero(value)))
        for name, value in network.named_parameters()
        if value.ndim >= 2
    )


def density_report(densities: Iterable[LayerDensity]) -> str:
    """A table: layer, weights, how many are left, and all of them below."""
    layers = list(densities)
    total = LayerDensity(
        name="all", weights=sum(layer.weights for layer in layers), kept=sum(layer.kept for layer in layers)
    )
    width = max(len(layer.name) for layer in (*layers, total))
    lines = [f"{'layer':<{width}} {'weights':>11} {'kept':>11} density"]
    lines += [
        f"{layer.name:<{width}} {layer.weights:>11,} {layer.kept:>11,} {layer.density:7.3f}"
        for layer in (*layers, total)
    ]
    return "\n".join(lines)
