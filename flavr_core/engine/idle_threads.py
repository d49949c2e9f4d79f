"""Threads that OpenMP keeps for whoever computed last.

GNU's OpenMP keeps the helpers of every thread that has computed, idle, for its next loop. Once all of them
are more than there are processors, threads wait asleep instead of awake, at each of some thousand loops of a
picture: drawing in one thread after a test in another took twice as long (AdaCoF, 640x360, two processors:
2.1 s for three pictures and 26,000 switches, 1.05 s and none without the other's helpers). No torch here.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

_SOFTLY = 1  # omp_pause_soft of omp.h


def end_idle_threads() -> bool:
    """End the helpers of the calling thread, which begins new ones when it next computes.

    Returns:
        Whether there are none now; False where torch computes by something else, or was not loaded.
    """
    if "torch" not in sys.modules:
        return False
    pause = _pause()
    return pause is not None and pause(_SOFTLY) == 0


@lru_cache(maxsize=1)
def _pause() -> Callable[[int], int] | None:
    """`omp_pause_resource_all` of the library that torch computes with, if it is GNU's."""
    try:
        loaded = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").split()
        path = next(word for word in loaded if "libgomp" in Path(word).name)
        pause: Callable[[int], int] = ctypes.CDLL(path).omp_pause_resource_all
    except (OSError, StopIteration, AttributeError):
        return None
    return pause
