"""`probe FILE`: say all that is known of a clip, and what would happen to each of its streams."""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flavr_core.cli.arguments import parsed
from flavr_core.color import Siting
from flavr_core.timing import format_rate, format_time, parse_fraction

if TYPE_CHECKING:
    from flavr_core.clip import ClipInfo, StreamInfo

_CODECS = {
    "mp4": "h264", "mov": "prores", "mkv": "h264", "webm": "vp9", "gif": "gif", "apng": "apng",
    "webp": "webp", "png": "png",
}  # fmt: skip
"""Codec that stands for each container in the plan of streams."""
_MUTE_TAGS = {
    "major_brand", "minor_version", "compatible_brands", "encoder", "video encoder", "video handler_name",
    "video vendor_id",
}  # fmt: skip
"""Tags of the file's own making, which tell a reader nothing of the clip; --json has them."""
_TRANSFERS = {16: "PQ (HDR)", 18: "HLG (HDR)", 1: "BT.709", 13: "sRGB", 8: "linear", 14: "BT.2020"}
_PRIMARIES = {1: "BT.709", 5: "BT.601 (625)", 6: "BT.601 (525)", 9: "BT.2020", 12: "Display P3", 11: "DCI-P3"}


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "probe",
        help="say all that is known of a clip, and what would happen to it",
        description="Say all that is known of a clip: frames and their times, pixels, colours, streams.",
    )
    parser.add_argument(
        "source", type=Path, help="a video, an animation, an image, a folder of images, or shot_%%04d.png"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every frame's time")
    parser.add_argument(
        "--to", choices=[*_CODECS], default="mp4", help="container for which streams are planned (mp4)"
    )
    parser.add_argument(
        "--sequence-rate", metavar="R", default="24", help="frames a second of images (default 24)"
    )


def run(args: argparse.Namespace) -> int:
    """Print what was found. Raises MediaError when nothing can be shown."""
    from flavr_core.media import probe

    info = probe(args.source, sequence_rate=parsed("--sequence-rate", parse_fraction, args.sequence_rate))
    fate = _fate(info, args.to)
    if args.json:
        print(json.dumps(clip_record(info) | {"conversion": fate.record(args.to)}, indent=2))
        return 0
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for label, words in [*describe(info), *fate.lines(args.to)]:
        console.print(Text(f"{label:<12}", style="bold"), Text(words), sep="", end="\n")
    return 0


def describe(info: ClipInfo) -> list[tuple[str, str]]:
    """(label, words) for everything that is known; the label is empty where a line goes on."""
    lines = [("file", f"{info.path}"), ("kind", f"{info.kind}, {info.codec} in {info.container}")]
    lines += _time_lines(info)
    lines += _picture_lines(info)
    lines += _labelled("stream", (_stream_words(stream) for stream in info.streams))
    lines += _labelled(
        "chapter",
        (
            f"{format_time(one.start)} to {format_time(one.end)}  {one.title}".rstrip()
            for one in info.chapters
        ),
    )
    tags = {**info.metadata, **{f"video {key}": value for key, value in info.video_metadata.items()}}
    told = {
        key: value
        for key, value in tags.items()
        if key.lower() not in _MUTE_TAGS and (key, value) != ("video language", "und")
    }
    lines += _labelled("tag", (f"{key}: {_one_line(value)}" for key, value in told.items()))
    lines += _labelled("note", info.notes)
    return lines


def _labelled(label: str, entries: Any) -> list[tuple[str, str]]:
    return [(label if number == 0 else "", words) for number, words in enumerate(entries)]


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _time_lines(info: ClipInfo) -> list[tuple[str, str]]:
    times = info.times
    rate = f"{format_rate(info.rate)} a second"
    if info.is_vfr:
        rate += " on average, variable"
    elif info.rate.denominator != 1:
        rate += f" ({info.rate.numerator}/{info.rate.denominator})"
    lines = [("frames", f"{len(times)}, {rate}")]
    start = "" if times.start == 0 else f", from {format_time(times.start)} on the file's clock"
    lines.append(("duration", f"{format_time(times.duration)}{start}"))
    if info.is_vfr:
        steps = [b - a for a, b in zip(times.pts, (*times.pts[1:], times.end_pts), strict=True)]
        shortest, longest = (float(step * times.time_base) * 1000 for step in (min(steps), max(steps)))
        lines.append(("", f"frames are shown for {shortest:.1f} to {longest:.1f} ms"))
    if info.loop is not None:
        lines.append(("loop", "for ever" if info.loop == 0 else f"plays {info.loop} time(s)"))
    return lines


def _picture_lines(info: ClipInfo) -> list[tuple[str, str]]:
    size = f"{info.width} x {info.height}"
    if info.pixel_aspect != 1:
        shown = round(info.width * info.pixel_aspect)
        size += f", pixels {info.pixel_aspect.numerator}:{info.pixel_aspect.denominator} (shown {shown} wide)"
    if info.rotation:
        size += f", turned by {info.rotation} degrees"
    if info.interlaced:
        size += ", deinterlaced"
    color = info.color
    words = [f"matrix {color.matrix}", f"range {color.range}"]
    if color.siting not in (Siting.LEFT, Siting.UNSPECIFIED):
        words.append(f"chroma {color.siting}")
    if color.primaries != 2:
        words.append(f"primaries {_PRIMARIES.get(color.primaries, color.primaries)}")
    if color.transfer != 2:
        words.append(f"transfer {_TRANSFERS.get(color.transfer, color.transfer)}")
    lines = [("size", size), ("pixels", f"{info.format}, stored as {info.stored_format}"),
             ("colour", ", ".join(words))]  # fmt: skip
    return lines + _labelled("hdr", (f"{key}: {value}" for key, value in info.hdr_side_data.items()))


def _stream_words(stream: StreamInfo) -> str:
    words = [f"{stream.index}: {stream.kind}, {stream.codec}"]
    if stream.sample_rate:
        words.append(f"{stream.sample_rate} Hz, {stream.channels} channel(s)")
    if stream.language and stream.language != "und":
        words.append(stream.language)
    if stream.title:
        words.append(f"'{_one_line(stream.title)}'")
    words.append(f"from {format_time(stream.start)}")
    if stream.duration is not None:
        words.append(f"lasts {format_time(stream.duration)}")
    if stream.is_default:
        words.append("default")
    return ", ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fate:
    """What a conversion at twice the rate with the container's usual codec would do."""

    streams: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def lines(self, container: str) -> list[tuple[str, str]]:
        """For people."""
        lines = _labelled(f"to {container}", self.streams)
        lines += _labelled("  note", self.notes)
        return lines + _labelled("  problem", self.problems)

    def record(self, container: str) -> dict[str, Any]:
        """For JSON."""
        return {
            "container": container,
            "streams": list(self.streams),
            "notes": list(self.notes),
            "problems": list(self.problems),
        }


def _fate(info: ClipInfo, container: str) -> _Fate:
    from flavr_core.errors import ProblemsError
    from flavr_core.media import plan_encoding
    from flavr_core.settings import ExportSettings, RateTarget, TimingSettings
    from flavr_core.timeline import plan_output

    timing = TimingSettings(rate=RateTarget(factor=Fraction(2)))
    export = ExportSettings(container=container, codec=_CODECS[container])
    try:
        plan = plan_output(info.times, timing, rate=info.rate, is_vfr=info.is_vfr)
        with tempfile.TemporaryDirectory() as folder:
            name = "planned" if container == "png" else f"planned.{container}"
            encoding = plan_encoding(info, plan, export, output=Path(folder) / name)
    except ProblemsError as error:
        return _Fate(problems=tuple(str(problem) for problem in error.problems))
    video = f"video: twice the frames in {encoding.codec} ({encoding.encoder}), {encoding.pixel_format}"
    return _Fate(
        streams=(video, *(stream.words() for stream in encoding.streams)), notes=tuple(encoding.notes)
    )


def clip_record(info: ClipInfo) -> dict[str, Any]:
    """A ClipInfo for JSON; fractions are written `30000/1001`."""
    times = info.times
    return {
        "path": str(info.path),
        "kind": info.kind.value,
        "container": info.container,
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "pixel_aspect": str(info.pixel_aspect),
        "rotation": info.rotation,
        "interlaced": info.interlaced,
        "format": {
            "name": str(info.format),
            "stored": info.stored_format,
            "family": info.format.family.value,
            "depth": info.format.depth,
            "log2_chroma": [info.format.log2_chroma_w, info.format.log2_chroma_h],
            "has_alpha": info.format.has_alpha,
        },
        "color": {
            "matrix": info.color.matrix.value,
            "range": info.color.range.value,
            "siting": info.color.siting.value,
            "primaries": info.color.primaries,
            "transfer": info.color.transfer,
            "matrix_code": info.color.matrix_code,
        },
        "hdr": dict(info.hdr_side_data),
        "frames": len(times),
        "rate": str(info.rate),
        "is_vfr": info.is_vfr,
        "start": str(times.start),
        "duration": str(times.duration),
        "times": {"time_base": str(times.time_base), "pts": list(times.pts), "end_pts": times.end_pts},
        "loop": info.loop,
        "streams": [_stream_record(stream) for stream in info.streams],
        "chapters": [
            {"start": str(one.start), "end": str(one.end), "title": one.title} for one in info.chapters
        ],
        "metadata": dict(info.metadata),
        "video_metadata": dict(info.video_metadata),
        "notes": list(info.notes),
    }


def _stream_record(stream: StreamInfo) -> dict[str, Any]:
    return {
        "index": stream.index,
        "kind": stream.kind,
        "codec": stream.codec,
        "start": str(stream.start),
        "duration": None if stream.duration is None else str(stream.duration),
        "language": stream.language,
        "title": stream.title,
        "sample_rate": stream.sample_rate,
        "channels": stream.channels,
        "is_default": stream.is_default,
    }
