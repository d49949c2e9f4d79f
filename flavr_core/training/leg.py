"""One leg of training from files to files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import distributed as dist

from flavr_core.errors import ModelError
from flavr_core.model import load
from flavr_core.model.network import Network
from flavr_core.model.uprnet import UprNet
from flavr_core.training.beginnings import begin_anew
from flavr_core.training.clips import ClipBank, build_bank, default_workers, find_clips
from flavr_core.training.kept_weights import read_progress
from flavr_core.training.leg_settings import LegSettings
from flavr_core.training.lessons import lesson_for
from flavr_core.training.loop import Trainer
from flavr_core.training.probing import choose_batch
from flavr_core.training.ranks import Rank, join_ranks
from flavr_core.training.shifts_first import show_shifts
from flavr_core.training.validation import read_validation

CLIP_SCALES = (1.0, 0.82)
"""Sizes at which each clip is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFiles:
    """What a leg reads."""

    clips: tuple[Path, ...] = ()
    """Folders of clips; none: rendered motion alone."""
    bank: Path
    """Folder of decoded clips; made when it is not there."""
    validation: Path | None = None
    """Folder of held-out windows."""
    model: str | None = None
    """Name of the network to begin anew, see `begin_anew`; None: the default one, or that of `start`."""
    start: Path | None = None
    """Weights to begin with when there is no checkpoint."""
    start_step: int | None = None
    """Steps that those weights have seen; None: as the file says."""
    batch_choices: tuple[int, ...] = ()
    """Sizes of batch to choose from by trying; none: as the settings say."""
    new_leg: bool = False
    """Whether a found checkpoint's leg is over and another begins."""
    teacher: str | None = None
    """Name or file of a network whose pictures are learnt from as well."""
    find_cuts: bool = False
    """Whether clips have cuts, which are to be found; else each clip is taken for one shot."""


def run_leg(settings: LegSettings, files: LegFiles, *, device_type: str, started: float) -> Trainer:
    """Train one leg; the weights are in `average.safetensors`, those of before a fall in `trunk.safetensors`.

    Raises:
        ModelError: when weights to begin with do not fit, a step is not a number, or the network is found to
            learn nothing.
        SettingsError: when legs cannot train this network, or not so.
        DeviceError: when a batch does not fit on the device.
    """
    rank = join_ranks(device_type)
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    bank = _open_bank(files, rank)
    validation = read_validation(files.validation, rank.device) if files.validation and rank.leads else None
    torch.manual_seed(settings.batch.seed)
    network = _begin(files)
    if (
        files.start is None
        and isinstance(network, UprNet)
        and not (settings.folder / "checkpoint.pt").exists()
    ):
        show_shifts(network, settings.shifts, bank, rank, seed=settings.batch.seed)
    teacher = load(files.teacher) if files.teacher is not None else None
    if files.batch_choices:
        lesson_for(network, settings.loss, rank.device)  # says first what cannot be
        size = _batch_size(network, settings, files, rank, bank=bank, teacher=teacher)
        settings = replace(settings, batch=replace(settings.batch, size=size))
    trainer = Trainer(network, settings, rank, teacher=teacher)
    if files.start is not None:
        trainer.step, trainer.samples = read_progress(files.start)
    if files.start_step is not None:
        trainer.step = files.start_step
    checkpoint = settings.folder / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
        if files.new_leg:
            trainer.leg_step, trainer.falling = 0, False
    trainer.run(bank, validation, started)
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
    return trainer


def _begin(files: LegFiles) -> Network:
    """The network to train: a new one, or one with the weights of a file."""
    if files.start is None:
        return begin_anew(files.model or "fourflow")
    found = load(str(files.start))
    wanted = begin_anew(files.model).architecture if files.model is not None else found.architecture
    if found.architecture != wanted:
        raise ModelError(
            f"'{files.start}' holds weights of {found.architecture}, not of {wanted}.", "Leave --model away."
        )
    return found


def _batch_size(
    network: Network,
    settings: LegSettings,
    files: LegFiles,
    rank: Rank,
    *,
    bank: ClipBank | None,
    teacher: Network | None,
) -> int:
    """What was chosen when the leg began, or is chosen now."""
    noted = settings.folder / "batch.json"
    if noted.exists():
        return int(json.loads(noted.read_text(encoding="utf-8")))
    size = choose_batch(network, settings, files.batch_choices, rank, bank=bank, teacher=teacher)
    if rank.leads:
        settings.folder.mkdir(parents=True, exist_ok=True)
        noted.write_text(json.dumps(size), encoding="utf-8")
    return size


def _open_bank(files: LegFiles, rank: Rank) -> ClipBank | None:
    if not files.clips:
        return None
    if rank.leads and not (files.bank / "bank.json").exists():
        if files.find_cuts:
            # The other way needs no PyAV, which machines made for training may lack.
            from flavr_core.training.stretches import build_stretches, find_footage

            build_stretches(find_footage(files.clips), files.bank)
        else:
            build_bank(find_clips(files.clips), files.bank, scales=CLIP_SCALES, workers=default_workers())
    if rank.count > 1:
        dist.barrier()
    return ClipBank(files.bank, rank.device)
