"""What is already rendered, on disk: closed segments and the journal that lists them.

Everything of an unfinished render lives in one folder beside the output, `NAME.part`:

    journal.json          what is being rendered (fingerprint) and which segments are closed
    segment-00012.mkv     a closed segment; `.tmp` while it is being written
    result.*              the assembled file while it is being made and verified
    owner                 process that is at work here
    published             hash of the verified result, written just before it gets its final name

Every file appears by temporary name and rename, the segment before its line in the journal, so the
journal never names a segment that is not whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from flavr_core.errors import OutputError

SCHEMA_VERSION = 1
FRAMES = "number of output frames"
"""Name of that part of a fingerprint."""
_JOURNAL = "journal.json"
_OWNER = "owner"
_PUBLISHED = "published"
_EARLY_FILES = {_OWNER, f"{_OWNER}.tmp", f"{_JOURNAL}.tmp", _PUBLISHED}
"""All that can lie in the folder before the first journal is written, or after the result got its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A closed stretch of output frames."""

    index: int
    """Number from 0."""
    start: int
    """First output frame."""
    stop: int
    """One past the last output frame."""
    sha256: str = ""
    """Hash of the file; empty while it is not rendered."""
    made: int = 0
    """Frames in it that were drawn."""
    filmed: int = 0
    """Source frames in it that are shown as they are, each counted once; the rest are held."""

    def __len__(self) -> int:
        return self.stop - self.start


def work_folder(output: Path) -> Path:
    """Where the unfinished render of `output` lives."""
    absolute = Path(os.path.abspath(output))  # noqa: PTH100 - resolve() would follow a link to elsewhere
    return absolute.with_name(f"{absolute.name}.part")


def write_atomically(path: Path, text: str) -> None:
    """Write a small text file by temporary name, flush and rename."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Journal:
    """The folder of one unfinished render."""

    def __init__(self, output: Path, *, fingerprint: dict[str, Any], segments: tuple[Segment, ...]) -> None:
        self.folder = work_folder(output)
        self._fingerprint = json.loads(json.dumps(fingerprint))
        self._segments = {segment.index: segment for segment in segments}

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All segments in order, rendered or not."""
        return tuple(self._segments[index] for index in sorted(self._segments))

    @property
    def pending(self) -> tuple[Segment, ...]:
        """Segments that are still to be rendered, in order."""
        return tuple(segment for segment in self.segments if not segment.sha256)

    def segment_path(self, index: int) -> Path:
        """Where a closed segment lies."""
        return self.folder / f"segment-{index:05d}.mkv"

    def open_new(self) -> None:
        """Begin with nothing rendered; what was there goes. Raises OutputError when it cannot be written."""
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.mkdir()
            self._claim()
            self._save()
        except OSError as error:
            raise _cannot_write(self.folder, error) from error

    def open_existing(self) -> list[str]:
        """Take up an interrupted render; returns a note for each segment that must be made again.

        Raises:
            OutputError: when another program is at work on it, when the journal cannot be read, or when
                source or settings are not those it was begun with (the reasons are named).
        """
        check_not_owned(self.folder)
        try:
            stored = json.loads((self.folder / _JOURNAL).read_text(encoding="utf-8"))
            version, fingerprint = stored["schema_version"], stored["fingerprint"]
            listed = [Segment(**entry) for entry in stored["segments"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(
                f"The unfinished render in '{self.folder}' has no readable journal.",
                "Begin anew with --overwrite.",
            ) from error
        changed = _differences(fingerprint, self._fingerprint)
        if version != SCHEMA_VERSION:
            changed.insert(0, "the program's version")
        if changed:
            raise OutputError(
                f"The unfinished render in '{self.folder}' was begun with "
                f"another {', another '.join(changed)}.",
                "Give the same source and settings, or begin anew with --overwrite.",
            )
        notes = []
        for segment in listed:
            path = self.segment_path(segment.index)
            if segment.index not in self._segments:
                continue
            if path.is_file() and file_sha256(path) == segment.sha256:
                self._segments[segment.index] = segment
            else:
                notes.append(
                    f"Segment {segment.index} of the unfinished render is damaged and is made again."
                )
        self._claim()
        return notes

    def close_segment(self, segment: Segment, temporary: Path, *, made: int, filmed: int) -> None:
        """Give a finished segment file its name and write it into the journal.

        Raises:
            OutputError: when the disk is full, or gone.
        """
        try:
            digest = file_sha256(temporary)
            temporary.replace(self.segment_path(segment.index))
        except OSError as error:
            raise _cannot_write(self.folder, error) from error
        self._segments[segment.index] = Segment(
            index=segment.index,
            start=segment.start,
            stop=segment.stop,
            sha256=digest,
            made=made,
            filmed=filmed,
        )
        try:
            self._save()
        except OSError as error:
            raise _cannot_write(self.folder, error) from error

    def publish(self, result: Path, output: Path) -> None:
        """Give the verified result its final name. A file of that name is replaced, a folder set aside."""
        write_atomically(self.folder / _PUBLISHED, result_sha256(result))
        if output.is_dir():
            output.rename(self.folder / "replaced")
        result.replace(output)

    def release(self, *, keep: bool) -> None:
        """Leave the folder for a later `--resume`, or remove it."""
        (self.folder / _OWNER).unlink(missing_ok=True)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _claim(self) -> None:
        process = psutil.Process()
        write_atomically(
            self.folder / _OWNER, json.dumps({"pid": process.pid, "started": process.create_time()})
        )

    def _save(self) -> None:
        done = [asdict(segment) for segment in self.segments if segment.sha256]
        content = {"schema_version": SCHEMA_VERSION, "fingerprint": self._fingerprint, "segments": done}
        write_atomically(self.folder / _JOURNAL, json.dumps(content, indent=1, ensure_ascii=False))


def check_not_owned(folder: Path) -> None:
    """Raise OutputError when a living program is at work in this folder."""
    try:
        owner = json.loads((folder / _OWNER).read_text(encoding="utf-8"))
        process = psutil.Process(int(owner["pid"]))
        alive = process.is_running() and abs(process.create_time() - float(owner["started"])) < 1
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return
    if alive:
        raise OutputError(
            f"Another conversion (process {process.pid}) is writing '{folder.name.removesuffix('.part')}'.",
            "Wait for it, stop it, or choose another output.",
        )


def is_begun(folder: Path) -> bool:
    """Whether the folder holds a journal."""
    return (folder / _JOURNAL).is_file()


def unfinished_render(output: Path) -> Path | None:
    """The folder of an unfinished render of `output`; None when there is none."""
    folder = work_folder(output)
    return folder if is_begun(folder) else None


def kept_frames(output: Path) -> tuple[int, int] | None:
    """What an unfinished render of `output` can go on from.

    Returns:
        Output frames in its closed segments, and all that the output will have; None where there is none.
    """
    try:
        stored = json.loads((work_folder(output) / _JOURNAL).read_text(encoding="utf-8"))
        kept = sum(len(Segment(**entry)) for entry in stored["segments"])
        return kept, int(stored["fingerprint"][FRAMES])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_ours(folder: Path) -> bool:
    """Whether the folder is an unfinished render, one without a first journal, or word of a finished one."""
    return folder.is_dir() and (is_begun(folder) or {path.name for path in folder.iterdir()} <= _EARLY_FILES)


def mark_published(output: Path) -> None:
    """Leave word of a result that got its name when nobody was there any more to be told of it."""
    folder = work_folder(output)
    folder.mkdir(exist_ok=True)
    write_atomically(folder / _PUBLISHED, result_sha256(output))


def clear_published(output: Path) -> bool:
    """Remove the folder of a render that was killed, or left alone, after its result had got its name.

    Returns:
        True when `output` is the very result that the folder speaks of.
    """
    folder = work_folder(output)
    try:
        digest = (folder / _PUBLISHED).read_text(encoding="utf-8")
        is_result = result_sha256(output) == digest
    except OSError:
        return False
    if is_result:
        shutil.rmtree(folder, ignore_errors=True)
    return is_result


def result_sha256(path: Path) -> str:
    """Hash of a file, or of the names and hashes of a folder's files."""
    if not path.is_dir():
        return file_sha256(path)
    listing = "\n".join(f"{file.name} {file_sha256(file)}" for file in sorted(path.iterdir()))
    return hashlib.sha256(listing.encode()).hexdigest()


def _differences(stored: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Names of the parts of two fingerprints that differ."""
    return [name for name in sorted({*stored, *wanted}) if stored.get(name) != wanted.get(name)]


def _cannot_write(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"'{folder}' cannot be written ({error.strerror or error}).",
        "Choose another folder for the output, or make room and check its permissions.",
    )
