"""How long a conversion will take here, from a short measurement of the real thing in the background.

A few gaps of the clip itself are drawn by the network that was chosen, on the device that was chosen, and
what came out is encoded by the encoder that was chosen. Speeds are kept for as long as the program runs, by
all that they depend on, so that turning a setting to and fro measures once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from math import ceil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import av
from PySide6.QtCore import QObject, Signal

from app.jobs.background import BackgroundCalls, Call
from app.jobs.libraries import import_torch
from app.jobs.outlook import Cause, Outlook, Problem
from flavr_core.errors import DeviceError, FlavrError, ModelError, ProblemsError
from flavr_core.frame import Frame, FrameWindow
from flavr_core.media import open_segment, open_source
from flavr_core.model.catalog import QUICK, is_quick_worth_a_word
from flavr_core.progress import CancelToken
from flavr_core.settings import CutMode, EngineSettings
from flavr_core.timeline import iter_windows, needed_frames

if TYPE_CHECKING:
    from flavr_core.engine.engine import Engine

MEASURED_S = 1.5
"""Drawing is measured for so long, and encoding likewise."""
MOST_GAPS = 8
"""Gaps that are drawn at most."""
MOST_BYTES = 200_000_000
"""Frames that are held for measuring the encoder."""
_GRACE_S = 1.0
"""Wait at the end for what cannot be interrupted."""
_SOUND_BYTES_A_SECOND = 192_000 / 8
"""Of a sound track, as a guess."""
SLOW_S = 3.0
"""A first gap that took longer is taken as the measurement; a faster one only warms up."""
SMALL_PIXELS = 384**2
"""Pictures of so many pixels are drawn whole by every network; larger ones might take minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What was measured."""

    gap_s: float
    """Seconds for drawing all frames of one gap."""
    frame_s: float
    """Seconds for encoding one frame."""
    device: str
    """Network, device and precision in one line."""
    on_gpu: bool
    """Whether drawing and encoding keep different parts of the machine busy."""
    pictures: int
    """Frames that were drawn to find out."""
    quick_gap_s: float | None = None
    """Seconds for a gap by the built-in quick network; None where it is that one, or a GPU draws."""
    notes: tuple[str, ...] = ()
    """What the engine said of its choices."""
    key_bytes: float = 0.0
    """Size of an encoded key frame; 0 where it was not measured."""
    other_bytes: float = 0.0
    """Size of an encoded frame between key frames, on average."""

    def projected_bytes(self, outlook: Outlook) -> int | None:
        """Size of the finished file if all of it is like what was measured; None where that is not known.

        Animated images are not: their palette and compression come at the end.
        """
        encoding = outlook.encoding
        if encoding is None or encoding.animation is not None or not self.key_bytes:
            return None
        distance = max(1, int(dict(encoding.options).get("g", "1")))
        keys = ceil(encoding.frames / distance)
        picture = keys * self.key_bytes + (encoding.frames - keys) * self.other_bytes
        sound = len(encoding.kept_streams("audio")) * float(encoding.duration) * _SOUND_BYTES_A_SECOND
        return round(picture + sound)

    def seconds(self, outlook: Outlook) -> float:
        """Time for the whole conversion; its stages overlap where they do not share the processor."""
        return self._seconds(outlook, self.gap_s)

    def quick_seconds(self, outlook: Outlook) -> float | None:
        """The same by the quick network, where that deserves a word; None where it does not."""
        if self.quick_gap_s is None:
            return None
        quick_s = self._seconds(outlook, self.quick_gap_s)
        return quick_s if is_quick_worth_a_word(self.seconds(outlook), quick_s) else None

    def _seconds(self, outlook: Outlook, gap_s: float) -> float:
        assert outlook.plan is not None
        assert outlook.workload is not None
        drawing = outlook.workload.gaps * gap_s
        encoding = len(outlook.plan) * self.frame_s
        return max(drawing, encoding) if self.on_gpu else drawing + encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is known of the time a conversion takes."""

    seconds: float | None = None
    """Time to finish; None where it is not known."""
    speed: Speed | None = None
    """What it rests on."""
    is_measuring: bool = False
    """Whether it will be known soon."""
    problem: Problem | None = None
    """Why it cannot be known, where measuring failed; exporting would fail likewise."""


