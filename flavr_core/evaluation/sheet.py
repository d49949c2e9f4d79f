"""One picture of an evaluation: a row a clip, a column a network, between the frames filmed and the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from flavr_core.errors import OutputError, SettingsError
from flavr_core.evaluation.contest import Drawing
from flavr_core.evaluation.samples import Picture8, Sample, Truth

TILE_PX = (448, 256)
"""Largest width and height of a picture in the sheet; of larger ones a part is shown, pixel by pixel."""
TITLE_PX = 24
"""Height of the line of titles above the pictures, and of the line above each row."""
GAP_PX = 4
"""Between two pictures."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
"""Kinds of files a sheet can be."""


@dataclass(slots=True)
class _Row:
    """One sample and what everybody drew."""

    sample: Sample
    truth: Truth
    drawings: dict[str, Drawing] = field(default_factory=dict)


class Sheet:
    """Keeps of each clip the sample that `judged` drew worst, as all networks drew it."""

    def __init__(self, *, judged: str, metric: str = "psnr", tile_px: tuple[int, int] = TILE_PX) -> None:
        """Judge by the drawings of `judged`, and show at most `tile_px` (width, height) of each picture."""
        self._judged, self._metric, self._tile_px = judged, metric, tile_px
        self._current: _Row | None = None
        self._kept: dict[str, _Row] = {}

    def add(self, drawing: Drawing) -> None:
        """Take note of a drawing; those of one sample come one after the other, in any order."""
        row = self._current
        if row is None or row.sample is not drawing.sample:
            self._settle()
            row = self._current = _Row(drawing.sample, drawing.truth)
        if drawing.truth is row.truth:
            row.drawings[drawing.network] = drawing

    def _settle(self) -> None:
        """The sample before is complete: keep it if it is the worst of its clip."""
        row, self._current = self._current, None
        if row is None or row.truth.picture is None:
            return
        kept = self._kept.get(row.sample.group)
        if kept is None or self._score(row) < self._score(kept):
            self._kept[row.sample.group] = row

    def _score(self, row: _Row) -> float:
        return row.drawings[self._judged].score.values[self._metric]

    def picture(self) -> Picture8:
        """The whole sheet.

        Raises:
            SettingsError: when nothing with a truth was drawn.
        """
        self._settle()
        if not self._kept:
            raise SettingsError("There is nothing to show.", "Data sets without truth have no sheet.")
        rows = [_draw_row(row, self._judged, self._metric, self._tile_px) for row in self._kept.values()]
        width = max(row.shape[1] for row in rows)
        return np.concatenate([_widened(row, width) for row in rows])

    def save(self, path: Path) -> None:
        """Write the sheet; the file's ending says how.

        Raises:
            OutputError: when it cannot be written.
        """
        check_path(path)
        try:
            Image.fromarray(self.picture()).save(path, quality=88)
        except OSError as error:
            raise OutputError(
                f"'{path}' cannot be written: {error.strerror or error}.", "Choose another name with --sheet."
            ) from error


def check_path(path: Path) -> None:
    """Raise OutputError when a sheet cannot be called so, or would replace a file."""
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"A sheet cannot be kept as '{path.name}'.", f"Endings are {', '.join(SUFFIXES)}.")
    if path.exists():
        raise OutputError(f"'{path}' is there already.", "Choose another name with --sheet.")


def _draw_row(row: _Row, judged: str, metric: str, tile_px: tuple[int, int]) -> Picture8:
    truth = row.truth.picture
    assert truth is not None
    part = _window(row.drawings[judged].made, truth, tile_px)
    titles = ["before", "after"]
    pictures = [row.sample.inputs[1], row.sample.inputs[2]]
    for network, drawing in row.drawings.items():
        titles.append(f"{network}  {drawing.score.values[metric]:.2f}")
        pictures.append(drawing.made)
    tiles = [picture[part] for picture in (*pictures, truth)]
    named = [
        _titled(tile, f"{row.sample.group} {row.sample.name}: {title}" if place == 0 else title)
        for place, (tile, title) in enumerate(zip(tiles, (*titles, "truth"), strict=True))
    ]
    return np.concatenate([_widened(tile, tile.shape[1] + GAP_PX) for tile in named], axis=1)


def _window(made: Picture8, truth: Picture8, tile_px: tuple[int, int]) -> tuple[slice, slice]:
    """The part of the picture that is shown: all of it, or where the error is largest."""
    height, width = truth.shape[:2]
    across, down = min(width, tile_px[0]), min(height, tile_px[1])
    error = np.square(made.astype(np.float32) - truth).mean(axis=2)
    # Sums over every window of that size; its middle is cv2's anchor.
    sums = cv2.boxFilter(error, -1, (across, down), borderType=cv2.BORDER_CONSTANT)
    inner = sums[down // 2 : height - (down - 1) // 2, across // 2 : width - (across - 1) // 2]
    top, left = np.unravel_index(int(inner.argmax()), inner.shape)
    return slice(int(top), int(top) + down), slice(int(left), int(left) + across)


def _titled(tile: Picture8, title: str) -> Picture8:
    line = Image.new("RGB", (tile.shape[1], TITLE_PX), (24, 24, 28))
    font = ImageFont.load_default(14)
    ImageDraw.Draw(line).text((6, TITLE_PX / 2), title, fill=(235, 235, 235), font=font, anchor="lm")
    return np.concatenate([np.asarray(line), tile])


def _widened(picture: Picture8, width: int) -> Picture8:
    return np.pad(picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)), constant_values=24)
