"""The preview: rendered like the export, kept within a bound, stale where settings changed."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.jobs.preview import Preview, PreviewSettings, RangeState
from app.jobs.preview_render import EngineShelf, Scaler
from flavr_core.clip import ClipInfo
from flavr_core.media import open_source, probe
from flavr_core.settings import (
    CutMode,
    DuplicateMode,
    EngineSettings,
    RateTarget,
    SceneSettings,
    TimingSettings,
)
from flavr_core.timeline import CutOverrides, iter_windows
from flavr_core.timing import TimePoint

OpenPreview = Callable[..., Preview]


def make(path: Path, *arguments: str) -> ClipInfo:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return probe(path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """Two seconds of ffmpeg's test picture, another one in between: testsrc2 and smptebars, 320x192:24."""
    graph = "testsrc2=320x192:rate=24:duration=1[a];smptebars=320x192:rate=24:duration=1[b];[a][b]concat"
    path = tmp_path_factory.mktemp("preview") / "with a cut.mp4"
    return make(path, "-filter_complex", graph, "-pix_fmt", "yuv420p", "-crf", "5")


@pytest.fixture
def open_preview() -> Iterator[OpenPreview]:
    engines = EngineShelf()
    opened: list[Preview] = []

    def preview(info: ClipInfo, *, limit_bytes: int | None = None, **changes: object) -> Preview:
        settings = replace(PreviewSettings(engine=EngineSettings(model="blend", device="cpu")), **changes)
        opened.append(Preview(info, settings, engines, limit_bytes=limit_bytes))
        return opened[-1]

    yield preview
    for one in opened:
        one.close()
    engines.close()


def rendered(qtbot: QtBot, preview: Preview, *span: Fraction, full_size: bool = False) -> None:
    preview.render(*(span or (Fraction(0),)), full_size=full_size)
    qtbot.waitUntil(lambda: not preview.is_rendering, timeout=60_000)


def times(factor: int) -> TimingSettings:
    return TimingSettings(rate=RateTarget(factor=Fraction(factor)))


def states(preview: Preview) -> list[str]:
    return [str(state) for _, _, state in preview.ranges()]


def test_all_frames_come_in_order_and_are_those_of_the_export(
    qtbot: QtBot, open_preview: OpenPreview, clip: ClipInfo
) -> None:
    from flavr_core.engine import create_engine

    preview = open_preview(clip)
    ready: list[int] = []
    preview.picture_ready.connect(ready.append)
    rendered(qtbot, preview, full_size=True)
    assert ready == list(range(96))
    assert preview.ranges() == ((Fraction(0), Fraction(2), RangeState.RENDERED),)
    plan = preview.plan
    assert plan is not None
    engine = create_engine(preview.settings.engine, width=clip.width, height=clip.height)
    with open_source(clip) as source:
        for window in iter_windows(source.frames(), plan, scenes=SceneSettings()):
            for planned, frame in zip(window.outputs, engine.interpolate(window), strict=True):
                shown = preview.picture(planned.index)
                assert shown is not None
                assert (shown.index, shown.time, shown.made) == (frame.index, frame.time, frame.made)
                assert all(np.array_equal(a, b) for a, b in zip(shown.planes, frame.planes, strict=True))
    engine.close()
