"""A conversion in a process of its own: the same answers, and no process left behind."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.jobs.apart import convert_apart
from app.jobs.conversion import Start
from app.jobs.worker import Mailbox, PausableToken
from flavr_core.errors import CancelledError, DeviceError, MediaError, ProblemsError, SettingsError
from flavr_core.settings import ConvertSettings, EngineSettings


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
    deadline = time.monotonic() + 60
    while not children() and time.monotonic() < deadline:
        time.sleep(0.01)
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
    deadline = time.monotonic() + 60
    while not children() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(children()[0].pid, signal.SIGKILL)
    thread.join(60)
    assert isinstance(answers[0], DeviceError)
    assert not children()
