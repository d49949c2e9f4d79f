"""The loop: any number of GPUs, one flat vector of parameters, atomic checkpoints, legs of given length.

The learning rate warms up, stays constant (the trunk) and may fall to zero at the end of a leg. Weights
to ship come from a leg with that fall; the next leg goes on from the trunk as it was before the fall, so that
legs of any number add up. The running average of the weights is what is measured and kept. How a network is
taught says its lesson (`lessons`).
"""

from __future__ import annotations

import contextlib
import copy
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist

from flavr_core.errors import ModelError
from flavr_core.model.fused import plain_only
from flavr_core.model.network import Network
from flavr_core.training.batches import Batch, BatchStream, draw_batch
from flavr_core.training.boards import Board
from flavr_core.training.clips import ClipBank
from flavr_core.training.flat_parameters import FlatParameters
from flavr_core.training.kept_weights import write_weights
from flavr_core.training.leg_settings import LegSettings, describe_recipe
from flavr_core.training.lessons import half_products, lesson_for
from flavr_core.training.losses import laplacian_l1
from flavr_core.training.optimizers import FlatOptimizer
from flavr_core.training.ranks import Rank
from flavr_core.training.recorded_steps import RecordedSteps
from flavr_core.training.teacher import draw_taught, fill_from_teacher
from flavr_core.training.validation import ValidationSet, cross_faded, validate

LOOK_EVERY = 20
"""Steps between two looks at the clock and the loss on a GPU: each look waits for it."""


