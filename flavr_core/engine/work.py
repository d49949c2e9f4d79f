"""How much a network has to calculate, known before it draws: the same number on every machine.

The network is run without contents; its convolutions and matrix products are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from flavr_core.engine.ghosts import run_without_contents
from flavr_core.model.network import Network

TRIAL_PX = 256
"""Side of the picture that is counted with: larger ones take the same for each pixel."""


class _Counter(TorchDispatchMode):
    """Adds up the operations of what torch knows how to count."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)  # type: ignore[attr-defined]
        if count is not None:
            self.operations += count(*args, **(kwargs or {}), out_val=result)
        return result


@torch.no_grad()  # inference mode would hand convolutions on in a form that cannot be counted
def operations_per_pixel(
    network: Network, *, width: int, height: int, positions: Sequence[Fraction]
) -> float | None:
    """Multiplications and additions for each pixel of a gap in which all `positions` are drawn at once.

    Returns:
        None when the network cannot be run without contents, or nothing in it can be counted.
    """
    width, height = min(width, TRIAL_PX), min(height, TRIAL_PX)
    counter = _Counter()
    if not run_without_contents(network, counter, batch=1, width=width, height=height, positions=positions):
        return None
    return counter.operations / (width * height) or None
