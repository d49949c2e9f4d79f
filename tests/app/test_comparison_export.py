"""A comparison written by the window's job: progress, result, cancel, failure."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest
from pytestqt.qtbot import QtBot

from app.dialogs.comparison_export import ComparisonDialog
from app.jobs.comparison import ComparisonExport
from flavr_core.comparison.settings import ComparisonSettings
from flavr_core.comparison.views import ViewMode


@pytest.fixture
def clips(tmp_path: Path) -> tuple[Path, Path]:
    """testsrc2 at 12 and 24 frames a second, two seconds."""
    paths = tmp_path / "a clip.mp4", tmp_path / "b.mp4"
    for path, rate in zip(paths, (12, 24), strict=True):
        source = f"testsrc2=size=160x96:rate={rate}"
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
            "-t",
            "2",
            str(path),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
    return paths


@pytest.fixture
def export(qtbot: QtBot) -> Iterator[ComparisonExport]:
    job = ComparisonExport()
    yield job
    job.close()


def test_it_is_written_and_told(
    export: ComparisonExport, clips: tuple[Path, Path], tmp_path: Path, qtbot: QtBot
) -> None:
    output = tmp_path / "o.mp4"
    settings = ComparisonSettings(a=clips[0], b=clips[1], output=output, view=ViewMode.SIDE)
    with qtbot.waitSignal(export.finished, timeout=20000) as caught:
        export.start(settings)
        assert export.is_running
        with pytest.raises(RuntimeError):
            export.start(settings)
    assert caught.args[0].frames == 48
    assert output.stat().st_size > 1000
    assert not export.is_running
    with qtbot.waitSignal(export.failed, timeout=20000) as failed:
        export.start(settings)
    assert "exists already" in failed.args[0]


def test_the_dialog_offers_to_play_and_to_show_what_it_wrote(
    clips: tuple[Path, Path], tmp_path: Path, qtbot: QtBot
) -> None:
    output = tmp_path / "o.mp4"
    settings = ComparisonSettings(a=clips[0], b=clips[1], output=output, view=ViewMode.SIDE)
    dialog = ComparisonDialog(settings, "a against b")
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.play.isVisible()
    dialog.start()
    qtbot.waitUntil(dialog.play.isVisible, timeout=20000)
    with qtbot.waitSignal(dialog.reveal_asked) as shown:
        dialog.reveal.click()
    assert dialog.isVisible()
    with qtbot.waitSignal(dialog.play_asked) as played:
        dialog.play.click()
    assert shown.args == played.args == [output]
    assert not dialog.isVisible()


def test_cancelled_it_leaves_nothing(
    export: ComparisonExport, clips: tuple[Path, Path], tmp_path: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(export.cancelled, timeout=20000):
        export.start(ComparisonSettings(a=clips[0], b=clips[1], output=tmp_path / "o.gif"))
        export.cancel()
    assert {path.name for path in tmp_path.iterdir()} == {"a clip.mp4", "b.mp4"}
