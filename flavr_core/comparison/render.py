"""`render_comparison`: two clips in one view, written as a video, an animation or a picture.

The result gets its name only when it is whole and was read back; until then everything lies in a hidden
folder beside it, which is removed whatever happens.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import psutil
from PIL import Image

from flavr_core.clip import ClipInfo
from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.comparison.compose import Composer, Layout, as_planes
from flavr_core.comparison.matching import Matching, Pair, Timeline, found_speed
from flavr_core.comparison.settings import ComparisonSettings, path_of
from flavr_core.comparison.sides import ComparisonSide, open_side
from flavr_core.comparison.tone import notice
from flavr_core.errors import OutputError, SettingsError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.media import EncodingPlan, assemble, open_segment, plan_encoding, verify_output
from flavr_core.media.containers import CONTAINERS, container_of_name
from flavr_core.media.writing import output_errors
from flavr_core.progress import CancelToken, Progress, Reporter
from flavr_core.settings import ExportSettings
from flavr_core.timing import format_rate

_RGB = PixelFormat(family=PixelFamily.RGB)
_SCREEN = ColorSpec(matrix=Matrix.RGB, range=Range.FULL, primaries=1, transfer=1, matrix_code=0)
"""What `to_display` gives."""
_PROGRESS_EVERY_S = 0.1
_WORK_SUFFIX = ".compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonReport:
    """What was written."""

    output: Path
    """The file."""
    frames: int
    """Pictures of it."""
    width: int
    """Columns."""
    height: int
    """Rows."""
    seconds: Fraction
    """How long it plays; 0 for a picture."""
    notes: tuple[str, ...]
    """What a user should know."""


def render_comparison(
    settings: ComparisonSettings, reporter: Reporter, token: CancelToken
) -> ComparisonReport:
    """Write a comparison.

    Args:
        settings: what and how.
        reporter: told about progress and notes; called from this thread.
        token: set it from any thread to stop.

    Raises:
        CancelledError: when stopped; nothing is left.
        FlavrError: whatever is wrong; nothing is left, and an old file stays as it was.
    """
    check_output(settings)
    with ExitStack() as stack:
        a = stack.enter_context(open_side(settings.a, token, sequence_rate=settings.sequence_rate))
        b = stack.enter_context(open_side(settings.b, token, sequence_rate=settings.sequence_rate))
        return _Comparison(settings, a, b, reporter, token).write()


def check_output(settings: ComparisonSettings) -> None:
    """Raise SettingsError or OutputError when the output cannot be written under its name."""
    output = settings.output
    if not _is_still(output) and container_of_name(output) is None:
        endings = ", ".join(suffix for form in CONTAINERS.values() for suffix in form.suffixes)
        raise SettingsError(
            f"'{output.name}' does not end in a format that can be written.", f"End it in one of {endings}."
        )
    for side in (settings.a, settings.b):
        path = path_of(side)
        if output.exists() and path.exists() and output.samefile(path):
            raise OutputError(f"The output '{output}' is one of the clips.", "Choose another name.")
    parent = output.absolute().parent
    if not parent.is_dir():
        raise OutputError(f"There is no folder '{parent}' for the output.", "Create it, or choose another.")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"The folder '{parent}' cannot be written.", "Choose another.")
    if output.is_dir():
        raise OutputError(f"'{output}' is a folder.", "Give the name of a file.")
    if output.exists() and not settings.overwrite:
        raise OutputError(f"'{output}' exists already.", "Add --overwrite, or choose another name.")


def _is_still(output: Path) -> bool:
    return output.suffix.lower() == ".png"


def _remove_left_behind(output: Path) -> None:
    """Remove the folders of programs that were killed while they wrote the same output."""
    start = f".{output.name}."
    for folder in output.absolute().parent.iterdir():
        if folder.name.startswith(start) and folder.name.endswith(_WORK_SUFFIX):
            number = folder.name[len(start) :].partition("-")[0]
            if number.isdecimal() and not psutil.pid_exists(int(number)):
                shutil.rmtree(folder, ignore_errors=True)


class _Comparison:
    """The state of one rendering."""

    def __init__(
        self,
        settings: ComparisonSettings,
        a: ComparisonSide,
        b: ComparisonSide,
        reporter: Reporter,
        token: CancelToken,
    ) -> None:
        self._settings, self._a, self._b = settings, a, b
        self._reporter, self._token = reporter, token
        self._notes: list[str] = []
        self._started_s = time.monotonic()
        self._told_s = 0.0
        self._timeline_a = Timeline.of(a.info, a.times)
        speed, offset = self._found_place()
        self._matching = Matching(
            self._timeline_a,
            Timeline.of(b.info, b.times),
            speed=speed,
            offset=offset,
            start=settings.start,
            stop=settings.stop,
        )
        self._layout = Layout.of(a.info, b.info, settings)
        self._composer = Composer(settings, self._layout, (a.title, b.title))
        for side in (a, b):
            self._note(notice(side.info.color))

    def _found_place(self) -> tuple[Fraction, Fraction]:
        """Seconds of A in one of B, and of A before B: as asked, as known of both, or by their lengths."""
        settings, a, b = self._settings, self._a, self._b
        a_speed, a_lead = a.speed or Fraction(1), a.lead or Fraction(0)
        if settings.slow is not None:
            speed = 1 / settings.slow
        elif b.speed is not None:
            speed = b.speed / a_speed
        else:
            speed = found_speed(a.times, b.times)
            if speed != 1:
                times = format_rate(1 / speed)
                self._note(f"B lasts {times} times as long as A and is taken for its slow motion.")
        known = (b.lead - a_lead) / a_speed if b.lead is not None else Fraction(0)
        return speed, settings.offset if settings.offset is not None else known

    def write(self) -> ComparisonReport:
        output = self._settings.output
        _remove_left_behind(output)
        with output_errors(output):
            prefix = f".{output.name}.{os.getpid()}-"
            folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=_WORK_SUFFIX, dir=output.absolute().parent))
        try:
            result = folder / f"result{output.suffix}"
            if _is_still(output):
                frames, seconds = self._write_still(result)
            else:
                frames, seconds = self._write_clip(folder, result)
            self._token.check()
            self._publish(result)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._tell("done", frames, frames)
        width, height = self._layout.size
        return ComparisonReport(
            output=output,
            frames=frames,
            width=width,
            height=height,
            seconds=seconds,
            notes=tuple(self._notes),
        )

    def _publish(self, result: Path) -> None:
        output = self._settings.output
        if output.exists() and not self._settings.overwrite:
            raise OutputError(f"'{output}' appeared while it was being made.", "Choose another name.")
        with output_errors(output):
            result.replace(output)

    def _write_still(self, result: Path) -> tuple[int, Fraction]:
        pair = self._matching.at(self._settings.at, self._timeline_a)
        a = _only(self._a.frames(pair.a, pair.a + 1))
        self._token.check()
        b = _only(self._b.frames(pair.b, pair.b + 1))
        picture = self._composer.compose(a, b, pair)
        with output_errors(self._settings.output):
            Image.fromarray(picture).save(result, format="PNG")
        return 1, Fraction(0)

    def _write_clip(self, folder: Path, result: Path) -> tuple[int, Fraction]:
        encoding = self._plan_encoding()
        segment = folder / "segment.mkv"
        self._write_segment(encoding, segment)
        for text in assemble(
            encoding,
            [segment],
            result,
            token=self._token,
            on_progress=lambda done, total: self._tell("assemble", done, total),
        ):
            self._note(text)
        self._token.check()
        self._tell("verify", 0, 0)
        problems = verify_output(encoding, result).problems
        if problems:
            raise OutputError(
                f"The comparison is not what was promised: {' '.join(problems)}",
                "This is a fault of the program; please report it with the clips.",
            )
        return len(self._matching), encoding.duration

    def _plan_encoding(self) -> EncodingPlan:
        output = self._settings.output
        form = container_of_name(output)
        assert form is not None
        export = ExportSettings(container=form.name, codec=form.codecs[0], subtitles=False)
        encoding = plan_encoding(self._info(), self._matching.plan, export, output=output)
        for text in encoding.notes:
            if not text.startswith(f"{_RGB} is stored"):  # these pixels are nobody's original
                self._note(text)
        return encoding

    def _info(self) -> ClipInfo:
        """What the encoder is told: the pictures are ours, the sound that of the side that sets the pace."""
        leader = self._b if self._matching.b_leads else self._a
        width, height = self._layout.size
        sound = tuple(stream for stream in leader.info.streams if stream.kind == "audio")
        if sound and not leader.has_sound:
            self._note("There is no sound, because the slow motion is drawn and not a file.")
        return replace(
            leader.info,
            width=width,
            height=height,
            format=_RGB,
            color=_SCREEN,
            pixel_aspect=Fraction(1),
            rotation=0,
            interlaced=False,
            times=leader.times,
            streams=sound if leader.has_sound else (),
            chapters=(),
            metadata={},
            video_metadata={},
            hdr_side_data={},
            loop=None,
            notes=(),
        )

    def _write_segment(self, encoding: EncodingPlan, path: Path) -> None:
        sink = open_segment(encoding, path)
        total = len(self._matching)
        try:
            for done, (pair, a, b) in enumerate(self._frames()):
                self._token.check()
                self._tell("convert", done, total)
                picture = self._composer.compose(a, b, pair)
                sink.write(
                    Frame(
                        planes=as_planes(picture),
                        format=_RGB,
                        color=_SCREEN,
                        time=pair.time,
                        index=pair.index,
                        made=True,
                    )
                )
            sink.close()
        except BaseException:
            sink.abort()
            raise

    def _frames(self) -> Iterator[tuple[Pair, Frame, Frame]]:
        """Every pair with its frames, each side read once from its first to its last."""
        pairs = list(self._matching.pairs())
        with (
            _Follower(self._a, pairs[0].a, pairs[-1].a + 1) as a,
            _Follower(self._b, pairs[0].b, pairs[-1].b + 1) as b,
        ):
            for pair in pairs:
                yield pair, a.frame(pair.a), b.frame(pair.b)

    def _note(self, text: str) -> None:
        if text and text not in self._notes:
            self._notes.append(text)
            self._reporter.note(text)

    def _tell(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == "convert" and now - self._told_s < _PROGRESS_EVERY_S:
            return
        self._told_s = now
        elapsed = now - self._started_s
        rate = done / elapsed if stage == "convert" and elapsed > 0 else 0.0
        left = (total - done) / rate if rate else None
        self._reporter.progress(
            Progress(stage=stage, done=done, total=total, elapsed_s=elapsed, rate=rate, remaining_s=left)
        )


class _Follower:
    """One side read in order, each frame held until a later one is asked for."""

    def __init__(self, side: ComparisonSide, start: int, stop: int) -> None:
        self._frames = side.frames(start, stop)
        self._next = start
        self._frame: Frame | None = None

    def frame(self, index: int) -> Frame:
        """Frame `index`, no earlier than the last one asked for."""
        while self._next <= index:
            self._frame = _only(self._frames)
            self._next += 1
        assert self._frame is not None
        return self._frame

    def __enter__(self) -> _Follower:
        return self

    def __exit__(self, *_: object) -> None:
        close = getattr(self._frames, "close", None)
        if close is not None:
            close()


def _only(frames: Iterator[Frame]) -> Frame:
    """The next frame, which was promised."""
    frame = next(frames, None)
    if frame is None:
        raise OutputError("A frame that was promised did not come.", "Check the clip with `main.py probe`.")
    return frame
