"""Courses on a CPU: any network learns, goes on after a kill as if nothing had been, and stops at NaN."""

import json
import multiprocessing
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import distributed as dist

from flavr_core.errors import MediaError, ModelError, SettingsError
from flavr_core.model import load
from flavr_core.model.blend import Blend
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig
from flavr_core.training.augmentation import Augmentation
from flavr_core.training.course import Course, CourseSettings
from flavr_core.training.criteria import parse_loss
from flavr_core.training.examples import Example
from flavr_core.training.ranks import Rank
from flavr_core.training.schedules import make_schedule

CPU = torch.device("cpu")
TINY = FlavrConfig(
    num_outputs=1, blocks=(1, 1, 1, 1), stem_width=8, widths=(8, 8, 8, 8), decoder_widths=(8, 8, 8, 8, 8),
    fuse_width=8,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Steps this small only lose time by sharing them out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Moving:
    """Smooth pictures that move by two pixels a frame."""

    def __init__(self, count: int, *, outputs: int = 1) -> None:
        self._count, self._outputs = count, outputs

    def __len__(self) -> int:
        return self._count

    def read(self, index: int, numbers: np.random.Generator) -> Example:
        own = np.random.default_rng(index)
        wide = cv2.resize(own.integers(0, 256, (8, 14, 3), np.uint8), (80, 40), interpolation=cv2.INTER_CUBIC)
        step = self._outputs + 1
        frames = np.stack([wide[:40, place : place + 40] for place in range(3 * step + 1)])
        return Example(frames[::step], frames[step + 1 : 2 * step])


def settings(folder: Path, **changes: Any) -> CourseSettings:
    plain = CourseSettings(
        folder=folder, batch_size=2, learning_rate=2e-3, epochs=1000, log_steps=1, max_steps=4,
        augmentation=Augmentation(crop_px=(32, 32)), schedule="constant", seed=3,
    )  # fmt: skip
    return replace(plain, **changes)


def course(folder: Path, *, rank: Rank | None = None, **changes: Any) -> Course:
    torch.manual_seed(0)
    return Course(Flavr(TINY), parse_loss("1*L1", CPU), settings(folder, **changes), rank or Rank(0, 1, CPU))


def curve(folder: Path, key: str) -> list[float]:
    lines = (folder / "curve.jsonl").read_text().splitlines()
    return [entry[key] for entry in map(json.loads, lines) if key in entry]


def test_loss_falls_in_fifty_steps(tmp_path: Path) -> None:
    course(tmp_path, max_steps=50, validate_epochs=10**6).run(Moving(4), Moving(2))
    losses = curve(tmp_path, "loss")
    assert len(losses) == 50
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])
    assert len(curve(tmp_path, "psnr_db")) == 1


