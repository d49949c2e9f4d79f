"""Writing that stands still is told from what moves, and kept."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from flavr_core.model import fourflow, load
from flavr_core.model.overlays import keep_overlays, overlay_share, without_overlays
from flavr_core.sample.hard_cases import HARD_CASES

SIZE = (96, 160)


def moving(step: float) -> torch.Tensor:
    """Four frames of a soft pattern that moves by so many pixels each: (1, 4, 3, H, W)."""
    ys, xs = torch.meshgrid(torch.arange(float(SIZE[0])), torch.arange(float(SIZE[1])), indexing="ij")
    frames = [0.4 + 0.2 * torch.sin((xs - step * t) / 6) * torch.cos(ys / 9) for t in range(4)]
    return torch.stack([frame.expand(3, -1, -1) for frame in frames])[None]


def writing() -> torch.Tensor:
    """Where white writing is: (H, W) of 0 and 1."""
    image = Image.new("L", (SIZE[1], SIZE[0]))
    ImageDraw.Draw(image).text((20, 40), "subtitle", fill=255, font=ImageFont.load_default(20))
    return torch.from_numpy(np.asarray(image) > 128).float()


def test_writing_over_a_pan_is_found_and_kept() -> None:
    ink = writing()
    window = torch.lerp(moving(12), torch.ones(()), ink)
    share = overlay_share(window)[0, 0]
    assert share[ink > 0].mean() > 0.8
    assert share[(torch.nn.functional.max_pool2d(ink[None], 5, 1, 2)[0] == 0)].mean() < 0.01
    made = load("fourflow")(window, [0.5])[0, 0]
    assert (made[:, ink > 0] - 1).abs().mean() < 0.05


def test_nothing_is_kept_where_all_moves_or_all_stands_still() -> None:
    assert overlay_share(moving(12)).max() < 0.01
    still = torch.lerp(moving(0), torch.ones(()), writing())
    assert overlay_share(still).max() == 0  # a small thing that flies by must not be wiped out
    assert overlay_share(torch.rand(2, 4, 3, 16, 300)).shape == (2, 1, 16, 300)


def test_made_pictures_have_no_shadow_of_the_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    ink, ground = writing(), moving(12)
    window = torch.lerp(ground, torch.ones(()), ink)
    beside = torch.nn.functional.max_pool2d(ink[None], 19, 1, 9)[0] - ink > 0
    network = load("fourflow")
    bare = network(ground, [0.5])[0, 0]
    made = network(window, [0.5])[0, 0]
    monkeypatch.setattr(fourflow, "without_overlays", lambda frames, share: frames)
    shadowed = network(window, [0.5])[0, 0]
    missed, missed_before = ((x - bare)[:, beside].square().mean() for x in (made, shadowed))
    assert missed < 0.5 * missed_before


def test_colours_around_take_the_place_of_writing() -> None:
    ink = writing()
    ground = moving(12)
    window = torch.lerp(ground, torch.ones(()), ink)
    share = overlay_share(window)
    bare = without_overlays(window[:, 1:3], share)
    missed, covered = ((x - ground[:, 1:3]).square().sum() for x in (bare, window[:, 1:3]))
    assert missed < 0.2 * covered
    far = torch.nn.functional.max_pool2d(share, 3, 1, 1)[0, 0] == 0
    assert torch.equal(bare[..., far], window[:, 1:3][..., far])
    assert without_overlays(ground, torch.zeros_like(share)) is ground


def test_a_frame_that_is_all_writing_keeps_its_mean() -> None:
    frames = moving(12)[:, 1:3]
    covered = without_overlays(frames, torch.ones(1, 1, *SIZE))
    assert torch.isfinite(covered).all()
    assert covered.mean().item() == pytest.approx(frames.mean().item(), abs=0.02)


def test_kept_pixels_are_those_of_the_time_asked_for() -> None:
    window = torch.zeros(1, 4, 3, 8, 8)
    window[:, 2] = 1.0
    share = torch.zeros(1, 1, 8, 8)
    share[..., :4] = 1.0
    kept = keep_overlays(torch.full((1, 3, 8, 8), 0.9), window, share, 0.25)
    assert torch.allclose(kept[..., :4], torch.tensor(0.25))
    assert torch.allclose(kept[..., 4:], torch.tensor(0.9))


def test_a_speck_of_ground_that_something_passes_over_is_not_writing() -> None:
    [hand] = [case for case in HARD_CASES if case.name == "fast hand"]
    pictures = np.stack([hand.picture(time) for time in (-1, 0, 1, 2)])
    window = torch.from_numpy(pictures).permute(0, 3, 1, 2)[None].float() / 255
    assert overlay_share(window).max() == 0
