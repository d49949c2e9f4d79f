"""Workers on Ray: an existing cluster, or one of this machine alone. Ray is an optional extra."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flavr_core
from flavr_core.cluster.messages import Message
from flavr_core.cluster.ticket import Order, Ticket
from flavr_core.cluster.worker import SegmentWorker
from flavr_core.cluster.workers import WorkerLostError
from flavr_core.engine.processor import usable_cpus
from flavr_core.errors import DeviceError, SettingsError
from flavr_core.pipeline.job import Job
from flavr_core.settings import EngineSettings

INSTALL = "Install it on every machine: pip install 'flavr-studio[cluster]'"
"""What to do where Ray is missing."""
SILENCE_S = 180.0
"""A worker that has answered and then says nothing for so long is taken for lost; it answers in a thread
of its own, however long a pass of its network takes."""
_START_IT = (
    "Start it with `ray start --head`, give its token here too (RAY_AUTH_TOKEN) where it has one, "
    "or use --cluster local."
)
_REACH_S = 5.0
"""How long a cluster's machine may take to answer at all."""
_OBJECT_STORE_BYTES = 256 * 2**20
"""Shared memory of a local cluster: few pieces of files go through it."""
_PARTING_S = 1.0
"""How long workers may take to remove their files at the end."""


class RayWorker:
    """An actor; every call to it is answered later."""

    def __init__(self, ray: Any, actor: Any, name: str) -> None:
        self.name = name
        self._ray = ray
        self._actor = actor
        self._poll: Any = None
        self._asked_s = time.monotonic()
        self._has_answered = False

    def begin(self, order: Order) -> None:
        """Start an order; that it arrives is seen by the answers to `poll`."""
        self._actor.begin.remote(order)

    def poll(self) -> list[Message]:
        """The answer to the last question, if it is there; then the next is asked."""
        if self._poll is None:
            self._ask()
            return []
        if not self._ray.wait([self._poll], timeout=0)[0]:
            if self._has_answered and time.monotonic() - self._asked_s > SILENCE_S:
                raise WorkerLostError(f"it has not answered for {SILENCE_S:.0f} s")
            return []
        try:
            said: list[Message] = self._ray.get(self._poll)
        except self._ray.exceptions.RayError as error:
            raise WorkerLostError(_reason(error)) from error
        self._has_answered = True
        self._ask()
        return said

    def close(self) -> Any:
        """Ask it to stop and to remove its files; returns what can be waited for."""
        return self._actor.close.remote()

    def end(self) -> None:
        """Kill the actor, whatever it does."""
        with contextlib.suppress(Exception):
            self._ray.kill(self._actor)

    def _ask(self) -> None:
        self._poll = self._actor.poll.remote()
        self._asked_s = time.monotonic()


