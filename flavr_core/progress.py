"""Progress, cancellation and what is said on the way. Plain threads, no Qt."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Protocol

from flavr_core.errors import CancelledError


class CancelToken:
    """One per job: anyone may set it, every stage looks at it between frames."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask all stages to stop."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether stopping was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise CancelledError when stopping was asked for."""
        if self._event.is_set():
            raise CancelledError()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A snapshot of a job. Immutable: hand it to anyone."""

    stage: str
    """What is being done: `load` (the network), `analyse`, `convert`, `assemble`, `verify` or `done`."""
    done: int
    """Units finished in this stage (frames, unless the stage says otherwise)."""
    total: int
    """Units of this stage; 0 when unknown."""
    elapsed_s: float = 0.0
    """Seconds since the job began."""
    rate: float = 0.0
    """Units a second, of late."""
    remaining_s: float | None = None
    """Seconds to the end of the stage at that rate; None when unknown."""
    kept: int = 0
    """Output frames in closed segments: they stay, whatever happens to the rest."""
    queues: dict[str, int] = field(default_factory=dict)
    """Bytes waiting in each queue, by name."""
    device_bytes: int = 0
    """Memory in use on the GPU, 0 on a CPU."""


class Reporter(Protocol):
    """Takes what a job says while it runs; called from the job's threads, must be quick."""

    def progress(self, progress: Progress) -> None:
        """A new snapshot, about ten times a second."""

    def note(self, text: str) -> None:
        """Something the user should know: a repair, a step down, a stream dropped."""


class SilentReporter:
    """A Reporter that keeps the notes and shows nothing."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.last: Progress | None = None

    def progress(self, progress: Progress) -> None:
        """Keep the newest snapshot."""
        self.last = progress

    def note(self, text: str) -> None:
        """Keep the note."""
        self.notes.append(text)
