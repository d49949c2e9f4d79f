"""Who computes the convolutions of 3x3 of a fast FourFlow. Needs no Triton."""

from __future__ import annotations

from enum import StrEnum

import torch

_HOPPER = (9, 0)


class Filters(StrEnum):
    """Who computes convolutions of 3x3."""

    LIBRARY = "library"
    """The library, and a pass of ours what follows."""
    TAPS = "taps"
    """`fourflow_filter_triton` where that was found faster, with what follows."""
    ROWS = "rows"
    """`fourflow_rows_triton` where it can, else as `TAPS`."""


def filters_to_try(device: torch.device, dtype: torch.dtype) -> tuple[Filters, ...]:
    """The fastest first. Ours were measured on Hopper GPUs alone, for which those in rows are written."""
    if device.type != "cuda" or dtype.itemsize != 2 or torch.cuda.get_device_capability(device) != _HOPPER:
        return (Filters.LIBRARY,)
    return Filters.ROWS, Filters.TAPS, Filters.LIBRARY
