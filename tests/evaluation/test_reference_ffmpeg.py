"""minterpolate and VMAF of the bundled ffmpeg, and LPIPS where its packages are made up or missing."""

import sys
import types
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from flavr_core.errors import MediaError, SettingsError
from flavr_core.evaluation import perceptual, reference_ffmpeg
from flavr_core.evaluation.contest import evaluate
from flavr_core.evaluation.contestants import Minterpolate
from flavr_core.evaluation.report import as_csv, as_markdown, as_text
from flavr_core.evaluation.samples import Sample, Truth
from flavr_core.evaluation.strips import WorstCases
from flavr_core.model import load

SPEED_PX = 4


def _at(time: float) -> np.ndarray:
    """A texture that moves to the left by SPEED_PX a second."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 80, 3)).astype(np.uint8)
    texture = cv2.resize(noise, (400, 200), interpolation=cv2.INTER_CUBIC)
    shift = np.float32([[1, 0, -100 - SPEED_PX * time], [0, 1, -40]])
    return cv2.warpAffine(texture, shift, (96, 72), flags=cv2.INTER_LINEAR)


def _error(made: np.ndarray, time: float) -> float:
    inner = (slice(8, -8), slice(8, -8))
    return float(np.abs(made[inner].astype(np.float64) - _at(time)[inner]).mean())


@pytest.mark.parametrize("pairs", [False, True])
def test_minterpolate_draws_the_middle_gap_at_the_times_asked_for(pairs):
    """The picture drawn for a position is nearer to the truth of that time than to any a quarter away."""
    times = (1, 1, 2, 2) if pairs else (0, 1, 2, 3)
    positions = [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]
    made, seconds = Minterpolate().draw([_at(time) for time in times], positions)
    assert made.dtype == np.float32
    assert seconds > 0
    for position, picture in zip(positions, made, strict=True):
        errors = {quarter: _error(picture * 255, 1 + quarter / 4) for quarter in range(-4, 9)}
        assert min(errors, key=errors.get) == position * 4
    half = (_at(1).astype(np.float64) + _at(2)) / 2
    assert _error(made[1] * 255, 1.5) < _error(half, 1.5) / 2


def test_minterpolate_stands_beside_networks():
    sample = Sample(
        group="slide",
        name="0",
        inputs=tuple(_at(time) for time in range(4)),
        truths=(Truth(position=Fraction(1, 2), picture=_at(1.5)),),
    )
    blend, ffmpeg = evaluate([load("blend"), Minterpolate()], [sample], metrics=["psnr"])
    assert ffmpeg.network == "minterpolate"
    assert ffmpeg.parameters == 0
    assert ffmpeg.mean("psnr") > blend.mean("psnr") + 3
    assert "minterpolate: ffmpeg's minterpolate=mi_mode=mci" in as_text([blend, ffmpeg])


def test_minterpolate_that_is_late_is_noticed(monkeypatch):
    monkeypatch.setattr(reference_ffmpeg, "_TO_YUV", f"setpts=PTS+1/TB,{reference_ffmpeg._TO_YUV},tpad=1")
    with pytest.raises(reference_ffmpeg.FfmpegError, match="at other times"):
        reference_ffmpeg.minterpolate([_at(time) for time in range(4)], [Fraction(1, 2)])


def test_pictures_too_small_for_minterpolate_are_said():
    with pytest.raises(MediaError, match="24x16"):
        Minterpolate().draw([np.zeros((16, 24, 3), np.uint8)] * 4, [Fraction(1, 2)])


def test_vmaf_falls_with_the_picture():
    truth = _at(0)
    same = reference_ffmpeg.vmaf(truth, truth)
    soft = reference_ffmpeg.vmaf(cv2.GaussianBlur(truth, (5, 5), 0.8), truth)
    softer = reference_ffmpeg.vmaf(cv2.GaussianBlur(truth, (9, 9), 2), truth)
    # 97.428 is vmaf_v0.6.1's value for identical pictures without motion.
    assert same == pytest.approx(97.428, abs=0.01)
    assert same > soft + 5 > softer + 10
    odd = truth[:65, :91]
    assert reference_ffmpeg.vmaf(odd, odd) == pytest.approx(97.428, abs=0.01)


def _samples():
    flat = np.full((40, 48, 3), 51, np.uint8)
    truth = Truth(position=Fraction(1, 2), picture=np.full((40, 48, 3), 102, np.uint8))
    return [Sample(group="one", name="0", inputs=(flat,) * 4, truths=(truth,))]


@pytest.mark.parametrize("package", ["lpips", "torchvision"])
def test_lpips_that_cannot_be_had_is_said_in_words(monkeypatch, package):
    monkeypatch.setattr(
        perceptual.importlib.util, "find_spec", lambda name: None if name == package else object()
    )
    worst = WorstCases(keep=1, metrics=["lpips", "psnr"])
    reports = evaluate([load("blend")], _samples(), metrics=["lpips", "psnr"], on_drawing=worst.add)
    words = f"lpips: not measured, the package {package} is not installed"
    assert words in as_text(reports)
    assert words in as_markdown(reports)
    assert as_csv(reports).splitlines()[0].endswith("network,psnr")
    [alone] = evaluate([load("blend")], _samples(), metrics=["lpips"])
    assert words in as_text([alone])


def test_vmaf_that_cannot_be_had_is_said_in_words(monkeypatch):
    monkeypatch.setattr(reference_ffmpeg, "lack_of_vmaf", lambda: "this ffmpeg was built without libvmaf")
    [report] = evaluate([load("blend")], _samples(), metrics=["vmaf", "psnr"])
    assert report.missing == {"vmaf": "this ffmpeg was built without libvmaf"}
    assert set(report.scores[0].values) == {"psnr"}
    with pytest.raises(SettingsError, match="lpips"):
        evaluate([load("blend")], _samples(), metrics=["beauty"])


def _pretend_lpips(monkeypatch, make):
    module = types.ModuleType("lpips")
    module.LPIPS = make
    monkeypatch.setitem(sys.modules, "lpips", module)
    monkeypatch.setattr(perceptual.importlib.util, "find_spec", lambda name: object())


def test_lpips_is_fed_in_its_own_range_and_order(monkeypatch):
    class Pretended(torch.nn.Module):
        def __init__(self, *, net, verbose):
            super().__init__()
            assert (net, verbose) == ("alex", False)

        def forward(self, made, truth):
            assert made.shape == truth.shape == (1, 3, 40, 48)
            return (truth - made).mean().reshape(1, 1, 1, 1)

    _pretend_lpips(monkeypatch, Pretended)
    [report] = evaluate([load("blend")], _samples(), metrics=["lpips"])
    # From 0.2 to 0.4 of [0, 1] is 0.4 of [-1, 1].
    assert report.mean("lpips") == pytest.approx(0.4, abs=1e-6)


def test_lpips_without_its_backbone_is_said(monkeypatch):
    def fail(**_):
        raise OSError("no route to host")

    _pretend_lpips(monkeypatch, fail)
    [report] = evaluate([load("blend")], _samples(), metrics=["psnr", "lpips"])
    assert "cannot be set up: no route to host" in report.missing["lpips"]


def test_the_worst_by_a_distance_is_the_largest(tmp_path, monkeypatch):
    _pretend_lpips(monkeypatch, lambda **_: torch.nn.PairwiseDistance())
    near, far = _samples()[0], _samples()[0]
    far = Sample(group="one", name="far", inputs=(np.zeros((40, 48, 3), np.uint8),) * 4, truths=far.truths)
    worst = WorstCases(keep=1, metrics=["lpips"])
    evaluate([load("blend")], [near, far], metrics=["lpips"], on_drawing=worst.add)
    [path] = worst.save(tmp_path)
    assert path.name.startswith("one-far-blend-")
