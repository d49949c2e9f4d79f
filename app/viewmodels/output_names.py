"""What a result is to be called and where it lies: a proposal that never names a file that exists."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from pathlib import Path

from app.jobs.places import results_dir
from app.viewmodels.workspace import ClipEdits
from flavr_core.media.containers import CONTAINERS
from flavr_core.settings import TimingSettings
from flavr_core.timing import format_rate

FIELDS = ("name", "rate", "network", "preset")
"""What a pattern may contain in braces."""
USUAL_PATTERN = "{name}-{rate}"
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_PROGRAMS_OWN = Path(__file__).resolve().parents[2] / "resources"
_MOST_BYTES = 180
"""Of a name, so that endings and numbers still fit into what file systems take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputNaming:
    """Where results go and what they are called."""

    folder: Path | None = None
    """Folder for all results; None for beside the clip, where that is a place: see `output_folder`."""
    pattern: str = USUAL_PATTERN
    """Name without its ending; `{name}`, `{rate}`, `{network}` and `{preset}` stand for the clip's."""


def propose_output(
    source: Path, edits: ClipEdits, naming: OutputNaming, *, is_free: Callable[[Path], bool]
) -> Path:
    """The first free name for a clip's result.

    Args:
        source: the clip.
        edits: what is to be done with it.
        naming: where to and how.
        is_free: whether a name may be proposed.
    """
    folder = output_folder(source, naming)
    stem = _stem(naming.pattern, source, edits)
    suffix = suffix_of(edits)
    if not suffix:
        stem = stem.replace(".", "_")  # a folder's name has no ending
    for number in count(1):
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem} ({number}){suffix}")
        if is_free(path):
            return path
    raise AssertionError("counting never ends")


def output_folder(source: Path, naming: OutputNaming) -> Path:
    """Where a clip's results go: a folder of the user's choice, beside the clip, or among the user's videos.

    The last is for the sample, which lies among the program's own files, and for clips in folders in which
    nothing can be written, such as those of a camera's card that is locked.
    """
    if naming.folder is not None:
        return naming.folder
    beside = source.absolute().parent
    is_programs = beside.resolve().is_relative_to(_PROGRAMS_OWN)
    return results_dir() if is_programs or not os.access(beside, os.W_OK) else beside


def suffix_of(edits: ClipEdits) -> str:
    """The usual ending of the format's files, with its dot; empty for a folder."""
    container = CONTAINERS.get(edits.export.container)
    return container.suffixes[0] if container is not None and container.suffixes else ""


def fits(path: Path, edits: ClipEdits) -> bool:
    """Whether a name's ending stands for the format."""
    container = CONTAINERS.get(edits.export.container)
    if container is None:
        return True
    return path.suffix.lower() in container.suffixes if container.suffixes else not path.suffix


def rate_words(timing: TimingSettings) -> str:
    """The rate for a file's name: `2x`, `60fps`, `slow4x`, `slow4x-60fps`."""
    factor, fps = timing.rate.factor, timing.rate.fps
    rate = f"{format_rate(factor)}x" if factor is not None else f"{format_rate(fps or Fraction(1))}fps"
    if timing.slow == 1:
        return rate
    slow = f"slow{format_rate(timing.slow)}x"
    return slow if factor == 1 else f"{slow}-{rate}"


def _stem(pattern: str, source: Path, edits: ClipEdits) -> str:
    """The name without its ending; only letters that every system takes, and never empty."""
    values = {
        "name": source.name if os.path.isdir(source) else source.stem,  # noqa: PTH112 - it never raises
        "rate": rate_words(edits.timing),
        "network": Path(edits.engine.model).stem,
        "preset": edits.preset or edits.export.container,
    }
    stem = re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), pattern)
    stem = _FORBIDDEN.sub("_", stem).strip().strip(".")
    while len(stem.encode()) > _MOST_BYTES:
        stem = stem[:-1].rstrip()
    if not stem or _RESERVED.match(stem) or stem.startswith("-"):
        stem = f"result {stem.lstrip('-')}".rstrip()
    return stem
