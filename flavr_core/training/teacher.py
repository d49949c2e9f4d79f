"""Pictures of another network, to be learnt from as well."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import torch
from torch import Tensor

from flavr_core.errors import ModelError
from flavr_core.model.fourflow import FourFlow
from flavr_core.model.network import Network
from flavr_core.training.batches import Batch

LARGEST_DENOMINATOR = 64
"""Positions of a batch are such fractions."""


@torch.no_grad()
def fill_from_teacher(teacher: Network, batch: Batch, *, first: int = 0) -> Batch:
    """A batch whose unknown truths that are asked for are the teacher's pictures, where it can draw there.

    Samples before the one numbered `first` are known to be complete, and are not drawn.
    """
    rows = torch.arange(first, len(batch.times), device=batch.times.device)
    asked = batch.asked[first:]
    taught, has_taught = draw_taught(teacher, batch.window[first:], batch.times[rows, asked])
    known, truths = batch.known.clone(), batch.truths.clone()
    is_missing = (known[rows, asked] == 0) & (has_taught > 0)
    missing = is_missing[:, None, None, None]
    truths[rows, asked] = torch.where(missing, taught.clamp(0, 1), truths[rows, asked])
    known[rows, asked] = torch.where(is_missing, 1.0, known[rows, asked])
    return replace(batch, truths=truths, known=known)


def draw_taught(teacher: Network, window: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """What `teacher` draws at each sample's own position, and whether it can draw there.

    Convention: window (N, 4, 3, H, W) and t (N,) as in a `Batch`; returns pictures (N, 3, H, W) float32,
    black where the teacher reaches no such position, and (N,) float32, 1 where it does.
    """
    if isinstance(teacher, FourFlow):  # any position of each sample in one pass
        taught = teacher.predict(teacher.encode(window, levels=2), t).image.float()
        return taught, torch.ones_like(t)
    seen = window if teacher.num_inputs == window.shape[1] else window[:, 1:3]
    pictures = torch.zeros_like(window[:, 1])
    reached = torch.zeros_like(t)
    samples_at: dict[Fraction, list[int]] = {}
    for sample, place in enumerate(t.tolist()):
        position = Fraction(place).limit_denominator(LARGEST_DENOMINATOR)
        samples_at.setdefault(position, []).append(sample)
    for position, samples in samples_at.items():
        try:
            places = teacher.snap([position])
        except ModelError:
            continue
        pictures[samples] = teacher(seen[samples], places)[:, 0].to(pictures.dtype)
        reached[samples] = 1.0
    return pictures, reached