class Trainer:
    """Trains one network; see the module's docstring."""

    def __init__(
        self, network: Network, settings: LegSettings, rank: Rank, *, teacher: Network | None = None
    ) -> None:
        """Take a network and a teacher to the rank's device.

        Raises:
            SettingsError: when legs cannot train the network, or not with this loss.
        """
        self.settings, self.rank = settings, rank
        self.lesson = lesson_for(network, settings.loss, rank.device)
        self.batch_settings = replace(settings.batch, grid=self.lesson.grid, has_flow=self.lesson.has_flow)
        self.teacher = None if teacher is None else teacher.to(rank.device).requires_grad_(False).eval()
        self.network = network.to(rank.device).train()
        self.average = copy.deepcopy(self.network).eval()
        self.flat = FlatParameters(self.network, gradients=True)
        self.flat_average = FlatParameters(self.average, gradients=False)
        self.optimizer = FlatOptimizer(self.flat, weight_decay=settings.weight_decay, muon=settings.muon)
        self.step = 0
        self.leg_step = 0
        self.falling = False
        self.samples = 0
        self.fault_step = torch.full((), -1, device=rank.device)
        self._loss = torch.compile(self._compute) if settings.compile else self._compute
        is_recorded = rank.device.type == "cuda" and not (settings.compile or settings.eager)
        self._recorded = RecordedSteps(self._differentiate) if is_recorded else None

    def _compute(self, batch: Batch) -> tuple[Tensor, Tensor]:
        outcome = self.lesson(batch)
        loss = outcome.loss
        if batch.taught is not None and batch.has_taught is not None:
            share = batch.has_taught[:, None, None, None]
            distance = laplacian_l1(outcome.images[:, 0] * share, batch.taught * share)
            loss = loss + self.settings.teacher_weight * distance
        return loss, outcome.errors

    def _ask_teacher(self, batch: Batch) -> Batch:
        """The batch with what a teacher draws: truths that are missing, or pictures beside the truth."""
        if self.teacher is None:
            return batch
        with plain_only(), half_products(self.rank.device):
            if batch.times.shape[1] > 1:
                return fill_from_teacher(
                    self.teacher, batch, first=self.batch_settings.rendered_of(len(batch.t))
                )
            taught, has_taught = draw_taught(self.teacher, batch.window, batch.t)
        return replace(batch, taught=taught, has_taught=has_taught)

    def _differentiate(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Loss and squared errors; the gradients are in the flat vector."""
        assert self.flat.gradients is not None
        self.flat.gradients.zero_()
        loss, errors = self._loss(batch)
        # On a CPU the way back through a warp whose flow is no number ends the process.
        if loss.device.type == "cuda" or bool(loss.isfinite()):
            loss.backward()
        return loss.detach(), errors

    def train_step(self, batch: Batch, factor: float) -> tuple[Tensor, Tensor]:
        """One step on this rank's part of the batch, the rate times `factor`: loss and squared errors."""
        run = self._differentiate if self._recorded is None else self._recorded
        loss, errors = run(self._ask_teacher(batch))
        gradients = self.flat.gradients
        assert gradients is not None
        if self.rank.count > 1:
            dist.all_reduce(gradients)
            gradients.div_(self.rank.count)
        norm = gradients.norm()
        gradients.mul_((self.settings.max_norm / (norm + 1e-6)).clamp(max=1.0))
        # A step whose loss or gradient is not finite teaches nothing; the loop stops at its next look.
        is_fault = ~(loss.isfinite() & norm.isfinite())
        self.fault_step = torch.where(is_fault & (self.fault_step < 0), self.step, self.fault_step)
        gradients.nan_to_num_(0.0, 0.0, 0.0)
        self.optimizer.step(self.settings.learning_rate * factor)
        decay = min(self.settings.ema, (self.step + 1) / (self.step + 10))
        self.flat_average.values.lerp_(self.flat.values, 1 - decay)
        self.step += 1
        self.leg_step += 1
        self.samples += batch.t.shape[0] * self.rank.count
        return loss, errors

    def run(self, bank: ClipBank | None, validation: ValidationSet | None, started: float) -> None:
        """Train until the leg is over; checkpoints, the curve and the final weights land in the folder."""
        settings, last_save = self.settings, time.monotonic()
        begun, seen = time.monotonic(), 0
        losses: list[Tensor] = []
        factor, over = 1.0, False
        if self._recorded is not None:
            # Before a thread begins to draw batches: nothing may be allocated while a step is recorded.
            for step in range(1 + len(settings.batch.other_crops)):
                self._recorded(self._ask_teacher(self._draw(bank, step)))
        batches = BatchStream(
            self.batch_settings, bank, first_step=self.step, rank=self.rank.rank, device=self.rank.device
        )
        board = Board(settings.folder, tensorboard=settings.board) if self.rank.leads else None
        with contextlib.closing(batches), contextlib.closing(board) if board else contextlib.nullcontext():
            while self.leg_step < settings.max_steps:
                if self._is_look():
                    self._stop_at_fault(bank)
                    factor, over = self._look(time.monotonic() - started)
                    if over:
                        break
                self._note_fall(factor)
                warm = min(1.0, (self.leg_step + 1) / max(settings.warmup_steps, 1))
                batch = batches.take()
                loss, errors = self.train_step(batch, warm * self._fine_factor(factor))
                if self._is_look() or not losses:
                    losses.append(torch.stack((loss, -10 * torch.log10(errors + 1e-8).mean())))
                seen += batch.t.shape[0] * self.rank.count
                is_late = time.monotonic() - begun > settings.validate_seconds
                if self.leg_step % settings.validate_steps == 0 or (is_late and self._is_look()):
                    self._stop_at_fault(bank)
                    now = time.monotonic()
                    rate = seen / (now - begun)
                    self._record(board, validation, losses, rate=rate, elapsed=now - started, factor=factor)
                    losses, seen, begun = [], 0, time.monotonic()
                if self.rank.leads and time.monotonic() - last_save > settings.checkpoint_seconds:
                    self.keep()
                    last_save = time.monotonic()
            self._stop_at_fault(bank)
            now = time.monotonic()
            rate = seen / (now - begun)
            self._record(board, validation, losses, rate=rate, elapsed=now - started, factor=factor)
        if self.rank.leads:
            self.keep()

    def _is_look(self) -> bool:
        """Whether clock and loss are looked at before or after this step; the same on all ranks."""
        return self.leg_step % (LOOK_EVERY if self.rank.device.type == "cuda" else 1) == 0

    def _fine_factor(self, factor: float) -> float:
        """The rate's fall in steps is exact; the fall in seconds is as of the last look."""
        settings = self.settings
        if settings.fall_steps:
            return min(1.0, (settings.max_steps - self.leg_step) / (settings.fall_steps + 1))
        return factor

    def _note_fall(self, factor: float) -> None:
        """Keep the trunk when the rate begins to fall."""
        begins = self._fine_factor(factor) < 1 and not self.falling
        self.falling = self.falling or begins
        if begins and self.rank.leads:
            self.save(self.settings.folder / "trunk.pt")
            self._write_average("trunk")

    def _look(self, elapsed: float) -> tuple[float, bool]:
        """The rate's factor by the clock and whether the leg is over; all ranks agree on rank 0's clock."""
        settings = self.settings
        shared = torch.tensor([elapsed], dtype=torch.float64, device=self.rank.device)
        if self.rank.count > 1:
            dist.broadcast(shared, src=0)
        elapsed = float(shared.item())
        left = settings.max_seconds - elapsed
        factor = 1.0
        if settings.fall_seconds and left < settings.fall_seconds:
            factor = max(0.0, left / settings.fall_seconds)
        return factor, left <= 0

    def _stop_at_fault(self, bank: ClipBank | None) -> None:
        """ModelError when a step's loss or gradient was not finite; its batch is drawn again, and saved."""
        fault = int(self.fault_step)
        if fault < 0:
            return
        batch = self._draw(bank, fault)
        path = self.settings.folder / f"fault-{self.rank.rank}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        names = ("window", "truths", "times", "known", "flow", "has_flow")
        record = {name: getattr(batch, name).cpu() for name in names}
        torch.save({**record, "step": fault, "parameters": self.flat.values.cpu()}, path)
        raise ModelError(
            f"The loss or its gradient is not a number at step {fault}; the batch is in {path}.",
            "Go on from the last checkpoint with a lower --lr, or look at the batch.",
        )

    def _record(
        self,
        board: Board | None,
        validation: ValidationSet | None,
        losses: list[Tensor],
        *,
        rate: float,
        elapsed: float,
        factor: float,
    ) -> None:
        if board is None or not losses:
            return
        mean = torch.stack(losses).mean(dim=0).tolist()
        entry: dict[str, Any] = {
            "samples": self.samples,
            "seconds": round(elapsed, 1),
            "samples_per_second": round(rate, 1),
            "rate_factor": round(factor, 4),
            "loss": round(mean[0], 5),
            "train_psnr_db": round(mean[1], 3),
        }
        if validation is not None:
            scores, rows = validate(self.average, validation)
            board.show(self.step, rows)
            entry["psnr_db"] = round(sum(scores.values()) / len(scores), 3)
            entry["clips"] = {name: round(score, 2) for name, score in scores.items()}
        board.note(self.step, entry)
        if validation is not None and 0 < self.settings.sane_steps <= self.step:
            self._stop_below(entry["psnr_db"], cross_faded(validation))

    def _stop_below(self, score_db: float, faded_db: float) -> None:
        """ModelError when held-out windows are drawn worse than by a mean of two frames."""
        if score_db < faded_db:
            raise ModelError(
                f"After {self.step} steps held-out pictures have {score_db:.2f} dB, "
                f"the mean of two frames has {faded_db:.2f}.",
                "That is a bug or a rate much too high; the leg was stopped.",
            )

    def _draw(self, bank: ClipBank | None, step: int) -> Batch:
        """This rank's batch of a step."""
        return draw_batch(self.batch_settings, bank, step=step, rank=self.rank.rank, device=self.rank.device)

    def _shapes(self) -> dict[str, list[int]]:
        """What tells networks apart."""
        return {name: list(value.shape) for name, value in self.network.state_dict().items()}

    def keep(self) -> None:
        """Write the checkpoint, and the average as weights."""
        self.save(self.settings.folder / "checkpoint.pt")
        self._write_average("average")

    def _write_average(self, name: str) -> None:
        path = self.settings.folder / f"{name}.safetensors"
        about = {"step": str(self.step), "samples": str(self.samples), "seed": str(self.settings.batch.seed)}
        write_weights(
            self.average,
            path,
            {**about, "recipe": describe_recipe(self.settings, self.network, self.rank.count, self.teacher)},
        )

    def save(self, path: Path) -> None:
        """Everything that a resumed run needs, written under a temporary name and renamed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "shapes": self._shapes(),
            "parameters": self.flat.values,
            "average": self.flat_average.values,
            **self.optimizer.state(),
            "step": self.step,
            "leg_step": self.leg_step,
            "samples": self.samples,
            "falling": self.falling,
        }
        temporary = path.with_suffix(".part")
        torch.save(record, temporary)
        temporary.replace(path)

    def load(self, path: Path) -> None:
        """Go on exactly where `save` was called."""
        record = torch.load(path, map_location=self.rank.device, weights_only=True)
        if record.get("shapes") != self._shapes():
            raise ModelError(
                f"{path} is of another network, or one of other widths.", "Give the same --model."
            )
        self.flat.values.copy_(record["parameters"])
        self.flat_average.values.copy_(record["average"])
        self.optimizer.load(record)
        self.step, self.leg_step, self.samples = record["step"], record["leg_step"], record["samples"]
        self.falling = record["falling"]
