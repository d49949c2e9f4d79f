"""The motion of a clip as a network sees it, in the colour wheel: one picture for each gap between frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from PySide6.QtCore import QObject

from app.jobs.background import BackgroundCalls, Call
from app.jobs.decoding import FileSource, FrameCache
from app.jobs.pictures import PictureLabel, PictureSource
from app.jobs.preview_render import EngineShelf
from app.jobs.screen_sizes import scale_of
from app.jobs.worker import error_words
from flavr_core.clip import ClipInfo
from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.comparison.sizes import reduced
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.progress import CancelToken
from flavr_core.settings import EngineSettings
from flavr_core.timing import FrameTimes

_AHEAD = 3
"""Gaps that are looked at at once, the one under the playhead first: networks take their time."""
_LEAVE_S = 0.25
"""How long closing waits for a pass of the network."""
_FORMAT = PixelFormat(family=PixelFamily.RGB)
_COLOR = ColorSpec(matrix=Matrix.RGB, range=Range.FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPicture:
    """Flow in colours."""

    frame: Frame
    """The picture; its index is the gap's."""
    longest_px: float
    """The longest motion, which has the full colour, in pixels of the clip."""


class FlowSource(PictureSource):
    """Stands on a side of the viewer; the newest wish wins, and what was seen is kept in the frame cache."""

    def __init__(
        self,
        info: ClipInfo,
        cache: FrameCache,
        engines: EngineShelf,
        settings: EngineSettings,
        *,
        size: tuple[int, int],
        title: str,
        parent: QObject | None = None,
    ) -> None:
        """Nothing is loaded before something is wanted.

        Args:
            info: what `probe` found.
            cache: keeps frames and pictures.
            engines: keeps loaded networks.
            settings: whose motion is shown.
            size: (width, height) in which it is measured, the clip's at most.
            title: for labels.
            parent: the owner; `close` must be called before it goes.
        """
        super().__init__(parent)
        self.info, self._cache, self._engines = info, cache, engines
        self._settings, self._size, self._title = settings, size, title
        self._frames = FileSource(info, cache)
        self._frames.picture_ready.connect(self._begin_next)
        self._frames.failed.connect(self._on_failed)
        self._calls = BackgroundCalls(self, name="flow")
        self._call: Call | None = None
        self._gap = -1
        self._wanted: tuple[int, ...] = ()
        self._longest_px: dict[int, float] = {}
        cache.add_owner(self)
        if len(info.times) < 2:
            self.problem = self.tr("A clip of one frame has no motion")

    @property
    def title(self) -> str:
        """Name for labels and menus."""
        return self._title

    @property
    def settings(self) -> EngineSettings:
        """Whose motion is shown."""
        return self._settings

    @property
    def times(self) -> FrameTimes:
        """Those of the clip: the gap after a frame is shown as long as the frame is."""
        return self.info.times

    def gap_of(self, index: int) -> int:
        """The gap after a frame; after the last one, the one before it."""
        return max(0, min(index, len(self.info.times) - 2))

    def label(self, index: int) -> PictureLabel:
        """What to say of a picture."""
        gap, frame = self.gap_of(index), self.picture(index)
        return PictureLabel(
            index=index,
            time=self.times.time(index),
            gap=gap,
            motion_px=self._longest_px.get(gap, 0.0),
            scale=Fraction(1) if frame is None else scale_of(self.info, frame),
        )

    def picture(self, index: int) -> Frame | None:
        """The picture when it is kept."""
        return self._cache.get(self, self.gap_of(index))

    def is_coming(self, index: int) -> bool:
        """Whether there is something to be seen."""
        return not self.problem

    def nearest(self, index: int) -> int | None:
        """The kept picture nearest to `index`."""
        return self._cache.nearest(self, self.gap_of(index))

    def want(self, indices: Sequence[int]) -> None:
        """Look at these gaps, the first ones first."""
        count = len(self.times)
        gaps = tuple(dict.fromkeys(self.gap_of(index) for index in indices if 0 <= index < count))[:_AHEAD]
        if self.problem:
            return
        self._wanted = gaps
        self._cache.use(self, gaps)
        if self._call is not None and self._gap not in gaps:
            self._call.cancel()
            self._call = None
        self._begin_next()

    def update(self, settings: EngineSettings, size: tuple[int, int], title: str) -> None:
        """Show the motion that another network sees, or in another size."""
        if (settings, size) == (self._settings, self._size):
            return
        self._settings, self._size, self._title = settings, size, title
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._cache.remove_owner(self)
        self._cache.add_owner(self)
        self._longest_px.clear()
        self._wanted = ()
        if len(self.times) >= 2:
            self.problem = ""
        self.available_changed.emit()

    def close(self) -> None:
        """End the threads, forget the pictures. A pass of the network is waited for for a moment only."""
        self._wanted = ()
        self._calls.close(wait_s=_LEAVE_S)
        self._frames.close()
        self._cache.remove_owner(self)

    def _begin_next(self) -> None:
        """Look at the first gap that is wanted, as soon as its two frames are there."""
        missing = [gap for gap in self._wanted if self._cache.missing(self, (gap,)) is not None]
        self._frames.want([number for gap in missing for number in (gap, gap + 1)])
        if self._call is not None or not missing:
            return
        gap = missing[0]
        before, after = self._frames.picture(gap), self._frames.picture(gap + 1)
        if before is None or after is None:
            return
        engines, settings, size, info = self._engines, self._settings, self._size, self.info

        def work(token: CancelToken) -> FlowPicture:
            return draw_flow(before, after, engines, settings, size=size, info=info, token=token)

        self._gap = gap
        self._call = self._calls.submit(work, on_done=self._on_drawn, on_error=self._on_error)

    def _on_drawn(self, drawn: FlowPicture) -> None:
        self._call = None
        gap = drawn.frame.index
        self._cache.put(self, drawn.frame)
        self._longest_px[gap] = drawn.longest_px
        self._begin_next()
        self.picture_ready.emit(gap)

    def _on_error(self, error: Exception) -> None:
        self._call = None
        message, hint = error_words(error)
        self._on_failed(f"{message} {hint}".strip())

    def _on_failed(self, sentence: str) -> None:
        self.problem = sentence
        self.available_changed.emit()


def draw_flow(
    before: Frame,
    after: Frame,
    engines: EngineShelf,
    settings: EngineSettings,
    *,
    size: tuple[int, int],
    info: ClipInfo,
    token: CancelToken,
) -> FlowPicture:
    """Have a network measure the motion from one frame to the next, and draw it; for a background thread.

    Raises:
        FlavrError: when the network cannot be had, or shows no motion.
        CancelledError: when nobody wants it any more.
    """
    from flavr_core.model.flow_pictures import flow_picture, largest_motion

    width, height = size
    small = [reduced(frame, width=width, height=height) for frame in (before, after)]
    engine = engines.take(settings, width=width, height=height)
    try:
        from flavr_core.engine.flows import flow_between

        token.check()
        flow = flow_between(engine.network, *small).forward
    finally:
        engines.give_back(settings, engine)
    token.check()
    planes = tuple(np.asarray(plane, np.uint8) for plane in cv2.split(flow_picture(flow)))
    frame = Frame(
        planes=planes, format=_FORMAT, color=_COLOR, time=before.time, index=before.index, made=True
    )
    return FlowPicture(frame=frame, longest_px=largest_motion(flow) * info.width / width)
