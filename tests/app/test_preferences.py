"""Preferences, recent files and keys are kept; what is damaged costs no more than itself."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from app.viewmodels.preferences import MOST_RECENT, Preferences, PreferencesStore, ThemeChoice
from app.viewmodels.workspace import ClipEdits
from flavr_core.errors import SettingsError
from flavr_core.settings import RateTarget, TimingSettings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "preferences.json"


def test_everything_comes_back(path: Path) -> None:
    first = PreferencesStore(path)
    assert first.is_new
    edits = ClipEdits(timing=TimingSettings(rate=RateTarget(fps=Fraction(60000, 1001)), slow=Fraction(5, 2)))
    first.set(Preferences(theme=ThemeChoice.DARK, font_scale=1.25), edits)
    first.shortcuts.set_keys("wipe", ["Ctrl+W"])
    first.add_recent(Path("/films/a ü.mp4"))
    second = PreferencesStore(path)
    assert not second.is_new
    assert (second.preferences, second.defaults) == (first.preferences, edits)
    assert second.shortcuts.keys("wipe") == ("Ctrl+W",)
    assert second.recent == (Path("/films/a ü.mp4"),)


def test_one_bad_value_costs_only_itself(path: Path) -> None:
    path.parent.mkdir()
    values = {"theme": "purple", "font_scale": 99, "reduced_motion": True, "from_the_future": 1}
    path.write_text(json.dumps({"schema_version": 1, "preferences": values, "recent": [3, "/a"]}))
    store = PreferencesStore(path)
    assert store.preferences == Preferences(reduced_motion=True)
    assert store.recent == (Path("/a"),)


@pytest.mark.parametrize("content", ["{half", "[]", '{"schema_version": 99}', '"text"', "null"])
def test_a_file_that_cannot_be_used_is_set_aside(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    assert PreferencesStore(path).preferences == Preferences()
    if content != "null":
        assert path.with_name("preferences.json.damaged").read_text() == content


def test_recent_files_are_unique_newest_first_and_few(path: Path) -> None:
    store = PreferencesStore(path)
    for number in range(MOST_RECENT + 3):
        store.add_recent(Path(f"/{number}"))
    store.add_recent(Path("/5"))
    assert len(store.recent) == MOST_RECENT
    assert store.recent[:2] == (Path("/5"), Path(f"/{MOST_RECENT + 2}"))


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    store = PreferencesStore(blocked / "preferences.json")
    store.change(reduced_motion=True)
    assert store.preferences.reduced_motion


def test_values_out_of_bounds_are_refused() -> None:
    with pytest.raises(SettingsError):
        Preferences(font_scale=0.1)
    with pytest.raises(SettingsError):
        Preferences(cache_bytes=1)


@pytest.mark.parametrize("pattern", ["", "  ", "{nome}", "{}"])
def test_patterns_that_cannot_be_used(pattern: str) -> None:
    with pytest.raises(SettingsError):
        Preferences(name_pattern=pattern)


def test_results_lie_beside_the_clip_or_where_the_user_says() -> None:
    assert Preferences().naming().folder is None
    assert Preferences(output_folder="/films/out").naming().folder == Path("/films/out")
