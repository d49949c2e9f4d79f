"""A network's passes recorded as CUDA graphs: one launch in place of a thousand.

A pass of a small network is over before the processor has told the GPU all that there is to do. Shapes of a
clip do not change, so the second pass of each kind is recorded, compared, and all later ones are replayed.
What cannot be recorded (a network that looks at values) is run as it is.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from flavr_core.model.network import Network

MOST_RECORDED = 4
"""Kinds of passes that are kept; the oldest is given up for a new one."""
MOST_ERROR = 1e-2
"""Largest difference between a replayed picture and the network's own, of a range of 1."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Recording:
    """One kind of pass. The recorded kernels read `window` and write `drawn`, wherever these lie."""

    graph: torch.cuda.CUDAGraph
    window: Tensor
    drawn: Tensor


class RecordedNetwork:
    """Draws as its network does, with one launch a pass on CUDA from the third pass of a kind on.

    A kind is a shape of windows, an element type, positions and a height of strips. Weights may not be
    replaced in between (`forget`); that they are changed in place is seen. For drawing alone, one thread at a
    time. Memory that recorded passes need is kept for them.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._recorded: dict[Hashable, _Recording | None] = {}
        self._begun: set[Hashable] = set()
        # One for all: only one is replayed at a time, and results are copied at once.
        self._pool: Any = None

    def __call__(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`; the result is the caller's own."""
        network = self.network
        kind = (tuple(window.shape), window.dtype, positions, network.strip_rows)
        recording = None
        if network.device.type == "cuda" and kind in self._begun:
            if kind not in self._recorded:
                while len(self._recorded) >= MOST_RECORDED:
                    self._recorded.pop(next(iter(self._recorded)))
                self._recorded[kind] = self._record(window, positions)
            recording = self._recorded[kind]
        if recording is None:
            self._begun.add(kind)  # kernels are compiled and chosen in the first pass
            drawn: Tensor = network(window, positions)
            return drawn
        recording.window.copy_(window)
        recording.graph.replay()
        return recording.drawn.clone()

    def forget(self) -> None:
        """Give up all recordings and their memory."""
        self._recorded.clear()
        self._begun.clear()
        self._pool = None

    def _record(self, window: Tensor, positions: tuple[Fraction, ...]) -> _Recording | None:
        """A recording that was found right, or None where the network cannot be recorded."""
        wanted: Tensor = self.network(window, positions)
        torch.cuda.synchronize(window.device)
        torch.cuda.empty_cache()  # what the first pass left cannot be used by a recording
        held, graph = window.clone(), torch.cuda.CUDAGraph()
        if self._pool is None:
            self._pool = torch.cuda.graph_pool_handle()
        try:
            # Other threads may talk to the device meanwhile.
            with (
                torch.cuda.device(window.device),
                torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"),
            ):
                drawn: Tensor = self.network(held, positions)
        except (RuntimeError, MemoryError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            _log.info("%s is not recorded as a CUDA graph: %s", self.network.name, reason)
            return None
        drawn.fill_(math.nan)  # a recording that draws nothing must not pass
        graph.replay()
        if not torch.allclose(drawn, wanted, rtol=0, atol=MOST_ERROR):
            _log.warning("%s draws something else as a CUDA graph; it is not used.", self.network.name)
            return None
        return _Recording(graph, held, drawn)
