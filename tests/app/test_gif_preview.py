"""Samples of animated images: really drawn, really written, shown at their own pace."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.dialogs.gif_preview import AnimationStage, GifPreviewDialog
from app.jobs import animation_sample
from app.jobs.animation_sample import Sample, WrittenSample, draw_sample, write_sample
from app.viewmodels import gif_preview as model_module
from app.viewmodels.export_details import ExportDetails
from app.viewmodels.gif_preview import GifPreviewModel
from app.viewmodels.presets import PresetsModel
from app.viewmodels.workspace import Workspace
from flavr_core.clip import ClipInfo
from flavr_core.errors import CancelledError, OutputError
from flavr_core.media import probe
from flavr_core.pipeline import prepare, run_job
from flavr_core.progress import CancelToken, SilentReporter
from flavr_core.settings import (
    ConvertSettings,
    EngineSettings,
    ExportSettings,
    GifSettings,
    TimingSettings,
    parse_rate,
)
from flavr_core.timeline import CutOverrides
from flavr_core.timing import TimePoint
from tests.clip_factory import make_clip

NO_CUTS = CutOverrides()
BLEND = EngineSettings(model="blend", device="cpu")
GIF = ExportSettings(container="gif", codec="gif")


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """50 frames of 96x64 at 10 a second."""
    path = tmp_path_factory.mktemp("gif") / "clip.mp4"
    return probe(make_clip(path, frames=50, size=(96, 64), rate=Fraction(10)))


def draw(info: ClipInfo, *, at: float = 2.0, **changes: object) -> Sample:
    plain = ConvertSettings(source=info.path, output=Path("unused.gif"), engine=BLEND)
    settings = replace(plain, **changes)  # type: ignore[arg-type]
    return draw_sample(
        info, settings, NO_CUTS, at=Fraction(at), token=CancelToken(), on_progress=lambda done, total: None
    )


def write(sample: Sample, export: ExportSettings) -> WrittenSample:
    return write_sample(sample, export, token=CancelToken())


@pytest.fixture(scope="module", autouse=True)
def short_samples() -> Iterator[None]:
    """Eight frames are enough here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(animation_sample, "MOST_FRAMES", 8)
        yield


@pytest.fixture(scope="module")
def sample(info: ClipInfo) -> Sample:
    return draw(info)


def test_a_sample_lies_around_the_playhead(info: ClipInfo, sample: Sample) -> None:
    assert len(sample.whole) == 100
    assert len(sample.frames) == len(sample.plan) == 8
    assert sample.plan.source_start == 2
    assert any(frame.made for frame in sample.frames)
    last = draw(info, at=99)
    assert last.plan.source_stop == 5
    marked = TimingSettings(start=TimePoint(frame=30), stop=TimePoint(frame=34))
    short = draw(info, at=0, timing=marked)
    assert (len(short.whole), len(short.frames)) == (8, 8)
    assert short.plan.source_start == 3


def test_a_slow_network_gives_a_shorter_sample(info: ClipInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation_sample, "DRAWING_S", 0)
    short = draw(info)
    assert animation_sample.LEAST_FRAMES <= len(short.frames) < 8
    assert len(short.frames) == len(short.plan)
    assert len(write(short, GIF).pictures) == len(short.frames)


def test_cancelling_stops_between_gaps(info: ClipInfo) -> None:
    token = CancelToken()
    token.cancel()
    settings = ConvertSettings(source=info.path, output=Path("unused.gif"), engine=BLEND)
    with pytest.raises(CancelledError):
        draw_sample(
            info, settings, NO_CUTS, at=Fraction(0), token=token, on_progress=lambda done, total: None
        )


