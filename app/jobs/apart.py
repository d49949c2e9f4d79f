"""A conversion in a process of its own, so that the window has its interpreter and the cores first.

Threads of one process share Python's lock: with a job drawing and encoding beside it the window would wait
for the lock again and again. The other process is given orders (hold, go on, stop) and answers with progress,
notes and the receipt. It stops by itself when the program is gone.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from app.jobs.conversion import Start, convert, discard_empty
from app.jobs.queue_store import Receipt
from app.jobs.worker import Mailbox, PausableToken
from flavr_core.errors import CancelledError, DeviceError, FlavrError
from flavr_core.progress import Progress
from flavr_core.settings import ConvertSettings

NICENESS = 10
"""How far the process stands back where processors are short: a tenth of the others' share. At 19 it all but
stands still beside any other program that computes."""
_POLL_S = 0.03
STOP_S = 1.2
"""How long a stopped process may take to put its files in order before it is killed; what is closed stays."""
_END_S = 0.5
"""How long it may take to end after its last word."""
_log = logging.getLogger(__name__)


def convert_apart(
    settings: ConvertSettings, start: Start, mailbox: Mailbox, token: PausableToken
) -> Receipt | None:
    """`convert` in another process; called in a background thread, returns and raises the same.

    Raises:
        DeviceError: also when the process ended without a word (memory full, killed).
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, settings, start), name="conversion", daemon=True)
    process.start()
    there.close()
    try:
        return _follow(here, mailbox, token)
    except (EOFError, ConnectionError):
        process.join(_END_S)
        if token.cancelled:
            raise CancelledError from None
        raise DeviceError(
            f"The conversion's process ended without a word (exit code {process.exitcode}).",
            "The memory may have been full. Close other programs and try again.",
        ) from None
    finally:
        here.close()
        process.join(_END_S)
        if process.is_alive():
            process.kill()
            process.join()
            discard_empty(settings.output)
        process.close()


def _follow(connection: Connection, mailbox: Mailbox, token: PausableToken) -> Receipt | None:
    """Hand on orders and answers until the last one. Raises EOFError when there is none."""
    told_paused = False
    give_up_s: float | None = None
    while True:
        if token.cancelled and give_up_s is None:
            give_up_s = time.monotonic() + STOP_S
            _order(connection, "cancel")
        elif token.paused is not told_paused and not token.cancelled:
            told_paused = not told_paused
            _order(connection, "pause" if told_paused else "resume")
        if give_up_s is not None and time.monotonic() > give_up_s:
            raise CancelledError
        if not connection.poll(_POLL_S):
            continue
        kind, value = connection.recv()
        if kind == "progress":
            mailbox.progress(value)
        elif kind == "note":
            mailbox.note(value)
        elif kind == "receipt":
            receipt: Receipt | None = value
            return receipt
        elif kind == "error":
            raise value
        else:
            _log.error("The conversion's process failed:\n%s", value[1])
            raise RuntimeError(value[0])


def _order(connection: Connection, order: str) -> None:
    try:
        connection.send(order)
    except OSError:  # it has just ended; its last answer is still to be read
        _log.debug("an order came too late: %s", order)


class Sender:
    """A Reporter that sends what it is told; used by several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, kind: str, value: Any) -> bool:
        """Send one answer; False where nobody listens any more."""
        with self._lock:
            try:
                self._connection.send((kind, value))
            except OSError:
                _log.debug("nobody listens any more")
                return False
        return True

    def progress(self, progress: Progress) -> None:
        """Send a snapshot."""
        self.send("progress", progress)

    def note(self, text: str) -> None:
        """Send a note."""
        self.send("note", text)


def _work(connection: Connection, settings: ConvertSettings, start: Start) -> None:
    """The other process, from start to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; the program decides
    _stand_back()
    token, sender = PausableToken(), Sender(connection)
    threading.Thread(target=_obey, args=(connection, token), name="orders", daemon=True).start()
    try:
        tell_done(sender, settings.output, convert(settings, start, sender, token))
    except (FlavrError, OSError, MemoryError) as error:
        error.__traceback__ = error.__cause__ = error.__context__ = None
        sender.send("error", error)
    except BaseException as error:
        words = f"{type(error).__name__}: {error}".splitlines()[0]
        sender.send("fault", (words, traceback.format_exc()))
    # A pass of a network may still be running in a thread; the interpreter must not go from under it.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def tell_done(sender: Sender, output: Path, receipt: Receipt | None) -> None:
    """Send the receipt; where the program was killed meanwhile, leave word for its next start."""
    if not sender.send("receipt", receipt):
        from flavr_core.pipeline.journal import mark_published

        mark_published(output)


def _stand_back() -> None:
    try:
        below_normal = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", NICENESS)  # Windows has classes
        psutil.Process().nice(below_normal)
    except (psutil.Error, OSError):
        _log.debug("the priority cannot be lowered")


def _obey(connection: Connection, token: PausableToken) -> None:
    """Take orders until the program is gone; then stop, at the latest by force."""
    orders = {"pause": token.pause, "resume": token.resume, "cancel": token.cancel}
    try:
        while True:
            orders[connection.recv()]()
    except (EOFError, OSError):
        token.cancel()
        time.sleep(STOP_S)
        os._exit(1)
