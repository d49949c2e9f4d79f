"""Results come back into the window: beside their original, played, offered after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.application.studio import Studio
from app.jobs.places import state_dir
from app.jobs.queue_store import JobState, QueuedJob, QueueStore, StoredQueue
from app.viewmodels.queue import JobAction
from flavr_core.settings import ConvertSettings, EngineSettings

OpenStudio = Callable[..., Studio]
RENDER_MS = 120_000


def opened(qtbot: QtBot, studio: Studio) -> None:
    qtbot.waitUntil(lambda: studio.viewer.info is not None, timeout=20_000)


def settings_of(source: Path, output: Path) -> ConvertSettings:
    return ConvertSettings(source=source, output=output, engine=EngineSettings(model="blend", device="cpu"))


def exported(qtbot: QtBot, studio: Studio, source: Path, output: Path) -> int:
    number = studio.queue.add(settings_of(source, output))
    qtbot.waitUntil(lambda: studio.queue.jobs[-1].state is JobState.DONE, timeout=RENDER_MS)
    return number


def stands_on_b(studio: Studio, path: Path) -> bool:
    return studio.viewer.title("b") == path.name and studio.player.source("b") is not None


def test_a_result_stands_beside_its_original_when_that_is_looked_at_again(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path, tmp_path: Path
) -> None:
    other, output = tmp_path / "other.mp4", tmp_path / "out.mp4"
    other.write_bytes(plain_clip.read_bytes())
    studio = open_studio(plain_clip, other)
    opened(qtbot, studio)
    first, second = studio.workspace.clips
    studio.workspace.set_current(second.number)
    number = exported(qtbot, studio, plain_clip, output)
    assert not stands_on_b(studio, output)
    studio.workspace.set_current(first.number)
    qtbot.waitUntil(lambda: stands_on_b(studio, output), timeout=10_000)
    assert not studio.player.is_playing
    studio.player.seek(studio.player.bounds[1])
    studio.queue_model.run(JobAction.PLAY, [number])
    qtbot.waitUntil(lambda: studio.player.is_playing, timeout=10_000)
    assert studio.player.position < studio.player.bounds[1]


def test_a_result_is_played_where_nothing_is_open(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path, tmp_path: Path
) -> None:
    source, output = tmp_path / "source.mp4", tmp_path / "out.mp4"
    source.write_bytes(plain_clip.read_bytes())
    studio = open_studio()
    number = exported(qtbot, studio, source, output)
    studio.queue_model.run(JobAction.PLAY, [number])
    qtbot.waitUntil(lambda: stands_on_b(studio, output) and studio.player.is_playing, timeout=20_000)
    assert [clip.path for clip in studio.workspace.clips] == [source]
    studio.workspace.remove([studio.workspace.clips[0].number])
    source.unlink()
    studio.queue_model.run(JobAction.PLAY, [number])
    qtbot.waitUntil(lambda: studio.player.is_playing, timeout=20_000)
    assert [clip.path for clip in studio.workspace.clips] == [output]


def test_what_a_crash_left_is_offered_where_it_is_seen(
    open_studio: OpenStudio, plain_clip: Path, tmp_path: Path
) -> None:
    store = QueueStore(state_dir() / "queue")
    settings = settings_of(plain_clip, tmp_path / "out.mp4")
    store.save(
        StoredQueue(jobs=(QueuedJob(number=1, settings=settings, state=JobState.RUNNING, begun=True),))
    )
    store.close()
    studio = open_studio()
    assert studio.window.queue_dock.isVisible()
    assert studio.actions["show-queue"].isChecked()


def test_leaving_asks_and_says_what_is_lost(
    qtbot: QtBot,
    open_studio: OpenStudio,
    plain_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    studio = open_studio()
    assert studio.results.may_leave()
    number = studio.queue.add(settings_of(plain_clip, tmp_path / "out.mp4"))
    said: list[str] = []

    def answer(box: QMessageBox) -> int:
        said.append(box.informativeText())
        studio.queue.cancel(number)
        said.append(box.informativeText())
        box.buttons()[0].click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    studio.results.may_leave()
    assert said[0].startswith("Nothing of out.mp4 is kept yet")
    assert said[1] == "It has ended meanwhile."
