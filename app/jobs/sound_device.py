"""The system's sound output by QtMultimedia. Imported late: it is large and needs libraries of the system."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QIODevice
from PySide6.QtMultimedia import QAudioDevice, QAudioFormat, QAudioSink, QMediaDevices, QtAudio

from app.jobs.sound import AudioDevice
from app.jobs.sound_stream import CHANNELS, SAMPLE_BYTES
from flavr_core.errors import DeviceError

_USUAL_RATE = 48_000
_BUFFER_S = 0.3
"""What the device is given ahead: longer than the window's thread ever stands still."""


class SinkDevice:
    """A QAudioSink that is written to."""

    def __init__(self, device: QAudioDevice, rate: int) -> None:
        format_ = QAudioFormat()
        format_.setSampleRate(rate)
        format_.setChannelCount(CHANNELS)
        format_.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self.rate = rate
        self._sink = QAudioSink(device, format_)
        self._sink.setBufferSize(int(rate * _BUFFER_S) * SAMPLE_BYTES)
        self._pipe: QIODevice | None = None

    def start(self) -> None:
        """Begin to play what will be written."""
        self._pipe = self._sink.start()

    def stop(self) -> None:
        """Be silent at once."""
        self._pipe = None
        self._sink.reset()

    def free_bytes(self) -> int:
        """How much may be written now; whole samples, nothing once the output has failed."""
        return self._sink.bytesFree() // SAMPLE_BYTES * SAMPLE_BYTES if self._works else 0

    def waiting_bytes(self) -> int:
        """How much was written and is not heard yet; nothing once the output has failed."""
        return max(0, self._sink.bufferSize() - self._sink.bytesFree()) if self._works else 0

    @property
    def _works(self) -> bool:
        fine = (QtAudio.Error.NoError, QtAudio.Error.UnderrunError)
        return self._pipe is not None and self._sink.error() in fine

    def write(self, data: bytes) -> int:
        """Play this after what waits."""
        return max(0, self._pipe.write(data)) if self._pipe is not None else 0

    def set_volume(self, volume: float) -> None:
        """0 to 1."""
        self._sink.setVolume(volume)

    def close(self) -> None:
        """Let go of it."""
        self.stop()
        self._sink.deleteLater()


def open_default() -> AudioDevice:
    """The default output at its own rate, or 48 kHz.

    Raises:
        DeviceError: when there is none, or it takes no 16-bit stereo.
    """
    device = QMediaDevices.defaultAudioOutput()
    if device.isNull():
        raise DeviceError(
            QCoreApplication.translate("Sound", "This computer has no sound output, so clips play silently.")
        )
    format_ = device.preferredFormat()
    format_.setChannelCount(CHANNELS)
    format_.setSampleFormat(QAudioFormat.SampleFormat.Int16)
    for rate in (format_.sampleRate(), _USUAL_RATE):
        format_.setSampleRate(rate)
        if rate > 0 and device.isFormatSupported(format_):
            return SinkDevice(device, rate)
    raise DeviceError(
        QCoreApplication.translate("Sound", "The sound output '{name}' takes no 16-bit stereo.").format(
            name=device.description()
        )
    )
