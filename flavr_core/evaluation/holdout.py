"""Samples from any clip: every second frame is hidden, and some of the hidden ones are asked for.

With inputs s, s + 2, s + 4, s + 6 the truth is s + 3, at every eighth s from 0 (as in DAVIS-style
measurements of FLAVR): the clip at half its rate, and the frames that were left out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from flavr_core.engine.conversion import FrameConverter
from flavr_core.errors import MediaError
from flavr_core.evaluation.metrics import to_8bit
from flavr_core.evaluation.samples import Picture8, Sample, Truth
from flavr_core.frame import Frame
from flavr_core.media import open_source, probe
from flavr_core.media.stills import IMAGE_SUFFIXES

EVERY = 8
"""Distance of one sample's first frame from the next one's."""
SPAN = 7
"""Frames from a sample's first to its last."""


def find_clips(paths: Sequence[Path]) -> list[Path]:
    """Clips and folders of images; a folder of clips stands for all it holds, in the order of names.

    Raises:
        MediaError: when a path does not exist or a folder is empty.
    """
    clips: list[Path] = []
    for path in paths:
        if not path.exists():
            raise MediaError(f"There is no file '{path}'.", "Check the name and the folder.")
        clips.extend(_clips_in(path) if path.is_dir() else [path])
    return clips


def _clips_in(folder: Path) -> list[Path]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    if not entries:
        raise MediaError(f"The folder '{folder}' is empty.", "Give a clip, a folder of images or of clips.")
    if any(entry.suffix.lower() in IMAGE_SUFFIXES for entry in entries):
        return [folder]
    return entries


def holdout_samples(path: Path, *, every: int = EVERY) -> Iterator[Sample]:
    """The samples of one clip, read as a stream.

    Convention: frames become 8-bit RGB by the engine's own conversion (matrix, range and siting as
    tagged, unspecified ones as `ColorSpec.resolved` has them; linear chroma interpolation), clamped and
    rounded to nearest. HDR transfer characteristics are left as they are.

    Raises:
        MediaError: when the clip cannot be read.
    """
    if every < 1:
        raise ValueError("samples are at least one frame apart")
    converter: FrameConverter | None = None
    recent: list[Frame] = []
    with open_source(probe(path)) as source:
        for index, frame in enumerate(source.frames()):
            recent = [*recent[1 - SPAN :], frame]
            start = index - SPAN + 1
            if start < 0 or start % every:
                continue
            if converter is None or not converter.matches(frame):
                converter = FrameConverter(
                    frame.format,
                    frame.color,
                    width=frame.width,
                    height=frame.height,
                    device=torch.device("cpu"),
                )
            pictures = [picture_8bit(recent[offset], converter) for offset in (0, 2, 4, 6, 3)]
            yield Sample(
                group=path.name,
                name=f"{start:05d}",
                inputs=(pictures[0], pictures[1], pictures[2], pictures[3]),
                truths=(Truth(position=Fraction(1, 2), picture=pictures[4]),),
            )


def picture_8bit(frame: Frame, converter: FrameConverter) -> Picture8:
    """A frame as 8-bit RGB (H, W, 3)."""
    rgb = converter.to_rgb(converter.upload(frame))  # (1, 3, H, W)
    return to_8bit(np.ascontiguousarray(rgb[0].permute(1, 2, 0).numpy()))
