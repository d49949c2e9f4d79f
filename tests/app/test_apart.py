"""A conversion in a process of its own: the same answers, and no process left behind."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from multiprocessing import Pipe
from pathlib import Path

import psutil
import pytest

from app.jobs.apart import Sender, convert_apart, tell_done
from app.jobs.conversion import Start, convert
from app.jobs.worker import Mailbox, PausableToken
from flavr_core.errors import CancelledError, DeviceError, MediaError, ProblemsError, SettingsError
from flavr_core.pipeline.journal import work_folder
from flavr_core.progress import CancelToken, SilentReporter
from flavr_core.settings import ConvertSettings, EngineSettings, TimingSettings

ROOT = Path(__file__).resolve().parents[2]


def children() -> list[psutil.Process]:
    """Processes of conversions; the one that looks after shared memory stays as long as we do."""
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def settings_of(source: Path, output: Path) -> ConvertSettings:
    return ConvertSettings(source=source, output=output, engine=EngineSettings(model="blend", device="cpu"))


def in_thread(action: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    answers: list[object] = []

    def run() -> None:
        try:
            answers.append(action())
        except Exception as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, answers


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_receipt_and_progress_come_back(plain_clip: Path, tmp_path: Path) -> None:
    mailbox = Mailbox()
    receipt = convert_apart(
        settings_of(plain_clip, tmp_path / "out.mp4"), Start.FRESH, mailbox, PausableToken()
    )
    assert receipt is not None
    assert receipt.frames == 96
    assert mailbox.latest is not None
    assert mailbox.latest.stage == "done"
    assert (tmp_path / "out.mp4").exists()
    assert not children()


def test_errors_come_back_whole(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(ProblemsError) as caught:
        convert_apart(settings_of(broken, tmp_path / "out.mp4"), Start.FRESH, Mailbox(), PausableToken())
    assert caught.value.problems[0].hint
    assert isinstance(caught.value.problems[0], MediaError)


def test_errors_survive_the_way_between_processes() -> None:
    several = ProblemsError([SettingsError("a", "b"), MediaError("c")])
    again = pickle.loads(pickle.dumps(several))
    assert [(type(one), one.message, one.hint) for one in again.problems] == [
        (SettingsError, "a", "b"),
        (MediaError, "c", ""),
    ]
    assert again.exit_code == several.exit_code
    assert isinstance(pickle.loads(pickle.dumps(CancelledError())), CancelledError)


def test_cancelled_it_leaves_nothing(plain_clip: Path, tmp_path: Path) -> None:
    token, mailbox, output = PausableToken(), Mailbox(), tmp_path / "out.mp4"
    thread, answers = in_thread(
        lambda: convert_apart(settings_of(plain_clip, output), Start.FRESH, mailbox, token)
    )
    token.pause()  # held before its first frame, so that it cannot be done before it is stopped
    wait_until(lambda: bool(children()))
    token.cancel()
    thread.join(60)
    assert isinstance(answers[0], CancelledError)
    assert list(tmp_path.iterdir()) == []
    assert not children()


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_a_killed_process_is_told_in_a_sentence(plain_clip: Path, tmp_path: Path) -> None:
    token = PausableToken()
    token.pause()
    thread, answers = in_thread(
        lambda: convert_apart(settings_of(plain_clip, tmp_path / "out.mp4"), Start.FRESH, Mailbox(), token)
    )
    wait_until(lambda: bool(children()))
    os.kill(children()[0].pid, signal.SIGKILL)
    thread.join(60)
    assert isinstance(answers[0], DeviceError)
    assert not children()


def test_one_that_does_not_stop_is_killed_and_leaves_nothing(
    plain_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.apart.STOP_S", 0.0)
    monkeypatch.setattr("app.jobs.apart._END_S", 0.0)
    token, output = PausableToken(), tmp_path / "out.mp4"
    long = replace(settings_of(plain_clip, output), timing=TimingSettings(slow=Fraction(40)))
    thread, answers = in_thread(lambda: convert_apart(long, Start.FRESH, Mailbox(), token))
    wait_until(work_folder(output).exists)
    token.cancel()
    thread.join(60)
    assert isinstance(answers[0], CancelledError)
    assert not children()
    assert list(tmp_path.iterdir()) == []


def test_going_on_waits_for_the_process_of_a_program_that_is_gone(plain_clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    folder = work_folder(output)
    folder.mkdir()
    last = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1.5)"])
    owner = {"pid": last.pid, "started": psutil.Process(last.pid).create_time()}
    (folder / "owner").write_text(json.dumps(owner))
    reaper = threading.Thread(target=last.wait)
    reaper.start()
    receipt = convert(settings_of(plain_clip, output), Start.GO_ON, SilentReporter(), CancelToken())
    reaper.join()
    assert receipt is not None
    assert receipt.frames == 96


@pytest.mark.parametrize("has_left_work", [True, False])
def test_the_program_ends_at_once_where_a_thread_is_still_at_work(has_left_work: bool) -> None:
    code = f"""
import atexit, sys, threading, time
import app.application as application

def run(_):
    if {has_left_work}:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return 7

application._run = run
atexit.register(lambda: print("the interpreter was taken down"))
print("begun")
sys.exit(application.main([]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, timeout=240, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 7
    assert done.stdout.splitlines()[0] == "begun"
    assert ("taken down" in done.stdout) is not has_left_work


def test_a_result_that_was_done_just_after_the_program_was_killed_is_found(
    plain_clip: Path, tmp_path: Path
) -> None:
    settings = settings_of(plain_clip, tmp_path / "out.mp4")
    receipt = convert(settings, Start.FRESH, SilentReporter(), CancelToken())
    here, there = Pipe()
    tell_done(Sender(there), settings.output, receipt)
    assert not work_folder(settings.output).exists()  # somebody listens
    assert here.recv() == ("receipt", receipt)
    here.close()
    tell_done(Sender(there), settings.output, receipt)
    there.close()
    assert convert(settings, Start.GO_ON, SilentReporter(), CancelToken()) is None
    assert not work_folder(settings.output).exists()
    with pytest.raises(ProblemsError, match="exists already"):
        convert(settings, Start.FRESH, SilentReporter(), CancelToken())
