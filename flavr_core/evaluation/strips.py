"""The worst cases of an evaluation as pictures to look at."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image

from flavr_core.errors import OutputError
from flavr_core.evaluation.contest import Drawing
from flavr_core.evaluation.metrics import LOWER_IS_BETTER
from flavr_core.evaluation.samples import Picture8

DIFFERENCE_GAIN = 4
"""By how much differences are brightened to be seen."""


class WorstCases:
    """Keeps the worst drawings of each network and clip as strips; nothing else stays in memory."""

    def __init__(self, *, keep: int, metrics: Sequence[str]) -> None:
        """Keep `keep` strips a network and clip, judged by the first of `metrics` that was measured."""
        self._keep = keep
        self._metrics = tuple(metrics)
        self._order = count()
        self._heaps: dict[tuple[str, str], list[tuple[float, int, str, Picture8]]] = {}

    def add(self, drawing: Drawing) -> None:
        """Remember the drawing if it is among the worst."""
        metric = next((name for name in self._metrics if name in drawing.score.values), None)
        if metric is None:
            return
        heap = self._heaps.setdefault((drawing.network, drawing.sample.group), [])
        value = drawing.score.values[metric]
        badness = value if metric in LOWER_IS_BETTER else -value
        if len(heap) >= self._keep and badness <= heap[0][0]:
            return
        position = drawing.truth.position
        place = f"-{position.numerator}of{position.denominator}" if len(drawing.sample.truths) > 1 else ""
        name = f"{drawing.sample.group}-{drawing.sample.name}{place}-{drawing.network}-{value:.2f}"
        heapq.heappush(heap, (badness, next(self._order), name, strip(drawing)))
        if len(heap) > self._keep:
            heapq.heappop(heap)

    def save(self, folder: Path) -> list[Path]:
        """Write all strips as PNG, the value of the metric in each name; returns their paths.

        Raises:
            OutputError: when the folder cannot be written.
        """
        paths = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for heap in self._heaps.values():
                for _, _, name, picture in sorted(heap, reverse=True):
                    safe = re.sub(r"[^\w.-]+", "_", name)
                    path = folder / f"{safe}.png"
                    Image.fromarray(picture).save(path)
                    paths.append(path)
        except OSError as error:
            raise OutputError(
                f"The pictures cannot be written to '{folder}': {error.strerror or error}.",
                "Choose another folder with --pictures.",
            ) from error
        return paths


def strip(drawing: Drawing) -> Picture8:
    """Before, after, made, truth and their brightened difference, side by side."""
    truth = drawing.truth.picture
    if truth is None:
        raise ValueError("there is nothing to compare a drawing with")
    difference = np.abs(drawing.made.astype(np.int16) - truth) * DIFFERENCE_GAIN
    return np.concatenate(
        [
            drawing.sample.inputs[1],
            drawing.sample.inputs[2],
            drawing.made,
            truth,
            np.minimum(difference, 255).astype(np.uint8),
        ],
        axis=1,
    )
