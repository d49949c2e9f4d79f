"""The whole program: it opens, is used with real events, keeps the work, and ends without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QVBoxLayout
from pytestqt.qtbot import QtBot

from app.application.studio import Studio
from app.jobs.queue_store import JobState
from app.viewmodels.player import LoopMode
from app.viewmodels.player_side import SideState
from app.viewmodels.session import Session
from app.viewmodels.workspace import Workspace
from app.views.main_window import TITLE_PX, MainWindow
from app.widgets.screen_fit import fit_into_screen
from flavr_core.comparison.views import ViewMode
from flavr_core.media import probe
from flavr_core.timing import TimePoint

ROOT = Path(__file__).resolve().parents[2]
OpenStudio = Callable[..., Studio]
RENDER_MS = 60_000


def _drop(studio: Studio, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # there is no other constructor
        enter = QDragEnterEvent(QPoint(100, 100), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(studio.window, enter)
    drop = QDropEvent(QPointF(100, 100), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(studio.window, drop)


def _opened(qtbot: QtBot, studio: Studio) -> None:
    qtbot.waitUntil(lambda: studio.viewer.info is not None, timeout=20_000)
    qtbot.waitUntil(lambda: studio.player.picture("a") is not None, timeout=20_000)


def _press(qtbot: QtBot, studio: Studio, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    studio.window.activateWindow()
    studio.viewer_panel.view.setFocus()
    qtbot.keyClick(studio.window, key, modifier or Qt.KeyboardModifier.NoModifier)


def test_the_window_stands_without_torch(own_home: Path) -> None:
    code = (
        "import sys\n"
        "from PySide6.QtCore import QTimer\n"
        "import app.application.start as start\n"
        "QTimer.singleShot(0, lambda: None)\n"
        "app = start.create_application()\n"
        "QTimer.singleShot(700, app.exit)\n"
        "code = start.run([])\n"
        "sys.exit(code or 7 * ('torch' in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=240)
    assert done.returncode == 0


def test_drop_scrub_step_wipe_mark_and_undo(qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path) -> None:
    studio = open_studio()
    assert not studio.actions["export"].isEnabled()
    _drop(studio, plain_clip)
    _opened(qtbot, studio)
    assert studio.window.windowTitle().startswith(plain_clip.name)
    assert studio.actions["export"].isEnabled()

    strip = studio.timeline_panel.timeline
    middle = QPoint(strip.width() // 2, strip.height() // 2)
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(strip, middle + QPoint(40, 0))
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
    assert Fraction(1, 2) < studio.player.position < Fraction(3, 2)

    places = [studio.player.position]
    for key in (Qt.Key.Key_Period, Qt.Key.Key_Period, Qt.Key.Key_Comma):
        _press(qtbot, studio, key)
        places.append(studio.player.position)
    assert places[0] < places[1] < places[2]
    assert places[3] == places[1]
    qtbot.waitUntil(lambda: studio.player.state("a") is SideState.EXACT, timeout=20_000)

    _press(qtbot, studio, Qt.Key.Key_B)
    assert studio.viewer_panel.view.mode is ViewMode.SIDE
    _press(qtbot, studio, Qt.Key.Key_W)
    assert studio.viewer_panel.view.mode is ViewMode.WIPE

    _press(qtbot, studio, Qt.Key.Key_I)
    clip = studio.workspace.current
    assert clip is not None
    assert clip.edits.timing.start is not None
    assert "in" in studio.actions["undo"].text().lower()
    _press(qtbot, studio, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert clip.edits.timing.start is None


def test_what_nobody_waits_for_stands_back_while_it_plays(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path
) -> None:
    studio = open_studio()
    _drop(studio, plain_clip)
    _opened(qtbot, studio)
    studio.player.set_loop(LoopMode.FORWARD)
    studio.actions["play"].trigger()
    assert studio.estimates.is_held
    got: list[object] = []
    info, start = studio.viewer.info, Fraction(0)
    assert info is not None
    studio.thumbnails.want("test", info, [start], height_px=10, on_ready=got.append)
    studio.probing.probe(plain_clip, sequence_rate=Fraction(24), on_done=got.append, on_error=got.append)
    qtbot.wait(300)
    assert not got
    studio.thumbnails.want("mouse", info, [start], height_px=12, on_ready=got.append, urgent=True)
    qtbot.waitUntil(lambda: len(got) == 1, timeout=20_000)
    studio.actions["play"].trigger()
    assert not studio.estimates.is_held
    qtbot.waitUntil(lambda: len(got) == 3, timeout=20_000)


def test_preview_then_export_to_mp4_and_gif(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path, tmp_path: Path
) -> None:
    studio = open_studio(plain_clip, output_folder=str(tmp_path))
    _opened(qtbot, studio)
    timing = studio.workspace.clips[0].edits.timing
    studio.workspace.edit(
        "Marks", timing=type(timing)(rate=timing.rate, start=TimePoint(frame=2), stop=TimePoint(frame=10))
    )
    studio.settings.set_network("blend")
    studio.actions["preview"].trigger()
    qtbot.waitUntil(lambda: not studio.previews.is_rendering, timeout=RENDER_MS)
    studio.player.pause()
    assert any(state == "rendered" for _, _, state in studio.timeline.ranges())
    start = studio.timeline.start
    assert start is not None
    studio.player.seek(start + Fraction(1, 48))
    qtbot.waitUntil(lambda: studio.player.state("b") is SideState.EXACT, timeout=20_000)
    label = studio.player.shown("b")
    assert label is not None
    assert label.made

    qtbot.waitUntil(lambda: studio.settings.can_start, timeout=20_000)
    studio.actions["export"].trigger()
    studio.actions["export-gif"].trigger()
    jobs = studio.queue.jobs
    assert [job.settings.output.suffix for job in jobs] == [".mp4", ".gif"]
    qtbot.waitUntil(lambda: all(not job.state.is_open for job in studio.queue.jobs), timeout=RENDER_MS)
    assert [job.state for job in studio.queue.jobs] == [JobState.DONE, JobState.DONE]
    for job in studio.queue.jobs:
        assert len(probe(job.settings.output).times) == 16
    qtbot.waitUntil(lambda: any(c.title.endswith(".mp4") for c in studio.viewer.choices), timeout=20_000)


def test_a_preview_plays_the_marked_range_and_at_the_end_begins_again(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path
) -> None:
    studio = open_studio(plain_clip)
    _opened(qtbot, studio)
    info, player = studio.viewer.info, studio.player
    assert info is not None
    studio.settings.set_network("blend")
    player.seek(info.times.time(4))
    studio.timeline.mark_in()
    player.seek(info.times.time(8))
    studio.timeline.mark_out()
    studio.actions["preview"].trigger()
    assert player.position == info.times.time(4)
    qtbot.waitUntil(lambda: not player.is_playing and not studio.previews.is_rendering, timeout=RENDER_MS)
    assert info.times.time(8) <= player.position < info.times.time(9)
    assert player.shown("a") is not None
    studio.timeline.clear_marks()
    player.seek(info.times.end)
    assert player.is_over
    studio.actions["preview"].trigger()
    qtbot.waitUntil(lambda: not studio.previews.is_rendering, timeout=RENDER_MS)
    assert studio.timeline.ranges()[0][0] == info.times.start


def test_three_jobs_one_cancelled(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path, tmp_path: Path
) -> None:
    studio = open_studio(plain_clip)
    _opened(qtbot, studio)
    studio.settings.set_network("blend")
    clip = studio.workspace.clips[0]
    numbers = [
        studio.queue.add(clip.settings(tmp_path / f"{name}.mp4"), start=False) for name in ("a", "b", "c")
    ]
    assert "3" in studio.window._queue_button.text()
    studio.queue.cancel(numbers[1])
    studio.actions["queue-start"].trigger()
    qtbot.waitUntil(lambda: all(not job.state.is_open for job in studio.queue.jobs), timeout=RENDER_MS)
    states = [job.state for job in studio.queue.jobs]
    assert states == [JobState.DONE, JobState.CANCELLED, JobState.DONE]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "c.mp4"]


def test_a_file_that_is_no_clip_is_said_in_words(
    qtbot: QtBot, open_studio: OpenStudio, tmp_path: Path
) -> None:
    bad = tmp_path / "empty.mp4"
    bad.write_bytes(b"")
    studio = open_studio(bad)
    qtbot.waitUntil(
        lambda: bool(studio.workspace.clips and studio.workspace.clips[0].problem), timeout=20_000
    )
    assert "empty.mp4" in studio.window._message.text
    assert not studio.actions["export"].isEnabled()


def test_at_the_start_keys_go_to_the_picture(qtbot: QtBot, open_studio: OpenStudio) -> None:
    studio = open_studio()
    assert studio.window.focusWidget() is studio.viewer_panel.view


def test_paste_opens_files(qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path) -> None:
    studio = open_studio()
    QGuiApplication.clipboard().setText(f'"{plain_clip}"')
    studio.actions["paste"].trigger()
    _opened(qtbot, studio)
    assert studio.store.recent == (plain_clip,)
    assert studio.window.recent_menu.actions()[0].text() == plain_clip.name
    QGuiApplication.clipboard().clear()


def test_work_of_a_killed_program_is_offered(qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path) -> None:
    workspace = Workspace()
    workspace.add(plain_clip)
    killed = Session(workspace)
    killed.save()
    assert killed._lock is not None
    killed._lock.unlock()
    studio = open_studio()
    assert studio.window.notices.count() == 1
    studio.session.reopen()
    _opened(qtbot, studio)
    assert studio.workspace.clips[0].path == plain_clip
    assert studio.window.notices.count() == 0


def test_last_times_clips_come_back_where_the_user_wishes(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path
) -> None:
    first = open_studio(plain_clip)
    _opened(qtbot, first)
    first.close()
    open_studio().close()  # a look that opens nothing loses nothing
    second = open_studio()
    assert second.workspace.clips == ()
    assert second.window.notices.count() == 0
    assert second.clips_panel._reopen.isVisible()
    second.actions["reopen"].trigger()
    assert [clip.path for clip in second.workspace.clips] == [plain_clip]
    assert not second.actions["reopen"].isEnabled()
    second.close()
    third = open_studio(restore_session=True)
    assert [clip.path for clip in third.workspace.clips] == [plain_clip]


def test_layout_is_remembered(qtbot: QtBot, open_studio: OpenStudio) -> None:
    first = open_studio()
    first.window.resize(first.window.minimumSizeHint().width(), 640)
    first.actions["show-queue"].trigger()
    first.actions["show-clips"].trigger()
    first.close()
    second = open_studio()
    assert second.window.height() == 640
    assert second.clips_panel.isHidden()
    assert not second.actions["show-clips"].isChecked()
    assert second.actions["show-queue"].isChecked()
    assert not second.window.queue_dock.isHidden()


@pytest.mark.logs_errors
def test_a_fault_in_a_thread_is_said_and_the_work_is_kept(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path, own_home: Path
) -> None:
    studio = open_studio()
    studio.workspace.add(plain_clip)
    thread = threading.Thread(target=lambda: studio.on_fault(ValueError("deep down"), "worker"))
    thread.start()
    thread.join()
    box: list[str] = []

    def close_box() -> None:
        active = QApplication.activeModalWidget()
        if active is not None:
            box.append(active.informativeText())  # type: ignore[attr-defined]
            active.close()

    QTimer.singleShot(50, close_box)
    qtbot.waitUntil(lambda: bool(box), timeout=60_000)
    assert "deep down" in box[0]
    assert (own_home / "state" / "session.json").exists()


def test_full_screen_and_back(qtbot: QtBot, open_studio: OpenStudio) -> None:
    studio = open_studio()
    studio.actions["full-screen"].trigger()
    assert studio.window.isFullScreen()
    assert studio.settings_panel.isHidden()
    qtbot.keyClick(studio.window, Qt.Key.Key_Escape)
    assert not studio.window.isFullScreen()
    assert not studio.settings_panel.isHidden()
    assert not studio.actions["full-screen"].isChecked()


def test_the_menu_says_what_is_shown(qtbot: QtBot, open_studio: OpenStudio) -> None:
    studio = open_studio()
    window, actions = studio.window, studio.actions
    for name, widget in (
        ("show-clips", studio.clips_panel),
        ("show-settings", studio.settings_panel),
        ("show-timeline", studio.timeline_panel),
        ("show-queue", window.queue_dock),
    ):
        for is_shown in (widget.isHidden(), not widget.isHidden()):
            widget.setVisible(is_shown)  # whoever did it
            assert actions[name].isChecked() is is_shown, name
    actions["show-clips"].trigger()
    actions["full-screen"].trigger()
    assert not actions["show-settings"].isChecked()
    assert actions["show-timeline"].isChecked()
    actions["show-queue"].trigger()
    assert not window.queue_dock.isHidden()
    window.showNormal()  # by the window manager
    assert not actions["full-screen"].isChecked()
    shown = [name for name in window._switched if actions[name].isChecked()]
    assert shown == ["show-settings", "show-timeline"]


def test_a_maximized_window_is_maximized_after_the_full_screen(qtbot: QtBot, open_studio: OpenStudio) -> None:
    studio = open_studio()
    studio.window.showMaximized()
    studio.actions["full-screen"].trigger()
    studio.actions["full-screen"].trigger()
    assert studio.window.isMaximized()


def test_windows_are_no_larger_than_the_screen(qtbot: QtBot, open_studio: OpenStudio) -> None:
    studio = open_studio()
    studio.window.resize(5000, 4000)
    studio.window.restore_layout(studio.window.window_layout())
    room = studio.window.screen().availableGeometry()
    least = studio.window.minimumSizeHint()  # the screen of tests is smaller than any
    assert studio.window.width() <= max(room.width(), least.width())
    assert studio.window.height() <= room.height()
    dialog = QDialog(studio.window)
    column = QVBoxLayout(dialog)
    labels = [QLabel(f"line {number}") for number in range(200)]
    for label in labels:
        column.addWidget(label)
    fit_into_screen(dialog)
    dialog.show()
    fit_into_screen(dialog)
    assert dialog.frameGeometry().height() <= room.height()
    assert labels[-1].isVisible()
    dialog.close()


def test_on_a_low_screen_the_queue_takes_the_timelines_place(
    qtbot: QtBot, open_studio: OpenStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = open_studio()
    studio.actions["show-queue"].trigger()
    assert not studio.timeline_panel.isHidden()
    studio.actions["show-queue"].trigger()
    least = studio.window.minimumSizeHint().height()
    screen = SimpleNamespace(availableGeometry=lambda: QRect(0, 0, 4000, least + TITLE_PX))
    monkeypatch.setattr(MainWindow, "screen", lambda _self: screen)
    studio.actions["show-queue"].trigger()
    assert studio.timeline_panel.isHidden()
    assert not studio.actions["show-timeline"].isChecked()
    assert "show-timeline" not in studio.window.window_layout().hidden
    studio.actions["show-queue"].trigger()
    assert not studio.timeline_panel.isHidden()
    monkeypatch.undo()


def test_the_title_says_how_far_the_queue_is(qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path) -> None:
    studio = open_studio(plain_clip)
    _opened(qtbot, studio)
    studio.window.set_progress(0.375)
    assert studio.window.windowTitle() == f"37 % - {plain_clip.name} - FLAVR Studio"
    studio.window.set_progress(None)
    assert studio.window.windowTitle() == f"{plain_clip.name} - FLAVR Studio"


_KILLED = """
import sys
from pathlib import Path
from PySide6.QtTest import QTest
from app.application.start import create_application
from app.application.studio import Studio
from app.jobs.crash_reports import Logs
from app.viewmodels.preferences import PreferencesStore
from app.viewmodels.workspace import ClipEdits
from flavr_core.settings import EngineSettings
store = PreferencesStore()
store.change(show_welcome=False)
store.set(store.preferences, ClipEdits(engine=EngineSettings(model="motion")))
studio = Studio(create_application(), store, logs=Logs())
studio.start([Path(sys.argv[1])])
while studio.viewer.info is None:
    QTest.qWait(20)
