"""The queue's view model without widgets, and its panel with real keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QMessageBox
from pytestqt.qtbot import QtBot

from app.application.start import install_translations
from app.dialogs.receipt import ReceiptDialog, ReceiptView
from app.jobs.queue import JobQueue
from app.jobs.queue_store import JobState, LogLine, QueuedJob, QueueStore, Receipt, StoredQueue, WhenDone
from app.viewmodels.preferences import Language
from app.viewmodels.queue import JobAction, QueueModel
from app.viewmodels.receipt import receipt_text, save_receipt
from app.views.queue import QueuePanel
from flavr_core.errors import OutputError
from flavr_core.pipeline.journal import FRAMES, Journal, Segment
from flavr_core.settings import ConvertSettings, EngineSettings, ExportSettings, TimingSettings

OpenModel = Callable[..., QueueModel]

RECEIPT = Receipt(
    source=Path("beach.mov"), output=Path("beach.mp4"), output_bytes=18_234_567, sha256="ab" * 32,
    source_frames=240, frames=480, made=239, held=1, rate=Fraction(60), duration=Fraction(8),
    largest_timing_error=Fraction(1, 1000), engine="blend on this computer", encoder="libx264",
    resumed_frames=120, rendered_s=40.0, elapsed_s=44.0, streams=("audio: copied",),
    notes=("<b> is no tag",), verified="480 frames, 0:00:08.000",
)  # fmt: skip


def stored(number: int, state: JobState, **changes: object) -> QueuedJob:
    settings = ConvertSettings(
        source=Path("beach.mov"), output=Path(f"/nowhere/{number}.mp4"), engine=EngineSettings(model="blend")
    )
    return replace(QueuedJob(number=number, settings=settings, state=state), **changes)


@pytest.fixture
def open_model(qtbot: QtBot, tmp_path: Path) -> Iterator[OpenModel]:
    """`open_model(*jobs)`: a model over a queue that was restored with these jobs and is held."""
    queues: list[JobQueue] = []

    def opened(*jobs: QueuedJob) -> QueueModel:
        store = QueueStore(tmp_path)
        store.save(StoredQueue(jobs=jobs))
        store.close()
        queues.append(JobQueue(QueueStore(tmp_path)))
        queues[-1].hold()
        return QueueModel(queues[-1])

    yield opened
    for queue in queues:
        queue.close()


def show_state(model: QueueModel, job: QueuedJob) -> str:
    """What a row says of a job in a state that only a running queue has."""
    model.queue._jobs[job.number] = job
    row = model.job_row(job.number)
    assert row is not None
    return f"{row.state_text} | {row.detail}"


def test_every_state_has_its_words(open_model: OpenModel) -> None:
    model = open_model(stored(1, JobState.WAITING))
    running = stored(
        1,
        JobState.RUNNING,
        stage="convert",
        done=123,
        total=480,
        fraction=0.345,
        rate=12.34,
        remaining_s=200.0,
    )
    assert show_state(model, running) == "34 % | Frame 123 of 480  ·  12.3 frames/s  ·  3 min 20 s left"
    for stage in ("analyse", "assemble", "verify"):
        assert show_state(model, replace(running, stage=stage)).startswith("34 % | ")
    assert "Held at frame 123 of 480" in show_state(model, replace(running, state=JobState.PAUSED))
    done = stored(1, JobState.DONE, receipt=RECEIPT, elapsed_s=44.0)
    assert show_state(model, done) == "Done | 18.2 MB  ·  480 frames  ·  verified  ·  took 44 s"
    failed = stored(1, JobState.FAILED, error="One.\nTwo.", hint="Use --model.")
    assert show_state(model, failed) == "Failed | One. Two. Use “Network”."
    interrupted = stored(1, JobState.INTERRUPTED, begun=True, fraction=0.67)
    assert "Nothing of it was kept" in show_state(model, interrupted)
    interrupted = replace(interrupted, kept=312, frames=480)
    assert show_state(model, interrupted) == "Interrupted | 312 of 480 frames are there"
    row = model.job_row(1)
    assert row is not None
    assert row.fraction == 0.65
    cancelled = replace(interrupted, state=JobState.CANCELLED)
    assert show_state(model, cancelled) == "Cancelled | 312 of 480 frames are there"
    assert show_state(model, replace(cancelled, kept=0)) == "Cancelled | "
    assert "Preparing" in show_state(model, stored(1, JobState.PREPARING))


def test_what_becomes_of_what(open_model: OpenModel) -> None:
    job = stored(1, JobState.WAITING)
    timing = TimingSettings(slow=Fraction(4))
    settings = replace(job.settings, timing=timing, export=ExportSettings(container="gif", codec="gif"))
    row = open_model(replace(job, settings=settings)).job_row(1)
    assert row is not None
    assert row.what == "beach.mov  ·  2x, 4x slower  ·  cross-fade  ·  GIF"
    assert row.spoken.startswith("1.mp4, Waiting, Waits for the queue to be started, beach.mov")


def test_only_what_is_possible_is_offered(open_model: OpenModel) -> None:
    model = open_model(
        stored(1, JobState.DONE, receipt=RECEIPT), stored(2, JobState.FAILED), stored(3, JobState.WAITING)
    )
    offered = [model.possible([number]) for number in (1, 2, 3)]
    assert offered[0] == {
        JobAction.PLAY, JobAction.REVEAL, JobAction.RECEIPT, JobAction.REMOVE,
    }  # fmt: skip
    assert JobAction.RETRY in offered[1]
    assert offered[2] == {JobAction.CANCEL, JobAction.REMOVE}
    assert model.possible([]) == frozenset()
    model.run(JobAction.PLAY, [2])  # nothing happens: it is not possible
    model.run(JobAction.CANCEL, [1, 2, 3])
    assert [job.state for job in model.queue.jobs] == [
        JobState.DONE, JobState.FAILED, JobState.CANCELLED,
    ]  # fmt: skip


def test_rows_are_put_in_another_order(open_model: OpenModel) -> None:
    model = open_model(*(stored(number, JobState.WAITING) for number in range(1, 6)))
    QAbstractItemModelTester(model)

    def order() -> list[int]:
        return [model.number_at(row) for row in range(model.rowCount())]

    model.move_rows([0, 2], 5)
    assert order() == [2, 4, 5, 1, 3]
    model.move_rows([4], 0)
    assert order() == [3, 2, 4, 5, 1]
    model.run(JobAction.DOWN, [3, 2])
    assert order() == [4, 3, 2, 5, 1]
    data = model.mimeData([model.index(3)])
    assert not model.dropMimeData(data, Qt.DropAction.MoveAction, 1, 0, QModelIndex())
    assert order() == [4, 5, 3, 2, 1]
    model.run(JobAction.REMOVE, [5])
    assert order() == [4, 3, 2, 1]


def test_only_jobs_whose_turn_comes_change_places(open_model: OpenModel) -> None:
    states = (JobState.WAITING, JobState.DONE, JobState.WAITING, JobState.FAILED, JobState.WAITING)
    model = open_model(*(stored(number, state) for number, state in enumerate(states, 1)))

    def moves(*numbers: int) -> frozenset[JobAction]:
        return model.possible(numbers) & {JobAction.UP, JobAction.DOWN}

    assert moves(1) == {JobAction.DOWN}
    assert moves(3) == {JobAction.UP, JobAction.DOWN}
    assert moves(5) == moves(3, 5) == {JobAction.UP}
    assert moves(2) == moves(4) == moves(1, 2) == moves(1, 3, 5) == set()
    model.run(JobAction.UP, [3, 5])
    assert [job.number for job in model.queue.jobs] == [3, 5, 1, 2, 4]
    model.run(JobAction.DOWN, [3])
    assert [job.number for job in model.queue.jobs] == [5, 3, 1, 2, 4]


def test_all_counts_are_of_the_same_jobs(open_model: OpenModel) -> None:
    model = open_model(
        stored(1, JobState.DONE),
        stored(2, JobState.FAILED),
        stored(3, JobState.WAITING),
        stored(4, JobState.INTERRUPTED, begun=True),
        stored(5, JobState.CANCELLED),
    )
    assert model.totals_text == "2 waiting  ·  1 done  ·  1 failed  ·  1 cancelled"
    assert model.open_count == 2


def test_leaving_says_what_is_kept(open_model: OpenModel, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model(stored(1, JobState.WAITING))
    assert model.leaving_text == ""
    monkeypatch.setattr(JobQueue, "running_number", 1)
    running = stored(1, JobState.RUNNING, stage="convert", done=390, total=480, frames=480)
    show_state(model, running)
    assert model.leaving_text.startswith("Nothing of 1.mp4 is kept yet")
    show_state(model, replace(running, kept=312))
    assert model.leaving_text.startswith("312 of 480 frames of 1.mp4 are kept")
    assert "78 frame(s) after them would be drawn again." in model.leaving_text
    show_state(model, replace(running, kept=480, stage="verify", done=0, total=0))
    assert "again" not in model.leaving_text


def test_what_the_last_run_left_is_offered(qtbot: QtBot, open_model: OpenModel, tmp_path: Path) -> None:
    output = tmp_path / "beach.mp4"
    starts = range(0, 480, 156)
    segments = tuple(
        Segment(index=n, start=start, stop=min(start + 156, 480)) for n, start in enumerate(starts)
    )
    journal = Journal(output, fingerprint={FRAMES: 480}, segments=segments)
    journal.open_new()
    for segment in journal.segments[:2]:
        temporary = journal.folder / "new"
        temporary.touch()
        journal.close_segment(segment, temporary, made=1, filmed=1)
    begun = stored(1, JobState.RUNNING, begun=True)
    begun = replace(begun, settings=replace(begun.settings, output=output))
    model = open_model(begun, stored(2, JobState.DONE, receipt=RECEIPT))
    offer = "1 job(s) from last time are not finished."
    assert model.banner.startswith(offer)
    qtbot.waitUntil(lambda: model.banner == f"{offer} beach.mp4: 312 of 480 frames are there.")
    assert model.can_go_on
    assert model.open_count == 1
    assert model.totals_text == "1 waiting  ·  1 done"
    model.dismiss_banner()
    assert model.banner == ""
    model.queue.store_failed.emit("The queue cannot be saved.")
    assert model.banner == "The queue cannot be saved."


def test_removing_asks_only_where_work_is_lost(open_model: OpenModel) -> None:
    model = open_model(
        stored(1, JobState.WAITING),
        stored(2, JobState.INTERRUPTED, begun=True, kept=1, frames=2),
        stored(3, JobState.DONE, begun=True, fraction=1.0),
    )
    assert [model.loses_work([number]) for number in (1, 2, 3)] == [False, True, False]


@pytest.fixture
def panel(qtbot: QtBot, open_model: OpenModel) -> QueuePanel:
    model = open_model(
        stored(1, JobState.DONE, receipt=RECEIPT),
        stored(
            2,
            JobState.FAILED,
            error="There is no file.",
            log=(LogLine(at="2026-01-01T10:11:12", text="No."),),
        ),
        stored(3, JobState.WAITING),
        stored(4, JobState.WAITING),
    )
    panel = QueuePanel(model)
    qtbot.addWidget(panel)
    panel.resize(1200, 300)
    panel.show()
    return panel


def test_the_panel_by_keyboard(qtbot: QtBot, panel: QueuePanel, monkeypatch: pytest.MonkeyPatch) -> None:
    def order() -> list[int]:
        return [job.number for job in panel._model.queue.jobs]

    panel.list.setFocus()
    panel.select(4)
    qtbot.keyClick(panel.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert order() == [1, 2, 4, 3]
    assert panel.selected == [4]
    qtbot.keyClick(panel.list, Qt.Key.Key_Up)
    assert panel.selected == [2]
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert panel._details.isVisible()
    assert panel._error.text() == "There is no file."
    assert panel._log.toPlainText() == "10:11:12  No."
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert not panel._details.isVisible()
    asked: list[bool] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(True))
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert order() == [1, 4, 3]
    assert not asked


def test_what_is_chosen_for_the_user_stands_alone(
    qtbot: QtBot, panel: QueuePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.select(1)
    control = Qt.KeyboardModifier.ControlModifier  # held down: the command's key was Ctrl+E
    monkeypatch.setattr(QGuiApplication, "keyboardModifiers", staticmethod(lambda: control))
    qtbot.keyPress(panel.list, Qt.Key.Key_Control, control)
    panel.select(3)
    assert panel.selected == [3]
    qtbot.keyRelease(panel.list, Qt.Key.Key_Control)


def test_every_control_has_a_name(panel: QueuePanel) -> None:
    assert panel.list.accessibleName()
    controls = [*panel.findChildren(QAbstractButton), *panel.findChildren(QComboBox)]
    own = [one for one in controls if not one.objectName().startswith("qt_")]
    assert len(own) >= 12
    assert all(one.accessibleName() or one.text() for one in own)
    assert "Done" in panel._model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)


def test_when_all_is_done_is_chosen(panel: QueuePanel) -> None:
    panel._when_done.setCurrentIndex(2)
    panel._when_done.activated.emit(2)
    assert panel._model.queue.when_done is WhenDone.SLEEP


def test_an_empty_queue_says_what_to_do(qtbot: QtBot, open_model: OpenModel) -> None:
    panel = QueuePanel(open_model())
    qtbot.addWidget(panel)
    assert panel._pages.currentIndex() == 0
    settings = stored(1, JobState.WAITING).settings
    panel._model.queue.add(settings, start=False)
    assert panel._pages.currentIndex() == 1
    assert panel.selected == [1]
    panel._model.run(JobAction.REMOVE, [1])
    assert panel._pages.currentIndex() == 0


def test_the_receipt_is_shown_copied_and_saved(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = ReceiptView()
    qtbot.addWidget(view)
    view.show_receipt(RECEIPT)
    text = view.toPlainText()
    assert "480 from 240; 239 drawn, 1 held" in text
    assert "44 s, 9 frames a second" in text  # those of the interrupted render were not drawn again
    assert "<b> is no tag" in text
    view.show_receipt(replace(RECEIPT, stored_frames=400))
    assert "400 of 480 from 240; 239 drawn" in view.toPlainText()
    assert "about 50 frames a second" in view.toPlainText()
    dialog = ReceiptDialog(RECEIPT)
    qtbot.addWidget(dialog)
    dialog._on_copy()
    assert QGuiApplication.clipboard().text() == receipt_text(RECEIPT)
    assert "Largest timing error: 1.00 ms" in receipt_text(RECEIPT)
    path = tmp_path / "receipt.json"
    save_receipt(RECEIPT, path)
    assert json.loads(path.read_text())["duration"] == "8"
    with pytest.raises(OutputError):
        save_receipt(RECEIPT, tmp_path / "no folder" / "receipt.json")


def test_sizes_and_counts_are_written_as_the_language_does(
    qtbot: QtBot, qapp: QApplication, open_model: OpenModel
) -> None:
    before = QLocale()
    QLocale.setDefault(QLocale("de"))
    translators = install_translations(qapp, Language.GERMAN)
    try:
        done = stored(1, JobState.DONE, receipt=replace(RECEIPT, frames=1, resumed_frames=1, reused_frames=2))
        words = show_state(open_model(done), done)
        assert words == "Fertig | 18,2 MB  ·  1 Bild  ·  geprüft  ·  dauerte 44 s"
        receipt = receipt_text(done.receipt or RECEIPT)
        assert "18,2 MB" in receipt
        assert ": 1 Bild aus dem unterbrochenen Durchgang" in receipt
        assert ": 2 gezeichnete Bilder aus der Vorschau" in receipt
    finally:
        for translator in translators:
            qapp.removeTranslator(translator)
        QLocale.setDefault(before)
    translators = install_translations(qapp, Language.ENGLISH)
    try:
        assert ": 1 frame from the interrupted render" in receipt_text(replace(RECEIPT, resumed_frames=1))
    finally:
        for translator in translators:
            qapp.removeTranslator(translator)
