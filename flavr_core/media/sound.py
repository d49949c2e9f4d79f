"""Sound for the output: packets moved in time as they are, or decoded, cut to the sample, stretched, encoded.

Converted sound is laid out from the output file's very start: silence until the source's first sample and
wherever the source has a hole, nothing twice where packets overlap. Cutting, stretching and padding count
samples, so its length follows from the plan and not from the length of packets.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, log2
from typing import Any, cast

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.stream import Discard
from numpy.typing import NDArray

from flavr_core.media.encoding import EncodingPlan, StreamAction, StreamPlan
from flavr_core.media.streams import carried_tags

Samples = NDArray[Any]
"""(channels, samples) of float32 (flt), int32 (s32) or int16 (s16)."""

_LAYOUTS = {
    1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1",
}  # fmt: skip
"""Speakers by number of channels, where the source does not say or says something unusual."""
_CHUNK = 4096
"""Samples handed on at a time."""
_BIT_RATE_A_CHANNEL = {"aac": 96_000, "libopus": 80_000}
_FLOAT_ENCODERS = ("aac", "libopus")


def open_sound(encoding: EncodingPlan, stream: StreamPlan) -> tuple[InputContainer, AudioStream]:
    """The source and its audio stream, everything else left unread."""
    container = av.open(str(encoding.source), metadata_errors="replace")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return container, cast("AudioStream", container.streams[stream.index])


def add_sound(output: OutputContainer, encoding: EncodingPlan, stream: StreamPlan) -> AudioStream:
    """Add the output's stream for a planned one."""
    source, template = open_sound(encoding, stream)
    with source:
        if stream.action is StreamAction.COPY:
            added = output.add_stream_from_template(template)
            added.time_base = Fraction(1, stream.sample_rate)
        else:
            added = cast("AudioStream", output.add_stream(stream.encoder, rate=stream.sample_rate))
            context = added.codec_context
            context.layout = _encoder_layout(template, stream)
            context.format = _encoder_format(stream.encoder, template)
            context.time_base = Fraction(1, stream.sample_rate)
            if stream.encoder in _BIT_RATE_A_CHANNEL:
                mono = 1.35 if stream.channels == 1 else 1.0
                context.bit_rate = int(_BIT_RATE_A_CHANNEL[stream.encoder] * mono * stream.channels)
            context.flags |= Flags.bitexact
            context.open()
        added.metadata.update(carried_tags(template.metadata, encoding.form))
        added.disposition = template.disposition
    return added


def _speakers(template: AudioStream, stream: StreamPlan) -> str:
    """What the source's channels are called, in order: side speakers as back ones, odd sets by number."""
    name = template.codec_context.layout.name.removesuffix("(side)")
    return name if name in _LAYOUTS.values() else _LAYOUTS[stream.channels]


def _encoder_layout(template: AudioStream, stream: StreamPlan) -> str:
    """Speakers of the output. ffmpeg's libopus mixes up sets of five and seven, so they get one more."""
    name = _speakers(template, stream)
    return {"5.0": "5.1", "6.1": "7.1"}.get(name, name) if stream.encoder == "libopus" else name


def _encoder_format(encoder: str, template: AudioStream) -> str:
    """The sample format the encoder gets: 16 bits stay 16, the rest of lossless sound has 24."""
    fixed = {"aac": "fltp", "libopus": "flt", "pcm_s16le": "s16", "pcm_s24le": "s32"}.get(encoder)
    if fixed:
        return fixed
    short = template.codec_context.format.name in ("u8", "u8p", "s16", "s16p")
    return {"flac": ("s32", "s16"), "alac": ("s32p", "s16p")}[encoder][short]


def copied_packets(
    encoding: EncodingPlan, stream: StreamPlan, added: AudioStream
) -> Iterator[tuple[Fraction, av.Packet[AudioStream]]]:
    """The source's packets, moved in time, each with the second at which it is due.

    Times of a source that counts in milliseconds are made smooth again: the first packet is laid so that its
    first audible sample is where the plan has it, and a packet that lies within that rounding of the end of
    the one before begins there.
    """
    unit = Fraction(1, stream.sample_rate)
    source, template = open_sound(encoding, stream)
    shift = encoding.lead - encoding.source_start
    with source:
        tick = template.time_base or unit
        frame_samples = _packet_samples(template)
        expected: int | None = None
        last: int | None = None
        for packet in source.demux(template):
            if packet.pts is None or not packet.size:
                continue
            exact = packet.pts * packet.time_base + shift
            due = round(exact / unit)
            if tick > unit and expected is None and stream.start is not None:
                expected = round(stream.start / unit) - _priming(packet)
            if tick > unit and expected is not None and abs(expected * unit - exact) <= tick:
                due = expected
            if last is not None and due <= last:
                continue  # a packet of the same time twice: no player could use it
            length = frame_samples or round((packet.duration or 0) * packet.time_base / unit)
            expected = due + length if length else None
            last = due
            packet.pts = packet.dts = due
            packet.duration = length
            packet.time_base = unit
            packet.stream = added
            yield due * unit, packet


