"""Test clips of the renderer, and what can happen to clips."""

import json
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from flavr_core.cli import main
from flavr_core.training.batches import BatchSettings, draw_batch
from flavr_core.training.disturbances import KINDS, compression, disturb, disturb_some, fade, flash

CPU = torch.device("cpu")
SMALL = ("--synthetic", "--height", "64", "--steps", "4", "--layers", "2", "--speed", "8")


def render(output: Path, *more: str) -> int:
    return main(["render-sample", "-o", str(output), *SMALL, *more])


def pictures(folder: Path) -> list[np.ndarray]:
    return [cv2.imread(str(path)) for path in sorted(folder.glob("*.png"))]


def test_a_folder_holds_every_frame_its_times_and_flow(tmp_path: Path) -> None:
    assert render(tmp_path / "a clip") == 0
    frames = pictures(tmp_path / "a clip")
    assert len(frames) == 13
    assert frames[0].shape == (64, 112, 3)
    times = json.loads((tmp_path / "a clip/clip.json").read_text())["times"]
    assert times[:6] == ["-1", "-3/4", "-1/2", "-1/4", "0", "1/4"]
    flows = sorted(path.name for path in (tmp_path / "a clip/flow").iterdir())
    assert flows == [f"{index:05d}_to_{end}.flo" for index in (5, 6, 7) for end in (0, 1)]
    half, whole = (np.abs(frames[4].astype(int) - frames[place]).mean() for place in (6, 8))
    assert 0 < half < whole


def test_a_video_holds_the_same_frames_and_a_seed_the_same_clip(tmp_path: Path) -> None:
    assert (
        render(tmp_path / "clip.mkv")
        == render(tmp_path / "again")
        == render(tmp_path / "other", "--seed", "2")
        == 0
    )
    with av.open(str(tmp_path / "clip.mkv")) as container:
        filmed = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    again = pictures(tmp_path / "again")
    assert all(np.array_equal(left, right) for left, right in zip(filmed, again, strict=True))
    assert not np.array_equal(again[0], pictures(tmp_path / "other")[0])


def test_a_cut_is_where_it_is_said(tmp_path: Path) -> None:
    assert render(tmp_path / "cut", "--with", "cut", "noise") == 0
    frames = [frame.astype(int) for frame in pictures(tmp_path / "cut")]
    changes = [np.abs(before - after).mean() for before, after in pairwise(frames)]
    assert int(np.argmax(changes)) == 7  # time 1, two thirds through
    assert max(changes) > 3 * sorted(changes)[-2]


def test_nothing_is_overwritten_or_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there").mkdir()
    assert render(tmp_path / "there") == 6
    assert render(tmp_path / "clip.avi") == 2
    assert render(tmp_path / "new", "--steps", "0") == 2
    assert capsys.readouterr().err.count("error:") == 3
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_disturbance_changes_pictures_repeatably(kind: str) -> None:
    frames = torch.rand(1, 5, 3, 24, 40)
    times = torch.tensor([[-1.0, 0.0, 1.0, 2.0, 0.5]])
    changed, again = (disturb(kind, frames, times, np.random.default_rng(4)) for _ in range(2))
    assert torch.equal(changed, again)
    assert (changed - frames).abs().mean() > 0.005
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_flash_and_fade_follow_time() -> None:
    frames, times = torch.full((1, 3, 3, 4, 4), 0.2), torch.tensor([[0.0, 0.5, 1.0]])
    lit = flash(frames, times, at=0.5, width=0.2, strength=1.0)[0, :, 0, 0, 0]
    assert lit[1] == pytest.approx(0.4)
    assert lit[0] == lit[2] < 0.21
    faded = fade(frames, times, start=0.0, length=1.0)[0, :, 0, 0, 0]
    assert faded.tolist() == pytest.approx([0.2, 0.1, 0.0])


def test_compression_keeps_flat_blocks_and_loses_fine_detail() -> None:
    flat = torch.full((1, 1, 3, 10, 13), 0.5)
    assert torch.allclose(compression(flat, step=0.001), flat, atol=1e-3)
    fine = 0.5 + 0.05 * torch.randn(1, 1, 3, 16, 16)
    losses = [(compression(fine, step=step) - fine).abs().mean().item() for step in (1e-4, 0.01, 0.05)]
    assert losses[0] < 1e-3 < losses[1] < losses[2]


def test_some_samples_are_disturbed_and_the_others_are_what_they_were() -> None:
    plain, disturbed = (
        draw_batch(
            BatchSettings(size=8, height=32, width=32, disturbed=share, seed=2),
            None,
            step=3,
            rank=0,
            device=CPU,
        )
        for share in (0.0, 0.5)
    )
    same = [torch.equal(left, right) for left, right in zip(plain.truth, disturbed.truth, strict=True)]
    assert 1 <= sum(same) <= 7
    assert torch.equal(plain.t, disturbed.t)
    assert torch.equal(plain.flow, disturbed.flow)
    frames = torch.rand(3, 2, 3, 8, 8)
    assert torch.equal(disturb_some(frames, torch.zeros(3, 2), 0.0, np.random.default_rng(0)), frames)
