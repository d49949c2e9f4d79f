"""A network's passes recorded as CUDA graphs: one launch in place of a thousand.

A pass of a small network is over before the processor has told the GPU all that there is to do. Shapes of a
clip do not change, so the second pass of each kind is recorded, compared, and all later ones are replayed.
What cannot be recorded (a network that looks at values) is run as it is.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from flavr_core.model.network import Network

MOST_RECORDED = 4
"""Kinds of passes that are kept; the oldest is given up for a new one."""
MOST_ERROR = 1e-2
"""Largest difference between a replayed picture and the network's own, of a range of 1."""

_log = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()
"""Torch allows for one recording at a time in a process, whatever its device."""


@lru_cache(maxsize=64)
def _stream_of(device: torch.device) -> torch.cuda.Stream:
    """Where this device's passes are recorded: torch's own stream for that is the first device's for all."""
    return torch.cuda.Stream(device)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded computation. Its kernels read and write the tensors that they were recorded with."""

    graph: torch.cuda.CUDAGraph
    made: tuple[Tensor, ...]
    """What it computes, anew with each replay."""


def record(
    run: Callable[[], tuple[Tensor, ...]], *, device: torch.device, pool: Any, name: str
) -> Recording | None:
    """A computation on fixed tensors, recorded and compared; None where it cannot be.

    Args:
        run: computes what it returns, anew or each time in the same place; nothing that it only reads. Done
            once before, so that its kernels are built and chosen.
        device: a GPU.
        pool: of memory that recordings share which are never replayed at the same time.
        name: whose it is, for the log.
    """
    wanted = run()
    try:
        with _one_at_a_time, torch.cuda.device(device):
            torch.cuda.synchronize(device)
            torch.cuda.empty_cache()  # what the first pass left cannot be used by a recording
            graph = torch.cuda.CUDAGraph()
            # Other threads may talk to the device meanwhile.
            with torch.cuda.graph(
                graph, pool=pool, stream=_stream_of(device), capture_error_mode="thread_local"
            ):
                made = run()
    except (RuntimeError, MemoryError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        _log.info("%s is not recorded as a CUDA graph: %s", name, reason)
        return None
    # A recording that draws nothing must not pass, so results are spoilt before it is replayed. What is
    # written in place is made once more as it was: that memory would only be compared with itself.
    if any(one.data_ptr() == before.data_ptr() for one, before in zip(made, wanted, strict=True)):
        _spoil(made)
        wanted = tuple(one.clone() for one in run())
    _spoil(made)
    graph.replay()
    if all(
        torch.allclose(a, b, rtol=0, atol=MOST_ERROR, equal_nan=True)
        for a, b in zip(made, wanted, strict=True)
    ):
        return Recording(graph, made)
    _log.warning("%s draws something else as a CUDA graph; it is not used.", name)
    return None


def _spoil(tensors: tuple[Tensor, ...]) -> None:
    for tensor in tensors:
        tensor.fill_(math.nan)


class RecordedNetwork:
    """Draws as its network does, with one launch a pass on CUDA from the third pass of a kind on.

    A kind is a shape of windows, an element type, positions and a height of strips. Weights may not be
    replaced in between (`forget`); that they are changed in place is seen. For drawing alone, one thread at a
    time. Memory that recorded passes need is kept for them.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._recorded: dict[Hashable, tuple[Recording, Tensor] | None] = {}
        self._begun: set[Hashable] = set()
        # One for all: only one is replayed at a time, and results are copied at once.
        self._pool: Any = None

    def __call__(self, window: Tensor, positions: tuple[Fraction, ...], *, lent: bool = False) -> Tensor:
        """See `Network`; the result is the caller's own, or `lent`: the next pass may overwrite it."""
        network = self.network
        kind = (tuple(window.shape), window.dtype, positions, network.strip_rows)
        kept = None
        if network.device.type == "cuda" and kind in self._begun:
            if kind not in self._recorded:
                while len(self._recorded) >= MOST_RECORDED:
                    self._recorded.pop(next(iter(self._recorded)))
                self._recorded[kind] = self._record(window, positions)
            kept = self._recorded[kind]
        if kept is None:
            self._begun.add(kind)  # kernels are compiled and chosen in the first pass
            drawn: Tensor = network(window, positions)
            return drawn
        recording, held = kept
        held.copy_(window)
        recording.graph.replay()
        return recording.made[0] if lent else recording.made[0].clone()

    def forget(self) -> None:
        """Give up all recordings and their memory."""
        self._recorded.clear()
        self._begun.clear()
        self._pool = None

    def _record(self, window: Tensor, positions: tuple[Fraction, ...]) -> tuple[Recording, Tensor] | None:
        """A recording that was found right with the window it reads, or None if it cannot be recorded."""
        if self._pool is None:
            self._pool = torch.cuda.graph_pool_handle()
        held = window.clone()
        recording = record(
            lambda: (self.network(held, positions),), device=window.device, pool=self._pool,
            name=self.network.name,
        )  # fmt: skip
        return None if recording is None else (recording, held)