def _priming(packet: av.Packet[AudioStream]) -> int:
    """Samples that the decoder leaves out at the start of a packet."""
    data = bytes(packet.get_sidedata("skip_samples")) if packet.has_sidedata("skip_samples") else b""
    return int.from_bytes(data[:4], "little")


def _packet_samples(stream: AudioStream) -> int:
    """Samples in every packet of the stream; 0 where they vary."""
    context = stream.codec_context
    return context.frame_size if context.name in ("aac", "mp3", "mp3float", "ac3", "eac3") else 0


def converted_packets(
    encoding: EncodingPlan, stream: StreamPlan, added: AudioStream
) -> Iterator[tuple[Fraction, av.Packet[AudioStream]]]:
    """The source's sound decoded, laid out, stretched and encoded, each packet with the second it is due."""
    unit = Fraction(1, stream.sample_rate)
    source, template = open_sound(encoding, stream)
    with source:
        rate = template.codec_context.sample_rate
        layout = _speakers(template, stream)
        is_float = stream.encoder in _FLOAT_ENCODERS or stream.tempo != 1
        kind = "flt" if is_float else "s16" if added.codec_context.format.name.startswith("s16") else "s32"
        chunks = _laid_out(encoding, stream, source, template, kind=kind, layout=layout)
        if stream.tempo != 1:
            chunks = _stretched(chunks, stream.tempo, rate=rate, layout=layout)
        resampler = AudioResampler(
            format=added.codec_context.format, layout=added.codec_context.layout, rate=stream.sample_rate
        )
        for picture in _encoder_frames(chunks, resampler, kind=kind, layout=layout, rate=rate):
            for packet in added.encode(picture):
                assert packet.pts is not None
                yield packet.pts * unit, packet


def _encoder_frames(
    chunks: Iterator[Samples], resampler: AudioResampler, *, kind: str, layout: str, rate: int
) -> Iterator[av.AudioFrame | None]:
    """Frames in the encoder's format and rate, numbered in samples from 0, and None at the end."""
    position = 0
    written = 0
    for chunk in chunks:
        frame = _frame(chunk, position, kind=kind, layout=layout, rate=rate)
        position += chunk.shape[1]
        for converted in resampler.resample(frame):
            converted.pts = written
            written += converted.samples
            yield converted
    for converted in resampler.resample(None):
        converted.pts = written
        written += converted.samples
        yield converted
    yield None


def _laid_out(
    encoding: EncodingPlan,
    stream: StreamPlan,
    source: InputContainer,
    template: AudioStream,
    *,
    kind: str,
    layout: str,
) -> Iterator[Samples]:
    """Samples at the source's rate from the output file's start, without holes, cut to the plan's range."""
    rate = template.codec_context.sample_rate
    cut = encoding.is_trimmed or stream.tempo != 1
    begin = encoding.source_start - (0 if cut else encoding.lead)
    end = round((encoding.source_stop - begin) * rate) if cut else None
    if cut and stream.tempo == 1 and encoding.speed != 1:
        # Sound that keeps its speed under a slowed picture goes on to the end of what is shown.
        end = round((encoding.source_stop - encoding.source_start) * rate)
    slack = max(2, ceil((template.time_base or 0) * rate) + 1)
    cursor = 0
    after: int | None = None
    for frame, samples in _even(_decoded(source, template), template, kind=kind):
        first = after if after is not None else 0
        if frame.pts is not None and frame.time_base is not None:
            stamped = round((frame.pts * frame.time_base - begin) * rate)
            if after is None or abs(stamped - after) > slack:
                first = stamped
        after = first + samples.shape[1]
        if first > cursor:
            gap = (first if end is None else min(first, end)) - cursor
            yield from _silence(samples, gap)
            cursor += max(gap, 0)
        audible = samples[:, cursor - first : None if end is None else max(end - first, 0)]
        if audible.shape[1]:
            yield audible
            cursor += audible.shape[1]
        if end is not None and cursor >= end:
            return
    if not cursor:
        # A track without a sample cannot be written: it is silent where the source has no sound.
        channels = av.AudioLayout(layout).nb_channels
        empty = np.zeros((channels, 0), {"flt": np.float32, "s16": np.int16, "s32": np.int32}[kind])
        yield from _silence(empty, end or rate)


