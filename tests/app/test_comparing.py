"""What stands in the viewer, exported as a comparison by the whole program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from app.viewmodels.viewer import ORIGINAL, RESULT
from flavr_core.comparison.render import render_comparison
from flavr_core.comparison.settings import PlacedClip
from flavr_core.comparison.views import ViewMode
from flavr_core.progress import CancelToken, SilentReporter
from flavr_core.settings import ConvertSettings, EngineSettings, RateTarget, TimingSettings
from flavr_core.timing import TimePoint

SLOW_STRETCH = TimingSettings(
    rate=RateTarget(factor=Fraction(1)), slow=Fraction(2), start=TimePoint(frame=6), stop=TimePoint(frame=18)
)


def opened(open_studio: Callable[..., Any], clip: Path, qtbot: QtBot) -> Any:
    studio = open_studio(clip)
    qtbot.waitUntil(lambda: studio.viewer.info is not None, timeout=20000)
    studio.workspace.edit("Slow", timing=SLOW_STRETCH, engine=EngineSettings(model="blend"))
    return studio


def test_the_comparison_of_a_marked_slow_result_stays_in_step(
    open_studio: Callable[..., Any], plain_clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    studio = opened(open_studio, plain_clip, qtbot)
    studio.viewer_panel.view.set_mode(ViewMode.DIFFERENCE)
    settings = studio.comparing.settings()
    assert isinstance(settings.a, PlacedClip)
    assert isinstance(settings.b, ConvertSettings)
    assert settings.view is ViewMode.DIFFERENCE
    settings = replace(settings, output=tmp_path / "o.mp4", show_labels=False)
    report = render_comparison(settings, SilentReporter(), CancelToken())
    assert report.frames == 24  # twelve frames, each for twice its time
    assert report.seconds == 1


def test_sides_that_were_exchanged_and_a_file_are_placed(
    open_studio: Callable[..., Any], plain_clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    studio = opened(open_studio, plain_clip, qtbot)
    studio.viewer.choose("a", RESULT)
    studio.viewer.choose("b", ORIGINAL)
    settings = studio.comparing.settings()
    assert isinstance(settings.a, ConvertSettings)
    assert settings.start is None
    report = render_comparison(
        replace(settings, output=tmp_path / "o.gif", max_width=120), SilentReporter(), CancelToken()
    )
    assert (report.frames, report.seconds) == (24, 1)  # A is not sped up to the original
    studio.viewer.open_file("b", plain_clip)
    qtbot.waitUntil(lambda: isinstance(studio.comparing.settings().b, PlacedClip), timeout=20000)
    assert studio.comparing.settings().b == PlacedClip(path=plain_clip)
