"""The window lives on where PySide6 gives back more references to None than it took."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import app
from PySide6.QtCore import QCoreApplication, QObject
qt = QCoreApplication([])
thing = QObject()
for number in range(200_000):
    thing.setObjectName("a")
    thing.signalsBlocked()
"""


def test_many_calls_use_up_neither_none_nor_false() -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=240, check=False, cwd=root
    )
    assert done.returncode == 0, done.stderr
