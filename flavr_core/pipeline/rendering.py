"""Segments become files: decoded, drawn and encoded in three threads that overlap.

    decode thread ──Frame──▶ infer thread (windows, engine) ──Frame──▶ encode thread (segment files)

The very same code makes the segments of a whole clip here and those that a machine of a cluster is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flavr_core.errors import OutputError
from flavr_core.frame import Frame
from flavr_core.media import open_segment, open_source
from flavr_core.pipeline.job import Job
from flavr_core.pipeline.journal import Segment
from flavr_core.pipeline.queues import ByteQueue
from flavr_core.pipeline.stages import StageThreads
from flavr_core.progress import CancelToken
from flavr_core.timeline import iter_windows, needed_frames

QUEUE_BYTES = 96 * 2**20
"""Most bytes of frames that wait between two stages; two 8K frames, or ten of 4K."""
QUEUE_FRAMES = 12
"""Frames that wait where they are smaller: more would only be memory that is touched in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedSegment:
    """A segment whose file is whole and still has a temporary name."""

    segment: Segment
    """Which one."""
    path: Path
    """Its file."""
    made: int
    """Frames in it that were drawn."""
    filmed: int
    """Source frames in it that are shown as they are, each counted once."""


class Rendering(Protocol):
    """Makes the files of segments, here or elsewhere.

    Attributes:
        written: frames that are encoded so far.
    """

    written: int

    @property
    def queues(self) -> dict[str, int]:
        """Bytes waiting in each queue, by name."""

    @property
    def device_bytes(self) -> int:
        """Memory in use on the GPU, 0 on a CPU."""

    def run(
        self,
        segments: Sequence[Segment],
        folder: Path,
        *,
        on_rendered: Callable[[RenderedSegment], None],
        on_note: Callable[[str], None],
        on_tick: Callable[[], None],
    ) -> None:
        """Make them all.

        Args:
            segments: which, in order.
            folder: where the files go, by temporary names.
            on_rendered: takes each finished file; called from any one thread at a time.
            on_note: told what the user should know; called from any thread.
            on_tick: called about ten times a second, from the calling thread.

        Raises:
            CancelledError: when stopped.
            FlavrError: the first thing that went wrong.
        """


class LocalRendering:
    """Renders in threads of this process."""

    def __init__(self, job: Job, token: CancelToken) -> None:
        self._job = job
        self._token = token
        self.written = 0
        some = QUEUE_FRAMES * job.info.format.frame_bytes(width=job.info.width, height=job.info.height)
        self._decoded: ByteQueue[Frame | None] = ByteQueue(max_bytes=min(QUEUE_BYTES, some))
        self._drawn: ByteQueue[Frame] = ByteQueue(max_bytes=min(QUEUE_BYTES, some))

    @property
    def queues(self) -> dict[str, int]:
        """Bytes waiting in each queue, by name."""
        return {"decoded": self._decoded.waiting_bytes, "drawn": self._drawn.waiting_bytes}

    @property
    def device_bytes(self) -> int:
        """Memory in use on the GPU, 0 on a CPU."""
        return self._job.engine.memory_bytes()

    def run(
        self,
        segments: Sequence[Segment],
        folder: Path,
        *,
        on_rendered: Callable[[RenderedSegment], None],
        on_note: Callable[[str], None],
        on_tick: Callable[[], None],
    ) -> None:
        """Make them all; see `Rendering`. Once for each object."""
        runs = list(contiguous_runs(segments))
        StageThreads(self._token).run(
            (
                ("decode", lambda: self._decode(runs, on_note)),
                ("infer", lambda: self._infer(runs, on_note)),
                ("encode", lambda: self._encode(segments, folder, on_rendered)),
            ),
            (self._decoded, self._drawn),
            on_tick,
        )

    def _decode(self, runs: list[tuple[int, int]], on_note: Callable[[str], None]) -> None:
        """Frames each run needs, then None after each run."""
        job = self._job
        with open_source(job.info) as source:
            for start, stop in runs:
                for frame in source.frames(*needed_frames(job.plan, start, stop)):
                    self._token.check()
                    self._decoded.put(frame, nbytes=frame.nbytes)
                self._decoded.put(None, nbytes=0)
            for note in source.notes:
                on_note(note)
        self._decoded.finish()

    def _infer(self, runs: list[tuple[int, int]], on_note: Callable[[str], None]) -> None:
        job = self._job
        said = set(job.engine.notes)
        take = job.drawn.take if job.drawn is not None else None
        decoded = iter(self._decoded)
        for start, stop in runs:
            windows = iter_windows(
                _until_none(decoded),
                job.plan,
                scenes=job.settings.scenes,
                overrides=job.overrides,
                start=start,
                stop=stop,
            )
            drawing = job.engine.interpolate_each(
                windows,
                cut_mode=job.settings.scenes.cuts,
                taken=None if take is None else lambda window: take(window, job.engine),
            )
            with closing(drawing):
                for frames in drawing:
                    self._token.check()
                    for frame in frames:
                        self._drawn.put(frame, nbytes=frame.nbytes)
                    for note in job.engine.notes:
                        if note not in said:
                            said.add(note)
                            on_note(note)
        self._drawn.finish()

    def _encode(
        self, segments: Sequence[Segment], folder: Path, on_rendered: Callable[[RenderedSegment], None]
    ) -> None:
        frames = iter(self._drawn)
        for segment in segments:
            on_rendered(self._encode_segment(segment, folder, frames))

    def _encode_segment(self, segment: Segment, folder: Path, frames: Iterator[Frame]) -> RenderedSegment:
        temporary = folder / f"segment-{segment.index:05d}.tmp.mkv"
        sink = open_segment(self._job.encoding, temporary)
        made = filmed = 0
        try:
            for expected in range(segment.start, segment.stop):
                frame = next(frames, None)
                if frame is None or frame.index != expected:
                    found = "nothing" if frame is None else f"frame {frame.index}"
                    raise OutputError(
                        f"Output frame {expected} was promised and {found} came.",
                        "This is a fault of the program; please report it with the clip.",
                    )
                self._token.check()
                sink.write(frame)
                made += frame.made
                filmed += not frame.made and self._is_first_of_its_frame(expected)
                self.written += 1
            sink.close()
        except BaseException:
            sink.abort()
            raise
        return RenderedSegment(segment=segment, path=temporary, made=made, filmed=filmed)

    def _is_first_of_its_frame(self, index: int) -> bool:
        """Whether output frame `index` is a source frame that the one before it did not show already."""
        planned = self._job.plan[index]
        return not planned.position and (index == 0 or self._job.plan[index - 1].gap != planned.gap)


def contiguous_runs(segments: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """Stretches (start, stop) of output frames that cover the segments, neighbours joined."""
    run: tuple[int, int] | None = None
    for segment in segments:
        if run is not None and run[1] == segment.start:
            run = (run[0], segment.stop)
            continue
        if run is not None:
            yield run
        run = (segment.start, segment.stop)
    if run is not None:
        yield run


def _until_none(frames: Iterator[Frame | None]) -> Iterator[Frame]:
    """Frames up to the next None."""
    for frame in frames:
        if frame is None:
            return
        yield frame
