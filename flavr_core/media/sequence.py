"""Numbered images as a clip: which files belong to it, in which order, and their frames."""

from __future__ import annotations

import itertools
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.errors import MediaError
from flavr_core.frame import Frame, PixelFamily, PixelFormat, Plane
from flavr_core.media.layouts import layout_of, pixel_format_name
from flavr_core.media.orientation import UPRIGHT, Orientation
from flavr_core.media.pixels import color_of, frame_from_av
from flavr_core.media.stills import IMAGE_SUFFIXES, ImageHeader, image_codec, read_header, read_picture
from flavr_core.media.tags import siting_of
from flavr_core.timing import FrameTimes

_NUMBER = re.compile(r"\d+")
_PLACEHOLDER = re.compile(r"%0?\d*d|#+|\*")
_WORKERS = 2
"""Images decoded ahead at a time; more would only hold more memory."""
_NAMES_SHOWN = 3


def natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts frame2 before frame10; equal numbers by their text."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts if part], path.name


def is_pattern(path: Path) -> bool:
    """Whether a path that does not exist names a series, as in `shot_%04d.png`, `shot_####.png`, `*.png`."""
    return _PLACEHOLDER.search(path.name) is not None and not path.exists() and path.parent.is_dir()


def find_images(path: Path) -> tuple[list[Path], list[str]]:
    """The images that `path` names, in order, and what should be said of them.

    Args:
        path: a folder, a pattern, or one image; numbered siblings of an image belong to it.

    Raises:
        MediaError: when there are none.
    """
    if path.is_dir():
        return _images_in(path)
    if is_pattern(path):
        expression = re.compile(
            "".join(
                {"%": r"\d+", "#": r"\d+", "*": ".*"}.get(part[0], re.escape(part))
                if _PLACEHOLDER.fullmatch(part)
                else re.escape(part)
                for part in re.split(f"({_PLACEHOLDER.pattern})", path.name)
                if part
            ),
            re.IGNORECASE,
        )
        files = sorted(
            filter(lambda one: expression.fullmatch(one.name), _files_in(path.parent)), key=natural_key
        )
        if not files:
            raise MediaError(f"No file is named like '{path}'.", "Check the pattern, as in shot_%04d.png.")
        return files, _gaps(files)
    siblings = _siblings(path)
    notes = _gaps(siblings)
    if len(siblings) > 1:
        notes.insert(0, f"'{path.name}' is one of {len(siblings)} numbered images; all are taken.")
    return siblings, notes


def _files_in(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if one.is_file() and not one.name.startswith(".")]
    except OSError as error:
        raise MediaError(f"The folder '{folder}' cannot be read: {error.strerror}.", "Check it.") from None


def _images_in(folder: Path) -> tuple[list[Path], list[str]]:
    files = _files_in(folder)
    images = sorted((one for one in files if one.suffix.lower() in IMAGE_SUFFIXES), key=natural_key)
    if not images:
        raise MediaError(
            f"The folder '{folder}' holds no images.", "Give a video file, or a folder of images."
        )
    notes = []
    others = sorted(one.name for one in files if one.suffix.lower() not in IMAGE_SUFFIXES)
    if others:
        named = ", ".join(others[:_NAMES_SHOWN]) + (", ..." if len(others) > _NAMES_SHOWN else "")
        notes.append(f"{len(others)} other files in the folder are left out: {named}.")
    series = Counter(_series(one) for one in images)
    if len(series) > 1:
        notes.append(f"The folder holds {len(series)} series of images; they follow each other by name.")
    return images, notes + _gaps(images)


def _series(path: Path) -> tuple[str, str, str]:
    """What the images of one series share: the name around its last number, and the suffix."""
    numbers = list(_NUMBER.finditer(path.stem))
    if not numbers:
        return path.stem, "", path.suffix.lower()
    last = numbers[-1]
    return path.stem[: last.start()], path.stem[last.end() :], path.suffix.lower()


def _siblings(path: Path) -> list[Path]:
    if not _NUMBER.search(path.stem):
        return [path]
    wanted = _series(path)
    found = [one for one in _files_in(path.parent) if _series(one) == wanted and _NUMBER.search(one.stem)]
    return sorted(found, key=natural_key) if len(found) > 1 else [path]


