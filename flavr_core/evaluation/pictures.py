"""Pictures of data sets, from files to samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from flavr_core.errors import MediaError
from flavr_core.evaluation.datasets import DataSet, Entry
from flavr_core.evaluation.samples import Picture8, Sample, Truth


def dataset_samples(dataset: DataSet) -> Iterator[Sample]:
    """The samples of a data set in its order, each read when its turn comes.

    Raises:
        MediaError: when a picture cannot be read, or those of one sample differ in size.
    """
    for entry in dataset.entries:
        yield read_sample(entry)


def read_sample(entry: Entry) -> Sample:
    """One sample; of two inputs each is given twice, and the sample says so.

    Raises:
        MediaError: when a picture cannot be read, or they differ in size.
    """
    inputs = [_read(path, entry.crop) for path in entry.inputs]
    truths = tuple(
        Truth(position=position, picture=None if path is None else _read(path, entry.crop))
        for position, path in entry.truths
    )
    sizes = {picture.shape for picture in inputs}
    sizes.update(truth.picture.shape for truth in truths if truth.picture is not None)
    if len(sizes) > 1:
        listed = ", ".join(f"{columns}x{rows}" for rows, columns, _ in sorted(sizes))
        raise MediaError(
            f"The pictures of sample {entry.group}/{entry.name} have different sizes: {listed}.",
            f"See '{entry.inputs[0].parent}'.",
        )
    first, last = (inputs[0], inputs[-1])
    before, after = inputs[len(inputs) // 2 - 1 : len(inputs) // 2 + 1]
    return Sample(
        group=entry.group,
        name=entry.name,
        inputs=(first, before, after, last),
        truths=truths,
        outer_copied=len(inputs) == 2,
    )


def _read(path: Path, crop: tuple[int, int] | None) -> Picture8:
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise MediaError(f"'{path}' has more than 8 bits.", "The data sets' pictures have 8.")
            picture = np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
        raise MediaError(f"'{path}' cannot be read: {error}.", "Unpack the data set anew.") from error
    return picture if crop is None else centre_crop(picture, *crop)


def centre_crop(picture: Picture8, rows: int, columns: int) -> Picture8:
    """The middle of a picture; halves of pixels go to the even side, a side that is shorter stays whole."""
    height, width = picture.shape[:2]
    rows, columns = min(rows, height), min(columns, width)
    top, left = round((height - rows) / 2), round((width - columns) / 2)
    return np.ascontiguousarray(picture[top : top + rows, left : left + columns])
