"""Everything that is known of a clip before it is worked on."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from flavr_core.clip import Chapter, ClipInfo, ClipKind, StreamInfo
from flavr_core.color import Matrix
from flavr_core.errors import MediaError, SettingsError
from flavr_core.media.animation import kind_of_animation, read_animation
from flavr_core.media.layouts import layout_of
from flavr_core.media.opening import check_file, check_size, open_container, pick_video, reading
from flavr_core.media.orientation import orientation_of
from flavr_core.media.packets import PacketIndex, decode_stream, read_index
from flavr_core.media.pixels import color_of, planes_from_av
from flavr_core.media.sequence import is_pattern, probe_images
from flavr_core.media.stills import image_codec
from flavr_core.media.tags import hdr_side_data, siting_of
from flavr_core.media.timestamps import find_rate
from flavr_core.media.webp import probe_webp
from flavr_core.timing import FrameTimes, format_time

_MOST_PICTURES_LOOKED_AT = 1000
_FORMATS_WITH_DURATION = {"matroska,webm", "flv"}
"""Containers whose header says how long the file lasts. In MP4 the index tells more exactly; of a cut AVI
libav guesses by its size."""
_CUT_OFF_S = Fraction(1, 5)
"""What a header may name too much: a frame's or a sound packet's duration."""


_LOOKED_AT = {0: 4, 1: 1}
"""First pictures looked at by the field order that the stream claims: unknown, progressive; else twelve."""


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
    path = Path(path)
    if sequence_rate <= 0:
        raise SettingsError(f"A rate of {sequence_rate} cannot be shown.", "Use 24 or 30000/1001.")
    if _names_images(path):
        return probe_images(path, sequence_rate)
    check_file(path)
    with reading(path):
        animation = kind_of_animation(path)
        if animation == "webp":
            return probe_webp(path)
        if animation is None and image_codec(path) is not None:
            return probe_images(path, sequence_rate)
    return probe_video(path)


def _names_images(path: Path) -> bool:
    try:
        return path.is_dir() or is_pattern(path)
    except (OSError, ValueError):
        return False  # no path at all, such as one that is too long: it is refused as a file


def probe_video(path: Path) -> ClipInfo:
    """`probe` for a container with a video stream."""
    with reading(path):
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
    pictures = _first_pictures(container, stream, _LOOKED_AT.get(field_order, 12))
    if not pictures:
        raise MediaError(f"No picture in '{path}' can be decoded.", "The file may be damaged.")
    picture = pictures[0]
    check_size(picture.width, picture.height, path)
    # Frames without the flag pass the deinterlacer untouched, so that the stream's own claim is enough.
    interlaced = field_order > 1 or any(one.interlaced_frame for one in pictures)
    layout = layout_of(picture.format.name)
    orientation, odd = orientation_of(picture)
    color = orientation.color(color_of(picture, siting=siting_of(picture)), layout.format)
    width, height = orientation.size(picture.width, picture.height)
    aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1)
    animation = read_animation(path) if container.format.name in ("gif", "apng") else None
    claimed = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
    rate, is_vfr = find_rate(index.pts, index.end_pts, index.time_base, claimed)
    times = FrameTimes(
        pts=tuple(index.pts),
        time_base=index.time_base,
        end_pts=index.end_pts if is_vfr or animation else constant_end(index, rate),
    )
    notes = [*index.notes, _cut_off_note(path, container, times), odd, layout.note]
    if interlaced:
        notes.append("The clip is interlaced; it is deinterlaced by bwdif, one frame for each.")
    if orientation.is_mirrored:
        notes.append("The file asks for a mirrored display, which is applied.")
    if color.matrix is Matrix.BT2020_CL:
        notes.append("Constant-luminance BT.2020 is converted as the non-constant kind.")
    elif color.matrix is Matrix.UNSPECIFIED and color.matrix_code != 2:
        notes.append(f"The colour matrix with code {color.matrix_code} is taken for the usual one.")
    format_ = orientation.format(layout.format)
    if format_.has_alpha and (animation is not None or layout.special == "pal8") and _is_opaque(path):
        format_ = replace(format_, has_alpha=False)
    return ClipInfo(
        path=path,
        kind=ClipKind.VIDEO if animation is None else ClipKind.ANIMATION,
        container=container.format.name,
        codec=context.codec.canonical_name,
        width=width,
        height=height,
        format=format_,
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
        loop=animation.loop if animation is not None else None,
        hdr_side_data=hdr_side_data(picture),
        notes=tuple(note for note in notes if note),
    )


def _cut_off_note(path: Path, container: InputContainer, times: FrameTimes) -> str:
    """Says that a file ends before its header says so; empty where it does not, or has no such header."""
    if container.format.name not in _FORMATS_WITH_DURATION or not container.duration:
        return ""
    promised = Fraction((container.start_time or 0) + container.duration, av.time_base)
    if promised - times.end <= _CUT_OFF_S:
        return ""
    end = max(times.end, _last_packet_end(path))  # sound and subtitles may go on after the picture
    if promised - end <= _CUT_OFF_S:
        return ""
    return (
        f"The file is cut off: its header names {format_time(promised)}, "
        f"its picture ends after {format_time(times.end)}."
    )


def _last_packet_end(path: Path) -> Fraction:
    """Where the last packet of all streams ends, in seconds."""
    end = Fraction(0)
    with open_container(path) as container:
        try:
            for packet in container.demux():
                if packet.pts is not None and packet.time_base is not None:
                    end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
        except FFmpegError:
            pass  # it breaks off here
    return end


def constant_end(index: PacketIndex, rate: Fraction) -> int:
    """Where the last frame of a constant-rate clip ends.

    Containers store durations between decoding times, so that of the last frame shown is often another's;
    one that is near the usual step is taken for it, a longer hold is believed.
    """
    step, last = 1 / (rate * index.time_base), index.pts[-1]
    is_usual = len(index.pts) > 1 and step / 2 < index.end_pts - last < step * 3 / 2
    return last + max(1, round(step)) if is_usual else index.end_pts


def _is_opaque(path: Path) -> bool:
    """Whether no picture has a clear pixel; found by decoding, which animated images allow."""
    with open_container(path) as container:
        stream = pick_video(container, path)
        pictures = itertools.islice(decode_stream(container, stream), _MOST_PICTURES_LOOKED_AT)
        return all(int(planes_from_av(picture)[-1].min()) == 255 for picture in pictures)


def _stream_info(stream: Stream) -> StreamInfo:
    time_base = stream.time_base or Fraction(1)
    context = stream.codec_context
    is_audio = stream.type == "audio" and context is not None
    kind = stream.type if stream.type in ("audio", "subtitle", "video", "attachment") else "data"
    codec = (
        context.codec.canonical_name if context is not None else (getattr(stream, "name", None) or "unknown")
    )
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