def test_a_resumed_course_has_the_same_next_losses(tmp_path: Path) -> None:
    whole, first, rest = (tmp_path / name for name in ("whole", "first", "rest"))
    unbroken = course(whole, max_steps=7, ema=0.9)
    unbroken.run(Moving(8), Moving(1))
    broken = course(first, max_steps=5, ema=0.9)  # in the midst of the second epoch
    broken.run(Moving(8), Moving(1))
    resumed = course(rest, max_steps=7, ema=0.9)
    resumed.load(first / "checkpoint.pth")
    assert (resumed.step, resumed.epoch, resumed.batches_done) == (5, 1, 1)
    resumed.run(Moving(8), Moving(1))
    assert curve(rest, "loss") == curve(whole, "loss")[5:]
    for left, right in zip(unbroken.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(left, right)
    for left, right in zip(unbroken.measured.parameters(), resumed.measured.parameters(), strict=True):
        assert torch.equal(left, right)


def test_the_best_weights_are_a_network_of_the_catalogue(tmp_path: Path) -> None:
    trained = course(tmp_path)
    trained.run(Moving(4), Moving(2))
    network = load(tmp_path / "model_best.pth")
    window = torch.rand(1, 4, 3, 32, 32)
    assert network(window, [0.5]).shape == (1, 1, 3, 32, 32)
    record = torch.load(tmp_path / "checkpoint.pth", weights_only=True)
    assert {"epoch", "state_dict", "optimizer", "best_psnr", "lr"} <= set(record)
    [picture, *_] = (tmp_path / "pictures").iterdir()
    assert cv2.imread(str(picture)).shape == (80, 200, 3)
    assert not list(tmp_path.glob("*.part"))


def test_another_networks_checkpoint_is_refused(tmp_path: Path) -> None:
    course(tmp_path).save(tmp_path / "checkpoint.pth")
    other = Course(
        Flavr(replace(TINY, fuse_width=4)), parse_loss("1*L1", CPU), settings(tmp_path), Rank(0, 1, CPU)
    )
    with pytest.raises(ModelError, match="not a checkpoint of this course"):
        other.load(tmp_path / "checkpoint.pth")


def test_nan_stops_the_course_with_the_batch_saved(tmp_path: Path) -> None:
    training = course(tmp_path)
    before = [parameter.clone() for parameter in training.network.parameters()]
    inputs, truths = torch.rand(2, 4, 3, 32, 32), torch.rand(2, 1, 3, 32, 32)
    truths[1, 0, 0, 5, 5] = torch.nan
    with pytest.raises(ModelError, match=r"fault-0\.pt"):
        training.train_step(inputs, truths)
    saved = torch.load(tmp_path / "fault-0.pt", weights_only=True)
    assert torch.equal(saved["inputs"], inputs)
    assert torch.equal(saved["truths"].isnan(), truths.isnan())
    for left, right in zip(before, training.network.parameters(), strict=True):
        assert torch.equal(left, right)


def test_a_teacher_draws_the_network_towards_itself(tmp_path: Path) -> None:
    inputs = torch.rand(1, 4, 3, 48, 48)
    far = {}
    for weight in (0.0, 10.0):
        torch.manual_seed(0)
        training = Course(
            Flavr(TINY), parse_loss("0.01*L1", CPU), settings(tmp_path, teacher_weight=weight),
            Rank(0, 1, CPU), teacher=Blend(),
        )  # fmt: skip
        for _ in range(15):
            training.train_step(inputs, torch.zeros(1, 1, 3, 48, 48))
        taught = inputs[:, 1:3].mean(1, keepdim=True)
        far[weight] = (training.network(inputs, [0.5]) - taught).abs().mean().item()
    assert far[10.0] < 0.8 * far[0.0]


def test_other_networks_learn_as_well(tmp_path: Path) -> None:
    network = load("fourflow")
    training = Course(network, parse_loss("1*Charb", CPU), settings(tmp_path), Rank(0, 1, CPU))
    before = [parameter.clone() for parameter in network.parameters()]
    training.run(Moving(4), Moving(1))
    moved = sum(
        not torch.equal(left, right) for left, right in zip(before, network.parameters(), strict=True)
    )
    assert moved > 0.9 * len(before)
    assert len(curve(tmp_path, "psnr_db")) == 2


def test_what_cannot_be_trained_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no weights"):
        Course(Blend(), parse_loss("1*L1", CPU), settings(tmp_path), Rank(0, 1, CPU))
    with pytest.raises(ModelError):
        course(tmp_path, outputs=2)  # one output was built
    with pytest.raises(SettingsError, match="less than a batch"):
        course(tmp_path).run(Moving(1), None)
    with pytest.raises(SettingsError, match="shared by 2"):
        course(tmp_path, batch_size=3, rank=Rank(0, 2, CPU))


def test_tensorboard_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with pytest.raises(SettingsError, match="TensorBoard"):
        course(tmp_path, board=True).run(Moving(2), None)


class Damaged(Moving):
    """Examples that cannot be read."""

    def read(self, index: int, numbers: np.random.Generator) -> Example:
        raise MediaError(f"Picture {index} is damaged.", "Unpack the set again.")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_picture_is_one_sentence_from_any_process(tmp_path: Path, workers: int) -> None:
    with pytest.raises(MediaError) as raised:
        course(tmp_path, workers=workers).run(Damaged(2), None)
    assert raised.value.message.endswith("is damaged.")
    assert raised.value.hint == "Unpack the set again."


def test_schedules() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    plateau = make_schedule("plateau", optimizer, base=1.0, steps=100, warmup=4)
    assert [plateau.before_step(step) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    for _ in range(7):
        plateau.after_validation(0.5)
    assert plateau.before_step(50) == 0.5 == optimizer.param_groups[0]["lr"]
    again = make_schedule("plateau", optimizer, base=1.0, steps=100, warmup=0)
    again.load_state(plateau.state())
    assert again.before_step(50) == 0.5
    cosine = make_schedule("cosine", optimizer, base=2.0, steps=100, warmup=0)
    assert [cosine.before_step(step) for step in (0, 50, 100)] == pytest.approx([2.0, 1.0, 0.0])
    with pytest.raises(SettingsError, match="no schedule"):
        make_schedule("sawtooth", optimizer, base=1.0, steps=1, warmup=0)


def _train_shared(rank: int, port: int, folder: str) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    training = course(Path(folder), rank=Rank(rank, 2, CPU), max_steps=3)
    training.run(Moving(6), Moving(3))
    torch.save(list(training.network.parameters()), Path(folder) / f"rank{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_agree_with_one(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    shared = tmp_path / "shared"
    shared.mkdir()
    workers = [context.Process(target=_train_shared, args=(rank, port, str(shared))) for rank in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    first, second = (torch.load(shared / f"rank{rank}.pt", weights_only=True) for rank in range(2))
    alone = course(tmp_path / "alone", max_steps=3)
    alone.run(Moving(6), Moving(3))
    for left, right, own in zip(first, second, alone.network.parameters(), strict=True):
        assert torch.equal(left, right)
        assert torch.allclose(left, own, atol=2e-4)
    for key in ("loss", "held_out_loss", "psnr_db"):
        assert curve(shared, key) == pytest.approx(curve(tmp_path / "alone", key), rel=1e-3)
