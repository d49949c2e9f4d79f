"""Frames that a preview drew at full size, handed to an export that would draw the very same ones.

A frame is taken only where nothing can make a difference: the same file, cuts and size, the same network and
weights on the same device in the same precision and way of drawing, and the same places drawn in one go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from flavr_core.clip import ClipInfo
from flavr_core.frame import Frame, FrameWindow
from flavr_core.media import source_files
from flavr_core.settings import EngineSettings, SceneSettings
from flavr_core.timeline import CutOverrides

if TYPE_CHECKING:
    from flavr_core.engine import Engine
    from flavr_core.pipeline import Job

FileState = tuple[tuple[str, int, int], ...]
"""Path, size and time of change of every file of a clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBy:
    """Who drew the frames of a gap, and how."""

    identity: str
    """Network, weights, precision, device."""
    way: str
    """How it was run: all of it at once, in strips, in tiles."""
    positions: tuple[Fraction, ...]
    """All places of the gap that were drawn in one go."""


@dataclass(slots=True, kw_only=True)
class DrawnFrames:
    """What a preview has drawn at a clip's own size, for one export.

    Attributes:
        taken: frames that were handed to the export.
    """

    files: FileState
    """The clip as it was when they were drawn."""
    engine: EngineSettings
    """What was asked for."""
    scenes: SceneSettings
    """Cuts and duplicates, without a file of cuts."""
    cuts: CutOverrides
    """Cuts by hand."""
    frames: Mapping[tuple[int, Fraction], tuple[Frame, DrawnBy]]
    """By gap and position."""
    taken: int = 0
    _identity: str = ""

    def fits(self, job: Job) -> bool:
        """Whether a job may take them: same clip, network, cuts and duplicates."""
        settings = job.settings
        self._identity = job.engine.identity()
        return (
            self.files == file_state(job.info)
            and self.engine == settings.engine
            and self.scenes == replace(settings.scenes, cuts_file=None)
            and self.cuts == (job.overrides or CutOverrides())
        )

    def take(self, window: FrameWindow, engine: Engine) -> tuple[Frame, ...] | None:
        """The window's outputs; None where not all that would be drawn is here. For the job's thread."""
        positions = positions_of(window)
        if not positions:
            return None
        by = drawn_by(self._identity, engine, window)
        found: dict[Fraction, Frame] = {Fraction(0): window.frames[1]}
        for position in positions:
            frame, drawer = self.frames.get((window.gap, position), (None, None))
            if frame is None or drawer != by:
                return None
            found[position] = frame
        self.taken += sum(planned.position != 0 for planned in window.outputs)
        return tuple(
            replace(found[planned.position], time=planned.time, index=planned.index)
            for planned in window.outputs
        )


def positions_of(window: FrameWindow) -> tuple[Fraction, ...]:
    """The places of a gap that are drawn for a window, in order."""
    return tuple(sorted({planned.position for planned in window.outputs if planned.position}))


def drawn_by(identity: str, engine: Engine, window: FrameWindow) -> DrawnBy:
    """Who draws a window now, and how."""
    return DrawnBy(identity=identity, way=engine.describe(), positions=positions_of(window))


def file_state(info: ClipInfo) -> FileState:
    """What changes when a clip's files do. Raises OSError when one is gone."""
    stats = [(file, file.stat()) for file in source_files(info)]
    return tuple((str(file.absolute()), stat.st_size, stat.st_mtime_ns) for file, stat in stats)
