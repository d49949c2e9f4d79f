"""What can stand on one side of the viewer: frames by number, asked for without waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from PySide6.QtCore import QObject, Signal

from flavr_core.frame import Frame
from flavr_core.timing import FrameTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLabel:
    """What is said of one frame over its picture."""

    index: int
    """Number from 0 on this side."""
    time: Fraction
    """Seconds on the side's own clock."""
    made: bool = False
    """Whether it was drawn."""
    gap: int = 0
    """Source frame before (or at) it."""
    position: Fraction = Fraction(0)
    """Place in the gap; 0 for a source frame."""
    stale: bool = False
    """Whether it was rendered with other settings than those that are set now."""
    scale: Fraction = Fraction(1)
    """Size of its picture over the clip's own."""
    motion_px: float | None = None
    """Of a picture of motion: the longest in it, pixels of the clip; None for any other picture."""


class PictureSource(QObject):
    """Frames of one side: a clip, a preview that is being rendered, an exported file.

    The viewer's clock runs in *source seconds*: seconds on the clock of the clip that is looked at.
    Every side says which of its frames is shown at a source second, so slow motion and trimmed results
    stand beside their original. Everything is called from the window's thread and never waits.
    """

    picture_ready = Signal(int)
    """Frame `number` can now be had."""
    available_changed = Signal()
    """More or fewer frames can be had; for the timeline's bar."""
    failed = Signal(str)
    """One sentence: why frames cannot be had."""

    problem: str = ""
    """Why there are no frames, or no more; empty when all is well."""

    @property
    def title(self) -> str:
        """Name for labels and menus."""
        raise NotImplementedError

    @property
    def times(self) -> FrameTimes:
        """When each frame is shown on this side's own clock."""
        raise NotImplementedError

    @property
    def pace(self) -> Fraction:
        """Source seconds in one second of this side's own clock: 1, or 1/4 where it is four times slower."""
        return Fraction(1)

    def source_time(self, index: int) -> Fraction:
        """Source seconds at which frame `index` begins; index == len(times) gives the end."""
        return self.times.time(index)

    def index_at(self, source_time: Fraction) -> int:
        """The frame that is shown at a source second; the first before the start, the last after the end."""
        return self.times.index_at(source_time)

    def label(self, index: int) -> PictureLabel:
        """What to say of a frame."""
        return PictureLabel(index=index, time=self.times.time(index), gap=index)

    def picture(self, index: int) -> Frame | None:
        """The frame when it is at hand; None means `want` it."""
        raise NotImplementedError

    def is_coming(self, index: int) -> bool:
        """Whether a frame that is not at hand will be once wanted; no where it must be rendered first."""
        return True

    def nearest(self, index: int) -> int | None:
        """Of the frames at hand the one nearest to `index`: what is shown while a handle is dragged."""
        return index if self.picture(index) is not None else None

    def want(self, indices: Sequence[int]) -> None:
        """Get these frames, first ones first; replaces whatever was wanted before (the newest wins)."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop working and let go of files and memory. May be called twice."""
        raise NotImplementedError
