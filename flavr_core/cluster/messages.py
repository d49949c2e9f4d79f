"""What a worker says. Plain data, so that it goes through any pipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flavr_core.errors import FlavrError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The network is loaded and tested."""

    identity: str
    """`Engine.identity()`: workers draw the same pixels only where it is the same."""
    description: str
    """`Engine.describe()`."""
    notes: tuple[str, ...]
    """`Engine.notes`."""
    segment_frames: int
    """Output frames in a segment if the worker's machine did all the work."""
    program: str
    """Versions that must be the same everywhere, see `worker.program_versions`."""
    host: str
    """Name of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """Where the worker is."""

    frames: int
    """Frames written of the order, closed segments included."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Piece:
    """The next bytes of a segment's file, where the folder is not shared."""

    index: int
    """Number of the segment."""
    data: bytes
    """At most `worker.PIECE_BYTES`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A segment is whole; where the folder is not shared all its pieces were said before."""

    index: int
    """Number of the segment."""
    sha256: str
    """Hash of its file."""
    made: int
    """Frames in it that were drawn."""
    filmed: int
    """Source frames in it that are shown as they are."""
    path: Path | None
    """Its file in the shared folder; None where its pieces were sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something the user should know."""

    text: str
    """One sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """All segments of the order are closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The order, or the start, cannot be carried out."""

    error: FlavrError
    """Why."""


Message = Ready | Wrote | Piece | Closed | Noted | Done | Failed
