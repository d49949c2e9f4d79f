"""Made frames of a slow pan are as sharp as the filmed ones; noise and what stands still are left alone."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from flavr_core.engine.tiling import draw_in_tiles
from flavr_core.evaluation.flicker import LIMIT_PERCENT
from flavr_core.model import load
from flavr_core.model.sharpness import sharpened, steepness
from flavr_core.sample.hard_cases import PANS, HardCase

SIZE = (96, 128)
EIGHTHS = [place / 8 for place in range(1, 8)]


def pan(speed_px: int, *, size: tuple[int, int] = SIZE) -> Tensor:
    """Four frames of soft hills with fine grain that moves along: (1, 4, 3, H, W) of eight bits."""
    numbers = np.random.default_rng(7)
    height, width = size[0], size[1] + 4 * speed_px
    hills = cv2.GaussianBlur(numbers.random((height, width, 3), np.float32), (0, 0), 6)
    ground = 0.5 + 4 * (hills - hills.mean()) + 0.02 * numbers.standard_normal((height, width, 1), np.float32)
    eight = np.rint(np.clip(ground, 0, 1) * 255).astype(np.float32) / 255
    frames = [torch.from_numpy(eight[:, speed_px * i : speed_px * i + size[1]]) for i in range(4)]
    return torch.stack(frames)[None].permute(0, 1, 4, 2, 3).contiguous()


def steep(picture: Tensor) -> float:
    """As `metrics.sharpness` measures it, away from the border, where what comes in was not filmed before."""
    grey = picture[..., 8:-8, 16:-16].mean(dim=-3)
    return float(grey.diff(dim=-1).abs().mean() + grey.diff(dim=-2).abs().mean())


@pytest.mark.parametrize("name", ["fourflow", "fourflow+motion"])
def test_a_slow_pan_does_not_flicker(name: str) -> None:
    window = pan(4)
    filmed = (steep(window[0, 1]) + steep(window[0, 2])) / 2
    drawn = load(name)(window, EIGHTHS)[0]
    sharpness = [100 * steep(picture) / filmed for picture in drawn]
    assert max(abs(value - 100) for value in sharpness) <= LIMIT_PERCENT, sharpness
    brightness = [float(picture.mean() / window[0, 1:3].mean()) for picture in drawn]
    assert max(abs(value - 1) for value in brightness) <= LIMIT_PERCENT / 100


@pytest.mark.parametrize("case", [PANS[1], PANS[2], PANS[4]], ids=lambda case: case.name)
def test_pans_of_any_speed_and_of_soft_grain_anywhere_do_not_flicker(case: HardCase) -> None:
    frames = [torch.from_numpy(case.picture(time)).permute(2, 0, 1) / 255 for time in (-1, 0, 1, 2)]
    filmed = (steep(frames[1]) + steep(frames[2])) / 2
    drawn = load("fourflow")(torch.stack(frames)[None], [0.125, 0.5])[0]
    assert max(abs(steep(picture) / filmed - 1) for picture in drawn) <= LIMIT_PERCENT / 100


def soften(pictures: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)


def restore(made: Tensor, frames: Tensor, parting: Tensor) -> Tensor:
    filmed = steepness(frames).repeat(2, 1, 1, 1)
    half = [side // 2 for side in made.shape[-2:]]
    return sharpened(made, parting, filmed, torch.zeros(1, 4, *half), torch.full((1, 1, 1, 1), 0.5))


def test_what_is_sharp_enough_is_left_as_it_is() -> None:
    frame = pan(0)[:, 0]
    assert torch.equal(restore(frame, frame, torch.zeros_like(frame[:, :1])), frame)
    sharper = frame + 0.3 * (frame - soften(frame))
    assert torch.equal(restore(sharper, frame, torch.zeros_like(frame[:, :1])), sharper)


def test_detail_comes_back_where_both_frames_show_it_alone() -> None:
    frame = pan(0)[:, 0]
    soft = torch.lerp(frame, soften(frame), 0.1)
    same = torch.zeros_like(frame[:, :1])
    back = restore(soft, frame, same)
    assert steep(soft) < 0.93 * steep(frame)
    assert 0.98 * steep(frame) < steep(back) < steep(frame)
    assert (back - frame).square().mean() < (soft - frame).square().mean()
    noise = 0.05 * torch.randn(same.shape, generator=torch.Generator().manual_seed(1))
    assert torch.equal(restore(soft, frame, noise), soft)


def test_what_stands_still_is_not_made_sharper() -> None:
    window = pan(0)
    drawn = load("fourflow")(window, [0.25, 0.5])[0]
    assert (drawn - window[0, 1]).abs().max() < 2 / 255
    assert max(steep(picture) for picture in drawn) < 1.005 * steep(window[0, 1])


def test_tiles_are_what_the_whole_is() -> None:
    window, network = pan(4, size=(64, 640)), load("fourflow")
    whole, pieces = network(window, [0.375]), draw_in_tiles(network, window, [0.375], tile=192)
    assert -10 * torch.log10((whole - pieces).square().mean()) > 75
