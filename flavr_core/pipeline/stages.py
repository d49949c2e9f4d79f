"""The threads of a job: started together, joined together, the first failure is the one told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from flavr_core.errors import CancelledError
from flavr_core.pipeline.queues import ByteQueue, QueueStoppedError
from flavr_core.progress import CancelToken

TICK_S = 0.1
GRACE_S = 0.7
"""How long a cancelled job waits for its threads; a network in the middle of a long pass may take
longer and then ends by itself, writing nothing any more."""


class StageThreads:
    """Runs one callable a thread until all are done, one fails or the token is set."""

    def __init__(self, token: CancelToken) -> None:
        self._token = token
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self._queues: list[ByteQueue[object]] = []

    def run(
        self,
        stages: Sequence[tuple[str, Callable[[], None]]],
        queues: Sequence[ByteQueue],  # type: ignore[type-arg]
        on_tick: Callable[[], None],
    ) -> None:
        """Start every (name, callable), call `on_tick` ten times a second, return when all are done.

        Raises:
            CancelledError: when the token was set.
            BaseException: the first failure of any stage, after the others were stopped and joined.
        """
        self._queues = list(queues)
        self._threads = [
            threading.Thread(target=self._guard, args=(body,), name=f"flavr-{name}", daemon=True)
            for name, body in stages
        ]
        try:
            for thread in self._threads:
                thread.start()
            while any(thread.is_alive() for thread in self._threads):
                self._token.check()
                if self._failures:
                    break
                on_tick()
                self._first_alive_join(TICK_S)
        finally:
            self._stop_if_unfinished()
        if self._failures:
            raise self._failures[0]
        self._token.check()

    def _guard(self, body: Callable[[], None]) -> None:
        try:
            body()
        except (QueueStoppedError, CancelledError):
            pass
        except BaseException as failure:
            self._failures.append(failure)

    def _first_alive_join(self, timeout_s: float) -> None:
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout_s)
                return

    def _stop_if_unfinished(self) -> None:
        if not any(thread.is_alive() for thread in self._threads):
            return
        for queue in self._queues:
            queue.stop()
        deadline: float | None = None
        while any(thread.is_alive() for thread in self._threads):
            # After a failure the others end their frame; a cancelled job must end at once.
            if deadline is None and (self._token.cancelled or not self._failures):
                deadline = time.monotonic() + GRACE_S
            if deadline is not None and time.monotonic() > deadline:
                return
            self._first_alive_join(TICK_S / 2)
