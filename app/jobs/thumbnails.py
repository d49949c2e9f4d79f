"""Small images of any time of a clip, decoded in the background; the newest wish of each asker wins."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.jobs.background import BackgroundCalls, Call, after
from app.jobs.small_images import small_image
from flavr_core.clip import ClipInfo
from flavr_core.errors import FlavrError
from flavr_core.frame import Frame
from flavr_core.media import FrameSource, entry_points, open_source
from flavr_core.progress import CancelToken

_log = logging.getLogger(__name__)

CACHE_BYTES = 48 * 1024 * 1024
"""Images kept, over all clips."""
_CLOSE_AFTER_MS = 4000
"""A clip that nobody asked anything of for so long is closed: decoders hold much memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thumbnail:
    """A small image and exactly what it shows."""

    asked: Fraction
    """The time that was asked for."""
    time: Fraction
    """Source seconds at which the frame shown begins; within the tolerance it is another than asked for."""
    index: int
    """Its number in the clip."""
    image: QImage
    """The picture in the shape it is displayed in."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What an image is kept under."""

    clip: int
    index: int
    height_px: int


class _Reader:
    """One open clip. Used by the background thread alone, but for the last `close`."""

    def __init__(self) -> None:
        self._info: ClipInfo | None = None
        self._source: FrameSource | None = None
        self._entries: Sequence[int] = (0,)
        self._next = 0

    def read(self, info: ClipInfo, index: int, first: int, token: CancelToken) -> Frame:
        """A frame between `first` and `index`: the entry point if there is one, else frame `index` itself."""
        if self._info is not info:
            self.close()
            self._source = open_source(info)
            self._entries, self._info, self._next = entry_points(info), info, 0
        assert self._source is not None
        entry = self._entries[max(0, bisect_right(self._entries, index) - 1)]
        wanted = entry if entry >= first else index
        begin = self._next if entry < self._next <= wanted else entry
        # Every frame on the way is a chance to be cancelled.
        with closing(self._source.frames(begin, wanted + 1)) as frames:  # type: ignore[type-var]
            for frame in frames:
                self._next = frame.index + 1
                if frame.index == wanted:
                    return frame
                token.check()
        raise AssertionError("a source gives every frame it promises")

    def close(self) -> None:
        """Let go of the clip."""
        if self._source is not None:
            self._source.close()
        self._info = self._source = None


