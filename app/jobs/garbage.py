"""Python's cyclic garbage, collected in the window's thread alone.

Left to itself, Python collects in whatever thread happens to allocate. A QObject in a dropped cycle would
then be destroyed by a worker: its running timer cannot be stopped from there, and the next tick of it ends
the program.

What a large library brings along (torch: a hundred thousand objects) stays to the end. It is kept out of
collections, which would stall the window for tenths of a second looking through it again and again.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

from app.jobs.libraries import is_loading

_EVERY_MS = 100


class WindowGarbage(QObject):
    """Takes over from Python's own collector until `close`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._has_loaded = self._has_frozen = False
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start()

    def close(self) -> None:
        """Leave it to Python again. May be called twice."""
        self._timer.stop()
        if self._has_frozen:
            gc.unfreeze()
        gc.enable()

    def _on_tick(self) -> None:
        """The oldest generation that is due, as Python's own collector would have it."""
        if is_loading():
            self._has_loaded = True
            return
        if self._has_loaded:
            self._has_loaded, self._has_frozen = False, True
            gc.freeze()
        for generation, (count, most) in reversed(
            list(enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)))
        ):
            if count > most:
                gc.collect(generation)
                return
