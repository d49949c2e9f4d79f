"""Builds and wires the program's window; nothing else does.

`main.py` without a command, or with files, comes here; so do the commands that need the window:
`benchmark ui` and `screenshots`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Open the window, or run one of the window's commands; returns the process's exit code.

    Args:
        argv: arguments without the program's name: files to open, `benchmark ui ...` or `screenshots ...`.
    """
    code = _run(argv)
    from app.jobs.worker import is_work_left

    if is_work_left():  # all is stored; what is left writes nothing any more
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def has_screen() -> bool:
    """Whether there is something to show a window on."""
    return sys.platform in ("win32", "darwin") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ


def _run(argv: Sequence[str]) -> int:
    if argv[:1] == ["screenshots"]:
        from app.application.screenshots import main as take_screenshots

        return take_screenshots(argv[1:])
    if not has_screen() and "QT_QPA_PLATFORM" not in os.environ:
        sys.stderr.write("There is no screen for the window. `main.py --help` says what works without one.\n")
        return 1
    if argv[:2] == ["benchmark", "ui"]:
        from app.application.ui_benchmark import main as measure

        return measure(argv[2:])
    from app.application.start import run

    return run(argv)
