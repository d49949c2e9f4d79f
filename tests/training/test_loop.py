"""The loop on a CPU: the loss falls, a resumed run goes on as if nothing had been, processes agree."""

import json
import multiprocessing
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed as dist

from flavr_core.errors import ModelError
from flavr_core.model.fourflow import FourFlow, FourFlowWidths
from flavr_core.training.batches import Batch, BatchSettings, draw_batch
from flavr_core.training.leg import export_average
from flavr_core.training.loop import LegSettings, Rank, Trainer

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


def trainer(folder: Path, *, rank: Rank | None = None, max_steps: int = 10**9) -> Trainer:
    torch.manual_seed(0)
    settings = LegSettings(
        folder=folder,
        batch=BATCH,
        learning_rate=1e-3,
        warmup_steps=5,
        max_steps=max_steps,
        validate_steps=1000,
    )
    return Trainer(FourFlow(SMALL), settings, rank or Rank(0, 1, CPU))


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
    export_average(training, tmp_path / "average.safetensors")
    assert not list(tmp_path.glob("*.part"))


def _train_shared(rank: int, port: int, folder: str) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    training = trainer(Path(folder), rank=Rank(rank, 2, CPU))
    for step in range(3):
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
    alone = trainer(tmp_path)
    for step in range(3):
        halves = [batch(step, rank) for rank in range(2)]
        whole = Batch(*(torch.cat(parts) for parts in zip(*(half.parts() for half in halves), strict=True)))
        alone.train_step(whole, 1.0)
    assert torch.allclose(alone.flat.values, shared[0], atol=2e-4)


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
    assert saved["truth"].isnan().sum() == 1
