"""Dialogs beside the window: preferences, keys, palette, models, doctor, log, welcome, errors."""

from __future__ import annotations

import logging
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
)
from pytestqt.qtbot import QtBot

from app.dialogs.about import AboutDialog
from app.dialogs.card_picture import CardPictureDialog
from app.dialogs.command_palette import CommandPalette
from app.dialogs.comparison_export import ComparisonDialog
from app.dialogs.doctor import DoctorDialog
from app.dialogs.errors import error_box, fault_box
from app.dialogs.log import LogDialog
from app.dialogs.models import ModelsDialog
from app.dialogs.preferences import PreferencesDialog
from app.dialogs.shortcuts import ShortcutsDialog
from app.dialogs.welcome import WelcomeDialog
from app.jobs.crash_reports import Logs
from app.viewmodels.command_search import best_first, score
from app.viewmodels.commands import COMMANDS
from app.viewmodels.doctor import DoctorModel
from app.viewmodels.models import ModelsModel
from app.viewmodels.preference_fields import PER_CLIP, pages
from app.viewmodels.preferences import Preferences, PreferencesStore, ThemeChoice
from app.viewmodels.shortcuts import Shortcuts
from app.viewmodels.workspace import ClipEdits
from app.widgets.picture_button import PictureButton
from flavr_core import __version__
from flavr_core.comparison.settings import ComparisonSettings
from flavr_core.comparison.views import ViewMode
from flavr_core.doctor import Finding, State
from flavr_core.errors import OutputError, ProblemsError, SettingsError
from flavr_core.media import probe
from flavr_core.model import catalog
from flavr_core.model.cards import ModelCard
from flavr_core.model.licences import licence_of
from flavr_core.model.uprnet import UprNet, UprWidths
from flavr_core.settings import CutMode, RateTarget
from flavr_core.timing import TimePoint

ALL = frozenset(command.name for command in COMMANDS)


def test_every_setting_has_a_field() -> None:
    edits = ClipEdits()
    shown = {(f.part, f.name) for page in pages(Preferences(), edits) for f in page.fields}
    wanted = {("preferences", field.name) for field in fields(Preferences)}
    for part in ("timing", "scenes", "engine"):
        wanted |= {(part, field.name) for field in fields(getattr(edits, part))}
    assert shown == wanted - PER_CLIP


def test_preferences_are_changed_at_ok_and_kept(qtbot: QtBot) -> None:
    store = PreferencesStore()
    dialog = PreferencesDialog(store)
    qtbot.addWidget(dialog)
    dialog.editor("preferences", "theme").set_value(ThemeChoice.DARK)
    dialog.editor("preferences", "font_scale").set_value(1.2)
    dialog.editor("timing", "rate").set_value(RateTarget(fps=Fraction(60)))
    dialog.editor("scenes", "cuts").set_value(CutMode.BLEND)
    dialog.editor("engine", "max_memory_bytes").set_value(4_000_000_000)
    assert store.preferences == Preferences()
    dialog.accept()
    again = PreferencesStore()
    assert (again.preferences.theme, again.preferences.font_scale) == (ThemeChoice.DARK, 1.2)
    assert again.defaults.timing.rate == RateTarget(fps=Fraction(60))
    assert again.defaults.scenes.cuts is CutMode.BLEND
    assert again.defaults.engine.max_memory_bytes == 4_000_000_000


@pytest.mark.parametrize(
    ("part", "name", "text", "word"),
    [
        ("timing", "rate", "fast", "fast"),
        ("preferences", "cache_bytes", "lots", "lots"),
        ("preferences", "cache_bytes", "1 kB", "64 MiB"),
        ("preferences", "name_pattern", "{nome}", "{nome}"),
    ],
)
def test_what_cannot_be_used_is_said_and_not_taken(
    qtbot: QtBot, part: str, name: str, text: str, word: str
) -> None:
    store = PreferencesStore()
    dialog = PreferencesDialog(store)
    qtbot.addWidget(dialog)
    dialog.show()
    line = dialog.editor(part, name).findChildren(QLineEdit)[0]
    line.setText(text)
    dialog.accept()
    assert dialog.isVisible()
    assert store.preferences == Preferences()
    labels = [dialog._problem, dialog.editor(part, name)._problem]
    assert any(word in label.text() for label in labels if not label.isHidden())
    dialog.restore_defaults()
    dialog.accept()
    assert not dialog.isVisible()


