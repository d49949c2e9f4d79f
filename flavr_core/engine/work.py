"""How much a network has to calculate, known before it draws: the same number on every machine.

The network is run on a small picture, without contents where it must be; its convolutions and matrix products
are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch.utils.flop_counter import flop_registry

from flavr_core.engine.ghosts import Watcher, run_small, run_without_contents
from flavr_core.model.network import Network

TRIAL_PX = 256
"""Side of the picture that is counted with: larger ones take the same for each pixel."""


class _Counter(Watcher):
    """Adds up the operations of what torch knows how to count."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def see(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """See `Watcher`."""
        count = flop_registry.get(func._overloadpacket)  # type: ignore[attr-defined]
        if count is not None:
            self.operations += count(*args, **kwargs, out_val=result)


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
    if not run_small(network, counter, width=width, height=height, positions=positions):
        counter = _Counter()
        if not run_without_contents(
            network, counter, batch=1, width=width, height=height, positions=positions
        ):
            return None
    return counter.operations / (width * height) or None
