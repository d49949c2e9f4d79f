"""Clips of any kind as footage to train on: decoded once, split where the program's detection finds cuts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flavr_core.engine.conversion import FrameConverter
from flavr_core.errors import MediaError
from flavr_core.frame import Frame
from flavr_core.media import open_source, probe
from flavr_core.media.stills import IMAGE_SUFFIXES
from flavr_core.timeline import find_cuts
from flavr_core.training.clips import BankClip, default_workers, measure_motion

CLIP_SUFFIXES = frozenset({".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v", ".mpg", ".ts", ".gif"})
"""File names that are taken for clips in a folder."""
MIN_FRAMES = 7
"""Shorter stretches are left out."""


def find_footage(folders: Sequence[Path]) -> list[Path]:
    """All clips, and folders that hold images, in and below `folders`, by name.

    Raises:
        MediaError: when there is none.
    """
    found: list[Path] = []
    for folder in folders:
        inside = sorted(folder.rglob("*")) if folder.is_dir() else []
        pictures = {path.parent for path in inside if path.suffix.lower() in IMAGE_SUFFIXES}
        found += sorted(pictures) + [path for path in inside if path.suffix.lower() in CLIP_SUFFIXES]
    if not found:
        names = ", ".join(map(str, folders))
        raise MediaError(f"No clips were found in {names}.", "Name folders that hold clips or images.")
    return found


def build_stretches(clips: Sequence[Path], folder: Path, *, short_side_px: int | None = None) -> None:
    """Decode clips into `folder`: a raw file for each stretch without a cut, `bank.json` last.

    The folder is what `ClipBank` and `ClipExamples` read. Pictures are reduced to `short_side_px` where
    they are larger. Frames are read as a stream; a clip that cannot be read is left out, and said.

    Raises:
        MediaError: when no clip has a stretch of MIN_FRAMES frames.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[BankClip] = []
    offset = 0
    with ThreadPoolExecutor(default_workers()) as pool:
        # Raw files are named by clip and part until it is known how many stretches those before them have.
        under_way = [
            (clip, pool.submit(_write_stretches, clip, folder / f"clip{number}", short_side_px))
            for number, clip in enumerate(clips)
        ]
        try:
            for done, (clip, future) in enumerate(under_way, 1):
                try:
                    written = future.result()
                except MediaError as error:
                    print(f"{clip} is left out: {error.message}", flush=True)
                    continue
                for part, entry in written:
                    part.replace(folder / f"{len(entries)}.raw")
                    entries.append(replace(entry, offset=offset))
                    offset += entry.frames * entry.height * entry.width * 3
                print(f"{clip.name}: clip {done} of {len(clips)}, {len(entries)} stretches", flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
    if not entries:
        raise MediaError(
            f"No clip has {MIN_FRAMES} frames between two cuts.", "Give longer clips, or images in order."
        )
    temporary = folder / "bank.json.part"
    temporary.write_text(json.dumps([asdict(entry) for entry in entries]), encoding="utf-8")
    temporary.replace(folder / "bank.json")


def _write_stretches(clip: Path, stem: Path, short_side_px: int | None) -> list[tuple[Path, BankClip]]:
    """Write one clip's stretches into files whose names begin with `stem`, each with its entry (offset 0)."""
    info = probe(clip)
    with open_source(info) as source:
        cuts = [gap + 1 for gap, is_cut in enumerate(find_cuts(source.frames())) if is_cut]
    bounds = [0, *cuts, len(info.times)]
    written = []
    with open_source(info) as source:
        frames = _pictures(source.frames(), short_side_px)
        for start, stop in pairwise(bounds):
            part = stem.with_name(f"{stem.name}-{start}.raw.part")
            with part.open("wb") as file:
                shape = _write_frames(file, frames, stop - start)
            if shape[0] < MIN_FRAMES:
                part.unlink()
                continue
            motion = measure_motion(np.memmap(part, np.uint8, "r", shape=shape))
            count, height, width, _ = shape
            name = f"{clip.name}@{start}-{stop}"
            entry = BankClip(name=name, offset=0, frames=count, height=height, width=width, motion_px=motion)
            written.append((part, entry))
    return written


def _write_frames(
    file: BinaryIO, frames: Iterator[NDArray[np.uint8]], count: int
) -> tuple[int, int, int, int]:
    """Write `count` frames, fewer where the clip ends or changes its size; their shape."""
    written, size = 0, (0, 0)
    for _ in range(count):
        picture = next(frames, None)
        if picture is None:
            break
        size = size if written else (picture.shape[0], picture.shape[1])
        if picture.shape[:2] == size:
            file.write(picture.tobytes())
            written += 1
    return written, *size, 3


def _pictures(frames: Iterator[Frame], short_side_px: int | None) -> Iterator[NDArray[np.uint8]]:
    """Frames as 8-bit RGB (H, W, 3), by the engine's own conversion."""
    converter: FrameConverter | None = None
    for frame in frames:
        if converter is None or not converter.matches(frame):
            size = {"width": frame.width, "height": frame.height}
            converter = FrameConverter(frame.format, frame.color, **size, device=torch.device("cpu"))
        rgb = converter.to_rgb(converter.upload(frame))[0].permute(1, 2, 0).numpy()
        short = min(rgb.shape[:2])
        if short_side_px is not None and short > short_side_px:
            scale = short_side_px / short
            rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        yield np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
