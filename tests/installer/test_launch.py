"""From the one command to the program: which Python, which system packages, what is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from installer import environment, launch, run, system

RUN_PY = Path(run.__file__)


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would take this process's place."""
    commands: list[list[str]] = []

    def take(command: list[str]) -> int:
        commands.append(command)
        return 0

    monkeypatch.setattr(launch, "hand_over", take)
    return commands


def test_when_all_is_there_nothing_is_started_but_the_program(
    monkeypatch: pytest.MonkeyPatch, handed_over: list[list[str]]
) -> None:
    monkeypatch.setattr(environment, "is_ready", lambda root: True)
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: pytest.fail("a process was started"))
    monkeypatch.setattr(system, "missing_libraries", list)
    assert launch.main(["convert", "a.mp4", "b c.mp4"]) == 0
    assert launch.main([]) == 0
    assert launch.main(["test", "-k", "x"]) == 0
    tails = [[Path(command[1]).name, *command[2:]] for command in handed_over]
    assert tails == [["main.py", "convert", "a.mp4", "b c.mp4"], ["main.py"], ["checks.py", "-k", "x"]]


def test_a_failed_setup_is_one_sentence_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, handed_over: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: object, **more: object) -> Path:
        raise environment.SetupError("No room.")

    monkeypatch.setattr(launch, "prepare", fail)
    assert launch.main(["doctor"]) == 1
    assert capsys.readouterr().err == "error: No room.\n"
    assert not handed_over


def test_an_interruption_is_said(
    monkeypatch: pytest.MonkeyPatch, handed_over: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*args: object, **more: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "prepare", interrupt)
    assert launch.main([]) == 130
    assert "goes on from here" in capsys.readouterr().err
    assert not handed_over


def test_root_installs_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = ["libpulse.so.0", "libEGL.so.1"]
    calls: list[list[str]] = []

    def install(command: list[str]) -> bool:
        calls.append(command)
        lacking.clear()
        return True

    monkeypatch.setattr(system, "missing_libraries", lambda: list(lacking))
    monkeypatch.setattr(system, "may_install", lambda: True)
    monkeypatch.setattr(system, "apt_install", install)
    system.provide_libraries()
    assert calls == [["apt-get", "install", "--yes", "--no-install-recommends", "libegl1", "libpulse0"]]
    printed = capsys.readouterr()
    assert printed.out == "Installing system packages: libegl1 libpulse0\n"
    assert printed.err == ""


@pytest.mark.parametrize(
    ("tool", "wanted"),
    [
        ("apt-get", "sudo apt-get install --yes --no-install-recommends libpulse0"),
        ("dnf", "sudo dnf install 'libpulse.so.0()(64bit)'"),
        ("pacman", "your system's package tool"),
    ],
)
def test_others_are_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tool: str, wanted: str
) -> None:
    monkeypatch.setattr(system, "missing_libraries", lambda: ["libpulse.so.0"])
    monkeypatch.setattr(system, "may_install", lambda: False)
    monkeypatch.setattr(system.shutil, "which", lambda name: f"/usr/bin/{name}" if name == tool else None)
    system.provide_libraries()
    printed = capsys.readouterr().err
    assert wanted in printed
    assert "libpulse" in printed
    assert printed.count("\n") == 1


def test_apt_gets_a_fresh_list_when_the_old_one_does_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    def fake(command: list[str], **more: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess(command, 100 if len(calls) == 1 else 0, "", "")

    monkeypatch.setattr(subprocess, "run", fake)
    assert system.apt_install(["apt-get", "install", "x"])
    assert calls == [["apt-get", "install", "x"], ["apt-get", "update"], ["apt-get", "install", "x"]]


def test_a_failing_apt_says_its_last_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "W: old list\nE: Unable to locate package libpulse0\n"
    monkeypatch.setattr(
        subprocess, "run", lambda command, **more: subprocess.CompletedProcess([], 100, "", words)
    )
    assert not system.apt_install(["apt-get", "install", "libpulse0"])
    assert capsys.readouterr().err == "apt-get install failed: E: Unable to locate package libpulse0\n"


def test_a_python_without_venv_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(system, "may_install", lambda: False)
    with pytest.raises(environment.SetupError, match=rf"python3\.{sys.version_info[1]}-venv"):
        system.provide_venv_module()


def test_another_python_is_taken_when_this_one_does_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.shutil, "which", lambda name: sys.executable if name == "python3.12" else None)
    monkeypatch.setattr(run, "PROBE", "print(3, 12, '/opt/a python/bin/python')")

    def answer(command: list[str], **more: object) -> subprocess.CompletedProcess[bytes]:
        assert command[0] == "python3.12"
        return subprocess.CompletedProcess(command, 0, stdout=b"3 12 /opt/a python/bin/python\n")

    monkeypatch.setattr(run.subprocess, "run", answer)
    assert run.find_supported_python() == "/opt/a python/bin/python"


def test_no_python_that_does_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run.sys, "version_info", (3, 8, 1))
    monkeypatch.setattr(run, "find_supported_python", lambda: "")
    assert run.main() == 1
    printed = capsys.readouterr().err
    assert "needs Python 3.11, 3.12 or 3.13; this is 3.8" in printed
    assert printed.count("\n") == 1


def test_the_entry_is_plain_enough_for_old_pythons() -> None:
    import ast

    ast.parse(RUN_PY.read_text(encoding="utf-8"), feature_version=(3, 6))
