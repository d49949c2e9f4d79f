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
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_lock = threading.Lock()
_multimedia_loaded = threading.Event()
_log = logging.getLogger(__name__)


def import_torch() -> None:
    """Import torch in a background thread; quick where that was done.

    Python opens libraries with its lock held, and opening torch's takes a quarter of a second on two free
    cores, for which the window would stand still. So they are opened first by a call of `dlopen` through
    ctypes, which gives the lock up; importing then finds them open. On Windows torch itself does so.
    """
    with _lock:
        if "torch" not in sys.modules:
            if os.name == "posix":
                _open_libraries()
            import torch  # noqa: F401


def load_multimedia() -> None:
    """Load what Qt plays sound with, in the window's thread; quick where that was done.

    Raises:
        ImportError: when a library of the system is missing.
    """
    if _multimedia_loaded.is_set():
        return  # without the lock: torch may be on its way, and the window would wait for it
    with _lock:
        with _errors_in_log():
            from PySide6.QtMultimedia import QMediaDevices

            QMediaDevices.defaultAudioOutput()
        _multimedia_loaded.set()


@contextmanager
def _errors_in_log() -> Iterator[None]:
    """Have what libraries of the system write to the terminal meanwhile in the log instead.

    Qt's messages could be had by a handler of ours, but see above; and not all of this is said through Qt.
    """
    with tempfile.TemporaryFile() as said:
        try:
            kept = os.dup(2)
        except OSError:  # a program without a terminal
            yield
            return
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said.read().decode(errors="replace").splitlines():
                _log.info("said while sound was loaded: %s", line)


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
