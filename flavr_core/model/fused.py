"""Whether the fused kernels are used: on CUDA, where Triton is there and their results were found right.

The kernels are optional. Each operator has a plain way by PyTorch's own operations, which is what
counts; before a kernel is first used on a device, all are compared with it there, once a process.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import torch
from torch import Tensor

SWITCH = "FLAVR_FUSED"
"""Environment variable: `0` keeps to the plain ways; anything else, or nothing, lets the check decide."""

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
"""Element types that the kernels take."""

_log = logging.getLogger(__name__)


_plainly: ContextVar[bool] = ContextVar("plainly", default=False)


@contextmanager
def plain_only() -> Iterator[None]:
    """No kernel is used inside, to compare with."""
    token = _plainly.set(True)
    try:
        yield
    finally:
        _plainly.reset(token)


def use_fused(*tensors: Tensor) -> bool:
    """Whether an operator on these tensors is to be computed by its fused kernel."""
    if _plainly.get():
        return False
    first = tensors[0]
    if first.device.type != "cuda" or any(tensor.dtype not in DTYPES for tensor in tensors):
        return False
    return _is_sound(first.device.index or 0)


def has_triton() -> bool:
    """Whether Triton is installed."""
    return importlib.util.find_spec("triton") is not None


def may_be_fused(device: torch.device) -> bool:
    """Whether kernels are to be tried on this device, with whatever check of their own."""
    return device.type == "cuda" and os.environ.get(SWITCH) != "0" and has_triton()


@lru_cache(maxsize=16)
def _is_sound(device: int) -> bool:
    """Whether the kernels give on this device what the plain ways give."""
    if not may_be_fused(torch.device("cuda", device)):
        return False
    try:
        from flavr_core.model.fused_check import find_faults

        # Under autocast, as in training, the plain ways would be rounded and the comparison fail.
        with torch.autocast("cuda", enabled=False):
            faults = find_faults(torch.device("cuda", device))
    except Exception as error:  # a compiler that is missing, or fails in any way, must not stop a job
        faults = [f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"]
    for fault in faults:
        _log.warning("Fused kernels are not used on cuda:%d: %s", device, fault)
    return not faults
