"""Calls that take a while, away from the window's thread; their answers come back to it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from app.jobs.worker import PausableToken
from flavr_core.errors import CancelledError
from flavr_core.progress import CancelToken

_log = logging.getLogger(__name__)


class Call:
    """One call that was handed in. `cancel` may be called at any time; nothing is answered after it."""

    def __init__(
        self,
        action: Callable[[CancelToken], Any],
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        *,
        is_urgent: bool = False,
    ) -> None:
        self.token = PausableToken()
        self.is_urgent = is_urgent
        self._action, self._on_done, self._on_error = action, on_done, on_error
        self._answer: Any = None
        self._error: Exception | None = None

    def cancel(self) -> None:
        """Stop it as soon as it looks at its token, and forget its answer."""
        self.token.cancel()

    def run(self) -> None:
        """Do the work; called from a background thread."""
        try:
            self.token.check()
            self._answer = self._action(self.token)
        except Exception as error:
            self._error = error

    def deliver(self) -> None:
        """Tell the answer; called from the window's thread."""
        if self.token.cancelled or isinstance(self._error, CancelledError):
            return
        if self._error is not None:
            self._on_error(self._error)
        else:
            self._on_done(self._answer)


class BackgroundCalls(QObject):
    """A few plain threads that take calls in the order they were handed in.

    Answers are collected by the window's own thread (a queued signal wakes it), so no QObject is
    ever touched from a worker. `hold` keeps the machine free for something else. `close` cancels all that
    waits or runs and joins the threads.
    """

    _finished = Signal()

    def __init__(self, parent: QObject | None = None, *, threads: int = 1, name: str = "background") -> None:
        super().__init__(parent)
        self._condition = threading.Condition()
        self._waiting: deque[Call] = deque()
        self._running: set[Call] = set()
        self._done: deque[Call] = deque()
        self._closed = self._is_held = False
        self._finished.connect(self._deliver)
        wake: SignalInstance = self._finished
        self._threads = [
            threading.Thread(target=self._work, args=(wake,), name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        action: Callable[[CancelToken], Any],
        *,
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        first: bool = False,
    ) -> Call:
        """Hand in a call; `on_done(answer)` or `on_error(error)` follows in the window's thread.

        Args:
            action: runs in a background thread; should look at its token now and then.
            on_done: takes the answer.
            on_error: takes what was raised, cancelling apart.
            first: put it before all that waits; it is done even while others are held.
        """
        call = Call(action, on_done, on_error, is_urgent=first)
        with self._condition:
            if self._closed:
                call.cancel()
                return call
            if first:
                self._waiting.appendleft(call)
            else:
                self._waiting.append(call)
            self._pace()
            self._condition.notify()
        return call

    def hold(self, is_held: bool) -> None:
        """While held only urgent calls begin; others that run wait at their next look at the token."""
        with self._condition:
            self._is_held = is_held
            self._pace()
            self._condition.notify_all()

    def close(self, *, wait_s: float | None = None) -> None:
        """Cancel everything and wait for the threads; nothing is answered any more.

        Args:
            wait_s: leave threads that take longer behind (they are daemons and tell nobody anything);
                None waits for as long as it takes.
        """
        with self._condition:
            self._closed = True
            for call in (*self._waiting, *self._running):
                call.cancel()
            self._waiting.clear()
            self._condition.notify_all()
        for thread in self._threads:
            thread.join(wait_s)
        self._done.clear()

    def _work(self, wake: SignalInstance) -> None:
        while True:
            with self._condition:
                while not self._is_something_due() and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                call = self._waiting.popleft()
                self._running.add(call)
            call.run()
            with self._condition:
                self._running.discard(call)
                if not self._closed:
                    self._done.append(call)
                    wake.emit()

    def _is_something_due(self) -> bool:
        return bool(self._waiting) and (not self._is_held or self._waiting[0].is_urgent)

    def _pace(self) -> None:
        """In the window's thread: have what runs wait, or go on, also to make way for an urgent call."""
        makes_way = self._is_something_due()
        for call in self._running:
            if self._is_held and not makes_way and not call.is_urgent:
                call.token.pause()
            else:
                call.token.resume()

    def _deliver(self) -> None:
        while True:
            with self._condition:
                self._pace()
                if not self._done:
                    return
                call = self._done.popleft()
            try:
                call.deliver()
            except Exception:  # one answer's failure must not keep the next from coming
                _log.exception("an answer could not be taken")


def after(milliseconds: int, action: Callable[[], None], parent: QObject) -> QTimer:
    """A single-shot timer that `start()` begins anew: for what should happen after a short rest."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(action)
    return timer