def _gaps(images: Sequence[Path]) -> list[str]:
    """A note for each series that leaves numbers out."""
    numbers: dict[tuple[str, str, str], list[int]] = {}
    for image in images:
        if found := list(_NUMBER.finditer(image.stem)):
            numbers.setdefault(_series(image), []).append(int(found[-1][0]))
    notes = []
    for values in numbers.values():
        ordered = sorted(set(values))
        missing = [
            f"{a + 1}" if b == a + 2 else f"{a + 1} to {b - 1}"
            for a, b in itertools.pairwise(ordered)
            if b > a + 1
        ]
        if missing:
            count = ordered[-1] - ordered[0] + 1 - len(ordered)
            shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            what = "1 number is" if count == 1 else f"{count} numbers are"
            notes.append(f"{what} missing in the series ({shown}); its frames follow without a gap.")
    return notes


def _check_headers(images: Sequence[Path], first: av.VideoFrame) -> list[ImageHeader | None]:
    """The headers of all images, when all have the first one's size.

    Raises:
        MediaError: naming the images whose size differs.
    """
    headers = [read_header(image) for image in images]
    size = _orientation(headers[0]).size(first.width, first.height)
    others = []
    for image, header in zip(images, headers, strict=True):
        if header is not None:
            width, height = header.orientation.size(header.width, header.height)
            if (width, height) != size:
                others.append(f"{image.name} ({width} x {height})")
    if others:
        named = ", ".join(others[:_NAMES_SHOWN])
        more = f" and {len(others) - _NAMES_SHOWN} more" if len(others) > _NAMES_SHOWN else ""
        raise MediaError(
            f"The images have different sizes: '{images[0].name}' is {size[0]} x {size[1]},"
            f" unlike {named}{more}.",
            "Put images of one size into a folder of their own.",
        )
    return headers


def _orientation(header: ImageHeader | None) -> Orientation:
    return UPRIGHT if header is None else header.orientation


def _common_format(first: PixelFormat, headers: Sequence[ImageHeader | None]) -> PixelFormat:
    """A format that holds the pixels of all images: RGB when some are coloured and others are gray."""
    known = [header for header in headers if header is not None]
    if not known:
        return first
    has_alpha = any(header.is_clear for header in known)
    if first.family is PixelFamily.YUV:
        return first
    modes = {header.mode for header in known}
    is_gray = modes <= {"L", "1", "I;16", "I;16B", "I", "F"} and not has_alpha
    is_deep = first.depth == 16 or any(mode.startswith("I") for mode in modes)
    return PixelFormat(
        family=PixelFamily.GRAY if is_gray and first.family is PixelFamily.GRAY else PixelFamily.RGB,
        depth=16 if is_deep else first.depth,
        has_alpha=has_alpha,
    )


