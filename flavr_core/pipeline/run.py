"""`run_job`: the only place that names all four stages.

    decode thread ──Frame──▶ infer thread (windows, engine) ──Frame──▶ encode thread (segments, journal)

The calling thread starts them, reports progress and looks at the cancel token. When all segments are
closed they are assembled into one file, the file is read back, and only then does it get its name.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flavr_core.errors import OutputError
from flavr_core.frame import Frame
from flavr_core.media import Verification, assemble, open_segment, open_source, verify_output
from flavr_core.pipeline.job import Job
from flavr_core.pipeline.journal import Journal, Segment, is_begun
from flavr_core.pipeline.queues import ByteQueue
from flavr_core.pipeline.report import JobReport
from flavr_core.pipeline.stages import StageThreads
from flavr_core.progress import CancelToken, Progress, Reporter
from flavr_core.timeline import iter_windows, needed_frames

QUEUE_BYTES = 96 * 2**20
"""Most bytes of frames that wait between two stages; two 8K frames, or ten of 4K."""
QUEUE_FRAMES = 12
"""Frames that wait where they are smaller: more would only be memory that is touched in vain."""
RATE_WINDOW_S = 8.0
"""How far back the shown rate looks."""


def run_job(job: Job, reporter: Reporter, token: CancelToken) -> JobReport:
    """Render, assemble, verify, and give the result its name.

    Args:
        job: from `prepare`.
        reporter: told about progress and notes; called from this thread and the job's own.
        token: set it from any thread to stop.

    Returns:
        The receipt.

    Raises:
        CancelledError: when stopped. Closed segments stay for a later resume; nothing has the final name.
        FlavrError: whatever went wrong in a stage; likewise.
    """
    return _Run(job, reporter, token).execute()


@dataclass(slots=True)
class _Counts:
    """Written by the encode thread, read by the calling one."""

    written: int = 0
    made: int = 0


class _Run:
    """The state of one run; lives as long as `run_job`."""

    def __init__(self, job: Job, reporter: Reporter, token: CancelToken) -> None:
        self._job = job
        self._reporter = reporter
        self._token = token
        self._journal = Journal(job.settings.output, fingerprint=job.fingerprint(), segments=job.segments)
        self._counts = _Counts()
        self._started_s = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque()
        self._notes: list[str] = []
        self._notes_lock = threading.Lock()
        info = job.info
        some = QUEUE_FRAMES * info.format.frame_bytes(width=info.width, height=info.height)
        self._decoded: ByteQueue[Frame | None] = ByteQueue(max_bytes=min(QUEUE_BYTES, some))
        self._drawn: ByteQueue[Frame] = ByteQueue(max_bytes=min(QUEUE_BYTES, some))

    def execute(self) -> JobReport:
        for note in self._job.notes:
            self._note(note)
        self._open_journal()
        keep = True
        try:
            resumed_frames = self._count_rendered()
            self._render()
            rendered_s = time.monotonic() - self._started_s
            result = self._assemble()
            verification = self._verify(result)
            self._publish(result)
            keep = False
        finally:
            keep = keep and any(segment.sha256 for segment in self._journal.segments)
            self._journal.release(keep=keep)
        self._progress("done", len(self._job.plan), len(self._job.plan))
        return JobReport.of(
            self._job,
            made=sum(segment.made for segment in self._journal.segments),
            filmed=sum(segment.filmed for segment in self._journal.segments),
            resumed_frames=resumed_frames,
            rendered_s=rendered_s,
            elapsed_s=time.monotonic() - self._started_s,
            notes=tuple(self._notes),
            verification=verification,
        )

    def _open_journal(self) -> None:
        if self._job.settings.resume and is_begun(self._journal.folder):
            for note in self._journal.open_existing():
                self._note(note)
        else:
            self._journal.open_new()

    def _count_rendered(self) -> int:
        rendered = [segment for segment in self._journal.segments if segment.sha256]
        self._counts.written = sum(segment.stop - segment.start for segment in rendered)
        return self._counts.written

    def _render(self) -> None:
        runs = list(contiguous_runs(self._journal.pending))
        if not runs:
            return
        StageThreads(self._token).run(
            (
                ("decode", lambda: self._decode(runs)),
                ("infer", lambda: self._infer(runs)),
                ("encode", self._encode),
            ),
            (self._decoded, self._drawn),
            lambda: self._progress("convert", self._counts.written, len(self._job.plan)),
        )

    def _decode(self, runs: list[tuple[int, int]]) -> None:
        """Frames each run needs, then None after each run."""
        job = self._job
        with open_source(job.info) as source:
            for start, stop in runs:
                for frame in source.frames(*needed_frames(job.plan, start, stop)):
                    self._token.check()
                    self._decoded.put(frame, nbytes=frame.nbytes)
                self._decoded.put(None, nbytes=0)
            for note in source.notes:
                self._note(note)
        self._decoded.finish()

    def _infer(self, runs: list[tuple[int, int]]) -> None:
        job = self._job
        known = len(job.engine.notes)
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
            for window in windows:
                self._token.check()
                frames = job.drawn.take(window, job.engine) if job.drawn is not None else None
                for frame in frames or job.engine.interpolate(window, cut_mode=job.settings.scenes.cuts):
                    self._drawn.put(frame, nbytes=frame.nbytes)
                for note in job.engine.notes[known:]:
                    self._note(note)
                known = len(job.engine.notes)
        self._drawn.finish()

    def _encode(self) -> None:
        pending = iter(self._journal.pending)
        frames = iter(self._drawn)
        for segment in pending:
            self._encode_segment(segment, frames)

    def _encode_segment(self, segment: Segment, frames: Iterator[Frame]) -> None:
        temporary = self._journal.folder / f"segment-{segment.index:05d}.tmp.mkv"
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
                self._counts.written += 1
            sink.close()
        except BaseException:
            sink.abort()
            raise
        self._journal.close_segment(segment, temporary, made=made, filmed=filmed)

    def _is_first_of_its_frame(self, index: int) -> bool:
        """Whether output frame `index` is a source frame that the one before it did not show already."""
        planned = self._job.plan[index]
        return not planned.position and (index == 0 or self._job.plan[index - 1].gap != planned.gap)

    def _assemble(self) -> Path:
        suffix = self._job.settings.output.suffix
        result = self._journal.folder / f"result{suffix}"
        if result.is_dir():
            shutil.rmtree(result)
        result.unlink(missing_ok=True)
        paths = [self._journal.segment_path(segment.index) for segment in self._journal.segments]
        for note in assemble(
            self._job.encoding,
            paths,
            result,
            token=self._token,
            on_progress=lambda done, total: self._progress("assemble", done, total),
        ):
            self._note(note)
        return result

    def _verify(self, result: Path) -> Verification:
        self._token.check()
        self._progress("verify", 0, 0)
        verification = verify_output(self._job.encoding, result)
        if verification.problems:
            raise OutputError(
                f"The result is not what was promised: {' '.join(verification.problems)}",
                f"It was left as '{result}' for inspection; please report this with the clip.",
            )
        self._token.check()
        return verification

    def _publish(self, result: Path) -> None:
        """Give the verified result its final name; an old file is replaced only when that was asked for."""
        output = self._job.settings.output
        if output.exists() and not self._job.settings.overwrite and any_content(output):
            raise OutputError(
                f"'{output}' appeared while it was being made.",
                "Move it away and go on with --resume, or add --overwrite.",
            )
        try:
            self._journal.publish(result, output)
        except OSError as error:
            raise OutputError(
                f"The finished result cannot get its name '{output}' ({error.strerror}).",
                f"It is whole and lies at '{result}'.",
            ) from error

    def _note(self, text: str) -> None:
        with self._notes_lock:
            if text in self._notes:
                return
            self._notes.append(text)
        self._reporter.note(text)

    def _progress(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        self._token.check()
        rate = 0.0
        if stage == "convert":
            self._recent.append((now, done))
            while now - self._recent[0][0] > RATE_WINDOW_S:
                self._recent.popleft()
            then, before = self._recent[0]
            rate = (done - before) / (now - then) if now > then else 0.0
        self._reporter.progress(
            Progress(
                stage=stage,
                done=done,
                total=total,
                elapsed_s=now - self._started_s,
                rate=rate,
                remaining_s=(total - done) / rate if rate > 0 else None,
                queues={"decoded": self._decoded.waiting_bytes, "drawn": self._drawn.waiting_bytes},
                device_bytes=self._job.engine.memory_bytes(),
            )
        )


def contiguous_runs(segments: tuple[Segment, ...]) -> Iterator[tuple[int, int]]:
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


def any_content(output: Path) -> bool:
    """Whether something would be lost if `output` were replaced."""
    return any(output.iterdir()) if output.is_dir() else output.exists()


def _until_none(frames: Iterator[Frame | None]) -> Iterator[Frame]:
    """Frames up to the next None."""
    for frame in frames:
        if frame is None:
            return
        yield frame
