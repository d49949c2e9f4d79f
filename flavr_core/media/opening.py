"""Opening a file with libav so that nothing but a MediaError can come out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from flavr_core.errors import MediaError

MAX_SIDE_PX = 32_768
"""Wider or higher pictures are taken for damage."""
MAX_PIXELS = 1_000_000_000
"""Larger pictures are taken for damage."""

_NOT_VIDEO = {"tty", "bin", "xbin", "adf", "idf", "rawvideo", "alias_pix", "lavfi", "image2", "concat", "ico"}
"""Demuxers that take any text or bytes for pictures, or that read other files named in this one."""

_SLIPS = (OSError, ValueError, LookupError, RuntimeError, MemoryError, AttributeError, ArithmeticError)
"""What PyAV raises by itself on streams so damaged that it cannot describe them."""

_DAMAGED = "Play it in another program to see whether it is whole; copy or download it again if not."
_CODEC_HINT = "Convert it to H.264 in MP4 with another program first."


def check_file(path: Path) -> None:
    """Raise a MediaError when `path` is no readable, non-empty file."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise MediaError(f"'{path}' is no file.", "Give a video file, an image or a folder of images.")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise MediaError(f"There is no file '{path}'.", "Check the name and the folder.") from None
    except PermissionError:
        raise MediaError(f"'{path}' may not be read.", "Change its permissions or copy it.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise MediaError(f"'{path}' cannot be opened: {reason}.", "Check the name and the folder.") from None
    if size == 0:
        raise MediaError(f"'{path}' is empty.", "Copy or download it again.")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns whatever libav raises inside into a MediaError about `path`."""
    try:
        yield
    except (FFmpegError, *_SLIPS) as error:
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise MediaError(f"'{path}' cannot be read: {detail.rstrip('.')}.", _DAMAGED) from error


def open_container(path: Path) -> InputContainer:
    """Open `path` for reading, by its content rather than its name.

    Raises:
        MediaError: when it is no file, may not be read, or is nothing that libav knows.
    """
    check_file(path)
    # `file:` keeps names with a colon from being read as a protocol; only local files are followed.
    options = {"protocol_whitelist": "file,crypto,data"}
    try:
        container = av.open(f"file:{path}", mode="r", container_options=options, metadata_errors="replace")
    except (FFmpegError, *_SLIPS) as error:
        if _is_unfinished(path):
            raise MediaError(
                f"'{path}' is a recording that was never finished: its index is missing.",
                "Let the camera repair it, or a repair program with a whole clip of the same camera.",
            ) from error
        raise MediaError(
            f"'{path}' is no video or image that can be read.",
            f"{_DAMAGED} ({getattr(error, 'strerror', None) or error})",
        ) from error
    if container.format.name in _NOT_VIDEO:
        container.close()
        raise MediaError(f"'{path}' is no video or image that can be read.", _DAMAGED)
    return container


def _is_unfinished(path: Path) -> bool:
    """Whether an MP4 or MOV lacks its `moov` box, which cameras write last."""
    with path.open("rb") as file:
        for number in range(10_000):
            head = file.read(16)
            size, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if len(head) < 8:
                return number > 0
            if kind == b"moov" or (number == 0 and kind not in (b"ftyp", b"wide", b"mdat", b"free", b"skip")):
                return False
            if size == 1:
                size = int.from_bytes(head[8:], "big")
            if size < 8:
                return kind == b"mdat"  # it runs to the file's end
            file.seek(size - len(head), 1)
    return False


def is_picture(stream: VideoStream) -> bool:
    """Whether a video stream is a cover or a thumbnail rather than the film."""
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def pick_video(container: InputContainer, path: Path) -> VideoStream:
    """The video that is worked on: the default one, else the first; covers never.

    All other streams are set to be skipped by the demuxer.

    Raises:
        MediaError: when there is none, it has no decoder, or its size is absurd.
    """
    films = [stream for stream in container.streams.video if not is_picture(stream)]
    if not films:
        what = "only a cover picture" if container.streams.video else "no video stream"
        raise MediaError(f"'{path}' has {what}.", "Give a file with moving pictures.")
    defaults = [stream for stream in films if stream.disposition & Disposition.default]
    chosen = (defaults or films)[0]
    if chosen.codec_context is None:
        raise MediaError(f"The video in '{path}' is in a format without a decoder.", _CODEC_HINT)
    check_size(chosen.codec_context.width, chosen.codec_context.height, path)
    for stream in container.streams:
        if stream.index != chosen.index:
            stream.discard = Discard.all
    return chosen


def check_size(width: int, height: int, path: Path) -> None:
    """Raise a MediaError when a picture of this size is taken for damage."""
    if width > MAX_SIDE_PX or height > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise MediaError(
            f"The pictures in '{path}' would be {width} x {height} pixels.",
            f"At most {MAX_SIDE_PX} pixels a side can be worked on; the file may be damaged.",
        )


def _says_alpha(tags: dict[str, str]) -> bool:
    """Whether a stream's tags say that packets carry alpha; the case of the name depends on the writer."""
    return any(key.lower() == "alpha_mode" and value == "1" for key, value in tags.items())


def decoder_of(stream: VideoStream, *, threads: bool = True) -> VideoCodecContext:
    """The decoder of a stream: libav's own, but libvpx where VP8 or VP9 carries alpha, which it alone reads.

    Args:
        stream: as `pick_video` gave it.
        threads: decode on all cores, up to eight: more would only hold more frames in memory. Without,
            pictures come out as early as they can.
    """
    decoder = stream.codec_context
    by_libvpx = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(decoder.codec.canonical_name)
    if by_libvpx is not None and _says_alpha(stream.metadata):
        decoder = cast(VideoCodecContext, CodecContext.create(by_libvpx, "r"))
    if threads:
        decoder.thread_type = "AUTO"
        decoder.thread_count = min(os.cpu_count() or 1, 8)
    return decoder