def widen(frame: Frame, wanted: PixelFormat) -> Frame | None:
    """The same picture in a format that holds it exactly; None where none of it would be exact."""
    if frame.format == wanted:
        return frame
    held = frame.format
    if PixelFamily.YUV in (held.family, wanted.family) or held.depth > wanted.depth:
        return None
    planes: list[Plane] = list(frame.planes[:-1] if held.has_alpha else frame.planes)
    alpha = frame.planes[-1] if held.has_alpha else None
    if held.family is PixelFamily.GRAY and wanted.family is PixelFamily.RGB:
        planes *= 3
    if alpha is not None and not wanted.has_alpha and (alpha != (1 << held.depth) - 1).any():
        return None
    if len(planes) != wanted.num_planes - wanted.has_alpha:
        return None
    if wanted.has_alpha:
        planes.append(np.full_like(planes[0], (1 << held.depth) - 1) if alpha is None else alpha)
    if held.depth < wanted.depth:
        top, bottom = (1 << wanted.depth) - 1, (1 << held.depth) - 1
        planes = [
            ((plane.astype(np.uint32) * top + bottom // 2) // bottom).astype(np.uint16) for plane in planes
        ]
    return replace(frame, planes=tuple(planes), format=wanted)


def probe_images(path: Path, rate: Fraction) -> ClipInfo:
    """`probe` for a folder, a pattern, a series or a single image."""
    images, notes = find_images(path)
    if is_pattern(path):
        # A clip needs a path that exists: the first image stands for its series, the folder for all in it.
        stand_in = next((one for one in (images[0], path.parent) if find_images(one)[0] == images), None)
        if stand_in is None:
            raise MediaError(
                f"The images like '{path}' are no series by themselves.",
                "Put them into a folder of their own.",
            )
        path = stand_in
    first = read_picture(images[0])
    headers = _check_headers(images, first)
    layout = layout_of(first.format.name)
    orientation = _orientation(headers[0])
    format_ = _common_format(orientation.format(layout.format), headers)
    width, height = orientation.size(first.width, first.height)
    notes.append(layout.note)
    color = orientation.color(color_of(first, siting=siting_of(first)), layout.format)
    return ClipInfo(
        path=path,
        kind=ClipKind.SEQUENCE,
        container="images",
        codec=image_codec(images[0]) or images[0].suffix.lstrip("."),
        width=width,
        height=height,
        format=format_,
        stored_format=first.format.name,
        color=color,
        rotation=orientation.rotation,
        times=FrameTimes(pts=tuple(range(len(images))), time_base=1 / rate, end_pts=len(images)),
        rate=rate,
        notes=tuple(note for note in notes if note),
    )


def read_image(path: Path) -> Frame:
    """One still image as a frame at time 0, even when it is one of a series.

    Raises:
        MediaError: when the file is no image, or damaged.
    """
    picture = read_picture(path)
    header = read_header(path)
    orientation = _orientation(header)
    layout = layout_of(picture.format.name)
    color = orientation.color(color_of(picture, siting=siting_of(picture)), layout.format)
    frame = orientation.apply(frame_from_av(picture, index=0, time=Fraction(0), color=color))
    if frame.format.has_alpha and header is not None and not header.is_clear:
        opaque = replace(frame.format, has_alpha=False)
        frame = widen(frame, opaque) or frame
    return frame


class ImageSource:
    """Frames of a series of images; the next ones are decoded ahead on other threads."""

    def __init__(self, info: ClipInfo) -> None:
        self.info = info
        self._images, _ = find_images(info.path)
        if len(self._images) != len(info.times):
            raise MediaError(
                f"The images in '{info.path}' have changed since they were read.", "Open them again."
            )
        self._pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="images")
        self._converted: set[int] = set()

    def __enter__(self) -> ImageSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop decoding ahead."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def notes(self) -> list[str]:
        """Images that had to be converted, so far."""
        if not self._converted:
            return []
        first = self._images[min(self._converted)].name
        return [
            f"{len(self._converted)} images (the first is {first}) have other pixels; they were converted."
        ]

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames start to stop - 1 in order; may be called again at any time."""
        end = len(self._images) if stop is None else min(stop, len(self._images))
        numbers = iter(range(max(start, 0), end))
        waiting: deque[tuple[int, Future[av.VideoFrame]]] = deque()
        try:
            for number in numbers:
                waiting.append((number, self._pool.submit(read_picture, self._images[number])))
                if len(waiting) > _WORKERS:
                    index, future = waiting.popleft()
                    yield self._frame(index, future.result())
            while waiting:
                index, future = waiting.popleft()
                yield self._frame(index, future.result())
        finally:
            for _, future in waiting:
                future.cancel()

    def _frame(self, index: int, picture: av.VideoFrame) -> Frame:
        info = self.info
        orientation = _orientation(read_header(self._images[index]))
        if orientation.size(picture.width, picture.height) != (info.width, info.height):
            raise MediaError(
                f"The image '{self._images[index]}' has another size than the first one.",
                "Put images of one size into a folder of their own.",
            )
        frame = frame_from_av(picture, index=index, time=info.times.time(index), color=info.color)
        fitting = widen(orientation.apply(frame), info.format)
        if fitting is None:
            self._converted.add(index)
            stored = orientation.format(info.format)  # turning twice is turning back
            picture = picture.reformat(format=pixel_format_name(stored), threads=1)
            frame = frame_from_av(picture, index=index, time=info.times.time(index), color=info.color)
            fitting = orientation.apply(frame)
        return fitting
