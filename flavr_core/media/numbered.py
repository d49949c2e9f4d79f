"""A folder of numbered PNG files from lossless segments."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from flavr_core.errors import OutputError
from flavr_core.media.encoding import EncodingPlan
from flavr_core.media.segments import OnProgress, watched_pictures
from flavr_core.media.writing import output_errors
from flavr_core.progress import CancelToken

PNG_FORMATS = {
    "bgr0": "rgb24", "bgra": "rgba", "gbrp16le": "rgb48be", "gbrap16le": "rgba64be",
    "gray": "gray", "gray16le": "gray16be",
}  # fmt: skip
"""PNG's (and APNG's) pixel format for each of the segments'; the same values in another order."""


def image_name(number: int, total: int) -> str:
    """Name of image `number`, from 0: frame_000001.png; enough digits that names sort in order."""
    return f"frame_{number + 1:0{max(6, len(str(total)))}d}.png"


def is_frame_name(name: str) -> bool:
    """Whether a file of this name is one that `image_name` gives."""
    return re.fullmatch(r"frame_\d{6,}\.png", name) is not None


def write_images(
    encoding: EncodingPlan,
    segments: Sequence[Path],
    folder: Path,
    *,
    token: CancelToken,
    on_progress: OnProgress,
) -> None:
    """Write every frame as a file of its own into `folder`, which is made and must not hold anything yet.

    Raises:
        OutputError: when a file cannot be written; the folder is removed.
        CancelledError: when stopped; likewise.
    """
    with output_errors(folder):
        folder.mkdir(exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(f"The folder '{folder}' is not empty.", "Choose a new one.")
    context = _png_context(encoding)
    try:
        pictures = watched_pictures(segments, encoding.frames, token, on_progress)
        for number, picture in enumerate(pictures):
            stored = picture.reformat(format=context.pix_fmt, threads=1)
            stored.pts, stored.time_base = number, Fraction(1)
            path = folder / image_name(number, encoding.frames)
            with output_errors(path):
                path.write_bytes(b"".join(bytes(packet) for packet in context.encode(stored)))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _png_context(encoding: EncodingPlan) -> VideoCodecContext:
    context = av.CodecContext.create("png", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = encoding.width, encoding.height
    context.pix_fmt = PNG_FORMATS[encoding.pixel_format]
    context.time_base = Fraction(1)
    context.color_primaries = encoding.color.primaries
    context.color_trc = encoding.color.transfer
    context.flags |= Flags.bitexact
    context.thread_count = 1  # each picture comes out as it goes in
    context.options = {"pred": "mixed"}
    return context
