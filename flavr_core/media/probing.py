"""Everything that is known of a clip before it is worked on."""

from __future__ import annotations

import re
import struct
from fractions import Fraction
from pathlib import Path

import av
import av.logging
from av.container import InputContainer
from av.filter import Graph
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from flavr_core.clip import Chapter, ClipInfo, ClipKind, StreamInfo
from flavr_core.color import Matrix, Siting
from flavr_core.errors import MediaError
from flavr_core.frame import PixelFamily
from flavr_core.media.layouts import layout_of
from flavr_core.media.opening import check_size, open_container, pick_video, reading
from flavr_core.media.orientation import orientation_of, side_data_of
from flavr_core.media.packets import PacketIndex, decode_stream, read_index
from flavr_core.media.pixels import color_of
from flavr_core.media.timestamps import find_rate
from flavr_core.timing import FrameTimes

_SITINGS = {siting.value: siting for siting in Siting}
_PRIMARY_UNITS, _LUMINANCE_UNITS = 50_000, 10_000
"""Units of SMPTE ST 2086 as written in streams: 0.00002 and 0.0001 cd/m2."""


def probe(path: Path, *, sequence_rate: Fraction = Fraction(24)) -> ClipInfo:
    """Say all that is known of a clip: exact times of every frame, pixels, colours, streams.

    Packets are read to their end, only the first pictures are decoded; a file whose timestamps do not
    tell its frames is decoded once, and a note says so.

    Args:
        path: a file, a folder of images, a pattern such as `shot_%04d.png`, or one image of a series.
        sequence_rate: frames a second of images, which have none of their own.

    Raises:
        MediaError: when nothing can be shown of it.
    """
    return probe_video(path)


def probe_video(path: Path) -> ClipInfo:
    """`probe` for a container with a video stream."""
    path = Path(path)
    with open_container(path), reading(path):
        index = read_index(path)
    with open_container(path) as container, reading(path):
        stream = pick_video(container, path)
        return _describe(path, container, stream, index)


def _first_pictures(container: InputContainer, stream: VideoStream, count: int) -> list[av.VideoFrame]:
    found = []
    for picture in decode_stream(container, stream):
        found.append(picture)
        if len(found) == count:
            break
    return found


def _describe(path: Path, container: InputContainer, stream: VideoStream, index: PacketIndex) -> ClipInfo:
    context = stream.codec_context
    field_order = context.field_order
    pictures = _first_pictures(container, stream, 12 if field_order > 1 else 4)
    if not pictures:
        raise MediaError(f"No picture in '{path}' can be decoded.", "The file may be damaged.")
    picture = pictures[0]
    check_size(picture.width, picture.height, path)
    interlaced = any(one.interlaced_frame for one in pictures)
    layout = layout_of(picture.format.name)
    orientation, odd = orientation_of(picture)
    color = orientation.color(color_of(picture, siting=siting_of(picture)), layout.format)
    width, height = orientation.size(picture.width, picture.height)
    aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1)
    times = FrameTimes(pts=tuple(index.pts), time_base=index.time_base, end_pts=index.end_pts)
    claimed = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
    rate, is_vfr = find_rate(times.pts, times.end_pts, times.time_base, claimed)
    notes = [*index.notes, odd, layout.note]
    if interlaced:
        notes.append("The clip is interlaced; it is deinterlaced by bwdif, one frame for each.")
    if orientation.is_mirrored:
        notes.append("The file asks for a mirrored display, which is applied.")
    if color.matrix is Matrix.BT2020_CL:
        notes.append("Constant-luminance BT.2020 is converted as the non-constant kind.")
    elif color.matrix is Matrix.UNSPECIFIED and color.matrix_code != 2:
        notes.append(f"The colour matrix with code {color.matrix_code} is taken for the usual one.")
    return ClipInfo(
        path=path,
        kind=ClipKind.VIDEO,
        container=container.format.name,
        codec=context.codec.canonical_name,
        width=width,
        height=height,
        format=orientation.format(layout.format),
        stored_format=picture.format.name,
        color=color,
        pixel_aspect=orientation.aspect(aspect if aspect > 0 else Fraction(1)),
        rotation=orientation.rotation,
        interlaced=interlaced,
        times=times,
        rate=rate,
        is_vfr=is_vfr,
        streams=tuple(_stream_info(one) for one in container.streams if one.index != stream.index),
        chapters=_chapters(container),
        metadata=dict(container.metadata),
        video_metadata=dict(stream.metadata),
        hdr_side_data=hdr_side_data(picture),
        notes=tuple(note for note in notes if note),
    )


