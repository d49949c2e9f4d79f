"""Epochs over a data set, as papers train: any network of the catalogue, eagerly, on any number of ranks.

What the program's own network is trained with is `loop`: faster, and made for that network alone.
Everything that is drawn follows from the seed, the epoch and the example's index, so that a killed course
goes on with the same numbers.
"""

from __future__ import annotations

import json
import math
import pickle
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from flavr_core.errors import ModelError, SettingsError
from flavr_core.model.network import Network
from flavr_core.training.augmentation import Augmentation
from flavr_core.training.boards import GRID_ROWS, Board, picture_grid
from flavr_core.training.criteria import Criterion
from flavr_core.training.examples import Examples
from flavr_core.training.losses import laplacian_l1
from flavr_core.training.ranks import Rank
from flavr_core.training.reading import Batches, BatchReader, Key
from flavr_core.training.schedules import Schedule, make_schedule
from flavr_core.training.sparsity import ObproxSg


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSettings:
    """One course of training."""

    folder: Path
    """Where checkpoints, the curve and pictures go."""
    outputs: int = 1
    """Frames that are drawn in a gap, evenly spaced."""
    batch_size: int = 16
    """Examples a step, over all ranks."""
    test_batch_size: int = 1
    """Held-out examples drawn at once."""
    epochs: int = 200
    """Passes over the data."""
    max_steps: int = 1_000_000_000
    """The course ends after as many steps, wherever it is."""
    learning_rate: float = 2e-4
    """At the start, after the warm-up."""
    betas: tuple[float, float] = (0.9, 0.99)
    """Adam's."""
    schedule: str = "plateau"
    """plateau: halved when the held-out loss has not fallen for six epochs; cosine: to zero at the end."""
    warmup_steps: int = 0
    """Over which the rate rises."""
    max_norm: float = 0.0
    """Gradients are shortened to this length; 0 for never."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    """What is drawn for each example."""
    teacher_weight: float = 0.1
    """Of the distance to a teacher's pictures, where there is one."""
    sparsity: float = 0.0
    """Weight of the absolute weights; above 0 the weights are thinned out (proximal and orthant steps)."""
    proximal_epochs: int = 10
    """Epochs of proximal steps before orthant steps begin."""
    ema: float = 0.0
    """Of the running average of the weights, a step; 0 for none. The average is measured and kept as best."""
    bf16: bool = False
    """Whether products are computed in bfloat16."""
    compile: bool = False
    """Whether the network is compiled."""
    workers: int = 0
    """Processes that read pictures; 0: this one."""
    seed: int = 12345
    """Of everything that is drawn."""
    checkpoint_seconds: float = 120.0
    """Between two checkpoints within an epoch."""
    log_steps: int = 60
    """Between two lines of the curve."""
    validate_epochs: int = 1
    """Between two measurements of held-out examples."""
    board: bool = False
    """Whether TensorBoard's files are written as well."""


