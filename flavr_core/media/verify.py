"""`verify_output`: the finished file is read back and compared with what was promised."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import av.error
from av.video.stream import VideoStream

from flavr_core.media.encoding import EncodingPlan, StreamPlan
from flavr_core.media.streams import first_sound
from flavr_core.media.verification import Verification, failed
from flavr_core.media.verify_animation import verify_animation
from flavr_core.timing import format_time


def verify_output(encoding: EncodingPlan, output: Path) -> Verification:
    """Read `output` back. What cannot be read becomes a problem, not an exception."""
    if encoding.animation is not None:
        return verify_animation(encoding, output)
    try:
        return _verify_video(encoding, output)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        return failed(f"The file cannot be read back ({error}).")


def _verify_video(encoding: EncodingPlan, output: Path) -> Verification:
    with av.open(str(output)) as container:
        stream = container.streams.video[0]
        time_base = stream.time_base
        assert time_base is not None
        spans = sorted(
            (packet.pts, packet.duration or 0)
            for packet in container.demux(stream)
            if packet.pts is not None and packet.size
        )
        counts = {kind: sum(s.type == kind for s in container.streams) for kind in ("audio", "subtitle")}
        size = (stream.codec_context.width, stream.codec_context.height)
    if not spans:
        return failed("The file holds no frame.")
    problems = _check_times(encoding, [pts for pts, _ in spans], time_base)
    if size != (encoding.width, encoding.height):
        problems.append(f"The picture is {size[0]}x{size[1]}, promised {encoding.width}x{encoding.height}.")
    for kind, count in counts.items():
        wanted = len(encoding.kept_streams(kind))
        if count != wanted:
            problems.append(f"There are {count} {kind} streams, promised {wanted}.")
    problems += _check_pictures(output, [spans[0][0], spans[-1][0]])
    first = spans[0][0] * time_base
    end = _end(encoding, output, spans[-1], time_base)
    tolerance = _grid(encoding) or time_base
    if abs(end - first - encoding.duration) > tolerance:
        problems.append(f"It lasts {format_time(end - first)}, promised {format_time(encoding.duration)}.")
    offsets = _audio_offsets(encoding, output, first, problems)
    return Verification(
        frames=len(spans),
        first=first - encoding.lead,
        last=spans[-1][0] * time_base - encoding.lead,
        duration=end - first,
        width=size[0],
        height=size[1],
        audio_offsets_samples=offsets,
        problems=tuple(problems),
    )


def _end(encoding: EncodingPlan, output: Path, last: tuple[int, int], time_base: Fraction) -> Fraction:
    """When the last picture ends: each container keeps a track's length in its own place."""
    with av.open(str(output)) as container:
        stream = container.streams.video[0]
        if encoding.form.muxer in ("mp4", "mov") and stream.duration is not None:
            return (stream.start_time or 0) * time_base + stream.duration * time_base
        if written := re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", "")):
            hours, minutes, seconds = written.groups()
            return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    return (last[0] + last[1]) * time_base


def _grid(encoding: EncodingPlan) -> Fraction:
    """The step to which the container rounds all times; 0 where it holds them exactly."""
    den = encoding.form.time_base_den
    return Fraction(1, den) if den else Fraction(0)


def _check_times(encoding: EncodingPlan, pts: list[int], time_base: Fraction) -> list[str]:
    """The number of frames and the time of every one of them."""
    if len(pts) != encoding.frames:
        return [f"The file holds {len(pts)} frames, promised {encoding.frames}."]
    grid = _grid(encoding)
    for number, found in enumerate(pts):
        wanted = encoding.frame_pts(number) * encoding.time_base + encoding.lead
        if abs(found * time_base - wanted) > grid / 2:
            return [
                f"Frame {number} is shown at {format_time(found * time_base)}, "
                f"promised {format_time(wanted)} ({float(found * time_base - wanted) * 1000:+.3f} ms)."
            ]
    return []


def _check_pictures(output: Path, wanted: list[int]) -> list[str]:
    """Whether the first and the last picture decode."""
    problems = []
    for word, pts in zip(("first", "last"), wanted, strict=True):
        with av.open(str(output)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            # With most encoders the last picture is a reference: what is none can be left out on the way.
            if not (
                _decodes(container, stream, pts, "NONREF") or _decodes(container, stream, pts, "DEFAULT")
            ):
                problems.append(f"The {word} picture cannot be decoded.")
    return problems


def _decodes(
    container: av.container.InputContainer,
    stream: VideoStream,
    pts: int,
    skipped: Literal["NONREF", "DEFAULT"],
) -> bool:
    try:
        stream.codec_context.skip_frame = skipped
        container.seek(pts, stream=stream, backward=True)
        return any(frame.pts == pts for frame in container.decode(stream))
    except av.error.FFmpegError:
        return False


def _audio_offsets(
    encoding: EncodingPlan, output: Path, first_picture: Fraction, problems: list[str]
) -> tuple[Fraction, ...]:
    """For each sound stream, samples by which it begins later than planned, against the picture."""
    planned = encoding.kept_streams("audio")
    offsets = []
    for place, stream in enumerate(planned):
        with av.open(str(output)) as container:
            if place >= len(container.streams.audio):
                break  # said already
            found = container.streams.audio[place]
            _, heard = first_sound(container, found)
        if heard is None:
            problems.append(f"The sound of stream {stream.index} cannot be decoded.")
            continue
        if stream.start is None:
            continue
        late = (heard - first_picture) - (stream.start - encoding.lead)
        samples = late * stream.sample_rate
        offsets.append(samples)
        allowed = _allowed_samples(encoding, stream)
        if abs(samples) > allowed:
            problems.append(
                f"The sound of stream {stream.index} begins {float(late) * 1000:+.2f} ms "
                f"({float(samples):+.0f} samples) from its place."
            )
    return tuple(offsets)


def _allowed_samples(encoding: EncodingPlan, stream: StreamPlan) -> Fraction:
    """Half a sample, and what the container's rounding of picture and sound may add."""
    return Fraction(1, 2) + _grid(encoding) * stream.sample_rate
