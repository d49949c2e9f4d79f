"""What holds for every test: no thread is left behind, no error is logged, no screen or GPU is needed."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked `cuda` without a GPU. torch is imported for them alone."""
    if item.get_closest_marker("cuda") is None:
        return
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA GPU")


@pytest.fixture(autouse=True)
def garbage_between_tests() -> Iterator[None]:
    """Collect Python's cyclic garbage between tests alone, in this thread.

    As `app/jobs/garbage.py` says: a thread of the program that happens to collect would destroy the QObjects
    an earlier test left. Here the oldest generation that is due is looked through after each test.
    """
    gc.disable()
    yield
    gc.disable()  # a window that was closed gave it back to Python
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > gc.get_threshold()[generation]:
            gc.collect(generation)
            break


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a non-daemon thread running."""
    before = set(threading.enumerate())
    yield
    give_up = time.monotonic() + 20.0  # a thread that has been told to end needs a moment for it
    while time.monotonic() < give_up:
        leaked = [
            thread.name for thread in threading.enumerate() if thread not in before and not thread.daemon
        ]
        if not leaked:
            return
        time.sleep(0.01)
    pytest.fail(f"threads left running: {', '.join(leaked)}")


@pytest.fixture(autouse=True)
def no_logged_errors(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which an error is logged, unless it is marked `logs_errors`.

    ffmpeg's own words about damaged files (loggers `libav...`) do not count: errors of ours follow them.
    """
    yield
    if request.node.get_closest_marker("logs_errors") is not None:
        return
    logged = [
        f"{record.name}: {record.getMessage()}"
        for record in caplog.get_records("call")
        if record.levelno >= logging.ERROR and not record.name.startswith("libav")
    ]
    if logged:
        pytest.fail("errors were logged:\n" + "\n".join(logged))