def _stream_info(stream: Stream) -> StreamInfo:
    time_base = stream.time_base or Fraction(1)
    context = stream.codec_context
    is_audio = stream.type == "audio" and context is not None
    kind = stream.type if stream.type in ("audio", "subtitle", "video", "attachment") else "data"
    codec = context.codec.canonical_name if context is not None else (stream.name or "unknown")
    return StreamInfo(
        index=stream.index,
        kind=kind,
        codec=codec,
        start=Fraction(stream.start_time or 0) * time_base,
        duration=None if stream.duration is None else stream.duration * time_base,
        language=stream.metadata.get("language", ""),
        title=stream.metadata.get("title", ""),
        sample_rate=getattr(context, "sample_rate", 0) or 0 if is_audio else 0,
        channels=getattr(context, "channels", 0) or 0 if is_audio else 0,
        is_default=bool(stream.disposition & Disposition.default),
    )


def _chapters(container: InputContainer) -> tuple[Chapter, ...]:
    return tuple(
        Chapter(
            start=chapter["start"] * Fraction(chapter["time_base"] or 1),
            end=chapter["end"] * Fraction(chapter["time_base"] or 1),
            title=chapter["metadata"].get("title", ""),
        )
        for chapter in container.chapters()
    )


def siting_of(picture: av.VideoFrame) -> Siting:
    """Where a picture's chroma samples lie.

    PyAV does not hand the tag on; libav's own `showinfo` filter says it in words.
    """
    layout = layout_of(picture.format.name)
    if layout.format.family is not PixelFamily.YUV:
        return Siting.UNSPECIFIED
    graph = Graph()
    source = graph.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1, 1000)
    )
    graph.link_nodes(source, graph.add("showinfo", "checksum=0"), graph.add("buffersink")).configure()
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        with av.logging.Capture() as lines:
            graph.vpush(picture)
            graph.vpull()
    finally:
        av.logging.set_level(level)
    found = re.search(r"\bcl:(\w+)", " ".join(text for _, _, text in lines))
    return _SITINGS.get(found[1], Siting.UNSPECIFIED) if found else Siting.UNSPECIFIED


def hdr_side_data(picture: av.VideoFrame) -> dict[str, str]:
    """Mastering display and light level in the words that x265 and SVT-AV1 take, e.g. `1000,400`."""
    data = side_data_of(picture)
    found = {}
    if len(mastering := data.get("MASTERING_DISPLAY_METADATA", b"")) >= 88:
        found["mastering_display"] = _mastering_text(mastering)
    if len(light := data.get("CONTENT_LIGHT_LEVEL", b"")) >= 8:
        found["content_light_level"] = "{},{}".format(*struct.unpack("=2I", light[:8]))
    return {key: text for key, text in found.items() if text}


def _mastering_text(data: bytes) -> str:
    """AVMasteringDisplayMetadata (libavutil/mastering_display_metadata.h) as x265 writes it."""
    numbers = struct.unpack("=22i", data[:88])
    has_primaries, has_luminance = numbers[20], numbers[21]
    if not (has_primaries and has_luminance):
        return ""
    ratios = [
        Fraction(n, d) if d else Fraction(0) for n, d in zip(numbers[0:20:2], numbers[1:20:2], strict=True)
    ]
    red, green, blue, white = (
        tuple(round(value * _PRIMARY_UNITS) for value in ratios[place : place + 2]) for place in (0, 2, 4, 6)
    )
    low, high = (round(value * _LUMINANCE_UNITS) for value in ratios[8:10])
    return (
        f"G({green[0]},{green[1]})B({blue[0]},{blue[1]})R({red[0]},{red[1]})"
        f"WP({white[0]},{white[1]})L({high},{low})"
    )
