"""The plan of an output: every output frame, its time and what it is made from.

The plan is pure: it follows from the source's frame times and the settings alone, is total (every
output time once) and is computed on demand, so that a film needs no more memory than its timestamps.
`flavr_core.timeline.plan` builds it; every stage reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Protocol

from flavr_core.frame import PlannedFrame
from flavr_core.timing import FrameTimes


class OutputPlan(Protocol):
    """What later stages may ask of a plan."""

    @property
    def times(self) -> FrameTimes:
        """The source frames that count (all, or those left when duplicates are dropped)."""

    @property
    def source_indices(self) -> Sequence[int] | None:
        """Numbers in the file of the frames in `times`; None where they are all frames."""

    @property
    def rate(self) -> Fraction | None:
        """Output frames a second; None when the output keeps a variable rate."""

    @property
    def time_base(self) -> Fraction:
        """A time base in which every output time is a whole number."""

    @property
    def duration(self) -> Fraction:
        """Seconds from the first output frame's appearance to the last one's end."""

    @property
    def speed(self) -> Fraction:
        """Source seconds in one output second: 1, or 1/4 for `--slow 4x`."""

    @property
    def source_start(self) -> Fraction:
        """Seconds on the file's clock that output time 0 shows."""

    @property
    def source_stop(self) -> Fraction:
        """Seconds on the file's clock at which the output ends."""

    @property
    def is_trimmed(self) -> bool:
        """Whether less than the whole source is covered."""

    @property
    def largest_timing_error(self) -> Fraction:
        """Seconds of source time by which a drawn frame misses its wanted place at most."""

    def __len__(self) -> int:
        """Number of output frames."""

    def __getitem__(self, index: int) -> PlannedFrame:
        """Output frame `index`, 0 <= index < len."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[PlannedFrame]:
        """Output frames start to stop - 1, in order."""

    def frame_end(self, index: int) -> Fraction:
        """Seconds on the output's clock at which output frame `index` ends."""

    def needed_source_range(self, start: int, stop: int) -> tuple[int, int]:
        """First and one past the last entry of `times` needed for output frames start to stop - 1."""
