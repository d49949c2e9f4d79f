"""All parameters of a network as one vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FlatParameters:
    """All parameters of a network as views into one vector, and their gradients as views into another.

    Makes the optimiser, the average, the exchange between devices and checkpoints one operation each.
    """

    def __init__(self, network: nn.Module, *, gradients: bool) -> None:
        parameters = list(network.parameters())
        total = sum(parameter.numel() for parameter in parameters)
        self.values = torch.empty(total, device=parameters[0].device)
        self.gradients = torch.zeros_like(self.values) if gradients else None
        self.spans: list[tuple[int, int, torch.Size]] = []
        """(start, stop, shape) of each parameter; filters lie there with their channels last."""
        start = 0
        for parameter in parameters:
            stop = start + parameter.numel()
            self.spans.append((start, stop, parameter.shape))
            view = _shaped(self.values[start:stop], parameter.shape)
            view.copy_(parameter.data)
            parameter.data = view
            parameter.requires_grad_(gradients)
            if self.gradients is not None:
                parameter.grad = _shaped(self.gradients[start:stop], parameter.shape)
            start = stop


def _shaped(part: Tensor, shape: torch.Size) -> Tensor:
    """A stretch of the vector as a parameter; filters lie with their channels last."""
    if len(shape) < 4:
        return part.view(shape)
    outputs, inputs, *sides = shape
    return part.view(outputs, *sides, inputs).movedim(-1, 1)
