"""Starts the window, or the command line when it is given a command.

main.py                      the window
main.py FILE...              the window with these files
main.py -- FILE...           the same, for files that are called like a command
main.py COMMAND ...          the command line; `--help` lists the commands
main.py screenshots, main.py benchmark ui
                             commands that need the window
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # numpy's own threads are never of use here, and spin at the start


def wants_window(arguments: Sequence[str]) -> bool:
    """Whether arguments are for the window: none, `--`, one of its commands, or files.

    A word that is neither a command nor a file is left to the command line, which says what is wrong with it.
    """
    from flavr_core.cli import COMMANDS

    if not arguments or arguments[0] in {"--", "screenshots"} or list(arguments[:2]) == ["benchmark", "ui"]:
        return True
    first = arguments[0]
    if first in COMMANDS or first.startswith("-"):
        return False
    return Path(first).exists() or Path(first).name != first or bool(Path(first).suffix)


def main() -> int:
    """Return the process's exit code."""
    if getattr(sys, "frozen", False):  # packaged: a job's process is this program, started with other words
        from multiprocessing import freeze_support

        freeze_support()
    arguments = sys.argv[1:]
    if wants_window(arguments):
        from app.application import main as window

        return window(arguments)
    from flavr_core.cli import main as command_line

    return command_line(arguments)


def leave(code: int) -> NoReturn:
    """End the process as the interpreter does, but leave its memory to the system: 0.1 s less."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, unread, or none at all
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
