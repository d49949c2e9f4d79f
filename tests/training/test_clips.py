"""Samples from clips: the frames and the position belong together."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from flavr_core.training.batches import BatchSettings, _disturb_outer, draw_batch
from flavr_core.training.clips import BankClip, ClipBank

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
    frames, positions = counting_bank.sample(64, 64, 96, np.random.default_rng(3), max_motion_px=16)
    number = frames[:, :, 0].mean(dim=(2, 3)) * 255 / 5
    steps = number[:, 1:4] - number[:, :3]
    assert torch.allclose(steps, steps[:, :1].expand(-1, 3), atol=1e-3)
    assert set(steps[:, 0].abs().round().int().tolist()) <= set(range(2, 9))
    assert (steps[:, 0] < 0).any()
    assert (steps[:, 0] > 0).any()
    expected = number[:, 1] + positions * (number[:, 2] - number[:, 1])
    assert torch.allclose(number[:, 4], expected, atol=1e-3)
    assert ((positions > 0) & (positions < 1)).all()


def test_all_frames_of_a_sample_share_one_crop(counting_bank: ClipBank) -> None:
    frames, _ = counting_bank.sample(32, 64, 100, np.random.default_rng(4), max_motion_px=16)
    assert torch.equal(frames[:, :1, 1:].expand(-1, 5, -1, -1, -1), frames[:, :, 1:])
    columns = frames[:, 0, 1] * 255
    assert torch.allclose((columns[:, :, 1:] - columns[:, :, :-1]).abs(), torch.ones(()), atol=1e-3)


def test_square_crops_are_turned_and_flipped(counting_bank: ClipBank) -> None:
    frames, _ = counting_bank.sample(64, 64, 64, np.random.default_rng(5), max_motion_px=16)
    across = (frames[:, 0, 1, 0, 1] - frames[:, 0, 1, 0, 0]) * 255
    assert {-1, 0, 1} == set(across.round().int().tolist())


def test_outer_frames_are_copied_or_foreign() -> None:
    window = torch.arange(400.0).reshape(100, 4, 1, 1, 1).expand(-1, -1, 3, 2, 2)
    changed = _disturb_outer(window, np.random.default_rng(0))
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


def test_real_samples_of_a_batch_keep_their_position(counting_bank: ClipBank) -> None:
    settings = BatchSettings(size=16, synthetic_share=0.0, height=64, width=64, seed=2)
    batch = draw_batch(settings, counting_bank, step=0, rank=0, device=torch.device("cpu"))
    # Gain and gamma keep the order: the truth is between the middle two for every sample.
    levels = batch.window.mean(dim=(2, 3, 4))
    truth = batch.truth.mean(dim=(1, 2, 3))
    low, high = torch.minimum(levels[:, 1], levels[:, 2]), torch.maximum(levels[:, 1], levels[:, 2])
    assert ((truth > low) & (truth < high)).all()
