"""Animated WebP, which libav cannot read: decoded by Pillow, one picture at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.errors import MediaError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.media.animation import read_animation
from flavr_core.media.opening import check_file, check_size
from flavr_core.media.timestamps import find_rate
from flavr_core.timing import FrameTimes

_MOST_PICTURES_LOOKED_AT = 1000
_COLOR = ColorSpec(matrix=Matrix.RGB, range=Range.FULL, primaries=1, transfer=13, matrix_code=0)
"""sRGB, as RFC 9649 says of WebP without a profile."""


def probe_webp(path: Path) -> ClipInfo:
    """`probe` for an animated WebP.

    Raises:
        MediaError: when it holds no picture.
    """
    check_file(path)
    animation = read_animation(path)
    check_size(animation.width, animation.height, path)
    if not animation.delays:
        raise MediaError(f"'{path}' holds no picture.", "It is cut off; copy or download it again.")
    pts, end, time_base = animation.times(len(animation.delays))
    rate, is_vfr = find_rate(pts, end, time_base)
    info = ClipInfo(
        path=path,
        kind=ClipKind.ANIMATION,
        container="webp",
        codec="webp",
        width=animation.width,
        height=animation.height,
        format=PixelFormat(family=PixelFamily.RGB, has_alpha=animation.has_alpha),
        stored_format="rgba" if animation.has_alpha else "rgb24",
        color=_COLOR,
        times=FrameTimes(pts=tuple(pts), time_base=time_base, end_pts=end),
        rate=rate,
        is_vfr=is_vfr,
        loop=animation.loop,
        notes=animation.notes(),
    )
    with WebpSource(info) as source:
        frames = source.frames(0, _MOST_PICTURES_LOOKED_AT)
        if not info.format.has_alpha:
            next(frames)
        elif all(int(frame.planes[-1].min()) == 255 for frame in frames):
            # Writers often say that a picture may be see-through when it is not.
            opaque = replace(info.format, has_alpha=False)
            return replace(info, format=opaque, stored_format="rgb24")
    return info


class WebpSource:
    """Frames of an animated WebP."""

    def __init__(self, info: ClipInfo) -> None:
        self.info = info
        from PIL import Image  # other clips need none of it

        self._first_held: int | None = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the size was checked by ourselves
                self._image = Image.open(info.path, formats=("WEBP",))
        except (
            OSError,
            ValueError,
            SyntaxError,
            EOFError,
            MemoryError,
            Image.DecompressionBombError,
        ) as error:
            raise MediaError(
                f"'{info.path}' cannot be read: {error}.", "It is damaged; copy or download it again."
            ) from error

    def __enter__(self) -> WebpSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the decoder and the file."""
        self._image.close()

    @property
    def notes(self) -> list[str]:
        """Repairs found while decoding, so far."""
        if self._first_held is None:
            return []
        return [
            f"From frame {self._first_held} on the file cannot be decoded; the last picture is shown instead."
        ]

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames start to stop - 1 in order; may be called again at any time."""
        info = self.info
        end = len(info.times) if stop is None else min(stop, len(info.times))
        last: Frame | None = None
        for index in range(max(start, 0), end):
            if self._first_held is None or index < self._first_held:
                last = self._read(index) or last
            if last is None and self._first_held:
                last = self._read(self._first_held - 1)
            if last is None:
                raise MediaError(f"No picture in '{info.path}' can be decoded.", "The file is damaged.")
            yield Frame(
                planes=last.planes,
                format=info.format,
                color=info.color,
                time=info.times.time(index),
                index=index,
            )

    def _read(self, index: int) -> Frame | None:
        try:
            self._image.seek(index)
            pixels = np.asarray(self._image.convert("RGBA" if self.info.format.has_alpha else "RGB"))
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError):
            self._first_held = index if self._first_held is None else min(index, self._first_held)
            return None
        planes = tuple(np.ascontiguousarray(pixels[:, :, number]) for number in range(pixels.shape[2]))
        return Frame(
            planes=planes,
            format=self.info.format,
            color=self.info.color,
            time=self.info.times.time(index),
            index=index,
        )