def test_searching_prefers_word_starts() -> None:
    assert score("xyz", "Export") is None
    assert score("", "Export") == 0
    titles = ["Import", "Export comparison", "Export", "Set out point"]
    assert best_first("exp", titles)[:2] == [2, 1]
    assert best_first("ec", titles)[0] == 1
    assert best_first("", titles) == [0, 1, 2, 3]


def test_the_palette_finds_and_calls(qtbot: QtBot) -> None:
    palette = CommandPalette(Shortcuts(), ALL)
    qtbot.addWidget(palette)
    assert len(palette.names()) == len(COMMANDS)
    palette.type("side by")
    assert palette.names()[0] == "side-by-side"
    line = palette.findChildren(QLineEdit)[0]
    palette.type("swap")
    with qtbot.waitSignal(palette.chosen) as chosen:
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert chosen.args == ["swap"]


def test_arrows_move_in_the_palette_and_what_cannot_be_called_is_left_out(qtbot: QtBot) -> None:
    palette = CommandPalette(Shortcuts(), frozenset({"open", "quit", "about"}))
    qtbot.addWidget(palette)
    assert palette.names() == ["open", "quit", "about"]
    line = palette.findChildren(QLineEdit)[0]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        qtbot.keyClick(line, key)
    with qtbot.waitSignal(palette.chosen) as chosen:
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert chosen.args == ["quit"]


def test_a_key_is_changed_and_a_conflict_is_named(qtbot: QtBot) -> None:
    shortcuts = Shortcuts()
    dialog = ShortcutsDialog(shortcuts)
    qtbot.addWidget(dialog)
    dialog.select("wipe")
    dialog.enter("B")
    assert "Side by side" in dialog.note()
    dialog.assign()
    assert shortcuts.keys("wipe") == ("B",)
    assert shortcuts.keys("side-by-side") == ()
    dialog.select("side-by-side")
    dialog._on_default_asked()
    assert shortcuts.keys("side-by-side") == ("B",)


def test_keys_are_searched(qtbot: QtBot) -> None:
    dialog = ShortcutsDialog(Shortcuts())
    qtbot.addWidget(dialog)
    dialog._search.setText("ctrl+e")
    shown = [name for name, item in dialog._items.items() if not item.isHidden()]
    assert "export" in shown
    assert "wipe" not in shown


def test_models_are_listed_with_their_cards(qtbot: QtBot) -> None:
    model = ModelsModel()
    dialog = ModelsDialog(model)
    qtbot.addWidget(dialog)
    names = [dialog._list.item(row).text() for row in range(dialog._list.count())]
    assert any(name.startswith("motion") for name in names)
    assert not any(model.can_remove(entry) for entry in model.entries)
    assert not dialog._remove.isEnabled()
    model.close()


def test_a_card_shows_what_its_network_is_weak_at(qtbot: QtBot) -> None:
    model = ModelsModel()
    dialog = ModelsDialog(model)
    qtbot.addWidget(dialog)
    dialog.show()
    names = [entry.card.name for entry in model.entries]
    dialog._list.setCurrentRow(names.index("upr-net"))
    entry = model.entries[names.index("upr-net")]
    words = [label.text() for label in dialog._card.widget().findChildren(QLabel)]
    assert entry.card.weaknesses in words
    (picture,) = dialog._card.widget().findChildren(PictureButton)
    assert picture.heightForWidth(400) == round(
        400 * picture.sizeHint().height() / picture.sizeHint().width()
    )
    assert picture.heightForWidth(9000) == picture.sizeHint().height()  # never larger than it is
    shown = picture.grab().toImage()
    colours = {shown.pixel(x, y) for x in range(0, shown.width(), 7) for y in range(0, shown.height(), 7)}
    assert len(colours) > 100
    picture.click()
    (large,) = dialog.findChildren(CardPictureDialog)
    assert large.isVisible()
    assert large.size().boundedTo(large.screen().availableSize()) == large.size()
    assert large.findChild(QScrollArea).widget().size() == picture.sizeHint()
    large.reject()
    dialog._list.setCurrentRow(names.index("motion"))
    assert not dialog._card.widget().findChildren(PictureButton)
    model.close()