class Course:
    """Trains one network on examples; see the module's docstring."""

    def __init__(
        self,
        network: Network,
        criterion: Criterion,
        settings: CourseSettings,
        rank: Rank,
        *,
        teacher: Network | None = None,
    ) -> None:
        """Take a network, its parameters and a teacher to the rank's device.

        Raises:
            SettingsError: when the settings do not fit the network, the ranks or each other.
        """
        if settings.batch_size % rank.count:
            raise SettingsError(
                f"A batch of {settings.batch_size} cannot be shared by {rank.count} processes.",
                "Give a multiple of their number.",
            )
        self.settings, self.rank, self.criterion = settings, rank, criterion
        self.network = network.to(rank.device).requires_grad_(True).train()
        if not network.num_parameters:
            raise SettingsError(
                f"{network.name} has no weights to train.", "Name another network with --model."
            )
        steps = settings.outputs + 1
        self.positions = network.snap([place / steps for place in range(1, steps)])
        self.teacher = None if teacher is None else teacher.to(rank.device).requires_grad_(False).eval()
        if teacher is not None:
            teacher.snap(self.positions)
        self.average = torch.optim.swa_utils.AveragedModel(
            network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.ema)
        ) if settings.ema else None  # fmt: skip
        run: nn.Module = network if rank.count == 1 else DistributedDataParallel(network)
        self._run: Any = torch.compile(run) if settings.compile else run
        self.optimizer: torch.optim.Optimizer
        if settings.sparsity:
            self.optimizer = ObproxSg(
                network.parameters(), lr=settings.learning_rate, strength=settings.sparsity
            )
        else:
            self.optimizer = torch.optim.Adam(
                network.parameters(), lr=settings.learning_rate, betas=settings.betas
            )
        self.schedule: Schedule | None = None
        self.epoch, self.step, self.batches_done = 0, 0, 0
        self.best_psnr = -math.inf
        self._pending_schedule: dict[str, Any] | None = None
        self._saved = time.monotonic()

    # --- one step -------------------------------------------------------------------------------------

    def train_step(self, inputs: Tensor, truths: Tensor) -> float:
        """One step on this rank's examples; its loss.

        Convention: inputs (N, 4, 3, H, W), truths (N, P, 3, H, W), float32 RGB in [0, 1].

        Raises:
            ModelError: when the loss is not a number; the batch is saved, the weights are as before.
        """
        inputs, truths = (given.to(self.rank.device, non_blocking=True) for given in (inputs, truths))
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.rank.device.type, torch.bfloat16, enabled=self.settings.bf16):
            made = self._run(self._window(self.network, inputs), self.positions)
        loss = self.criterion(made.flatten(0, 1), truths.flatten(0, 1))
        if self.teacher is not None:
            with torch.no_grad():
                taught = self.teacher(self._window(self.teacher, inputs), self.positions)
            distance = laplacian_l1(made.flatten(0, 1).float(), taught.flatten(0, 1).float())
            loss = loss + self.settings.teacher_weight * distance
        value = self._sum(loss.detach().reshape(1))[0] / self.rank.count
        if not math.isfinite(value):
            raise self._fault(inputs, truths, value)
        loss.backward()
        parameters = list(self.network.parameters())
        limit = self.settings.max_norm or math.inf
        norm = float(nn.utils.clip_grad_norm_(parameters, limit))
        if not math.isfinite(norm):
            raise self._fault(inputs, truths, norm)
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        self.step += 1
        return value

    @staticmethod
    def _window(network: Network, inputs: Tensor) -> Tensor:
        return inputs if network.num_inputs == inputs.shape[1] else inputs[:, 1:3]

    def _fault(self, inputs: Tensor, truths: Tensor, value: float) -> ModelError:
        """Keep what led to a loss or gradient that is no number, and the weights it met."""
        path = self.settings.folder / f"fault-{self.rank.rank}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "inputs": inputs.cpu(), "truths": truths.cpu(), "epoch": self.epoch, "step": self.step,
            "value": value, "state_dict": self.network.state_dict(),
        }  # fmt: skip
        torch.save(record, path)
        return ModelError(
            f"The loss or its gradient is not a number at step {self.step}; the batch is in {path}.",
            "Go on from the last checkpoint with a lower --lr, or look at the batch.",
        )

    def _sum(self, values: Tensor) -> list[float]:
        """Sums over all ranks."""
        if self.rank.count > 1:
            dist.all_reduce(values)
        return [float(value) for value in values]

    # --- epochs ---------------------------------------------------------------------------------------

    def run(self, train: Examples, held_out: Examples | None) -> None:
        """Train to the end; goes on from the folder's checkpoint where there is one.

        Raises:
            SettingsError: when there is less than one batch of examples, or TensorBoard is not installed.
            ModelError: see `train_step`; also for a checkpoint of another network.
        """
        settings = self.settings
        per_epoch = len(train) // settings.batch_size
        if not per_epoch:
            raise SettingsError(
                f"{len(train)} examples are less than a batch of {settings.batch_size}.", "Use --batch_size."
            )
        last = min(settings.epochs * per_epoch, settings.max_steps)
        told = {self.step + 1, last}  # steps of which is told besides every so many
        self.schedule = make_schedule(
            settings.schedule,
            self.optimizer,
            base=settings.learning_rate,
            steps=last,
            warmup=settings.warmup_steps,
        )
        if self._pending_schedule is not None:
            self.schedule.load_state(self._pending_schedule)
        board = Board(settings.folder, tensorboard=settings.board) if self.rank.leads else None
        reader = BatchReader(
            train,
            held_out,
            augmentation=settings.augmentation,
            seed=settings.seed,
            workers=settings.workers,
            pinned=self.rank.device.type == "cuda",
        )
        try:
            while self.step < last:
                self._train_epoch(reader.read(self._batches(len(train), per_epoch)), last, told, board)
                if self.batches_done == per_epoch:
                    self.epoch, self.batches_done = self.epoch + 1, 0
                over = self.step >= last
                if held_out is not None and (over or self.epoch % settings.validate_epochs == 0):
                    self._validate(reader, len(held_out), board)
                if self.rank.leads:
                    self.save(settings.folder / "checkpoint.pth")
        finally:
            if board is not None:
                board.close()

    def _train_epoch(
        self, batches: Iterable[tuple[Tensor, Tensor]], last: int, told: set[int], board: Board | None
    ) -> None:
        settings = self.settings
        if isinstance(self.optimizer, ObproxSg):
            self.optimizer.orthant = self.epoch >= settings.proximal_epochs
        seen: list[float] = []
        since, timed = time.monotonic(), -1  # the first step waits for whoever reads: it is not timed
        for inputs, truths in batches:
            if self.step >= last:
                break
            assert self.schedule is not None
            rate = self.schedule.before_step(self.step)
            seen.append(self.train_step(inputs, truths))
            self.batches_done += 1
            timed += 1
            if not timed:
                since = time.monotonic()
            if self.rank.leads and time.monotonic() - self._saved > settings.checkpoint_seconds:
                self.save(settings.folder / "checkpoint.pth")
            if board is not None and (self.step % settings.log_steps == 0 or self.step in told):
                line = {"epoch": self.epoch, "loss": sum(seen) / len(seen), "rate": rate}
                if timed:
                    step_s = (time.monotonic() - since) / timed
                    line["examples_per_s"] = round(settings.batch_size / step_s, 2)
                    line["left_s"] = round(step_s * (last - self.step), 1)
                board.note(self.step, line)
                seen, since, timed = [], time.monotonic(), 0

    def _batches(self, examples: int, per_epoch: int) -> Batches:
        """This rank's share of what is left of the epoch."""
        size = self.settings.batch_size
        order = np.random.default_rng([self.settings.seed, self.epoch]).permutation(examples).tolist()
        share = slice(self.rank.rank, None, self.rank.count)
        return [
            [Key(index, self.epoch) for index in order[place * size : (place + 1) * size][share]]
            for place in range(self.batches_done, per_epoch)
        ]

    # --- measuring ------------------------------------------------------------------------------------

    @property
    def measured(self) -> Network:
        """The network that is measured and kept as best: the average where there is one."""
        network = self.network if self.average is None else self.average.module
        assert isinstance(network, Network)
        return network

    @torch.no_grad()
    def _validate(self, reader: BatchReader, examples: int, board: Board | None) -> None:
        """Loss and PSNR (dB, of floats, one number a picture) of all held-out examples; the best is kept."""
        network = self.measured.eval()
        mine = [Key(index, held_out=True) for index in range(examples)][self.rank.rank :: self.rank.count]
        size = self.settings.test_batch_size
        batches = [mine[start : start + size] for start in range(0, len(mine), size)]
        total = torch.zeros(3, dtype=torch.float64)
        shown: list[Tensor] = []
        for inputs, truths in reader.read(batches):
            window, wanted = inputs.to(self.rank.device), truths.to(self.rank.device)
            made = network(self._window(network, window), self.positions).float()
            loss = self.criterion(made.flatten(0, 1), wanted.flatten(0, 1))
            errors = ((made - wanted) ** 2).mean(dim=(2, 3, 4))
            total += torch.tensor(
                [
                    float(loss) * len(inputs),
                    float((-10 * torch.log10(errors + 1e-8)).mean(1).sum()),
                    len(inputs),
                ]
            )
            if len(shown) < GRID_ROWS and self.rank.leads:
                shown.append(picture_grid(window[:1], made[:1], wanted[:1]))
        self.network.train()
        loss_sum, psnr_sum, count = self._sum(total.to(self.rank.device, torch.float32))
        psnr = psnr_sum / count
        assert self.schedule is not None
        self.schedule.after_validation(loss_sum / count)
        if board is not None:
            board.note(self.step, {"epoch": self.epoch, "held_out_loss": loss_sum / count, "psnr_db": psnr})
            board.show(self.step, shown)
            if psnr > self.best_psnr:
                self.save(self.settings.folder / "model_best.pth", psnr=psnr)
        self.best_psnr = max(self.best_psnr, psnr)

    # --- checkpoints ----------------------------------------------------------------------------------

    def save(self, path: Path, *, psnr: float | None = None) -> None:
        """Everything a resumed course needs, in the authors' layout, whole or not at all.

        With `psnr` the weights are those that were measured.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        network = self.network if psnr is None else self.measured
        record = {
            "epoch": self.epoch,
            "state_dict": {name: value.contiguous() for name, value in network.state_dict().items()},
            "optimizer": self.optimizer.state_dict(),
            "best_psnr": self.best_psnr if psnr is None else psnr,
            "lr": self.optimizer.param_groups[0]["lr"],
            "step": self.step,
            "batches_done": self.batches_done,
            "average": None if self.average is None else self.average.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state(),
        }
        temporary = path.with_suffix(".part")
        torch.save(record, temporary)
        temporary.replace(path)
        self._saved = time.monotonic()

    def load(self, path: Path) -> None:
        """Go on exactly where `save` was called.

        Raises:
            ModelError: when the checkpoint is of another network or was not written by a course.
        """
        try:
            record = torch.load(path, map_location=self.rank.device, weights_only=True)
            self.network.load_state_dict(record["state_dict"])
            self.optimizer.load_state_dict(record["optimizer"])
            if self.average is not None and record["average"] is not None:
                self.average.load_state_dict(record["average"])
            self.epoch, self.step = record["epoch"], record["step"]
            self.batches_done, self.best_psnr = record["batches_done"], record["best_psnr"]
            self._pending_schedule = record["schedule"]
        except (OSError, KeyError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"{path} is not a checkpoint of this course: {reason}",
                "Give its --model and outputs, or another --exp_name; --load_from takes weights alone.",
            ) from error


def describe(settings: CourseSettings, network: Network, train: Examples, held_out: Examples | None) -> str:
    """What is about to be trained, one JSON line."""
    facts = {
        "network": network.name or network.architecture,
        "parameters": network.num_parameters,
        "examples": len(train),
        "held_out": len(held_out) if held_out is not None else 0,
        "folder": str(settings.folder),
    }
    return json.dumps(facts)
