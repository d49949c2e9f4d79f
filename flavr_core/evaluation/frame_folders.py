"""Folders of numbered pictures: their order, and what is missing among them."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path, PurePosixPath

from flavr_core.errors import MediaError
from flavr_core.media.sequence import natural_key
from flavr_core.media.stills import IMAGE_SUFFIXES

_NUMBERED = re.compile(r"(.*?)(\d+)")


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder in the order of numbers (2 before 11), hidden ones left out."""
    if not folder.is_dir():
        return []
    found = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    return sorted(found, key=natural_key)


def clip_folders(folder: Path, names: list[str] | None) -> list[Path]:
    """The clips that a list names, or all; a folder of pictures is a clip of its own.

    Raises:
        MediaError: when the list names folders that are not there.
    """
    if names is None:
        return subfolders(folder) or [folder]
    clips = [folder / PurePosixPath(name).name for name in names]
    if missing := [clip.name for clip in clips if not clip.is_dir()]:
        raise MediaError(
            f"{len(missing)} of {len(clips)} listed clips are not in '{folder}': {', '.join(missing)}.",
            "Check the list, or unpack the set anew.",
        )
    return clips


def frames_of(clip: Path) -> list[Path]:
    """The pictures of a clip in the order of their numbers, those that are missing in between included.

    Every picture of a clip stands for a moment: were a missing one skipped, all later samples would be
    wrong. Numbers may begin anywhere and lie any constant distance apart.
    """
    if not clip.is_dir():
        return []
    found = [
        entry
        for entry in clip.iterdir()
        if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".")
    ]
    found.sort(key=natural_key)
    series = {(match[1], path.suffix) for path in found if (match := _NUMBERED.fullmatch(path.stem))}
    numbered = {int(match[2]): path for path in found if (match := _NUMBERED.fullmatch(path.stem))}
    if len(found) < 3 or len(series) != 1 or len(numbered) != len(found):
        return found
    step = min(after - before for before, after in pairwise(numbered))
    first, last = min(numbered), max(numbered)
    if any((number - first) % step for number in numbered):
        return found
    [(prefix, suffix)] = series
    digits = len(found[0].stem) - len(prefix)
    return [
        numbered.get(number, clip / f"{prefix}{number:0{digits}d}{suffix}")
        for number in range(first, last + 1, step)
    ]
