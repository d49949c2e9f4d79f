"""What can stand on a side of a comparison in a file: a clip, or one that is drawn on the fly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from math import lcm
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from flavr_core.clip import ClipInfo
from flavr_core.comparison.settings import PlacedClip, SideSettings, path_of
from flavr_core.frame import Frame
from flavr_core.media import open_source, probe
from flavr_core.progress import CancelToken
from flavr_core.settings import ConvertSettings, DuplicateMode
from flavr_core.timeline import (
    drop_duplicates,
    find_duplicates,
    iter_windows,
    needed_frames,
    plan_output,
    read_cuts_file,
)
from flavr_core.timing import FrameTimes


class ComparisonSide(Protocol):
    """Frames of one side, in order."""

    @property
    def title(self) -> str:
        """What it is called on a label."""

    @property
    def info(self) -> ClipInfo:
        """Of the file: size, format, sound."""

    @property
    def times(self) -> FrameTimes:
        """When each frame is shown on the side's own clock."""

    @property
    def speed(self) -> Fraction | None:
        """Seconds of the clip it was made from in one of its own; None where that is not known."""

    @property
    def lead(self) -> Fraction | None:
        """Seconds of that clip before its first frame; None where that is not known."""

    @property
    def has_sound(self) -> bool:
        """Whether the sound of `info.path` fits `times`: it does not where they are slowed."""

    def frames(self, start: int, stop: int) -> Iterator[Frame]:
        """Frames start to stop - 1."""


class FileSide:
    """A clip as it is. A context manager."""

    def __init__(self, clip: Path | PlacedClip, *, sequence_rate: Fraction = Fraction(24)) -> None:
        path = path_of(clip)
        self.info = probe(path, sequence_rate=sequence_rate)
        self.title = path.stem or path.name
        self.times = self.info.times
        self.speed = clip.speed if isinstance(clip, PlacedClip) else None
        self.lead = clip.lead if isinstance(clip, PlacedClip) else None
        self.has_sound = True
        self._source = open_source(self.info)

    def frames(self, start: int, stop: int) -> Iterator[Frame]:
        """Frames start to stop - 1."""
        return self._source.frames(start, stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()


class DrawnSide:
    """A conversion, drawn frame by frame as it is asked for. A context manager."""

    def __init__(self, settings: ConvertSettings, token: CancelToken) -> None:
        from flavr_core.engine import create_engine  # imports torch for most networks

        self.info = probe(settings.source, sequence_rate=settings.sequence_rate)
        self._settings, self._token = settings, token
        self._source = open_source(self.info)
        try:
            times, indices = self.info.times, None
            if settings.scenes.duplicates is DuplicateMode.DROP:
                times, indices = drop_duplicates(times, tuple(find_duplicates(self._watched(), times)))
            cuts_file = settings.scenes.cuts_file
            self._overrides = read_cuts_file(cuts_file) if cuts_file else None
            self._engine = create_engine(settings.engine, width=self.info.width, height=self.info.height)
        except BaseException:
            self._source.close()
            raise
        self._plan = plan_output(
            times,
            settings.timing,
            rate=self.info.rate,
            is_vfr=self.info.is_vfr,
            grid=self._engine.network.positions,
            source_indices=indices,
        )
        plan = self._plan
        # At its own speed it runs on its file's clock, so that the file's sound fits.
        self.has_sound = plan.speed == 1
        first = plan.source_start if self.has_sound else Fraction(0)
        unit = Fraction(1, lcm(plan.time_base.denominator, first.denominator))
        self.times = FrameTimes(
            pts=tuple(int((first + frame.time) / unit) for frame in plan.frames()),
            time_base=unit,
            end_pts=int((first + plan.frame_end(len(plan) - 1)) / unit),
        )
        self.title = self._engine.network.name
        self.speed: Fraction | None = plan.speed
        self.lead: Fraction | None = plan.source_start - self.info.times.start

    def frames(self, start: int, stop: int) -> Iterator[Frame]:
        """Frames start to stop - 1, drawn as they are taken."""
        windows = iter_windows(
            self._source.frames(*needed_frames(self._plan, start, stop)),
            self._plan,
            scenes=self._settings.scenes,
            overrides=self._overrides,
            start=start,
            stop=stop,
        )
        for window in windows:
            self._token.check()
            yield from self._engine.interpolate(window, cut_mode=self._settings.scenes.cuts)

    def _watched(self) -> Iterator[Frame]:
        for frame in self._source.frames():
            self._token.check()
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()
        self._engine.close()


def open_side(
    side: SideSettings, token: CancelToken, *, sequence_rate: Fraction = Fraction(24)
) -> AbstractContextManager[ComparisonSide]:
    """Open what stands on a side.

    Raises:
        FlavrError: when it cannot be read or drawn.
    """
    if not isinstance(side, ConvertSettings):
        return FileSide(side, sequence_rate=sequence_rate)
    return DrawnSide(side, token)
