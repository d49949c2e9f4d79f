"""The worker: lives in a process of its own, renders orders in a thread, and answers when it is asked.

No method waits for the work, so that a worker in the middle of a long pass of its network still answers.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import threading
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import cv2

from flavr_core import __version__
from flavr_core.cluster.messages import Closed, Done, Failed, Message, Noted, Piece, Ready, Wrote
from flavr_core.cluster.ticket import SHARED, Order, Ticket, check_source
from flavr_core.engine import Engine, create_engine
from flavr_core.errors import CancelledError, FlavrError
from flavr_core.pipeline.job import Job
from flavr_core.pipeline.journal import file_sha256
from flavr_core.pipeline.rendering import LocalRendering, RenderedSegment
from flavr_core.pipeline.segment_length import segment_length
from flavr_core.progress import CancelToken

PIECE_BYTES = 8 * 2**20
"""Bytes of a file in one message."""
_WAITING_PIECES = 2
"""Pieces that wait to be fetched; the worker goes on when one is gone."""
FOLDER_PREFIX = "worker-"
"""Beginning of the names of workers' folders in a shared folder."""


def program_versions() -> str:
    """What must be the same on all machines: a plan is carried out as it was meant."""
    libraries = " ".join(f"{name} {'.'.join(map(str, v))}" for name, v in sorted(av.library_versions.items()))
    return f"FLAVR Studio {__version__}, PyAV {av.__version__}, {libraries}"


class SegmentWorker:
    """Renders the segments it is ordered to, and says so message by message."""

    def __init__(self, ticket: Ticket) -> None:
        """Begin to load the network; `Ready` or `Failed` is said when that is over."""
        self._ticket = ticket
        self._engine: Engine | None = None
        self._token = CancelToken()
        self._messages: deque[Message] = deque()
        self._changed = threading.Condition()
        self._rendering: LocalRendering | None = None
        self._folder: Path | None = None
        self._start(self._set_up)

    def begin(self, order: Order) -> None:
        """Start an order."""
        self._start(lambda: self._render(order))

    def poll(self) -> list[Message]:
        """What there is to say since the last call, at most one piece of a file in it."""
        said: list[Message] = []
        with self._changed:
            while self._messages:
                said.append(self._messages.popleft())
                if isinstance(said[-1], Piece):
                    break
            self._changed.notify_all()
        rendering = self._rendering
        return [*said, Wrote(frames=rendering.written)] if rendering is not None else said

    def close(self) -> None:
        """Stop, and leave no files behind, not even those that a last picture is being written to."""
        self._token.cancel()
        with self._changed:
            self._changed.notify_all()
        self._remove_folder()

    def _remove_folder(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, work: Callable[[], None]) -> None:
        threading.Thread(target=self._guard, args=(work,), name="flavr-worker", daemon=True).start()

    def _guard(self, work: Callable[[], None]) -> None:
        with suppress(CancelledError):
            try:
                work()
            except CancelledError:
                raise
            except FlavrError as error:
                self._say(Failed(error=error))
            except Exception as error:
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                bug = FlavrError(f"A worker of the cluster failed ({reason}).", "It is a bug.")
                self._say(Failed(error=bug))
        if self._token.cancelled:
            self._remove_folder()

    def _set_up(self) -> None:
        ticket = self._ticket
        check_source(ticket)
        if ticket.threads is not None:
            _limit_torch(ticket.threads)
        info = ticket.info
        engine = create_engine(ticket.settings.engine, width=info.width, height=info.height)
        if ticket.threads is not None:
            cv2.setNumThreads(min(ticket.threads, cv2.getNumThreads()))
        self._engine = engine
        self._say(
            Ready(
                identity=engine.identity(),
                description=engine.describe(),
                notes=tuple(engine.notes),
                segment_frames=segment_length(engine, ticket.plan),
                program=program_versions(),
                host=socket.gethostname(),
            )
        )

    def _render(self, order: Order) -> None:
        assert self._engine is not None
        ticket = self._ticket
        job = Job(
            settings=ticket.settings,
            info=ticket.info,
            plan=ticket.plan,
            encoding=ticket.encoding,
            engine=self._engine,
            overrides=ticket.overrides,
            segments=order.segments,
            notes=(),
        )
        folder, is_shared = self._choose_folder(order)
        rendering = self._rendering = LocalRendering(job, self._token)
        try:
            rendering.run(
                order.segments,
                folder,
                on_rendered=lambda rendered: self._deliver(rendered, is_shared=is_shared),
                on_note=lambda text: self._say(Noted(text=text)),
                on_tick=lambda: None,
            )
        finally:
            self._rendering = None
        self._say(Done())

    def _choose_folder(self, order: Order) -> tuple[Path, bool]:
        """Where files are written, and whether that is seen where the order comes from."""
        if self._folder is None:
            try:
                is_shared = (order.folder / SHARED).read_text(encoding="utf-8") == order.token
            except OSError:
                is_shared = False
            if is_shared:
                self._folder = order.folder / f"{FOLDER_PREFIX}{uuid.uuid4().hex}"
                self._folder.mkdir()
            else:
                self._folder = Path(tempfile.mkdtemp(prefix="flavr-segments-"))
        return self._folder, self._folder.parent == order.folder

    def _deliver(self, rendered: RenderedSegment, *, is_shared: bool) -> None:
        digest = file_sha256(rendered.path)
        if not is_shared:
            with rendered.path.open("rb") as file:
                while data := file.read(PIECE_BYTES):
                    self._say(Piece(index=rendered.segment.index, data=data))
            rendered.path.unlink()
        self._say(
            Closed(
                index=rendered.segment.index,
                sha256=digest,
                made=rendered.made,
                filmed=rendered.filmed,
                path=rendered.path if is_shared else None,
            )
        )

    def _say(self, message: Message) -> None:
        """Leave a message; a piece waits until few wait before it. Raises CancelledError."""
        with self._changed:
            while (
                isinstance(message, Piece)
                and not self._token.cancelled
                and self._count_pieces() >= _WAITING_PIECES
            ):
                self._changed.wait()
            self._token.check()
            self._messages.append(message)

    def _count_pieces(self) -> int:
        return sum(isinstance(message, Piece) for message in self._messages)


def _limit_torch(threads: int) -> None:
    """Draw with so many processors: other workers have the rest of the machine."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # looked at when torch is imported, which may be never
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(min(threads, torch.get_num_threads()))
