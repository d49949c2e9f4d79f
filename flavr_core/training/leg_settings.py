"""What a leg of training is like, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flavr_core.model.network import Network
from flavr_core.training.batches import BatchSettings
from flavr_core.training.lessons import LOSSES
from flavr_core.training.shifts_first import ShiftSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSettings:
    """One stretch of training."""

    folder: Path
    """Where checkpoints and the curve go."""
    batch: BatchSettings = field(default_factory=BatchSettings)
    """What a step sees on each device."""
    learning_rate: float = 4e-4
    """Of the trunk."""
    warmup_steps: int = 500
    """Steps of this leg over which the rate rises."""
    weight_decay: float = 1e-4
    """Of all weights, a step, times the rate."""
    muon: bool = False
    """Whether inner filters are stepped by Muon, else all parameters by AdamW."""
    ema: float = 0.999
    """Of the running average, a step."""
    max_norm: float = 1.0
    """Gradients are shortened to this length."""
    max_steps: int = 1_000_000_000
    """Steps of this leg."""
    max_seconds: float = float("inf")
    """Length of this leg, the start included."""
    fall_seconds: float = 0.0
    """Of these, spent on letting the rate fall to zero."""
    fall_steps: int = 0
    """The same in steps."""
    checkpoint_seconds: float = 120.0
    """Between two checkpoints."""
    validate_steps: int = 1000
    """Between two measurements."""
    validate_seconds: float = float("inf")
    """The same by the clock, whichever is first."""
    sane_steps: int = 0
    """Steps of all legs after which a network that is below cross-fading is stopped; 0: never."""
    loss: str | None = None
    """What is minimised, in the grammar of `criteria`; None: what is usual for the network."""
    teacher_weight: float = 0.1
    """Of the distance to a teacher's pictures, where there is one."""
    compile: bool = False
    """Whether the step is compiled (minutes at the start); else it is recorded and replayed on CUDA."""
    eager: bool = False
    """Whether it is neither compiled nor recorded."""
    shifts: ShiftSettings = field(default_factory=ShiftSettings)
    """What a new UPR-Net is shown before its first leg."""
    board: bool = False
    """Whether TensorBoard's files are written as well."""


def describe_recipe(settings: LegSettings, network: Network, ranks: int, teacher: Network | None) -> str:
    """How a leg trains, in words for a card."""
    batch = settings.batch
    sizes = ((batch.height, batch.width), *batch.other_crops)
    parts = (
        f"bf16, {batch.size * ranks} samples a step",
        f"crops {', '.join(f'{columns}x{rows}' for rows, columns in sizes)}",
        f"{batch.synthetic_share:.0%} rendered",
        f"motion to {batch.max_motion_px:g} px",
        f"{'Muon and AdamW' if settings.muon else 'AdamW'} {settings.learning_rate:g}",
        f"weight decay {settings.weight_decay:g}",
        f"EMA {settings.ema:g}",
        settings.loss or LOSSES.get(network.architecture, "a loss of its own"),
        "" if teacher is None else f"taught by {teacher.name or teacher.architecture}",
    )
    return ", ".join(filter(None, parts))
