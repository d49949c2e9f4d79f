"""Subtitles for the output: copied or turned into the container's text format, moved and scaled in time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.stream import Discard
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle, SubtitleSet

from flavr_core.media.encoding import EncodingPlan, StreamAction, StreamPlan
from flavr_core.media.streams import carried_tags

TICK = Fraction(1, 1000)
"""Seconds a unit of all subtitle times in the output."""
_NOTHING = b"\0\0"
"""What fills the time between subtitles in MP4; the muxer puts it there itself."""


def _open(encoding: EncodingPlan, stream: StreamPlan) -> tuple[InputContainer, SubtitleStream]:
    container = av.open(str(encoding.source), metadata_errors="replace")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return container, cast("SubtitleStream", container.streams[stream.index])


def add_subtitles(output: OutputContainer, encoding: EncodingPlan, stream: StreamPlan) -> SubtitleStream:
    """Add the output's stream for a planned one."""
    source, template = _open(encoding, stream)
    with source:
        if stream.action is StreamAction.COPY:
            added = output.add_stream_from_template(template)
        else:
            added = cast("SubtitleStream", output.add_stream(stream.encoder))
            context = added.codec_context
            assert isinstance(context, SubtitleCodecContext)
            context.subtitle_header = _header(template)
            context.time_base = TICK
            context.open()
        added.time_base = TICK
        added.metadata.update(carried_tags(template.metadata, encoding.form))
        added.disposition = template.disposition
    return added


def _header(template: SubtitleStream) -> bytes:
    """The styles that the decoder speaks of."""
    context = template.codec_context
    assert isinstance(context, SubtitleCodecContext)
    context.open(strict=False)
    return context.subtitle_header or b""


def subtitle_packets(
    encoding: EncodingPlan, stream: StreamPlan, added: SubtitleStream
) -> Iterator[tuple[Fraction, av.Packet[SubtitleStream]]]:
    """Packets within the output's range, each with the second at which it is due."""
    source, template = _open(encoding, stream)
    output_end = encoding.duration + encoding.lead
    with source:
        for packet in source.demux(template):
            if packet.pts is None or not packet.size or bytes(packet) == _NOTHING:
                continue
            start = _moved(packet.pts * packet.time_base, encoding)
            length = (packet.duration or 0) * packet.time_base / encoding.speed
            end = min(start + length, output_end)
            if (length and end <= 0) or start >= output_end:
                continue
            start = max(start, Fraction(0))
            length = end - start if length else length
            for made in _made(packet, template, added, stream):
                made.pts = made.dts = round(start / TICK)
                made.duration = round(length / TICK)
                made.time_base = TICK
                made.stream = added
                yield made.pts * TICK, made


def _moved(seconds: Fraction, encoding: EncodingPlan) -> Fraction:
    return (seconds - encoding.source_start) / encoding.speed + encoding.lead


def _made(
    packet: av.Packet[SubtitleStream], template: SubtitleStream, added: SubtitleStream, stream: StreamPlan
) -> Iterator[av.Packet[SubtitleStream]]:
    """The packet itself, or one of the output's format that says the same."""
    if stream.action is StreamAction.COPY:
        yield packet
        return
    decoder, encoder = template.codec_context, added.codec_context
    assert isinstance(decoder, SubtitleCodecContext)
    assert isinstance(encoder, SubtitleCodecContext)
    try:
        found = decoder.decode2(packet)
    except av.error.InvalidDataError:
        return  # one damaged line of text is no reason to lose the film
    lines = [rect.ass for rect in found or () if isinstance(rect, AssSubtitle)]
    for line in lines:
        yield encoder.encode_subtitle(SubtitleSet.create(text=line, start=0, end=1))
