"""Large libraries, loaded without holding up the window, and never two at a time.

Qt's multimedia plugin logs while the system is loading it, which takes Python's lock where a handler of
Qt's messages is installed. A thread that meanwhile imports a library holds that lock and waits for the
system's loader: both would wait for ever.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import sys
import threading
from pathlib import Path

from flavr_core.standard_error import standard_error_lines

_lock = threading.Lock()
_multimedia_loaded = threading.Event()
_log = logging.getLogger(__name__)
_gpus: list[int] = []
"""How many there are, once that is known."""


def is_loading() -> bool:
    """Whether a library is on its way; to be asked in the window's thread."""
    return _lock.locked()


def gpu_count() -> int:
    """How many GPUs torch can use; 0 before it was loaded."""
    return _gpus[0] if _gpus else 0


def import_torch() -> None:
    """Import torch in a background thread; quick where that was done.

    Python opens libraries with its lock held, and opening torch's takes a quarter of a second on two free
    cores, for which the window would stand still. So they are opened first by a call of `dlopen` through
    ctypes, which gives the lock up; importing then finds them open. On Windows torch itself does so.
    """
    with _lock:
        if "torch" not in sys.modules and os.name == "posix":
            _open_libraries()
        import torch

        if not _gpus:
            _gpus.append(torch.cuda.device_count())


def load_multimedia() -> None:
    """Load what Qt plays sound with, in the window's thread; quick where that was done.

    Raises:
        ImportError: when a library of the system is missing.
    """
    if _multimedia_loaded.is_set():
        return  # without the lock: torch may be on its way, and the window would wait for it
    with _lock:
        # Qt's messages could be had by a handler of ours, but see above; and not all is said through Qt.
        with standard_error_lines() as lines:
            from PySide6.QtMultimedia import QMediaDevices

            QMediaDevices.defaultAudioOutput()
        for line in lines:
            _log.info("said while sound was loaded: %s", line)
        _multimedia_loaded.set()


def _open_libraries() -> None:
    """Open torch's largest libraries. What cannot be opened here is left to the import, which says why."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    for name in ("libtorch_cpu", "libtorch_python"):
        path = Path(spec.origin).parent / "lib" / f"{name}{suffix}"
        if path.is_file():
            dlopen(os.fsencode(path), os.RTLD_NOW)
