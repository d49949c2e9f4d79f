"""Rendered scenes: repeatable, exact in flow, quiet where nothing moves."""

from dataclasses import fields, replace

import pytest
import torch

from flavr_core.model.fourflow import warp
from flavr_core.training.synthetic import Scenes, SceneSettings, draw_scenes, exact_flow, render

CPU = torch.device("cpu")
TIMES = torch.tensor([[-1.0, 0.0, 1.0, 2.0, 0.375]])


def scenes(count: int = 4, *, seed: int = 5, layers: int = 3, speed: float = 12.0) -> Scenes:
    settings = SceneSettings(height=96, width=128, layers=layers, max_speed_px=speed)
    return draw_scenes(count, settings, seed, CPU)


def test_a_seed_gives_the_same_scene() -> None:
    first, again, other = scenes(seed=5), scenes(seed=5), scenes(seed=6)
    for entry in fields(Scenes):
        assert torch.equal(getattr(first, entry.name), getattr(again, entry.name))
    assert not torch.equal(first.pictures, other.pictures)


def test_frames_are_pictures() -> None:
    rendered = render(scenes(), TIMES.expand(4, 5))
    assert rendered.frames.shape == (4, 5, 3, 96, 128)
    assert rendered.flow.shape == (4, 4, 96, 128)
    assert rendered.frames.min() >= 0
    assert rendered.frames.max() <= 1
    assert rendered.frames.std() > 0.05


def test_nothing_changes_where_nothing_moves() -> None:
    still = scenes(speed=0.0)
    still.light.zero_()
    rendered = render(still, TIMES.expand(4, 5))
    assert torch.allclose(rendered.frames, rendered.frames[:, :1].expand(-1, 5, -1, -1, -1), atol=1e-5)
    assert rendered.flow.abs().max() < 1e-3


def test_flow_of_a_shifted_background_is_the_shift() -> None:
    scene = scenes(1, layers=1)
    for part in (scene.turn, scene.zoom, scene.wobble, scene.path, scene.light, scene.bars):
        part.zero_()
    scene.pictures[:, 1:] = 0
    scene.path[:, 0, 0] = torch.tensor([6.0, -4.0])
    scene.path[:, 0, 1] = torch.tensor([2.0, 0.0])
    t = 0.25
    flow = exact_flow(scene, torch.tensor([t]))
    x_at = [6 * time + time * time for time in (0.0, 1.0, t)]
    expected = torch.tensor([x_at[0] - x_at[2], 4 * t, x_at[1] - x_at[2], -4 * (1 - t)])
    assert torch.allclose(flow, expected[None, :, None, None].expand_as(flow), atol=1e-3)


@pytest.mark.parametrize("side", [0, 1])
def test_flow_fetches_the_frame_it_points_to(side: int) -> None:
    scene = scenes(4, layers=0, speed=8.0)
    for part in (scene.light, scene.bars):
        part.zero_()
    scene.pictures[:] = torch.nn.functional.avg_pool2d(scene.pictures.flatten(0, 1), 9, 1, 4)[:, None]
    scene.path[:, 0, 0] = torch.tensor([9.0, -5.0])
    scene.turn[:, 0, 0], scene.zoom[:, 0, 0] = 0.08, 0.06
    scene.wobble[:] = 2 * torch.sin(torch.arange(128) / 20)
    rendered = render(scene, TIMES.expand(4, 5))
    flow = rendered.flow[:, 2 * side : 2 * side + 2]
    fetched = warp(rendered.frames[:, 1 + side], flow)
    inner = (..., slice(24, -24), slice(24, -24))
    moved = (rendered.frames[:, 1 + side] - rendered.frames[:, 4]).abs()[inner].mean()
    missed = (fetched - rendered.frames[:, 4]).abs()[inner].mean()
    assert missed < 0.15 * moved


def test_motion_blur_keeps_brightness() -> None:
    scene = scenes(4, speed=20.0)
    scene.shutter.fill_(0.5)
    sharp = render(scene, TIMES.expand(4, 5)).frames
    blurred = render(scene, TIMES.expand(4, 5), shutter_samples=4).frames
    assert (sharp - blurred).abs().mean() > 1e-3
    assert torch.allclose(sharp.mean(dim=(2, 3, 4)), blurred.mean(dim=(2, 3, 4)), atol=0.01)


def test_grain_is_as_strong_in_every_frame() -> None:
    settings = SceneSettings(height=96, width=128, layers=0, max_speed_px=12.0, has_grain=True)
    textures = torch.full((4, 3, 96, 128), 0.5)
    scene = draw_scenes(4, settings, 5, CPU, textures)
    smooth = draw_scenes(4, replace(settings, has_grain=False), 5, CPU, textures)
    for part in (scene.light, scene.bars, smooth.light, smooth.bars):
        part.zero_()
    plain = render(smooth, TIMES.expand(4, 5))
    assert plain.frames[0, 1].std() < 0.1 * render(scene, TIMES.expand(4, 5)).frames[0, 1].std()
    steepness = [
        (frames[..., 1:] - frames[..., :-1]).abs().mean(dim=(0, 2, 3, 4))
        for frames in (
            render(scene, TIMES.expand(4, 5), is_sharp=is_sharp).frames for is_sharp in (True, False)
        )
    ]
    cubic, linear = ((values / values.max()).min().item() for values in steepness)
    assert cubic > 0.9
    assert cubic > linear
