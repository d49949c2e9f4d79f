"""A network run for the sake of what is seen of its operations, not of its pictures.

On torch's `meta` device tensors have shapes and no contents: nothing is computed, which holds for every
network made of torch operations, at any size and way of drawing (strips). On a CPU a small picture that is
really drawn often tells as much, and sooner: torch takes two seconds at a start to load what `meta` needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from flavr_core.model.network import Network


class Watcher(TorchDispatchMode):
    """Sees every operation of torch while it is on.

    Attributes:
        saw_foreign: whether there were operations that are not torch's own, of which nothing is known.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.saw_foreign = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: torch would load its whole compiler, two seconds at a start, to hide this class from it."""
        return False

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.saw_foreign |= func.namespace != "aten"  # type: ignore[attr-defined]
        self.see(func, args, kwargs or {}, result)
        return result

    def see(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """Take note of an operation that was done."""
        raise NotImplementedError


def run_small(
    network: Network, watcher: Watcher, *, width: int, height: int, positions: Sequence[Fraction]
) -> bool:
    """Really draw one window of black on a CPU while `watcher` sees every operation.

    Returns:
        False on another device, and where operations are not all known: `run_without_contents` then.
    """
    if network.device.type != "cpu":
        return False
    try:
        with watcher:
            network(torch.zeros((1, network.num_inputs, 3, height, width)), tuple(positions))
    except NotImplementedError:  # tensors of a library, which cannot be looked into
        return False
    return not watcher.saw_foreign


def run_without_contents(
    network: Network,
    watcher: Watcher,
    *,
    batch: int,
    width: int,
    height: int,
    positions: Sequence[Fraction],
) -> bool:
    """Draw one batch while `watcher` sees every operation.

    Returns:
        False when the network cannot be run so: it looks at values, or is not made of torch operations.
    """
    ghosts = {
        name: tensor.to("meta") for name, tensor in [*network.named_parameters(), *network.named_buffers()]
    }
    window = torch.empty((batch, network.num_inputs, 3, height, width), device="meta")
    try:
        with watcher:
            functional_call(network, ghosts, (window, positions))
    except (RuntimeError, NotImplementedError, TypeError, ValueError):
        return False
    return True
