"""Sound of the sample clip: plucked chords over wind, and fireworks that go off with the pictures.

Convention: (samples, 2) float32, left and right, -1 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000

Sound = NDArray[np.float64]

_CHORDS = (
    (0.0, (220.00, 261.63, 329.63, 440.00, 523.25)),
    (1.5, (174.61, 261.63, 349.23, 440.00, 523.25)),
    (3.0, (261.63, 329.63, 392.00, 523.25, 659.26)),
    (4.0, (196.00, 293.66, 392.00, 493.88, 587.33)),
)
"""Seconds at which a chord begins, and its notes in Hz."""
_STEP_S = 0.25


def compose(*, duration_s: float, bursts_s: Sequence[float]) -> NDArray[np.float32]:
    """All of the sound; `bursts_s` are the seconds at which fireworks go off."""
    length = round(duration_s * SAMPLE_RATE)
    sound = np.zeros((length, 2))
    generator = np.random.default_rng(440)
    for number, start_s in enumerate(np.arange(0, duration_s, _STEP_S)):
        notes = [notes for begin, notes in _CHORDS if begin <= start_s][-1]
        pitch = notes[(0, 2, 1, 3, 4, 3, 2, 1)[number % 8] % len(notes)]
        _add(
            sound,
            _pluck(2 * pitch if number % 4 == 3 else pitch),
            start_s,
            0.16,
            pan=0.5 + 0.3 * np.sin(number * 1.9),
        )
    ends = [begin for begin, _ in _CHORDS[1:]] + [duration_s]
    for (begin, notes), end in zip(_CHORDS, ends, strict=True):
        for number, pitch in enumerate(notes[:3]):
            _add(sound, _pad(pitch / 2, end - begin + 0.4), begin, 0.055, pan=0.2 + 0.3 * number)
    wind = _smooth(generator.standard_normal((length, 2)), 0.0006)
    breath = 0.6 + 0.4 * np.sin(2 * np.pi * np.arange(length) / SAMPLE_RATE / 2.7)
    sound += 0.05 * wind / np.abs(wind).max() * breath[:, None]
    for number, start_s in enumerate(bursts_s):
        _add(sound, _crack(generator), start_s, 0.34, pan=(0.2, 0.8, 0.35)[number % 3])
    fade = np.clip(np.minimum(np.arange(length), np.arange(length)[::-1]) / (0.04 * SAMPLE_RATE), 0, 1)
    return np.asarray(np.tanh(sound * fade[:, None]), np.float32)


def _add(sound: Sound, voice: Sound, start_s: float, loudness: float, *, pan: float) -> None:
    """Mix a voice in, from left (0) to right (1)."""
    start = round(start_s * SAMPLE_RATE)
    part = voice[: max(len(sound) - start, 0)] * loudness
    sound[start : start + len(part), 0] += part * np.cos(pan * np.pi / 2)
    sound[start : start + len(part), 1] += part * np.sin(pan * np.pi / 2)


def _seconds(duration_s: float) -> Sound:
    return np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE


def _pluck(pitch_hz: float) -> Sound:
    """A string that is plucked: partials, the higher the sooner gone."""
    t = _seconds(1.6)
    partials = sum(
        np.sin(2 * np.pi * pitch_hz * k * t) * np.exp(-t * (2.2 + 1.6 * k)) / k**1.3 for k in range(1, 7)
    )
    return np.asarray(partials * np.clip(t / 0.003, 0, 1))


def _pad(pitch_hz: float, duration_s: float) -> Sound:
    """A soft long tone."""
    t = _seconds(duration_s)
    tone = sum(np.sin(2 * np.pi * pitch_hz * detune * t) for detune in (0.997, 1.0, 1.004, 2.0))
    return np.asarray(tone * np.clip(t / 0.25, 0, 1) * np.clip((duration_s - t) / 0.4, 0, 1))


def _crack(generator: np.random.Generator) -> Sound:
    """A firework far away: a thud and its rain of sparks."""
    t = _seconds(1.1)
    noise = generator.standard_normal((len(t), 1))
    thud = _smooth(noise, 0.002)[:, 0]
    hiss = noise[:, 0] - _smooth(noise, 0.0002)[:, 0]
    crackle = hiss * (generator.uniform(size=len(t)) < 0.02)
    return np.asarray(
        1.2 * thud / np.abs(thud).max() * np.exp(-9 * t) + 0.10 * crackle * np.exp(-2.5 * t) * t * 3
    )


def _smooth(noise: Sound, seconds: float) -> Sound:
    """Noise with its high tones taken out, by a Hann window of that length, for each channel."""
    window = np.hanning(max(round(seconds * SAMPLE_RATE * 4), 3))
    window /= window.sum()
    return np.stack([np.convolve(channel, window, mode="same") for channel in noise.T], axis=1)