class RayWorkers:
    """A cluster of Ray that this process is connected to.

    Attributes:
        wanted: workers at the same time: as asked for, else one for each GPU, else one for each machine.
        device: `cuda` where each has a GPU of its own, which it sees alone, else `cpu`.
        threads: processors for each without a GPU.
        notes: what the user should know of the choice.
    """

    def __init__(self, address: str, *, wanted: int | None, may_use_gpu: bool) -> None:
        """Connect.

        Args:
            address: `auto` for the running cluster if there is one, else a local one; `local`; or where the
                cluster is: `HOST:PORT`, or `ray://HOST:PORT`.
            wanted: workers; None for as many as suit the cluster.
            may_use_gpu: whether workers draw on GPUs where there are any.

        Raises:
            SettingsError: when Ray is not installed.
            DeviceError: when the cluster cannot be reached.
        """
        self._ray = _import_ray()
        self._workers: list[RayWorker] = []
        self._started = 0
        self.notes: list[str] = []
        _connect(self._ray, address)
        resources = self._ray.cluster_resources()
        machines = [node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"]]
        gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 0))
        uses_gpu = may_use_gpu and gpus > 0
        most = gpus if uses_gpu else max(1, cpus)
        self.wanted = min(wanted or (gpus if uses_gpu else max(1, len(machines))), most)
        if wanted is not None and wanted > most:
            self.notes.append(f"The cluster has room for {most} workers, not for {wanted}.")
        self.device = "cuda" if uses_gpu else "cpu"
        share = max(1, cpus // self.wanted)
        self.threads = None if uses_gpu else min(share, int(max(machines, default=1)) or 1)

    def start(self, ticket: Ticket) -> RayWorker:
        """Start a worker. It waits in the cluster until there is room for it."""
        self._started += 1
        name = f"worker {self._started}"
        # Ray answers calls of one actor at the same time where it may: `poll` never waits for `begin`.
        kind = self._ray.remote(
            num_cpus=1 if self.threads is None else self.threads,
            num_gpus=1 if self.device == "cuda" else 0,
            max_restarts=0,
            max_concurrency=2,
            scheduling_strategy="SPREAD",
        )(SegmentWorker)
        try:
            actor = kind.remote(ticket)
        except self._ray.exceptions.RayError as error:
            raise WorkerLostError(_reason(error)) from error
        self._workers.append(RayWorker(self._ray, actor, name))
        return self._workers[-1]

    def close(self) -> None:
        """End all workers, and a local cluster with them."""
        with contextlib.suppress(Exception):
            self._ray.wait(
                [w.close() for w in self._workers], num_returns=len(self._workers), timeout=_PARTING_S
            )
        for worker in self._workers:
            worker.end()
        with contextlib.suppress(Exception):
            self._ray.shutdown()


def connect_ray(job: Job, engine: EngineSettings, *, address: str, wanted: int | None) -> RayWorkers:
    """Connect to the cluster that is to draw this job; see `RayWorkers`.

    Raises:
        DeviceError: also when a GPU was asked for and the cluster has none.
    """
    device = engine.device.strip().lower()
    # A network that draws planes gains nothing from a GPU.
    may_use_gpu = device.startswith("cuda") or (device == "auto" and not job.engine.draws_planes)
    workers = RayWorkers(address, wanted=wanted, may_use_gpu=may_use_gpu)
    if device.startswith("cuda") and workers.device != "cuda":
        workers.close()
        raise DeviceError(f"The cluster '{address}' has no GPU for --device {device}.", "Use --device auto.")
    return workers


def check_ray() -> None:
    """Raise SettingsError, which says what to do, when Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise SettingsError("Ray, which --cluster needs, is not installed.", INSTALL)


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    check_ray()
    import ray

    return ray


def check_address(address: str) -> None:
    """See that somebody listens there: Ray itself tries for minutes before it says that nobody does.

    Raises:
        SettingsError: when it is no address.
        DeviceError: when nobody listens.
    """
    if address in ("auto", "local"):
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError(
            f"'{address}' is not where a cluster can be.", "Use auto, local, HOST:PORT or ray://HOST:PORT."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()
    except (OSError, OverflowError) as error:
        raise DeviceError(f"The cluster '{address}' cannot be reached ({error}).", _START_IT) from error


def _connect(ray: Any, address: str) -> None:
    check_address(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    # Workers of this machine find the program where this process found it.
    root = str(Path(flavr_core.__file__).parents[1])
    try:
        with _python_path(root):
            if address != "local":
                try:
                    ray.init(address=address, **options)
                    return
                except ConnectionError:
                    if address != "auto":
                        raise
            ray.init(
                address="local",
                num_cpus=usable_cpus(),
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                **options,
            )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DeviceError(
            f"The cluster '{address}' cannot be reached ({reason}).",
            _START_IT,
        ) from error


@contextlib.contextmanager
def _python_path(root: str) -> Iterator[None]:
    """Processes started meanwhile find the packages in `root`."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([root, *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _reason(error: Exception) -> str:
    """The first line of what Ray says, and no traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if any("ModuleNotFoundError" in line or "No module named" in line for line in lines):
        return "FLAVR Studio is not installed on its machine"
    return lines[0].rstrip(".") if lines else type(error).__name__
