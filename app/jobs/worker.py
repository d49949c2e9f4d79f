"""Work that lasts, on a QThread: one call that is watched, can be held, and is left at once when cancelled.

The QThread only supervises. The call itself runs in a plain daemon thread, because a network in the
middle of a long pass cannot be interrupted: when cancelled, the supervisor waits a moment and then ends,
and the thread ends by itself at its next look at the token. A worker belongs to Python from first to last (no
parent, no `deleteLater`, which PySide6 is known to answer with a double free) and is kept until it has ended.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QThread

from flavr_core.errors import CancelledError, FlavrError, ProblemsError
from flavr_core.progress import CancelToken, Progress

GRACE_S = 1.0
"""How long a cancelled worker waits for its call, unless told otherwise."""
_POLL_S = 0.03
_log = logging.getLogger(__name__)

T = TypeVar("T")


class PausableToken(CancelToken):
    """A token that can hold the work: while it is paused, whoever looks at it waits.

    All stages of a job look at it between frames, so decoding, drawing and encoding stand still
    after the window that is being drawn. Nothing is lost and the memory stays taken.
    """

    def __init__(self) -> None:
        super().__init__()
        self._going = threading.Event()
        self._going.set()

    @property
    def paused(self) -> bool:
        """Whether the work is held."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Hold the work."""
        if not self.cancelled:
            self._going.clear()

    def resume(self) -> None:
        """Let it go on."""
        self._going.set()

    def cancel(self) -> None:
        """Ask all stages to stop, held or not."""
        super().cancel()
        self._going.set()

    def check(self) -> None:
        """Wait while paused; raise CancelledError when stopping was asked for."""
        self._going.wait()
        super().check()


class Mailbox:
    """A Reporter that keeps what a job says until the window's thread comes to look (ten times a second)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: list[str] = []
        self.latest: Progress | None = None
        """The newest snapshot."""

    def progress(self, progress: Progress) -> None:
        """Keep the newest snapshot."""
        self.latest = progress

    def note(self, text: str) -> None:
        """Keep the note."""
        with self._lock:
            self._notes.append(text)

    def take_notes(self) -> list[str]:
        """Notes since the last time."""
        with self._lock:
            notes, self._notes = self._notes, []
        return notes


class Worker(QThread, Generic[T]):
    """Runs one call; `finished` comes when it is done, failed or was left.

    Attributes:
        answer: what the call returned; None where it did not.
        error: what it raised; CancelledError when it was stopped. None where it returned.
    """

    def __init__(
        self, action: Callable[[], T], token: CancelToken, *, name: str, grace_s: float = GRACE_S
    ) -> None:
        """Take a call that looks at the token now and then; `grace_s` is how long it is waited for."""
        super().__init__()
        self.setObjectName(name)
        self._action, self._token, self._grace_s = action, token, grace_s
        self._done = threading.Event()
        self._left = threading.Event()
        self.answer: T | None = None
        self.error: BaseException | None = None

    def cancel(self) -> None:
        """Stop it; `finished` follows within about a second."""
        self._token.cancel()

    def close(self) -> None:
        """Stop it and wait for its end."""
        self.cancel()
        self.wait()

    def _work(self) -> None:
        answer: T | None = None
        error: BaseException | None = None
        try:
            self._token.check()
            answer = self._action()
        except BaseException as raised:
            if not isinstance(raised, FlavrError | OSError) and not self._token.cancelled:
                _log.exception("%s failed", self.objectName())
            error = _bare(raised)
        if not self._left.is_set():
            self.answer, self.error = answer, error
        self._done.set()

    def run(self) -> None:
        """Supervise the call; Qt calls this in the new thread."""
        # NOTE: threading.current_thread() (logging and Thread.join call it) would leave an entry for this
        # thread in Python's table for ever, so events are waited for instead.
        threading.Thread(target=self._work, name=self.objectName(), daemon=True).start()
        give_up: float | None = None
        while not self._done.wait(_POLL_S):
            if not self._token.cancelled:
                continue
            now = time.monotonic()
            give_up = now + self._grace_s if give_up is None else give_up
            if now > give_up:
                self._left.set()
                self.answer, self.error = None, CancelledError()
                return


def is_work_left() -> bool:
    """Whether a thread that was left is still at work: in a pass of a network, or importing a library.

    The process must then end by `os._exit`. Else such a thread, coming back to an interpreter that is gone,
    is unwound through torch's own code, and the program ends with "terminate called".
    """
    return any(thread is not threading.main_thread() for thread in threading.enumerate())


def _bare(error: BaseException) -> BaseException:
    """An error without what it went through: that holds open files, and decoders with their threads."""
    for one in (error, *(error.problems if isinstance(error, ProblemsError) else ())):
        one.__traceback__ = one.__cause__ = one.__context__ = None
    return error


def error_words(error: BaseException) -> tuple[str, str]:
    """What went wrong and what can be done about it, for the window.

    Several problems are one a line, each with its hint. Hints to resume or overwrite are left out: there are
    buttons for that.
    """
    if isinstance(error, ProblemsError):
        if len(error.problems) == 1:
            return error_words(error.problems[0])
        return "\n".join(" ".join(error_words(problem)).strip() for problem in error.problems), ""
    if isinstance(error, FlavrError):
        is_button = "--resume" in error.hint or "--overwrite" in error.hint
        return error.message, "" if is_button else error.hint
    if isinstance(error, MemoryError):
        return "The memory of this computer is full.", "Close other programs."
    if isinstance(error, OSError) and error.strerror:
        where = f" '{error.filename}'" if error.filename else ""
        return f"{error.strerror}{where}.", ""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}".rstrip(": "), ""
