"""What the program tells the viewer and the timeline when preferences and cuts change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.application.studio import Studio
from flavr_core.settings import CutMode

OpenStudio = Callable[..., Studio]


def test_preferences_reach_the_cache_and_the_timeline(open_studio: OpenStudio) -> None:
    studio = open_studio()
    assert not studio.timeline_panel.timeline.is_motion_reduced
    studio.store.change(cache_bytes=128 * 2**20, reduced_motion=True)
    assert studio.cache.limit_bytes == 128 * 2**20
    assert studio.timeline_panel.timeline.is_motion_reduced


def test_cuts_that_do_not_count_are_not_jumped_to(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path
) -> None:
    studio = open_studio(plain_clip)
    qtbot.waitUntil(lambda: studio.viewer.info is not None, timeout=20_000)
    studio.player.seek(Fraction(1, 2))
    studio.timeline.toggle_cut()
    cut = studio.player.position
    studio.player.seek(Fraction(0))
    studio.player.jump(1)
    assert studio.player.position == cut
    clip = studio.workspace.current
    assert clip is not None
    studio.workspace.edit("", scenes=replace(clip.edits.scenes, cuts=CutMode.IGNORE))
    studio.player.seek(Fraction(0))
    studio.player.jump(1)
    assert studio.player.position == studio.player.bounds[1]
