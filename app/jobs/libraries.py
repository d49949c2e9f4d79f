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
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from flavr_core.standard_error import standard_error_lines

_lock = threading.Lock()
_multimedia_loaded = threading.Event()
_log = logging.getLogger(__name__)
_gpus: list[int] = []
"""How many there are, once that is known."""


_is_held = threading.Event()
_in_a_hurry: set[int] = set()
"""Threads that cannot wait for a library."""
_POLL_S = 0.02


def hold_loading(is_held: bool) -> None:
    """While held, a library that nobody is in a hurry for stops loading where it is."""
    if is_held:
        _is_held.set()
    else:
        _is_held.clear()


def is_loading() -> bool:
    """Whether a library is on its way, and not held; to be asked in the window's thread."""
    return _lock.locked() and not _must_wait()


def _must_wait() -> bool:
    return _is_held.is_set() and not _in_a_hurry


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """This thread needs a library now: what is held meanwhile goes on."""
    me = threading.get_ident()
    _in_a_hurry.add(me)
    try:
        yield
    finally:
        _in_a_hurry.discard(me)


class _Wait(MetaPathFinder):
    """Finds nothing: asked before each module that a thread imports, it waits there while that is held."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As importing asks it."""
        while threading.get_ident() == self._thread and _must_wait():
            time.sleep(_POLL_S)
        return None


def gpu_count() -> int:
    """How many GPUs torch can use; 0 before it was loaded."""
    return _gpus[0] if _gpus else 0


def import_torch(*, may_wait: bool = False) -> None:
    """Import torch in a background thread; quick where that was done.

    Python opens libraries with its lock held, and opening torch's takes a quarter of a second on two free
    cores, for which the window would stand still. So they are opened first by a call of `dlopen` through
    ctypes, which gives the lock up; importing then finds them open. On Windows torch itself does so.

    Args:
        may_wait: whether `hold_loading` holds it: importing takes seconds of Python's lock.
    """
    with nullcontext() if may_wait else in_a_hurry(), _lock:
        wait = _Wait()
        sys.meta_path.insert(0, wait)
        try:
            if "torch" not in sys.modules and os.name == "posix":
                _open_libraries()
            import torch
        finally:
            sys.meta_path.remove(wait)
        if not _gpus:
            _gpus.append(torch.cuda.device_count())


def load_multimedia() -> None:
    """Load what Qt plays sound with, in the window's thread; quick where that was done.

    Raises:
        ImportError: when a library of the system is missing.
    """
    if _multimedia_loaded.is_set():
        return  # without the lock: torch may be on its way, and the window would wait for it
    with in_a_hurry(), _lock:
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
