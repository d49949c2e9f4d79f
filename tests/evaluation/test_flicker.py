"""Flicker: made frames as sharp and bright as filmed ones, or not."""

import json

import numpy as np
import pytest

from flavr_core.cli import main
from flavr_core.evaluation.metrics import brightness, sharpness
from flavr_core.sample.hard_cases import PANS, SLOW_PAN


def test_known_values():
    numbers = np.random.default_rng(0)
    truth = numbers.random((40, 50, 3))
    assert sharpness(truth, truth) == brightness(truth, truth) == 100
    assert sharpness(0.5 + (truth - 0.5) * 0.8, truth) == pytest.approx(80)
    assert brightness(truth * 0.9, truth) == pytest.approx(90)
    flat = np.zeros((8, 8, 3))
    assert sharpness(flat, flat) == brightness(flat, flat) == 100


def test_every_frame_of_the_pan_is_like_its_neighbours():
    first, eighth, quarter, second = (SLOW_PAN.picture(time) / 255 for time in (0, 0.125, 0.25, 1))
    assert np.array_equal(first[:, 8:], SLOW_PAN.picture(2)[:, :-8] / 255)
    for neighbour in (first, second):
        assert sharpness(quarter, neighbour) == pytest.approx(100, abs=0.5)
        assert brightness(quarter, neighbour) == pytest.approx(100, abs=0.5)
        assert sharpness(eighth, neighbour) == pytest.approx(100, abs=3)  # edges are steps, which ring


@pytest.mark.parametrize("number", range(len(PANS) - 1))
def test_pans_lose_nothing_between_pixels(number):
    first, far = (PANS[number].picture(time).astype(int) for time in (0, 10))
    left, down = (33, 17) if number in (3, 4) else ((40, 10, 80)[number], 0)
    height, width = first.shape[:2]
    assert np.abs(far[down:, : width - left] - first[: height - down, left:]).max() <= 1  # rounding
    broken = PANS[number].picture(0.2) / 255
    assert sharpness(broken, first / 255) == pytest.approx(100, abs=2 if number else 3)


def test_noise_is_of_each_frame_alone():
    noisy = PANS[-1]
    assert noisy.name == "noisy pan"
    first, again, far = (noisy.picture(time).astype(int) for time in (0, 0, 10))
    assert np.array_equal(first, again)
    assert np.abs(far[:, :-40] - first[:, 40:]).mean() > 4


def test_each_pan_is_judged_by_itself(capsys):
    assert main(["evaluate", "--pans", "--models", "blend", "--json"]) == 0
    (blend,) = json.loads(capsys.readouterr().out)["networks"]
    notes = [note for note in blend["notes"] if "of the filmed neighbours'" in note]
    assert [note.split(":")[0] for note in notes] == [pan.name for pan in PANS]
    assert len(blend["scores"]) == 35 * len(PANS)


def test_the_command_says_who_flickers(capsys):
    assert main(["evaluate", "--slow-pan", "--models", "blend", "fourflow", "--json"]) == 0
    blend, fourflow = json.loads(capsys.readouterr().out)["networks"]
    assert blend["mean"]["sharpness"] < 90
    assert "NOT within 3 %" in blend["notes"][-1]
    assert 97 < fourflow["mean"]["sharpness"] < 103
    assert fourflow["notes"][-1].endswith("neighbours': within 3 %")
    assert len(blend["scores"]) == 35
    assert main(["evaluate", "--slow-pan", "--metrics", "psnr"]) == 2
