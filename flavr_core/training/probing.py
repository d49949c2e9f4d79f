"""How many samples a step is to see: as few as keep the device nearly as busy as it can be."""

from __future__ import annotations

import copy
import gc
import time
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import distributed as dist

from flavr_core.errors import DeviceError
from flavr_core.model.network import Network
from flavr_core.training.batches import draw_batch
from flavr_core.training.clips import ClipBank
from flavr_core.training.leg_settings import LegSettings
from flavr_core.training.loop import Trainer
from flavr_core.training.ranks import Rank

ENOUGH = 0.9
"""Of the highest rate: smaller batches that reach it see as much, in more steps."""
BUSY_SECONDS = 0.08
"""A step that takes so long keeps the device busy: larger batches are not tried."""
PROBE_SECONDS = 3.0
"""Spent on timing each size, the recording not counted."""
PROBE_STEPS = 8
"""At most so many steps are timed."""


def choose_batch(
    network: Network,
    settings: LegSettings,
    choices: Sequence[int],
    rank: Rank,
    *,
    bank: ClipBank | None,
    teacher: Network | None,
) -> int:
    """The size of batch to train with, of `choices`; a copy of the network takes a few steps with each.

    Raises:
        DeviceError: when there is too little memory for all of them.
    """
    rates = torch.zeros(len(choices), device=rank.device)
    order = sorted(range(len(choices)), key=lambda number: choices[number])
    for number in order:
        size = choices[number]
        try:
            tried = replace(settings, batch=replace(settings.batch, size=size))
            rates[number] = _rate(network, tried, rank, bank, teacher)
        except torch.OutOfMemoryError:
            break
        finally:
            gc.collect()
            if rank.device.type == "cuda":
                torch.cuda.empty_cache()
        if size > BUSY_SECONDS * rates[number]:
            break
    if rank.count > 1:
        dist.all_reduce(rates, op=dist.ReduceOp.MIN)
    found = {choices[number]: float(rates[number]) for number in order}
    best = max(found.values())
    if best <= 0:
        raise DeviceError("There is too little memory for any of these batches.", "Give smaller ones.")
    chosen = next(size for size, rate in found.items() if rate >= ENOUGH * best)
    if rank.leads:
        rows = ", ".join(f"{size}: {rate:.0f}" for size, rate in found.items() if rate)
        print(f"samples a second by batch: {rows}; taken: {chosen}", flush=True)
    return chosen


def _rate(
    network: Network, settings: LegSettings, rank: Rank, bank: ClipBank | None, teacher: Network | None
) -> float:
    """Samples a second of one size, batches drawn included."""
    alone = Rank(0, 1, rank.device)
    trainer = Trainer(copy.deepcopy(network), settings, alone, teacher=teacher)
    draw = settings.batch

    def step(number: int) -> int:
        batch = draw_batch(trainer.batch_settings, bank, step=number, rank=rank.rank, device=rank.device)
        loss, _ = trainer.train_step(batch, 0.0)
        if number % 4 == 0:
            float(loss)  # waits for the device
        return len(batch.t)

    crops = 1 + len(draw.other_crops)
    for number in range(crops):  # records each size of crop
        step(number)
    _wait(rank.device)
    begun, seen, number = time.monotonic(), 0, 0
    while number < PROBE_STEPS and time.monotonic() - begun < PROBE_SECONDS:
        seen += step(crops + number)
        number += 1
    _wait(rank.device)
    return seen / (time.monotonic() - begun)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
