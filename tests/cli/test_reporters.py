"""What a running job says on a terminal, beside one, and when it is to be quiet."""

from __future__ import annotations

import io

import pytest

from flavr_core.cli.reporters import TerminalReporter
from flavr_core.progress import Progress

STEP = Progress(stage="convert", done=3, total=12)


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def said(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, quiet: bool = False) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    with TerminalReporter(quiet=quiet) as reporter:
        reporter.progress(STEP)
        reporter.progress(STEP)
        reporter.note("a [note] of 'clip.mp4'")
        reporter.progress(Progress(stage="verify", done=0, total=0))
    return stream.getvalue()


def test_one_plain_line_a_stage_where_the_output_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, io.StringIO()).splitlines() == [
        "Converting 3/12",
        "note: a [note] of 'clip.mp4'",
        "Verifying",
    ]


def test_a_bar_on_a_terminal_with_notes_above(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    shown = said(monkeypatch, Terminal())
    assert "3/12" in shown
    assert "Converting" in shown
    assert "note: a [note] of 'clip.mp4'" in shown


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, Terminal(), quiet=True) == ""
    assert said(monkeypatch, io.StringIO(), quiet=True) == ""
