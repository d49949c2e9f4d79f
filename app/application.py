"""Builds and wires the program's window; nothing else does."""

from __future__ import annotations


def main() -> int:
    """Open the window; returns the process's exit code."""
    print("The window is not built yet. The command line is: python3 installer/run.py --help")
    return 0
