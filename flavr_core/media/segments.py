"""Reading closed segments back, and what those who read them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import av.error

from flavr_core.errors import OutputError
from flavr_core.progress import CancelToken

OnProgress = Callable[[int, int], None]
"""Told how many frames are done, and of how many."""


def segment_pictures(segments: Sequence[Path]) -> Iterator[av.VideoFrame]:
    """Every picture of all segments, in order.

    Raises:
        OutputError: when a segment is damaged.
    """
    for segment in segments:
        try:
            with av.open(str(segment), format="matroska") as source:
                source.streams.video[0].thread_type = "AUTO"
                yield from source.decode(video=0)
        except av.error.FFmpegError as error:
            raise OutputError(
                f"The segment '{segment.name}' is damaged ({error}).", "Begin anew without --resume."
            ) from error


def watched_pictures(
    segments: Sequence[Path], total: int, token: CancelToken, on_progress: OnProgress
) -> Iterator[av.VideoFrame]:
    """The same, looking at the token and telling how far it is.

    Raises:
        OutputError: when a segment is damaged, or not as many pictures come as were planned.
        CancelledError: when stopped.
    """
    done = 0
    for picture in segment_pictures(segments):
        token.check()
        if done % 16 == 0:
            on_progress(done, total)
        yield picture
        done += 1
    if done != total:
        raise OutputError(
            f"The segments hold {done} frames where {total} were planned.", "Begin anew without --resume."
        )
    on_progress(total, total)
