"""Writing a clip without drawing anything: every output frame is the source frame at or before it.

`render` goes the whole way that a job goes (plan, segments, assembly, verification), `sound_clip` makes a
clip whose sound holds short bursts at known times, `bursts` finds them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from flavr_core.clip import ClipInfo
from flavr_core.frame import Frame
from flavr_core.media import (
    EncodingPlan,
    Verification,
    assemble,
    open_segment,
    open_source,
    plan_encoding,
    probe,
    verify_output,
)
from flavr_core.plan import OutputPlan
from flavr_core.progress import CancelToken
from flavr_core.settings import ExportSettings, TimingSettings
from flavr_core.timeline import plan_output


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A finished output and all that led to it."""

    info: ClipInfo
    plan: OutputPlan
    encoding: EncodingPlan
    verification: Verification
    words: tuple[str, ...]
    output: Path
    segments: tuple[Path, ...]


def held_frames(info: ClipInfo, plan: OutputPlan) -> Iterator[Frame]:
    """For each output frame the source frame at or before it."""
    with open_source(info) as source:
        frames = source.frames()
        current = next(frames)
        for planned in plan.frames():
            while current.index < planned.gap:
                current = next(frames)
            yield replace(current, time=planned.time, index=planned.index)


def write_segments(
    encoding: EncodingPlan, frames: Iterator[Frame], folder: Path, *, segment_frames: int
) -> tuple[Path, ...]:
    """All frames in segments of `segment_frames`."""
    paths: list[Path] = []
    sink = None
    for frame in frames:
        if frame.index % segment_frames == 0:
            if sink is not None:
                sink.close()
            paths.append(folder / f"segment-{len(paths):03d}.mkv")
            sink = open_segment(encoding, paths[-1])
        assert sink is not None
        sink.write(frame)
    assert sink is not None
    sink.close()
    return tuple(paths)


def render(
    source: Path,
    output: Path,
    export: ExportSettings,
    timing: TimingSettings | None = None,
    *,
    segment_frames: int = 20,
) -> Rendered:
    """Plan, write, assemble and verify; fails where the verification finds a problem."""
    info = probe(source)
    plan = plan_output(info.times, timing or TimingSettings(), rate=info.rate, is_vfr=info.is_vfr)
    encoding = plan_encoding(info, plan, export, output=output)
    folder = output.parent / f"{output.name}.segments"
    folder.mkdir(exist_ok=True)
    paths = write_segments(encoding, held_frames(info, plan), folder, segment_frames=segment_frames)
    words = assemble(encoding, paths, output, token=CancelToken(), on_progress=lambda done, total: None)
    verification = verify_output(encoding, output)
    assert not verification.problems, verification.problems
    return Rendered(
        info=info,
        plan=plan,
        encoding=encoding,
        verification=verification,
        words=words,
        output=output,
        segments=paths,
    )


def sound_clip(
    path: Path,
    *,
    codec: str = "aac",
    rate: int = 48000,
    seconds: int = 3,
    channels: int = 1,
    sound_late: Fraction = Fraction(0),
    picture_late: Fraction = Fraction(0),
    burst_times: Sequence[Fraction] = (Fraction(1, 2), Fraction(1), Fraction(2)),
) -> Path:
    """64 x 48 at 25 a second with bursts of 10 ms of a 2 kHz tone that begin at `burst_times`."""
    video_codec = "libvpx-vp9" if path.suffix == ".webm" else "libx264"
    layout = "mono" if channels == 1 else "stereo"
    wave = np.zeros(seconds * rate, np.float32)
    length = rate // 100
    burst = 0.8 * np.sin(2 * np.pi * 2000 * np.arange(length) / rate) * np.hanning(length)
    for time in burst_times:
        wave[round(time * rate) : round(time * rate) + length] = burst
    with av.open(str(path), "w") as output:
        video = output.add_stream(video_codec, rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 25)
        audio = output.add_stream(codec, rate=rate)
        audio.layout = layout
        packets = []
        for number in range(seconds * 25):
            gray = np.full((48, 64, 3), 30 + number * 2, np.uint8)
            picture = av.VideoFrame.from_ndarray(gray, "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            packets += video.encode(picture)
        packets += video.encode(None)
        _delay(packets, picture_late)
        sound = av.AudioFrame.from_ndarray(np.tile(wave, (channels, 1)), "fltp", layout)
        sound.sample_rate, sound.pts, sound.time_base = rate, 0, Fraction(1, rate)
        heard = [p for f in _resampled(sound, audio) for p in audio.encode(f)] + audio.encode(None)
        _delay(heard, sound_late)
        for packet in sorted([*packets, *heard], key=lambda packet: packet.dts * packet.time_base):
            output.mux(packet)
    return path


def _resampled(frame: av.AudioFrame, stream: av.audio.stream.AudioStream) -> list[av.AudioFrame]:
    context = stream.codec_context
    return av.AudioResampler(context.format.name, context.layout.name, context.sample_rate).resample(frame)


def _delay(packets: list[av.Packet], seconds: Fraction) -> None:
    for packet in packets:
        packet.pts += round(seconds / packet.time_base)
        packet.dts += round(seconds / packet.time_base)


def bursts(path: Path, *, track: int = 0) -> list[float]:
    """When the middle of each burst is heard, in seconds after the first picture is shown."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        first = min(p.pts * p.time_base for p in container.demux(stream) if p.pts is not None)
    pieces: list[np.ndarray] = []
    start = rate = None
    with av.open(str(path)) as container:
        to_float = None
        for frame in container.decode(container.streams.audio[track]):
            if start is None:
                start, rate = frame.pts * frame.time_base, frame.sample_rate
                to_float = av.AudioResampler("fltp", frame.layout.name, rate)
            pieces += [piece.to_ndarray()[0] for piece in to_float.resample(frame)]
    loud = np.flatnonzero(np.abs(np.concatenate(pieces)) > 0.25)
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > rate // 20) + 1) if len(loud) else []
    return [float((group[0] + group[-1]) / 2 / rate + start - first) for group in groups]
