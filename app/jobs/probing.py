"""What is dropped becomes clips: folders are searched, images grouped, files probed; in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import QObject

from app.jobs.background import BackgroundCalls, Call
from flavr_core.clip import ClipInfo
from flavr_core.errors import FlavrError
from flavr_core.media import probe, source_files
from flavr_core.media.animation import kind_of_animation
from flavr_core.media.sequence import find_images, natural_key
from flavr_core.media.stills import IMAGE_SUFFIXES
from flavr_core.progress import CancelToken

VIDEO_SUFFIXES = frozenset(
    {
        ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".f4v", ".mpg",
        ".mpeg", ".m2v", ".ts", ".mts", ".m2ts", ".vob", ".ogv", ".ogm", ".3gp", ".3g2", ".mxf", ".y4m",
        ".nut", ".dv", ".rm", ".rmvb", ".gif", ".apng", ".ivf", ".mjpeg", ".mjpg", ".h264", ".264", ".hevc",
        ".h265", ".265", ".obu",
    }
)  # fmt: skip
"""What is looked at in folders; files given by themselves are tried whatever their name."""

MOST_CLIPS = 500
"""Clips taken from one drop; more are a slip of the hand."""
_DEEPEST = 8
_CLOSE_WAIT_S = 2.0
"""Reading the index of a huge file cannot be interrupted; closing waits no longer than this for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search came upon."""

    clips: tuple[Path, ...]
    """Files, folders of images, and first images of series; each once, as given, then by name."""
    empty: tuple[Path, ...] = ()
    """Folders among those given that hold no clip."""
    cut_short: bool = False
    """Whether there were more than MOST_CLIPS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A clip that can be used."""

    info: ClipInfo
    """What is known of it."""
    size_bytes: int
    """Bytes of all its files."""


def find_clips(paths: Iterable[Path], token: CancelToken) -> Found:
    """Everything in files and folders that looks like a clip.

    Numbered images that belong together count once. Folders are searched to a depth of eight, hidden
    ones and links to folders are left out. Raises CancelledError.
    """
    found: dict[Path, None] = {}
    empty: list[Path] = []
    grouped: set[Path] = set()
    for path in paths:
        token.check()
        before = len(found)
        if path.is_dir():
            for clip in _in_folder(path, token, depth=0):
                found.setdefault(clip)
                if len(found) > MOST_CLIPS:
                    break
            if len(found) == before:
                empty.append(path)
        elif path not in grouped:
            series = _series_of(path)
            grouped.update(series)
            found.setdefault(series[0])
        if len(found) > MOST_CLIPS:
            break
    clips = tuple(found)
    return Found(clips=clips[:MOST_CLIPS], empty=tuple(empty), cut_short=len(clips) > MOST_CLIPS)


def _series_of(path: Path) -> Sequence[Path]:
    """The images that belong to an image, or just the file."""
    if path.suffix.lower() not in IMAGE_SUFFIXES or not path.is_file() or _is_animation(path):
        return [path]
    try:
        return find_images(path)[0]
    except FlavrError:
        return [path]  # probing will say what is wrong with it


def _is_animation(path: Path) -> bool:
    try:
        return kind_of_animation(path) is not None
    except (OSError, ValueError, FlavrError):
        return False


def _in_folder(folder: Path, token: CancelToken, *, depth: int) -> Iterator[Path]:
    token.check()
    try:
        entries = sorted((one for one in folder.iterdir() if not one.name.startswith(".")), key=natural_key)
    except OSError:
        return
    files = [one for one in entries if one.is_file()]
    yield from _clips_among(folder, files, token)
    if depth < _DEEPEST:
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                yield from _in_folder(entry, token, depth=depth + 1)


def _clips_among(folder: Path, files: Sequence[Path], token: CancelToken) -> Iterator[Path]:
    """Videos and series of one folder; single images are covers and the like."""
    images = [one for one in files if one.suffix.lower() in IMAGE_SUFFIXES]
    series: dict[Path, int] = {}
    grouped: set[Path] = set()
    for image in images:
        token.check()
        if image in grouped:
            continue
        members = _series_of(image)
        grouped.update(members)
        if len(members) > 1 or _is_animation(image):
            series[members[0]] = len(members)
    is_whole_folder = len(series) == 1 and next(iter(series.values())) == len(images) > 1
    starts = {folder: 0} if is_whole_folder else series
    videos = [one for one in files if one.suffix.lower() in VIDEO_SUFFIXES]
    yield from sorted([*videos, *starts], key=natural_key)


def probe_clip(path: Path, *, sequence_rate: Fraction = Fraction(24)) -> Probed:
    """`probe`, and the size of all files. Raises FlavrError."""
    info = probe(path, sequence_rate=sequence_rate)
    size = 0
    for file in source_files(info):
        try:
            size += file.stat().st_size
        except OSError:
            continue
    return Probed(info=info, size_bytes=size)


class Probing(QObject):
    """Searches and probes in the background. Everything is called from the window's thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._searches = BackgroundCalls(self, name="search")
        self._probes = BackgroundCalls(self, threads=2, name="probe")

    def search(self, paths: Sequence[Path], on_found: Callable[[Found], None]) -> Call:
        """Look for clips in what was dropped."""
        return self._searches.submit(
            lambda token: find_clips(paths, token), on_done=on_found, on_error=_reraise
        )

    def probe(
        self,
        path: Path,
        *,
        sequence_rate: Fraction,
        on_done: Callable[[Probed], None],
        on_error: Callable[[Exception], None],
    ) -> Call:
        """Probe a clip; images are shown at `sequence_rate` frames a second."""
        return self._probes.submit(
            lambda _: probe_clip(path, sequence_rate=sequence_rate), on_done=on_done, on_error=on_error
        )

    def check_missing(self, paths: Sequence[Path], on_done: Callable[[frozenset[Path]], None]) -> Call:
        """Which of these paths are gone."""

        def look(token: CancelToken) -> frozenset[Path]:
            missing = []
            for path in paths:
                token.check()
                if not _exists(path):
                    missing.append(path)
            return frozenset(missing)

        return self._searches.submit(look, on_done=on_done, on_error=_reraise)

    def hold(self, is_held: bool) -> None:
        """While held no further clip is probed; searches, which are short, go on."""
        self._probes.hold(is_held)

    def close(self) -> None:
        """Cancel everything. May be called twice."""
        self._searches.close()
        self._probes.close(wait_s=_CLOSE_WAIT_S)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _reraise(error: Exception) -> None:
    raise error
