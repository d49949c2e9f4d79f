"""How much memory a network needs for a picture, known before it is drawn.

The network is run without contents: nothing is allocated, and the bytes that would be alive at once are
counted, without a table to keep up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from flavr_core.engine.ghosts import run_without_contents
from flavr_core.model.network import Network


class _LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors made while it is on that are alive at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak_bytes = 0
        self._alive: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = {storage._cdata for storage in _storages((args, kwargs))}
        for storage in _storages(result):
            # A view of what was there before, weights above all, takes nothing.
            if storage._cdata in self._alive or storage._cdata not in given:
                reference = StorageWeakRef(storage)
                self._alive[storage._cdata] = reference, storage.nbytes()
        self._alive = {key: entry for key, entry in self._alive.items() if not _is_gone(entry[0])}
        self.peak_bytes = max(self.peak_bytes, sum(nbytes for _, nbytes in self._alive.values()))
        return result


def _storages(values: Any) -> list[torch.UntypedStorage]:
    return [leaf.untyped_storage() for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


def _is_gone(reference: StorageWeakRef) -> bool:
    return bool(reference.expired())


@torch.inference_mode()
def activation_bytes(
    network: Network, *, batch: int, width: int, height: int, positions: Sequence[Fraction]
) -> int | None:
    """Bytes of all activations alive at once while one batch is drawn, its result included.

    Neither the weights nor the window count, nor what a library takes for its own work.

    Returns:
        None when the network cannot be run without contents (it looks at values, or is not made of
        torch operations).
    """
    counter = _LiveBytes()
    if not run_without_contents(
        network, counter, batch=batch, width=width, height=height, positions=positions
    ):
        return None
    return counter.peak_bytes


def weight_bytes(network: Network) -> int:
    """Bytes of the weights, those that are no parameters included."""
    kept = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in kept)
