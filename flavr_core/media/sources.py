"""The one way to the frames of a clip, whatever it is stored in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.frame import Frame
from flavr_core.media.packets import read_index
from flavr_core.media.sequence import ImageSource, find_images
from flavr_core.media.video import VideoSource
from flavr_core.media.webp import WebpSource


class FrameSource(Protocol):
    """Frames of a clip in order. A context manager; one thread at a time."""

    info: ClipInfo
    """What `probe` found."""

    @property
    def notes(self) -> list[str]:
        """Repairs found while decoding, one sentence each, so far."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames start to stop - 1 of `info.times`, exactly one for each; may be called repeatedly."""

    def close(self) -> None:
        """Free decoder and file; frames that were handed out stay valid."""

    def __enter__(self) -> Self:
        """The source itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Closes."""


def source_files(info: ClipInfo) -> list[Path]:
    """All files that a clip is read from, in order: what a fingerprint of the source must cover."""
    return find_images(info.path)[0] if info.kind is ClipKind.SEQUENCE else [info.path]


def open_source(info: ClipInfo) -> FrameSource:
    """Open the clip that `probe` described.

    Raises:
        MediaError: when the file is gone, or is another one now.
    """
    if info.kind is ClipKind.SEQUENCE:
        return ImageSource(info)
    return WebpSource(info) if info.container == "webp" else VideoSource(info)


def entry_points(info: ClipInfo) -> Sequence[int]:
    """Numbers of the frames at which decoding can begin, rising from 0: key frames, or every image.

    Raises:
        MediaError: when the file is gone or cannot be read.
    """
    if info.kind is ClipKind.SEQUENCE:
        return range(len(info.times))
    if info.container == "webp":
        return (0,)
    first = {key.first_index for key in read_index(info.path).keys if key.first_index < len(info.times)}
    return sorted(first | {0})
