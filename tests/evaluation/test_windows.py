"""Windows of clips as pictures, as training reads them; and two frames instead of four."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from flavr_core.cli import main
from flavr_core.errors import OutputError
from flavr_core.evaluation.samples import Sample, Truth, with_two_frames
from flavr_core.evaluation.windows import EACH, liveliest, save_windows, spread
from flavr_core.training.validation import read_validation


def samples(count: int, *, group: str = "a clip.mp4", height: int = 64, width: int = 96) -> Iterator[Sample]:
    for number in range(count):
        five = [np.full((height, width, 3), 10 * number % 250 + frame, np.uint8) for frame in range(5)]
        yield Sample(
            group=group, name=f"{number:05d}", inputs=(five[0], five[1], five[2], five[3]),
            truths=(Truth(position=Fraction(1, 2), picture=five[4]),),
        )  # fmt: skip


@pytest.mark.parametrize(("count", "wanted"), [(1, 1), (3, 3), (4, 4), (9, 4), (100, 4)])
def test_some_of_each_clip_evenly_apart(count: int, wanted: int) -> None:
    kept = [int(sample.name) for sample in spread(samples(count), 4)]
    assert len(kept) == wanted
    assert len({after - before for before, after in pairwise(kept)}) <= 1
    assert kept[-1] >= count // 2


def test_they_are_what_training_measures_itself_with(tmp_path: Path) -> None:
    both = (*samples(9), *samples(2, group="a clip.mkv"))
    assert save_windows(both, tmp_path / "windows") == EACH + 2
    read = read_validation(tmp_path / "windows", torch.device("cpu")).windows
    assert {name: len(windows) for name, windows in read.items()} == {"a clip-mp4": EACH, "a clip-mkv": 2}
    assert [int(picture.float().mean().round()) for picture in read["a clip-mkv"][1]] == [10, 11, 12, 13, 14]
    with pytest.raises(OutputError, match="not empty"):
        save_windows(both, tmp_path / "windows")
    assert save_windows(map(with_two_frames, samples(2)), tmp_path / "two") == 2
    assert list(read_validation(tmp_path / "two", torch.device("cpu")).windows) == ["two-a clip-mp4"]


def test_large_pictures_give_the_part_that_moves_most() -> None:
    before = np.zeros((400, 1000, 3), np.uint8)
    after = before.copy()
    after[300:390, 700:990] = 200
    rows, columns = liveliest(before, after)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (320, 512)
    assert rows.stop >= 384
    assert columns.start <= 700
    assert columns.stop >= 990 - 32


def test_two_frames_are_the_middle_ones() -> None:
    [sample] = samples(1)
    assert [int(picture[0, 0, 0]) for picture in with_two_frames(sample).inputs] == [1, 1, 2, 2]


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stills = tmp_path / "stills"
    stills.mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (32, 48, 3), np.uint8)
    for frame in range(8):
        cv2.imwrite(str(stills / f"{frame}.png"), np.roll(noise, frame, axis=1))
    assert main(["evaluate", "--holdout", str(stills), "--save-windows", str(tmp_path / "windows")]) == 0
    assert "1 windows" in capsys.readouterr().out
    assert len(list((tmp_path / "windows").iterdir())) == 5
    common = ["--holdout", str(stills), "--models", "motion", "--metrics", "psnr", "--json"]
    scores = []
    for words in ([], ["--two-frames"]):
        assert main(["evaluate", *common, *words]) == 0
        scores.append(json.loads(capsys.readouterr().out))
    assert "of the inputs the middle two" in json.dumps(scores[1])
    assert main(["evaluate", "--slow-pan", "--save-windows", str(tmp_path / "more")]) != 0
    assert "--save-windows takes clips" in capsys.readouterr().err
