"""What was read back from a finished file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from flavr_core.timing import format_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was read back from a finished file. Times in seconds on the output's clock."""

    frames: int
    """Frames in the file."""
    first: Fraction | None
    """When the first frame is shown; None where nothing could be read."""
    last: Fraction | None
    """When the last frame is shown."""
    duration: Fraction | None
    """From the first frame's appearance to the last one's end."""
    width: int
    """Columns of the picture."""
    height: int
    """Rows of the picture."""
    audio_offsets_samples: tuple[Fraction, ...] = ()
    """For each sound stream, by how many samples it begins later than planned, against the picture."""
    problems: tuple[str, ...] = ()
    """One sentence for each difference from the plan; empty when all is as promised."""

    def summary(self) -> str:
        """One line for people."""
        if self.problems:
            return " ".join(self.problems)
        words = f"{self.frames} frames, {format_time(self.duration or Fraction(0))}"
        if self.audio_offsets_samples:
            worst = max(self.audio_offsets_samples, key=abs)
            words += (
                ", sound begins in place to the sample"
                if not worst
                else f", sound begins at most {ceil(abs(worst))} {'samples' if abs(worst) > 1 else 'sample'} "
                "from its place"
            )
        return words


def failed(problem: str) -> Verification:
    """A verification of a file that cannot be read at all."""
    return Verification(
        frames=0, first=None, last=None, duration=None, width=0, height=0, problems=(problem,)
    )
