"""Reports of faults that nobody foresaw, and the log they quote. No Qt: it has to work when much does not."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import platform
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TextIO

from app.jobs.places import state_dir
from flavr_core import __version__

MOST_LINES = 4000
"""Lines of the log that are kept for the log view."""

_MOST_LOG_BYTES = 2 * 2**20
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class LogBuffer(logging.Handler):
    """The last lines of the log, for the log view and reports."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT))
        self.lines: deque[tuple[int, str]] = deque(maxlen=MOST_LINES)
        """(level, line), the newest last."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; called from any thread."""
        self.lines.append((record.levelno, self.format(record)))


class Logs:
    """Everything the program logs, in memory and in a file that is turned over when it is large."""

    def __init__(self, folder: Path | None = None) -> None:
        """Begin to log.

        Args:
            folder: where the file is; None for the user's own.
        """
        self.path = (folder or state_dir()) / "logs" / "studio.log"
        self.buffer = LogBuffer()
        self._handlers: list[logging.Handler] = [self.buffer]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = logging.handlers.RotatingFileHandler(
                self.path, maxBytes=_MOST_LOG_BYTES, backupCount=2, encoding="utf-8", delay=True
            )
            file.setFormatter(logging.Formatter(_FORMAT))
            self._handlers.append(file)
        except OSError as error:
            self.buffer.emit(
                logging.LogRecord("app", logging.WARNING, "", 0, f"no log is stored: {error}", None, None)
            )
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(min(root.level, logging.INFO) or logging.INFO)
        for handler in self._handlers:
            root.addHandler(handler)

    def close(self) -> None:
        """Stop logging and close the file."""
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
        root.setLevel(self._level)


class CrashReports:
    """Writes a report for each unforeseen fault, and finds what a crash of the interpreter left."""

    def __init__(self, logs: Logs, folder: Path | None = None) -> None:
        """Look for traces of a crash, and watch for the next one.

        Args:
            logs: what reports quote.
            folder: where reports are; None for the user's own.
        """
        self._logs = logs
        self._folder = (folder or state_dir()) / "reports"
        self._trace_path = self._folder / "fatal.txt"
        self._trace: TextIO | None = None
        self.left_behind = self._collect()
        """Report of a crash of the last program; None when it ended in order."""
        if faulthandler.is_enabled():  # somebody else watches already
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._trace = self._trace_path.open("w", encoding="utf-8")
            faulthandler.enable(self._trace)
        except OSError as error:
            logging.getLogger(__name__).warning("crashes cannot be recorded: %s", error)

    def write(self, error: BaseException, *, where: str) -> Path | None:
        """Store a report of a fault.

        Args:
            error: what was raised.
            where: thread it was raised in.

        Returns:
            The report; None when it could not be stored.
        """
        stamp = datetime.now().astimezone()
        lines = [
            f"FLAVR Studio {__version__}, {stamp.isoformat(timespec='seconds')}",
            f"Python {platform.python_version()}, {platform.platform()}",
            f"Thread: {where}",
            "",
            "".join(traceback.format_exception(error)).rstrip(),
            "",
            "The log before it:",
            *(line for _, line in list(self._logs.buffer.lines)[-200:]),
        ]
        return self._store(f"fault-{stamp:%Y%m%d-%H%M%S-%f}.txt", "\n".join(lines) + "\n")

    def close(self) -> None:
        """Stop watching: the program ends in order."""
        if self._trace is not None:
            faulthandler.disable()
            self._trace.close()
            self._trace = None
            self._trace_path.unlink(missing_ok=True)

    def _collect(self) -> Path | None:
        try:
            text = self._trace_path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        if not text.strip():
            return None
        return self._store(f"crash-{datetime.now().astimezone():%Y%m%d-%H%M%S-%f}.txt", text)

    def _store(self, name: str, text: str) -> Path | None:
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError:
            return None
        return path


def install_hooks(on_fault: Callable[[BaseException, str], None]) -> Callable[[], None]:
    """Have every exception that nobody caught handed over.

    Args:
        on_fault: takes the exception and the thread's name; may be called from any thread.

    Returns:
        What takes the hooks away again.
    """
    before = (sys.excepthook, threading.excepthook)

    def _in_main(kind: type[BaseException], error: BaseException, trace: object) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, error.__traceback__)
        else:
            on_fault(error, threading.current_thread().name)

    def _in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            on_fault(args.exc_value, args.thread.name if args.thread is not None else "unknown")

    def _restore() -> None:
        sys.excepthook, threading.excepthook = before

    sys.excepthook, threading.excepthook = _in_main, _in_thread
    return _restore
