"""Background threads step back when the window wants the processor."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from contextlib import suppress

NICE = 10
"""How far below the window, on Linux: about a ninth of its share where both want a core."""

_BELOW_NORMAL = -1
"""Windows' THREAD_PRIORITY_BELOW_NORMAL."""


def step_back() -> None:
    """Give this thread, and those it starts, less of the processor than the window has.

    Nothing is lost while the window rests. Where single threads have no priority, nothing happens.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    elif sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        kernel.SetThreadPriority(kernel.GetCurrentThread(), _BELOW_NORMAL)
