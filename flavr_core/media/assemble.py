"""`assemble`: closed segments and the source's other streams become one file, the same bytes every time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
from av.container import OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from flavr_core.errors import OutputError
from flavr_core.media.animated import assemble_animation
from flavr_core.media.containers import COVER_FILES
from flavr_core.media.encoding import EncodingPlan, StreamAction
from flavr_core.media.segments import OnProgress
from flavr_core.media.sinks import alpha_tag
from flavr_core.media.sound import add_sound, converted_packets, copied_packets
from flavr_core.media.subtitles import add_subtitles, subtitle_packets
from flavr_core.media.writing import discard, open_output, output_errors
from flavr_core.progress import CancelToken

if TYPE_CHECKING:
    from av.container.core import Chapter  # exists for type checkers alone

Due = tuple[Fraction, "av.Packet[Any]"]
"""A packet and the second, on the output file's clock, at which it is due."""

_MOST_TIMESCALE = 2**31 - 1
_REORDERING = ("h264", "hevc")
"""Codecs whose packets may come in another order than they are shown."""


def assemble(
    encoding: EncodingPlan,
    segments: Sequence[Path],
    output: Path,
    *,
    token: CancelToken,
    on_progress: OnProgress,
) -> tuple[str, ...]:
    """Write the finished file (or folder of images) at `output`, which the caller renames once verified.

    Args:
        encoding: the plan the segments were written with.
        segments: all of them, in order.
        output: where to write; a file there is replaced.
        token: looked at between packets.
        on_progress: told about frames.

    Returns:
        One sentence for what had to be given up to meet a size limit; empty without one.

    Raises:
        OutputError: when a segment is damaged or the file cannot be written; nothing is left at `output`.
        CancelledError: when stopped; likewise.
    """
    if encoding.animation is not None:
        return assemble_animation(encoding, segments, output, token=token, on_progress=on_progress)
    container = open_output(output, encoding.form.muxer, _muxer_options(encoding))
    try:
        with output_errors(output):
            _write_all(container, encoding, segments, token, on_progress)
            container.close()
        return ()
    except BaseException:
        discard(container, output)
        raise


def _muxer_options(encoding: EncodingPlan) -> dict[str, str]:
    if encoding.form.muxer not in ("mp4", "mov"):
        return {}
    # Empty edits, which delay a stream, are counted in the movie's own units: make them hold every stream's.
    rates = [s.sample_rate for s in encoding.kept_streams("audio") if s.sample_rate]
    scale = lcm(encoding.time_base.denominator, *rates, 1000)
    if scale > _MOST_TIMESCALE:
        scale = max([1000, *rates])
    return {"movflags": "+faststart", "movie_timescale": str(scale), "write_tmcd": "0"}


def _write_all(
    container: OutputContainer,
    encoding: EncodingPlan,
    segments: Sequence[Path],
    token: CancelToken,
    on_progress: OnProgress,
) -> None:
    container.metadata.update(dict(encoding.metadata))
    video = _add_video(container, encoding, segments[0])
    sources: list[Iterator[Due]] = []
    covers: list[Due] = []
    for stream in encoding.streams:
        if stream.action is StreamAction.DROP:
            continue
        if stream.kind == "audio":
            sound = add_sound(container, encoding, stream)
            make = copied_packets if stream.action is StreamAction.COPY else converted_packets
            sources.append(make(encoding, stream, sound))
        elif stream.kind == "subtitle":
            text = add_subtitles(container, encoding, stream)
            sources.append(subtitle_packets(encoding, stream, text))
        elif stream.kind == "attachment":
            _copy_attachment(container, encoding, stream.index)
        elif stream.kind == "cover":
            covers += _copy_cover(container, encoding, stream.index)
    container.set_chapters(_chapters(encoding))
    container.start_encoding()
    frames = _watched(video_packets(encoding, segments, video), encoding.frames, token, on_progress)
    for _, packet in heapq.merge(covers, frames, *sources, key=lambda due: due[0]):
        token.check()
        container.mux_one(packet)


def _watched(frames: Iterator[Due], total: int, token: CancelToken, on_progress: OnProgress) -> Iterator[Due]:
    for done, due in enumerate(frames):
        token.check()
        if done % 64 == 0:
            on_progress(done, total)
        yield due
    on_progress(total, total)


