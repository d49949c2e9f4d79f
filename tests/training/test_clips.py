"""Samples from clips: the frames and the position belong together."""

import json
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from flavr_core.errors import MediaError, SettingsError
from flavr_core.training.batches import BatchSettings, _disturb_outer, draw_batch
from flavr_core.training.clips import BankClip, ClipBank, fitting_strides

FRAMES = 40


@pytest.fixture
def counting_bank(tmp_path: Path) -> ClipBank:
    """A clip whose frame n is 5 n everywhere in red, and whose green and blue are column and row."""
    height, width = 96, 128
    frames = np.zeros((FRAMES, height, width, 3), np.uint8)
    frames[..., 0] = 5 * np.arange(FRAMES)[:, None, None]
    frames[..., 1] = np.arange(width)
    frames[..., 2] = np.arange(height)[:, None]
    frames.tofile(tmp_path / "0.raw")
    clip = BankClip(name="count", offset=0, frames=FRAMES, height=height, width=width, motion_px=2.0)
    (tmp_path / "bank.json").write_text(json.dumps([asdict(clip)]))
    return ClipBank(tmp_path, torch.device("cpu"))


def test_truth_lies_at_its_position_between_the_middle_two(counting_bank: ClipBank) -> None:
    samples = counting_bank.sample(64, 64, 96, np.random.default_rng(3), max_motion_px=16)
    frames, positions = samples.frames, samples.positions[:, 0]
    assert samples.known.all()
    number = frames[:, :, 0].mean(dim=(2, 3)) * 255 / 5
    steps = number[:, 1:4] - number[:, :3]
    assert torch.allclose(steps, steps[:, :1].expand(-1, 3), atol=1e-3)
    assert set(steps[:, 0].abs().round().int().tolist()) <= set(range(2, 9))
    assert (steps[:, 0] < 0).any()
    assert (steps[:, 0] > 0).any()
    expected = number[:, 1] + positions * (number[:, 2] - number[:, 1])
    assert torch.allclose(number[:, 4], expected, atol=1e-3)
    assert ((positions > 0) & (positions < 1)).all()


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_all_truths_of_a_grid_lie_at_their_positions(counting_bank: ClipBank, parts: int) -> None:
    grid = tuple(Fraction(step, parts) for step in range(1, parts))
    samples = counting_bank.sample(64, 64, 96, np.random.default_rng(3), max_motion_px=16, grid=grid)
    number = samples.frames[:, :, 0].mean(dim=(2, 3)) * 255 / 5
    steps = (number[:, 1:4] - number[:, :3]).round().int()
    assert (steps == steps[:, :1]).all()
    assert (steps < 0).any()
    assert (steps > 0).any()
    strides = steps[:, 0].abs().tolist()
    assert set(strides) == {2: {2, 4, 6, 8}, 4: {2, 4, 8}, 8: {2, 4, 8}}[parts]
    expected = number[:, 1:2] + samples.positions * (number[:, 2:3] - number[:, 1:2])
    assert samples.positions[0].tolist() == [float(place) for place in grid]
    assert torch.allclose(number[:, 4:][samples.known], expected[samples.known], atol=1e-3)
    for known, stride in zip(samples.known.tolist(), strides, strict=True):
        assert known == [step * stride % parts == 0 for step in range(1, parts)]


def test_a_grid_that_no_stride_fits_is_refused() -> None:
    assert fitting_strides(()).tolist() == [2, 2, 2, 3, 4, 5, 6, 7, 8]
    assert fitting_strides((Fraction(1, 3), Fraction(2, 3))).tolist() == [3, 3, 3, 3, 3, 3, 6, 6, 6]
    with pytest.raises(SettingsError, match="10 frames"):
        fitting_strides((Fraction(5, 11),))


def test_crops_that_no_clip_holds_are_refused(counting_bank: ClipBank) -> None:
    with pytest.raises(MediaError, match="500x64"):
        counting_bank.sample(4, 64, 500, np.random.default_rng(3), max_motion_px=16)


def test_all_frames_of_a_sample_share_one_crop(counting_bank: ClipBank) -> None:
    frames = counting_bank.sample(32, 64, 100, np.random.default_rng(4), max_motion_px=16).frames
    assert torch.equal(frames[:, :1, 1:].expand(-1, 5, -1, -1, -1), frames[:, :, 1:])
    columns = frames[:, 0, 1] * 255
    assert torch.allclose((columns[:, :, 1:] - columns[:, :, :-1]).abs(), torch.ones(()), atol=1e-3)


