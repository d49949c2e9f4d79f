"""Cuts and duplicates of clips in the background, and scores of the hold-out check."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from app.jobs.analysis import ClipAnalysis, HoldoutCheck, analyse
from app.jobs.holdout import HoldoutWish, check_gaps
from flavr_core.clip import ClipInfo
from flavr_core.errors import CancelledError
from flavr_core.media import probe
from flavr_core.progress import CancelToken
from flavr_core.settings import EngineSettings
from tests import clip_factory

BLEND = EngineSettings(model="blend", device="cpu")


@pytest.fixture(scope="module")
def two_scenes(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    """24 images: a cut before number 12, and number 6 repeats number 5."""
    folder = tmp_path_factory.mktemp("two scenes")
    random = np.random.default_rng(1)
    scenes = [random.integers(0, 255, (10, 14, 3)), random.integers(0, 255, (7, 5, 3))]
    for number in range(24):
        moment = 5 if number == 6 else number
        large = Image.fromarray(scenes[number >= 12].astype(np.uint8)).resize(
            (280, 160), Image.Resampling.BICUBIC
        )
        large.crop((2 * moment, moment, 2 * moment + 192, moment + 108)).save(folder / f"{number:03d}.png")
    return probe(folder)


@pytest.fixture
def analysis(qtbot: QtBot) -> Iterator[ClipAnalysis]:
    made = ClipAnalysis()
    yield made
    made.close()
    del made
    gc.collect()


def test_cuts_and_duplicates_are_found_in_one_pass(two_scenes: ClipInfo) -> None:
    parts: list[float] = []
    found = analyse(two_scenes, 0.5, CancelToken(), parts.append)
    assert found.cuts == (12,)
    assert found.duplicates == (6,)
    assert parts == sorted(parts)
    assert parts[-1] == 1


def test_findings_are_kept_for_each_clip_and_sensitivity(
    two_scenes: ClipInfo, analysis: ClipAnalysis, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(analysis.finished, timeout=60_000):
        analysis.start(two_scenes, sensitivity=0.5)
        assert analysis.is_running_for(two_scenes)
    assert not analysis.is_running_for(two_scenes)
    found = analysis.find(two_scenes, sensitivity=0.5)
    assert found is not None
    assert found.cuts == (12,)
    assert analysis.find(two_scenes, sensitivity=0.4) is None


def test_the_newest_wish_wins(
    two_scenes: ClipInfo, analysis: ClipAnalysis, tmp_path: Path, qtbot: QtBot
) -> None:
    other = probe(clip_factory.make("constant", tmp_path))
    with qtbot.waitSignal(analysis.finished, timeout=60_000):
        analysis.start(two_scenes, sensitivity=0.5)
        analysis.start(other, sensitivity=0.5)
    assert analysis.find(other, sensitivity=0.5) is not None
    assert analysis.find(two_scenes, sensitivity=0.5) is None


def test_a_clip_that_is_gone_is_said_so(analysis: ClipAnalysis, tmp_path: Path, qtbot: QtBot) -> None:
    info = probe(clip_factory.make("constant", tmp_path))
    info.path.unlink()
    with qtbot.waitSignal(analysis.failed, timeout=60_000) as caught:
        analysis.start(info, sensitivity=0.5)
    assert "There is no file" in caught.args[0]


def test_cancelling_stops_in_the_middle(two_scenes: ClipInfo) -> None:
    token, parts = CancelToken(), []

    def report(part: float) -> None:
        parts.append(part)
        if part > 0.3:
            token.cancel()

    with pytest.raises(CancelledError):
        analyse(two_scenes, 0.5, token, report)
    assert parts[-1] < 0.5


def test_gaps_are_scored_but_for_those_across_a_cut(two_scenes: ClipInfo) -> None:
    wish = HoldoutWish(info=two_scenes, engine=BLEND, cuts=frozenset({12}))
    reports: list[float] = []
    scores = check_gaps(wish, CancelToken(), lambda told: reports.append(told[0]))
    assert [score.frame for score in scores] == [n for n in range(1, 23) if n not in (11, 12)]
    assert reports[-1] == 1
    for score in scores:
        assert score.start <= score.time <= score.stop
    by_frame = {score.frame: score.psnr_db for score in scores}
    # Frame 6 repeats 5, so that the mean of 5 and 7 misses it by more than others are missed.
    assert by_frame[6] < min(by_frame[n] for n in (2, 3, 8, 9))


def test_a_range_is_checked_alone(two_scenes: ClipInfo) -> None:
    wish = HoldoutWish(info=two_scenes, engine=BLEND, start=14, stop=18)
    scores = check_gaps(wish, CancelToken(), lambda _: None)
    assert [score.frame for score in scores] == [14, 15, 16, 17]


def test_long_clips_are_checked_at_some_places_that_stand_for_all(tmp_path: Path) -> None:
    info = probe(clip_factory.make_clip(tmp_path / "long.mkv", frames=400, size=(32, 24), codec="ffv1"))
    scores = check_gaps(HoldoutWish(info=info, engine=BLEND), CancelToken(), lambda _: None)
    assert 150 <= len(scores) <= 240
    assert all(after.start == before.stop for before, after in pairwise(scores))


@pytest.mark.parametrize("name", ["ten_bit", "alpha", "odd_size", "gray", "variable"])
def test_every_kind_of_pixels_is_checked(name: str, tmp_path: Path) -> None:
    info = probe(clip_factory.make(name, tmp_path))
    scores = check_gaps(HoldoutWish(info=info, engine=BLEND, stop=6), CancelToken(), lambda _: None)
    assert len(scores) == 5
    assert all(5 < score.psnr_db <= 80 for score in scores)


def test_scores_can_be_had_while_more_are_found(two_scenes: ClipInfo, qtbot: QtBot) -> None:
    check = HoldoutCheck()
    with qtbot.waitSignal(check.finished, timeout=60_000):
        check.start(HoldoutWish(info=two_scenes, engine=BLEND))
    assert len(check.scores(two_scenes, "blend")) == 22
    assert check.scores(two_scenes, "motion") == ()
    assert check.part_done == 1
    check.close()
    del check
    gc.collect()
