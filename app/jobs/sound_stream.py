"""A clip's sound from any second on, at the device's rate, slower or faster at the same pitch."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, log2
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph
from av.stream import Discard
from numpy.typing import NDArray

from flavr_core.media.opening import open_container, reading

CHANNELS = 2
SAMPLE_BYTES = 2 * CHANNELS
"""Of all channels at one moment: 16 bits each."""

_Samples = NDArray[np.int16]
_PREROLL_S = Fraction(1, 4)
"""Decoding begins this much earlier: most codecs need a packet or two to find their sound."""
_HOLE_S = Fraction(1, 20)
"""Shorter holes and overlaps between packets are taken for rounding."""
_CHUNK = 2048
"""Samples handed on at a time, at most."""


def sound_from(
    path: Path, stream_index: int, *, start: Fraction, tempo: Fraction, rate: int
) -> Iterator[bytes]:
    """The sound of a stream from a second on: silence where it has none yet or has a hole.

    Convention: signed 16 bit, native byte order, two channels interleaved, `rate` samples a second.

    Args:
        path: the file.
        stream_index: number of the stream in the file.
        start: seconds on the file's clock of the first sample.
        tempo: seconds of the file in one second of what is given; the pitch stays.
        rate: samples a second of what is given.

    Raises:
        MediaError: when the file cannot be read.
    """
    with open_container(path) as container, reading(path):
        stream = container.streams[stream_index]
        if not isinstance(stream, AudioStream):
            return
        for other in container.streams:
            if other.index != stream_index:
                other.discard = Discard.all
        _seek(container, stream, start)
        chunks = _laid_out(container, stream, start=start, rate=rate)
        for chunk in chunks if tempo == 1 else _stretched(chunks, tempo, rate=rate):
            yield chunk.tobytes()


def _seek(container: InputContainer, stream: AudioStream, start: Fraction) -> None:
    if stream.time_base is None or start <= (stream.start_time or 0) * stream.time_base + _PREROLL_S:
        return
    try:
        container.seek(int((start - _PREROLL_S) / stream.time_base), stream=stream, backward=True)
    except av.error.FFmpegError:
        container.seek(0)


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                yield frame
        except av.error.FFmpegError:
            continue  # a damaged packet leaves a hole, which becomes silence


def _laid_out(
    container: InputContainer, stream: AudioStream, *, start: Fraction, rate: int
) -> Iterator[_Samples]:
    """Samples (n, 2) at `rate`, the first at `start`, without holes."""
    resampler = AudioResampler(format="s16", layout="stereo", rate=rate)
    slack = round(_HOLE_S * rate)
    given = 0
    after: int | None = None
    for frame in _decoded(container, stream):
        try:
            pieces = resampler.resample(frame)
        except ValueError:  # the file changes its format here
            resampler = AudioResampler(format="s16", layout="stereo", rate=rate)
            pieces = resampler.resample(frame)
        if not pieces:
            continue
        samples = np.concatenate([piece.to_ndarray().reshape(-1, CHANNELS) for piece in pieces])
        first = after if after is not None else 0
        if frame.pts is not None and frame.time_base is not None:
            stamped = round((frame.pts * frame.time_base - start) * rate)
            if after is None or abs(stamped - after) > slack:
                first = stamped
        after = first + len(samples)
        for begin in range(given, first, _CHUNK):
            yield np.zeros((min(_CHUNK, first - begin), CHANNELS), np.int16)
        given = max(given, first)
        if after > given:
            audible = samples[given - first :]
            given = after
            for begin in range(0, len(audible), _CHUNK):
                yield audible[begin : begin + _CHUNK]


def _stretched(chunks: Iterator[_Samples], tempo: Fraction, *, rate: int) -> Iterator[_Samples]:
    """The same at another tempo, by as many stages of ffmpeg's atempo (0.5 at least) as it takes."""
    stages = max(1, ceil(-log2(tempo))) if tempo < 1 else 1
    graph = Graph()
    node = graph.add_abuffer(sample_rate=rate, format="s16", layout="stereo", time_base=Fraction(1, rate))
    for _ in range(stages):
        stage = graph.add("atempo", f"{float(tempo) ** (1 / stages):.17g}")
        node.link_to(stage)
        node = stage
    sink = graph.add("abuffersink")
    node.link_to(sink)
    graph.configure()
    taken = 0
    for chunk in chunks:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk).reshape(1, -1), "s16", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, taken, Fraction(1, rate)
        taken += len(chunk)
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[_Samples]:
    while True:
        try:
            frame: Any = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame.to_ndarray().reshape(-1, CHANNELS)
