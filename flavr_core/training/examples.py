"""Questions with answers to train on: the data sets of the literature in their own layout, and any clips.

An example is four frames and the frames that lie evenly between the middle two of them. Sets of two frames
a sample give their outer frames as copies, as the program does at the ends of a clip.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.errors import MediaError, SettingsError
from flavr_core.training.clips import MAX_STRIDE, BankClip

Pictures = NDArray[np.uint8]
"""(T, H, W, 3) RGB."""

DATASETS = ("vimeo90K_septuplet", "vimeo90K_triplet", "gopro", "clips")
"""Names of data sets, as the authors have them, and any folder of clips."""


@dataclass(frozen=True, slots=True)
class Example:
    """Frames of one clip, all of one size."""

    inputs: Pictures
    """Four, in order of time; the gap is between the middle two."""
    truths: Pictures
    """What lies in the gap, evenly spaced, in order of time."""


class Examples(Protocol):
    """A set of examples; reading the same index with the same numbers gives the same example."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def read(self, index: int, numbers: np.random.Generator) -> Example:
        """One of them. Raises MediaError when a picture is missing or damaged."""
        ...


@dataclass(frozen=True, slots=True)
class Files:
    """Where one example lies."""

    inputs: tuple[Path, Path, Path, Path]
    """The four frames."""
    truths: tuple[Path, ...]
    """What lies in the gap."""


@dataclass(frozen=True, slots=True)
class FileExamples:
    """Examples whose frames are pictures of their own."""

    files: Sequence[Files]
    """All of them."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.files)

    def read(self, index: int, numbers: np.random.Generator) -> Example:
        """See `Examples`; nothing is drawn here."""
        files = self.files[index]
        known = {path: _read_picture(path) for path in dict.fromkeys((*files.inputs, *files.truths))}
        shapes = {picture.shape for picture in known.values()}
        if len(shapes) > 1:
            raise MediaError(
                f"The pictures beside {files.inputs[1]} differ in size.", "Unpack the set again."
            )
        inputs, truths = (np.stack([known[path] for path in paths]) for paths in (files.inputs, files.truths))
        return Example(inputs, truths)


def _read_picture(path: Path) -> Pictures:
    data = np.fromfile(path, np.uint8) if path.is_file() else np.empty(0, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    if picture is None:
        raise MediaError(f"{path} is missing or cannot be read as a picture.", "Unpack the set again.")
    return np.asarray(picture, np.uint8)


def open_examples(name: str, root: Path, *, outputs: int, held_out: bool) -> FileExamples:
    """One of the literature's sets, its part for training or the part that is held out.

    Raises:
        SettingsError: when the name is unknown or the set has no `outputs` frames in a gap.
        MediaError: when the folder does not have the set's layout.
    """
    openers = {"vimeo90K_septuplet": vimeo_septuplets, "vimeo90K_triplet": vimeo_triplets}
    if name == "gopro":
        return gopro(root, outputs=outputs, held_out=held_out)
    if name not in openers:
        raise SettingsError(f"There is no data set '{name}'.", f"Known are {', '.join(DATASETS)}.")
    if outputs != 1:
        raise SettingsError(
            f"{name} has one frame between its inputs, not {outputs}.",
            "Use --n_outputs 1, or --dataset gopro or clips for more.",
        )
    return openers[name](root, held_out=held_out)


def vimeo_septuplets(root: Path, *, held_out: bool) -> FileExamples:
    """Vimeo-90K's septuplets: inputs im1, im3, im5, im7 and the truth im4, lists as they come."""
    folders = _listed(root, "sep_testlist.txt" if held_out else "sep_trainlist.txt")
    return FileExamples([_numbered(folder, (1, 3, 5, 7), (4,)) for folder in folders])


def vimeo_triplets(root: Path, *, held_out: bool) -> FileExamples:
    """Vimeo-90K's triplets: inputs im1 and im3, the truth im2."""
    folders = _listed(root, "tri_testlist.txt" if held_out else "tri_trainlist.txt")
    return FileExamples([_numbered(folder, (1, 1, 3, 3), (2,)) for folder in folders])


def _listed(root: Path, name: str) -> list[Path]:
    """Folders of a list; blank lines, as at the ends of the authors' lists, say nothing."""
    try:
        lines = (root / name).read_text(encoding="utf-8").split()
    except OSError as error:
        raise MediaError(
            f"The list {root / name} cannot be read.", "Give the folder that holds the lists and sequences/."
        ) from error
    if not lines:
        raise MediaError(f"The list {root / name} is empty.", "Download the set again.")
    return [root / "sequences" / line for line in lines]


