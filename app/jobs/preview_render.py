"""Rendering a stretch of a preview, in a background thread: the export's own steps on smaller pictures.

Cuts are looked for in the frames at their full size, so that the preview cuts where the export does;
only what the network is handed is scaled.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from app.jobs.libraries import import_torch
from app.jobs.preview_frames import Look, Place
from app.jobs.preview_ranges import index_shown, runs_of, source_seconds
from app.jobs.reuse import DrawnBy, FileState, drawn_by, file_state
from flavr_core.clip import ClipInfo
from flavr_core.comparison.sizes import reduced
from flavr_core.frame import Frame, FrameWindow, PlannedFrame
from flavr_core.media import open_source
from flavr_core.plan import OutputPlan
from flavr_core.progress import CancelToken
from flavr_core.settings import DuplicateMode, EngineSettings, TimingSettings
from flavr_core.timeline import (
    drop_duplicates,
    find_duplicates,
    iter_windows,
    needed_frames,
    plan_output,
    resolve_repeats,
)

if TYPE_CHECKING:
    from flavr_core.engine import Engine

IDLE_ENGINES = 2
"""Networks that are kept loaded between previews."""
_KEPT_SCALED = 8
"""Scaled source frames that are kept: windows share theirs."""

EngineKey = tuple[EngineSettings, int, int]


class EngineShelf:
    """Loaded networks between one preview and the next, by settings and size. Used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[EngineKey, Engine]] = []
        self._closed = False

    def take(self, settings: EngineSettings, *, width: int, height: int) -> Engine:
        """An engine that nobody else uses until it is given back; loads one where there is none.

        Raises:
            FlavrError: as `create_engine` does.
        """
        key = (settings, width, height)
        with self._lock:
            for number, (known, _) in enumerate(self._idle):
                if known == key:
                    return self._idle.pop(number)[1]
        import_torch()
        from flavr_core.engine import create_engine

        return create_engine(settings, width=width, height=height)

    def give_back(self, settings: EngineSettings, engine: Engine) -> None:
        """Keep an engine for the next time; the one used longest ago goes."""
        with self._lock:
            self._idle.append(((settings, engine.width, engine.height), engine))
            most = 0 if self._closed else IDLE_ENGINES
            gone = self._idle[: max(0, len(self._idle) - most)]
            del self._idle[: len(gone)]
        for _, old in gone:
            old.close()

    def close(self) -> None:
        """Let go of all engines; those in use go when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, engine in idle:
            engine.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What is to be rendered."""

    info: ClipInfo
    """The clip."""
    timing: TimingSettings
    """When output frames are shown."""
    look: Look
    """How they are made."""
    start: Fraction
    """Source second to begin at."""
    stop: Fraction
    """Source second to end at, exclusive."""
    have: frozenset[Place]
    """Places that are rendered already."""
    most_frames: int
    """Pictures that can be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One picture, ready."""

    planned: PlannedFrame
    """Which."""
    frame: Frame
    """Its pixels."""
    by: DrawnBy | None
    """Who drew it; None for a frame that was filmed or held."""


class RenderNews:
    """What a render has to say, taken by the window's thread when it comes to look."""

    def __init__(self) -> None:
        self.plan: OutputPlan | None = None
        """The plan with the network's own places, once that is known."""
        self.made: deque[Made] = deque()
        """Pictures that were not taken yet."""
        self.stage = "load"
        """`load`, `analyse` (duplicates) or `render`."""
        self.analysed: tuple[int, int] = (0, 0)
        """Frames looked through for duplicates, and all."""
        self.indices: tuple[int, int] = (0, 0)
        """First and one past the last output frame of the stretch; (0, 0) until it is known."""
        self.done = 0
        """Pictures made."""
        self.total = 0
        """Pictures to make."""
        self.began_s = 0.0
        """When the first was begun."""
        self.is_full = False
        """Whether the stretch was cut short because no more pictures can be kept."""
        self.files: FileState = ()
        """The clip's files as they were when rendering began."""
        self.notes: list[str] = []
        """What the user should know."""


