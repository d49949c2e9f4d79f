"""The sheet of an evaluation: the worst sample of each clip, as everybody drew it; and the hard cases."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from flavr_core.cli import main
from flavr_core.errors import OutputError, SettingsError
from flavr_core.evaluation.contest import evaluate
from flavr_core.evaluation.samples import Sample, Truth
from flavr_core.evaluation.sheet import GAP_PX, TILE_PX, TITLE_PX, Sheet
from flavr_core.model import load
from flavr_core.sample.hard_cases import HARD_CASES, HEIGHT, WIDTH


def _flat(value: int, size: tuple[int, int] = (40, 60)) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


def _sample(group: str, truth: np.ndarray) -> Sample:
    """Blending answers 150."""
    size = truth.shape[:2]
    return Sample(
        group=group,
        name="0",
        inputs=(_flat(0, size), _flat(100, size), _flat(200, size), _flat(255, size)),
        truths=(Truth(position=Fraction(1, 2), picture=truth),),
    )


def test_a_row_shows_the_worst_sample_of_its_clip(tmp_path):
    sheet = Sheet(judged="blend")
    samples = [_sample("one", _flat(150)), _sample("one", _flat(90)), _sample("two", _flat(140))]
    evaluate([load("motion"), load("blend")], samples, on_drawing=sheet.add)
    sheet.save(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as saved:
        picture = np.asarray(saved)
    assert picture.shape == (2 * (40 + TITLE_PX), 5 * (60 + GAP_PX), 3)  # before, after, two networks, truth
    middle = picture[TITLE_PX + 20]
    assert [int(middle[place * (60 + GAP_PX) + 30, 0]) for place in (0, 1, 3, 4)] == [100, 200, 150, 90]
    with pytest.raises(OutputError, match="there already"):
        sheet.save(tmp_path / "sheet.png")


def test_of_large_pictures_the_part_with_the_largest_error_is_shown():
    truth = _flat(150, (600, 900))
    truth[500:540, 800:860] = 0
    sheet = Sheet(judged="blend")
    evaluate([load("blend")], [_sample("large", truth)], metrics=["psnr"], on_drawing=sheet.add)
    picture = sheet.picture()
    assert picture.shape == (TILE_PX[1] + TITLE_PX, 4 * (TILE_PX[0] + GAP_PX), 3)
    shown = picture[TITLE_PX:, 3 * (TILE_PX[0] + GAP_PX) :]
    assert (shown[..., 0] == 0).sum() == 40 * 60


def test_nothing_to_show_is_said():
    with pytest.raises(SettingsError, match="nothing to show"):
        Sheet(judged="blend").picture()


def test_the_command_draws_the_hard_cases(tmp_path, capsys):
    path = tmp_path / "hard.png"
    command = ["evaluate", "--hard-cases", "--models", "blend", "--metrics", "psnr", "--sheet", str(path)]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert all(case.name in told for case in HARD_CASES)
    with Image.open(path) as sheet:
        assert sheet.height == len(HARD_CASES) * (HEIGHT + TITLE_PX)
    assert main(command) == 6
    assert main([*command[:-1], str(tmp_path / "sheet.doc")]) == 6
    assert main(["evaluate", "--hard-cases", "--limit", "3"]) == 2
    assert "--hard-cases" in capsys.readouterr().err


def test_hard_cases_are_what_they_are_called():
    cases = {case.name: case for case in HARD_CASES}
    for case in HARD_CASES:
        first = case.picture(0)
        assert first.shape == (HEIGHT, WIDTH, 3)
        assert np.array_equal(first, case.picture(0))
        if case.name != "cut in the gap":
            assert not np.array_equal(first, case.picture(0.5))
    cut = cases["cut in the gap"]
    assert np.array_equal(cut.picture(0), cut.picture(0.5))
    assert np.abs(cut.picture(0.5).astype(int) - cut.picture(1)).mean() > 20
    assert cases["fade, pan"].picture(1).mean() < 0.6 * cases["fade, pan"].picture(0).mean()
