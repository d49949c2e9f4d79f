"""A small clip, a way to convert it on one machine, and workers that live in this process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import imageio_ffmpeg
import pytest

from flavr_core.cluster import prepare_planning, run_on_cluster
from flavr_core.cluster.messages import Message
from flavr_core.cluster.ticket import Order, Ticket
from flavr_core.cluster.worker import SegmentWorker
from flavr_core.cluster.workers import WorkerLostError
from flavr_core.pipeline import JobReport, prepare, run_job
from flavr_core.progress import CancelToken, SilentReporter
from flavr_core.settings import ConvertSettings, EngineSettings


class NearWorker:
    """A worker in this process; can be told to get lost."""

    def __init__(self, ticket: Ticket, number: int) -> None:
        self.name = f"worker {number}"
        self.worker = SegmentWorker(ticket)
        self.is_lost = False
        self.orders: list[Order] = []

    def begin(self, order: Order) -> None:
        if self.is_lost:
            raise WorkerLostError("it is gone")
        self.orders.append(order)
        self.worker.begin(order)

    def poll(self) -> list[Message]:
        if self.is_lost:
            raise WorkerLostError("it is gone")
        return self.worker.poll()

    def end(self) -> None:
        self.worker.close()


class NearWorkers:
    """As many as wanted, made by `make`."""

    def __init__(self, wanted: int = 2, make: Callable[[Ticket, int], Any] = NearWorker) -> None:
        self.wanted = wanted
        self.device = "cpu"
        self.threads = None
        self.notes: list[str] = []
        self.make = make
        self.started: list[Any] = []

    def start(self, ticket: Ticket) -> Any:
        self.started.append(self.make(ticket, len(self.started)))
        return self.started[-1]

    def close(self) -> None:
        for worker in self.started:
            worker.end()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """testsrc2=96x64:24 with a tone, 3 s, a key frame every 12 frames."""
    path = tmp_path_factory.mktemp("cluster") / "ein clip.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-nostdin"]
    command += ["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=24", "-f", "lavfi", "-i", "sine=frequency=330"]
    command += ["-t", "3", "-g", "12", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return path


@pytest.fixture(scope="session")
def one_machine(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> JobReport:
    """The clip converted without a cluster."""
    settings = settings_for(clip, tmp_path_factory.mktemp("one") / "out.mp4")
    job = prepare(settings, reporter=SilentReporter(), token=CancelToken())
    return run_job(job, SilentReporter(), CancelToken())


def settings_for(clip: Path, output: Path, **changes: Any) -> ConvertSettings:
    settings = ConvertSettings(
        source=clip, output=output, segment_frames=24, engine=EngineSettings(model="motion", device="cpu")
    )
    return replace(settings, **changes)


def on_cluster(
    settings: ConvertSettings,
    workers: Any,
    reporter: SilentReporter | None = None,
    token: CancelToken | None = None,
) -> JobReport:
    reporter, token = reporter or SilentReporter(), token or CancelToken()
    job = prepare_planning(settings, reporter, token)
    return run_on_cluster(job, settings.engine, lambda: workers, reporter, token)


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The above, for tests."""
    return SimpleNamespace(
        NearWorker=NearWorker, NearWorkers=NearWorkers, settings_for=settings_for, on_cluster=on_cluster
    )