def render(stretch: Stretch, engines: EngineShelf, news: RenderNews, token: CancelToken) -> None:
    """Render what is missing of a stretch, in order.

    Raises:
        FlavrError: what the stages raise.
        CancelledError: when stopped.
    """
    settings, look = stretch.look.engine, stretch.look
    engine = engines.take(settings, width=look.width, height=look.height)
    try:
        news.notes += engine.notes
        token.check()
        plan = plan_of(
            stretch.info, stretch.timing, look, grid=engine.network.positions, news=news, token=token
        )
        news.plan = plan
        runs = _missing(plan, stretch, news)
        identity = engine.identity()
        news.stage, news.began_s = "render", time.monotonic()
        with open_source(stretch.info) as source:
            news.files = file_state(stretch.info)
            for start, stop in runs:
                frames = _checked(source.frames(*needed_frames(plan, start, stop)), token)
                scale = Scaler(width=look.width, height=look.height)
                windows = iter_windows(
                    frames, plan, scenes=look.scenes, overrides=look.cuts, start=start, stop=stop
                )
                for window in windows:
                    token.check()
                    drawn = engine.interpolate(scale.window(window), cut_mode=look.scenes.cuts)
                    token.check()
                    by = drawn_by(identity, engine, window)
                    for planned, frame in zip(window.outputs, drawn, strict=True):
                        news.made.append(Made(planned=planned, frame=frame, by=by if frame.made else None))
                        news.done += 1
    finally:
        engines.give_back(settings, engine)


def plan_of(
    info: ClipInfo,
    timing: TimingSettings,
    look: Look,
    *,
    grid: Sequence[Fraction] | None,
    news: RenderNews,
    token: CancelToken,
) -> OutputPlan:
    """The plan that the export will have. Looks through the whole clip where duplicates are dropped.

    Raises:
        ProblemsError: with all that is wrong with the times.
    """
    times, indices = info.times, None
    if look.scenes.duplicates is DuplicateMode.DROP:
        news.stage = "analyse"
        repeated = resolve_repeats(look.cuts, info.times, _duplicates(info, news, token))
        times, indices = drop_duplicates(info.times, repeated)
    return plan_output(times, timing, rate=info.rate, is_vfr=info.is_vfr, grid=grid, source_indices=indices)


_known_duplicates: dict[tuple[str, int, int], tuple[int, ...]] = {}
"""By path, size and time of change: the analysis reads the whole clip."""


def _duplicates(info: ClipInfo, news: RenderNews, token: CancelToken) -> tuple[int, ...]:
    stat = info.path.stat()
    key = (str(info.path), stat.st_size, stat.st_mtime_ns)
    if key not in _known_duplicates:
        total = len(info.times)

        def watched() -> Iterator[Frame]:
            for done, frame in enumerate(source.frames()):
                token.check()
                news.analysed = (done, total)
                yield frame

        with open_source(info) as source:
            _known_duplicates[key] = tuple(find_duplicates(watched(), info.times))
    return _known_duplicates[key]


def _missing(plan: OutputPlan, stretch: Stretch, news: RenderNews) -> list[tuple[int, int]]:
    """Runs of output frames that are still to be made, as far as they can be kept."""
    first = index_shown(plan, stretch.start)
    last = max(first + 1, index_shown(plan, stretch.stop))
    if source_seconds(plan, last) < stretch.stop:
        last += 1
    news.is_full = last - first > stretch.most_frames
    last = min(last, first + stretch.most_frames)
    missing = {
        planned.index
        for planned in plan.frames(first, last)
        if (planned.gap, planned.position) not in stretch.have
    }
    news.indices, news.total = (first, last), len(missing)
    return runs_of(missing)


def _checked(frames: Iterator[Frame], token: CancelToken) -> Iterator[Frame]:
    for frame in frames:
        token.check()
        yield frame


class Scaler:
    """Scales source frames in their own pixel format; windows share theirs, so few are kept."""

    def __init__(self, *, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._scaled: dict[int, Frame] = {}

    def window(self, window: FrameWindow) -> FrameWindow:
        """A window of scaled frames."""
        a, b, c, d = (self.frame(frame) for frame in window.frames)
        return replace(window, frames=(a, b, c, d))

    def frame(self, frame: Frame) -> Frame:
        """A scaled frame; the very frame where it has the size already."""
        if (frame.width, frame.height) == (self._width, self._height):
            return frame
        if frame.index not in self._scaled:
            self._scaled[frame.index] = reduced(frame, width=self._width, height=self._height)
            while len(self._scaled) > _KEPT_SCALED:
                del self._scaled[next(iter(self._scaled))]
        return self._scaled[frame.index]
