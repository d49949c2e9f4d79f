"""`run_job`: from a job that is ready to a result that was read back.

Segments are rendered (`rendering`, or whoever takes its place) and closed in the journal; the calling thread
reports progress and looks at the cancel token. When all segments are closed they are assembled into one
file, the file is read back, and only then does it get its name.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from pathlib import Path

from flavr_core.errors import OutputError
from flavr_core.media import Verification, assemble, verify_output
from flavr_core.pipeline.job import Job
from flavr_core.pipeline.journal import Journal, is_begun
from flavr_core.pipeline.rendering import LocalRendering, RenderedSegment, Rendering
from flavr_core.pipeline.report import JobReport
from flavr_core.progress import CancelToken, Progress, Reporter

RATE_WINDOW_S = 8.0
"""How far back the shown rate looks."""


def run_job(
    job: Job, reporter: Reporter, token: CancelToken, *, rendering: Rendering | None = None
) -> JobReport:
    """Render, assemble, verify, and give the result its name.

    Args:
        job: from `prepare`.
        reporter: told about progress and notes; called from this thread and the job's own.
        token: set it from any thread to stop.
        rendering: who makes the segments; None for threads of this process.

    Returns:
        The receipt.

    Raises:
        CancelledError: when stopped. Closed segments stay for a later resume; nothing has the final name.
        FlavrError: whatever went wrong in a stage; likewise.
    """
    return _Run(job, reporter, token, rendering or LocalRendering(job, token)).execute()


class _Run:
    """The state of one run; lives as long as `run_job`."""

    def __init__(self, job: Job, reporter: Reporter, token: CancelToken, rendering: Rendering) -> None:
        self._job = job
        self._reporter = reporter
        self._token = token
        self._journal = Journal(job.settings.output, fingerprint=job.fingerprint(), segments=job.segments)
        self._rendering = rendering
        self._kept = 0
        self._started_s = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque()
        self._notes: list[str] = []
        self._notes_lock = threading.Lock()

    def execute(self) -> JobReport:
        for note in self._job.notes:
            self._note(note)
        self._open_journal()
        keep = True
        try:
            resumed_frames = self._count_rendered()
            self._render(resumed_frames)
            rendered_s = time.monotonic() - self._started_s
            result = self._assemble()
            verification = self._verify(result)
            self._publish(result)
            keep = False
        finally:
            keep = keep and any(segment.sha256 for segment in self._journal.segments)
            self._journal.release(keep=keep)
        self._progress("done", len(self._job.plan), len(self._job.plan))
        return JobReport.of(
            self._job,
            made=sum(segment.made for segment in self._journal.segments),
            filmed=sum(segment.filmed for segment in self._journal.segments),
            resumed_frames=resumed_frames,
            rendered_s=rendered_s,
            elapsed_s=time.monotonic() - self._started_s,
            notes=tuple(self._notes),
            verification=verification,
        )

    def _open_journal(self) -> None:
        if self._job.settings.resume and is_begun(self._journal.folder):
            for note in self._journal.open_existing():
                self._note(note)
        else:
            self._journal.open_new()

    def _count_rendered(self) -> int:
        self._kept = sum(len(segment) for segment in self._journal.segments if segment.sha256)
        return self._kept

    def _render(self, resumed_frames: int) -> None:
        pending = self._journal.pending
        if not pending:
            return
        rendering, total = self._rendering, len(self._job.plan)
        rendering.run(
            pending,
            self._journal.folder,
            on_rendered=self._close,
            on_note=self._note,
            on_tick=lambda: self._progress("convert", resumed_frames + rendering.written, total),
        )

    def _close(self, rendered: RenderedSegment) -> None:
        self._journal.close_segment(
            rendered.segment, rendered.path, made=rendered.made, filmed=rendered.filmed
        )
        self._kept += len(rendered.segment)

    def _assemble(self) -> Path:
        suffix = self._job.settings.output.suffix
        result = self._journal.folder / f"result{suffix}"
        if result.is_dir():
            shutil.rmtree(result)
        result.unlink(missing_ok=True)
        paths = [self._journal.segment_path(segment.index) for segment in self._journal.segments]
        for note in assemble(
            self._job.encoding,
            paths,
            result,
            token=self._token,
            on_progress=lambda done, total: self._progress("assemble", done, total),
        ):
            self._note(note)
        return result

    def _verify(self, result: Path) -> Verification:
        self._token.check()
        self._progress("verify", 0, 0)
        verification = verify_output(self._job.encoding, result)
        if verification.problems:
            raise OutputError(
                f"The result is not what was promised: {' '.join(verification.problems)}",
                f"It was left as '{result}' for inspection; please report this with the clip.",
            )
        self._token.check()
        return verification

    def _publish(self, result: Path) -> None:
        """Give the verified result its final name; an old file is replaced only when that was asked for."""
        output = self._job.settings.output
        if output.exists() and not self._job.settings.overwrite and any_content(output):
            raise OutputError(
                f"'{output}' appeared while it was being made.",
                "Move it away and go on with --resume, or add --overwrite.",
            )
        try:
            self._journal.publish(result, output)
        except OSError as error:
            raise OutputError(
                f"The finished result cannot get its name '{output}' ({error.strerror}).",
                f"It is whole and lies at '{result}'.",
            ) from error

    def _note(self, text: str) -> None:
        with self._notes_lock:
            if text in self._notes:
                return
            self._notes.append(text)
        self._reporter.note(text)

    def _progress(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        self._token.check()
        rate = 0.0
        if stage == "convert":
            self._recent.append((now, done))
            while now - self._recent[0][0] > RATE_WINDOW_S:
                self._recent.popleft()
            then, before = self._recent[0]
            rate = max(0.0, done - before) / (now - then) if now > then else 0.0
        self._reporter.progress(
            Progress(
                stage=stage,
                done=done,
                total=total,
                elapsed_s=now - self._started_s,
                rate=rate,
                remaining_s=self._remaining_s(done, total, rate, elapsed_s=now - self._started_s),
                kept=self._kept,
                queues=self._rendering.queues,
                device_bytes=self._rendering.device_bytes,
            )
        )

    def _remaining_s(self, done: int, total: int, rate: float, *, elapsed_s: float) -> float | None:
        """At the rate of late, once that looks back far enough; before, as foreseen for the frames left."""
        foreseen_s = self._job.foreseen_s
        if foreseen_s is not None and (elapsed_s < RATE_WINDOW_S or rate <= 0):
            return foreseen_s * (total - done) / len(self._job.plan)
        return (total - done) / rate if rate > 0 else None


def any_content(output: Path) -> bool:
    """Whether something would be lost if `output` were replaced."""
    return any(output.iterdir()) if output.is_dir() else output.exists()
