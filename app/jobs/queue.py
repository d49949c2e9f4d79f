"""The queue: jobs that run one after another, kept on disk; they survive failures, restarts and crashes."""

from __future__ import annotations

import contextlib
import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from app.jobs.apart import convert_apart
from app.jobs.background import BackgroundCalls, Call
from app.jobs.conversion import Start, convert, discard_unfinished, kept_by
from app.jobs.libraries import import_torch
from app.jobs.queue_store import (
    JobState,
    LogLine,
    QueuedJob,
    QueueStore,
    Receipt,
    StoredQueue,
    WhenDone,
)
from app.jobs.reuse import DrawnFrames
from app.jobs.running_job import RunningJob
from app.jobs.worker import Mailbox, PausableToken, Worker, error_words
from flavr_core.errors import CancelledError, FlavrError, OutputError
from flavr_core.settings import ConvertSettings

POLL_MS = 100
"""How often the running job's progress is looked at."""
_MOST_LINES = 500
"""Lines that a job's log keeps."""
_GRACE_S = 3.0
"""How long a cancelled job may take to end; its process is killed earlier."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTotals:
    """The queue in a few numbers, for titles and the task bar."""

    jobs: int
    """Jobs of this run: those that ended since the queue was last idle, the running one, those that wait."""
    ended: int
    """How many of them have ended."""
    failed: int
    """How many of those failed."""
    fraction: float
    """Part of the running job that is done, 0 to 1; 0 when idle."""
    remaining_s: float | None
    """Seconds to the end of the running job; None when unknown."""
    is_running: bool
    """Whether a job is at work or held in the middle."""
    is_paused: bool
    """Whether it is held."""


class JobQueue(QObject):
    """All jobs in order. One runs at a time, because it takes all cores.

    Pausing holds the job after the window that is being drawn, with its memory; a paused job goes on
    where it stood. Cancelling, failing and being killed leave the closed segments beside the output:
    `retry` goes on with them, `start_over` and `remove` throw them away.
    """

    job_added = Signal(int)
    """A job's number."""
    job_removed = Signal(int)
    job_changed = Signal(int)
    """Its state, log, receipt or progress changed."""
    job_ended = Signal(int)
    """It is done, failed or was cancelled."""
    order_changed = Signal()
    """Jobs changed places."""
    totals_changed = Signal()
    """`totals`, `is_held` or `when_done` changed."""
    all_done = Signal(str)
    """The last job ended; what the user wants to happen now, a WhenDone."""
    store_failed = Signal(str)
    """One sentence: why the queue could not be saved."""

    def __init__(self, store: QueueStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        stored = store.load()
        self._jobs = {job.number: _restored(job) for job in stored.jobs}
        self._order = list(self._jobs)
        self._next = 1 + max(self._jobs, default=0)
        self._when_done = stored.when_done
        self._starts: dict[int, Start] = {}
        self._batch: set[int] = set()
        self._running: RunningJob | None = None
        self._held = any(job.state is JobState.WAITING for job in self._jobs.values())
        self._left = frozenset(self._jobs)
        self._drawn: Callable[[ConvertSettings], DrawnFrames | None] = lambda _: None
        self._closed = False
        self._said_unsaved = False
        self._chores = BackgroundCalls(self, name="queue-chores")
        self._writer = BackgroundCalls(self, name="queue-store")
        self._writing: Call | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        for job in self.jobs:
            if job.begun and job.state is not JobState.DONE:
                self._count_kept(job)

    @property
    def jobs(self) -> tuple[QueuedJob, ...]:
        """All jobs, in order."""
        return tuple(self._jobs[number] for number in self._order)

    @property
    def notices(self) -> tuple[str, ...]:
        """What was found when the saved queue was opened, one sentence each."""
        return tuple(self._store.notices)

    @property
    def is_held(self) -> bool:
        """Whether waiting jobs do not start by themselves; so after a start with waiting jobs."""
        return self._held

    @property
    def when_done(self) -> WhenDone:
        """What happens when the last job has ended."""
        return self._when_done

    @property
    def unfinished(self) -> tuple[QueuedJob, ...]:
        """Jobs that the last run of the program left: interrupted, or waiting while the queue is held."""
        states = {JobState.INTERRUPTED} | ({JobState.WAITING} if self._held else set())
        return tuple(job for job in self.jobs if job.number in self._left and job.state in states)

    @property
    def running_number(self) -> int | None:
        """The job that is at work or held; None when none is."""
        current = self._current()
        return current.number if current is not None else None

    def job(self, number: int) -> QueuedJob | None:
        """A job by its number; None when it is gone."""
        return self._jobs.get(number)

    def totals(self) -> QueueTotals:
        """The queue in a few numbers."""
        jobs = [job for job in self.jobs if job.number in self._batch]
        ended = [job for job in jobs if not job.state.is_open]
        current = self._current()
        return QueueTotals(
            jobs=len(jobs),
            ended=len(ended),
            failed=sum(job.state is JobState.FAILED for job in ended),
            fraction=current.fraction if current else 0.0,
            remaining_s=current.remaining_s if current else None,
            is_running=current is not None,
            is_paused=current is not None and current.state is JobState.PAUSED,
        )

    def add(self, settings: ConvertSettings, *, start: bool = True) -> int:
        """Put a job at the end; returns its number.

        Args:
            settings: the conversion; `resume` is the queue's own business and ignored.
            start: whether a queue that is idle or held begins to run; otherwise the job waits for `start`.

        Raises:
            OutputError: when another job will write the same output.
        """
        for job in self.jobs:
            if job.state.is_open and job.settings.output.absolute() == settings.output.absolute():
                _log.warning("refused: job %d writes '%s' already", job.number, settings.output)
                raise OutputError(
                    self.tr("Another job of the queue writes '{name}'.").format(name=settings.output.name),
                    self.tr("Choose another name."),
                )
        number = self._next
        self._next += 1
        self._jobs[number] = QueuedJob(number=number, settings=replace(settings, resume=False))
        self._order.append(number)
        self._starts[number] = Start.FRESH
        self._batch.add(number)
        self._log(number, self.tr("Added to the queue."))
        self.job_added.emit(number)
        if start:
            self._held = False
        elif self._running is None:
            self._held = True
        self._saved_and_on()
        return number

    def start(self) -> None:
        """Let waiting jobs run."""
        self._held = False
        self._saved_and_on()

    def hold(self) -> None:
        """Start no further job; the running one goes on."""
        self._held = True
        self._saved_and_on()

    def set_drawn(self, drawn: Callable[[ConvertSettings], DrawnFrames | None]) -> None:
        """Who is asked, when a job starts, for frames that were drawn for it already: the previews."""
        self._drawn = drawn

    def go_on(self) -> None:
        """Take up everything that the last run of the program left."""
        for job in self.unfinished:
            if job.state is JobState.INTERRUPTED:
                self._wait_again(job.number, Start.GO_ON)
        self.start()

    def pause(self, number: int) -> None:
        """Hold a running job after the window that is being drawn."""
        running = self._running
        if running is None or running.number != number or self._jobs[number].state is not JobState.RUNNING:
            return
        running.pause()
        self._change(number, state=JobState.PAUSED, rate=0.0, remaining_s=None)
        self._saved_and_on()

    def resume(self, number: int) -> None:
        """Let a paused job go on; an interrupted one is taken up where it was left."""
        job, running = self._jobs.get(number), self._running
        if job is None:
            return
        if job.state is JobState.INTERRUPTED:
            self.retry(number)
        elif job.state is JobState.PAUSED and running is not None and running.number == number:
            running.resume()
            self._held = False
            self._change(number, state=JobState.RUNNING)
            self._saved_and_on()

    def cancel(self, number: int) -> None:
        """Stop a job at once, or take it out of the waiting ones. Nothing gets the output's name."""
        job = self._jobs.get(number)
        if job is None or not job.state.is_open:
            return
        if self._running is not None and self._running.number == number:
            self._running.worker.cancel()
        self._end(number, JobState.CANCELLED, self.tr("Cancelled."))
        self._batch.discard(number)
        self._saved_and_on()
        self._tell_when_all_done()

    def retry(self, number: int) -> None:
        """Run a failed, cancelled or interrupted job again, going on with what it rendered."""
        job = self._jobs.get(number)
        if job is not None and job.state in (JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED):
            self._wait_again(number, Start.GO_ON)
            self.start()

    def start_over(self, number: int) -> None:
        """The same from the first frame: what it rendered before is thrown away."""
        job = self._jobs.get(number)
        if job is not None and job.state in (JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED):
            self._wait_again(number, Start.ANEW)
            self.start()

    def remove(self, number: int) -> None:
        """Take a job off the list, stopping it. A finished output stays, an unfinished render goes."""
        job = self._jobs.get(number)
        if job is None:
            return
        if job.state.is_open:
            self.cancel(number)
        del self._jobs[number]
        self._order.remove(number)
        self._starts.pop(number, None)
        self._batch.discard(number)
        if job.state is not JobState.DONE and job.begun:
            self._discard(job.settings.output)
        self.job_removed.emit(number)
        self._saved_and_on()

    def clear_ended(self) -> None:
        """Take all jobs off the list that are done or were cancelled; failed ones stay."""
        for job in self.jobs:
            if job.state in (JobState.DONE, JobState.CANCELLED):
                self.remove(job.number)

    def move(self, number: int, place: int) -> None:
        """Put a job at another place of the order, 0 for the first."""
        if number not in self._jobs:
            return
        before = list(self._order)
        self._order.remove(number)
        self._order.insert(max(0, min(place, len(self._order))), number)
        if self._order != before:
            self.order_changed.emit()
            self._saved_and_on()

    def set_when_done(self, when_done: WhenDone) -> None:
        """What happens when the last job has ended."""
        if when_done is not self._when_done:
            self._when_done = when_done
            self._saved_and_on()

    def close(self) -> None:
        """Stop at once; what was running is offered as interrupted at the next start. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._timer.stop()
        if self._running is not None:
            number = self._running.number
            self._running.worker.close()
            job = self._jobs.get(number)
            if self._running.worker.error is None:
                self._finish(self._running)  # it was done already, or while it was asked to stop
            elif job is not None and job.state.is_active:
                _log.info("job %d is cut off with %d of %d frames kept", number, job.kept, job.frames)
                self._change(number, state=JobState.INTERRUPTED, stage="", rate=0.0, remaining_s=None)
            self._running = None
        self._chores.close()
        self._writer.close()
        with contextlib.suppress(FlavrError):  # nobody is left to be told
            self._store.save(self._stored())
        self._store.close()

    def _current(self) -> QueuedJob | None:
        job = self._jobs.get(self._running.number) if self._running else None
        return job if job is not None and job.state.is_active else None

    def _wait_again(self, number: int, start: Start) -> None:
        self._starts[number] = start
        self._batch.add(number)
        self._change(number, state=JobState.WAITING, error="", hint="", fraction=0.0, done=0, total=0)

    def _saved_and_on(self) -> None:
        """After every change: start what can be started, write it all down, tell the totals."""
        self._start_next()
        self._save()
        self.totals_changed.emit()

    def _start_next(self) -> None:
        if self._running is not None or self._held or self._closed:
            return
        job = next((job for job in self.jobs if job.state is JobState.WAITING), None)
        if job is None:
            return
        self._batch.add(job.number)
        token, mailbox = PausableToken(), Mailbox()
        # A job that was restored as waiting may have been retried before: it goes on where it can.
        how = self._starts.pop(job.number, Start.GO_ON if job.begun else Start.FRESH)
        settings = job.settings
        drawn = self._drawn(settings)

        def render() -> Receipt | None:
            if drawn is None:
                return convert_apart(settings, how, mailbox, token)
            import_torch()
            return convert(settings, how, mailbox, token, drawn)  # what was drawn is in this process

        worker = Worker(render, token, name=f"job-{job.number}", grace_s=_GRACE_S)
        worker.finished.connect(self._on_worker_finished)
        self._running = RunningJob(number=job.number, worker=worker, token=token, mailbox=mailbox)
        self._change(job.number, state=JobState.PREPARING, begun=True, receipt=None)
        self._log(job.number, self.tr("Started."))
        _log.info(
            "job %d begins (%s): '%s' to '%s' with %s",
            job.number, how, settings.source, settings.output, settings.engine.model,
        )  # fmt: skip
        worker.start()
        self._timer.start()

    def _poll(self) -> None:
        running = self._running
        if running is None:
            return
        job = self._jobs.get(running.number)
        if job is None or not job.state.is_active:
            return
        for note in running.mailbox.take_notes():
            self._log(job.number, note)
        if job.state is not JobState.PAUSED:
            before, after = job.state, running.seen(self._jobs[job.number])
            self._jobs[job.number] = after
            self.job_changed.emit(job.number)
            if after.state is not before:
                self._save()
            self.totals_changed.emit()

    def _on_worker_finished(self) -> None:
        running = self._running
        if running is None or self._closed:
            return
        running.worker.wait()
        self._running = None
        self._timer.stop()
        self._finish(running)
        self._saved_and_on()
        self._tell_when_all_done()

    def _finish(self, running: RunningJob) -> None:
        """Write down how a job ended, unless it was cancelled or removed meanwhile."""
        number, worker = running.number, running.worker
        job = self._jobs.get(number)
        if job is None:
            return
        if running.mailbox.latest is not None:
            self._change(number, kept=running.mailbox.latest.kept)
        if worker.error is not None:
            self._count_kept(job)  # what was closed since the last word of progress
        if not job.state.is_active:
            return
        for note in running.mailbox.take_notes():
            self._log(number, note)
        elapsed_s = running.elapsed_s
        if worker.error is None:
            receipt = worker.answer
            if receipt is not None:  # the engine knows neither of its network's loading nor of pauses
                rendered_s = max(0.0, receipt.rendered_s - running.paused_s)
                receipt = replace(receipt, elapsed_s=elapsed_s, rendered_s=rendered_s)
                stored = receipt.stored_frames  # a short job may be over before any word of progress came
                self._change(number, kept=stored, frames=stored)
            self._change(number, receipt=receipt, fraction=1.0, elapsed_s=elapsed_s)
            self._end(number, JobState.DONE, self.tr("Done and verified."))
        elif isinstance(worker.error, CancelledError):
            self._end(number, JobState.CANCELLED, self.tr("Cancelled."))
        else:
            error, hint = error_words(worker.error)
            self._change(number, error=error, hint=hint, elapsed_s=elapsed_s)
            self._end(number, JobState.FAILED, error)

    def _end(self, number: int, state: JobState, words: str) -> None:
        self._change(number, state=state, stage="", rate=0.0, remaining_s=None)
        self._log(number, words)
        level = logging.WARNING if state is JobState.FAILED else logging.INFO
        job = self._jobs[number]
        _log.log(level, "job %d, '%s': %s. %s", number, job.settings.output, state, words)
        self.job_ended.emit(number)

    def _tell_when_all_done(self) -> None:
        if self._running is not None or any(job.state is JobState.WAITING for job in self.jobs):
            return
        ended = [job for job in self.jobs if job.number in self._batch]
        self._batch.clear()
        self.totals_changed.emit()
        if any(job.state in (JobState.DONE, JobState.FAILED) for job in ended):
            self.all_done.emit(self._when_done.value)

    def _count_kept(self, job: QueuedJob) -> None:
        """Look in the background at what an earlier attempt left to go on from."""

        def keep(found: tuple[int, int] | None) -> None:
            if job.number in self._jobs and not self._jobs[job.number].state.is_active:
                kept, frames = found or (0, job.frames)
                self._change(job.number, kept=kept, frames=frames)
                self.totals_changed.emit()

        output = job.settings.output
        self._chores.submit(lambda _: kept_by(output), on_done=keep, on_error=_ignore)

    def _discard(self, output: Path) -> None:
        """Remove what an unfinished job left, once its worker has let go of it."""
        worker = self._running.worker if self._running is not None else None

        def discard(_: object) -> None:
            if worker is not None:
                worker.wait()
            discard_unfinished(output)

        self._chores.submit(discard, on_done=_ignore, on_error=_ignore)

    def _log(self, number: int, text: str) -> None:
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        job = self._jobs[number]
        self._change(number, log=(*job.log, LogLine(at=now, text=text))[-_MOST_LINES:])

    def _change(self, number: int, **changes: object) -> None:
        self._jobs[number] = replace(self._jobs[number], **changes)  # type: ignore[arg-type]
        self.job_changed.emit(number)

    def _stored(self) -> StoredQueue:
        return StoredQueue(jobs=self.jobs, when_done=self._when_done)

    def _save(self) -> None:
        """Write it all down in the background: a disk that is busy with a render may take its time."""
        stored = self._stored()
        if self._writing is not None:
            self._writing.cancel()  # it would write what is no longer so, unless it is at it already
        self._writing = self._writer.submit(
            lambda _: self._store.save(stored), on_done=self._on_saved, on_error=self._on_not_saved
        )

    def _on_saved(self, _: None) -> None:
        self._said_unsaved = False

    def _on_not_saved(self, error: Exception) -> None:
        if not self._said_unsaved:  # once, not at every change
            self._said_unsaved = True
            self.store_failed.emit(" ".join(error_words(error)))


def _ignore(_: object) -> None:
    """What could not be removed stays beside the output, by a name that says what it is."""


def _restored(job: QueuedJob) -> QueuedJob:
    """A job as the next start finds it: what was at work was interrupted."""
    if not job.state.is_active:
        return job
    _log.warning("job %d, '%s', was cut off by the end of the program", job.number, job.settings.output)
    words = QCoreApplication.translate("JobQueue", "The program ended before the job was done.")
    line = LogLine(at=datetime.datetime.now().astimezone().isoformat(timespec="seconds"), text=words)
    return replace(
        job, state=JobState.INTERRUPTED, stage="", rate=0.0, remaining_s=None, log=(*job.log, line)
    )
