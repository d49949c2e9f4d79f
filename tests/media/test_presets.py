"""Presets: every shipped one works, files round-trip, and wrong ones are refused with a sentence."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from flavr_core.cli import main
from flavr_core.errors import SettingsError
from flavr_core.media import presets
from flavr_core.media.presets import (
    GROUPS,
    export_from_json,
    export_to_json,
    find_preset,
    import_preset,
    list_presets,
    load_preset,
    preset_availability,
    preset_from_json,
    preset_to_json,
    presets_folder,
)
from flavr_core.settings import AudioMode, ExportSettings, GifSettings, OddSize


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's presets, in a folder of the test."""
    folder = tmp_path / "config" / "presets"
    monkeypatch.setattr(presets, "user_presets_folder", lambda: folder)
    return folder


def content(**changes: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": "mine",
        "group": "general",
        "description": "A way of mine.",
        "export": {"container": "mkv", "codec": "ffv1"},
        **changes,
    }


def test_the_shipped_presets_are_whole_and_in_known_groups() -> None:
    shipped = list_presets()
    assert {preset.group for preset in shipped} == set(GROUPS)
    for path in presets_folder().glob("*.json"):
        preset = find_preset(path.stem)
        assert preset.name == path.stem
        assert preset.description.endswith(".")
        assert not preset_availability(preset)
        assert json.loads(path.read_text(encoding="utf-8")) == preset_to_json(preset)


def test_settings_round_trip() -> None:
    export = ExportSettings(
        container="webm", codec="vp9", hardware="auto", crf=30.5, speed="slow", depth=10, chroma="444",
        odd_size=OddSize.CROP, max_width=640, audio=AudioMode.DROP, subtitles=False,
        gif=GifSettings(colors=64, dither="none", loop=2, max_bytes=10_000),
    )  # fmt: skip
    assert export_from_json(json.loads(json.dumps(export_to_json(export))), origin="it") == export
    assert export_to_json(ExportSettings()) == {"container": "mp4", "codec": "h264"}
    assert export_from_json({"crf": 20}, origin="it").crf == Fraction(20)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"schema_version": 99}, "version 99"),
        ({"schema_version": 0}, "never was"),
        ({"schema_version": "1"}, "not a preset"),
        ({"surprise": 1}, "'surprise' is not known"),
        ({"name": "../up"}, "cannot be a preset's name"),
        ({"description": "two\nlines"}, "not a line of text"),
        ({"export": []}, "not a list of settings"),
        ({"export": {"container": "mkv", "codec": "ffv1", "speedy": 1}}, "'speedy' is not known"),
        ({"export": {"container": "mkv", "codec": "gif"}}, "cannot hold 'gif'"),
        ({"export": {"container": "avi", "codec": "h264"}}, "no container 'avi'"),
        ({"export": {"crf": "low"}}, 'crf: "low" is not a number or null'),
        ({"export": {"depth": True}}, "depth: true is not a whole number or null"),
        ({"export": {"audio": "loud"}}, "'loud' is not known"),
        ({"export": {"gif": {"colors": 1}}}, "palette of 1 colours"),
        ({"export": {"gif": {"colour": 8}}}, "'colour' is not known"),
    ],
)
def test_wrong_files_are_refused_with_a_sentence(tmp_path: Path, changes: dict[str, Any], part: str) -> None:
    path = tmp_path / "preset.json"
    path.write_text(json.dumps(content(**changes)), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        import_preset(path)
    assert part in caught.value.message
    assert "preset.json" in caught.value.message


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 100_001, b"[" * 50_000, b"[1, 2]"])
def test_nonsense_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "preset.json"
    path.write_bytes(data)
    with pytest.raises(SettingsError):
        import_preset(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        import_preset(tmp_path / "none.json")


def test_every_missing_key_is_named() -> None:
    for key in ("name", "group", "description", "export"):
        whole = content()
        del whole[key]
        with pytest.raises(SettingsError, match=f"'{key}' is missing"):
            preset_from_json(whole, origin="it")


def test_older_versions_are_upgraded_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "SCHEMA_VERSION", 3)
    steps = {
        1: lambda old: {**old, "export": {**old["export"], "quality": 7}},
        2: lambda old: {
            **old,
            "export": {"container": "mp4", "codec": "h264", "crf": old["export"]["quality"]},
        },
    }
    monkeypatch.setattr(presets, "_UPGRADES", steps)
    assert preset_from_json(content(), origin="it").export.crf == 7


def test_a_preset_without_its_encoder_is_not_available() -> None:
    preset = preset_from_json(
        content(export={"container": "mp4", "codec": "h264", "hardware": "videotoolbox"}), origin="it"
    )
    assert "h264_videotoolbox" in preset_availability(preset)


def test_names_that_are_none_are_refused() -> None:
    for name in ("nothing-like-it", "../../etc/passwd", "", "A B"):
        with pytest.raises(SettingsError, match="no preset"):
            load_preset(name)


def test_the_command_lists_shows_exports_and_imports(
    tmp_path: Path, own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["presets", "list"]) == 0
    assert "GIF and web" in capsys.readouterr().out
    assert main(["presets", "show", "mp4"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["export"]["codec"] == "h264"
    file = tmp_path / "mine.json"
    assert main(["presets", "export", "ffv1", str(file)]) == 0
    assert main(["presets", "export", "ffv1", str(file)]) == 6
    assert main(["presets", "import", str(file)]) == 2  # the name is taken
    file.write_text(json.dumps(content()), encoding="utf-8")
    assert main(["presets", "import", str(file)]) == 0
    assert main(["presets", "import", str(file)]) == 2
    assert main(["presets", "import", "--overwrite", str(file)]) == 0
    assert (own_folder / "mine.json").is_file()
    capsys.readouterr()
    assert main(["presets", "list", "--json"]) == 0
    assert "mine" in [entry["name"] for entry in json.loads(capsys.readouterr().out)]
    assert load_preset("mine").codec == "ffv1"
    assert main(["presets", "show", "none"]) == 2
