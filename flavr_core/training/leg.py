"""One leg of training from files to files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import distributed as dist

from flavr_core.errors import ModelError
from flavr_core.model import load
from flavr_core.model.fourflow import FourFlow
from flavr_core.training.clips import ClipBank, build_bank, default_workers, find_clips
from flavr_core.training.loop import LegSettings, Trainer
from flavr_core.training.ranks import Rank, join_ranks
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
    start: Path | None = None
    """Weights to begin with when there is no checkpoint."""
    start_step: int = 0
    """Steps that those weights have seen."""
    new_leg: bool = False
    """Whether a found checkpoint's leg is over and another begins."""
    teacher: str | None = None
    """Name or file of a network whose pictures are learnt from as well."""
    find_cuts: bool = False
    """Whether clips have cuts, which are to be found; else each clip is taken for one shot."""


def run_leg(settings: LegSettings, files: LegFiles, *, device_type: str, started: float) -> Trainer:
    """Train one leg; write the weights in half precision, those of before a fall as `trunk.safetensors`."""
    rank = join_ranks(device_type)
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    bank = _open_bank(files, rank)
    validation = read_validation(files.validation, rank.device) if files.validation and rank.leads else None
    torch.manual_seed(settings.batch.seed)
    network = FourFlow() if files.start is None else _begun(files.start)
    teacher = load(files.teacher) if files.teacher is not None else None
    trainer = Trainer(network, settings, rank, teacher=teacher)
    trainer.step = files.start_step
    checkpoint = settings.folder / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
        if files.new_leg:
            trainer.leg_step, trainer.falling = 0, False
    trainer.run(bank, validation, started)
    if rank.leads:
        export_average(trainer, settings.folder / "average.safetensors")
        if (settings.folder / "trunk.pt").exists():
            trainer.load(settings.folder / "trunk.pt")
            export_average(trainer, settings.folder / "trunk.safetensors")
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
    return trainer


def _begun(path: Path) -> FourFlow:
    """The default network with the weights of a file."""
    found = load(str(path))
    if not isinstance(found, FourFlow):
        raise ModelError(
            f"'{path}' holds weights of {found.architecture}, not of the default network.",
            "Legs train the default network; for others use --dataset.",
        )
    network = FourFlow(found.widths)
    network.load_state_dict(found.state_dict())
    return network


def export_average(trainer: Trainer, path: Path) -> None:
    """Write the averaged weights in half precision."""
    state = {
        name: value.detach().half().cpu().contiguous() for name, value in trainer.average.state_dict().items()
    }
    temporary = path.with_suffix(".part")
    save_file(state, temporary, metadata={"architecture": "fourflow", "step": str(trainer.step)})
    temporary.replace(path)


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
