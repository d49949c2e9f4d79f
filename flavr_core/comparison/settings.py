"""What can be chosen for a comparison that is written to a file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from flavr_core.comparison.views import LARGEST_GAIN, DifferenceKind, ViewMode
from flavr_core.errors import SettingsError
from flavr_core.settings import ConvertSettings
from flavr_core.timing import TimePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedClip:
    """A file of which it is known how it lies over the clip that it was made from."""

    path: Path
    """The file."""
    speed: Fraction = Fraction(1)
    """Seconds of that clip in one of its own, > 0."""
    lead: Fraction = Fraction(0)
    """Seconds of that clip before its first frame."""


SideSettings = Path | PlacedClip | ConvertSettings
"""A file, or a conversion whose frames are drawn while they are compared (its output is not written)."""


def path_of(side: SideSettings) -> Path:
    """The file that a side is read from."""
    if isinstance(side, Path):
        return side
    return side.path if isinstance(side, PlacedClip) else side.source


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSettings:
    """Two clips and how they are shown together."""

    a: SideSettings
    """The original, or what else B is compared with."""
    b: SideSettings
    """The result."""
    output: Path
    """The file to write: a video or an animation, or one picture as `.png`."""
    view: ViewMode = ViewMode.WIPE
    """How both are shown."""
    difference: DifferenceKind = DifferenceKind.AMPLIFIED
    """How a difference is shown."""
    gain: float = 8
    """By how much a difference is amplified, 1 to LARGEST_GAIN."""
    wipe: float = 0.5
    """Place of the wipe's line, 0 left to 1 right."""
    sweep_s: Fraction | None = None
    """Seconds in which the wipe's line goes across and back; None for a line that stands still."""
    flip_s: Fraction = Fraction(7, 10)
    """Seconds for which a side is shown before the other one is (ViewMode.FLIP)."""
    swap: bool = False
    """Whether B stands where A belongs."""
    slow: Fraction | None = None
    """How many times longer B lasts than what A shows of it; None finds out."""
    offset: Fraction | None = None
    """Seconds of A before B's first frame; None for what is known of both, else 0."""
    start: TimePoint | None = None
    """Where it begins, on A's clock; None for where both have pictures."""
    stop: TimePoint | None = None
    """Where it ends (exclusive), on A's clock; likewise."""
    at: TimePoint | None = None
    """The moment of a single picture, on A's clock; None for the middle."""
    labels: tuple[str, str] | None = None
    """Names of A and B on the picture; None for the files' own."""
    show_labels: bool = True
    """Whether anything is written on the picture."""
    max_width: int | None = None
    """Pictures wider than this, both sides together, are scaled down; None for no limit."""
    sequence_rate: Fraction = Fraction(24)
    """Frames a second of an image sequence, which has none of its own."""
    overwrite: bool = False
    """Whether an existing output may be replaced (by rename, once the new one is verified)."""

    def __post_init__(self) -> None:
        if not 1 <= self.gain <= LARGEST_GAIN:
            raise SettingsError(
                f"A difference cannot be amplified {self.gain:g} times.", f"Use 1 to {LARGEST_GAIN}."
            )
        if not 0 <= self.wipe <= 1:
            raise SettingsError(
                f"A wipe at {self.wipe:g} is outside the picture.", "Use 0 (left) to 1 (right)."
            )
        if self.max_width is not None and self.max_width < 64:
            raise SettingsError(f"A width of {self.max_width} is too small.", "Use 64 or more.")
        if self.slow is not None and self.slow <= 0:
            raise SettingsError("B cannot last no time at all.", "Use 1 or more.")
