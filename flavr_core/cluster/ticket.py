"""What a worker is told of a job, and how it sees that it has the same source."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from flavr_core.clip import ClipInfo
from flavr_core.errors import MediaError
from flavr_core.media import EncodingPlan, source_files
from flavr_core.pipeline.journal import Segment
from flavr_core.plan import OutputPlan
from flavr_core.settings import ConvertSettings
from flavr_core.timeline import CutOverrides

_SAMPLE_BYTES = 2**20
_SAMPLED_FILES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A job without its engine: everything but which segments."""

    settings: ConvertSettings
    """What was asked for, with absolute paths and the worker's own device."""
    info: ClipInfo
    """What the source is, as probed here."""
    plan: OutputPlan
    """Every output frame."""
    encoding: EncodingPlan
    """How they are stored."""
    overrides: CutOverrides | None
    """Cuts given or vetoed by hand."""
    source_mark: str
    """`mark_of(info)` here."""
    threads: int | None
    """Processors that the worker may use for drawing; None for all of its machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Segments for one worker."""

    segments: tuple[Segment, ...]
    """Which, neighbours in order."""
    folder: Path
    """The folder of the unfinished render, where it is; workers that see it too write there."""
    token: str
    """Content of the file `SHARED` in that folder, which tells it from another of the same name."""


SHARED = "shared"
"""Name of the file by which a worker sees that it shares the folder of the unfinished render."""


def mark_of(info: ClipInfo) -> str:
    """What tells a source from another: names and sizes of its files, and a hash of samples of them.

    Hashing a film whole would take longer than its first segments; its size and its beginning, middle
    and end are hashed, and of an image sequence some of the images.

    Raises:
        OSError: when a file is not there.
    """
    files = source_files(info)
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
    for file in files[:: max(1, len(files) // _SAMPLED_FILES)]:
        size = file.stat().st_size
        with file.open("rb") as content:
            for place in (0, size // 2, max(0, size - _SAMPLE_BYTES)):
                content.seek(place)
                digest.update(content.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def check_source(ticket: Ticket) -> None:
    """See that the source is at the same place and the same.

    Raises:
        MediaError: when it is not.
    """
    path = ticket.info.path
    hint = "Put the clip into a folder that all machines share under the same name, or copy it to each."
    try:
        mark = mark_of(ticket.info)
    except (OSError, MediaError) as error:
        raise MediaError(f"'{path}' cannot be read on this machine of the cluster.", hint) from error
    if mark != ticket.source_mark:
        raise MediaError(f"'{path}' is another file on this machine of the cluster.", hint)
