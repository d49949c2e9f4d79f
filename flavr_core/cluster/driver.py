"""The driver: hands out segments, takes their files in, and makes up for workers that fail or are lost."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flavr_core.cluster.messages import Closed, Done, Failed, Message, Noted, Piece, Ready, Wrote
from flavr_core.cluster.schedule import MOST_ATTEMPTS, Schedule
from flavr_core.cluster.ticket import SHARED, Order, Ticket
from flavr_core.cluster.worker import FOLDER_PREFIX, program_versions
from flavr_core.cluster.workers import RemoteWorker, WorkerLostError, Workers
from flavr_core.errors import DeviceError, FlavrError
from flavr_core.pipeline.journal import Segment, file_sha256
from flavr_core.pipeline.rendering import RenderedSegment
from flavr_core.progress import CancelToken

TICK_S = 0.1
LOSSES_A_WORKER = 3
"""Workers that are replaced for each that is wanted, before the cluster is given up."""
SILENCE_S = 30.0
"""After so long without a ready worker the user is told what is waited for."""
_COMPANY_S = 20.0
"""How long the first ready worker waits for others, so that most of them decide what is drawn with."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class _Member:
    """A worker and what is known of it."""

    worker: RemoteWorker
    """Where it is."""
    ready: Ready | None = None
    """What it said when it was; None before."""
    order: tuple[Segment, ...] = ()
    """What it is at; empty when it is idle."""
    frames: int = 0
    """Frames of the order that it has written."""
    files: dict[int, Path] = field(default_factory=dict)
    """Files whose pieces arrive, by segment."""


class Team:
    """Workers of one job: started, heard, replaced.

    Attributes:
        members: those that are there.
    """

    def __init__(self, workers: Workers, ticket: Ticket, *, on_note: Callable[[str], None]) -> None:
        self._workers = workers
        self._ticket = ticket
        self._on_note = on_note
        self._losses = 0
        self._last_error: FlavrError | None = None
        self.members: list[_Member] = []
        for _ in range(workers.wanted):
            self._start_one()

    def gather(self, token: CancelToken) -> Ready:
        """Wait for workers and keep those that draw alike.

        Returns:
            What those that stay have in common.

        Raises:
            FlavrError: when none can start; what the last one said.
            CancelledError: when stopped.
        """
        began_s = time.monotonic()
        first_s: float | None = None
        told = False
        while True:
            token.check()
            for member in list(self.members):
                self.hear(member)
            ready = [member.ready for member in self.members if member.ready is not None]
            now = time.monotonic()
            if ready and first_s is None:
                first_s = now
            if ready and (
                len(ready) == len(self.members) or (first_s is not None and now - first_s > _COMPANY_S)
            ):
                break
            if not told and not ready and now - began_s > SILENCE_S:
                told = True
                self._on_note(
                    "No worker of the cluster is ready yet: they load the network, or wait for a place."
                )
            time.sleep(TICK_S)
        counts = Counter(each.identity for each in ready)
        identity = max(sorted(counts), key=lambda each: counts[each])
        self._wanted = next(each for each in ready if each.identity == identity)
        for member in list(self.members):
            self.admit(member)
        return self._wanted

    def admit(self, member: _Member) -> bool:
        """Whether a worker draws as the others do; one that does not is sent away."""
        if member.ready is None or member.ready.identity == self._wanted.identity:
            return True
        self._on_note(
            f"The worker on {member.ready.host} is not used: it draws with {member.ready.identity}, "
            f"the others with {self._wanted.identity}."
        )
        self._dismiss(member)
        return False

    def hear(self, member: _Member) -> list[Message]:
        """What a worker said; a lost one, or one that cannot start, is told of and is no member any more."""
        try:
            said = member.worker.poll()
        except WorkerLostError as lost:
            self.lose(member, str(lost))
            return []
        for message in said:
            if isinstance(message, Ready):
                if message.program != program_versions():
                    self._refuse(member, _other_program(message))
                    return []
                member.ready = message
            elif isinstance(message, Failed) and member.ready is None:
                self._refuse(member, message.error)
                return []
        return said

    def lose(self, member: _Member, reason: str) -> None:
        """A worker is gone; another takes its place, as long as not too many were lost."""
        _log.info("worker %s is lost: %s", member.worker.name, reason)
        self._on_note(f"A worker of the cluster was lost ({member.worker.name}: {reason}).")
        self._last_error = DeviceError(
            f"No worker of the cluster is left; the last was lost ({reason}).",
            "Look at the cluster, and go on with --resume.",
        )
        self._dismiss(member, may_be_last=True)
        self._losses += 1
        if self._losses <= LOSSES_A_WORKER * self._workers.wanted:
            self._start_one()
        self._check_any_left()

    def _refuse(self, member: _Member, error: FlavrError) -> None:
        """A worker cannot do this job: it would not help to start another in its place."""
        self._last_error = error
        self._on_note(f"The worker {member.worker.name} cannot help: {error.message}")
        self._dismiss(member)

    def _dismiss(self, member: _Member, *, may_be_last: bool = False) -> None:
        member.worker.end()
        self.members.remove(member)
        if not may_be_last:
            self._check_any_left()

    def _check_any_left(self) -> None:
        if not self.members and self._last_error is not None:
            raise self._last_error

    def _start_one(self) -> None:
        try:
            self.members.append(_Member(worker=self._workers.start(self._ticket)))
        except WorkerLostError as error:
            self._last_error = DeviceError(f"No worker of the cluster can be started ({error}).")


