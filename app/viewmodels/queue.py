"""The queue as a list: what each job is called, what it says of itself, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from app.jobs.queue_store import JobState, WhenDone
from app.viewmodels.durations import duration_words
from app.viewmodels.job_rows import JobRow, error_text, job_row, kept_text

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
_IN_TURN = (JobState.WAITING, JobState.INTERRUPTED)
"""Jobs whose turn comes: their order means something."""
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
        """What the list shows of a job; None when it is gone."""
        job = self.queue.job(number)
        return None if job is None else job_row(job, is_held=self.queue.is_held)

    def error_text(self, number: int) -> str:
        """Why a job failed and what can be done, one problem a line; empty where it did not."""
        job = self.queue.job(number)
        return error_text(job) if job is not None else ""

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
        if self._place_after(numbers, JobAction.UP) is not None:
            found.add(JobAction.UP)
        if self._place_after(numbers, JobAction.DOWN) is not None:
            found.add(JobAction.DOWN)
        return frozenset(found)

    def run(self, action: JobAction, numbers: Sequence[int]) -> None:
        """Do something with all of these jobs that it can be done with."""
        if action in (JobAction.UP, JobAction.DOWN):
            place = self._place_after(numbers, action)
            if place is not None:
                self.move_rows([self.row_of(number) for number in numbers], place)
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
            job is not None and (job.state.is_active or (job.state is not JobState.DONE and job.kept > 0))
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
        """Part of the running job that is done, as its row says it; None when idle."""
        totals = self.queue.totals()
        return totals.fraction if totals.is_running else None

    @property
    def totals_text(self) -> str:
        """The queue in one line; empty for an empty one."""
        jobs, totals = self.queue.jobs, self.queue.totals()
        working = sum(job.state.is_active for job in jobs)
        waiting = self.open_count - working
        done, failed, cancelled = (
            sum(job.state is state for job in jobs)
            for state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
        )
        counts = (
            (
                working,
                self.tr("%n paused", "", working) if totals.is_paused else self.tr("%n at work", "", working),
            ),
            (waiting, self.tr("%n waiting", "", waiting)),
            (done, self.tr("%n done", "", done)),
            (failed, self.tr("%n failed", "", failed)),
            (cancelled, self.tr("%n cancelled", "", cancelled)),
        )
        words = [text for count, text in counts if count]
        if totals.remaining_s is not None:
            left = duration_words(totals.remaining_s)
            words.append(self.tr("{time} left for this job").format(time=left))
        return "  ·  ".join(words)

    @property
    def leaving_text(self) -> str:
        """What becomes of the running job if the program is left now; empty when none runs."""
        number = self.queue.running_number
        job = self.queue.job(number) if number is not None else None
        if job is None:
            return ""
        name = job.settings.output.name
        if not job.kept:
            return self.tr(
                "Nothing of {name} is kept yet: at the next start it would begin with its first frame."
            ).format(name=name)
        text = self.tr(
            "{kept} of %n frames of {name} are kept, and the queue offers to go on from them at the next "
            "start.",
            "",
            job.frames,
        ).format(kept=job.kept, name=name)
        lost = job.done - job.kept if job.stage == "convert" else 0
        if lost > 0:
            text += " " + self.tr("%n frame(s) after them would be drawn again.", "", lost)
        return text

    @property
    def banner(self) -> str:
        """What the last run left, what was found when the queue was opened, or why it is not saved."""
        words = [self._problem] if self._problem else []
        if not self._dismissed:
            words += self.queue.notices
            unfinished = self.queue.unfinished
            if unfinished:
                words.append(self.tr("%n job(s) from last time are not finished.", "", len(unfinished)))
            words += [f"{job.settings.output.name}: {kept_text(job)}." for job in unfinished if job.kept]
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

    def log_text(self, number: int) -> str:
        """A job's log, one line each with the time of day."""
        job = self.queue.job(number)
        if job is None:
            return ""
        return "\n".join(f"{line.at[11:19]}  {line.text}" for line in job.log)

    # Words.

    def _emit_output(self, signal: Any, number: int) -> None:
        job = self.queue.job(number)
        if job is not None:
            output: Path = job.settings.output
            signal.emit(output)

    def _place_after(self, numbers: Sequence[int], action: JobAction) -> int | None:
        """The row before which these jobs come when they are moved past the next one whose turn comes.

        None where that changes nothing: they are the first or the last, or one of them runs or has ended.
        """
        jobs = self.queue.jobs
        rows = sorted(self.row_of(number) for number in numbers)
        if not rows or any(jobs[row].state not in _IN_TURN for row in rows if row >= 0) or rows[0] < 0:
            return None
        in_turn = [row for row, job in enumerate(jobs) if job.state in _IN_TURN and row not in rows]
        if action is JobAction.UP:
            return max((row for row in in_turn if row < rows[0]), default=None)
        after = min((row for row in in_turn if row > rows[-1]), default=None)
        return None if after is None else after + 1

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
