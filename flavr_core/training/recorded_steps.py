"""Steps recorded once as CUDA graphs and replayed: one launch instead of thousands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from flavr_core.training.batches import Batch

WARMUPS = 3
"""Steps on a stream aside before recording: libraries choose their ways and take their room."""

_log = logging.getLogger(__name__)

Step = Callable[[Batch], tuple[Tensor, Tensor]]
"""Loss and squared errors of a batch; gradients are left where they belong."""


@dataclass(slots=True)
class _Recording:
    graph: torch.cuda.CUDAGraph
    held: Batch
    loss: Tensor
    errors: Tensor


class RecordedSteps:
    """A step on a CUDA device, one recording for each size of batch; as it is where it cannot be recorded."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._recordings: dict[torch.Size, _Recording] = {}
        self.is_recorded = True
        """Whether steps are replayed; False once recording has failed."""

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Loss and squared errors of a batch."""
        shape = batch.window.shape
        if self.is_recorded and shape not in self._recordings:
            self._record(batch)
        if not self.is_recorded:
            return self._step(batch)
        recording = self._recordings[shape]
        for target, part in zip(recording.held.parts(), batch.parts(), strict=True):
            target.copy_(part)
        recording.graph.replay()
        return recording.loss, recording.errors

    def _record(self, batch: Batch) -> None:
        """Record the step on a batch of this size. No other thread may take room on the device meanwhile."""
        held = Batch(*(part.clone() for part in batch.parts()))
        current, side = torch.cuda.current_stream(), torch.cuda.Stream()
        side.wait_stream(current)
        with torch.cuda.stream(side):
            for _ in range(WARMUPS):
                self._step(held)
        current.wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        others = next(iter(self._recordings.values()), None)
        pool = None if others is None else others.graph.pool()  # only one of them runs at a time
        try:
            # Other threads (the exchange's watchdog) may talk to the device meanwhile.
            with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
                loss, errors = self._step(held)
        except RuntimeError as error:
            torch.cuda.set_stream(current)
            if isinstance(error, torch.OutOfMemoryError):
                raise
            if isinstance(error.__context__, torch.OutOfMemoryError):
                raise error.__context__ from error
            self.is_recorded = False
            _log.warning("Steps are not recorded: %s", str(error).strip().splitlines()[0])
            return
        self._recordings[held.window.shape] = _Recording(graph, held, loss, errors)
