"""The loop on a CPU: the loss falls, a resumed run goes on as if nothing had been, processes agree."""

import json
import multiprocessing
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import distributed as dist

from flavr_core.errors import ModelError
from flavr_core.model import load
from flavr_core.model.blend import Blend
from flavr_core.model.fourflow import FourFlow, FourFlowWidths
from flavr_core.model.network import Network
from flavr_core.training.batches import Batch, BatchSettings, draw_batch
from flavr_core.training.kept_weights import read_progress
from flavr_core.training.leg_settings import LegSettings
from flavr_core.training.loop import Trainer
from flavr_core.training.ranks import Rank
from flavr_core.training.teacher import draw_taught
from flavr_core.training.validation import read_validation

CPU = torch.device("cpu")
SMALL = FourFlowWidths(
    half=8, quarter=12, eighth=16, sixteenth=24, motion_half=12, motion_quarter=16, motion_eighth=24,
    motion_sixteenth=32, synthesis_half=12, synthesis_quarter=16, synthesis_eighth=24,
)  # fmt: skip
BATCH = BatchSettings(size=1, height=32, width=64, synthetic_share=1.0, max_motion_px=8.0, seed=3)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Steps this small only lose time by sharing them out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def trainer(
    folder: Path, *, rank: Rank | None = None, teacher: Network | None = None, **changes: Any
) -> Trainer:
    torch.manual_seed(0)
    settings = LegSettings(
        folder=folder, batch=BATCH, learning_rate=1e-3, warmup_steps=5, validate_steps=1000
    )
    return Trainer(FourFlow(SMALL), replace(settings, **changes), rank or Rank(0, 1, CPU), teacher=teacher)


def batch(step: int, rank: int = 0) -> Batch:
    return draw_batch(BATCH, None, step=step, rank=rank, device=CPU)


def test_loss_falls_in_fifty_steps(tmp_path: Path) -> None:
    training = trainer(tmp_path)
    seen = [batch(step) for step in range(2)]
    losses = [training.train_step(seen[step % 2], 1.0)[0].item() for step in range(50)]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_resumed_run_has_the_same_next_losses(tmp_path: Path) -> None:
    training = trainer(tmp_path)
    for step in range(4):
        training.train_step(batch(step), 1.0)
    training.save(tmp_path / "checkpoint.pt")
    expected = [training.train_step(batch(step), 1.0)[0].item() for step in range(4, 7)]
    resumed = trainer(tmp_path)
    resumed.load(tmp_path / "checkpoint.pt")
    assert resumed.step == 4
    assert [resumed.train_step(batch(step), 1.0)[0].item() for step in range(4, 7)] == expected
    assert torch.equal(resumed.flat.values, training.flat.values)
    assert torch.equal(resumed.flat_average.values, training.flat_average.values)


def test_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path).save(tmp_path / "checkpoint.pt")
    other = Trainer(FourFlow(), LegSettings(folder=tmp_path), Rank(0, 1, CPU))
    with pytest.raises(ModelError, match="other widths"):
        other.load(tmp_path / "checkpoint.pt")


