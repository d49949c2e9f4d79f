"""What C libraries write to the standard error stream, read back."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()


@contextmanager
def standard_error_lines() -> Iterator[list[str]]:
    """Keep what is written to the standard error stream, by whatever thread and library, off the terminal.

    For libraries that say something nowhere else. Handlers of their messages in Python would need Python's
    lock, and a library that logs from a thread of its own while another thread waits for that thread with
    the lock held stops for good.

    Yields:
        A list that holds the lines once the context is left; empty where there is no such stream.
    """
    lines: list[str] = []
    with _lock, tempfile.TemporaryFile() as said:
        try:
            kept = os.dup(2)
        except OSError:  # a program without a terminal
            yield lines
            return
        os.dup2(said.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            lines += said.read().decode(errors="replace").splitlines()
