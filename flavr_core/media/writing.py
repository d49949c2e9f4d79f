"""Opening files for writing, and what the system says against it, in one sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import av.error
from av.container import OutputContainer

from flavr_core.errors import OutputError

_REASONS = {
    errno.ENOSPC: ("The disk is full", "Make room and go on with --resume."),
    errno.EDQUOT: ("Your disk quota is used up", "Make room and go on with --resume."),
    errno.EROFS: ("The disk is read-only", "Choose another folder."),
    errno.EACCES: ("Permission is denied", "Choose another folder, or change its permissions."),
    errno.EPERM: ("Permission is denied", "Choose another folder, or change its permissions."),
    errno.ENOENT: ("The folder is gone", "Choose another folder."),
    errno.EFBIG: ("The file system cannot hold so large a file", "Choose another disk."),
    errno.EIO: ("The disk reports an error", "Choose another disk."),
}


def output_error(path: Path, error: BaseException) -> OutputError:
    """What went wrong while writing `path`, as one sentence and a hint."""
    number = getattr(error, "errno", None)
    reason, hint = _REASONS.get(number, (None, "")) if isinstance(number, int) else (None, "")
    if reason is None:
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = str(detail).splitlines()[0].rstrip(".")
    return OutputError(f"'{path.name}' could not be written: {reason}.", hint)


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn what libav and the system raise inside into OutputError about `path`."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        raise output_error(path, error) from error


def open_output(path: Path, muxer: str, options: dict[str, str]) -> OutputContainer:
    """Open a file for writing; what is written holds neither dates nor versions nor random numbers.

    Raises:
        OutputError: when it cannot be created.
    """
    with output_errors(path):
        # libav creates the file only with the header; a closed folder shall be heard of now.
        path.open("ab").close()
        container = av.open(
            str(path.absolute()), "w", format=muxer, container_options={"fflags": "+bitexact", **options}
        )
    assert isinstance(container, OutputContainer)
    return container


def discard(container: OutputContainer | None, path: Path) -> None:
    """Close without caring for errors and remove the file."""
    if container is not None:
        with suppress(av.error.FFmpegError, OSError, ValueError):
            container.close()
    with suppress(OSError):
        path.unlink(missing_ok=True)
