"""What every FLAVR pools over the whole picture, and how pieces of a picture are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from flavr_core.model.flavr_stages import Gate
from flavr_core.model.network import Network


def wide(x: Tensor) -> torch.dtype:
    """The element type for means and sums of x: at least float32."""
    return torch.promote_types(x.dtype, torch.float32)


class PoolingFlavr(Network):
    """A FLAVR of any kind: it takes the mean of the window off, and its gates pool over the picture."""

    architecture = "flavr"
    size_multiple = 8
    halo_px = 112
    supports_strips = True

    def __init__(self) -> None:
        super().__init__()
        self._held_mean: Tensor | None = None

    def window_mean(self, window: Tensor) -> Tensor:
        """The mean of each colour over frames and pixels, (N, 1, 3, 1, 1); or the one held."""
        if self._held_mean is not None:
            return self._held_mean
        return window.mean((1, 3, 4), keepdim=True, dtype=wide(window))

    @contextmanager
    def whole_frame_statistics(self, window: Tensor, pieces: Sequence[tuple[slice, slice]]) -> Iterator[None]:
        """While entered, pieces of `window` are drawn with the mean and the gates of all of it.

        The mean is exact. The gates' own means depend on the gates before them, so each is gathered
        from all pieces, drawn once with the gates of that piece alone, and weighted by area: what the pieces
        differ by cancels to first order.

        Convention: window as for the network; pieces are (rows, columns) that together cover it.
        """
        assert self.positions is not None
        gates = [module for module in self.modules() if isinstance(module, Gate)]
        areas = [(rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in pieces]
        try:
            self._held_mean = self.window_mean(window)
            for gate in gates:
                gate.gathered = []
            for rows, columns in pieces:
                self(window[..., rows, columns], self.positions[:1])
            for gate in gates:
                assert gate.gathered is not None
                weighted = [mean.float() * area for mean, area in zip(gate.gathered, areas, strict=True)]
                gate.held = (torch.stack(weighted).sum(0) / sum(areas)).to(self.dtype)
                gate.gathered = None
            yield
        finally:
            self._held_mean = None
            for gate in gates:
                gate.gathered = gate.held = None
