"""What a cluster must be able to do: start workers, hand them orders, hear them, end them."""

from __future__ import annotations

from typing import Protocol

from flavr_core.cluster.messages import Message
from flavr_core.cluster.ticket import Order, Ticket


class WorkerLostError(Exception):
    """A worker ended, or answers no more. Never leaves the cluster's code."""


class RemoteWorker(Protocol):
    """A `SegmentWorker` somewhere. No call waits for its work.

    Attributes:
        name: for people.
    """

    name: str

    def begin(self, order: Order) -> None:
        """Start an order; only after `Ready`, `Done` or `Failed`. Raises WorkerLostError."""

    def poll(self) -> list[Message]:
        """What it said since the last call. Raises WorkerLostError."""

    def end(self) -> None:
        """Stop it at once, whatever it does. Raises nothing."""


class Workers(Protocol):
    """A cluster that was connected to.

    Attributes:
        wanted: workers that are to be at work at the same time, >= 1.
        device: what `EngineSettings.device` is for each of them.
        threads: processors for each; None for all of its machine.
        notes: what the user should know of the choice.
    """

    wanted: int
    device: str
    threads: int | None
    notes: list[str]

    def start(self, ticket: Ticket) -> RemoteWorker:
        """Start a worker; returns before it is ready.

        Raises:
            WorkerLostError: when it cannot be started.
        """

    def close(self) -> None:
        """End all workers and the connection. Raises nothing."""
