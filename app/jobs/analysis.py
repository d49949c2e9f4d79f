"""Cuts and repeated frames of whole clips, found in the background, and kept for each clip."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs.background import BackgroundCalls, Call
from app.jobs.holdout import GapScore, HoldoutWish, check_gaps
from flavr_core.clip import ClipInfo
from flavr_core.frame import Frame
from flavr_core.media import open_source
from flavr_core.progress import CancelToken
from flavr_core.timeline import CutDetector, find_duplicates

KEPT = 64
"""Answers that are kept, of each kind."""
_POLL_MS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found in a clip."""

    cuts: tuple[int, ...]
    """First frames after cuts, rising."""
    duplicates: tuple[int, ...]
    """Frames that repeat the one before, rising."""


def analyse(
    info: ClipInfo, sensitivity: float, token: CancelToken, report: Callable[[float], None]
) -> Findings:
    """Look for cuts and repeated frames in one pass over the clip.

    Args:
        info: the clip.
        sensitivity: of cuts, 0 to 1.
        token: looked at with every frame.
        report: told the part that is done, 0 to 1.
    """
    detector = CutDetector(sensitivity=sensitivity)
    decisions: list[bool] = []
    count = len(info.times)

    def watched(frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            token.check()
            decisions.extend(detector.push(frame))
            yield frame
            report((frame.index + 1) / count)

    with open_source(info) as source:
        duplicates = tuple(find_duplicates(watched(source.frames()), info.times))
    decisions.extend(detector.finish())
    cuts = tuple(gap + 1 for gap, is_cut in enumerate(decisions) if is_cut)
    return Findings(cuts=cuts, duplicates=duplicates)


class _Kept:
    """Answers about clips, the oldest forgotten first. Clips are told apart by identity."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[ClipInfo, Any]] = OrderedDict()

    def get(self, info: ClipInfo, *what: Hashable) -> Any:
        found = self._answers.get((id(info), *what))
        return found[1] if found is not None else None

    def put(self, answer: Any, info: ClipInfo, *what: Hashable) -> None:
        self._answers[id(info), *what] = (info, answer)  # info is held, so its identity stays its own
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)

    def keep_only(self, infos: Iterable[ClipInfo]) -> None:
        wanted = {id(info) for info in infos}
        for key in [key for key, (info, _) in self._answers.items() if id(info) not in wanted]:
            del self._answers[key]


class _Watched(QObject):
    """One clip at a time is worked on in the background; what is reported is collected ten times a second."""

    progressed = Signal()
    """More is done."""
    finished = Signal()
    """The answer for the clip can be had."""
    stopped = Signal()
    """It was cancelled."""
    failed = Signal(str)
    """One sentence: why it could not be done."""

    def __init__(self, parent: QObject | None, name: str) -> None:
        super().__init__(parent)
        self._calls = BackgroundCalls(self, name=name)
        self._call: Call | None = None
        self._info: ClipInfo | None = None
        self._kept = _Kept()
        self._part = 0.0
        self._reported: Any = None
        self._told: Any = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._on_poll)

    @property
    def part_done(self) -> float:
        """How much of the clip is done, 0 to 1."""
        return self._part

    def is_running_for(self, info: ClipInfo | None) -> bool:
        """Whether this clip is being worked on."""
        return self._call is not None and self._info is info

    def keep_only(self, infos: Iterable[ClipInfo]) -> None:
        """Forget what was found in all other clips: they left the list, or were read again."""
        self._kept.keep_only(infos)

    def cancel(self) -> None:
        """Stop working."""
        if self._call is not None:
            self._drop()
            self.stopped.emit()

    def hold(self, is_held: bool) -> None:
        """While held the work stands still; nothing of it is lost."""
        self._calls.hold(is_held)

    def close(self) -> None:
        """Stop and wait for the thread. May be called twice."""
        self._drop()
        self._calls.close()

    def _begin(
        self,
        info: ClipInfo,
        work: Callable[[CancelToken, Callable[[Any], None]], Any],
        on_done: Callable[[Any], None],
    ) -> None:
        """Do this in place of what is being done; the work may report immutable values."""
        self._drop()
        self._info, self._part = info, 0.0
        self._reported = self._told = None

        def report(value: Any) -> None:
            if not call.token.cancelled:
                self._reported = value

        def done(answer: Any) -> None:
            self._end()
            on_done(answer)
            self.finished.emit()

        def failed(error: Exception) -> None:
            self._end()
            self.failed.emit(str(error))

        call = self._calls.submit(lambda token: work(token, report), on_done=done, on_error=failed)
        self._call = call
        self._timer.start()

    def _take(self, reported: Any) -> None:
        """Look at the newest report."""
        self._part = reported

    def _drop(self) -> None:
        if self._call is not None:
            self._call.cancel()
        self._end()

    def _end(self) -> None:
        self._call = None
        self._timer.stop()

    def _on_poll(self) -> None:
        if self._reported is not self._told:
            self._told = self._reported
            self._take(self._told)
            self.progressed.emit()


class ClipAnalysis(_Watched):
    """Cuts and duplicates of clips: the newest wish wins, what was found is kept."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent, "analysis")

    def find(self, info: ClipInfo, *, sensitivity: float) -> Findings | None:
        """What was found in a clip, where it has been looked at."""
        found: Findings | None = self._kept.get(info, sensitivity)
        return found

    def start(self, info: ClipInfo, *, sensitivity: float) -> None:
        """Look at a clip, in place of what is being looked at."""
        self._begin(
            info,
            lambda token, report: analyse(info, sensitivity, token, report),
            lambda found: self._kept.put(found, info, sensitivity),
        )


class HoldoutCheck(_Watched):
    """How well a network rebuilds frames of a clip that are left out; scores can be had as they are found."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent, "holdout")
        self._wish: HoldoutWish | None = None

    def scores(self, info: ClipInfo, network: str) -> tuple[GapScore, ...]:
        """Scores of a clip with a network, by time; empty where it has not been checked."""
        found: tuple[GapScore, ...] = self._kept.get(info, network) or ()
        return found

    def start(self, wish: HoldoutWish) -> None:
        """Check a clip, in place of what is being checked."""
        self._wish = wish
        self._begin(
            wish.info, lambda token, report: check_gaps(wish, token, report), lambda _: self._take_last()
        )

    def _take(self, reported: tuple[float, tuple[GapScore, ...]]) -> None:
        assert self._wish is not None
        self._part, scores = reported
        self._kept.put(scores, self._wish.info, self._wish.engine.model)

    def _take_last(self) -> None:
        if self._reported is not None:
            self._take(self._reported)
