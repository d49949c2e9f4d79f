"""The open work: clips, edits and undo."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.jobs.background import BackgroundCalls
from app.viewmodels.workspace import Workspace
from flavr_core.progress import CancelToken
from flavr_core.settings import RateTarget, TimingSettings


def timing(factor: int) -> TimingSettings:
    return TimingSettings(rate=RateTarget(factor=Fraction(factor)))


def test_edits_are_undone_and_done_again(qtbot: QtBot) -> None:
    workspace = Workspace()
    clip = workspace.add(Path("a.mp4"))
    workspace.edit("Rate 4x", timing=timing(4))
    workspace.edit("Rate 8x", timing=timing(8))
    assert workspace.undo_text == "Rate 8x"
    workspace.undo()
    assert clip.edits.timing == timing(4)
    workspace.undo()
    assert clip.edits.timing == timing(2)
    assert workspace.undo_text == ""
    workspace.redo()
    assert clip.edits.timing == timing(4)
    workspace.edit("Rate 3x", timing=timing(3))
    assert workspace.redo_text == ""


def test_one_drag_is_one_step(qtbot: QtBot) -> None:
    workspace = Workspace()
    clip = workspace.add(Path("a.mp4"))
    for factor in (3, 4, 5):
        workspace.edit("Drag", merge="drag", timing=timing(factor))
    workspace.end_merge()
    workspace.edit("Drag", merge="drag", timing=timing(6))
    workspace.undo()
    assert clip.edits.timing == timing(5)
    workspace.undo()
    assert clip.edits.timing == timing(2)


def test_undo_goes_back_to_the_clip_it_concerns(qtbot: QtBot) -> None:
    workspace = Workspace()
    first, second = workspace.add(Path("a.mp4")), workspace.add(Path("b.mp4"))
    workspace.edit("Rate 4x", timing=timing(4))
    workspace.set_current(second.number)
    workspace.undo()
    assert workspace.current is first
    workspace.remove([first.number])
    assert workspace.current is second
    assert workspace.redo_text == ""
    assert workspace.undo_text == "Remove clip"
    workspace.remove([second.number])
    assert workspace.current is None


def test_background_answers_come_to_the_windows_thread(qtbot: QtBot) -> None:
    calls = BackgroundCalls(threads=2)
    here, answers, errors = threading.get_ident(), [], []

    def work(token: CancelToken) -> int:
        assert threading.get_ident() != here
        return 7

    def fail(token: CancelToken) -> int:
        raise ValueError("no")

    calls.submit(
        work, on_done=lambda value: answers.append((value, threading.get_ident())), on_error=errors.append
    )
    calls.submit(fail, on_done=answers.append, on_error=errors.append)
    qtbot.waitUntil(lambda: bool(answers) and bool(errors), timeout=60_000)
    assert answers == [(7, here)]
    assert str(errors[0]) == "no"
    calls.close()


def test_a_closed_pool_answers_nothing_and_leaves_no_thread(qtbot: QtBot) -> None:
    calls, began, answers = BackgroundCalls(), threading.Event(), []

    def work(token: CancelToken) -> int:
        began.set()
        while not token.cancelled:
            began.wait(0.001)
        return 1

    calls.submit(work, on_done=answers.append, on_error=answers.append)
    calls.submit(work, on_done=answers.append, on_error=answers.append)
    assert began.wait(60)
    calls.close()
    qtbot.wait(20)
    assert not answers
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("background")]


def test_held_calls_wait_where_they_are_but_for_urgent_ones(qtbot: QtBot) -> None:
    calls, began, said = BackgroundCalls(), threading.Event(), []
    count = 0

    def work(token: CancelToken) -> str:
        nonlocal count
        began.set()
        for _ in range(50):
            token.check()
            count += 1
            time.sleep(0.002)
        return "long"

    def hand_in(name: str, *, first: bool = False) -> None:
        calls.submit(lambda _: name, on_done=said.append, on_error=said.append, first=first)

    calls.submit(work, on_done=said.append, on_error=said.append)
    hand_in("next")
    assert began.wait(60)
    calls.hold(True)
    qtbot.wait(20)
    before = count
    qtbot.wait(50)
    assert count == before < 50
    assert said == []
    hand_in("urgent", first=True)  # one thread: the long call makes way by coming to its end
    qtbot.waitUntil(lambda: said == ["long", "urgent"], timeout=60_000)
    qtbot.wait(50)
    assert said == ["long", "urgent"]
    calls.hold(False)
    qtbot.waitUntil(lambda: said == ["long", "urgent", "next"], timeout=60_000)
    calls.close()


def test_what_is_held_can_be_closed(qtbot: QtBot) -> None:
    calls, began = BackgroundCalls(), threading.Event()

    def work(token: CancelToken) -> None:
        began.set()
        while True:
            token.check()
            time.sleep(0.001)

    calls.submit(work, on_done=lambda _: None, on_error=lambda _: None)
    assert began.wait(60)
    calls.hold(True)
    calls.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("background")]


def test_removed_clips_come_back_as_they_were(qtbot: QtBot) -> None:
    workspace = Workspace()
    first, second, third = (workspace.add(Path(f"{name}.mp4")) for name in "abc")
    workspace.set_sequence_rate(second.number, Fraction(30))
    workspace.edit("Rate 4x", number=second.number, timing=timing(4))
    workspace.set_current(second.number)
    workspace.remove([first.number, second.number])
    assert workspace.current is third
    assert workspace.undo_text == "Remove 2 clips"
    workspace.undo()
    assert workspace.clips == (first, second, third)
    assert workspace.current is second
    assert second.edits.timing == timing(4)
    workspace.redo()
    assert workspace.clips == (third,)
    for _ in range(3):
        workspace.undo()
    assert workspace.clips == (first, second, third)
    assert (second.edits.timing, second.sequence_rate) == (timing(2), Fraction(24))


def test_the_order_of_the_list_is_undone_too(qtbot: QtBot) -> None:
    workspace = Workspace()
    first, second = workspace.add(Path("a.mp4")), workspace.add(Path("b.mp4"))
    workspace.move(first.number, 1)
    third = workspace.add(Path("c.mp4"))
    workspace.undo()
    assert workspace.clips == (first, second, third)
    workspace.redo()
    assert workspace.clips == (second, first, third)