def _decoded(source: InputContainer, template: AudioStream) -> Iterator[av.AudioFrame]:
    """Frames of the stream; a damaged packet leaves a hole, which becomes silence."""
    for packet in source.demux(template):
        try:
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                yield frame
        except av.error.InvalidDataError:
            continue


def _even(
    frames: Iterator[av.AudioFrame], template: AudioStream, *, kind: str
) -> Iterator[tuple[av.AudioFrame, Samples]]:
    """Each frame with its samples in one format, layout and rate, also where the source changes them."""
    layout, rate = template.codec_context.layout, template.codec_context.sample_rate
    resampler = AudioResampler(format=kind, layout=layout, rate=rate)
    for frame in frames:
        try:
            pieces = resampler.resample(frame)
        except ValueError:
            resampler = AudioResampler(format=kind, layout=layout, rate=rate)
            pieces = resampler.resample(frame)
        if pieces:
            yield frame, np.concatenate([_samples(piece) for piece in pieces], axis=1)


def _samples(frame: av.AudioFrame) -> Samples:
    """The samples of a frame in an interleaved format; PyAV reads no more than eight separate planes."""
    return frame.to_ndarray().reshape(-1, frame.layout.nb_channels).T


def _frame(chunk: Samples, position: int, *, kind: str, layout: str, rate: int) -> av.AudioFrame:
    """A frame in an interleaved format, `position` samples after the start."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk.T).reshape(1, -1), kind, layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, position, Fraction(1, rate)
    return frame


def _silence(like: Samples, count: int) -> Iterator[Samples]:
    for start in range(0, count, _CHUNK):
        yield np.zeros((like.shape[0], min(_CHUNK, count - start)), like.dtype)


def _stretched(chunks: Iterator[Samples], tempo: Fraction, *, rate: int, layout: str) -> Iterator[Samples]:
    """Sound at the same pitch, 1 / tempo times as long, to the sample.

    ffmpeg's atempo (waveform similarity overlap-add), as many stages of at least 0.5 as it takes. Each stage
    is ahead of the picture by about a tenth of its window (2 to 15 ms of source time, depending on the sound;
    measured on tones, voices and noise), so that much silence goes first and that much of the end goes.

    Convention: chunks (channels, samples) of float32 in and out, at `rate`.
    """
    stages = max(1, ceil(-log2(tempo))) if tempo < 1 else 1
    stage_tempo = float(tempo) ** (1 / stages)
    window = 1 << ceil(log2(rate / 24))
    delay = round(window / 10 * sum(stage_tempo**stage for stage in range(stages)))
    graph = Graph()
    node = graph.add_abuffer(sample_rate=rate, format="flt", layout=layout, time_base=Fraction(1, rate))
    for _ in range(stages):
        after = graph.add("atempo", f"{stage_tempo:.17g}")
        node.link_to(after)
        node = after
    sink = graph.add("abuffersink")
    node.link_to(sink)
    graph.configure()
    taken = -delay
    given = 0
    like: Samples = np.zeros((0, 0), np.float32)
    for chunk in _small(_delayed(chunks, delay)):
        like = chunk
        graph.push(_frame(chunk, taken + delay, kind="flt", layout=layout, rate=rate))
        taken += chunk.shape[1]
        for samples in _pulled(graph):
            given += samples.shape[1]
            yield samples
    graph.push(None)
    wanted = max(0, round(taken / tempo))
    for samples in _pulled(graph):
        kept = samples[:, : max(0, wanted - given)]
        given += kept.shape[1]
        yield kept
    yield from _silence(like, wanted - given)


def _delayed(chunks: Iterator[Samples], delay: int) -> Iterator[Samples]:
    """Silence, then the chunks."""
    for number, chunk in enumerate(chunks):
        if number == 0:
            yield from _silence(chunk, delay)
        yield chunk


def _small(chunks: Iterator[Samples]) -> Iterator[Samples]:
    for chunk in chunks:
        for start in range(0, chunk.shape[1], _CHUNK):
            yield chunk[:, start : start + _CHUNK]


def _pulled(graph: Graph) -> Iterator[Samples]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.AudioFrame)
        yield _samples(frame)
