"""The job that is at work: who works, how long it has been at it without pauses, and how far it is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from app.jobs.queue_store import JobState, QueuedJob, Receipt
from app.jobs.worker import Mailbox, PausableToken, Worker

SETTLE_S = 8.0
"""For so long after a pause no rate is shown: the engine's own looks back over the pause."""
STAGES = {"analyse": (0.0, 0.1), "convert": (0.0, 0.95), "assemble": (0.95, 0.99), "verify": (0.99, 1.0)}
"""Part of the whole job at which each stage begins and ends."""


@dataclass(slots=True, kw_only=True)
class RunningJob:
    """One run of one job. Lives in the window's thread."""

    number: int
    """The job."""
    worker: Worker[Receipt | None]
    """Who works."""
    token: PausableToken
    """Holds and stops it."""
    mailbox: Mailbox
    """What it says."""
    _began_s: float = field(default_factory=time.monotonic)
    _paused_s: float = 0.0
    _pause_began_s: float | None = None
    _resumed_s: float = float("-inf")
    _has_analysed: bool = False

    def pause(self) -> None:
        """Hold it."""
        self.token.pause()
        self._pause_began_s = time.monotonic()

    def resume(self) -> None:
        """Let it go on."""
        now = time.monotonic()
        if self._pause_began_s is not None:
            self._paused_s += now - self._pause_began_s
        self._pause_began_s, self._resumed_s = None, now
        self.token.resume()

    @property
    def elapsed_s(self) -> float:
        """Seconds at work, pauses left out."""
        return time.monotonic() - self._began_s - self.paused_s

    @property
    def paused_s(self) -> float:
        """Seconds held."""
        now = time.monotonic()
        return self._paused_s + (now - self._pause_began_s if self._pause_began_s is not None else 0.0)

    def seen(self, job: QueuedJob) -> QueuedJob:
        """The job with what was said of its progress since."""
        progress = self.mailbox.latest
        if progress is None or progress.stage not in STAGES:
            return job
        self._has_analysed |= progress.stage == "analyse"
        is_settled = time.monotonic() - self._resumed_s > SETTLE_S
        begin, end = STAGES[progress.stage]
        if progress.stage == "convert" and self._has_analysed:
            begin = STAGES["analyse"][1]
        part = min(1.0, progress.done / progress.total) if progress.total else 0.0
        return replace(
            job,
            state=JobState.RUNNING,
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            fraction=max(job.fraction, begin + (end - begin) * part),
            kept=progress.kept,
            frames=progress.total if progress.stage == "convert" else job.frames,
            rate=progress.rate if is_settled else 0.0,
            remaining_s=progress.remaining_s if is_settled else None,
            elapsed_s=self.elapsed_s,
        )
