"""Frames of clips and files for the viewer: decoded in a thread of their own, kept within a bound."""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Generator, Mapping, Sequence
from fractions import Fraction
from typing import cast

from PySide6.QtCore import QCoreApplication, QObject, Signal, SignalInstance

from app.jobs.pictures import PictureLabel, PictureSource
from flavr_core.clip import ClipInfo
from flavr_core.errors import FlavrError, MediaError
from flavr_core.frame import Frame
from flavr_core.media import FrameSource, entry_points, open_source
from flavr_core.plan import OutputPlan
from flavr_core.timing import FrameTimes

_log = logging.getLogger(__name__)

CACHE_BYTES = 512 * 1024 * 1024
"""Decoded frames kept by default, over all sources."""
_LEAST_FRAMES = 3
"""Frames of one source that are kept whatever the bound: those shown must not be decoded over and over."""
_PATIENCE_S = 0.25
"""How long closing waits for the thread: no longer, for the window stands still meanwhile."""
_ON_THE_WAY_S = 0.04
"""How often frames on the way to the wanted one are told of; they are shown while a handle is dragged."""


class FrameCache:
    """Decoded frames of all sources within one bound; the source that holds most gives up its oldest first.

    May be used from any thread.
    """

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._kept: dict[object, OrderedDict[int, Frame]] = {}
        self._bytes: dict[object, int] = {}

    @property
    def limit_bytes(self) -> int:
        """Most bytes that are kept."""
        return self._limit_bytes

    def set_limit_bytes(self, limit_bytes: int) -> None:
        """Keep more or less from now on."""
        with self._lock:
            self._limit_bytes = limit_bytes
            self._shrink()

    @property
    def used_bytes(self) -> int:
        """Bytes of all frames kept."""
        with self._lock:
            return sum(self._bytes.values())

    def add_owner(self, owner: object) -> None:
        """Give a source its share."""
        with self._lock:
            self._kept.setdefault(owner, OrderedDict())
            self._bytes.setdefault(owner, 0)

    def remove_owner(self, owner: object) -> None:
        """Forget all frames of a source."""
        with self._lock:
            self._kept.pop(owner, None)
            self._bytes.pop(owner, None)

    def room(self, frame_bytes: int) -> int:
        """How many frames of this size one source can keep for sure, beside those it passes on the way."""
        with self._lock:
            share = self._limit_bytes // max(1, len(self._kept))
        return max(_LEAST_FRAMES, share // max(1, frame_bytes)) - 1

    def put(self, owner: object, frame: Frame) -> None:
        """Keep a frame as its source's newest; nothing where the source is no owner any more."""
        with self._lock:
            kept = self._kept.get(owner)
            if kept is None:
                return
            old = kept.pop(frame.index, None)
            kept[frame.index] = frame
            self._bytes[owner] += frame.nbytes - (old.nbytes if old is not None else 0)
            self._shrink()

    def get(self, owner: object, index: int) -> Frame | None:
        """A frame, which counts as used; None when it is not kept."""
        with self._lock:
            kept = self._kept.get(owner)
            if kept is None or index not in kept:
                return None
            kept.move_to_end(index)
            return kept[index]

    def missing(self, owner: object, indices: Sequence[int]) -> int | None:
        """The first of these frames that is not kept; None when all are."""
        with self._lock:
            kept: Mapping[int, Frame] = self._kept.get(owner) or {}
            return next((index for index in indices if index not in kept), None)

    def use(self, owner: object, indices: Sequence[int]) -> None:
        """Count these frames as used, the first of them last."""
        with self._lock:
            kept = self._kept.get(owner) or OrderedDict[int, Frame]()
            for index in reversed(indices):
                if index in kept:
                    kept.move_to_end(index)

    def nearest(self, owner: object, index: int) -> int | None:
        """Of a source's frames the one nearest to `index`; None when none is kept."""
        with self._lock:
            return min(self._kept.get(owner, ()), key=lambda one: (abs(one - index), one), default=None)

    def _shrink(self) -> None:
        total = sum(self._bytes.values())
        while total > self._limit_bytes:
            owner = max(self._bytes, key=lambda one: self._bytes[one])
            kept = self._kept[owner]
            if len(kept) <= _LEAST_FRAMES:
                return
            _, frame = kept.popitem(last=False)
            self._bytes[owner] -= frame.nbytes
            total -= frame.nbytes


class FileSource(PictureSource):
    """Any clip that can be probed: video, animation, images, or an exported result.

    One thread decodes, frame by frame, and looks before each at what is wanted now: a newer wish lets
    go of an older one even in the middle of a long way from its key frame, and goes on from where the
    decoder stands when that lies on its way. What is passed is kept for stepping back.
    """

    _woken = Signal()

    def __init__(
        self,
        info: ClipInfo,
        cache: FrameCache,
        *,
        title: str = "",
        start: Fraction | None = None,
        speed: Fraction = Fraction(1),
        plan: OutputPlan | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Nothing is opened before something is wanted.

        Args:
            info: what `probe` found.
            cache: keeps the frames.
            title: for labels; the file's name when empty.
            start: source seconds that its first frame shows; None when it is the source itself.
            speed: source seconds in one second of the file.
            plan: what the file was made by; it then tells start, speed, and which frames were made.
            parent: the owner; `close` must be called before it goes.
        """
        super().__init__(parent)
        self.info = info
        self._title = title or info.path.name
        self._plan = plan if plan is not None and len(plan) == len(info.times) else None
        self._start = plan.source_start if plan is not None else info.times.start if start is None else start
        self._speed = plan.speed if plan is not None else speed
        self._cache = cache
        self._frame_bytes = info.format.frame_bytes(width=info.width, height=info.height)
        self._condition = threading.Condition()
        self._wanted: tuple[int, ...] = ()
        self._arrived: deque[int] = deque()
        self._has_failed = False
        self._is_closed = False
        self._told_at = 0.0
        self._thread: threading.Thread | None = None
        self.notes: tuple[str, ...] = ()
        """Repairs found while decoding, one sentence each."""
        cache.add_owner(self)
        self._woken.connect(self._on_woken)

    @property
    def title(self) -> str:
        """Name for labels and menus."""
        return self._title

    @property
    def times(self) -> FrameTimes:
        """When each frame is shown, on the file's own clock."""
        return self.info.times

    @property
    def pace(self) -> Fraction:
        """Source seconds in one second of the file."""
        return self._speed

    def source_time(self, index: int) -> Fraction:
        """Source seconds at which frame `index` begins."""
        if self._plan is not None and index < len(self._plan):
            return self._start + self._plan[index].time * self._speed
        return self._start + (self.times.time(index) - self.times.start) * self._speed

    def index_at(self, source_time: Fraction) -> int:
        """The frame shown at a source second."""
        seconds = (source_time - self._start) / self._speed
        index = self.times.index_at(self.times.start + seconds)
        if self._plan is not None:  # the file's own times are rounded to what its container can say
            if index + 1 < len(self._plan) and self._plan[index + 1].time <= seconds:
                index += 1
            elif index > 0 and self._plan[index].time > seconds:
                index -= 1
        return index

    def label(self, index: int) -> PictureLabel:
        """What to say of a frame; which were made is known where the plan is."""
        time_ = self.times.time(index)
        if self._plan is None:
            return PictureLabel(index=index, time=time_, gap=index)
        planned = self._plan[index]
        return PictureLabel(
            index=index, time=time_, made=planned.position != 0, gap=planned.gap, position=planned.position
        )

    def picture(self, index: int) -> Frame | None:
        """The frame when it is kept."""
        return self._cache.get(self, index)

    def is_coming(self, index: int) -> bool:
        """Whether the file can be decoded."""
        return not self._has_failed

    def nearest(self, index: int) -> int | None:
        """The kept frame nearest to `index`."""
        return self._cache.nearest(self, index)

    def want(self, indices: Sequence[int]) -> None:
        """Get these frames, first ones first; as many as can be kept."""
        count = len(self.times)
        room = self._cache.room(self._frame_bytes)
        wanted = tuple(index for index in indices if 0 <= index < count)[:room]
        self._cache.use(self, wanted)
        with self._condition:
            if self._is_closed or wanted == self._wanted:
                return
            self._wanted = wanted
            if self._thread is None and self._cache.missing(self, wanted) is not None:
                self._thread = threading.Thread(
                    target=self._work, args=(self._woken,), name="decoding", daemon=True
                )
                self._thread.start()
            self._condition.notify()

    def close(self) -> None:
        """End the thread, close the file, forget the frames.

        A thread in the middle of one long step (the index of a huge file on a slow disk) is not waited
        for longer than a moment: it ends by itself after that step, and nothing of it is heard.
        """
        with self._condition:
            self._is_closed = True
            self._wanted = ()
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)
        self._arrived.clear()
        self._cache.remove_owner(self)

    def _on_woken(self) -> None:
        while self._arrived:
            self.picture_ready.emit(self._arrived.popleft())
        if self.problem and not self._is_closed and not self._has_failed:
            self._has_failed = True
            self.failed.emit(self.problem)
            self.available_changed.emit()

    # Everything below runs in the thread.

    def _work(self, wake: SignalInstance) -> None:
        problem = ""
        try:
            with open_source(self.info) as source:
                self._serve(source, entry_points(self.info), wake)
        except FlavrError as error:
            problem = str(error)
        except Exception as error:
            _log.exception("decoding of %s failed", self.info.path)
            problem = QCoreApplication.translate("FileSource", "'{name}' cannot be shown: {reason}.").format(
                name=self.info.path.name, reason=error
            )
        if problem and not self._is_closed:
            self.problem = problem
            wake.emit()

    def _serve(self, source: FrameSource, entries: Sequence[int], wake: SignalInstance) -> None:
        """Decode what is wanted until closed."""
        run: Generator[Frame, None, None] | None = None
        position = 0
        while (next_ := self._wait()) is not None:
            target, is_alone = next_
            entry = entries[bisect_right(entries, target) - 1]
            if run is not None and not entry <= position <= target:
                run.close()
                run = None
            if not entry <= position <= target:
                position = entry
            is_fresh = run is None
            if run is None:
                # A series decodes ahead on other threads, which one frame alone has no use for.
                stop = target + 1 if is_alone else None
                run = cast(Generator[Frame, None, None], source.frames(position, stop))
            frame = next(run, None)
            if frame is None:
                run = None  # its stop was reached
                if is_fresh:
                    raise MediaError(f"'{self.info.path}' ended before frame {target}.", "Open it again.")
                continue
            position = frame.index + 1
            self._cache.put(self, frame)
            self._tell(frame.index, source, wake)
        if run is not None:
            run.close()

    def _wait(self) -> tuple[int, bool] | None:
        """The frame to get next and whether it alone is wanted; None when closed."""
        with self._condition:
            while not self._is_closed:
                target = self._cache.missing(self, self._wanted)
                if target is not None:
                    return target, len(self._wanted) == 1
                self._condition.wait()
        return None

    def _tell(self, index: int, source: FrameSource, wake: SignalInstance) -> None:
        now = time.monotonic()
        if self._is_closed:
            return
        if index not in self._wanted and now < self._told_at + _ON_THE_WAY_S:
            return
        self._told_at = now
        self.notes = tuple(source.notes)
        self._arrived.append(index)
        wake.emit()
