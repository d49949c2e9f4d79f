"""Presets and the form of export settings, without widgets and with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QDoubleSpinBox, QLineEdit
from pytestqt.qtbot import QtBot

from app.dialogs.export_form import ExportForm
from app.dialogs.preset_save import PresetSaveDialog
from app.viewmodels.export_details import ExportDetails, FieldKind, with_value
from app.viewmodels.presets import FACTORY_DEFAULT, PresetsModel, preset_name
from app.viewmodels.workspace import Workspace
from app.views.presets import PresetChooser, PresetTree
from flavr_core.clip import ClipInfo
from flavr_core.errors import FlavrError, ProblemsError
from flavr_core.media import plan_encoding, probe
from flavr_core.media.presets import load_preset, user_presets_folder
from flavr_core.settings import AudioMode, ExportSettings, GifSettings, TimingSettings
from flavr_core.timeline import plan_output
from tests.clip_factory import make_clip


@dataclass
class Bench:
    workspace: Workspace
    presets: PresetsModel
    details: ExportDetails

    @property
    def export(self) -> ExportSettings:
        clip = self.workspace.current
        assert clip is not None
        return clip.edits.export


@pytest.fixture
def bench(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    workspace = Workspace()
    presets = PresetsModel(workspace)
    workspace.add(tmp_path / "clip.mp4")
    yield Bench(workspace, presets, ExportDetails(workspace, presets))
    presets.close()


def test_groups_come_in_order_with_one_line_each(bench: Bench) -> None:
    titles = [title for title, _ in bench.presets.groups]
    assert titles[:4] == ["general", "GIF and web", "editing", "archive"]
    for _, entries in bench.presets.groups:
        assert all(entry.description and "\n" not in entry.description for entry in entries)


def test_new_clips_begin_with_the_default(bench: Bench) -> None:
    clip = bench.workspace.current
    assert clip is not None
    assert clip.edits.preset == FACTORY_DEFAULT
    assert clip.edits.export == load_preset(FACTORY_DEFAULT)
    bench.presets.set_default("gif")
    other = bench.workspace.add(Path("other.mp4"))
    assert (other.edits.preset, other.edits.export) == ("gif", load_preset("gif"))
    assert clip.edits.preset == FACTORY_DEFAULT


def test_what_new_clips_begin_with_is_kept(bench: Bench) -> None:
    stored = replace(load_preset("gif"), max_width=300)
    workspace = Workspace()
    workspace.defaults = replace(workspace.defaults, preset="gif", export=stored)
    presets = PresetsModel(workspace)
    try:
        assert presets.default == "gif"
        assert workspace.defaults.export == stored
        presets.set_default("webp")
        assert workspace.defaults.export == load_preset("webp")
    finally:
        presets.close()


def test_changed_settings_are_modified_until_reset(bench: Bench) -> None:
    clip = bench.workspace.current
    assert clip is not None
    bench.presets.apply("gif")
    assert not bench.presets.is_modified(clip.edits)
    bench.details.set_value("gif.colors", 16)
    assert bench.presets.is_modified(clip.edits)
    bench.presets.reset()
    assert clip.edits.export == load_preset("gif")
    bench.workspace.undo()
    assert clip.edits.export.gif.colors == 16


def test_saving_renaming_and_deleting_a_preset(bench: Bench) -> None:
    clip = bench.workspace.current
    assert clip is not None
    bench.details.set_value("crf", 12.0)
    name = bench.presets.save("  My Ünique Preset! ", description="Mine.\nReally.", export=bench.export)
    assert name == "my-unique-preset"
    assert clip.edits.preset == name
    assert load_preset(name) == clip.edits.export
    with pytest.raises(FlavrError, match="already"):
        bench.presets.save(name, description="", export=ExportSettings())
    bench.presets.save(name, description="", export=ExportSettings(crf=3), overwrite=True)
    assert load_preset(name).crf == 3
    assert bench.presets.is_modified(clip.edits)
    bench.presets.set_default(name)
    assert bench.presets.rename(name, "other") == "other"
    assert (clip.edits.preset, bench.presets.default) == ("other", "other")
    assert not (user_presets_folder() / f"{name}.json").exists()
    before = clip.edits.export
    bench.presets.delete("other")
    assert bench.presets.find("other") is None
    assert bench.presets.default == FACTORY_DEFAULT
    assert clip.edits.export == before


@pytest.mark.parametrize("action", ["save", "rename", "delete"])
def test_the_programs_own_presets_stay(bench: Bench, action: str) -> None:
    before = load_preset("mp4")
    presets = bench.presets
    actions = {
        "save": lambda: presets.save("mp4", description="", export=ExportSettings(crf=50), overwrite=True),
        "rename": lambda: presets.rename("mp4", "mine"),
        "delete": lambda: presets.delete("mp4"),
    }
    with pytest.raises(FlavrError):
        actions[action]()
    assert load_preset("mp4") == before


def test_presets_travel_as_files(bench: Bench, tmp_path: Path) -> None:
    bench.presets.save("mine", description="Good.", export=ExportSettings(crf=7))
    bench.presets.write("mine", tmp_path / "out.json")
    bench.presets.delete("mine")
    assert not bench.presets.has_user_preset(tmp_path / "out.json")
    assert bench.presets.bring(tmp_path / "out.json") == "mine"
    entry = bench.presets.find("mine")
    assert entry is not None
    assert (entry.export, entry.description, entry.is_own) == (ExportSettings(crf=7), "Good.", False)
    assert bench.presets.has_user_preset(tmp_path / "out.json")
    with pytest.raises(FlavrError):
        bench.presets.bring(tmp_path / "out.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(FlavrError, match="not JSON"):
        bench.presets.bring(tmp_path / "bad.json")
    assert not bench.presets.has_user_preset(tmp_path / "bad.json")


def test_a_damaged_file_is_one_entry_that_says_so(qtbot: QtBot, bench: Bench) -> None:
    folder = user_presets_folder()
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{", encoding="utf-8")
    content = {"schema_version": 1, "name": "another", "group": "g", "description": "d", "export": {}}
    (folder / "renamed.json").write_text(json.dumps(content), encoding="utf-8")
    presets = PresetsModel(bench.workspace)
    try:
        broken, renamed = presets.find("broken"), presets.find("renamed")
        assert broken is not None
        assert "not JSON" in broken.problem
        assert renamed is not None
        assert "another name" in renamed.problem
        assert presets.find("mp4") is not None
        presets.apply("broken")
        clip = bench.workspace.current
        assert clip is not None
        assert clip.edits.preset == FACTORY_DEFAULT
        presets.delete("broken")
        assert presets.find("broken") is None
    finally:
        presets.close()


def test_what_does_not_work_here_says_why(qtbot: QtBot, bench: Bench) -> None:
    export = ExportSettings(container="webm", codec="vp9", hardware="amf")
    bench.presets.save("no-chip", description="", export=export)

    def is_tried() -> bool:
        entry = bench.presets.find("no-chip")
        return entry is not None and bool(entry.problem)

    qtbot.waitUntil(is_tried)
    before = bench.export
    bench.presets.apply("no-chip")
    assert bench.export == before
    bench.presets.set_default("no-chip")
    assert bench.presets.default == FACTORY_DEFAULT


def test_names_that_say_nothing_are_refused() -> None:
    with pytest.raises(FlavrError, match="cannot be a preset's name"):
        preset_name("???")


# The form


def test_every_setting_is_in_the_form(bench: Bench) -> None:
    names = {field.name for field in bench.details._all_fields()}
    plain = {field.name for field in fields(ExportSettings)} - {"gif"}
    assert names == plain | {f"gif.{field.name}" for field in fields(GifSettings)}


def test_what_means_nothing_is_left_out_with_the_reason(bench: Bench) -> None:
    bench.presets.apply("gif")
    shown = {field.name for field in bench.details.fields}
    assert shown == {"container", "max_width", "gif.colors", "gif.dither", "gif.loop", "gif.max_bytes"}
    assert dict(bench.details.left_out)["Sound"] == "GIF has neither sound nor subtitles."
    bench.details.set_value("container", "mov")
    bench.details.set_value("codec", "prores")
    assert "crf" not in {field.name for field in bench.details.fields}


def test_impossible_choices_say_why(bench: Bench) -> None:
    def choices(name: str) -> dict[Any, str]:
        return {c.value: c.problem for f in bench.details.fields if f.name == name for c in f.choices}

    bench.workspace.edit("Plain", export=ExportSettings())
    assert choices("codec")["prores"] == "MP4 cannot hold ProRes; it goes into MOV, MKV."
    assert choices("codec")["hevc"] == ""
    assert choices("depth")[16]
    bench.details.set_value("codec", "vp9")
    assert choices("hardware")["nvenc"] == "NVIDIA NVENC does not make VP9."
    assert choices("chroma")["gray"]


def test_changing_the_format_drops_what_it_cannot_have(bench: Bench) -> None:
    rich = ExportSettings(crf=30, speed="slow", depth=10, chroma="422", audio=AudioMode.DROP)
    changed = with_value(rich, "container", "gif")
    assert (changed.codec, changed.crf, changed.speed, changed.depth, changed.chroma) == (
        "gif", None, "medium", None, None,
    )  # fmt: skip
    assert changed.audio is AudioMode.DROP
    limited = replace(changed, gif=GifSettings(max_bytes=5000, colors=16))
    back = with_value(limited, "container", "mp4")
    assert back.gif.max_bytes is None
    assert back.codec == "h264"


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_nothing_in_the_form_leads_to_settings_that_are_refused(
    data: st.DataObject, bench: Bench, clip_info: ClipInfo, tmp_path: Path
) -> None:
    """Any walk through the choices that are offered ends in settings that can be planned."""
    bench.workspace.edit("Plain", export=ExportSettings())
    for _ in range(6):
        field = data.draw(st.sampled_from(bench.details.fields))
        if field.kind is FieldKind.CHOICE:
            value = data.draw(st.sampled_from([c.value for c in field.choices if not c.problem]))
        elif field.kind is FieldKind.NUMBER:
            number = st.integers(int(field.low), int(min(field.high, 4000)))
            value = data.draw(number.map(lambda n: float(n) if field.name == "crf" else n))  # noqa: B023
        elif field.kind is FieldKind.BYTES:
            value = data.draw(st.integers(1000, 10**6))
        else:
            value = data.draw(st.booleans())
        bench.details.set_value(field.name, value)
    export = with_value(bench.export, "hardware", "none")  # whatever chips this machine has
    plan = plan_output(clip_info.times, TimingSettings(), rate=clip_info.rate)
    suffix = {"apng": ".apng", "png": ""}.get(export.container, f".{export.container}")
    try:
        plan_encoding(clip_info, plan, export, output=tmp_path / f"out{suffix}")
    except ProblemsError as error:
        raise AssertionError(f"{export}: {error}") from error


@pytest.fixture(scope="module")
def clip_info(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    return probe(make_clip(tmp_path_factory.mktemp("form") / "clip.mp4", frames=6))


# Widgets


def test_the_tree_says_default_modified_and_not_available(qtbot: QtBot, bench: Bench) -> None:
    bench.presets.save("no-chip", description="", export=ExportSettings(codec="vp9", hardware="amf"))
    bench.presets.apply("gif")
    bench.details.set_value("gif.colors", 16)
    tree = PresetTree(bench.presets, bench.workspace)
    qtbot.addWidget(tree)

    def lines() -> list[str]:
        groups = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
        return [group.child(row).text(0) for group in groups if group for row in range(group.childCount())]

    qtbot.waitUntil(lambda: "no-chip (not available)" in lines())
    assert "gif (modified)" in lines()
    assert "mp4 (default)" in lines()
    current = tree.currentItem()
    assert current is not None
    assert current.text(0) == "gif (modified)"
    with qtbot.waitSignal(tree.picked) as picked:
        qtbot.keyClick(tree, Qt.Key.Key_Return)
    assert picked.args == ["gif"]


def test_the_chooser_shows_and_opens(qtbot: QtBot, bench: Bench) -> None:
    chooser = PresetChooser(bench.presets, bench.workspace)
    qtbot.addWidget(chooser)
    chooser.resize(200, 40)
    chooser.show()
    bench.presets.apply("gif")
    assert chooser.button.words == "gif"
    bench.details.set_value("gif.colors", 16)
    assert chooser.button.words == "gif (modified)"
    chooser.open_tree()
    popup = chooser._popup
    assert popup is not None
    tree = popup.findChild(PresetTree)
    assert tree is not None
    tree.picked.emit("mp4")
    assert chooser.button.words == "mp4"


def test_the_menu_offers_what_can_be_done(qtbot: QtBot, bench: Bench) -> None:
    chooser = PresetChooser(bench.presets, bench.workspace)
    qtbot.addWidget(chooser)
    chooser._menu.aboutToShow.emit()
    enabled = {action.text(): action.isEnabled() for action in chooser._menu.actions() if action.text()}
    assert enabled["Reset to preset"] is False
    assert enabled["Delete"] is False
    assert enabled["Begin new clips with it"] is False
    bench.presets.save("mine", description="", export=bench.export)
    bench.details.set_value("audio", AudioMode.DROP)
    chooser._menu.aboutToShow.emit()
    actions = {action.text(): action for action in chooser._menu.actions()}
    assert all(actions[text].isEnabled() for text in ("Reset to preset", "Delete", "Rename…"))
    actions["Reset to preset"].trigger()
    assert bench.export.audio is not AudioMode.DROP


def test_the_save_dialog_stays_until_it_is_saved(qtbot: QtBot) -> None:
    kept: list[tuple[str, str, bool]] = []

    def save(name: str, description: str, overwrite: bool) -> None:
        if name == "bad":
            raise FlavrError("It is taken.", "Choose another.")
        kept.append((name, description, overwrite))

    dialog = PresetSaveDialog("Save", save, can_replace=lambda name: name == "mine")
    qtbot.addWidget(dialog)
    button = dialog.buttons.button(QDialogButtonBox.StandardButton.Save)
    assert not button.isEnabled()
    qtbot.keyClicks(dialog.name, "bad")
    button.click()
    assert dialog.problem.text == "It is taken. Choose another."
    assert dialog.result() == 0
    dialog.name.setText("mine")
    assert button.text() == "Replace"
    qtbot.keyClicks(dialog.description, "words")
    button.click()
    assert kept == [("mine", "words", True)]
    assert dialog.result() == 1


def test_the_form_edits_and_follows(qtbot: QtBot, bench: Bench) -> None:
    form = ExportForm(bench.details)
    qtbot.addWidget(form)
    form.show()
    crf, codec = form.control("crf"), form.control("codec")
    assert isinstance(crf, QDoubleSpinBox)
    assert isinstance(codec, QComboBox)
    assert crf.text() == "18 (usual)"
    crf.setValue(23)
    assert bench.export.crf == 23
    crf.setValue(crf.minimum())
    assert bench.export.crf is None
    items = codec.model()
    assert isinstance(items, QStandardItemModel)
    row = codec.findData("prores")
    assert not items.item(row).isEnabled()
    assert "cannot hold ProRes" in items.item(row).toolTip()
    bench.details.set_value("container", "gif")
    assert form.control("crf") is None
    limit = form.control("gif.max_bytes")
    assert isinstance(limit, QLineEdit)
    qtbot.keyClicks(limit, "8MB")
    qtbot.keyClick(limit, Qt.Key.Key_Return)
    assert bench.export.gif.max_bytes == 8_000_000
    limit.setText("much")
    qtbot.keyClick(limit, Qt.Key.Key_Return)
    assert form._problem.isVisible()
    assert bench.export.gif.max_bytes == 8_000_000
    bench.workspace.undo()
    assert bench.export.gif.max_bytes is None