class Thumbnails(QObject):
    """Small images of clips by time. Everything is called from the window's thread and never waits."""

    failed = Signal(object, str)
    """A ClipInfo and one sentence: why an image of it cannot be had."""

    def __init__(self, parent: QObject | None = None, *, max_bytes: int = CACHE_BYTES) -> None:
        super().__init__(parent)
        self._calls = BackgroundCalls(self, name="thumbnails")
        self._reader = _Reader()
        self._wishes: dict[str, list[Call]] = {}
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[_Key, QImage] = OrderedDict()
        self._infos: dict[int, ClipInfo] = {}
        self._rest = after(_CLOSE_AFTER_MS, self._on_rested, self)

    def want(
        self,
        asker: str,
        info: ClipInfo,
        times: Sequence[Fraction],
        *,
        height_px: int,
        on_ready: Callable[[Thumbnail], None],
        tolerance: Fraction = Fraction(0),
        urgent: bool = False,
    ) -> None:
        """Ask for images; `on_ready` is called with one after another. Replaces what the asker wanted before.

        Args:
            asker: who asks, such as `strip`; each has wishes of its own.
            info: the clip.
            times: source seconds, first ones first.
            height_px: rows of the images, in pixels of the screen.
            on_ready: takes each image; those at hand at once, during this call.
            tolerance: a frame that is shown up to so many seconds before will do, where it can be had
                faster. 0 asks for the very frames.
            urgent: come before other askers, also while they are held.
        """
        self.forget(asker)
        calls = self._wishes.setdefault(asker, [])
        missing: list[tuple[Fraction, int, int]] = []
        for time in times:
            index = info.times.index_at(time)
            first = min(info.times.index_at(time - tolerance), index)
            found = self._find(info, first, index, height_px)
            if found is None:
                missing.append((time, index, first))
            else:
                on_ready(self._thumbnail(info, time, *found))
        ordered = reversed(missing) if urgent else missing
        for time, index, first in ordered:
            calls.append(self._ask(info, time, index, first, height_px, on_ready, urgent=urgent))
        if missing:
            self._rest.start()

    def forget(self, asker: str) -> None:
        """Nothing is to be had for this asker any more."""
        for call in self._wishes.pop(asker, ()):
            call.cancel()

    def keep_only(self, infos: Iterable[ClipInfo]) -> None:
        """Forget the images of all other clips: they left the list, or were read again."""
        wanted = {id(info) for info in infos}
        for key in [key for key in self._kept if key.clip not in wanted]:
            self._bytes -= self._kept.pop(key).sizeInBytes()
        self._infos = {clip: info for clip, info in self._infos.items() if clip in wanted}

    def hold(self, is_held: bool) -> None:
        """While held only what is urgent is decoded; the rest goes on afterwards."""
        self._calls.hold(is_held)

    def close(self) -> None:
        """Stop decoding and let go of files and memory. May be called twice."""
        self._rest.stop()
        self._wishes.clear()
        self._calls.close()
        self._reader.close()
        self._kept.clear()
        self._infos.clear()
        self._bytes = 0

    @property
    def used_bytes(self) -> int:
        """Bytes of the images kept."""
        return self._bytes

    def _ask(
        self,
        info: ClipInfo,
        time: Fraction,
        index: int,
        first: int,
        height_px: int,
        on_ready: Callable[[Thumbnail], None],
        *,
        urgent: bool,
    ) -> Call:
        def work(token: CancelToken) -> tuple[int, QImage]:
            frame = self._reader.read(info, index, first, token)
            return frame.index, small_image(frame, height_px=height_px, pixel_aspect=info.pixel_aspect)

        def done(answer: tuple[int, QImage]) -> None:
            self._keep(info, answer[0], height_px, answer[1])
            self._rest.start()
            on_ready(self._thumbnail(info, time, *answer))

        def failed(error: Exception) -> None:
            if not isinstance(error, FlavrError):
                _log.warning("a thumbnail of %s failed: %r", info.path, error)
            self.failed.emit(info, error.message if isinstance(error, FlavrError) else str(error))

        return self._calls.submit(work, on_done=done, on_error=failed, first=urgent)

    def _thumbnail(self, info: ClipInfo, asked: Fraction, index: int, image: QImage) -> Thumbnail:
        return Thumbnail(asked=asked, time=info.times.time(index), index=index, image=image)

    def _find(self, info: ClipInfo, first: int, last: int, height_px: int) -> tuple[int, QImage] | None:
        """The kept image nearest before `last`, of those that will do."""
        if last - first > len(self._kept):
            fitting = [
                key.index
                for key in self._kept
                if key.clip == id(info) and key.height_px == height_px and first <= key.index <= last
            ]
            indices = sorted(fitting, reverse=True)[:1]
        else:
            indices = list(range(last, first - 1, -1))
        for index in indices:
            key = _Key(id(info), index, height_px)
            if key in self._kept:
                self._kept.move_to_end(key)
                return index, self._kept[key]
        return None

    def _keep(self, info: ClipInfo, index: int, height_px: int, image: QImage) -> None:
        # The info itself is kept too, so that no other clip can come to have its identity.
        self._infos[id(info)] = info
        key = _Key(id(info), index, height_px)
        old = self._kept.pop(key, None)
        self._bytes += image.sizeInBytes() - (old.sizeInBytes() if old is not None else 0)
        self._kept[key] = image
        while self._bytes > self._max_bytes and len(self._kept) > 1:
            gone, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.sizeInBytes()
            if not any(other.clip == gone.clip for other in self._kept):
                self._infos.pop(gone.clip, None)

    def _on_rested(self) -> None:
        def close(_: CancelToken) -> None:
            self._reader.close()

        self._calls.submit(close, on_done=lambda _: None, on_error=lambda _: None)
