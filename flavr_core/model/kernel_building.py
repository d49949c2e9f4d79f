"""Kernels are built when they are first met, one after the other; here several at a time before that.

Imported only where Triton is installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from typing import Any

import triton

_MOST_AT_ONCE = 16
"""Kernels that are built at a time at most."""

_is_building: ContextVar[bool] = ContextVar("is_building", default=False)


def on(kernel: Any, grid: tuple[int, ...]) -> Callable[..., Any]:
    """How a kernel is launched on a grid, to be called with its arguments; see `only_building`."""
    launch: Callable[..., Any] = partial(kernel.warmup, grid=grid) if _is_building.get() else kernel[grid]
    return launch


@contextmanager
def only_building() -> Iterator[None]:
    """Kernels that are launched inside by `on` are built and not run: nothing is written by them."""
    token = _is_building.set(True)
    try:
        with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_AT_ONCE), "flavr-build") as pool:
            has_mode = hasattr(triton, "AsyncCompileMode")
            with triton.AsyncCompileMode(pool) if has_mode else nullcontext():
                yield
    finally:
        _is_building.reset(token)
