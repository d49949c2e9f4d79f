"""Sound: the right samples from any second on, at any tempo; in step, and silent without a device."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.jobs import sound as sound_module
from app.jobs.sound import Sound
from app.jobs.sound_stream import SAMPLE_BYTES, sound_from
from flavr_core.errors import DeviceError, MediaError
from flavr_core.media import probe
from tests import clip_factory

F = Fraction
RATE = 48_000


class Device:
    """A sound output that plays as fast as the test says."""

    def __init__(self) -> None:
        self.rate = RATE
        self.played = bytearray()
        self.waiting = bytearray()
        self.volume = 1.0
        self.is_on = self.is_closed = False

    def start(self) -> None:
        self.is_on = True

    def stop(self) -> None:
        self.is_on = False
        self.waiting.clear()

    def free_bytes(self) -> int:
        return RATE // 10 * SAMPLE_BYTES - len(self.waiting) if self.is_on else 0

    def waiting_bytes(self) -> int:
        return len(self.waiting)

    def write(self, data: bytes) -> int:
        taken = data[: self.free_bytes()]
        self.waiting += taken
        return len(taken)

    def set_volume(self, volume: float) -> None:
        self.volume = volume

    def close(self) -> None:
        self.is_closed = True

    def hear(self, samples: int) -> None:
        """Have so many samples been heard."""
        self.played += self.waiting[: samples * SAMPLE_BYTES]
        del self.waiting[: samples * SAMPLE_BYTES]


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """Four seconds of sound, each of a level of its own."""
    path = tmp_path / "steps.mkv"
    with av.open(str(path), "w") as output:
        video = output.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 16, 16, "yuv420p"
        audio = output.add_stream("pcm_s16le", rate=44_100)
        audio.layout = "stereo"
        for number in range(4):
            samples = np.full((1, 2 * 44_100), 3000 * (number + 1), np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 44_100, number * 44_100, F(1, 44_100)
            output.mux(audio.encode(frame))
        for number, picture in enumerate(clip_factory.pictures(100, size=(16, 16))):
            picture.pts, picture.time_base = number, F(1, 25)
            output.mux(video.encode(picture))
        for stream in (audio, video):
            output.mux(stream.encode(None))
    return path


def levels(chunks: Iterator[bytes]) -> np.ndarray:
    """The left channel."""
    return np.frombuffer(b"".join(chunks), np.int16).reshape(-1, 2)[:, 0]


def audio_index(path: Path) -> int:
    return next(stream.index for stream in probe(path).streams if stream.kind == "audio")


def test_sound_begins_at_the_very_sample(steps: Path) -> None:
    heard = levels(sound_from(steps, audio_index(steps), start=F(5, 4), tempo=F(1), rate=RATE))
    assert abs(len(heard) - 2.75 * RATE) < 50
    changes = np.flatnonzero(np.abs(np.diff(heard.astype(int))) > 200)
    for expected in (0.75, 1.75):
        assert np.abs(changes - expected * RATE).min() < 50
    assert abs(int(heard[1000]) - 6000) < 60


def test_before_the_first_sample_it_is_silent(steps: Path) -> None:
    heard = levels(sound_from(steps, audio_index(steps), start=F(-1), tempo=F(1), rate=RATE))
    assert abs(len(heard) - 5 * RATE) < 50
    assert not heard[: RATE - 100].any()
    assert abs(int(heard[RATE + 1000]) - 3000) < 60


@pytest.mark.parametrize("tempo", [F(1, 4), F(1, 2), F(2), F(4)])
def test_other_tempos_last_accordingly(steps: Path, tempo: Fraction) -> None:
    heard = levels(sound_from(steps, audio_index(steps), start=F(1), tempo=tempo, rate=RATE))
    assert abs(len(heard) * tempo / RATE - 3) < 0.1
    middle = heard[int(RATE / tempo * 1.5)]
    assert abs(int(middle) - 9000) < 200


def test_a_file_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"nowhere\.mkv"):
        next(sound_from(tmp_path / "nowhere.mkv", 0, start=F(0), tempo=F(1), rate=RATE))


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def sound(qtbot: QtBot, device: Device, steps: Path) -> Iterator[Sound]:
    sound = Sound(open_device=lambda: device)
    sound.set_clip(probe(steps))
    yield sound
    sound.close()


def begin(qtbot: QtBot, sound: Sound, device: Device, position: Fraction, rate: Fraction) -> None:
    """Play, and wait until the device has something to be heard."""
    sound.play(position, rate)
    qtbot.waitUntil(lambda: device.waiting_bytes() >= RATE // 20 * SAMPLE_BYTES)


def test_the_second_that_is_heard(qtbot: QtBot, sound: Sound, device: Device) -> None:
    assert sound.position() is None
    begin(qtbot, sound, device, F(2), F(1))
    assert sound.position() is None  # it has not begun
    device.hear(480)
    first = sound.position()
    assert first is not None
    assert 2 < first < F(9, 4)
    device.hear(480)
    assert sound.position() == first + F(1, 100)
    assert abs(int(np.frombuffer(device.played, np.int16)[100]) - 9000) < 60
    sound.stop()
    assert sound.position() is None
    assert device.waiting_bytes() == 0


def test_slowed_sound_counts_in_the_clips_seconds(qtbot: QtBot, sound: Sound, device: Device) -> None:
    begin(qtbot, sound, device, F(1), F(1, 2))
    device.hear(960)
    first = sound.position()
    assert first is not None
    device.hear(960)
    assert sound.position() == first + F(1, 100)


def test_an_output_that_begins_late_is_given_what_is_shown_by_then(
    qtbot: QtBot, sound: Sound, device: Device
) -> None:
    begin(qtbot, sound, device, F(1), F(1))
    qtbot.wait(300)
    device.hear(480)
    assert sound.position() is not None
    begin(qtbot, sound, device, F(1), F(1))
    device.hear(480)
    heard = sound.position()
    assert heard is not None
    assert heard > F(13, 10)


def test_after_its_end_there_is_no_clock(qtbot: QtBot, sound: Sound, device: Device) -> None:
    sound.play(F(39, 10), F(1))
    qtbot.waitUntil(lambda: device.waiting_bytes() > 0)
    for _ in range(20):
        device.hear(RATE)
        qtbot.wait(5)
    assert sound.position() is None
    assert abs(len(device.played) / SAMPLE_BYTES - RATE * (0.1 - sound_module._LATENCY_S)) < 100


@pytest.mark.parametrize("rate", [F(1, 8), F(8)])
def test_too_slow_or_fast_is_silent(sound: Sound, device: Device, rate: Fraction) -> None:
    sound.play(F(0), rate)
    assert not device.is_on
    assert sound.position() is None


def test_volume_and_mute(sound: Sound, device: Device) -> None:
    sound.set_volume(0.5)
    sound.play(F(0), F(1))
    assert device.volume == 0.25
    sound.set_muted(True)
    assert device.volume == 0
    sound.set_muted(False)
    sound.set_volume(7)
    assert (device.volume, sound.volume) == (1, 1)


def test_without_a_device_it_says_so_once_and_is_silent(qtbot: QtBot, steps: Path) -> None:
    tries = []

    def fail() -> sound_module.AudioDevice:
        tries.append(1)
        raise DeviceError("There is no sound output.")

    sound = Sound(open_device=fail)
    sound.set_clip(probe(steps))
    with qtbot.waitSignal(sound.changed):
        sound.play(F(0), F(1))
    sound.play(F(1), F(1))
    assert (sound.problem, len(tries), sound.position()) == ("There is no sound output.", 1, None)
    sound.close()


def test_a_library_that_is_missing_is_a_sentence(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "app.jobs.sound_device", None)
    with pytest.raises(DeviceError):
        sound_module._open_device()


def test_a_clip_without_sound_has_none(qtbot: QtBot, sound: Sound, device: Device, tmp_path: Path) -> None:
    sound.set_clip(probe(clip_factory.make("long_gop", tmp_path)))
    assert not sound.has_sound
    sound.play(F(0), F(1))
    assert not device.is_on
    sound.set_clip(None)
    sound.play(F(0), F(1))
    assert not device.is_on


def test_no_thread_is_left(qtbot: QtBot, device: Device, steps: Path) -> None:
    before = threading.active_count()
    sound = Sound(open_device=lambda: device)
    sound.set_clip(probe(steps))
    for number in range(30):
        sound.play(F(number, 10), F(1))
    sound.close()
    assert threading.active_count() == before
    assert device.is_closed


def test_multimedia_is_not_loaded_before_it_is_needed() -> None:
    script = "import sys, app.jobs.sound; sys.exit('PySide6.QtMultimedia' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False, timeout=240).returncode == 0