def test_run_writes_curve_and_checkpoint_and_remembers_the_trunk(tmp_path: Path) -> None:
    settings = LegSettings(
        folder=tmp_path, batch=BATCH, max_steps=6, fall_steps=3, warmup_steps=1, validate_steps=3
    )
    torch.manual_seed(0)
    training = Trainer(FourFlow(SMALL), settings, Rank(0, 1, CPU))
    training.run(None, None, started=0.0)
    lines = [json.loads(line) for line in (tmp_path / "curve.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines][-1] == 6
    assert all(line["loss"] > 0 for line in lines)
    trunk = torch.load(tmp_path / "trunk.pt", weights_only=True)
    assert trunk["step"] == 3
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 6
    assert read_progress(tmp_path / "trunk.safetensors") == (3, 3)
    assert read_progress(tmp_path / "average.safetensors") == (6, 6)
    kept = load(str(tmp_path / "average.safetensors")).state_dict()
    for name, value in training.average.state_dict().items():
        assert torch.equal(kept[name], value.half().float())
    assert not list(tmp_path.glob("*.part"))


def _train_shared(rank: int, port: int, folder: str) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    training = trainer(Path(folder), rank=Rank(rank, 2, CPU))
    training.train_step(batch(0, rank), 1.0)
    torch.save(training.flat.gradients, Path(folder) / f"gradients{rank}.pt")
    for step in range(1, 3):
        training.train_step(batch(step, rank), 1.0)
    torch.save(training.flat.values, Path(folder) / f"rank{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_agree_with_one(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_train_shared, args=(rank, port, str(tmp_path))) for rank in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    shared = [torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in range(2)]
    assert torch.equal(shared[0], shared[1])
    exchanged = torch.load(tmp_path / "gradients1.pt", weights_only=True)
    alone = trainer(tmp_path)
    for step in range(3):
        halves = [batch(step, rank) for rank in range(2)]
        whole = Batch(*(torch.cat(parts) for parts in zip(*(half.parts() for half in halves), strict=True)))
        alone.train_step(whole, 1.0)
        if step == 0:
            assert alone.flat.gradients is not None
            apart = (alone.flat.gradients - exchanged).norm() / exchanged.norm()
            assert apart < 1e-5
    # Adam lifts the rounding of a gradient that is nearly nothing to a whole step: a few may differ.
    missed = (alone.flat.values - shared[0]).abs() > 2e-4
    assert missed.float().mean() < 1e-3


def test_nan_stops_a_leg_with_the_batch_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_with_nan(*args: Any, **kwargs: Any) -> Batch:
        drawn = draw_batch(*args, **kwargs)
        drawn.truth[0, 0, 4, 4] = torch.nan
        return drawn

    for module in ("batches", "loop"):
        monkeypatch.setattr(f"flavr_core.training.{module}.draw_batch", draw_with_nan)
    training = trainer(tmp_path, max_steps=3)
    with pytest.raises(ModelError, match=r"fault-0\.pt"):
        training.run(None, None, started=0.0)
    saved = torch.load(tmp_path / "fault-0.pt", weights_only=True)
    assert saved["step"] == 0
    assert torch.equal(saved["window"], batch(0).window)
    assert saved["truths"].isnan().sum() == 1


def test_a_single_step_with_no_number_is_found_and_leaves_the_weights_alone(tmp_path: Path) -> None:
    training = trainer(tmp_path)
    training.train_step(batch(0), 1.0)
    bad = batch(1)
    bad.window[0, 1, 0, 3, 3] = torch.inf
    training.train_step(bad, 1.0)
    training.train_step(batch(2), 1.0)
    assert int(training.fault_step) == 1
    assert bool(training.flat.values.isfinite().all())


class Grey(Network):
    """A teacher that knows one picture and two places."""

    def __init__(self) -> None:
        super().__init__()
        self.architecture, self.num_inputs = "grey", 2
        self.positions = (Fraction(1, 4), Fraction(1, 2))

    def draw(self, window: torch.Tensor, positions: tuple[Fraction, ...]) -> torch.Tensor:
        return torch.full_like(window[:, :1], 0.5).expand(-1, len(positions), -1, -1, -1)


def test_a_teacher_is_asked_for_each_samples_own_position() -> None:
    window, t = torch.rand(3, 4, 3, 32, 64), torch.tensor([0.5, 1 / 3, 0.25])
    taught, reached = draw_taught(Grey(), window, t)
    assert reached.tolist() == [1, 0, 1]
    assert (taught[[0, 2]] == 0.5).all()
    assert (taught[1] == 0).all()
    taught, reached = draw_taught(Blend(), window, t)
    assert torch.allclose(taught[1], window[1, 1] * 2 / 3 + window[1, 2] / 3, atol=1e-6)
    student = FourFlow(SMALL)
    taught, reached = draw_taught(student, window, t)
    assert torch.allclose(taught[1:2], student(window[1:2], [Fraction(1, 3)])[:, 0], atol=1e-5)
    assert reached.tolist() == [1, 1, 1]


def test_a_leg_learns_from_a_teacher(tmp_path: Path) -> None:
    seen = batch(1)
    seen.t.fill_(0.5)
    far = {}
    for weight in (0.0, 5.0):
        training = trainer(tmp_path, teacher=Grey(), teacher_weight=weight, warmup_steps=1)
        losses = [training.train_step(seen, 1.0)[0].item() for _ in range(12)]
        assert losses[-1] < losses[0]
        far[weight] = (training.network(seen.window, [0.5]) - 0.5).abs().mean().item()
    assert far[5.0] < 0.95 * far[0.0]


def test_held_out_windows_are_measured_and_shown(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0)
    (tmp_path / "windows").mkdir()
    for frame in range(5):
        picture = numbers.integers(0, 256, (32, 64, 3), np.uint8)
        assert cv2.imwrite(str(tmp_path / f"windows/pan_0_{frame}.png"), picture)
    training = trainer(tmp_path, max_steps=2, validate_steps=1)
    training.run(None, read_validation(tmp_path / "windows", CPU), started=0.0)
    lines = [json.loads(line) for line in (tmp_path / "curve.jsonl").read_text().splitlines()]
    assert all(5 < line["clips"]["pan"] < 15 for line in lines)
    grid = cv2.imread(str(tmp_path / "pictures/00000002.png"))
    assert grid is not None
    assert grid.shape == (32, 5 * 64, 3)
