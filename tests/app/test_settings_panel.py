"""The settings panel without widgets, and its widgets on top: one piece, as all of it stands on one bench."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.jobs.estimates import Estimates, Speed
from app.jobs.outlook import Cause, Outlook
from app.jobs.preview import RenderProgress
from app.viewmodels import prospect as prospect_module
from app.viewmodels.conversion import store_cuts
from app.viewmodels.export_details import ExportDetails
from app.viewmodels.networks import network_entries
from app.viewmodels.output_names import OutputNaming
from app.viewmodels.presets import PresetsModel
from app.viewmodels.settings_panel import SettingsPanelModel
from app.viewmodels.workspace import Workspace
from app.views.settings_panel import SettingsPanel
from app.widgets.note_list import NoteList
from app.widgets.shrinking_area import ShrinkingArea
from app.widgets.wrapped_label import WrappedLabel
from flavr_core.cli import build_parser
from flavr_core.cli.convert import settings_from
from flavr_core.clip import ClipInfo
from flavr_core.errors import DeviceError, FlavrError, OutputError
from flavr_core.media import probe
from flavr_core.model.cards import ModelCard
from flavr_core.model.catalog import Catalog, Entry, Origin
from flavr_core.pipeline import prepare, run_job
from flavr_core.progress import CancelToken, SilentReporter
from flavr_core.settings import (
    ConvertSettings,
    CutMode,
    DuplicateMode,
    EndMode,
    ExportSettings,
    Precision,
    RateTarget,
)
from flavr_core.timeline import CutOverrides, read_cuts_file
from flavr_core.timing import TimePoint
from tests.clip_factory import make_clip

MAIN = Path(__file__).resolve().parents[2] / "main.py"


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """24 frames of 64x48 at 25 a second."""
    return probe(make_clip(tmp_path_factory.mktemp("panel") / "beach.mp4"))


@dataclass
class Bench:
    workspace: Workspace
    presets: PresetsModel
    details: ExportDetails
    estimates: Estimates
    model: SettingsPanelModel

    def open(self, info: ClipInfo) -> None:
        clip = self.workspace.add(info.path)
        self.workspace.set_probed(clip.number, info)


@pytest.fixture
def bench(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("FLAVR_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(prospect_module, "PLAN_AFTER_MS", 1)
    results = tmp_path / "results"
    results.mkdir()
    workspace, estimates = Workspace(), Estimates()
    presets = PresetsModel(workspace)
    model = SettingsPanelModel(workspace, estimates, naming=OutputNaming(folder=results))
    yield Bench(workspace, presets, ExportDetails(workspace, presets), estimates, model)
    model.close()
    presets.close()
    estimates.close()


def planned(qtbot: QtBot, bench: Bench) -> Outlook:
    qtbot.waitUntil(lambda: bench.model.outlook is not None and not bench.model.is_planning)
    assert bench.model.outlook is not None
    return bench.model.outlook


def test_without_a_clip_nothing_can_start(bench: Bench) -> None:
    assert bench.model.clip is None
    assert not bench.model.can_start
    assert bench.model.facts == ()
    assert bench.model.output is None
    with pytest.raises(FlavrError, match="no clip"):
        bench.model.command()


def test_the_result_is_planned_after_every_change(qtbot: QtBot, bench: Bench, info: ClipInfo) -> None:
    bench.open(info)
    first = planned(qtbot, bench)
    assert first.plan is not None
    assert len(first.plan) == 48
    bench.model.set_rate("4x")
    assert bench.model.is_planning
    bench.model.set_rate("8×")
    second = planned(qtbot, bench)
    assert second.plan is not None
    assert len(second.plan) == 192
    assert bench.model.can_start


@pytest.mark.parametrize(
    ("typed", "rate", "shown"),
    [
        ("2.5x", RateTarget(factor=Fraction(5, 2)), "2.5x"),
        (" 60 fps", RateTarget(fps=Fraction(60)), "60"),
        ("60000/1001", RateTarget(fps=Fraction(60000, 1001)), "60000/1001"),
        ("3X", RateTarget(factor=Fraction(3)), "3x"),
    ],
)
def test_any_rate_can_be_typed(
    bench: Bench, info: ClipInfo, typed: str, rate: RateTarget, shown: str
) -> None:
    bench.open(info)
    bench.model.set_rate(typed)
    assert bench.model.edits.timing.rate == rate
    assert bench.model.rate_text == shown


def test_what_cannot_be_read_is_said_beside_it_until_it_can(bench: Bench, info: ClipInfo) -> None:
    bench.open(info)
    bench.model.set_rate("2,5x")
    (problem,) = bench.model.problems
    assert problem.cause is Cause.TIME
    assert "point, not a comma" in problem.hint
    assert not bench.model.can_start
    bench.model.set_memory("lots")
    assert [problem.cause for problem in bench.model.problems] == [Cause.TIME, Cause.DEVICE]
    bench.model.set_rate("2x")
    assert [problem.cause for problem in bench.model.problems] == [Cause.DEVICE]
    bench.model.set_memory("2GB")
    assert bench.model.problems == ()
    assert bench.model.edits.engine.max_memory_bytes == 2_000_000_000
    assert bench.model.memory_text == "2 GB"


def test_slow_motion_takes_the_usual_rate_along(bench: Bench, info: ClipInfo) -> None:
    bench.open(info)
    bench.model.set_slow("4×")
    assert bench.model.rate_text == "1x"
    bench.model.set_slow("1x")
    assert bench.model.rate_text == "2x"
    bench.model.set_rate("60")
    bench.model.set_slow("4x")
    assert bench.model.rate_text == "60"
    assert bench.workspace.undo_text == "Set slow motion"


def test_every_edit_can_be_taken_back(bench: Bench, info: ClipInfo) -> None:
    bench.open(info)
    model, before = bench.model, bench.model.edits
    model.set_rate("3x")
    model.set_slow("2x")
    model.set_end(EndMode.TRIM)
    model.set_keep_vfr(True)
    model.set_network("blend")
    model.set_cuts(CutMode.BLEND)
    for value in (0.51, 0.6, 0.7):
        model.set_sensitivity(value)
    model.end_change()
    model.set_sensitivity(0.8)
    model.set_duplicates(DuplicateMode.DROP)
    model.set_device("cpu")
    model.set_precision(Precision.FP32)
    model.set_memory("1GB")
    steps = 0
    while bench.workspace.undo_text:
        bench.workspace.undo()
        steps += 1
    assert model.edits == before
    assert steps == 12


def test_cuts_by_hand_go_into_a_file_of_their_own(bench: Bench, info: ClipInfo, tmp_path: Path) -> None:
    bench.open(info)
    cuts = CutOverrides(cuts=(TimePoint(frame=7),), vetoes=(TimePoint(frame=9),))
    bench.workspace.edit("Add cuts", cuts=cuts)
    settings = bench.model.settings()
    assert settings is not None
    file = settings.scenes.cuts_file
    assert file is not None
    assert file.is_relative_to(tmp_path / "home")
    assert read_cuts_file(file) == cuts
    clip = bench.workspace.current
    assert clip is not None
    assert store_cuts(clip) == file
    assert str(file) in bench.model.command()
    bench.model.forget_cuts_by_hand()
    settings = bench.model.settings()
    assert settings is not None
    assert settings.scenes.cuts_file is None


def test_the_command_says_what_differs(bench: Bench, info: ClipInfo, tmp_path: Path) -> None:
    bench.open(info)
    bench.workspace.edit("Plain", export=ExportSettings())
    bench.model.set_rate("60")
    output = tmp_path / "results" / "beach-60fps.mp4"
    assert bench.model.command() == f"{sys.executable} {MAIN} convert {info.path} {output} --rate 60"


def test_the_command_is_parsed_as_the_very_conversion(bench: Bench, info: ClipInfo) -> None:
    bench.open(info)
    bench.presets.apply("gif-8mb")
    bench.model.set_slow("2.5x")
    bench.model.set_cuts(CutMode.BLEND)
    bench.model.set_network("blend")
    bench.workspace.edit("Cut", cuts=CutOverrides(cuts=(TimePoint(frame=3),)))
    words = shlex.split(bench.model.command())
    assert words[:2] == [sys.executable, str(MAIN)]
    assert settings_from(build_parser("convert").parse_args(words[2:])) == bench.model.settings()


def test_the_command_does_in_any_folder_what_the_queue_does(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very bytes, though the clip was named from here and its folder needs quotes."""
    folder = tmp_path / "it's a $HOME & more"
    folder.mkdir()
    make_clip(folder / "my clip.mp4", frames=4)
    monkeypatch.chdir(folder)
    bench.open(probe(Path("my clip.mp4")))
    bench.model.set_network("blend")
    bench.model.set_rate("60000/1001")
    line, settings = bench.model.command(), bench.model.settings()
    assert settings is not None
    by_queue = replace(settings, output=tmp_path / "by the queue.mp4")
    run_job(
        prepare(by_queue, reporter=SilentReporter(), token=CancelToken()), SilentReporter(), CancelToken()
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(shlex.split(line), cwd=elsewhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert settings.output.read_bytes() == by_queue.output.read_bytes()


def test_names_are_proposed_and_may_be_chosen(
    qtbot: QtBot, bench: Bench, info: ClipInfo, tmp_path: Path
) -> None:
    bench.open(info)
    results = tmp_path / "results"
    assert bench.model.output == results / "beach-2x.mp4"
    (results / "beach-2x.mp4").write_bytes(b"precious")
    assert bench.model.output == results / "beach-2x (2).mp4"
    bench.model.choose_output(results / "mine")
    assert bench.model.output == results / "mine.mp4"
    settings = bench.model.settings()
    assert settings is not None
    assert not settings.overwrite
    bench.model.choose_output(results / "beach-2x.mp4", may_replace=True)
    settings = bench.model.settings()
    assert settings is not None
    assert settings.overwrite
    assert planned(qtbot, bench).problems == ()
    bench.presets.apply("gif")
    assert bench.model.output == results / "beach-2x.gif"
    settings = bench.model.settings()
    assert settings is not None
    assert not settings.overwrite
    bench.presets.apply("mp4")
    bench.model.propose_again()
    assert bench.model.output == results / "beach-2x (2).mp4"


def test_names_of_waiting_jobs_are_not_proposed(bench: Bench, info: ClipInfo, tmp_path: Path) -> None:
    taken: set[Path] = set()
    naming = OutputNaming(folder=tmp_path)
    model = SettingsPanelModel(
        bench.workspace, bench.estimates, naming=naming, is_reserved=lambda path: path in taken
    )
    bench.open(info)
    asked: list[ConvertSettings] = []
    model.queue_requested.connect(lambda settings: (asked.append(settings), taken.add(settings.output)))
    model.request_queue()
    model.request_queue()
    model.close()
    assert [settings.output.name for settings in asked] == ["beach-2x.mp4", "beach-2x (2).mp4"]


def test_requests_carry_the_conversion(bench: Bench, info: ClipInfo) -> None:
    bench.open(info)
    asked: list[ConvertSettings] = []
    bench.model.export_requested.connect(asked.append)
    bench.model.preview_requested.connect(asked.append)
    bench.model.request_export()
    bench.model.request_preview()
    assert [settings.source for settings in asked] == [info.path, info.path]
    assert asked[0].timing == bench.model.edits.timing


def test_what_cannot_start_is_said_instead(bench: Bench, info: ClipInfo) -> None:
    bench.open(info)
    bench.model.set_rate("never")
    asked: list[object] = []
    said: list[str] = []
    bench.model.export_requested.connect(asked.append)
    bench.model.failed.connect(lambda message, hint: said.append(message))
    bench.model.request_export()
    assert asked == []
    assert said == ["'never' is not a rate that can be made."]


def test_a_gif_beside_leaves_the_clip_its_format(qtbot: QtBot, bench: Bench, info: ClipInfo) -> None:
    bench.open(info)
    bench.presets.apply("ffv1")
    before = bench.model.edits
    gif = bench.presets.find("gif")
    assert gif is not None
    assert gif.export is not None
    bench.workspace.edit("Too fine", export=replace(before.export, crf=99))  # the format alone is wrong
    planned(qtbot, bench)
    assert not bench.model.can_start
    with qtbot.waitSignal(bench.model.export_requested) as asked:
        bench.model.request_export_as(gif.export, gif.name)
    settings = asked.args[0]
    assert settings.export == gif.export
    assert settings.output.suffix == ".gif"
    assert settings.timing == before.timing
    assert bench.model.edits == replace(before, export=replace(before.export, crf=99))
    bench.model.set_rate("nonsense")
    with qtbot.assertNotEmitted(bench.model.export_requested):
        bench.model.request_export_as(gif.export, gif.name)


def test_a_refusal_stays_until_something_changes(
    bench: Bench, info: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(clip: object) -> None:
        raise OutputError("The disk is full.", "Make room.")

    bench.open(info)
    monkeypatch.setattr("app.viewmodels.settings_panel.store_cuts", refuse)
    bench.model.request_export()
    bench.estimates.changed.emit()
    assert [problem.message for problem in bench.model.problems] == ["The disk is full."]
    assert bench.model.can_start
    bench.model.set_rate("4x")
    assert bench.model.problems == ()


def test_a_plan_that_is_overtaken_is_forgotten(
    qtbot: QtBot, bench: Bench, info: ClipInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = prospect_module.look_ahead, []

    def watched(
        info: ClipInfo, settings: ConvertSettings, cuts: CutOverrides, *, token: CancelToken
    ) -> Outlook:
        seen.append(settings.timing.rate)
        return real(info, settings, cuts, token=token)

    monkeypatch.setattr(prospect_module, "look_ahead", watched)
    bench.open(info)
    for rate in ("3x", "4x", "5x"):
        bench.model.set_rate(rate)
    outlook = planned(qtbot, bench)
    assert outlook.settings.timing.rate == RateTarget(factor=Fraction(5))
    assert len(seen) == 1


def test_a_failed_probe_shows_nothing(bench: Bench, tmp_path: Path) -> None:
    clip = bench.workspace.add(tmp_path / "broken.mp4")
    bench.workspace.set_probed(clip.number, None, "It is damaged.")
    assert bench.model.clip is None
    assert not bench.model.can_start


# Widgets


@pytest.fixture
def panel(qtbot: QtBot, bench: Bench, info: ClipInfo) -> SettingsPanel:
    bench.open(info)
    view = SettingsPanel(bench.model, bench.presets, bench.details, bench.workspace)
    qtbot.addWidget(view)
    view.resize(320, 900)
    view.show()
    return view


def test_the_panel_follows_edits_and_undo(qtbot: QtBot, bench: Bench, panel: SettingsPanel) -> None:
    assert panel.rate.value == "2x"
    qtbot.mouseClick(panel.rate.findChildren(type(panel.result.export))[2], Qt.MouseButton.LeftButton)
    assert bench.model.rate_text == "4x"
    assert panel.rate.value == "4x"
    bench.model.set_rate("60")
    assert panel.rate.value is None
    assert panel.rate_text.text() == "60"
    bench.workspace.undo()
    assert panel.rate.value == "4x"
    assert panel.rate_text.text() == ""


def test_typing_a_rate_and_leaving_the_field(qtbot: QtBot, bench: Bench, panel: SettingsPanel) -> None:
    qtbot.keyClicks(panel.rate_text, "nonsense")
    qtbot.keyClick(panel.rate_text, Qt.Key.Key_Return)
    assert any("is not a rate" in notice.text for notice in panel._notices.values())
    assert not panel.result.export.isEnabled()
    panel.rate_text.clear()
    qtbot.keyClicks(panel.rate_text, "59.94")
    qtbot.keyClick(panel.rate_text, Qt.Key.Key_Return)
    assert bench.model.rate_text == "59.94"
    for _ in "59.94":
        qtbot.keyClick(panel.rate_text, Qt.Key.Key_Backspace)
    qtbot.keyClick(panel.rate_text, Qt.Key.Key_Return)
    assert panel.rate_text.text() == "59.94"
    assert not any(notice.text for notice in panel._notices.values())


@pytest.mark.parametrize("way_back", ["empty", "old value", "button", "other clip"])
def test_what_was_typed_wrongly_goes_when_it_is_put_right(
    qtbot: QtBot, bench: Bench, panel: SettingsPanel, info: ClipInfo, way_back: str
) -> None:
    line = panel.rate_text

    def type_in(text: str) -> None:
        line.setFocus()
        line.selectAll()
        qtbot.keyClicks(line, text) if text else qtbot.keyClick(line, Qt.Key.Key_Delete)
        qtbot.keyClick(line, Qt.Key.Key_Return)

    type_in("fast")
    assert bench.model.problems
    assert line.text() == "fast"
    if way_back == "empty":
        type_in("")
    elif way_back == "old value":
        type_in("2x")
    elif way_back == "button":
        qtbot.mouseClick(panel.rate.findChildren(QAbstractButton)[1], Qt.MouseButton.LeftButton)
    else:
        line.clearFocus()
        clip = bench.workspace.add(info.path)
        bench.workspace.set_probed(clip.number, info)
        bench.workspace.set_current(clip.number)
    assert bench.model.problems == ()
    assert line.text() == ""
    assert bench.model.rate_text == "2x"


def test_where_the_result_goes_is_said_and_shown(
    qtbot: QtBot, bench: Bench, panel: SettingsPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        "app.views.result.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile())
    )
    assert panel.result.folder.accessibleName() == f"in {tmp_path / 'results'}"
    assert panel.result.folder.text().endswith("results")
    panel.result.show_folder.click()
    assert opened == [str(tmp_path / "results")]


def test_all_notes_can_be_read(qtbot: QtBot) -> None:
    notes = NoteList(QIcon())
    qtbot.addWidget(notes)
    notes.resize(260, 40)
    notes.set_notes(("First <b>.", "Second.", "Third."))
    notes.show()
    assert notes.text.startswith("First &lt;b&gt;. <a")
    closed = notes.heightForWidth(260)
    label = notes.findChild(WrappedLabel)
    assert label is not None
    label.linkActivated.emit("more")
    assert notes.is_open
    assert all(word in notes.text for word in ("First", "Second", "Third", "less"))
    assert notes.heightForWidth(260) > closed
    notes.set_notes(("First <b>.", "Second.", "Third."))
    assert notes.is_open
    notes.set_notes(("Another.", "And one more."))
    assert not notes.is_open
    notes.set_notes(())
    assert not notes.isVisible()


def test_in_a_low_window_words_scroll_and_controls_stay(
    qtbot: QtBot, bench: Bench, panel: SettingsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(qtbot, bench)
    result = panel.result
    area = panel.findChild(ShrinkingArea)
    assert area is not None
    panel.resize(320, 900)
    panel.show()
    qtbot.waitUntil(lambda: area.height() == area.sizeHint().height())
    assert area.verticalScrollBar().maximum() == 0
    result.notes.set_notes(tuple(f"Note {number} of very many." for number in range(40)))
    result.notes.set_open(True)
    panel.resize(320, 480)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    assert panel.height() == 480
    for button in (result.preview, result.export, result.more, result.show_folder):
        place = button.mapTo(panel, button.rect().bottomRight())
        assert panel.rect().contains(place)
        assert button.height() >= button.sizeHint().height()


def test_slow_motion_by_choice_and_by_hand(qtbot: QtBot, bench: Bench, panel: SettingsPanel) -> None:
    panel.slow.setCurrentIndex(2)
    panel.slow.activated.emit(2)
    assert bench.model.slow_text == "4x"
    line = panel.slow.lineEdit()
    assert line is not None
    line.setText("2.5")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert bench.model.slow_text == "2.5x"
    assert panel.slow.currentText() == "2.5×"
    line.setText("")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert bench.model.slow_text == "1x"
    assert panel.slow.currentText() == "off"


def test_choosing_a_network_and_asking_for_another(qtbot: QtBot, bench: Bench, panel: SettingsPanel) -> None:
    row = next(i for i, entry in enumerate(bench.model.networks) if entry.model == "motion")
    panel.network.activated.emit(row)
    assert bench.model.edits.engine.model == "motion"
    with qtbot.waitSignal(bench.model.import_network_requested):
        panel.network.activated.emit(panel.network.count() - 1)
    assert panel.network.currentIndex() == row
    missing = next(i for i, entry in enumerate(bench.model.networks) if entry.model == "cdfi")
    assert panel.network.itemText(missing) == "CDFI (not available)"
    assert "download" in panel.network.itemData(missing, Qt.ItemDataRole.ToolTipRole)
    with qtbot.waitSignal(bench.model.import_network_requested):
        panel.network.activated.emit(missing)
    assert bench.model.edits.engine.model == "motion"


def test_all_gpus_are_offered_where_there_are_several(
    bench: Bench, panel: SettingsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offered() -> list[str]:
        return [panel.device.itemText(row) for row in range(panel.device.count())]

    assert offered() == ["Automatic", "Processor", "NVIDIA GPU"]
    monkeypatch.setattr("app.viewmodels.settings_panel.gpu_count", lambda: 2)
    bench.model.outlook_changed.emit()  # as after the speed was measured, when torch is there
    assert offered()[-1] == "All NVIDIA GPUs"
    assert panel.device.currentText() == "Automatic"
    panel.device.activated.emit(3)
    assert bench.model.edits.engine.device == "cuda:all"
    monkeypatch.setattr("app.viewmodels.settings_panel.gpu_count", lambda: 1)
    bench.model.outlook_changed.emit()
    assert panel.device.currentText() == "All NVIDIA GPUs"  # it was chosen: it is shown
    bench.model.set_device("cuda:1")
    assert offered() == ["Automatic", "Processor", "NVIDIA GPU", "cuda:1"]
    assert panel.device.currentText() == "cuda:1"


@pytest.mark.parametrize(
    ("architecture", "finest", "words"),
    [
        ("uprnet", 1, "draws any place in a gap"),
        ("adacof", 16, "other places by halving, down to 1/16"),
        ("flavr", 8, "a fixed grid of 1/8 of a gap; the nearest place is taken"),
        ("flavr", 2, "the middle of a gap; other places are taken from there"),
    ],
)
def test_how_a_network_comes_to_other_rates_is_said(
    architecture: str, finest: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = tuple(f"{place}/{finest}" for place in range(1, finest)) or None
    card = ModelCard(
        name="one",
        title="",
        architecture=architecture,
        num_inputs=4,
        positions=places,
        by_halving=architecture == "adacof",
    )
    catalog = Catalog(entries=(Entry(card=card, origin=Origin.IMPORTED),), problems={}, default="one")
    monkeypatch.setattr("app.viewmodels.networks.read_catalog", lambda: catalog)
    assert words in network_entries("one")[0].facts


def test_the_result_and_its_problems_are_shown(
    qtbot: QtBot, bench: Bench, panel: SettingsPanel, tmp_path: Path
) -> None:
    planned(qtbot, bench)
    shown = [words.text() for _, words in panel.result._rows]
    assert "48 from 24" in shown
    assert panel.result.export.isEnabled()
    assert panel.result.output.words == "beach-2x.mp4"
    bench.model.choose_output(tmp_path / "nowhere" / "out.mp4")
    qtbot.waitUntil(lambda: "There is no folder" in panel.result.problem.text)
    assert not panel.result.export.isEnabled()


def test_arrow_keys_choose_among_the_buttons(qtbot: QtBot, bench: Bench, panel: SettingsPanel) -> None:
    first, second, third, _ = panel.rate.findChildren(type(panel.result.export))
    second.setFocus()
    qtbot.keyClick(second, Qt.Key.Key_Right)
    assert third.hasFocus()
    assert bench.model.rate_text == "4x"
    qtbot.keyClick(third, Qt.Key.Key_Left)
    qtbot.keyClick(second, Qt.Key.Key_Left)
    assert first.hasFocus()
    assert bench.model.rate_text == "1x"


def test_the_wheel_scrolls_past_controls_without_the_focus(bench: Bench, panel: SettingsPanel) -> None:
    def turn(control: QWidget) -> None:
        event = QWheelEvent(
            QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(control, event)

    panel.rate_text.setFocus()
    turn(panel.end)
    turn(panel.sensitivity)
    assert panel.end.currentIndex() == 0
    assert bench.model.edits.scenes.sensitivity == 0.5
    panel.end.setFocus()
    turn(panel.end)
    assert panel.end.currentIndex() == 1


def test_a_failed_measurement_is_shown_and_does_not_forbid(
    qtbot: QtBot, bench: Bench, panel: SettingsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(outlook: Outlook, token: CancelToken) -> object:
        raise DeviceError("There is no usable GPU for --device cuda.", "Use --device cpu.")

    monkeypatch.setattr("app.jobs.estimates.measure_speed", fail)
    bench.estimates.measure(planned(qtbot, bench))
    qtbot.waitUntil(lambda: bool(bench.model.forecast.problem))
    assert "for “Device” cuda" in panel._notices[Cause.DEVICE].text
    assert panel.advanced.is_open
    assert panel.result.export.isEnabled()


def test_measuring_waits_for_a_free_machine(
    qtbot: QtBot, bench: Bench, panel: SettingsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed = Speed(gap_s=0.5, frame_s=0.0, device="a device", on_gpu=False, pictures=2)
    monkeypatch.setattr("app.jobs.estimates.measure_speed", lambda outlook, token: speed)
    bench.estimates.hold(True)
    planned(qtbot, bench)

    def time_here() -> str:
        return next(fact.words for fact in bench.model.facts if fact.label == "Time here")

    assert time_here() == "known when the machine is free"
    bench.estimates.hold(False)
    assert time_here() == "measuring…"
    qtbot.waitUntil(lambda: time_here() == "about 12 s", timeout=10_000)
    assert "2 fps here" in panel.network_facts.text()


def test_the_quick_network_is_offered_where_the_chosen_one_takes_long(
    qtbot: QtBot, bench: Bench, panel: SettingsPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    speed = Speed(gap_s=20.0, frame_s=0.0, device="a device", on_gpu=False, pictures=1, quick_gap_s=0.5)
    monkeypatch.setattr("app.jobs.estimates.measure_speed", lambda outlook, token: speed)
    bench.model.set_network("fourflow")
    assert panel.result.quicker.text == ""
    planned(qtbot, bench)
    qtbot.waitUntil(lambda: bool(panel.result.quicker.text), timeout=10_000)
    assert "motion, the quick network, would take about 12 s." in panel.result.quicker.text
    assert panel.result.quicker.isVisible()
    panel.result.quicker.activated.emit()
    assert bench.model.edits.engine.model == "motion"
    assert not panel.result.quicker.isVisible()
    bench.workspace.undo()
    assert bench.model.edits.engine.model == "fourflow"
    qtbot.waitUntil(panel.result.quicker.isVisible)


def test_the_quick_network_is_offered_where_the_preview_comes_slowly(
    qtbot: QtBot, bench: Bench, panel: SettingsPanel
) -> None:
    bench.estimates.hold(True)  # as while a preview is rendered
    bench.model.set_network("fourflow")
    planned(qtbot, bench)
    begun = RenderProgress(stage="render", done=1, total=40, rate=0.5, remaining_s=78.0)
    bench.model.quicker.watch(begun)
    assert panel.result.quicker.text == ""
    bench.model.quicker.watch(replace(begun, done=6))
    assert "The preview comes slowly" in panel.result.quicker.text
    bench.model.quicker.watch(None)
    assert panel.result.quicker.isVisible()
    bench.model.set_network("motion")
    assert panel.result.quicker.text == ""
    planned(qtbot, bench)
    bench.model.quicker.watch(replace(begun, done=6))
    assert panel.result.quicker.text == ""


def test_copying_the_command(bench: Bench, panel: SettingsPanel) -> None:
    panel.result.command_action.trigger()
    assert QGuiApplication.clipboard().text() == bench.model.command()


def test_every_control_has_a_name_and_the_panel_fits_280_pixels(panel: SettingsPanel) -> None:
    from PySide6.QtWidgets import QComboBox, QLineEdit, QSlider

    panel.details.set_open(True)
    panel.advanced.set_open(True)
    panel.resize(280, 900)
    unnamed = []
    for kind in (QComboBox, QLineEdit, QSlider, QAbstractButton):
        for control in panel.findChildren(kind):
            parent: QWidget | None = control.parentWidget()
            is_inner = parent is not None and (
                parent.inherits("QComboBox") or parent.inherits("QAbstractSpinBox")
            )
            is_inner = is_inner or (parent is not None and parent.inherits("QScrollBar"))
            named = control.accessibleName() or (isinstance(control, QAbstractButton) and control.text())
            if not named and not is_inner and control.isVisibleTo(panel):
                unnamed.append(control)
    assert unnamed == []
    assert panel.page.minimumSizeHint().width() <= 280
    assert panel.width() == 280


def test_the_palette_button_is_there_for_animations(qtbot: QtBot, bench: Bench, panel: SettingsPanel) -> None:
    assert not panel.gif.isVisibleTo(panel)
    bench.presets.apply("gif")
    assert panel.gif.isVisibleTo(panel)
    with qtbot.waitSignal(panel.gif_preview_requested):
        panel.gif.click()
