"""How a running job talks on a terminal: a live line, plain lines, or one JSON event a line."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from flavr_core.progress import Progress
from flavr_core.timing import format_time

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_LABELS = {
    "load": "Loading the network",
    "analyse": "Looking for duplicates",
    "convert": "Converting",
    "assemble": "Assembling",
    "verify": "Verifying",
    "done": "Done",
}
_PLAIN_EVERY_S = 10.0


def progress_words(progress: Progress) -> str:
    """`123/480 frames  12.3/s  0:00:29 left  queues 3+12 MB`, with what is known."""
    words = []
    if progress.total:
        words.append(f"{progress.done}/{progress.total}")
    if progress.rate:
        words.append(f"{progress.rate:.1f}/s")
    if progress.remaining_s is not None and progress.stage == "convert":
        words.append(f"{format_time(round(progress.remaining_s))[:-4]} left")
    if progress.queues and progress.stage == "convert":
        waiting = "+".join(str(round(size / 2**20)) for size in progress.queues.values())
        words.append(f"waiting {waiting} MB")
    if progress.device_bytes:
        words.append(f"GPU {progress.device_bytes / 2**30:.1f} GB")
    return "  ".join(words)


def _live_bar() -> Bar:
    """A bar on stderr. Imported here alone: it takes longer to load than a short clip to begin."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[words]}"),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )


class TerminalReporter:
    """A live bar on a terminal; a line now and then where the output is no terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar = _live_bar() if sys.stderr.isatty() and not quiet else None
        self._task: TaskID | None = None
        self._stage = ""
        self._last_plain_s = 0.0

    def __enter__(self) -> TerminalReporter:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def progress(self, progress: Progress) -> None:
        """Redraw the bar, or print a line where a stage begins and every ten seconds."""
        label = _LABELS.get(progress.stage, progress.stage)
        words = progress_words(progress)
        now = time.monotonic()
        is_new = progress.stage != self._stage
        self._stage = progress.stage
        if self._bar is not None:
            if is_new or self._task is None:
                if self._task is not None:
                    self._bar.remove_task(self._task)
                self._task = self._bar.add_task(label, total=progress.total or None, words=words)
            self._bar.update(self._task, completed=progress.done, total=progress.total or None, words=words)
        elif (is_new or now - self._last_plain_s > _PLAIN_EVERY_S) and progress.stage != "done":
            self._last_plain_s = now
            self._say(f"{label} {words}".rstrip())

    def note(self, text: str) -> None:
        """Print a note above the bar."""
        self._say(f"note: {text}")

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, soft_wrap=True, markup=False)
        elif not self._quiet:
            print(line, file=sys.stderr, flush=True)


class JsonReporter:
    """One JSON object a line on stdout: {"event": "progress" | "note" | "plan" | "done" | "error", ...}."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()

    def __enter__(self) -> JsonReporter:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def event(self, name: str, **facts: Any) -> None:
        """Print one event at once."""
        with self._lock:
            print(json.dumps({"event": name, **facts}, ensure_ascii=False), file=self._stream, flush=True)

    def progress(self, progress: Progress) -> None:
        """A snapshot, all fields."""
        self.event("progress", **asdict(progress))

    def note(self, text: str) -> None:
        """A note."""
        self.event("note", text=text)
