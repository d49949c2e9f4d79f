"""The queue on disk: one JSON file for each running program, written whole at every change.

    queue.json       jobs in order, and what is to be done when all are done
    queue.lock       held by the program that works on queue.json
    queue-2.json     the queue of a second program that was started meanwhile, and so on

A program takes the first queue that nobody holds. What another one left behind (it was the second, or it
was killed) is taken over at the next start, so that no job is lost.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QIODevice, QLockFile, QSaveFile

from app.jobs.records import from_plain, to_plain
from flavr_core.errors import FlavrError, OutputError, SettingsError
from flavr_core.settings import ConvertSettings

SCHEMA_VERSION = 1
MOST_QUEUES = 9
"""Programs that can have a queue of their own at the same time."""
_MOST_BYTES = 64 * 2**20
_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""For each older schema version, the step to the next one; there is none yet."""


class JobState(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    PREPARING = "preparing"
    """Checked and planned; the network is loaded."""
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    """The output has its name and was verified."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """The program ended in the middle; it can go on."""

    @property
    def is_active(self) -> bool:
        """Whether it is at work, or held in the middle of it."""
        return self in (JobState.PREPARING, JobState.RUNNING, JobState.PAUSED)

    @property
    def is_open(self) -> bool:
        """Whether it will still write its output."""
        return self.is_active or self in (JobState.WAITING, JobState.INTERRUPTED)


class WhenDone(StrEnum):
    """What happens when the last job of the queue has ended."""

    NOTHING = "nothing"
    NOTIFY = "notify"
    SLEEP = "sleep"
    QUIT = "quit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a finished job did, for the window and the disk: the engine's JobReport without the engine."""

    source: Path
    """What was converted."""
    output: Path
    """What was written."""
    output_bytes: int
    """Size of the result."""
    sha256: str
    """Hash of the result; empty for a folder of images."""
    source_frames: int
    """Frames of the source that the output covers."""
    frames: int
    """Frames of the output."""
    stored_frames: int = 0
    """Frames in the finished file, which may be fewer where it is an animation; 0 where all are."""
    made: int
    """Frames that were drawn."""
    held: int
    """Frames that show the one before again."""
    rate: Fraction | None
    """Output frames a second; None when variable."""
    duration: Fraction
    """Seconds of the output."""
    largest_timing_error: Fraction
    """Seconds of source time by which a drawn frame misses its place at most."""
    engine: str
    """Network, device, precision."""
    encoder: str
    """Encoder and pixel format."""
    resumed_frames: int
    """Frames taken from an interrupted render."""
    reused_frames: int = 0
    """Drawn frames taken from the preview."""
    rendered_s: float
    """Seconds of decoding, drawing and encoding, pauses left out."""
    elapsed_s: float
    """Seconds from the start of the job to its end, pauses left out."""
    streams: tuple[str, ...]
    """What became of sound, subtitles and the other streams."""
    notes: tuple[str, ...]
    """All that was repaired, converted, dropped or stepped down."""
    verified: str
    """What was read back from the result; never empty."""

    @property
    def is_thinned(self) -> bool:
        """Whether the file has fewer frames than were rendered."""
        return self.stored_frames not in (0, self.frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """Something that was said of a job."""

    at: str
    """Local date and time, ISO 8601 to the second."""
    text: str
    """What was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """All that is known of one job at a moment. Immutable: hand it to anyone."""

    number: int
    """Unique in its queue; never used again."""
    settings: ConvertSettings
    """What is asked for."""
    state: JobState = JobState.WAITING
    """Where it is."""
    begun: bool = False
    """Whether it has been at work, so that an unfinished render may lie beside its output."""
    stage: str = ""
    """Of the running job: `analyse`, `convert`, `assemble` or `verify`; else empty."""
    done: int = 0
    """Units finished in this stage (frames)."""
    total: int = 0
    """Units of this stage; 0 when unknown."""
    fraction: float = 0.0
    """Part of the whole job that is done, 0 to 1."""
    kept: int = 0
    """Output frames in closed segments: a later attempt goes on from them."""
    frames: int = 0
    """All output frames; 0 until they are known."""
    rate: float = 0.0
    """Frames a second, of late; 0 when unknown."""
    remaining_s: float | None = None
    """Seconds to the end at that rate; None when unknown."""
    elapsed_s: float = 0.0
    """Seconds at work, pauses left out."""
    error: str = ""
    """Why it failed; several problems are one a line."""
    hint: str = ""
    """What can be done about it."""
    log: tuple[LogLine, ...] = ()
    """What was said on the way."""
    receipt: Receipt | None = None
    """What it did; None until it is done, and where the program was killed just after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQueue:
    """A queue as it lies on disk."""

    jobs: tuple[QueuedJob, ...] = ()
    """In order."""
    when_done: WhenDone = WhenDone.NOTHING
    """What happens when all are done."""
    schema_version: int = SCHEMA_VERSION
    """Version of this layout."""


class QueueStore:
    """The file of this program's queue, held by a lock.

    Attributes:
        notices: sentences for the user about what was found at the start.
    """

    def __init__(self, folder: Path) -> None:
        """Take the first queue in a folder that nobody holds, and what others left behind.

        Where the folder cannot be written the queue lives in memory, and a notice says so.
        """
        self.folder = folder
        self.notices: list[str] = []
        self._lock: QLockFile | None = None
        self._place = 0
        self._loaded = StoredQueue()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.notices.append(_words_of_unwritable(self.folder, error.strerror or str(error)))
            return
        if self._take():
            self._loaded = self._read(self._path(self._place))
            self._adopt()

    @property
    def is_kept(self) -> bool:
        """Whether the queue is on disk."""
        return self._lock is not None

    def load(self) -> StoredQueue:
        """The queue as it was left."""
        return self._loaded

    def save(self, queue: StoredQueue) -> None:
        """Write the queue, whole or not at all.

        Raises:
            OutputError: when the disk is full, or gone.
        """
        if self._lock is None:
            return
        path = self._path(self._place)
        file = QSaveFile(str(path))
        content = json.dumps(to_plain(queue), indent=1).encode()
        is_written = file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(content) == len(content)
        if not is_written or not file.commit():
            translate = QCoreApplication.translate
            raise OutputError(
                translate("QueueStore", "The queue cannot be saved in '{path}': {reason}.").format(
                    path=path, reason=file.errorString()
                ),
                translate(
                    "QueueStore",
                    "Make room on the disk. Jobs go on, but would be forgotten when the program ends.",
                ),
            )

    def close(self) -> None:
        """Let go of the queue; the file stays for the next start. May be called twice."""
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def _path(self, place: int) -> Path:
        return self.folder / ("queue.json" if place == 1 else f"queue-{place}.json")

    def _locked(self, place: int) -> QLockFile | None:
        """The lock of a queue, when nobody alive holds it."""
        lock = QLockFile(str(self._path(place).with_suffix(".lock")))
        lock.setStaleLockTime(0)  # however long it takes: only the death of its process frees it
        if lock.tryLock(0):
            return lock
        if lock.error() is not QLockFile.LockError.LockFailedError:
            self.notices.append(_words_of_unwritable(self.folder, "no file can be created in it"))
        return None

    def _take(self) -> bool:
        for place in range(1, MOST_QUEUES + 1):
            lock = self._locked(place)
            if lock is not None:
                self._lock, self._place = lock, place
                break
            if self.notices:
                break
        if self._place > 1:
            self.notices.append(
                QCoreApplication.translate(
                    "QueueStore",
                    "FLAVR Studio is open twice. The other window works on the saved queue; "
                    "this window has a queue of its own.",
                )
            )
        return self._lock is not None

    def _read(self, path: Path) -> StoredQueue:
        """A queue from its file; what cannot be read is set aside and said."""
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError("it is too large")
            content = _upgraded(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return StoredQueue()
        except (OSError, ValueError, RecursionError, FlavrError) as error:
            aside = path.with_name(f"{path.stem}-damaged-{uuid.uuid4().hex[:8]}.json")
            try:
                path.rename(aside)
            except OSError:
                aside = path
            self.notices.append(
                QCoreApplication.translate(
                    "QueueStore", "The saved queue cannot be read and is kept as '{name}': {reason}."
                ).format(name=aside.name, reason=error)
            )
            return StoredQueue()
        jobs = []
        for entry in content.get("jobs", []):
            try:
                jobs.append(from_plain(QueuedJob, entry))
            except SettingsError as error:
                self.notices.append(
                    QCoreApplication.translate(
                        "QueueStore", "One job of the saved queue is left out. {reason}"
                    ).format(reason=error.message)
                )
        try:
            when_done = WhenDone(content.get("when_done", WhenDone.NOTHING))
        except ValueError:
            when_done = WhenDone.NOTHING
        return StoredQueue(jobs=tuple(jobs), when_done=when_done)

    def _adopt(self) -> None:
        """Take over the jobs of other queues that nobody holds."""
        if self._place != 1:
            return
        for place in range(2, MOST_QUEUES + 1):
            path = self._path(place)
            if not path.exists() or (lock := self._locked(place)) is None:
                continue
            found = self._read(path).jobs
            first = 1 + max((job.number for job in self._loaded.jobs), default=0)
            renumbered = tuple(replace(job, number=first + n) for n, job in enumerate(found))
            self._loaded = replace(self._loaded, jobs=self._loaded.jobs + renumbered)
            try:
                self.save(self._loaded)
                path.unlink(missing_ok=True)
            except (OSError, OutputError) as error:
                self.notices.append(str(error))
            lock.unlock()


def _upgraded(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict) or not isinstance(content.get("jobs"), list):
        raise ValueError("it holds no jobs")
    version = content.get("schema_version")
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        raise ValueError(f"it is of version {version}, and this program knows {SCHEMA_VERSION}")
    upgraded: dict[str, Any] = content
    while version < SCHEMA_VERSION:
        upgraded = _UPGRADES[version](upgraded)
        version += 1
    return upgraded


def _words_of_unwritable(folder: Path, reason: str) -> str:
    return QCoreApplication.translate(
        "QueueStore", "'{folder}' cannot be written ({reason}). The queue is forgotten when the program ends."
    ).format(folder=folder, reason=reason)
