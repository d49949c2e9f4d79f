"""Starts the window, or the command line when it is given a command."""

from __future__ import annotations

import sys


def main() -> int:
    """Return the process's exit code."""
    if len(sys.argv) > 1:
        from flavr_core.cli import main as command_line

        return command_line()
    from app.application import main as window

    return window()


if __name__ == "__main__":
    sys.exit(main())
