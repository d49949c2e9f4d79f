"""The queue as a list: what each job is called, what it says of itself, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from app.jobs.queue import JobQueue
from app.jobs.queue_store import JobState, QueuedJob, WhenDone
from app.viewmodels.durations import duration_words
from app.viewmodels.plain_words import plain_words
from flavr_core.errors import FlavrError
from flavr_core.media.containers import CODEC_TITLES, CONTAINERS
from flavr_core.model.catalog import find
from flavr_core.settings import ConvertSettings, format_bytes
from flavr_core.timing import format_rate

ROW_ROLE = Qt.ItemDataRole.UserRole
"""Role under which the list gives a JobRow."""
_MIME = "application/x-flavr-studio-jobs"

Index = QModelIndex | QPersistentModelIndex


class JobAction(StrEnum):
    """What can be done with a job."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    START_OVER = "start-over"
    REMOVE = "remove"
    UP = "up"
    DOWN = "down"
    PLAY = "play"
    REVEAL = "reveal"
    RECEIPT = "receipt"


_ALWAYS = {JobAction.REMOVE}
_BY_STATE: dict[JobState, set[JobAction]] = {
    JobState.WAITING: {JobAction.CANCEL},
    JobState.PREPARING: {JobAction.CANCEL},
    JobState.RUNNING: {JobAction.CANCEL, JobAction.PAUSE},
    JobState.PAUSED: {JobAction.CANCEL, JobAction.RESUME},
    JobState.DONE: {JobAction.PLAY, JobAction.REVEAL},
    JobState.FAILED: {JobAction.RETRY, JobAction.START_OVER},
    JobState.CANCELLED: {JobAction.RETRY, JobAction.START_OVER},
    JobState.INTERRUPTED: {JobAction.RESUME, JobAction.START_OVER, JobAction.CANCEL},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """What the list shows of one job."""

    number: int
    """The job."""
    state: JobState
    """Where it is."""
    title: str
    """Name of the output."""
    what: str
    """What becomes of what: source, rate, network, format."""
    state_text: str
    """Where it is, in a word or two."""
    detail: str
    """How far it is, why it failed, or what came out; one line."""
    fraction: float | None
    """Length of the bar, 0 to 1; None for a bar without an end, where the end is unknown."""
    has_bar: bool
    """Whether a bar is shown."""

    @property
    def spoken(self) -> str:
        """All of it, for screen readers."""
        return ", ".join(text for text in (self.title, self.state_text, self.detail, self.what) if text)


class QueueModel(QAbstractListModel):
    """The jobs in order, one JobRow each; drag and drop puts them in another one."""

    banner_changed = Signal()
    """`banner` changed."""
    totals_changed = Signal()
    """`totals_text`, `fraction`, `open_count` or `is_held` changed."""
    job_changed = Signal(int)
    """A job's row, log or receipt changed."""
    result_wanted = Signal(object)
    """A result is to be played; its Path."""
    reveal_wanted = Signal(object)
    """A result is to be shown in its folder; its Path."""
    receipt_wanted = Signal(int)
    """A job's receipt is to be shown."""

    def __init__(self, queue: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.queue = queue
        self._numbers = [job.number for job in queue.jobs]
        self._dismissed = False
        self._problem = ""
        queue.job_added.connect(self._on_job_added)
        queue.job_removed.connect(self._on_job_removed)
        queue.job_changed.connect(self._on_job_changed)
        queue.order_changed.connect(self._on_order_changed)
        queue.totals_changed.connect(self._on_totals_changed)
        queue.store_failed.connect(self._on_store_failed)

    # Rows.

    def number_at(self, row: int) -> int:
        """The job of a row."""
        return self._numbers[row]

    def row_of(self, number: int) -> int:
        """The row of a job; -1 when it is gone."""
        return self._numbers.index(number) if number in self._numbers else -1

    def job_row(self, number: int) -> JobRow | None:
        """What the list shows of a job."""
        job = self.queue.job(number)
        if job is None:
            return None
        fraction: float | None = job.fraction
        if job.state is JobState.PREPARING or (job.state is JobState.RUNNING and job.stage == "verify"):
            fraction = None
        return JobRow(
            number=number,
            state=job.state,
            title=job.settings.output.name,
            what=self._what(job.settings),
            state_text=self._state_text(job),
            detail=self._detail(job),
            fraction=fraction,
            has_bar=job.state.is_active or (job.state is JobState.INTERRUPTED and job.fraction > 0),
        )

    # What can be done.

    def possible(self, numbers: Sequence[int]) -> frozenset[JobAction]:
        """What can be done with at least one of these jobs."""
        found: set[JobAction] = set()
        for number in numbers:
            job = self.queue.job(number)
            if job is None:
                continue
            found |= _BY_STATE[job.state] | _ALWAYS
            if job.receipt is not None:
                found.add(JobAction.RECEIPT)
        rows = sorted(self.row_of(number) for number in numbers)
        if rows and rows[0] > 0:
            found.add(JobAction.UP)
        if rows and rows[-1] < len(self._numbers) - 1:
            found.add(JobAction.DOWN)
        return frozenset(found)

    def run(self, action: JobAction, numbers: Sequence[int]) -> None:
        """Do something with all of these jobs that it can be done with."""
        if action in (JobAction.UP, JobAction.DOWN):
            self._shift(numbers, -1 if action is JobAction.UP else 1)
            return
        queue = self.queue
        calls: dict[JobAction, Callable[[int], None]] = {
            JobAction.PAUSE: queue.pause,
            JobAction.RESUME: queue.resume,
            JobAction.CANCEL: queue.cancel,
            JobAction.RETRY: queue.retry,
            JobAction.START_OVER: queue.start_over,
            JobAction.REMOVE: queue.remove,
            JobAction.PLAY: partial(self._emit_output, self.result_wanted),
            JobAction.REVEAL: partial(self._emit_output, self.reveal_wanted),
            JobAction.RECEIPT: self.receipt_wanted.emit,
        }
        for number in numbers:
            if action in self.possible([number]):
                calls[action](number)

    def loses_work(self, numbers: Sequence[int]) -> bool:
        """Whether removing these jobs would stop one at work, or throw away what one has rendered."""
        jobs = [self.queue.job(number) for number in numbers]
        return any(
            job is not None
            and (job.state.is_active or (job.state is not JobState.DONE and job.begun and job.fraction > 0))
            for job in jobs
        )

    def start_all(self) -> None:
        """Let everything run that can, also what was paused and what the program's last run left."""
        for job in self.queue.jobs:
            if job.state is JobState.PAUSED:
                self.queue.resume(job.number)
        self.queue.go_on()
        self._dismissed = True
        self.banner_changed.emit()

    def pause_all(self) -> None:
        """Hold the running job and start no other."""
        self.queue.hold()
        for job in self.queue.jobs:
            if job.state is JobState.RUNNING:
                self.queue.pause(job.number)

    def clear_ended(self) -> None:
        """Take what is done or was cancelled off the list."""
        self.queue.clear_ended()

    def set_when_done(self, when_done: WhenDone) -> None:
        """What happens when all jobs are done."""
        self.queue.set_when_done(when_done)

    def move_rows(self, rows: Sequence[int], place: int) -> None:
        """Put rows, in their order, before the row that is at `place` now."""
        numbers = [self._numbers[row] for row in sorted(rows)]
        before = [number for number in self._numbers[:place] if number not in numbers]
        rest = [number for number in self._numbers[place:] if number not in numbers]
        for wanted, number in enumerate(before + numbers + rest):
            self.queue.move(number, wanted)

    # The whole.

    @property
    def open_count(self) -> int:
        """Jobs that are not at their end, for the button that shows the queue."""
        return sum(job.state.is_open for job in self.queue.jobs)

    @property
    def fraction(self) -> float | None:
        """Part of the jobs of this run that is done, for the task bar; None when idle."""
        totals = self.queue.totals()
        return totals.fraction if totals.is_running else None

    @property
    def totals_text(self) -> str:
        """The queue in one line; empty for an empty one."""
        totals = self.queue.totals()
        jobs = self.queue.jobs
        if not jobs:
            return ""
        if totals.is_running:
            words = [self.tr("{done} of {all} done").format(done=totals.ended, all=totals.jobs)]
            if totals.is_paused:
                words.append(self.tr("paused"))
            elif totals.remaining_s is not None:
                left = duration_words(totals.remaining_s)
                words.append(self.tr("{time} left for this job").format(time=left))
            return "  ·  ".join(words)
        words = []
        waiting = sum(job.state in (JobState.WAITING, JobState.INTERRUPTED) for job in jobs)
        done = sum(job.state is JobState.DONE for job in jobs)
        failed = sum(job.state is JobState.FAILED for job in jobs)
        if waiting:
            words.append(self.tr("{count} waiting").format(count=waiting))
        if done:
            words.append(self.tr("{count} done").format(count=done))
        if failed:
            words.append(self.tr("{count} failed").format(count=failed))
        return "  ·  ".join(words)

    @property
    def banner(self) -> str:
        """What the last run left, what was found when the queue was opened, or why it is not saved."""
        words = [self._problem] if self._problem else []
        if not self._dismissed:
            words += self.queue.notices
            count = len(self.queue.unfinished)
            if count == 1:
                words.append(self.tr("One job from last time is not finished."))
            elif count:
                words.append(self.tr("{count} jobs from last time are not finished.").format(count=count))
        return " ".join(words)

    @property
    def can_go_on(self) -> bool:
        """Whether the banner offers to go on."""
        return not self._dismissed and bool(self.queue.unfinished)

    @property
    def can_start(self) -> bool:
        """Whether jobs wait that do not start by themselves."""
        jobs = self.queue.jobs
        return self.queue.is_held and any(job.state is JobState.WAITING for job in jobs)

    def dismiss_banner(self) -> None:
        """Not now: the jobs stay in the list."""
        self._dismissed, self._problem = True, ""
        self.banner_changed.emit()

    def error_text(self, number: int) -> str:
        """Why a job failed and what can be done, one problem a line; empty where it did not."""
        job = self.queue.job(number)
        if job is None or not job.error:
            return ""
        return plain_words("\n".join(text for text in (job.error, job.hint) if text))

    def log_text(self, number: int) -> str:
        """A job's log, one line each with the time of day."""
        job = self.queue.job(number)
        if job is None:
            return ""
        return "\n".join(f"{line.at[11:19]}  {line.text}" for line in job.log)

    # Words.

    def _what(self, settings: ConvertSettings) -> str:
        timing, export = settings.timing, settings.export
        words = [settings.source.name]
        rate = str(timing.rate)
        if timing.slow != 1:
            rate += ", " + self.tr("{factor}x slower").format(factor=format_rate(timing.slow))
        if timing.start is not None or timing.stop is not None:
            rate += ", " + self.tr("a part")
        words.append(rate)
        words.append(_network_title(settings.engine.model))
        container = CONTAINERS.get(export.container)
        codec = CODEC_TITLES.get(export.codec, export.codec)
        stored = container.title if container is not None else export.container
        words.append(stored if codec.lower() == stored.lower() else f"{stored} {codec}")
        return "  ·  ".join(words)

    def _state_text(self, job: QueuedJob) -> str:
        if job.state is JobState.RUNNING:
            return self.tr("{percent} %").format(percent=int(job.fraction * 100))
        return {
            JobState.WAITING: self.tr("Waiting"),
            JobState.PREPARING: self.tr("Preparing"),
            JobState.PAUSED: self.tr("Paused"),
            JobState.DONE: self.tr("Done"),
            JobState.FAILED: self.tr("Failed"),
            JobState.CANCELLED: self.tr("Cancelled"),
            JobState.INTERRUPTED: self.tr("Interrupted"),
        }[job.state]

    def _detail(self, job: QueuedJob) -> str:
        if job.state is JobState.RUNNING:
            return self._running_detail(job)
        if job.state is JobState.DONE:
            return self._done_detail(job)
        if job.state is JobState.FAILED:
            return " ".join(self.error_text(job.number).split())
        if job.state is JobState.PREPARING:
            return self.tr("Checking the clip and loading the network")
        percent = int(job.fraction * 100)
        if job.state is JobState.PAUSED:
            return self.tr("Held at frame {done} of {total}").format(done=job.done, total=job.total)
        if job.state is JobState.INTERRUPTED:
            if percent == 0:
                return self.tr("The program ended before it was done")
            return self.tr("The program ended at {percent} %").format(percent=percent)
        if job.state is JobState.CANCELLED and percent > 0:
            return self.tr("Stopped at {percent} %").format(percent=percent)
        if job.state is JobState.WAITING and self.queue.is_held:
            return self.tr("Waits for the queue to be started")
        return ""

    def _running_detail(self, job: QueuedJob) -> str:
        stages = {
            "analyse": self.tr("Looking for repeated frames, {done} of {total}"),
            "convert": self.tr("Frame {done} of {total}"),
            "assemble": self.tr("Putting the file together"),
            "verify": self.tr("Reading the result back"),
        }
        words = [stages[job.stage].format(done=job.done, total=job.total)]
        if job.rate:
            words.append(self.tr("{rate} frames/s").format(rate=f"{job.rate:.1f}"))
        if job.remaining_s is not None and job.stage == "convert":
            words.append(self.tr("{time} left").format(time=duration_words(job.remaining_s)))
        return "  ·  ".join(words)

    def _done_detail(self, job: QueuedJob) -> str:
        receipt = job.receipt
        if receipt is None:
            return self.tr("Finished and verified just before the program ended")
        words = [
            format_bytes(receipt.output_bytes),
            self.tr("{count} frames").format(count=receipt.frames),
            self.tr("verified"),
            self.tr("took {time}").format(time=duration_words(job.elapsed_s)),
        ]
        return "  ·  ".join(words)

    def _emit_output(self, signal: Any, number: int) -> None:
        job = self.queue.job(number)
        if job is not None:
            output: Path = job.settings.output
            signal.emit(output)

    def _shift(self, numbers: Sequence[int], by: int) -> None:
        rows = sorted((self.row_of(number) for number in numbers), reverse=by > 0)
        if rows and 0 <= rows[0] + by < len(self._numbers):
            for row in rows:
                self.queue.move(self._numbers[row], row + by)

    # What the queue says.

    def _on_job_added(self, number: int) -> None:
        row = len(self._numbers)
        self.beginInsertRows(QModelIndex(), row, row)
        self._numbers.append(number)
        self.endInsertRows()

    def _on_job_removed(self, number: int) -> None:
        row = self.row_of(number)
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._numbers[row]
        self.endRemoveRows()
        self.banner_changed.emit()

    def _on_job_changed(self, number: int) -> None:
        row = self.row_of(number)
        if row >= 0:
            index = self.index(row)
            self.dataChanged.emit(index, index)
            self.job_changed.emit(number)

    def _on_order_changed(self) -> None:
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        kept = [self._numbers[index.row()] for index in old]
        self._numbers = [job.number for job in self.queue.jobs]
        self.changePersistentIndexList(old, [self.index(self.row_of(number)) for number in kept])
        self.layoutChanged.emit()

    def _on_totals_changed(self) -> None:
        self.totals_changed.emit()
        self.banner_changed.emit()

    def _on_store_failed(self, sentence: str) -> None:
        self._problem = sentence
        self.banner_changed.emit()

    # Qt's own names.

    def rowCount(self, parent: Index | None = None) -> int:
        """Number of jobs."""
        return 0 if parent is not None and parent.isValid() else len(self._numbers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A JobRow under ROW_ROLE, its words under Qt's own roles."""
        if not index.isValid():
            return None
        row = self.job_row(self._numbers[index.row()])
        if row is None:
            return None
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(text for text in (row.title, row.what, row.detail) if text)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return row.spoken
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows can be dragged, and dropped between rows."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        """Rows are moved."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """Rows of this very list."""
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The numbers of the jobs that are dragged."""
        data = QMimeData()
        data.setData(_MIME, " ".join(str(self._numbers[index.row()]) for index in indexes).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """Put the dragged jobs at their new place. The view is told that nothing is left to remove."""
        del action, column
        if not data.hasFormat(_MIME):
            return False
        place = row if row >= 0 else parent.row() if parent.isValid() else len(self._numbers)
        rows = [self.row_of(int(number)) for number in bytes(data.data(_MIME).data()).split()]
        self.move_rows([row for row in rows if row >= 0], place)
        return False


def _network_title(model: str) -> str:
    try:
        entry = find(model)
    except FlavrError:
        entry = None
    return entry.card.title if entry is not None else Path(model).name