class ClusterRendering:
    """Renders on a team; takes the place of `LocalRendering`.

    Attributes:
        written: frames that are encoded so far, on all workers.
    """

    def __init__(self, team: Team, token: CancelToken) -> None:
        self._team = team
        self._token = token
        self.written = 0

    @property
    def queues(self) -> dict[str, int]:
        """Nothing waits here."""
        return {}

    @property
    def device_bytes(self) -> int:
        """No GPU is used here."""
        return 0

    def run(
        self,
        segments: Sequence[Segment],
        folder: Path,
        *,
        on_rendered: Callable[[RenderedSegment], None],
        on_note: Callable[[str], None],
        on_tick: Callable[[], None],
    ) -> None:
        """Make them all; see `Rendering`."""
        _remove_leftovers(folder)
        token = uuid.uuid4().hex
        (folder / SHARED).write_text(token, encoding="utf-8")
        self._folder, self._shared_token = folder, token
        self._on_rendered, self._on_note = on_rendered, on_note
        self._schedule = Schedule(segments)
        last_tick_s = 0.0
        try:
            while not self._schedule.is_done:
                self._token.check()
                heard = sum(self._attend(member) for member in list(self._team.members))
                self.written = self._schedule.closed_frames + sum(each.frames for each in self._team.members)
                if time.monotonic() - last_tick_s >= TICK_S:
                    last_tick_s = time.monotonic()
                    on_tick()
                if not heard:
                    time.sleep(TICK_S / 4)
        finally:
            _remove_leftovers(folder)

    def _attend(self, member: _Member) -> int:
        """Hear a worker, and give it work when it has none; returns how much it said that matters."""
        was_ready, order = member.ready is not None, member.order
        said = self._team.hear(member)
        if member not in self._team.members:
            self._take_back(order, DeviceError("the worker was lost"))
            return 1
        if not was_ready and member.ready is not None and not self._team.admit(member):
            return 1
        for message in said:
            self._take_in(member, message)
        if member.ready is not None and not member.order and self._schedule.is_waiting:
            self._give(member)
        return sum(not isinstance(message, Wrote) for message in said)

    def _give(self, member: _Member) -> None:
        member.order = self._schedule.take(workers=len(self._team.members))
        member.frames = 0
        member.files.clear()
        order = Order(segments=member.order, folder=self._folder, token=self._shared_token)
        try:
            member.worker.begin(order)
        except WorkerLostError as lost:
            self._team.lose(member, str(lost))
            self._take_back(order.segments, DeviceError("the worker was lost"))

    def _take_in(self, member: _Member, message: Message) -> None:
        if isinstance(message, Wrote):
            closed = self._frames_closed(member)
            member.frames = max(0, message.frames - closed)
        elif isinstance(message, Piece):
            self._append(member, message)
        elif isinstance(message, Closed):
            self._close(member, message)
        elif isinstance(message, Noted):
            self._on_note(message.text)
        elif isinstance(message, Done):
            # What is not closed by now came damaged.
            self._take_back(member.order, DeviceError("a segment arrived damaged"))
            member.order, member.frames = (), 0
        elif isinstance(message, Failed):
            self._on_note(
                f"A segment failed on {member.worker.name} and is tried again: {message.error.message}"
            )
            order, member.order, member.frames = member.order, (), 0
            self._take_back(order, message.error)

    def _frames_closed(self, member: _Member) -> int:
        return sum(s.stop - s.start for s in member.order if not self._schedule.is_open(s.index))

    def _append(self, member: _Member, piece: Piece) -> None:
        path = member.files.get(piece.index)
        if path is None:
            path = self._folder / f"{FOLDER_PREFIX}{uuid.uuid4().hex}.mkv"
            member.files[piece.index] = path
        with path.open("ab") as file:
            file.write(piece.data)

    def _close(self, member: _Member, closed: Closed) -> None:
        path = closed.path or member.files.pop(closed.index, None)
        if path is None or not path.is_file() or file_sha256(path) != closed.sha256:
            return  # told apart when the order is done: the segment is still open then
        segment = self._schedule.close(closed.index)
        member.frames = max(0, member.frames - (segment.stop - segment.start))
        self._on_rendered(RenderedSegment(segment=segment, path=path, made=closed.made, filmed=closed.filmed))

    def _take_back(self, order: Sequence[Segment], error: FlavrError) -> None:
        """Let what is not closed wait again. Raises the error when a segment failed too often."""
        blamed = self._schedule.give_back(order)
        if blamed is None:
            return
        if isinstance(error, DeviceError) and not error.hint:
            raise DeviceError(
                f"Output frames {blamed.start} to {blamed.stop - 1} failed {MOST_ATTEMPTS} times "
                f"on the cluster: {error.message}.",
                "Go on with --resume, or without --cluster.",
            )
        raise error


def _remove_leftovers(folder: Path) -> None:
    """Files and folders of workers that are no more; whole segments have other names by then."""
    for path in folder.glob(f"{FOLDER_PREFIX}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        (folder / SHARED).unlink(missing_ok=True)


def _other_program(ready: Ready) -> DeviceError:
    return DeviceError(
        f"The program on {ready.host} is another: {ready.program} (here {program_versions()}).",
        "Install the same versions on all machines of the cluster.",
    )
