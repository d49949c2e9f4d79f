"""What `main.py` does with its arguments: files open the window, commands do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import main
from flavr_core.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["clip.mp4"],
        ["clip.mp4", "convert"],
        ["./convert"],
        ["--", "convert"],
        ["folder/"],
        ["screenshots", "--out", "x"],
        ["benchmark", "ui"],
    ],
)
def test_the_window_is_wanted(arguments: list[str]) -> None:
    assert main.wants_window(arguments)


@pytest.mark.parametrize(
    "arguments", [[name] for name in COMMANDS] + [["--help"], ["convrt"], ["benchmark", "memory"]]
)
def test_the_command_line_is_wanted(arguments: list[str]) -> None:
    assert not main.wants_window(arguments)


def test_a_file_without_an_ending_opens_where_it_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not main.wants_window(["shots"])
    (tmp_path / "shots").mkdir()
    assert main.wants_window(["shots"])


def test_a_packaged_program_knows_when_it_is_a_jobs_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def work_instead() -> None:
        raise SystemExit(7)

    monkeypatch.setattr("multiprocessing.freeze_support", work_instead)
    monkeypatch.setattr(sys, "argv", ["main.py", "--multiprocessing-fork"])
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 7


def test_the_command_line_starts_without_qt() -> None:
    code = (
        "import sys, main; sys.argv = ['main.py', '--version']\n"
        "try: main.main()\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, timeout=240, capture_output=True
    )
    assert done.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have one")
def test_without_a_screen_one_sentence_is_said() -> None:
    without = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in without}
    command = [sys.executable, str(ROOT / "main.py")]
    run = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=240)
    assert run.returncode == 1
    assert run.stderr.startswith("There is no screen")
    assert run.stderr.count("\n") == 1


def test_the_end_runs_what_was_left_for_it_and_keeps_the_exit_code() -> None:
    program = (
        "import atexit, main, threading, time\n"
        "atexit.register(print, 'at exit')\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\n"
        "print('unflushed', end=' ')\n"
        "main.leave(7)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert (ended.returncode, ended.stdout) == (7, "unflushed thread\nat exit\n")
