"""Batches of examples, read and augmented by processes of their own that stay for all passes of a course."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from flavr_core.errors import FlavrError
from flavr_core.training.augmentation import Augmentation, apply, draw, middle_crop
from flavr_core.training.examples import Examples

HELD_OUT_PX = (512, 512)
"""Largest width and height of what is asked of held-out examples; larger pictures give their middle."""


class Key(NamedTuple):
    """Which example, and in which epoch; held-out ones are the same in all."""

    number: int
    """In its set."""
    epoch: int = 0
    """From which augmentation is drawn."""
    held_out: bool = False
    """Of which set."""


Batches = Sequence[Sequence[Key]]


class _Drawn(Dataset[tuple[Tensor, Tensor] | FlavrError]):
    """Examples by key, those to train on augmented."""

    def __init__(
        self, train: Examples, held_out: Examples | None, augmentation: Augmentation, seed: int
    ) -> None:
        self._train, self._held_out = train, held_out
        self._augmentation, self._seed = augmentation, seed

    def __getitem__(self, key: Key) -> tuple[Tensor, Tensor] | FlavrError:
        try:
            return self._get(key)
        except FlavrError as error:
            return error  # raised in a worker it would come out as a traceback

    def _get(self, key: Key) -> tuple[Tensor, Tensor]:
        numbers = np.random.default_rng([self._seed, key.epoch, key.number])
        if key.held_out:
            assert self._held_out is not None
            example = middle_crop(self._held_out.read(key.number, numbers), *HELD_OUT_PX)
            settings = Augmentation(crop_px=None, flips=False, reversal=False, jitter=0)
        else:
            example, settings = self._train.read(key.number, numbers), self._augmentation
        height, width = example.inputs.shape[1:3]
        inputs, truths = apply(draw(settings, height, width, numbers), example)
        return torch.from_numpy(inputs), torch.from_numpy(truths)


class _Pass:
    """The batches that are read next; what a loader that keeps its processes asks at the start of a pass."""

    def __init__(self) -> None:
        self.batches: Batches = ()

    def __iter__(self) -> Iterator[Sequence[Key]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


def _together(items: list[tuple[Tensor, Tensor] | FlavrError]) -> Any:
    """Examples as one batch, or what went wrong with one of them."""
    fault = next((item for item in items if isinstance(item, FlavrError)), None)
    return default_collate(items) if fault is None else fault


def _calm_worker(_: int) -> None:
    """Processes that read pictures get by with one thread each."""
    cv2.setNumThreads(1)


class BatchReader:
    """Reads a set to train on and a held-out one, pass by pass."""

    def __init__(
        self,
        train: Examples,
        held_out: Examples | None,
        *,
        augmentation: Augmentation,
        seed: int,
        workers: int,
        pinned: bool,
    ) -> None:
        """Take the sets.

        Args:
            train: examples that are augmented.
            held_out: examples that are not, the middle HELD_OUT_PX of larger ones.
            augmentation: how the first are.
            seed: of everything drawn.
            workers: processes that read; 0: this one. They start with the first pass.
            pinned: whether batches lie in memory from which a GPU can fetch them.
        """
        self._pass = _Pass()
        self._loader: DataLoader[Any] = DataLoader(
            _Drawn(train, held_out, augmentation, seed),
            batch_sampler=self._pass,  # type: ignore[arg-type]
            num_workers=workers,
            persistent_workers=workers > 0,
            # A forked copy of a process with threads (OpenCV's, torch's) may find their locks held for ever.
            multiprocessing_context="forkserver" if workers and os.name == "posix" else None,
            pin_memory=pinned,
            collate_fn=_together,
            worker_init_fn=_calm_worker,
        )

    def read(self, batches: Batches) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs (N, 4, 3, H, W) and truths (N, P, 3, H, W) of each batch, float32 RGB in [0, 1].

        Raises:
            FlavrError: what went wrong while reading an example, in whatever process.
        """
        self._pass.batches = batches
        for loaded in self._loader:
            if isinstance(loaded, FlavrError):
                raise loaded
            yield loaded[0], loaded[1]
