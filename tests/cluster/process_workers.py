"""Workers in processes of this machine: the protocol of a cluster without any library for clusters."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection

from flavr_core.cluster.messages import Message
from flavr_core.cluster.ticket import Order, Ticket
from flavr_core.cluster.worker import SegmentWorker
from flavr_core.cluster.workers import WorkerLostError


def work(connection: Connection, ticket: Ticket) -> None:
    """The other end: calls come in, results go out."""
    worker = SegmentWorker(ticket)
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            worker.close()
            return
        connection.send(getattr(worker, name)(*arguments))


class ProcessWorker:
    """A worker behind a pipe; answers are fetched when they are there."""

    def __init__(self, ticket: Ticket, number: int) -> None:
        self.name = f"process {number}"
        context = multiprocessing.get_context("spawn")
        self._connection, there = context.Pipe()
        self.process = context.Process(target=work, args=(there, ticket), daemon=True)
        self.process.start()
        there.close()
        self._asked: list[str] = []

    def begin(self, order: Order) -> None:
        self._send("begin", order)

    def poll(self) -> list[Message]:
        said: list[Message] = []
        try:
            while self._connection.poll():
                answer = self._connection.recv()
                if self._asked.pop(0) == "poll":
                    said += answer
        except (EOFError, OSError) as error:
            raise WorkerLostError("its process ended") from error
        if "poll" not in self._asked:
            self._send("poll")
        return said

    def end(self) -> None:
        self._connection.close()
        self.process.join(2)
        self.process.kill()
        self.process.join()

    def kill(self) -> None:
        """As the system does when memory is short."""
        os.kill(self.process.pid or 0, signal.SIGKILL)

    def _send(self, name: str, *arguments: object) -> None:
        try:
            self._connection.send((name, arguments))
        except OSError as error:
            raise WorkerLostError("its process ended") from error
        self._asked.append(name)


class ProcessWorkers:
    """As many as wanted."""

    def __init__(self, wanted: int = 2) -> None:
        self.wanted = wanted
        self.device = "cpu"
        self.threads = 1
        self.notes: list[str] = []
        self.started: list[ProcessWorker] = []

    def start(self, ticket: Ticket) -> ProcessWorker:
        self.started.append(ProcessWorker(ticket, len(self.started)))
        return self.started[-1]

    def close(self) -> None:
        for worker in self.started:
            if worker.process.is_alive():
                worker.end()
