"""Two pictures to compare: wipe, side by side, above and below, flip, difference, one alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from flavr_core.comparison.views import DifferenceKind, ViewMode
from flavr_core.frame import Frame

__all__ = ["CompareView", "DifferenceKind", "Side", "ViewMode"]

Side = Literal["a", "b"]


class CompareView(QWidget):
    """Shows one frame of each side; both share zoom and place."""

    mode_changed = Signal(object)
    """The ViewMode."""
    zoom_changed = Signal(float)
    """Pixels of the screen a pixel of the picture."""
    wipe_changed = Signal(float)
    """Place of the wipe's line, 0 left to 1 right."""
    swapped_changed = Signal(bool)
    """Whether B stands where A belongs."""
    magnifier_changed = Signal(bool)
    """Whether the magnifier is shown."""
    notice_changed = Signal(str)
    """One sentence on how colours are shown (HDR brought to the screen's range), or empty."""
    clicked = Signal()
    """The picture was clicked, not dragged."""
    double_clicked = Signal()
    """The picture was clicked twice."""

    def set_picture(self, side: Side, frame: Frame | None, label: str) -> None:
        """Show a frame; None keeps the last one and marks it as not the one asked for."""

    def clear(self, side: Side | None = None) -> None:
        """Take a side's picture away; None for both."""

    def set_empty_text(self, text: str) -> None:
        """What is said where there is no picture at all."""

    def set_side_message(self, side: Side, text: str) -> None:
        """Why a side has no picture; shown instead of (or over) it until the next picture."""

    def set_pixel_aspect(self, aspect: Fraction) -> None:
        """Width of a pixel over its height, of both sides."""

    @property
    def mode(self) -> ViewMode:
        """How both are shown."""
        return ViewMode.WIPE

    def set_mode(self, mode: ViewMode) -> None:
        """Show both in another way."""

    def set_difference(self, kind: DifferenceKind, gain: float = 8) -> None:
        """How ViewMode.DIFFERENCE is shown."""

    def set_wipe(self, place: float) -> None:
        """Move the wipe's line, 0 left to 1 right."""

    def swap(self) -> None:
        """Let A and B change places."""

    def set_swapped(self, swapped: bool) -> None:
        """Whether A and B have changed places."""

    def hold_side(self, side: Side | None) -> None:
        """Show one side alone while a key is held; None goes back."""

    def flip(self) -> None:
        """Turn over to the other side (ViewMode.FLIP)."""

    def set_flip_interval_ms(self, interval_ms: int) -> None:
        """How long a side is shown before it turns over by itself; 0 for never (reduced motion)."""

    def set_magnifier(self, shown: bool) -> None:
        """Show what is under the cursor enlarged, both sides."""

    @property
    def zoom(self) -> float:
        """Pixels of the screen a pixel of the picture."""
        return 1.0

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom, keeping the place `at` (in the widget; None for its middle) where it is."""

    def zoom_in(self) -> None:
        """One step nearer."""

    def zoom_out(self) -> None:
        """One step further."""

    def fit(self) -> None:
        """The whole picture, however large the widget is."""

    def one_to_one(self) -> None:
        """A pixel of the picture is a pixel of the screen."""

    @property
    def notice(self) -> str:
        """As in notice_changed."""
        return ""

    def grab_comparison(self) -> QImage:
        """The view as it is, without what floats above it."""
        return self.grab().toImage()
