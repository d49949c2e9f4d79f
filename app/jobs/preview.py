"""The preview: a stretch of the result, rendered at screen size, played while it renders."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs.pictures import PictureLabel, PictureSource
from app.jobs.preview_frames import Kept, Look, PreviewFrames, default_limit_bytes
from app.jobs.preview_ranges import (
    index_shown,
    indices_of,
    joined,
    runs_of,
    source_seconds,
    times_of,
    uncovered,
)
from app.jobs.preview_render import EngineShelf, RenderNews, Stretch, render
from app.jobs.reuse import DrawnFrames, FileState
from app.jobs.screen_sizes import scale_of, screen_size
from app.jobs.worker import Worker, error_words
from flavr_core.clip import ClipInfo
from flavr_core.errors import CancelledError, FlavrError
from flavr_core.frame import Frame
from flavr_core.model.catalog import find
from flavr_core.plan import OutputPlan
from flavr_core.progress import CancelToken
from flavr_core.settings import (
    ConvertSettings,
    CutMode,
    DuplicateMode,
    EngineSettings,
    SceneSettings,
    TimingSettings,
)
from flavr_core.timeline import CutOverrides, plan_output
from flavr_core.timing import FrameTimes

POLL_MS = 30
"""How often new pictures are taken from a render."""
LEAVE_S = 0.1
"""How long closing waits for a pass of the network; it then ends by itself and is forgotten."""


class RangeState(StrEnum):
    """What there is of a stretch."""

    RENDERED = "rendered"
    STALE = "stale"
    """Rendered with other settings: shown, and marked."""
    RENDERING = "rendering"
    """Being rendered, or next."""


_KEPT_STARTS = 1024
"""Frames whose beginning is remembered."""

PreviewRange = tuple[Fraction, Fraction, RangeState]
"""Source seconds from and to, and what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSettings:
    """The part of a clip's edits that a preview shows."""

    timing: TimingSettings = field(default_factory=TimingSettings)
    """When output frames are shown."""
    scenes: SceneSettings = field(default_factory=SceneSettings)
    """Cuts and duplicates; `cuts_file` has no meaning here."""
    cuts: CutOverrides = field(default_factory=CutOverrides)
    """Cuts by hand."""
    engine: EngineSettings = field(default_factory=EngineSettings)
    """Who draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderProgress:
    """How far a render is."""

    stage: str
    """`load` (the network), `analyse` (duplicates) or `render`."""
    done: int
    """Pictures, or frames looked through."""
    total: int
    """Of how many; 0 when unknown."""
    rate: float
    """Pictures a second; 0 when unknown."""
    remaining_s: float | None
    """Seconds to the end; None when unknown."""


class Preview(PictureSource):
    """The result of one clip as its settings are now, as far as it was rendered.

    `render` begins; pictures come while it goes on. Other settings make stale what they change: such
    pictures stay, marked by their label and in `ranges`, and count again when the change is undone.
    """

    ranges_changed = Signal()
    """`ranges` changed."""
    rendering_changed = Signal(bool)
    """Rendering began or ended."""
    progressed = Signal()
    """`progress` changed."""

    def __init__(
        self,
        info: ClipInfo,
        settings: PreviewSettings,
        engines: EngineShelf,
        *,
        title: str = "",
        limit_bytes: int | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Nothing is loaded before `render`.

        Args:
            info: what `probe` found.
            settings: what is shown.
            engines: keeps loaded networks; shared by all previews.
            title: for labels; `Result` when empty.
            limit_bytes: most bytes of pictures; None for an eighth of the free memory, at most 1 GiB.
            parent: the owner; `close` must be called before it goes.
        """
        super().__init__(parent)
        self.info = info
        self._settings = settings
        self._engines = engines
        self._title = title
        self._frames = PreviewFrames(limit_bytes or default_limit_bytes())
        self._size = screen_size(info, 1280, 720)
        self._wanted_size = self._size
        self._plan: OutputPlan | None = None
        self._start_of: Callable[[int], Fraction] = info.times.time
        self._times: FrameTimes | None = None
        self._available: set[int] = set()
        self._focus = info.times.start
        self._pending: tuple[int, int] = (0, 0)
        self._worker: Worker[None] | None = None
        self._leaving: list[Worker[None]] = []
        self._news = RenderNews()
        self._stretch: Stretch | None = None
        self._files: FileState = ()
        self._closed = False
        self.notes: tuple[str, ...] = ()
        """What the engine and the memory said of the last render, one sentence each."""
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._replan()

    # What it is.

    @property
    def title(self) -> str:
        """Name for labels and menus."""
        return self._title or self.tr("Result")

    @property
    def settings(self) -> PreviewSettings:
        """What is shown."""
        return self._settings

    @property
    def plan(self) -> OutputPlan | None:
        """Every frame of the result; None where the settings make none."""
        return self._plan

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the pictures."""
        return self._size

    @property
    def times(self) -> FrameTimes:
        """When each frame is shown on the result's own clock."""
        if self._times is None:
            self._times = self.info.times if self._plan is None else times_of(self._plan)
        return self._times

    @property
    def pace(self) -> Fraction:
        """Source seconds in one second of the result."""
        return Fraction(1) if self._plan is None else self._plan.speed

    def source_time(self, index: int) -> Fraction:
        """Source seconds at which frame `index` begins; index == len gives the end."""
        return self._start_of(index)

    def index_at(self, source_time: Fraction) -> int:
        """The frame shown at a source second."""
        if self._plan is None:
            return self.info.times.index_at(source_time)
        return index_shown(self._plan, source_time)

    def label(self, index: int) -> PictureLabel:
        """What to say of a frame; `stale` where what is shown was rendered with other settings."""
        plan = self._plan
        if plan is None:
            return PictureLabel(index=index, time=self.times.time(index), gap=index)
        planned = plan[index]
        kept = self._frames.get(self._look, (planned.gap, planned.position))
        stale = self._stale(index) if kept is None else None
        shown = kept or stale
        indices = plan.source_indices
        return PictureLabel(
            index=index,
            time=planned.time,
            made=kept.frame.made if kept is not None else planned.position != 0,
            gap=planned.gap if indices is None else indices[planned.gap],
            position=planned.position,
            stale=stale is not None,
            scale=Fraction(1) if shown is None else scale_of(self.info, shown.frame),
        )

    def picture(self, index: int) -> Frame | None:
        """The frame where it was rendered, else a stale one that was shown at its time."""
        plan = self._plan
        if plan is None or not 0 <= index < len(plan):
            return None
        planned = plan[index]
        kept = self._frames.get(self._look, (planned.gap, planned.position))
        if kept is None and self._is_pending(index):
            return None  # it will be there soon; whoever plays waits for it
        kept = kept or self._stale(index)
        return None if kept is None else replace(kept.frame, index=index, time=planned.time)

    def is_coming(self, index: int) -> bool:
        """Whether the frame is being rendered, or next."""
        return self._is_pending(index)

    def nearest(self, index: int) -> int | None:
        """The rendered frame nearest to `index`; a stale one at it comes first."""
        if self.picture(index) is not None:
            return index
        return min(self._available, key=lambda one: (abs(one - index), one), default=None)

    def want(self, indices: Sequence[int]) -> None:
        """What is looked at: pictures near it are kept longest. Rendering begins with `render` alone."""
        if indices and self._plan is not None:
            self._focus = self.source_time(min(indices[0], len(self._plan) - 1))

    def ranges(self) -> tuple[PreviewRange, ...]:
        """What is rendered, being rendered and stale, in order of time, none overlapping."""
        plan = self._plan
        if plan is None:
            return ()
        rendered = runs_of(self._available)
        pending = set(range(*self._pending)) - self._available
        found: list[PreviewRange] = [
            (source_seconds(plan, start), source_seconds(plan, stop), state)
            for state, spans in ((RangeState.RENDERED, rendered), (RangeState.RENDERING, runs_of(pending)))
            for start, stop in spans
        ]
        covered = sorted((start, stop) for start, stop, _ in found)
        stale = uncovered(joined(self._frames.stale_spans(self._look)), covered)
        found += [(start, stop, RangeState.STALE) for start, stop in stale]
        return tuple(sorted(found))

    @property
    def is_rendering(self) -> bool:
        """Whether pictures are on their way."""
        return self._worker is not None

    @property
    def progress(self) -> RenderProgress | None:
        """How far the render is; None when there is none."""
        if self._worker is None:
            return None
        news = self._news
        if news.stage != "render":
            done, total = news.analysed
            return RenderProgress(stage=news.stage, done=done, total=total, rate=0.0, remaining_s=None)
        seconds = time.monotonic() - news.began_s
        rate = news.done / seconds if seconds > 0 else 0.0
        left = (news.total - news.done) / rate if rate else None
        return RenderProgress(stage="render", done=news.done, total=news.total, rate=rate, remaining_s=left)

    # What is asked of it.

    def update(self, settings: PreviewSettings) -> None:
        """Show other settings. A render of the old ones stops; what they change is stale."""
        if settings != self._settings and not self._closed:
            self.stop()
            self._settings = settings
            self._replan()

    def set_view_size(self, width_px: int, height_px: int) -> None:
        """Pixels of the screen that a picture is shown in; holds from the next `render` on."""
        self._wanted_size = screen_size(self.info, width_px, height_px)

    def render(self, start: Fraction, stop: Fraction | None = None, *, full_size: bool = False) -> None:
        """Render from one source second to another, None for the end. A render that runs is stopped.

        What is rendered already is passed over. It ends early where no more pictures can be kept
        (`notes` says so).
        """
        self.stop()
        if self._closed or self._plan is None:
            if self.problem:
                self.failed.emit(self.problem)
            return
        size = (self.info.width, self.info.height) if full_size else self._wanted_size
        if size != self._size:
            self._size = size
            self._replan()
        plan, look = self._plan, self._look
        frame_bytes = self.info.format.frame_bytes(width=look.width, height=look.height)
        self._focus = start
        stretch = Stretch(
            info=self.info,
            timing=self._settings.timing,
            look=look,
            start=max(start, plan.source_start),
            stop=plan.source_stop if stop is None else min(stop, plan.source_stop),
            have=frozenset(self._frames.places(look)),
            most_frames=max(1, self._frames.limit_bytes // frame_bytes),
        )
        token, news, engines = CancelToken(), RenderNews(), self._engines
        self._stretch, self._news = stretch, news
        self._worker = Worker(
            lambda: render(stretch, engines, news, token), token, name="preview", grace_s=LEAVE_S
        )
        self._worker.finished.connect(self._on_worker_finished)
        self._pending = self._guessed_pending(stretch)
        self.problem, self.notes = "", ()
        self._worker.start()
        self._timer.start()
        self.rendering_changed.emit(True)
        self.ranges_changed.emit()

    def stop(self) -> None:
        """Stop rendering; what is rendered stays."""
        if self._worker is None:
            return
        self._take()
        self._worker.cancel()
        self._leaving.append(self._worker)
        self._end_render()

    def close(self) -> None:
        """Stop, and let go of all pictures. May be called twice."""
        if self._closed:
            return
        self.stop()
        self._closed = True
        for worker in self._leaving:
            worker.close()
        self._leaving.clear()
        self._frames.clear()
        self._available.clear()

    def drawn(self, settings: ConvertSettings) -> DrawnFrames | None:
        """What an export of this clip may take over; None where nothing of use was drawn at full size."""
        look = self._look
        if settings.source != self.info.path or settings.engine != look.engine:
            return None
        if (look.width, look.height) != (self.info.width, self.info.height):
            return None
        frames = self._frames.drawn(look)
        if not frames:
            return None
        return DrawnFrames(
            files=self._files, engine=look.engine, scenes=look.scenes, cuts=self._settings.cuts, frames=frames
        )

    # How it does it.

    @property
    def _look(self) -> Look:
        scenes = replace(self._settings.scenes, cuts_file=None)
        cuts = self._settings.cuts
        if scenes.cuts is CutMode.IGNORE:
            cuts = replace(cuts, cuts=(), vetoes=(), only=False)
        if scenes.duplicates is not DuplicateMode.DROP:
            cuts = replace(cuts, repeats=(), kept=())
        width, height = self._size
        return Look(engine=self._settings.engine, scenes=scenes, cuts=cuts, width=width, height=height)

    def _replan(self) -> None:
        """The plan of the settings, as far as it is known without the network and without decoding."""
        settings, info = self._settings, self.info
        try:
            entry = find(settings.engine.model)
            grid = entry.card.positions if entry is not None else None
            places = None if grid is None else tuple(Fraction(position) for position in grid)
            plan: OutputPlan | None = plan_output(
                info.times, settings.timing, rate=info.rate, is_vfr=info.is_vfr, grid=places
            )
            self.problem = ""
        except FlavrError as error:
            plan, self.problem = None, " ".join(error_words(error)[0].splitlines())
        self._set_plan(plan)

    def _set_plan(self, plan: OutputPlan | None) -> None:
        self._plan, self._times = plan, None
        self._start_of = self.info.times.time
        if plan is not None:  # asked for many times a frame while it plays
            self._start_of = lru_cache(_KEPT_STARTS)(lambda index: source_seconds(plan, index))
        look = self._look
        self._frames.use(look)
        self._available = set()
        drops = self._settings.scenes.duplicates is DuplicateMode.DROP
        if plan is not None and not (drops and plan.source_indices is None):
            places = set(self._frames.places(look))
            self._available = indices_of(plan, places)
        self.available_changed.emit()
        self.ranges_changed.emit()

    def _guessed_pending(self, stretch: Stretch) -> tuple[int, int]:
        """The frames of a stretch, until the render says itself which they are."""
        if self._plan is None:
            return (0, 0)
        first = index_shown(self._plan, stretch.start)
        last = min(index_shown(self._plan, stretch.stop) + 1, len(self._plan))
        return first, min(last, first + stretch.most_frames)

    def _is_pending(self, index: int) -> bool:
        return self._pending[0] <= index < self._pending[1]

    def _stale(self, index: int) -> Kept | None:
        return self._frames.stale_at(self._look, self.source_time(index))

    def _poll(self) -> None:
        if self._worker is not None:
            self._take()
            self.progressed.emit()

    def _take(self) -> None:
        """Take what a render has made."""
        news, stretch = self._news, self._stretch
        if news.plan is not None and stretch is not None:
            plan, news.plan = news.plan, None
            self._set_plan(plan)
        if news.files != self._files:
            if self._files and news.files:  # the clip is another one now
                self._frames.clear()
                self._set_plan(self._plan)
            self._files = news.files or self._files
        if news.indices != (0, 0):
            self._pending = news.indices
        ready = []
        while news.made and self._plan is not None and stretch is not None:
            made = news.made.popleft()
            index, place = made.planned.index, (made.planned.gap, made.planned.position)
            kept = Kept(
                start=self.source_time(index),
                stop=self.source_time(index + 1),
                frame=made.frame,
                by=made.by,
            )
            gone = self._frames.put(
                stretch.look, place, kept, focus=self._focus, stretch=(stretch.start, stretch.stop)
            )
            self._available -= indices_of(self._plan, set(gone)) if gone else set()
            self._available.add(index)
            ready.append(index)
        if ready:
            self.ranges_changed.emit()
            for index in ready:
                self.picture_ready.emit(index)

    def _on_worker_finished(self) -> None:
        self._leaving = [worker for worker in self._leaving if not worker.isFinished() or not worker.wait()]
        worker = self._worker
        if worker is None or not worker.isFinished() or self._closed:
            return
        worker.wait()
        self._take()
        self._end_render()
        notes = list(self._news.notes)
        if self._news.is_full:
            notes.append(self.tr("The preview ends here: no more pictures fit into its memory."))
        self.notes = tuple(notes)
        if worker.error is not None and not isinstance(worker.error, CancelledError):
            message, hint = error_words(worker.error)
            self.problem = " ".join(f"{message} {hint}".split())
            self.failed.emit(self.problem)

    def _end_render(self) -> None:
        self._worker, self._pending = None, (0, 0)
        self._timer.stop()
        self.rendering_changed.emit(False)
        self.ranges_changed.emit()
        self.available_changed.emit()
