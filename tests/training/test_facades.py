"""Fronts of fine lines with light mirrored in them: they repeat, and the flow that is told is theirs."""

import pytest
import torch

from flavr_core.training import synthetic
from flavr_core.training.facades import MOST_MIRRORED, PERIOD_PX, draw_facades, draw_reflections
from flavr_core.training.synthetic import SceneSettings, draw_scenes, exact_flow, render


def numbers(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_fronts_are_pictures_whose_lines_repeat() -> None:
    fronts = draw_facades(24, 96, 160, numbers())
    assert fronts.shape == (24, 3, 96, 160)
    assert fronts.min() >= 0
    assert fronts.max() <= 1
    rows = fronts.mean(dim=1)[:, 48] - fronts.mean(dim=(1, 2, 3))[:, None]
    spectrum = torch.fft.rfft(rows * torch.hann_window(160)).abs()
    spectrum[:, :3] = 0
    upright = spectrum.amax(1) > 6 * spectrum.median(dim=1).values
    assert upright.float().mean() > 0.6
    periods = 160 / spectrum.argmax(1)[upright]
    shortest, longest = PERIOD_PX
    assert periods.min() >= shortest / 3.5  # an overtone may be the strongest
    assert periods.max() <= longest * 1.6  # lines that lean are farther apart along a row
    assert len(periods.round().unique()) > 5


def test_mirrored_light_is_soft_and_covers_less_than_half() -> None:
    light = draw_reflections(8, 96, 160, numbers())
    color, alpha = light[:, :3], light[:, 3:]
    assert alpha.min() >= 0
    assert alpha.max() <= MOST_MIRRORED
    assert (color <= alpha + 1e-6).all()
    assert alpha.diff(dim=-1).abs().max() < 0.05
    assert alpha.flatten(1).std(dim=1).max() > 0.05


def test_the_flow_of_a_front_is_not_that_of_the_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "FACADE_SHARE", 1.0)
    scene = draw_scenes(2, SceneSettings(height=64, width=96, layers=1), 7, torch.device("cpu"))
    for part in (scene.turn, scene.zoom, scene.wobble, scene.path, scene.light, scene.bars):
        part.zero_()
    scene.path[:, 0, 0, 0] = 3.0
    scene.path[:, 1, 0, 0] = 11.0
    flow = exact_flow(scene, torch.tensor([0.5, 0.5]))
    assert torch.allclose(flow[:, 0], torch.full((2, 64, 96), -1.5), atol=1e-3)
    assert torch.allclose(flow[:, 2], torch.full((2, 64, 96), 1.5), atol=1e-3)
    frames = render(scene, torch.tensor([[0.0, 1.0]] * 2)).frames
    assert (frames[:, 0, :, :, 8:-8] - frames[:, 1, :, :, 11:-5]).abs().mean() > 1e-3  # the light goes on


def test_some_scenes_have_fronts(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, device = SceneSettings(height=32, width=32), torch.device("cpu")
    usual, share = draw_scenes(64, settings, 1, device), synthetic.FACADE_SHARE
    monkeypatch.setattr(synthetic, "FACADE_SHARE", 0.0)
    without = draw_scenes(64, settings, 1, device)
    has_front = (usual.pictures != without.pictures).flatten(1).any(1)
    assert has_front.float().mean() == pytest.approx(share, abs=0.12)
    assert torch.equal(usual.path[~has_front], without.path[~has_front])
    assert torch.equal(usual.path[:, 0], without.path[:, 0])
    monkeypatch.setattr(synthetic, "FACADE_SHARE", 1.0)
    light, other = (
        scene.path[:, 1, 0].norm(dim=1) for scene in (draw_scenes(64, settings, 1, device), without)
    )
    assert light.quantile(0.3) > 2 * other.quantile(0.3)  # little of it is slow