class Estimates(QObject):
    """Measures speeds in the background, the newest question first, and remembers them."""

    changed = Signal()
    """More is known than before."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = BackgroundCalls(self, name="estimate")
        self._known: dict[Hashable, Speed | Problem] = {}
        self._call: Call | None = None
        self._asked: Hashable = None
        self._is_held = False

    def close(self) -> None:
        """Stop measuring; a gap that takes long to draw is not waited for."""
        self._calls.close(wait_s=_GRACE_S)

    def hold(self, is_held: bool) -> None:
        """While held nothing is measured: the machine is busy, and numbers would be wrong."""
        if is_held is self._is_held:
            return
        self._is_held = is_held
        if is_held:
            self.forget_question()
        self.changed.emit()

    @property
    def is_held(self) -> bool:
        """Whether measuring waits for the machine."""
        return self._is_held

    def forget_question(self) -> None:
        """Nobody waits for an answer any more."""
        if self._call is not None:
            self._call.cancel()
        self._call, self._asked = None, None

    def forget_failures(self) -> None:
        """What could not be measured may be measured by now: networks came or went."""
        self._known = {key: known for key, known in self._known.items() if isinstance(known, Speed)}

    def forecast(self, outlook: Outlook) -> Forecast:
        """What is known of a conversion's time."""
        key = _key(outlook)
        known = self._known.get(key)
        if isinstance(known, Speed):
            return Forecast(seconds=known.seconds(outlook), speed=known)
        return Forecast(problem=known, is_measuring=key is not None and key == self._asked)

    def measure(self, outlook: Outlook) -> None:
        """Find out in the background, unless it is known already; `changed` follows."""
        key = _key(outlook)
        is_known = isinstance(self._known.get(key), Speed)  # what failed may work by now
        if key is None or is_known or key == self._asked or self._is_held:
            return
        self.forget_question()
        self._asked = key

        def keep(answer: Speed | Problem) -> None:
            self._known[key] = answer
            self._call, self._asked = None, None
            self.changed.emit()

        self._call = self._calls.submit(
            lambda token: measure_speed(outlook, token),
            on_done=keep,
            on_error=lambda error: keep(_problem_of(error)),
            first=True,
        )
        self.changed.emit()


def _key(outlook: Outlook) -> Hashable:
    """All that a speed depends on; None where nothing can be measured."""
    info, encoding, workload = outlook.info, outlook.encoding, outlook.workload
    if encoding is None or workload is None:
        return None
    return (
        outlook.settings.engine,
        (info.path, info.width, info.height, info.format),
        workload.drawn_a_gap,
        (encoding.encoder, encoding.options, encoding.pixel_format, encoding.width, encoding.height),
    )