def _numbered(folder: Path, inputs: tuple[int, int, int, int], truths: tuple[int, ...]) -> Files:
    a, b, c, d = (folder / f"im{number}.png" for number in inputs)
    return Files((a, b, c, d), tuple(folder / f"im{number}.png" for number in truths))


def gopro(root: Path, *, outputs: int, held_out: bool) -> FileExamples:
    """Folders of frames of a high-rate camera, `train/CLIP/*.png` and `test/CLIP/*.png`.

    With k = outputs + 1, sets of 3 k + 1 frames begin at every k-th frame; inputs are every k-th of a set.
    """
    part = root / ("test" if held_out else "train")
    step = outputs + 1
    span = 3 * step
    files = []
    clips = sorted(path for path in part.iterdir() if path.is_dir()) if part.is_dir() else []
    for clip in clips:
        frames = sorted(path for path in clip.iterdir() if path.suffix.lower() in {".png", ".jpg"})
        for start in range(0, len(frames) - span, step):
            a, b, c, d = frames[start : start + span + 1 : step]
            files.append(Files((a, b, c, d), tuple(frames[start + step + 1 : start + 2 * step])))
    if not files:
        raise MediaError(
            f"{part} holds no folders of {span + 1} frames or more.",
            "Give the folder that holds train/CLIP/*.png and test/CLIP/*.png.",
        )
    return FileExamples(files)


class ClipExamples:
    """Examples from cut-free stretches that `build_stretches` wrote: places and strides are drawn."""

    def __init__(self, folder: Path, *, outputs: int, held_out: bool, fraction: float = 0.1) -> None:
        """Read `bank.json`; of each stretch the last `fraction` is held out, where it is long enough.

        Raises:
            MediaError: when no stretch is long enough for `outputs` frames in a gap, or a file is not whole.
        """
        text = (folder / "bank.json").read_text(encoding="utf-8")
        self._step = outputs + 1
        self._held_out = held_out
        self._parts: list[tuple[Path, tuple[int, int, int, int], int, int]] = []
        shortest = 3 * self._step + 1
        for number, entry in enumerate(BankClip(**each) for each in json.loads(text)):
            path, shape = folder / f"{number}.raw", (entry.frames, entry.height, entry.width, 3)
            if not path.is_file() or path.stat().st_size != math.prod(shape):
                raise MediaError(f"{path} is missing or not whole.", f"Delete {folder}: it is made anew.")
            kept = entry.frames
            if fraction and entry.frames >= 3 * shortest:  # else too little would be left to train on
                kept -= max(round(entry.frames * fraction), shortest)
            start, stop = (kept, entry.frames) if held_out else (0, kept)
            if stop - start >= shortest:
                self._parts.append((path, shape, start, stop))
        if not self._parts:
            raise MediaError(
                f"No stretch without a cut has {shortest} frames to spare.",
                "Give longer clips, or fewer outputs.",
            )
        # As many examples as there are gaps that do not overlap, of each stretch.
        self._index = [
            (part, place)
            for part, (*_, start, stop) in enumerate(self._parts)
            for place in range(max(1, (stop - start) // shortest))
        ]

    def __len__(self) -> int:
        """How many there are in one pass."""
        return len(self._index)

    def read(self, index: int, numbers: np.random.Generator) -> Example:
        """See `Examples`: held out, a place gives its own frames; in training, place and stride are drawn."""
        part, place = self._index[index]
        path, shape, start, stop = self._parts[part]
        # Opened here: a process that gets these examples would get the pixels of an open one with them.
        pixels = np.memmap(path, np.uint8, "r", shape=shape)
        stride = self._step
        shortest = 3 * stride + 1
        first = start + place * shortest
        if not self._held_out:
            longest = min((stop - start - 1) // 3, max(MAX_STRIDE, self._step))
            stride = self._step * int(numbers.integers(1, longest // self._step + 1))
            first = int(numbers.integers(start, stop - 3 * stride))
        before = first + stride
        apart = stride // self._step
        return Example(
            np.asarray(pixels[first : first + 3 * stride + 1 : stride]),
            np.asarray(pixels[before + apart : before + stride : apart]),
        )