clip = studio.workspace.clips[0]
number = studio.queue.add(clip.settings(Path(sys.argv[2]), segment_frames=12))
studio.session.save()
while studio.queue.job(number).done == 0:
    QTest.qWait(1)
studio.queue.pause(number)
QTest.qWait(200)
assert studio.queue.job(number).state.is_active
print("rendering", flush=True)
while True:
    QTest.qWait(20)
"""


@pytest.mark.slow
def test_killed_in_the_middle_reopened_and_finished(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path, tmp_path: Path
) -> None:
    output = tmp_path / "result.mp4"
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(plain_clip), str(output)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "rendering\n"
        process.kill()
    assert not output.exists()

    studio = open_studio()
    assert studio.window.notices.count() == 1
    assert studio.queue_model.banner
    studio.session.reopen()
    _opened(qtbot, studio)
    studio.queue.go_on()
    qtbot.waitUntil(lambda: all(not job.state.is_open for job in studio.queue.jobs), timeout=RENDER_MS)
    assert [job.state for job in studio.queue.jobs] == [JobState.DONE]
    assert len(probe(output).times) == 96


def _rounds(qtbot: QtBot, open_studio: OpenStudio, clip: Path, count: int) -> tuple[int, int, int]:
    """Growth of memory (bytes), threads and open files over rounds, after the first few."""
    process = psutil.Process(os.getpid())

    def one() -> None:
        studio = open_studio(clip)
        _opened(qtbot, studio)
        studio.close()
        QApplication.sendPostedEvents()
        QApplication.processEvents()

    for _ in range(3):
        one()
    before = (process.memory_info().rss, threading.active_count(), process.num_fds())
    for _ in range(count):
        one()
    after = (process.memory_info().rss, threading.active_count(), process.num_fds())
    return after[0] - before[0], after[1] - before[1], after[2] - before[2]


def test_a_few_rounds_leave_nothing_behind(qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path) -> None:
    _, threads, files = _rounds(qtbot, open_studio, plain_clip, 4)
    assert (threads, files) == (0, 0)


@pytest.mark.slow
def test_a_hundred_rounds_leave_nothing_behind(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path
) -> None:
    growth, threads, files = _rounds(qtbot, open_studio, plain_clip, 100)
    assert (threads, files) == (0, 0)
    assert growth < 60 * 2**20
