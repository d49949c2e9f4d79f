"""PSNR and SSIM of the two pictures on the screen, counted in the background when they have come to rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.jobs.background import BackgroundCalls, Call, after
from flavr_core.comparison.display import to_display
from flavr_core.comparison.sizes import alike
from flavr_core.frame import Frame
from flavr_core.progress import CancelToken

REST_MS = 120
"""How long a pair must stay before it is measured: none is while frames run by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureDistance:
    """How far B is from A. Protocols as in `flavr_core.evaluation.metrics`."""

    a: int
    """Number of A's frame."""
    b: int
    """Number of B's frame."""
    psnr_db: float
    """`psnr_8bit`: 80 where both are the same."""
    ssim: float
    """`ssim_gaussian`: 1 where both are the same."""
    reduced_to: tuple[int, int] | None = None
    """(width, height) at which they were compared where their sizes differ; None where they do not."""


def measure(a: Frame, b: Frame) -> PictureDistance:
    """Measure two frames, at the smaller one's size where their sizes differ.

    Convention: pictures are compared as R'G'B' of 8 bits in their own transfer characteristic (no tone
    mapping), chroma interpolated linearly at its place.
    """
    from flavr_core.evaluation.metrics import psnr_8bit, ssim_gaussian

    pair = alike(a, b)
    is_reduced = (a.width, a.height) != (b.width, b.height)
    pictures = [np.asarray(to_display(frame, tone=False), np.float32) / np.float32(255) for frame in pair]
    return PictureDistance(
        a=a.index,
        b=b.index,
        psnr_db=psnr_8bit(*pictures),
        ssim=ssim_gaussian(*pictures),
        reduced_to=(pair[0].width, pair[0].height) if is_reduced else None,
    )


class PictureMetrics(QObject):
    """Measures the newest pair that was handed in, once it has rested. Off until it is switched on."""

    measured = Signal(object)
    """A PictureDistance."""
    cleared = Signal()
    """What was measured is no longer on the screen."""
    failed = Signal(str)
    """Why a pair could not be measured."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = BackgroundCalls(self, name="picture-metrics")
        self._rest = after(REST_MS, self._begin, self)
        self._pair: tuple[Frame, Frame] | None = None
        self._call: Call | None = None
        self._on = False
        self._said = False

    @property
    def is_on(self) -> bool:
        """Whether pairs are measured."""
        return self._on

    def set_on(self, on: bool) -> None:
        """Whether pairs are measured."""
        self._on = on
        self._renew()

    def set_pair(self, a: Frame | None, b: Frame | None) -> None:
        """What is on the screen now; None where a side has no picture."""
        pair = (a, b) if a is not None and b is not None else None
        if (
            pair is not None
            and self._pair is not None
            and pair[0] is self._pair[0]
            and pair[1] is self._pair[1]
        ):
            return
        self._pair = pair
        self._renew()

    def close(self) -> None:
        """Stop measuring and join the thread."""
        self._rest.stop()
        self._on = False
        self._calls.close()

    def _renew(self) -> None:
        """Forget what was measured, and wait for rest."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._rest.stop()
        if self._said:
            self._said = False
            self.cleared.emit()
        if self._on and self._pair is not None:
            self._rest.start()

    def _begin(self) -> None:
        if self._pair is None:
            return
        a, b = self._pair

        def work(token: CancelToken) -> PictureDistance:
            return measure(a, b)

        self._call = self._calls.submit(work, on_done=self._on_done, on_error=self._on_error)

    def _on_done(self, distance: PictureDistance) -> None:
        self._call, self._said = None, True
        self.measured.emit(distance)

    def _on_error(self, error: Exception) -> None:
        self._call = None
        self.failed.emit(str(error))
