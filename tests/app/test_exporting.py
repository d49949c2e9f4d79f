"""Exports from the whole window: what starts, where it goes, what is left as it was, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.application.studio import SAMPLE
from app.widgets.message_line import MessageLine
from flavr_core.settings import ConvertSettings


def opened(open_studio: Callable[..., Any], clip: Path, qtbot: QtBot) -> Any:
    studio = open_studio(clip)
    qtbot.waitUntil(lambda: studio.settings.clip is not None, timeout=20000)
    return studio


def message(studio: Any) -> str:
    """What the status bar says."""
    return str(studio.window.statusBar().findChild(MessageLine).text)


def test_a_gif_beside_and_the_sample_go_to_the_videos(
    open_studio: Callable[..., Any], qtbot: QtBot, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ConvertSettings] = []

    def add(settings: ConvertSettings, *, start: bool) -> int:
        assert start
        asked.append(settings)
        return len(asked)

    studio = opened(open_studio, SAMPLE, qtbot)
    studio.settings.set_network("blend")
    monkeypatch.setattr(studio.queue, "add", add)
    before = studio.settings.edits
    studio.actions["export-gif"].trigger()
    studio.results.convert_sample()
    assert studio.settings.edits == before
    names = ["sample-2x.gif", "sample-2x.mp4"]
    assert [settings.output for settings in asked] == [own_home / "videos" / name for name in names]
    assert [settings.export.container for settings in asked] == ["gif", "mp4"]
    assert not list(SAMPLE.parent.glob("sample-2x*"))


def test_what_exists_is_wired(open_studio: Callable[..., Any], plain_clip: Path, qtbot: QtBot) -> None:
    """The preview of the palette opens; a default preset outlives the program; a refusal does not stay."""
    studio = opened(open_studio, plain_clip, qtbot)
    studio.settings.set_network("blend")
    studio.presets.apply("gif")
    studio.settings_panel.gif.click()
    dialog = studio.commands.dialog("gif-preview")
    assert dialog is not None
    qtbot.waitUntil(lambda: bool(dialog.size_label.text()), timeout=30000)
    dialog.close()
    studio.settings.set_rate("fast")
    studio.settings.request_export()
    assert "fast" in message(studio)
    studio.settings.set_rate("4x")
    assert message(studio) == ""
    studio.settings_panel.result.copy_command()
    assert "clipboard" in message(studio)
    studio.presets.set_default("ffv1")
    studio.close()
    again = open_studio()
    assert again.presets.default == "ffv1"
    assert again.workspace.defaults.preset == "ffv1"
