"""The queue: real small conversions one after another, cancelled, failed, retried, paused, killed, restored."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import pytest
from pytestqt.qtbot import QtBot

from app.jobs.queue import JobQueue
from app.jobs.queue_store import JobState, QueuedJob, QueueStore, StoredQueue, WhenDone
from app.jobs.records import from_plain, to_plain
from flavr_core.errors import OutputError
from flavr_core.settings import (
    ConvertSettings,
    CutMode,
    EngineSettings,
    ExportSettings,
    GifSettings,
    RateTarget,
    SceneSettings,
    TimingSettings,
)
from flavr_core.timeline import CutOverrides, read_cuts_file
from flavr_core.timing import TimePoint

ROOT = Path(__file__).resolve().parents[2]
OpenQueue = Callable[..., JobQueue]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of ffmpeg's test picture: testsrc2=160x96:24, H.264."""
    path = tmp_path_factory.mktemp("queue") / "ein clip.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=160x96:rate=24"]
    subprocess.run([*command, "-t", "1", "-pix_fmt", "yuv420p", str(path)], check=True, timeout=60)
    return path


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds of it, for what must still be running when something happens."""
    path = tmp_path_factory.mktemp("queue") / "long.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=320x192:rate=24"]
    more = ["-t", "40", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([*command, *more], check=True, timeout=60)
    return path


@pytest.fixture
def open_queue(tmp_path: Path) -> Iterator[OpenQueue]:
    """`open_queue()`: a queue over the test's own store; closed at the end."""
    queues: list[JobQueue] = []

    def opened() -> JobQueue:
        queues.append(JobQueue(QueueStore(tmp_path / "store")))
        return queues[-1]

    yield opened
    for queue in queues:
        queue.close()


def job(source: Path, output: Path, **changes: object) -> ConvertSettings:
    settings = ConvertSettings(
        source=source, output=output, engine=EngineSettings(model="blend", device="cpu"), segment_frames=24
    )
    return replace(settings, **changes)


def wait_for(qtbot: QtBot, queue: JobQueue, number: int, *states: JobState) -> QueuedJob:
    def there() -> bool:
        known = queue.job(number)
        return known is not None and known.state in states

    qtbot.waitUntil(there, timeout=60_000)
    found = queue.job(number)
    assert found is not None
    return found


def test_jobs_run_one_after_another_and_are_green_only_when_verified(
    qtbot: QtBot, open_queue: OpenQueue, clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    active: list[int] = []
    queue.job_changed.connect(lambda _: active.append(sum(j.state.is_active for j in queue.jobs)))
    numbers = [queue.add(job(clip, tmp_path / f"größer {n}.mp4")) for n in range(2)]
    with qtbot.waitSignal(queue.all_done, timeout=60_000) as done:
        pass
    assert done.args == ["nothing"]
    assert max(active) == 1
    for number in numbers:
        ended = queue.job(number)
        assert ended is not None
        assert ended.state is JobState.DONE
        assert ended.receipt is not None
        assert ended.receipt.frames == 48
        assert ended.receipt.made == 23
        assert "48 frames" in ended.receipt.verified
        assert ended.fraction == 1
        assert ended.settings.output.stat().st_size == ended.receipt.output_bytes
        assert ended.log[-1].text == "Done and verified."
    assert not list(tmp_path.glob("*.part"))
