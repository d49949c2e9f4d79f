"""A queue bounded by bytes, not by count: a 4K frame weighs what it weighs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class QueueStoppedError(Exception):
    """Raised in whoever puts or gets when the job is stopping. Never leaves the pipeline."""


class ByteQueue(Generic[T]):
    """First in, first out, between two threads; `put` waits while more than `max_bytes` wait inside.

    One item is always let in, however large, so that nothing can lock up.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._finished = False
        self._stopped = False
        self._changed = threading.Condition()

    @property
    def waiting_bytes(self) -> int:
        """Bytes waiting inside."""
        return self._bytes

    def put(self, item: T, *, nbytes: int) -> None:
        """Add an item of that size, waiting for room. Raises QueueStoppedError when stopped."""
        with self._changed:
            while self._items and self._bytes + nbytes > self._max_bytes and not self._stopped:
                self._changed.wait()
            if self._stopped:
                raise QueueStoppedError
            self._items.append((item, nbytes))
            self._bytes += nbytes
            self._changed.notify_all()

    def finish(self) -> None:
        """Say that nothing more will be put; the getter ends after the last item."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Wake everybody with QueueStoppedError and drop what is inside."""
        with self._changed:
            self._stopped = True
            self._items.clear()
            self._bytes = 0
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Items in order until `finish`. Raises QueueStoppedError when stopped."""
        while True:
            with self._changed:
                while not self._items and not self._finished and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    raise QueueStoppedError
                if not self._items:
                    return
                item, nbytes = self._items.popleft()
                self._bytes -= nbytes
                self._changed.notify_all()
            yield item
