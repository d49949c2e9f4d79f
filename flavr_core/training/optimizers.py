"""What turns gradients into steps: AdamW, or Muon for the inner filters and AdamW for the rest.

Muon (K. Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/) makes the singular values of each
filter's step alike. Rates are scaled as J. Liu et al. do ("Muon is scalable for LLM training", 2025), so that
a step is as long as AdamW's and takes the same `--lr`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from flavr_core.training.flat_parameters import FlatParameters

MUON_MIN_CHANNELS = 16
"""First and last filters, which have fewer channels on a side, are AdamW's."""
MUON_MOMENTUM = 0.95


class FlatOptimizer:
    """Steps on a flat vector of parameters. Its moments are flat as well, so that checkpoints are alike."""

    def __init__(self, flat: FlatParameters, *, weight_decay: float, muon: bool) -> None:
        assert flat.gradients is not None
        self._flat = flat
        self.first_moment = torch.zeros_like(flat.values)
        self.second_moment = torch.zeros_like(flat.values)
        self.rate = torch.zeros((), device=flat.values.device)
        self._steps = torch.zeros((), device=flat.values.device)
        rest = [(0, len(flat.values))]
        self._muon: torch.optim.Muon | None = None
        inner = [span for span in flat.spans if muon and _is_inner(span[2])]
        if inner:
            rest = [span[:2] for span in flat.spans if not _is_inner(span[2])]
            matrices = [self._part(start, stop, rows=shape[0]) for start, stop, shape in inner]
            self._muon = torch.optim.Muon(
                matrices, momentum=MUON_MOMENTUM, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
            )
            for matrix, (start, stop, _) in zip(matrices, inner, strict=True):
                momentum = self.first_moment[start:stop].view_as(matrix)
                self._muon.state[matrix]["momentum_buffer"] = momentum
        vectors = [self._part(start, stop) for start, stop in rest]
        self._adam = torch.optim.AdamW(
            vectors, lr=self.rate, betas=(0.9, 0.99), weight_decay=weight_decay, fused=True
        )
        for vector, (start, stop) in zip(vectors, rest, strict=True):
            self._adam.state[vector] = {
                "step": self._steps.clone(),
                "exp_avg": self.first_moment[start:stop],
                "exp_avg_sq": self.second_moment[start:stop],
            }

    def _part(self, start: int, stop: int, rows: int | None = None) -> nn.Parameter:
        """A stretch of the vector with its gradient; with `rows` as a matrix."""
        assert self._flat.gradients is not None
        values, gradients = self._flat.values[start:stop], self._flat.gradients[start:stop]
        if rows is not None:
            values, gradients = values.view(rows, -1), gradients.view(rows, -1)
        part = nn.Parameter(values)
        part.grad = gradients
        return part

    def step(self, rate: float) -> None:
        """One step of this rate along the gradients as they are."""
        self.rate.fill_(rate)
        self._adam.step()
        if self._muon is not None:
            self._muon.param_groups[0]["lr"] = rate
            self._muon.step()

    def state(self) -> dict[str, Any]:
        """What goes into a checkpoint."""
        steps = [state["step"] for state in self._adam.state.values()]
        return {
            "first_moment": self.first_moment,
            "second_moment": self.second_moment,
            "optimizer_step": steps[0],
        }

    def load(self, record: dict[str, Tensor]) -> None:
        """Go on from a checkpoint."""
        self.first_moment.copy_(record["first_moment"])
        self.second_moment.copy_(record["second_moment"])
        for state in self._adam.state.values():
            state["step"].copy_(record["optimizer_step"])


def _is_inner(shape: torch.Size) -> bool:
    """Whether these are filters between features."""
    return len(shape) >= 4 and min(shape[:2]) >= MUON_MIN_CHANNELS