def test_square_crops_are_turned_and_flipped(counting_bank: ClipBank) -> None:
    frames = counting_bank.sample(64, 64, 64, np.random.default_rng(5), max_motion_px=16).frames
    across = (frames[:, 0, 1, 0, 1] - frames[:, 0, 1, 0, 0]) * 255
    assert {-1, 0, 1} == set(across.round().int().tolist())


def test_outer_frames_are_copied_or_foreign() -> None:
    window = torch.arange(400.0).reshape(100, 4, 1, 1, 1).expand(-1, -1, 3, 2, 2)
    changed = _disturb_outer(window, np.random.default_rng(0), copied=0.2)
    assert torch.equal(changed[:, 1:3], window[:, 1:3])
    left_same = (changed[:, 0] == window[:, 1]).all(dim=(1, 2, 3))
    right_same = (changed[:, 3] == window[:, 2]).all(dim=(1, 2, 3))
    assert 10 < int((left_same & right_same).sum()) < 35
    assert int((left_same ^ right_same).sum()) > 2
    foreign = (changed[:, 0] == window.roll(1, 0)[:, 0]).all(dim=(1, 2, 3))
    assert 0 < int(foreign.sum()) < 15


def test_a_batch_is_the_same_when_asked_for_again(counting_bank: ClipBank) -> None:
    settings = BatchSettings(size=2, synthetic_share=0.5, height=32, width=32, seed=9)
    first, again, other = (
        draw_batch(settings, counting_bank, step=step, rank=0, device=torch.device("cpu"))
        for step in (7, 7, 8)
    )
    for left, right in zip(first.parts(), again.parts(), strict=True):
        assert torch.equal(left, right)
    assert not torch.equal(first.window, other.window)
    assert first.has_flow.tolist() == [1, 0]


def test_steps_take_crops_in_turn_with_about_as_many_pixels(counting_bank: ClipBank) -> None:
    settings = BatchSettings(size=6, synthetic_share=0.5, height=32, width=32, other_crops=((32, 64),))
    shapes = [
        tuple(draw_batch(settings, counting_bank, step=step, rank=0, device=torch.device("cpu")).window.shape)
        for step in range(3)
    ]
    assert shapes == [(6, 4, 3, 32, 32), (3, 4, 3, 32, 64), (6, 4, 3, 32, 32)]
    with_grid = replace(settings, grid=(Fraction(1, 2),), has_flow=False)
    drawn = draw_batch(with_grid, counting_bank, step=0, rank=0, device=torch.device("cpu"))
    assert (drawn.times == 0.5).all()
    assert not drawn.has_flow.any()


def test_what_a_batch_asks_a_teacher_for_is_missing(counting_bank: ClipBank) -> None:
    grid = tuple(Fraction(step, 8) for step in range(1, 8))
    settings = BatchSettings(size=24, synthetic_share=0.25, height=32, width=32, grid=grid)
    drawn = draw_batch(settings, counting_bank, step=1, rank=0, device=torch.device("cpu"))
    assert drawn.truths.shape == (24, 7, 3, 32, 32)
    assert drawn.known[:6].all()  # rendered: all eighths are exact
    missing = drawn.known.sum(dim=1) < 7
    assert missing.any()
    asked = drawn.known[torch.arange(24), drawn.asked] == 0
    assert torch.equal(asked, missing)
    assert len(set(drawn.asked[missing].tolist())) > 1


def test_real_samples_of_a_batch_keep_their_position(counting_bank: ClipBank) -> None:
    settings = BatchSettings(size=16, synthetic_share=0.0, height=64, width=64, seed=2)
    batch = draw_batch(settings, counting_bank, step=0, rank=0, device=torch.device("cpu"))
    # Gain and gamma keep the order: the truth is between the middle two for every sample.
    levels = batch.window.mean(dim=(2, 3, 4))
    truth = batch.truth.mean(dim=(1, 2, 3))
    low, high = torch.minimum(levels[:, 1], levels[:, 2]), torch.maximum(levels[:, 1], levels[:, 2])
    assert ((truth > low) & (truth < high)).all()
