"""QObjects in dropped cycles are destroyed in the window's thread, whoever allocates."""

from __future__ import annotations

import gc
import threading

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from app.jobs.garbage import WindowGarbage


class Cycle(QObject):
    """Holds itself, and notes the thread in which it goes."""

    def __init__(self, gone: list[str]) -> None:
        super().__init__()
        self._me, self._gone = self, gone
        self._timer = QTimer(self)
        self._timer.start(1)

    def __del__(self) -> None:
        self._gone.append(threading.current_thread().name)


def test_cycles_go_in_the_windows_thread(qtbot: QtBot) -> None:
    garbage, gone = WindowGarbage(), []  # type: tuple[WindowGarbage, list[str]]
    for _ in range(20):
        Cycle(gone)

    def allocate() -> None:
        for _ in range(30):
            [[] for _ in range(2000)]

    worker = threading.Thread(target=allocate, name="worker")
    worker.start()
    worker.join()
    kept = [[] for _ in range(5000)]  # type: list[list[int]]
    qtbot.waitUntil(lambda: len(gone) == 20, timeout=20_000)
    assert set(gone) == {threading.main_thread().name}
    assert len(kept) == 5000
    garbage.close()
    garbage.close()
    assert gc.isenabled()


def test_what_a_large_library_brings_is_not_looked_through(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_loading = True
    monkeypatch.setattr("app.jobs.garbage.is_loading", lambda: is_loading)
    before, collections = gc.get_freeze_count(), []  # type: tuple[int, list[str]]

    def note(phase: str, _: dict[str, int]) -> None:
        collections.append(phase)

    garbage = WindowGarbage()
    gc.callbacks.append(note)
    try:
        library = [[] for _ in range(5000)]  # type: list[list[int]]
        qtbot.wait(250)
        assert collections == []
        is_loading = False
        qtbot.waitUntil(lambda: gc.get_freeze_count() >= before + len(library), timeout=60_000)
        assert collections == []
        garbage.close()
        assert gc.get_freeze_count() == 0
    finally:
        gc.callbacks.remove(note)
