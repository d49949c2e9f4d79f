"""The sound of the clip that is looked at, in step with the picture; silence where there is no device."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from app.jobs.libraries import load_multimedia
from app.jobs.sound_stream import SAMPLE_BYTES, sound_from
from flavr_core.clip import ClipInfo, StreamInfo
from flavr_core.errors import DeviceError, FlavrError

_log = logging.getLogger(__name__)

SLOWEST = Fraction(1, 4)
"""Slower than this, stretched sound is no pleasure: it is muted."""
FASTEST = Fraction(4)
_PUSH_MS = 20
"""How often the device is filled up."""
_LATENCY_S = 0.05
"""How long an output takes to be heard, before it was measured."""
_AHEAD_BYTES = 192_000
"""Decoded sound that waits for the device, at most: a second."""


class AudioDevice(Protocol):
    """What plays 16-bit stereo."""

    rate: int
    """Samples a second."""

    def start(self) -> None:
        """Begin to play what will be written."""

    def stop(self) -> None:
        """Be silent at once and forget what was written."""

    def free_bytes(self) -> int:
        """How much may be written now."""

    def waiting_bytes(self) -> int:
        """How much was written and is not heard yet."""

    def write(self, data: bytes) -> int:
        """Play this after what waits; returns how much of it was taken."""

    def set_volume(self, volume: float) -> None:
        """0 silent, 1 as in the file."""

    def close(self) -> None:
        """Let go of it."""


class _Reader:
    """A thread that decodes ahead; what it has is taken by the window's thread."""

    def __init__(
        self, clip: ClipInfo, stream: StreamInfo, start: Fraction, tempo: Fraction, rate: int
    ) -> None:
        self._arguments = (clip, stream, start, tempo, rate)
        self._condition = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._bytes = 0
        self._is_ended = False
        self.is_done = False
        """Whether all sound there is was decoded."""
        self.problem = ""
        self.thread = threading.Thread(target=self._work, name="sound", daemon=True)
        self.thread.start()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be had now."""
        return not self._chunks

    def take(self, most: int) -> bytes:
        """At most so many bytes, whole samples."""
        taken = bytearray()
        with self._condition:
            while self._chunks and len(taken) + len(self._chunks[0]) <= most:
                taken += self._chunks.popleft()
            self._bytes -= len(taken)
            self._condition.notify()
        return bytes(taken)

    def end(self) -> None:
        """Ask the thread to stop; it does so by itself."""
        with self._condition:
            self._is_ended = True
            self._condition.notify()

    def _work(self) -> None:
        clip, stream, start, tempo, rate = self._arguments
        try:
            for chunk in sound_from(clip.path, stream.index, start=start, tempo=tempo, rate=rate):
                with self._condition:
                    while self._bytes > _AHEAD_BYTES and not self._is_ended:
                        self._condition.wait()
                    if self._is_ended:
                        return
                    self._chunks.append(chunk)
                    self._bytes += len(chunk)
        except FlavrError as error:
            self.problem = str(error)
        except Exception:
            _log.exception("the sound of %s failed", clip.path)
        finally:
            self.is_done = True


class Sound(QObject):
    """Plays the sound of a clip from any second on.

    Nothing of it can fail loudly: without a device, a codec or a stream there is silence, and `problem`
    says why in a sentence.
    """

    changed = Signal()
    """Clip, volume, mute or problem changed."""

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        open_device: Callable[[], AudioDevice] | None = None,
    ) -> None:
        super().__init__(parent)
        self._open_device = open_device or _open_device
        self._device: AudioDevice | None = None
        self._clip: ClipInfo | None = None
        self._stream: StreamInfo | None = None
        self._volume = 1.0
        self._is_muted = False
        self._problem = ""
        self._reader: _Reader | None = None
        self._ending: list[_Reader] = []
        self._rest = b""
        self._start = Fraction(0)
        self._tempo = Fraction(1)
        self._written = 0
        self._latency_s = _LATENCY_S
        self._began_at: float | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_PUSH_MS)
        self._timer.timeout.connect(self._push)

    @property
    def has_sound(self) -> bool:
        """Whether the clip has a sound track."""
        return self._stream is not None

    @property
    def problem(self) -> str:
        """Why nothing is heard, in a sentence; empty when there is nothing to say."""
        return self._problem

    @property
    def volume(self) -> float:
        """0 to 1."""
        return self._volume

    @property
    def is_muted(self) -> bool:
        """Whether it was silenced by hand."""
        return self._is_muted

    def set_clip(self, clip: ClipInfo | None) -> None:
        """The clip whose sound is played; its default track, else its first."""
        self.stop()
        tracks = [] if clip is None else [one for one in clip.streams if one.kind == "audio"]
        tracks.sort(key=lambda one: not one.is_default)
        self._clip, self._stream = clip, tracks[0] if tracks else None
        self.changed.emit()

    def set_volume(self, volume: float) -> None:
        """0 to 1; the device is given its square, which is nearer to how loud it seems."""
        self._volume = min(max(volume, 0.0), 1.0)
        self._apply_volume()

    def set_muted(self, muted: bool) -> None:
        """Silence it, or not."""
        self._is_muted = muted
        self._apply_volume()

    @staticmethod
    def prepare() -> None:
        """Load what will play, before anything else is loaded; what is missing is told when it is needed."""
        with contextlib.suppress(ImportError):
            load_multimedia()

    def play(self, position: Fraction, rate: Fraction) -> None:
        """Begin at a second of the clip, so many of its seconds in a second; too slow is silent."""
        self.stop()
        if self._clip is None or self._stream is None or not SLOWEST <= rate <= FASTEST:
            return
        if self._device is None:
            if self._problem:
                return  # it was tried before
            try:
                self._device = self._open_device()
            except FlavrError as error:
                self._problem = str(error)
                self.changed.emit()
                return
        # What is heard first is what is shown by then: some outputs take a second to begin.
        start = position + Fraction(self._latency_s).limit_denominator(1000) * rate
        self._start, self._tempo, self._written, self._rest = start, rate, 0, b""
        self._apply_volume()
        self._device.start()
        self._began_at = time.perf_counter()
        self._reader = _Reader(self._clip, self._stream, start, rate, self._device.rate)
        self._timer.start()

    def stop(self) -> None:
        """Be silent."""
        self._timer.stop()
        if self._reader is not None:
            self._reader.end()
            self._ending.append(self._reader)
            self._reader = None
            if self._device is not None:
                self._device.stop()
        self._ending = [one for one in self._ending if one.thread.is_alive()]

    def position(self) -> Fraction | None:
        """The second of the clip that is heard now; None while nothing is heard."""
        if self._reader is None or self._device is None or not self._written:
            return None
        waiting = self._device.waiting_bytes()
        if waiting <= 0:
            return None  # it is over, or has run dry: no clock to follow
        heard = (self._written - waiting) // SAMPLE_BYTES
        if heard <= 0:
            return None  # it has not begun
        if self._began_at is not None:
            self._latency_s = max(0.0, time.perf_counter() - self._began_at - heard / self._device.rate)
            self._began_at = None
        return self._start + Fraction(heard, self._device.rate) * self._tempo

    def close(self) -> None:
        """Stop, join the threads, let go of the device."""
        self.stop()
        for reader in self._ending:
            reader.thread.join()
        self._ending = []
        if self._device is not None:
            self._device.close()
            self._device = None

    def _apply_volume(self) -> None:
        if self._device is not None:
            self._device.set_volume(0.0 if self._is_muted else self._volume**2)
        self.changed.emit()

    def _push(self) -> None:
        reader, device = self._reader, self._device
        if reader is None or device is None:
            return
        free = device.free_bytes()
        while free > 0:
            data = self._rest or reader.take(free)
            if not data:
                break
            taken = device.write(data[:free])
            self._rest = data[taken:]
            self._written += taken
            free -= taken
            if taken == 0:
                break
        if reader.is_done and reader.is_empty and not self._rest:
            self._timer.stop()
            if reader.problem and reader.problem != self._problem:
                self._problem = reader.problem
                self.changed.emit()


def _open_device() -> AudioDevice:
    """The system's default output; QtMultimedia is imported here, for it takes a while and may be missing.

    Raises:
        DeviceError: when there is none, in a sentence.
    """
    try:
        load_multimedia()
        from app.jobs.sound_device import open_default
    except ImportError as error:
        raise DeviceError(
            QCoreApplication.translate("Sound", "Sound cannot be played: {reason}.").format(reason=error)
        ) from error
    return open_default()
