"""How much memory a network needs for a picture, known before it is drawn.

The network is run without contents: nothing is allocated, and the bytes that would be alive at once are
counted, without a table to keep up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._pytree import tree_leaves

from flavr_core.engine.ghosts import Watcher, run_small, run_without_contents
from flavr_core.model.network import Network


class CountBytes(Protocol):
    """Counts the bytes of all activations alive at once while one batch is drawn; None where it cannot."""

    def __call__(
        self, network: Network, *, batch: int, width: int, height: int, positions: Sequence[Fraction]
    ) -> int | None:
        """See `activation_bytes`."""


class _LiveBytes(Watcher):
    """Counts the bytes of all tensors made while it is on that are alive at once."""

    def __init__(self) -> None:
        super().__init__()
        self.peak_bytes = 0
        self._alive: dict[int, tuple[StorageWeakRef, int]] = {}

    def see(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """See `Watcher`."""
        given = {storage._cdata for storage in _storages((args, kwargs))}
        for storage in _storages(result):
            # A view of what was there before, weights above all, takes nothing.
            if storage._cdata in self._alive or storage._cdata not in given:
                reference = StorageWeakRef(storage)
                self._alive[storage._cdata] = reference, storage.nbytes()
        self._alive = {key: entry for key, entry in self._alive.items() if not _is_gone(entry[0])}
        self.peak_bytes = max(self.peak_bytes, sum(nbytes for _, nbytes in self._alive.values()))


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


_SAMPLE_PX = 128
"""Side of the picture that is drawn for `sampled_activation_bytes`."""


@torch.inference_mode()
def sampled_activation_bytes(
    network: Network, *, batch: int, width: int, height: int, positions: Sequence[Fraction]
) -> int | None:
    """`activation_bytes` from above: those of a small picture that is really drawn, by area and doubled.

    Returns:
        None where nothing can be seen so, as on a GPU.
    """
    counter = _LiveBytes()
    if not run_small(network, counter, width=_SAMPLE_PX, height=_SAMPLE_PX, positions=positions):
        return None
    samples = -(-width // _SAMPLE_PX) * -(-height // _SAMPLE_PX) * batch
    return 2 * counter.peak_bytes * samples


def weight_bytes(network: Network) -> int:
    """Bytes of the weights, those that are no parameters included."""
    kept = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in kept)
