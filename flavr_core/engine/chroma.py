"""Chroma planes to full size and back, so that the way there and back changes nothing.

Going up is linear interpolation at the true place of every sample. Going down is the shortest-norm
left inverse of that within three chroma samples on either side: whatever came from chroma planes
returns to the very same chroma planes, at the borders and at odd sizes too, so a picture that nobody
changed keeps its colour exactly; and among all filters with that property it is the one that lets
the least of everything else through, which makes it a good guard against aliasing (halved, at 3/4 of the
full-size Nyquist frequency 0.19 passes where samples coincide and 0.004 where they are centred; the
common box filter lets 0.38 through).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flavr_core.color import Siting

_REACH = 3
"""Chroma samples on either side that the downward filter may use."""
_BORDER = 2 * _REACH + 2
"""Chroma samples at each end whose filters differ from those of the inside."""

_PLACES = {
    Siting.LEFT: (0.0, 0.5),
    Siting.CENTER: (0.5, 0.5),
    Siting.TOPLEFT: (0.0, 0.0),
    Siting.TOP: (0.5, 0.0),
    Siting.BOTTOMLEFT: (0.0, 1.0),
    Siting.BOTTOM: (0.5, 1.0),
}


def siting_places(siting: Siting) -> tuple[float, float]:
    """Where a chroma sample lies, across and down: 0 on the first luma sample it covers, 1 on the last.

    Raises:
        KeyError: for an unspecified siting; `ColorSpec.resolved` decides those.
    """
    return _PLACES[siting]


def _upward_matrix(size: int, ratio: int, place: float) -> NDArray[np.float64]:
    """Linear interpolation as a matrix (size, chroma samples), the ends repeated beyond the border."""
    count = -(-size // ratio)
    at = np.clip((np.arange(size) - place * (ratio - 1)) / ratio, 0, count - 1)
    low = np.minimum(np.floor(at).astype(int), max(count - 2, 0))
    matrix = np.zeros((size, count))
    rows = np.arange(size)
    matrix[rows, low] = 1 - (at - low)
    if count > 1:
        matrix[rows, low + 1] = at - low
    return matrix


def _support(ratio: int, place: float) -> tuple[int, int]:
    """First and last full-size sample, relative to ratio * k, that chroma sample k is made from."""
    centre = place * (ratio - 1)
    return int(np.ceil(centre - _REACH * ratio)), int(np.floor(centre + _REACH * ratio))


@lru_cache(maxsize=64)
def downward_taps(size: int, ratio: int, place: float) -> tuple[NDArray[np.float64], int]:
    """Weights (taps, chroma samples) and the offset of the first tap from ratio * k.

    Weights of samples outside the picture are zero.
    """
    count = -(-size // ratio)
    first, last = _support(ratio, place)
    solved = min(count, 2 * _BORDER + 1)
    short = size - ratio * (count - solved)
    upward = _upward_matrix(short, ratio, place)
    taps = np.zeros((last - first + 1, solved))
    for k in range(solved):
        low, high = max(ratio * k + first, 0), min(ratio * k + last, short - 1)
        wanted = np.zeros(solved)
        wanted[k] = 1
        weights = np.linalg.lstsq(upward[low : high + 1].T, wanted, rcond=None)[0]
        start = low - (ratio * k + first)
        taps[start : start + len(weights), k] = weights
    if count > solved:
        inside = np.repeat(taps[:, _BORDER : _BORDER + 1], count - 2 * _BORDER, axis=1)
        taps = np.concatenate([taps[:, :_BORDER], inside, taps[:, -_BORDER:]], axis=1)
    return taps, first


@dataclass(frozen=True, slots=True, kw_only=True)
class ChromaAxis:
    """Resampling along one axis of a picture.

    Convention: tensors of any leading shape, float32, in any unit; resampled along `axis` (-1 across,
    -2 down); on one device.
    """

    size: int
    """Samples of the full-size picture along this axis."""
    ratio: int
    """Full-size samples for each chroma sample: 1, 2 or 4."""
    place: float
    """Where a chroma sample lies among those it covers: 0 the first, 1 the last."""
    axis: int
    """-1 across, -2 down."""
    taps: Tensor
    """Weights of the way down, (taps, chroma samples) with a trailing axis of 1 where axis is -2."""
    first: int
    """Offset of the first tap."""

    def up(self, chroma: Tensor) -> Tensor:
        """From chroma samples to full size."""
        if self.ratio == 1:
            return chroma
        count = chroma.shape[self.axis]
        padded = torch.cat(
            [
                chroma.narrow(self.axis, 0, 1),
                chroma,
                chroma.narrow(self.axis, count - 1, 1),
            ],
            dim=self.axis,
        )
        phases = []
        for phase in range(self.ratio):
            at = (phase - self.place * (self.ratio - 1)) / self.ratio
            low = -1 if at < 0 else 0
            left = padded.narrow(self.axis, low + 1, count)
            if at == low:
                phases.append(left)
            else:
                phases.append(torch.lerp(left, padded.narrow(self.axis, low + 2, count), at - low))
        # Behind the axis, so that flattening the two sets the phases side by side.
        axis = chroma.dim() + self.axis
        return torch.stack(phases, dim=axis + 1).flatten(axis, axis + 1).narrow(self.axis, 0, self.size)

    def down(self, full: Tensor) -> Tensor:
        """From full size to chroma samples."""
        if self.ratio == 1:
            return full
        length, count = self.taps.shape[0], -(-self.size // self.ratio)
        after = self.ratio * (count - 1) + length + self.first - self.size
        pad = [-self.first, max(after, 0)]
        padded = functional.pad(full, pad if self.axis == -1 else [0, 0, *pad])
        result: Tensor | None = None
        for tap in range(length):
            stop = tap + self.ratio * (count - 1) + 1
            samples = (
                padded[..., tap : stop : self.ratio]
                if self.axis == -1
                else padded[..., tap : stop : self.ratio, :]
            )
            result = samples * self.taps[tap] if result is None else result.addcmul_(samples, self.taps[tap])
        assert result is not None
        return result


def chroma_axis(size: int, *, ratio: int, place: float, axis: int, device: torch.device) -> ChromaAxis:
    """The resampling along one axis, its weights on `device`."""
    if ratio == 1:
        taps, first = np.ones((1, 1)), 0
    else:
        taps, first = downward_taps(size, ratio, place)
    weights = torch.from_numpy(taps.astype(np.float32)).to(device)
    return ChromaAxis(
        size=size,
        ratio=ratio,
        place=place,
        axis=axis,
        taps=weights if axis == -1 else weights.unsqueeze(-1),
        first=first,
    )
