"""The queue: real small conversions, cancelled, failed, tried again, paused, killed, restored."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
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
from app.jobs.worker import PausableToken
from flavr_core.errors import CancelledError, OutputError
from flavr_core.pipeline import kept_frames
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
from flavr_core.timing import TimePoint

ROOT = Path(__file__).resolve().parents[2]
OpenQueue = Callable[..., JobQueue]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of ffmpeg's test picture: testsrc2=160x96:24, H.264."""
    path = tmp_path_factory.mktemp("queue") / "ein clip.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=160x96:rate=24"]
    subprocess.run([*command, "-t", "1", "-pix_fmt", "yuv420p", str(path)], check=True, timeout=240)
    return path


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen seconds of it, for what must still be running when something happens."""
    path = tmp_path_factory.mktemp("queue") / "long.mp4"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=320x192:rate=24",
    ]
    more = ["-t", "16", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([*command, *more], check=True, timeout=240)
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

    qtbot.waitUntil(there, timeout=180_000)
    found = queue.job(number)
    assert found is not None
    return found


def test_jobs_run_one_after_another_and_are_green_only_when_verified(
    qtbot: QtBot,
    open_queue: OpenQueue,
    clip: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    queue = open_queue()
    active: list[int] = []
    queue.job_changed.connect(lambda _: active.append(sum(j.state.is_active for j in queue.jobs)))
    numbers = [queue.add(job(clip, tmp_path / f"größer {n}.mp4")) for n in range(2)]
    with qtbot.waitSignal(queue.all_done, timeout=180_000) as done:
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
        assert ended.receipt.elapsed_s == ended.elapsed_s >= ended.receipt.rendered_s > 0
        assert ended.receipt.stored_frames == ended.kept == ended.frames == 48
        assert ended.settings.output.stat().st_size == ended.receipt.output_bytes
        assert ended.log[-1].text == "Done and verified."
        assert f"job {number} begins (fresh): '{clip}'" in caplog.text
        assert f"job {number}, '{ended.settings.output}': done" in caplog.text
    assert not list(tmp_path.glob("*.part"))


def test_a_failure_says_why_and_the_next_job_runs(
    qtbot: QtBot, open_queue: OpenQueue, clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue = open_queue()
    source = tmp_path / "later.mp4"
    bad = queue.add(job(source, tmp_path / "bad.mp4"))
    good = queue.add(job(clip, tmp_path / "good.mp4"))
    assert wait_for(qtbot, queue, bad, JobState.FAILED).error.startswith(f"There is no file '{source}'")
    assert f"failed. There is no file '{source}'" in caplog.text
    wait_for(qtbot, queue, good, JobState.DONE)
    source.write_bytes(clip.read_bytes())
    queue.retry(bad)
    assert wait_for(qtbot, queue, bad, JobState.DONE).error == ""


def test_all_problems_are_said_and_no_option_of_the_command_line_among_the_hints(
    qtbot: QtBot, open_queue: OpenQueue, clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    output = tmp_path / "precious.mp4"
    output.write_bytes(b"precious")
    settings = job(clip, output, engine=EngineSettings(model="no-such-network", device="cpu"))
    failed = wait_for(qtbot, queue, queue.add(settings), JobState.FAILED)
    assert "exists already" in failed.error
    assert "no-such-network" in failed.error
    assert len(failed.error.splitlines()) == 2
    assert "--" not in failed.error + failed.hint
    assert output.read_bytes() == b"precious"


def test_a_cancelled_job_leaves_nothing_under_its_name_and_goes_on_when_tried_again(
    qtbot: QtBot, open_queue: OpenQueue, long_clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    output = tmp_path / "out.mp4"
    number = queue.add(job(long_clip, output))
    waiting = queue.add(job(long_clip, tmp_path / "never.mp4"))
    queue.cancel(waiting)
    qtbot.waitUntil(lambda: (queue.job(number) or waiting).done > 200, timeout=180_000)
    queue.cancel(number)
    assert wait_for(qtbot, queue, number, JobState.CANCELLED)
    qtbot.waitUntil(lambda: not queue.totals().jobs, timeout=60_000)
    assert not output.exists()
    assert not (tmp_path / "never.mp4").exists()
    # The process that was stopped may still be closing a segment.
    qtbot.waitUntil(lambda: (queue.job(number) or waiting).kept == (kept_frames(output) or (0,))[0] >= 24)
    queue.retry(number)
    receipt = wait_for(qtbot, queue, number, JobState.DONE).receipt
    assert receipt is not None
    assert receipt.resumed_frames >= 24
    assert receipt.frames == 16 * 48


def test_removing_a_job_at_work_throws_its_render_away(
    qtbot: QtBot, open_queue: OpenQueue, long_clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    number = queue.add(job(long_clip, tmp_path / "out.mp4"))
    qtbot.waitUntil(lambda: (queue.job(number) or number).done > 100, timeout=180_000)
    assert (tmp_path / "out.mp4.part").exists()
    queue.remove(number)
    assert queue.jobs == ()
    qtbot.waitUntil(lambda: not (tmp_path / "out.mp4.part").exists(), timeout=10_000)
    assert not (tmp_path / "out.mp4").exists()


def test_a_paused_job_stands_still_and_goes_on(
    qtbot: QtBot, open_queue: OpenQueue, long_clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    number = queue.add(job(long_clip, tmp_path / "out.mp4"))
    qtbot.waitUntil(lambda: (queue.job(number) or number).done > 50, timeout=180_000)
    queue.pause(number)
    assert queue.totals().is_paused
    qtbot.wait(300)
    assert (queue.job(number) or number).state is JobState.PAUSED
    queue.resume(number)
    assert wait_for(qtbot, queue, number, JobState.DONE).fraction == 1


def test_nobody_gets_past_a_paused_token() -> None:
    token, passed = PausableToken(), threading.Event()

    def look() -> None:
        token.check()
        passed.set()

    token.pause()
    thread = threading.Thread(target=look)
    thread.start()
    assert not passed.wait(0.1)
    token.resume()
    assert passed.wait(60)
    thread.join()
    token.pause()
    token.cancel()  # wakes whoever waits
    with pytest.raises(CancelledError):
        token.check()
    token.pause()
    assert not token.paused


def test_closing_while_paused_is_an_interruption_too(
    qtbot: QtBot, open_queue: OpenQueue, long_clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    number = queue.add(job(long_clip, tmp_path / "out.mp4"))
    qtbot.waitUntil(lambda: (queue.job(number) or number).done > 50, timeout=180_000)
    queue.pause(number)
    queue.close()
    again = open_queue()
    assert [one.state for one in again.jobs] == [JobState.INTERRUPTED]
    again.remove(number)
    again.close()
    assert not (tmp_path / "out.mp4").exists()


def test_order_can_be_changed(open_queue: OpenQueue, qtbot: QtBot, clip: Path, tmp_path: Path) -> None:
    queue = open_queue()
    numbers = [queue.add(job(clip, tmp_path / f"{n}.mp4"), start=False) for n in range(3)]
    queue.move(numbers[2], 0)
    assert [one.number for one in queue.jobs] == [numbers[2], numbers[0], numbers[1]]
    ended: list[int] = []
    queue.job_ended.connect(ended.append)
    queue.start()
    qtbot.waitUntil(lambda: len(ended) == 3, timeout=180_000)
    assert ended == [numbers[2], numbers[0], numbers[1]]


def test_two_jobs_never_write_the_same_file(
    open_queue: OpenQueue, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    queue.hold()
    queue.add(job(clip, tmp_path / "out.mp4"), start=False)
    with pytest.raises(OutputError, match=r"Another job of the queue writes 'out\.mp4'"):
        queue.add(job(clip, tmp_path / "out.mp4"), start=False)


def test_what_is_only_added_waits_for_the_start(
    qtbot: QtBot, open_queue: OpenQueue, clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    first = queue.add(job(clip, tmp_path / "a.mp4"), start=False)
    qtbot.wait(50)
    assert (queue.job(first) or first).state is JobState.WAITING
    second = queue.add(job(clip, tmp_path / "b.mp4"))
    third = queue.add(job(clip, tmp_path / "c.mp4"), start=False)  # the queue runs already
    for number in (first, second, third):
        wait_for(qtbot, queue, number, JobState.DONE)


def test_closing_in_mid_job_and_going_on_gives_the_same_bytes(
    qtbot: QtBot, open_queue: OpenQueue, long_clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    number = queue.add(job(long_clip, tmp_path / "out.mp4"))
    queue.add(job(long_clip, tmp_path / "second.mp4"))
    queue.set_when_done(WhenDone.NOTIFY)
    qtbot.waitUntil(lambda: (queue.job(number) or number).done > 200, timeout=180_000)
    queue.close()
    again = open_queue()
    states = [one.state for one in again.jobs]
    assert states == [JobState.INTERRUPTED, JobState.WAITING]
    assert again.is_held
    assert len(again.unfinished) == 2
    with qtbot.waitSignal(again.all_done, timeout=180_000) as done:
        again.go_on()
    assert done.args == ["notify"]
    first, _ = again.jobs
    assert first.receipt is not None
    assert first.receipt.resumed_frames >= 24
    assert digest(tmp_path / "out.mp4") == digest(tmp_path / "second.mp4")


RUN = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.jobs.queue import JobQueue
from app.jobs.queue_store import QueueStore
from flavr_core.settings import ConvertSettings, EngineSettings

app = QCoreApplication([])
queue = JobQueue(QueueStore(Path(sys.argv[1])))
queue.all_done.connect(app.quit)
for name in sys.argv[3:]:
    engine = EngineSettings(model="blend", device="cpu")
    queue.add(ConvertSettings(source=Path(sys.argv[2]), output=Path(name), engine=engine, segment_frames=24))
app.exec()
queue.close()
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_killed_in_mid_job_and_gone_on_gives_the_bytes_of_an_uninterrupted_run(
    qtbot: QtBot, open_queue: OpenQueue, long_clip: Path, tmp_path: Path
) -> None:
    output, whole = tmp_path / "out.mp4", tmp_path / "whole.mp4"
    command = [sys.executable, "-c", RUN, str(tmp_path / "store"), str(long_clip), str(output), str(whole)]
    process = subprocess.Popen(command, cwd=ROOT)
    journal = tmp_path / "out.mp4.part" / "journal.json"
    give_up = time.monotonic() + 60
    while not (journal.exists() and len(json.loads(journal.read_text())["segments"]) >= 3):
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not output.exists()
    queue = open_queue()
    assert [one.state for one in queue.jobs] == [JobState.INTERRUPTED, JobState.WAITING]
    assert queue.jobs[0].log[-1].text == "The program ended before the job was done."
    qtbot.waitUntil(lambda: queue.jobs[0].kept >= 72, timeout=10_000)
    assert queue.jobs[0].frames == 768
    with qtbot.waitSignal(queue.all_done, timeout=180_000):
        queue.go_on()
    first, second = queue.jobs
    assert first.receipt is not None
    assert second.receipt is not None
    assert first.receipt.resumed_frames >= 72
    assert second.receipt.resumed_frames == 0
    assert digest(output) == digest(whole)


def test_killed_between_the_final_name_and_the_last_word_is_done(
    qtbot: QtBot, open_queue: OpenQueue, clip: Path, tmp_path: Path
) -> None:
    queue = open_queue()
    output = tmp_path / "out.mp4"
    done = wait_for(qtbot, queue, queue.add(job(clip, output)), JobState.DONE)
    queue.close()
    folder = tmp_path / "out.mp4.part"
    folder.mkdir()
    (folder / "published").write_text(digest(output))
    store = QueueStore(tmp_path / "store")
    store.save(StoredQueue(jobs=(replace(done, state=JobState.RUNNING, receipt=None),)))
    store.close()
    before = digest(output)
    again = open_queue()
    again.go_on()
    ended = wait_for(qtbot, again, 1, JobState.DONE)
    assert ended.receipt is None
    assert digest(output) == before
    assert not folder.exists()


def test_a_second_program_has_a_queue_of_its_own_and_nothing_of_it_is_lost(
    qtbot: QtBot, open_queue: OpenQueue, clip: Path, tmp_path: Path
) -> None:
    first, second = open_queue(), open_queue()
    first.hold()
    first.add(job(clip, tmp_path / "a.mp4"), start=False)
    second.hold()
    second.add(job(clip, tmp_path / "b.mp4"), start=False)
    assert "open twice" in second.notices[0]
    assert not first.notices
    assert [one.settings.output.name for one in first.jobs] == ["a.mp4"]
    first.close()
    second.close()
    again = open_queue()
    assert [one.settings.output.name for one in again.jobs] == ["a.mp4", "b.mp4"]
    assert len({one.number for one in again.jobs}) == 2
    assert not again.notices


def test_a_damaged_queue_is_set_aside(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    for content in ("", "not json", "[1, 2]", '{"schema_version": 99, "jobs": []}', '{"jobs": []}'):
        folder.mkdir(exist_ok=True)
        (folder / "queue.json").write_text(content)
        store = QueueStore(folder)
        assert store.load() == StoredQueue()
        assert len(store.notices) == 1
        store.close()
        (kept,) = folder.glob("queue-damaged-*.json")
        assert kept.read_text() == content
        kept.unlink()


def test_one_job_that_cannot_be_read_does_not_cost_the_others(clip: Path, tmp_path: Path) -> None:
    store = QueueStore(tmp_path)
    jobs = tuple(QueuedJob(number=n, settings=job(clip, tmp_path / f"{n}.mp4")) for n in (1, 2, 3))
    store.save(StoredQueue(jobs=jobs, when_done=WhenDone.SLEEP))
    store.close()
    content = json.loads((tmp_path / "queue.json").read_text())
    content["jobs"][1]["settings"]["timing"]["slow"] = [4]
    (tmp_path / "queue.json").write_text(json.dumps(content))
    store = QueueStore(tmp_path)
    assert [one.number for one in store.load().jobs] == [1, 3]
    assert store.load().when_done is WhenDone.SLEEP
    assert "left out" in store.notices[0]
    store.close()


def test_all_settings_come_back_as_they_were(tmp_path: Path) -> None:
    settings = ConvertSettings(
        source=tmp_path / "ä b\udcff.mp4",
        output=tmp_path / "out.gif",
        timing=TimingSettings(
            rate=RateTarget(fps=Fraction(60000, 1001)), slow=Fraction(5, 2), start=TimePoint(frame=3),
            stop=TimePoint(seconds=Fraction(7, 3)),
        ),
        scenes=SceneSettings(cuts=CutMode.BLEND, cuts_file=tmp_path / "cuts.txt"),
        engine=EngineSettings(max_memory_bytes=2**30),
        export=ExportSettings(container="gif", codec="gif", crf=18.0, gif=GifSettings(max_bytes=10**6)),
    )  # fmt: skip
    stored = QueuedJob(number=7, settings=settings, state=JobState.FAILED, error="No.")
    store = QueueStore(tmp_path / "store")
    store.save(StoredQueue(jobs=(stored,)))
    store.close()
    store = QueueStore(tmp_path / "store")
    assert store.load().jobs == (stored,)
    store.close()
    assert from_plain(ConvertSettings, json.loads(json.dumps(to_plain(settings)))) == settings


def test_a_folder_that_cannot_be_written_is_said_and_jobs_run_all_the_same(
    qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    store = QueueStore(tmp_path / "file" / "store")
    assert "cannot be written" in store.notices[0]
    assert not store.is_kept
    queue = JobQueue(store)
    wait_for(qtbot, queue, queue.add(job(clip, tmp_path / "out.mp4")), JobState.DONE)
    queue.close()


def test_a_hundred_rounds_leave_no_thread_and_no_file(qtbot: QtBot, clip: Path, tmp_path: Path) -> None:
    import psutil

    process = psutil.Process()

    def a_round(number: int) -> None:
        queue = JobQueue(QueueStore(tmp_path / "store"))
        if number % 10 == 0:
            queue.add(job(clip, tmp_path / f"{number}.mp4"))
            qtbot.wait(20)
        queue.close()

    a_round(0)
    qtbot.wait(1200)  # a worker that was left ends by itself
    threads, files = process.num_threads(), process.num_fds() if os.name == "posix" else 0
    for number in range(1, 101):
        a_round(number)
    qtbot.waitUntil(lambda: process.num_threads() <= threads, timeout=10_000)
    assert os.name != "posix" or process.num_fds() <= files


def test_a_queue_that_cannot_be_saved_says_so_once(
    qtbot: QtBot, open_queue: OpenQueue, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = open_queue()
    said: list[str] = []
    queue.store_failed.connect(said.append)

    def full(*_: object) -> None:
        raise OutputError("The queue cannot be saved.", "Make room.")

    monkeypatch.setattr(QueueStore, "save", full)
    wait_for(qtbot, queue, queue.add(job(clip, tmp_path / "out.mp4")), JobState.DONE)
    qtbot.waitUntil(lambda: bool(said), timeout=60_000)
    qtbot.wait(50)
    assert said == ["The queue cannot be saved. Make room."]


def test_a_render_of_a_clip_that_changed_is_begun_anew_only_when_asked(
    qtbot: QtBot, open_queue: OpenQueue, long_clip: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(long_clip.read_bytes())
    queue = open_queue()
    number = queue.add(job(source, tmp_path / "out.mp4"))
    qtbot.waitUntil(lambda: (queue.job(number) or number).done > 100, timeout=180_000)
    queue.cancel(number)
    os.utime(source, ns=(1, 1))
    queue.retry(number)
    assert "another source" in wait_for(qtbot, queue, number, JobState.FAILED).error
    queue.start_over(number)
    receipt = wait_for(qtbot, queue, number, JobState.DONE).receipt
    assert receipt is not None
    assert receipt.resumed_frames == 0
