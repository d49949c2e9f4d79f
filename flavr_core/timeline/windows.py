"""The four source frames around each gap, streaming: a handful of frames are held at a time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import groupby

from flavr_core.errors import MediaError
from flavr_core.frame import Frame, FrameWindow
from flavr_core.plan import OutputPlan
from flavr_core.settings import CutMode, SceneSettings
from flavr_core.timeline.cuts import CutOverrides, GapOverrides, resolve_overrides
from flavr_core.timeline.scenes import CutDetector


def needed_frames(plan: OutputPlan, start: int, stop: int) -> tuple[int, int]:
    """First and one past the last frame number in the file to decode for output frames start to stop - 1."""
    first, after = plan.needed_source_range(start, stop)
    if plan.source_indices is None:
        return first, after
    return plan.source_indices[first], plan.source_indices[after - 1] + 1


def iter_windows(
    frames: Iterable[Frame],
    plan: OutputPlan,
    *,
    scenes: SceneSettings,
    overrides: CutOverrides | None = None,
    start: int = 0,
    stop: int | None = None,
) -> Iterator[FrameWindow]:
    """One window for each gap with outputs among start to stop - 1, in order.

    What a window holds does not depend on where start and stop lie: any split of the output gives the
    same windows (a gap in which a split falls is given twice, each time with its own outputs).

    Args:
        frames: the frames `needed_frames(plan, start, stop)` of the file, in order, `index` their number in
            the file; dropped duplicates among them are skipped. Read to the end, also past what is used.
        plan: when the outputs are shown.
        scenes: how cuts are found; with `CutMode.IGNORE` there are none, by hand or otherwise.
        overrides: cuts given or vetoed by hand.
        start: first output frame.
        stop: one past the last output frame; None for all.

    Raises:
        MediaError: when the frames end early or one is missing.
        ProblemsError: when an override does not fit the clip.
    """
    stop = len(plan) if stop is None else stop
    if stop <= start:
        return
    first, after = plan.needed_source_range(start, stop)
    detector = None
    decisions = GapOverrides()
    if scenes.cuts is not CutMode.IGNORE:
        if overrides is not None:
            decisions = resolve_overrides(overrides, plan.times, source_indices=plan.source_indices)
        if not decisions.only:
            detector = CutDetector(sensitivity=scenes.sensitivity)
    last = len(plan.times) - 1
    stream = iter(frames)
    ring = _Ring(
        _entries(stream, plan, first, after), detector, decisions, first=first, after=after, last=last
    )
    for gap, outputs in groupby(plan.frames(start, stop), key=lambda planned: planned.gap):
        ring.forget_before(gap - 1)
        b = ring.frame(gap)
        a = ring.frame(gap - 1) if gap > 0 and not ring.is_cut(gap - 1) else b
        if gap == last:
            yield FrameWindow(gap=gap, frames=(a, b, b, b), is_cut=False, outputs=tuple(outputs))
            break
        c = ring.frame(gap + 1)
        d = ring.frame(gap + 2) if gap + 2 <= last and not ring.is_cut(gap + 1) else c
        window = FrameWindow(gap=gap, frames=(a, b, c, d), is_cut=ring.is_cut(gap), outputs=tuple(outputs))
        yield window
    for _ in stream:
        pass


def _entries(frames: Iterable[Frame], plan: OutputPlan, first: int, after: int) -> Iterator[Frame]:
    """The frames of entries first to after - 1 of the plan's times, each checked to be the one expected."""
    indices = plan.source_indices
    entry = first
    for frame in frames:
        expected = entry if indices is None else indices[entry]
        if frame.index > expected:
            break
        if frame.index < expected:
            if indices is not None and indices[bisect_left(indices, frame.index)] != frame.index:
                continue
            raise ValueError(f"frame {frame.index} came where {expected} was expected")
        yield frame
        entry += 1
        if entry == after:
            return
    missing = entry if indices is None else indices[entry]
    raise MediaError(
        f"Frame {missing} of the source could not be decoded.",
        "The file is damaged or changed while it was read.",
    )


class _Ring:
    """The frames around the current gap and the decisions on its neighbours, read as far as needed."""

    def __init__(
        self,
        frames: Iterator[Frame],
        detector: CutDetector | None,
        decisions: GapOverrides,
        *,
        first: int,
        after: int,
        last: int,
    ) -> None:
        self._source = frames
        self._detector = detector
        self._decisions = decisions
        self._after = after
        self._last = last
        self._next = first
        self._next_gap = first
        self._frames: dict[int, Frame] = {}
        self._detected: dict[int, bool] = {}
        self._keep_from = first

    def frame(self, entry: int) -> Frame:
        """Source frame `entry` of the times."""
        while entry not in self._frames:
            self._read()
        return self._frames[entry]

    def is_cut(self, gap: int) -> bool:
        """Whether there is a cut between entries gap and gap + 1."""
        if self._detector is None:
            return self._decisions.decide(gap, detected=False)
        while gap not in self._detected:
            self._read()
        return self._decisions.decide(gap, detected=self._detected[gap])

    def forget_before(self, entry: int) -> None:
        """Let go of what lies before frame `entry` and the gap after it."""
        self._keep_from = entry
        for known in [key for key in self._frames if key < entry]:
            del self._frames[known]
        for known in [key for key in self._detected if key < entry]:
            del self._detected[known]

    def _read(self) -> None:
        """Take one more frame, and what the detector can say with it."""
        if self._next >= self._after:
            raise ValueError("a window reaches past the frames the plan asked for")
        frame = next(self._source)
        if self._next >= self._keep_from:
            self._frames[self._next] = frame
        self._next += 1
        if self._detector is None:
            return
        for is_cut in self._detector.push(frame):
            self._note(is_cut=is_cut)
        if self._next > self._last:
            for is_cut in self._detector.finish():
                self._note(is_cut=is_cut)

    def _note(self, *, is_cut: bool) -> None:
        self._detected[self._next_gap] = is_cut
        self._next_gap += 1
