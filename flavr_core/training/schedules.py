"""How the learning rate goes on: halved on plateaus, as the authors do, or along a cosine."""

from __future__ import annotations

import math
from typing import Any

import torch

from flavr_core.errors import SettingsError

SCHEDULES = ("plateau", "cosine", "constant")
"""Names of the schedules."""
PLATEAU_FACTOR, PLATEAU_PATIENCE = 0.5, 5
"""The authors' values: halved after the sixth epoch in a row without a lower loss."""


class Schedule:
    """Sets an optimiser's rate; a warm-up comes before each kind."""

    def __init__(
        self, kind: str, optimizer: torch.optim.Optimizer, *, base: float, steps: int, warmup: int
    ) -> None:
        self._kind, self._optimizer, self._base = kind, optimizer, base
        self._steps, self._warmup = steps, warmup
        self._factor, self._best, self._bad = 1.0, math.inf, 0

    def before_step(self, step: int) -> float:
        """Set and return the rate of a step, counted from 0."""
        factor = self._factor
        if self._kind == "cosine":
            done = max(0, step - self._warmup) / max(1, self._steps - self._warmup)
            factor = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        if step < self._warmup:
            factor *= (step + 1) / self._warmup
        for group in self._optimizer.param_groups:
            group["lr"] = self._base * factor
        return self._base * factor

    def after_validation(self, loss: float) -> None:
        """Take note of a held-out loss; only the plateau schedule heeds it."""
        if loss < self._best * (1 - 1e-4):
            self._best, self._bad = loss, 0
        else:
            self._bad += 1
        if self._kind == "plateau" and self._bad > PLATEAU_PATIENCE:
            self._factor, self._bad = self._factor * PLATEAU_FACTOR, 0

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"factor": self._factor, "best": self._best, "bad": self._bad}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a kept state."""
        self._factor, self._best, self._bad = state["factor"], state["best"], state["bad"]


def make_schedule(
    kind: str, optimizer: torch.optim.Optimizer, *, base: float, steps: int, warmup: int
) -> Schedule:
    """A schedule by name. Raises SettingsError for an unknown one."""
    if kind not in SCHEDULES:
        raise SettingsError(f"There is no schedule '{kind}'.", f"Known are {', '.join(SCHEDULES)}.")
    return Schedule(kind, optimizer, base=base, steps=steps, warmup=warmup)
