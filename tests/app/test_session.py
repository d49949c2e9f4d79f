"""The open work survives the end of the program, in order or not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.viewmodels.session import REST_MS, Session
from app.viewmodels.workspace import Workspace
from flavr_core.timeline import CutOverrides
from flavr_core.timing import TimePoint


def _work(workspace: Workspace) -> None:
    workspace.add(Path("/films/one.mp4"))
    second = workspace.add(Path("/films/zwei ü.mov"))
    marks = {"start": TimePoint(frame=7), "stop": TimePoint(seconds=Fraction(10, 3))}
    workspace.edit(
        "Marks",
        number=second.number,
        timing=replace(second.edits.timing, **marks),
        cuts=CutOverrides(cuts=(TimePoint(frame=3),), vetoes=(TimePoint(seconds=Fraction(1, 7)),)),
    )
    workspace.set_sequence_rate(second.number, Fraction(30000, 1001))
    workspace.set_current(second.number)


def test_work_is_written_after_a_rest_and_found_after_a_crash(qtbot: QtBot, tmp_path: Path) -> None:
    workspace = Workspace()
    session = Session(workspace, tmp_path)
    assert session.last.was_closed
    _work(workspace)
    qtbot.waitUntil((tmp_path / "session.json").exists, timeout=REST_MS + 3000)
    assert session._lock is not None
    session._lock.unlock()  # what the end of a killed process does

    again = Workspace()
    restored = Session(again, tmp_path)
    assert not restored.last.was_closed
    restored.reopen()
    assert [(clip.path, clip.edits, clip.sequence_rate) for clip in again.clips] == [
        (clip.path, clip.edits, clip.sequence_rate) for clip in workspace.clips
    ]
    assert again.current is not None
    assert again.current.path == Path("/films/zwei ü.mov")
    assert not again.undo_text
    restored.close()


def test_a_program_that_ends_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    workspace = Workspace()
    session = Session(workspace, tmp_path)
    _work(workspace)
    session.close()
    session.close()
    last = Session(Workspace(), tmp_path)
    assert last.last.was_closed
    assert len(last.last.clips) == 2
    last.close()


def test_a_clip_that_is_open_takes_what_was_decided_last_time(qtbot: QtBot, tmp_path: Path) -> None:
    workspace = Workspace()
    session = Session(workspace, tmp_path)
    _work(workspace)
    session.close()
    again = Workspace()
    reopened = Session(again, tmp_path)
    clip = again.add(Path("/films/zwei ü.mov"))
    reopened.reopen()
    reopened.reopen()
    assert [one.path.name for one in again.clips] == ["zwei ü.mov", "one.mp4"]
    assert clip.edits == workspace.clips[1].edits
    assert again.current is clip
    again.undo()
    assert clip.edits == again.defaults
    reopened.close()


def test_two_programs_keep_apart(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = Workspace(), Workspace()
    one, two = Session(first, tmp_path), Session(second, tmp_path)
    _work(first)
    second.add(Path("/other.mp4"))
    one.close()
    two.close()
    three, four = Session(Workspace(), tmp_path), Session(Workspace(), tmp_path)
    assert [len(three.last.clips), len(four.last.clips)] == [2, 1]
    three.close()
    four.close()


def test_a_damaged_session_is_set_aside(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text('{"schema_version": 1, "session": {"clips": [{"path": 3}]}}')
    session = Session(Workspace(), tmp_path)
    assert session.last.clips == ()
    assert (tmp_path / "session.json.damaged").exists()
    session.close()


def test_a_folder_that_cannot_be_written_is_no_error(qtbot: QtBot, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    workspace = Workspace()
    session = Session(workspace, blocked / "state")
    _work(workspace)
    session.close()