def test_a_file_that_is_no_model_is_refused_in_words(qtbot: QtBot, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pth"
    wrong.write_bytes(b"no weights at all")
    model = ModelsModel()
    dialog = ModelsDialog(model)
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(model.said, timeout=60_000) as said:
        dialog.import_file(wrong)
        assert not dialog._import.isEnabled()
    assert said.args is not None
    assert said.args[1]
    assert "wrong.pth" in dialog._message.text()
    assert dialog._import.isEnabled()
    model.close()


def test_licence_and_terms_are_agreed_to_before_a_model_is_kept(qtbot: QtBot, tmp_path: Path) -> None:
    model = ModelsModel()
    dialog = ModelsDialog(model)
    qtbot.addWidget(dialog)
    dialog.show()
    licence = licence_of("uprnet")
    card = ModelCard(
        name="upr", title="uprnet, any position", architecture="uprnet", num_inputs=2, positions=None,
        parameters=1, description=licence.terms, licence=licence.name,
    )  # fmt: skip
    model.examined.emit(tmp_path / "upr.pkl", card)
    (question,) = dialog.findChildren(QMessageBox)
    assert "CC-BY-NC-ND-4.0" in question.informativeText()
    assert licence.terms in question.informativeText()
    assert question.text() == "Bring in upr.pkl?"
    question.reject()
    assert not model.doing
    model.close()


def test_a_file_that_is_dropped_is_shown_and_then_kept(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authors' own kind of file, pickled as torch did it before 1.6."""
    monkeypatch.setattr(catalog, "user_dir", lambda: tmp_path / "models")
    widths = UprWidths(features=(4, 6, 8), motion=(16, 12, 12, 8, 8), synthesis=(8, 8, 8))
    bare = {f"module.{name}": value for name, value in UprNet(widths).state_dict().items()}
    file = tmp_path / "upr-large.pkl"
    torch.save(bare, file, _use_new_zipfile_serialization=False)
    model = ModelsModel()
    dialog = ModelsDialog(model)
    qtbot.addWidget(dialog)
    dialog.show()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    place, keys = QPointF(dialog.rect().center()), Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(place, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, keys)
    QApplication.sendEvent(dialog, over)
    assert over.isAccepted()
    with qtbot.waitSignal(model.examined, timeout=60_000):
        QApplication.sendEvent(
            dialog, QDropEvent(place, Qt.DropAction.CopyAction, mime, Qt.MouseButton.NoButton, keys)
        )
    (question,) = dialog.findChildren(QMessageBox)
    assert "CC-BY-NC-ND-4.0" in question.informativeText()
    assert not (tmp_path / "models").exists()
    with qtbot.waitSignal(model.said, timeout=60_000) as said:
        question.button(QMessageBox.StandardButton.Ok).click()
    assert said.args is not None
    assert not said.args[1]
    assert "upr-large" in [entry.card.name for entry in model.entries]
    model.close()


def test_a_model_is_verified(qtbot: QtBot) -> None:
    model = ModelsModel()
    with qtbot.waitSignal(model.said, timeout=60_000) as said:
        model.verify("blend")
    assert said.args is not None
    assert not said.args[1]
    model.close()


def test_findings_are_shown_and_copied(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = (
        Finding(topic="GPU", value="none", state=State.NOTE, advice="Install a driver."),
        Finding(topic="ffmpeg", value="fine"),
    )
    monkeypatch.setattr("app.viewmodels.doctor.examine", lambda: findings)
    model = DoctorModel()
    dialog = DoctorDialog(model)
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(model.changed, check_params_cb=lambda: bool(model.findings), timeout=10_000):
        model.look()
        assert not dialog._copy.isEnabled()
    assert "1" in model.summary()
    assert "Install a driver." in model.as_text()
    assert dialog._copy.isEnabled()
    model.close()


def test_a_doctor_that_fails_says_so(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("no stethoscope")

    monkeypatch.setattr("app.viewmodels.doctor.examine", fail)
    model = DoctorModel()
    model.look()
    qtbot.waitUntil(lambda: not model.is_looking, timeout=10_000)
    assert model.summary() == "no stethoscope"
    model.close()


def test_the_log_is_filtered(qtbot: QtBot, tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    log = logging.getLogger("app.test")
    log.info("a small thing")
    log.warning("a strange thing")
    dialog = LogDialog(logs)
    qtbot.addWidget(dialog)
    assert "small" in dialog._text.toPlainText()
    dialog._level.setCurrentIndex(1)
    assert "small" not in dialog._text.toPlainText()
    assert "strange" in dialog._text.toPlainText()
    dialog._word.setText("nothing like it")
    assert dialog._text.toPlainText() == ""
    logs.close()


def test_the_welcome_offers_the_sample(qtbot: QtBot) -> None:
    dialog = WelcomeDialog(QPixmap(10, 10), is_shown_again=True)
    qtbot.addWidget(dialog)
    dialog.show()
    with qtbot.waitSignal(dialog.shown_again_changed) as again:
        dialog.findChildren(QCheckBox)[0].click()
    assert again.args == [False]
    primary = next(button for button in dialog.findChildren(QPushButton) if button.property("primary"))
    assert primary.width() >= primary.sizeHint().width()
    with qtbot.waitSignal(dialog.sample_asked):
        primary.click()


def test_errors_have_a_line_each_and_hints(qtbot: QtBot) -> None:
    full, rate = OutputError("The disk is full.", "Free some."), SettingsError("No rate.", "Give one.")
    error = ProblemsError([full, rate])
    box = error_box(None, "Not exported", error)
    assert box.informativeText().splitlines() == [
        "• The disk is full. Free some.",
        "• No rate. Give one.",
    ]
    box.deleteLater()


def test_a_fault_shows_its_report_and_does_without(qtbot: QtBot, tmp_path: Path) -> None:
    report = tmp_path / "fault.txt"
    report.write_text("Traceback")
    box = fault_box(None, ValueError("deep down"), report)
    assert "deep down" in box.informativeText()
    assert box.detailedText() == "Traceback"
    for place in (None, tmp_path / "gone.txt"):
        other = fault_box(None, ValueError(""), place)
        assert "ValueError" in other.informativeText()
        assert isinstance(other, QMessageBox)
        other.deleteLater()
    box.deleteLater()


def test_a_comparison_is_written_and_a_file_is_not_replaced_unasked(
    qtbot: QtBot, plain_clip: Path, tmp_path: Path
) -> None:
    output = tmp_path / "both.gif"
    settings = ComparisonSettings(a=plain_clip, b=plain_clip, output=output, stop=TimePoint(frame=4))
    dialog = ComparisonDialog(settings, "Original against Result")
    qtbot.addWidget(dialog)
    dialog._view.setCurrentIndex(1)
    assert dialog.settings().view is ViewMode.SIDE
    assert not dialog._sweep.isEnabled()
    dialog.start()
    qtbot.waitUntil(lambda: dialog.report is not None, timeout=60_000)
    assert probe(output).width >= 320
    written = output.read_bytes()
    dialog.start()
    question = dialog.findChildren(QMessageBox)[0]
    question.close()
    assert output.read_bytes() == written
    assert not dialog._export.is_running
    dialog.reject()


def test_about_says_the_version(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert any(__version__ in label.text() for label in dialog.findChildren(QLabel))
