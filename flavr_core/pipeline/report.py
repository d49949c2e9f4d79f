"""The receipt of a finished job: what was promised, what was made, what was read back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flavr_core.errors import OutputError
from flavr_core.media import Verification
from flavr_core.pipeline.journal import file_sha256, write_atomically
from flavr_core.settings import format_bytes
from flavr_core.timing import format_rate, format_time

if TYPE_CHECKING:
    from flavr_core.pipeline.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What a job did. Times in seconds."""

    source: Path
    """What was converted."""
    output: Path
    """What was written."""
    output_bytes: int
    """Size of the result."""
    sha256: str
    """Hash of the result; empty for a folder of images."""
    source_frames: int
    """Frames of the source that the output covers, dropped duplicates left out."""
    frames: int
    """Frames of the output."""
    stored_frames: int
    """Frames in the finished file: fewer where an animation leaves some out, or joins equal ones."""
    made: int
    """Frames that were drawn."""
    held: int
    """Frames that show the one before again: at the end, at cuts, where nothing moved."""
    rate: Fraction | None
    """Output frames a second; None when variable."""
    duration: Fraction
    """Output duration."""
    largest_timing_error: Fraction
    """Source time by which a drawn frame misses its wanted place at most."""
    engine: str
    """Network, device, precision and how they were used."""
    encoder: str
    """Encoder and pixel format."""
    resumed_frames: int
    """Frames taken from an interrupted render."""
    rendered_s: float
    """Wall time of decoding, drawing and encoding."""
    elapsed_s: float
    """Wall time of everything."""
    streams: tuple[str, ...]
    """What became of sound, subtitles and the other streams."""
    notes: tuple[str, ...]
    """All that was repaired, converted, dropped or stepped down."""
    verification: Verification
    """What was read back from the result."""

    @staticmethod
    def of(
        job: Job,
        *,
        made: int,
        filmed: int,
        resumed_frames: int,
        rendered_s: float,
        elapsed_s: float,
        notes: tuple[str, ...],
        verification: Verification,
    ) -> JobReport:
        """The receipt of `job`, whose result is under its final name."""
        output = job.settings.output
        is_folder = output.is_dir()
        size = sum(f.stat().st_size for f in output.iterdir()) if is_folder else output.stat().st_size
        return JobReport(
            source=job.settings.source,
            output=output,
            output_bytes=size,
            sha256="" if is_folder else file_sha256(output),
            source_frames=job.plan[len(job.plan) - 1].gap - job.plan[0].gap + 1,
            frames=len(job.plan),
            stored_frames=verification.frames,
            made=made,
            held=len(job.plan) - made - filmed,
            rate=job.plan.rate,
            duration=job.plan.duration,
            largest_timing_error=job.plan.largest_timing_error,
            engine=job.describe_engine(),
            encoder=job.encoding.describe(),
            resumed_frames=resumed_frames,
            rendered_s=rendered_s,
            elapsed_s=elapsed_s,
            streams=tuple(job.encoding.stream_words()),
            notes=notes,
            verification=verification,
        )

    @property
    def rendered_rate(self) -> float:
        """Frames a second of decoding, drawing and encoding; those of an interrupted render left out."""
        return (self.frames - self.resumed_frames) / max(self.rendered_s, 1e-9)

    def as_json(self) -> dict[str, Any]:
        """Plain values; fractions as text."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    def save(self, path: Path) -> None:
        """Write the receipt as JSON. Raises OutputError when it cannot be written."""
        try:
            write_atomically(path, json.dumps(self.as_json(), indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            raise OutputError(
                f"The receipt '{path}' cannot be written ({error.strerror}).", "The clip itself is done."
            ) from error

    def lines(self) -> list[str]:
        """The receipt for people."""
        rate = f"{format_rate(self.rate)} frames a second" if self.rate else "variable rate"
        lines = [
            f"{self.output}  {format_bytes(self.output_bytes)}",
            f"  {self.source_frames} frames became {self.frames} ({self.made} drawn"
            f"{f', {self.held} held' if self.held else ''}), {rate}, {format_time(self.duration)}"
            f"{f'; {self.stored_frames} are stored' if self.stored_frames != self.frames else ''}",
            f"  drawn by {self.engine}",
            f"  stored as {self.encoder}",
            f"  {self.elapsed_s:.1f} s, {self.rendered_rate:.1f} frames a second",
            f"  verified: {self.verification.summary()}",
        ]
        if self.largest_timing_error:
            lines.insert(2, f"  largest timing error {float(self.largest_timing_error) * 1000:.2f} ms")
        if self.resumed_frames:
            lines.append(f"  {self.resumed_frames} frames were taken from the interrupted render")
        lines += [f"  {words}" for words in self.streams]
        return lines + [f"  note: {note}" for note in self.notes]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Fraction | Path):
        return str(value)
    return value