def test_the_sample_is_what_the_export_writes(info: ClipInfo, tmp_path: Path) -> None:
    """Of a range as long as the sample, pictures, delays and size are those of the exported file."""
    timing = TimingSettings(start=TimePoint(frame=10), stop=TimePoint(frame=14))
    export = replace(GIF, max_width=64, gif=GifSettings(colors=32, dither="bayer"))
    shown = write(draw(info, at=1.0, timing=timing), export)
    output = tmp_path / "out.gif"
    settings = ConvertSettings(source=info.path, output=output, engine=BLEND, timing=timing, export=export)
    run_job(
        prepare(settings, reporter=SilentReporter(), token=CancelToken()), SilentReporter(), CancelToken()
    )
    assert shown.bytes == output.stat().st_size == shown.projected_bytes
    pictures, delays = animation_sample._read_back(output, CancelToken())
    assert delays == shown.delays_ms == (50,) * 8
    for mine, theirs in zip(shown.pictures, pictures, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_of_a_fast_gif_it_counts_the_frames_that_are_shown(info: ClipInfo) -> None:
    sample = draw(info, timing=TimingSettings(rate=parse_rate("60")))
    assert (len(sample.whole), write(sample, GIF).whole_frames) == (300, 250)


def test_fewer_colours_are_fewer_colours(sample: Sample) -> None:
    shown = write(sample, replace(GIF, gif=GifSettings(colors=8, dither="none")))
    colours = {tuple(pixel) for picture in shown.pictures for pixel in picture.reshape(-1, 4)}
    assert len(colours) <= 8


@pytest.mark.parametrize("container", ["gif", "webp", "apng"])
def test_a_limit_is_met_by_its_share_and_says_the_whole(sample: Sample, container: str) -> None:
    export = ExportSettings(container=container, codec=container)
    free = write(sample, export)
    limit = free.projected_bytes * 2 // 3
    fitted = write(sample, replace(export, gif=GifSettings(max_bytes=limit)))
    assert fitted.projected_bytes <= limit
    assert f"{limit:,} bytes" in fitted.given_up
    assert "instead of" in fitted.given_up or "frame" in fitted.given_up
    roomy = write(sample, replace(export, gif=GifSettings(max_bytes=free.projected_bytes * 2)))
    assert (roomy.given_up, roomy.bytes) == ("", free.bytes)


def test_an_impossible_limit_is_an_error_about_the_whole(sample: Sample) -> None:
    with pytest.raises(OutputError, match=r"fits into 1,000 bytes"):
        write(sample, replace(GIF, gif=GifSettings(max_bytes=1000)))


# The window


@pytest.fixture
def workspace(qapp: object, info: ClipInfo) -> Workspace:
    workspace = Workspace()
    workspace.defaults = replace(workspace.defaults, engine=BLEND, export=GIF)
    clip = workspace.add(info.path)
    workspace.set_probed(clip.number, info)
    return workspace


@pytest.fixture
def model(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[GifPreviewModel]:
    monkeypatch.setattr(model_module, "WRITE_AFTER_MS", 1)
    model = GifPreviewModel(workspace, lambda: Fraction(2))
    model.start()
    yield model
    model.close()


def settled(qtbot: QtBot, model: GifPreviewModel) -> None:
    qtbot.waitUntil(lambda: not model.is_working, timeout=20_000)


def test_drawn_once_and_written_at_every_change(
    qtbot: QtBot, workspace: Workspace, model: GifPreviewModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(qtbot, model)
    first = model.shown
    assert first is not None
    assert "100 frames" in model.size_words
    drawn: list[object] = []
    real = model_module.draw_sample
    monkeypatch.setattr(model_module, "draw_sample", lambda *a, **k: drawn.append(a) or real(*a, **k))
    workspace.edit("Fewer colours", export=replace(GIF, gif=GifSettings(colors=4)))
    assert model.is_working
    settled(qtbot, model)
    assert model.shown is not first
    assert drawn == []
    workspace.edit("Faster", timing=TimingSettings(rate=parse_rate("4x")))
    settled(qtbot, model)
    assert len(drawn) == 1
    assert "200 frames" in model.size_words


def test_the_limit_says_what_it_costs(qtbot: QtBot, workspace: Workspace, model: GifPreviewModel) -> None:
    settled(qtbot, model)
    assert model.limit_words == ""
    assert model.shown is not None
    limit = model.shown.projected_bytes // 2
    workspace.edit("Limit", export=replace(GIF, gif=GifSettings(max_bytes=limit)))
    settled(qtbot, model)
    assert "To stay within" in model.limit_words
    workspace.edit("Limit", export=replace(GIF, gif=GifSettings(max_bytes=10**9)))
    settled(qtbot, model)
    assert "as it is" in model.limit_words
    workspace.edit("Limit", export=replace(GIF, gif=GifSettings(max_bytes=1000)))
    settled(qtbot, model)
    assert "fits into 1,000 bytes" in model.problem


def test_another_format_has_nothing_to_show(
    qtbot: QtBot, workspace: Workspace, model: GifPreviewModel
) -> None:
    settled(qtbot, model)
    workspace.edit("Film", export=ExportSettings())
    settled(qtbot, model)
    assert model.shown is None
    assert "not an animated image" in model.problem


def test_closing_does_not_wait_for_a_slow_gap(
    qtbot: QtBot, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def draw_for_ever(*_args: object, **_named: object) -> Sample:
        entered.set()
        leave.wait(60)
        raise CancelledError

    monkeypatch.setattr(model_module, "draw_sample", draw_for_ever)
    monkeypatch.setattr(model_module, "_GRACE_S", 0.01)
    model = GifPreviewModel(workspace, lambda: Fraction(2))
    model.start()
    assert entered.wait(60)
    model.close()  # returns although the call does not
    assert not model.is_working
    leave.set()


def test_the_stage_plays_for_the_true_delays(qtbot: QtBot) -> None:
    pictures = tuple(np.full((4, 6, 4), value, np.uint8) for value in (0, 100, 200))
    shown = WrittenSample(
        pictures=pictures, delays_ms=(10, 10, 100_000), bytes=1, projected_bytes=1, whole_frames=3,
            planned_size=(6, 4),
        given_up="",
    )  # fmt: skip
    stage = AnimationStage()
    qtbot.addWidget(stage)
    stage.show()
    stage.show_sample(shown)
    qtbot.waitUntil(lambda: stage.number == 2)
    assert stage._timer.interval() == 100_000
    stage.step(1)
    assert (stage.number, stage.is_playing) == (0, False)
    stage.step(-1)
    assert stage.number == 2
    stage.show_sample(None)
    assert stage.number == 0


def test_the_stage_paints_its_pixels_one_to_one(qtbot: QtBot) -> None:
    picture = np.zeros((20, 30, 4), np.uint8)
    picture[...] = (200, 10, 30, 255)
    shown = WrittenSample(
        pictures=(picture,), delays_ms=(40,), bytes=1, projected_bytes=1, whole_frames=1,
        planned_size=(30, 20), given_up="",
    )  # fmt: skip
    stage = AnimationStage()
    qtbot.addWidget(stage)
    stage.resize(240, 160)
    stage.show_sample(shown)
    image = stage.grab().toImage()
    red = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).getRgb()[:3] == (200, 10, 30)
    ]
    assert len(red) == 600


def test_the_window_shows_changes_and_stops_when_closed(
    qtbot: QtBot,
    workspace: Workspace,
    model: GifPreviewModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    presets = PresetsModel(Workspace())
    try:
        dialog = GifPreviewDialog(model, ExportDetails(workspace, presets))
        qtbot.addWidget(dialog)
        dialog.show()
        settled(qtbot, model)
        assert "8 frames" in dialog.state.text()
        assert dialog.form.control("gif.colors") is not None
        assert dialog.form.control("container") is None
        dialog.play.click()
        assert not dialog.stage.is_playing
        dialog.reject()
        assert model.shown is None
        assert not model.is_working
        workspace.edit("Not looked at", timing=TimingSettings(rate=parse_rate("3x")))
        assert not model.is_working
    finally:
        presets.close()
