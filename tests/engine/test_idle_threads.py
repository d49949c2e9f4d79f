"""Helpers of a thread that has computed end when it says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
import torch

from flavr_core.engine.idle_threads import end_idle_threads


@pytest.fixture(autouse=True)
def _three_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    end_idle_threads()
    torch.set_num_threads(threads)


def _compute() -> float:
    return float(torch.nn.functional.avg_pool2d(torch.ones(8, 8, 256, 256), 3).sum())


def test_helpers_end_and_come_back() -> None:
    wanted = _compute()
    with_helpers = psutil.Process().num_threads()
    if not end_idle_threads():
        pytest.skip("torch computes here by another OpenMP than GNU's")
    assert psutil.Process().num_threads() < with_helpers
    assert _compute() == wanted
    assert psutil.Process().num_threads() == with_helpers
    assert end_idle_threads()
    assert end_idle_threads()  # nothing is left to end


def test_torch_is_not_loaded_for_it() -> None:
    code = (
        "import sys; from flavr_core.engine.idle_threads import end_idle_threads as end;"
        "print(end(), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
