"""The open work on disk: clips, edits and marks, written a moment after each change.

    session.json       what is open in the first window
    session.lock       held by the program that keeps session.json
    session-2.json     the same of a second program that was started meanwhile, and so on

A session that nobody holds and that was not closed is what a crash left behind.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLockFile, QObject, Signal

from app.jobs.background import after
from app.jobs.places import read_json, set_aside, state_dir, write_json
from app.jobs.records import from_plain, to_plain
from app.viewmodels.workspace import ClipEdits, Workspace
from flavr_core.errors import FlavrError

SCHEMA_VERSION = 1
"""Version of the file."""

REST_MS = 800
"""Rest after a change before it is written."""

MOST_SESSIONS = 9
"""Programs that keep a session at the same time."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClip:
    """One clip of a session."""

    path: Path
    """Its file or folder."""
    edits: ClipEdits
    """What was decided about it."""
    sequence_rate: Fraction = Fraction(24)
    """Frames a second of a series of images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """What was open."""

    clips: tuple[StoredClip, ...] = ()
    """In the order of the list."""
    current: int = 0
    """Place of the one that was looked at."""
    was_closed: bool = True
    """Whether the program ended as it should."""


class Session(QObject):
    """Keeps the open work of this program, and knows what the last one left."""

    offer_changed = Signal()
    """`offered` changed."""

    def __init__(
        self, workspace: Workspace, folder: Path | None = None, parent: QObject | None = None
    ) -> None:
        """Take a session file that no other program holds.

        Args:
            workspace: what is kept.
            folder: where; None for the user's own.
            parent: its owner.
        """
        super().__init__(parent)
        self._workspace = workspace
        self._folder = folder or state_dir()
        self._path, self._lock = self._take()
        self.last = self._read()
        """What the last program with this file had open."""
        self._is_reopened = False
        self._is_used = bool(workspace.clips)
        self._timer = after(REST_MS, self.save, self)
        for signal in (workspace.clip_added, workspace.clip_removed, workspace.edits_changed):
            signal.connect(self._on_changed)
        workspace.current_changed.connect(self._on_changed)
        workspace.clips_moved.connect(self._timer.start)
        workspace.clip_changed.connect(self._on_changed)

    @property
    def offered(self) -> int:
        """How many clips of last time can be opened again; 0 where there were none or it was done."""
        return 0 if self._is_reopened else len(self.last.clips)

    def reopen(self) -> None:
        """Open what was open last time, once. Files that are gone are opened too: the list says so.

        A clip that is in the list already takes what was decided about it then, with undo.
        """
        if not self.offered:
            return
        self._is_reopened = True
        known = {clip.path: clip.number for clip in self._workspace.clips}
        numbers = [self._open(clip, known.get(clip.path)) for clip in self.last.clips]
        if 0 <= self.last.current < len(numbers):
            self._workspace.set_current(numbers[self.last.current])
        self.offer_changed.emit()

    def _open(self, clip: StoredClip, number: int | None) -> int:
        if number is None:
            return self._workspace.add(clip.path, clip.edits, sequence_rate=clip.sequence_rate).number
        self._workspace.set_sequence_rate(number, clip.sequence_rate)
        decided = {field.name: getattr(clip.edits, field.name) for field in fields(clip.edits)}
        self._workspace.edit(self.tr("Settings of last time"), number=number, **decided)
        return number

    def save(self, *, closed: bool = False) -> None:
        """Write what is open now.

        Args:
            closed: whether the program is about to end as it should.
        """
        self._timer.stop()
        if self._lock is None:
            return
        stored = self._stored() if self._is_used else self.last  # nothing was opened: that stays offered
        content = to_plain(replace(stored, was_closed=closed))
        try:
            write_json(self._path, {"schema_version": SCHEMA_VERSION, "session": content})
        except OSError as error:
            _log.warning("the open work was not stored: %s", error)

    def close(self) -> None:
        """Write it a last time, as ended, and let go of the file. May be called twice."""
        if self._lock is not None:
            self.save(closed=True)
            self._lock.unlock()
            self._lock = None

    def _stored(self) -> StoredSession:
        clips, current = self._workspace.clips, self._workspace.current
        return StoredSession(
            clips=tuple(
                StoredClip(path=clip.path, edits=clip.edits, sequence_rate=clip.sequence_rate)
                for clip in clips
            ),
            current=clips.index(current) if current is not None else 0,
        )

    def _take(self) -> tuple[Path, QLockFile | None]:
        for number in range(1, MOST_SESSIONS + 1):
            name = "session" if number == 1 else f"session-{number}"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                _log.warning("the open work cannot be kept: %s", error)
                break
            lock = QLockFile(str(self._folder / f"{name}.lock"))
            lock.setStaleLockTime(0)  # only a process that is gone makes it stale
            if lock.tryLock(0):
                return self._folder / f"{name}.json", lock
        return self._folder / "session.json", None

    def _read(self) -> StoredSession:
        content: Any = read_json(self._path) if self._lock is not None else None
        if content is None:
            return StoredSession()
        try:
            if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
                raise FlavrError("It is of another version of the program.")
            return from_plain(StoredSession, content.get("session"))
        except FlavrError as error:
            _log.warning("%s was set aside: %s", self._path, error)
            set_aside(self._path)
            return StoredSession()

    def _on_changed(self, _number: int) -> None:
        self._is_used = self._is_used or bool(self._workspace.clips)
        self._timer.start()
