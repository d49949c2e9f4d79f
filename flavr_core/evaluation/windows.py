"""Held-out windows as pictures, with which training measures itself: `train --validation`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.errors import OutputError
from flavr_core.evaluation.samples import Picture8, Sample

EACH = 4
"""Windows of a clip."""
SIZE = (320, 512)
"""Rows and columns at most."""
STEP = 32
"""Distance of the places that are looked at, pixels."""
QUALITY = 92
"""Of the JPEG files: of compressed clips they lose little, and PNG would be six times as large."""


def save_windows(samples: Iterable[Sample], folder: Path) -> int:
    """Write `CLIP_WINDOW_FRAME.jpg`: some samples of each group, where they move most.

    FRAME is 0 to 3 for the inputs and 4 for the truth, the one in the middle of the gap. CLIP begins with
    "two-" where the outer inputs are copies: both kinds may lie in one folder and are told apart.

    Args:
        samples: those of a group one after the other.
        folder: is made; must be empty.

    Returns:
        How many windows were written.

    Raises:
        OutputError: when the folder holds anything or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(f"'{folder}' is not empty.", "Give a new folder.")
        windows = 0
        for group, members in groupby(samples, key=lambda sample: sample.group):
            clip = group.replace(".", "-")
            for number, sample in enumerate(spread(members, EACH)):
                truth = sample.truths[len(sample.truths) // 2].picture
                assert truth is not None
                name = f"two-{clip}" if sample.outer_copied else clip
                place = liveliest(sample.inputs[1], sample.inputs[2])
                for frame, picture in enumerate((*sample.inputs, truth)):
                    _write(folder / f"{name}_{number}_{frame}.jpg", picture[place])
                windows += 1
    except OSError as error:
        raise OutputError(
            f"'{folder}' cannot be written: {error.strerror}.", "Give another folder."
        ) from error
    return windows


def spread(samples: Iterable[Sample], count: int) -> list[Sample]:
    """As many samples of a stream, evenly apart, holding twice as many at most."""
    kept: list[Sample] = []
    apart = 1
    for number, sample in enumerate(samples):
        if number % apart:
            continue
        kept.append(sample)
        if len(kept) == 2 * count:
            kept, apart = kept[::2], 2 * apart
    return kept[:: max(1, (len(kept) + 1) // count)][:count]


def liveliest(before: Picture8, after: Picture8) -> tuple[slice, slice]:
    """Rows and columns of the part, `SIZE` at most, in which two pictures differ most."""
    rows, columns = (min(most, size) for most, size in zip(SIZE, before.shape[:2], strict=True))
    change: NDArray[np.float64] = np.abs(before.astype(np.int16) - after).mean(axis=2)
    sums = cv2.integral(change)

    def changed(place: tuple[int, int]) -> float:
        top, left = place
        bottom, right = top + rows, left + columns
        return float(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])

    top, left = max(_places(before.shape[0] - rows, before.shape[1] - columns), key=changed)
    return slice(top, top + rows), slice(left, left + columns)


def _places(lowest: int, rightmost: int) -> Iterator[tuple[int, int]]:
    for top in range(0, lowest + 1, STEP):
        for left in range(0, rightmost + 1, STEP):
            yield top, left


def _write(path: Path, picture: Picture8) -> None:
    bgr = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    path.write_bytes(data.tobytes())
