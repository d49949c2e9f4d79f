"""A fault that nobody foresaw leaves a report, whatever thread it was in."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

import pytest

from app.jobs.crash_reports import CrashReports, Logs, install_hooks


def test_a_report_says_what_happened_and_quotes_the_log(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    reports = CrashReports(logs, tmp_path)
    logging.getLogger("app.test").info("a clip was opened")
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError as error:
        path = reports.write(error, where="main")
    logs.close()
    reports.close()
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert "ZeroDivisionError: by nothing" in text
    assert "a clip was opened" in text
    assert "a clip was opened" in (tmp_path / "logs" / "studio.log").read_text(encoding="utf-8")


def test_what_a_crash_of_the_interpreter_left_is_found_once(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "fatal.txt").write_text("Fatal Python error: Segmentation fault")
    logs = Logs(tmp_path)
    reports = CrashReports(logs, tmp_path)
    assert reports.left_behind is not None
    assert "Segmentation fault" in reports.left_behind.read_text(encoding="utf-8")
    reports.close()
    (tmp_path / "reports" / "fatal.txt").unlink(missing_ok=True)
    assert CrashReports(logs, tmp_path).left_behind is None
    logs.close()


def test_nowhere_to_write_is_no_further_fault(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    logs = Logs(blocked)
    reports = CrashReports(logs, blocked)
    assert reports.write(ValueError("x"), where="main") is None
    reports.close()
    logs.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_hooks_take_what_nobody_caught_and_go_away_again() -> None:
    before = (sys.excepthook, threading.excepthook)
    taken: list[tuple[BaseException, str]] = []
    restore = install_hooks(lambda error, where: taken.append((error, where)))
    try:
        thread = threading.Thread(target=lambda: 1 // 0, name="worker-7")
        thread.start()
        thread.join()
        error = ValueError("slot")
        sys.excepthook(ValueError, error, None)
    finally:
        restore()
    assert [(type(each), where) for each, where in taken] == [
        (ZeroDivisionError, "worker-7"),
        (ValueError, "MainThread"),
    ]
    assert (sys.excepthook, threading.excepthook) == before