def _add_video(container: OutputContainer, encoding: EncodingPlan, segment: Path) -> VideoStream:
    with av.open(str(segment), format="matroska") as source:
        template = source.streams.video[0]
        stream = container.add_stream_from_template(template, opaque=True)
    assert isinstance(stream, VideoStream)
    stream.time_base = _video_unit(encoding)
    context = stream.codec_context
    if encoding.tag:
        context.codec_tag = encoding.tag
    if encoding.rate is not None:
        context.framerate = encoding.rate
    context.sample_aspect_ratio = encoding.pixel_aspect
    stream.metadata.update(dict(encoding.video_metadata))
    stream.metadata.update(alpha_tag(encoding))
    stream.disposition = Disposition.default
    return stream


def _video_unit(encoding: EncodingPlan) -> Fraction:
    """Seconds a unit in which the plan's times and the lead are whole numbers."""
    return Fraction(1, lcm(encoding.time_base.denominator, encoding.lead.denominator))


def video_packets(encoding: EncodingPlan, segments: Sequence[Path], stream: VideoStream) -> Iterator[Due]:
    """The packets of all segments with their exact times, in decoding order.

    A packet's decoding time is the presentation time that lies `delay` places earlier in the sorted list of
    all presentation times; `delay` is the least for which no packet is decoded after it is shown, over the
    whole output, so segments join without a seam at any rate, constant or not. MP4 and MOV take a track's
    length from decoding times, so the last packet lasts as long as makes that the length planned.
    """
    unit = _video_unit(encoding)
    factor = round(encoding.time_base / unit)
    lead = round(encoding.lead / unit)
    delay = _reorder_delay(segments) if encoding.codec in _REORDERING else 0
    least = min(encoding.frame_pts(n + 1) - encoding.frame_pts(n) for n in range(encoding.frames))
    extradata: bytes | None = None
    done = 0
    for segment in segments:
        start = done
        with av.open(str(segment), format="matroska") as source:
            template = source.streams.video[0]
            own = template.codec_context.extradata
            if extradata is not None and own != extradata:
                raise OutputError(
                    f"'{segment.name}' was encoded in another way than the segments before it.",
                    "Begin anew without --resume.",
                )
            extradata = own
            for packet in source.demux(template):
                if packet.pts is None or not packet.size:
                    continue
                number = start + packet.pts
                behind = done - delay
                early = encoding.frame_pts(behind) if behind >= 0 else behind * least
                shown, end = encoding.frame_pts(number), encoding.frame_pts(number + 1)
                packet.pts = shown * factor + lead
                packet.dts = early * factor + lead
                length = end - shown
                if done == encoding.frames - 1 and encoding.form.muxer in ("mp4", "mov"):
                    length = encoding.end_pts - early - delay * least
                packet.duration = length * factor
                packet.time_base = unit
                packet.stream = stream
                yield packet.dts * unit, packet
                done += 1
    if done != encoding.frames:
        raise OutputError(
            f"The segments hold {done} frames where {encoding.frames} were planned.",
            "Begin anew without --resume.",
        )


def _reorder_delay(segments: Sequence[Path]) -> int:
    """By how many places a packet comes before its turn in presentation order, at most."""
    delay = 0
    for segment in segments:
        with av.open(str(segment), format="matroska") as source:
            numbers = (p.pts for p in source.demux(video=0) if p.pts is not None and p.size)
            delay = max([delay, *(place - number for place, number in enumerate(numbers))])
    return delay


def _copy_attachment(container: OutputContainer, encoding: EncodingPlan, index: int) -> None:
    with av.open(str(encoding.source), metadata_errors="replace") as source:
        container.add_stream_from_template(source.streams[index])


def _copy_cover(container: OutputContainer, encoding: EncodingPlan, index: int) -> list[Due]:
    """The cover: a stream of one packet in MP4, an attached file in Matroska."""
    with av.open(str(encoding.source), metadata_errors="replace") as source:
        template = source.streams[index]
        packet = next((packet for packet in source.demux(template) if packet.size), None)
        if packet is None:
            return []
        suffix, kind = COVER_FILES[template.codec_context.codec.canonical_name]
        if encoding.form.attachments:
            container.add_attachment(f"cover.{suffix}", kind, bytes(packet))
            return []
        stream = container.add_stream_from_template(template, opaque=True)
        stream.disposition = template.disposition
        packet.pts = packet.dts = 0
        packet.stream = stream
        return [(Fraction(0), packet)]


def _chapters(encoding: EncodingPlan) -> list[Chapter]:
    tick = Fraction(1, 1000)
    return [
        {
            "id": number,
            "start": round(chapter.start / tick),
            "end": round(chapter.end / tick),
            "time_base": tick,
            "metadata": {"title": chapter.title} if chapter.title else {},
        }
        for number, chapter in enumerate(encoding.chapters, 1)
    ]