def _problem_of(error: Exception) -> Problem:
    first = error.problems[0] if isinstance(error, ProblemsError) else error
    if not isinstance(first, FlavrError):
        return Problem(cause=Cause.NETWORK, message=f"Drawing failed: {first or type(first).__name__}.")
    causes = {ModelError: Cause.NETWORK, DeviceError: Cause.DEVICE}
    return Problem(cause=causes.get(type(first), Cause.DEVICE), message=first.message, hint=first.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoded:
    """What encoding a few frames told."""

    frame_s: float = 0.0
    """Seconds a frame."""
    key_bytes: float = 0.0
    """Size of a key frame."""
    other_bytes: float = 0.0
    """Size of a frame between key frames."""


def measure_speed(outlook: Outlook, token: CancelToken) -> Speed:
    """Draw a few gaps from the middle of the output and encode what comes.

    Raises:
        FlavrError: when the network, the device or the source fails; exporting would fail likewise.
        CancelledError: when stopped; a gap that is being drawn is finished first.
    """
    import_torch(may_wait=True)
    from flavr_core.engine import create_engine

    info = outlook.info
    with create_engine(outlook.settings.engine, width=info.width, height=info.height) as engine:
        token.check()
        drawn = _time_drawing(engine, outlook, token)
        encoded = _time_encoding(outlook, drawn.frames, token) if drawn.frames else _Encoded()
        return Speed(
            gap_s=drawn.gap_s,
            frame_s=encoded.frame_s,
            key_bytes=encoded.key_bytes,
            other_bytes=encoded.other_bytes,
            device=engine.describe(),
            on_gpu=engine.memory_bytes() > 0,
            pictures=drawn.pictures,
            quick_gap_s=_quick_gap_s(engine, outlook, token) if drawn.frames else None,
            notes=tuple(engine.notes),
        )


def _windows(outlook: Outlook, token: CancelToken) -> Iterator[FrameWindow]:
    """Gaps in which the network really draws, from the middle of the output on."""
    from flavr_core.engine.engine import same_pixels

    plan, info = outlook.plan, outlook.info
    assert plan is not None
    start = len(plan) // 2
    no_cuts = replace(outlook.settings.scenes, cuts=CutMode.IGNORE, cuts_file=None)
    with open_source(info) as source:
        for begin, end in ((start, len(plan)), (0, start)):
            if begin == end:
                continue
            frames = source.frames(*needed_frames(plan, begin, end))
            for window in iter_windows(frames, plan, scenes=no_cuts, start=begin, stop=end):
                token.check()
                draws = any(planned.position for planned in window.outputs)
                if draws and not same_pixels(window.frames[1], window.frames[2]):
                    yield window


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """What drawing a few gaps told."""

    gap_s: float
    """Seconds a gap; 0 where nothing is to be drawn."""
    frames: list[Frame]
    """Frames to measure the encoder with; none where nothing is to be drawn."""
    pictures: int
    """Frames, or pieces of them, that were drawn."""


def _time_drawing(engine: Engine, outlook: Outlook, token: CancelToken) -> _Drawn:
    """Draw whole gaps; where they would take long, only a piece of one."""
    frames: list[Frame] = []
    times: list[float] = []
    for window in _windows(outlook, token):
        if not times and (foreseen_s := _foreseen_s(engine, outlook)) > SLOW_S:
            # What is drawn will look much like what was filmed.
            return _Drawn(gap_s=foreseen_s, frames=list(window.frames[1:3]), pictures=1)
        began = time.perf_counter()
        frames += engine.interpolate(window, cut_mode=CutMode.IGNORE)
        times.append(time.perf_counter() - began)
        is_enough = len(times) > MOST_GAPS or sum(times[1:]) > MEASURED_S or times[0] > SLOW_S
        if is_enough or sum(frame.nbytes for frame in frames) > MOST_BYTES:
            break
    # The first gap pays for warming up, unless it is all there is; of the others some may pay for thumbnails
    # and cuts that are being found meanwhile, which the conversion will not.
    counted = times[1:] or times
    return _Drawn(
        # A gap drawn alone takes as long as all that are drawn together.
        gap_s=median(counted) / engine.together if counted else 0.0,
        frames=frames,
        pictures=sum(frame.made for frame in frames),
    )


def _foreseen_s(engine: Engine, outlook: Outlook) -> float:
    """Seconds for a gap; 0 where a whole one cannot take long: small pictures, no tensors, GPUs."""
    if engine.draws_planes or engine.width * engine.height <= SMALL_PIXELS or outlook.workload is None:
        return 0.0
    from flavr_core.engine.foresight import foreseen_gap_s

    return foreseen_gap_s(engine, outlook.workload.usual_positions) or 0.0


def _quick_gap_s(engine: Engine, outlook: Outlook, token: CancelToken) -> float | None:
    """Seconds for a gap by the quick network, where another one draws on the processor."""
    if engine.draws_planes or engine.memory_bytes() or outlook.workload is None:
        return None
    from flavr_core.engine import create_engine
    from flavr_core.engine.foresight import foreseen_gap_s

    token.check()
    settings = EngineSettings(model=QUICK, device="cpu")
    with create_engine(settings, width=engine.width, height=engine.height) as quick:
        return foreseen_gap_s(quick, outlook.workload.usual_positions)


def _time_encoding(outlook: Outlook, frames: list[Frame], token: CancelToken) -> _Encoded:
    """Write the frames with the encoder that was chosen, over and over until there is enough to go by."""
    encoding = outlook.encoding
    assert encoding is not None
    with tempfile.TemporaryDirectory(prefix="flavr-estimate-", ignore_cleanup_errors=True) as folder:
        trial = Path(folder) / "trial.mkv"
        sink = open_segment(encoding, trial)
        try:
            began, written = time.perf_counter(), 0
            for number, frame in zip(range(encoding.frames), cycle(frames), strict=False):
                token.check()
                moment = encoding.frame_pts(number) * encoding.time_base
                sink.write(replace(frame, index=number, time=moment))
                written = number + 1
                if time.perf_counter() - began > MEASURED_S and written >= len(frames):
                    break
            sink.close()
        except BaseException:
            sink.abort()
            raise
        frame_s = (time.perf_counter() - began) / max(written, 1)
        key_bytes, other_bytes = _packet_sizes(trial, len(frames))
    return _Encoded(frame_s=frame_s, key_bytes=key_bytes, other_bytes=other_bytes)


def _packet_sizes(trial: Path, count: int) -> tuple[float, float]:
    """Mean sizes of the first packets: key frames, and all others; repeated frames would be smaller."""
    keys: list[int] = []
    others: list[int] = []
    with av.open(str(trial)) as file:
        for _, packet in zip(range(count), file.demux(video=0), strict=False):
            if packet.size:
                (keys if packet.is_keyframe else others).append(packet.size)
    key = sum(keys) / len(keys) if keys else 0.0
    return key, sum(others) / len(others) if others else key
