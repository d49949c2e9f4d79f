"""The sample clip: what it shows, and that the file is what it should be."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flavr_core.errors import OutputError
from flavr_core.sample import CUT_S, DURATION_S, SampleScene, render_sample
from flavr_core.sample.music import SAMPLE_RATE, compose

BUNDLED = Path(__file__).resolve().parents[2] / "resources" / "sample.mp4"


@pytest.fixture(scope="module")
def scene() -> SampleScene:
    return SampleScene(height=90, rate=Fraction(25))


def _difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second).mean())


def test_pictures_are_the_same_each_time(scene: SampleScene) -> None:
    again = SampleScene(height=90, rate=Fraction(25))
    for index in (3, 80):
        np.testing.assert_array_equal(scene.picture(index), again.picture(index))


def test_there_is_one_cut_and_motion_everywhere_else(scene: SampleScene) -> None:
    cut = CUT_S * 25
    assert _difference(scene.picture(cut - 1), scene.picture(cut)) > 40
    for index in (0, 40, cut - 2, cut, 110):
        assert 1 < _difference(scene.picture(index), scene.picture(index + 1)) < 15


def test_a_higher_rate_shows_the_instants_between() -> None:
    slow, fast = (SampleScene(height=90, rate=Fraction(rate)) for rate in (25, 50))
    before, after = slow.picture(20), slow.picture(21)
    between = fast.picture(41)
    same = _difference(before, fast.picture(40))
    assert same < _difference(before, between)
    assert same < _difference(after, between)


def test_the_caption_stands_still(scene: SampleScene) -> None:
    caption = scene._caption[..., 0] > 0.35
    assert caption.sum() > 20
    for index in (0, 60, 120):
        assert scene.picture(index)[caption].min() > 80


def test_sound_lasts_as_long_as_the_pictures_and_does_not_clip() -> None:
    sound = compose(duration_s=DURATION_S, bursts_s=[3.1])
    assert sound.shape == (DURATION_S * SAMPLE_RATE, 2)
    assert 0.1 < np.abs(sound).max() < 0.99


def test_the_file_is_whole_and_tagged(tmp_path: Path) -> None:
    path = tmp_path / "größer als.mp4"
    seen: list[tuple[int, int]] = []
    render_sample(
        path, height=72, rate=Fraction(5), on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (25, 25)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        context = video.codec_context
        assert (context.width, context.height, context.pix_fmt) == (128, 72, "yuv420p")
        tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        assert tags == (1, 1, 1, 1)
        assert audio.codec_context.name == "aac"
        times = [frame.time for frame in container.decode(video)]
    assert times == pytest.approx([index / 5 for index in range(25)])


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        render_sample(tmp_path / "missing" / "sample.mp4", height=72, rate=Fraction(1))


def test_the_bundled_file_is_what_the_readme_promises() -> None:
    assert BUNDLED.stat().st_size < 700_000
    with av.open(str(BUNDLED)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.frames, video.average_rate) == (125, 25)
        assert float(audio.duration * audio.time_base) == pytest.approx(DURATION_S)
        assert container.duration == DURATION_S * 1_000_000
