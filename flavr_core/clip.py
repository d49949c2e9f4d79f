"""What is known of a clip before its first frame is decoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from flavr_core.color import ColorSpec
from flavr_core.frame import PixelFormat
from flavr_core.timing import FrameTimes


class ClipKind(StrEnum):
    """How the frames of a clip are stored."""

    VIDEO = "video"
    """A container with a video stream."""
    ANIMATION = "animation"
    """GIF, APNG or animated WebP: a delay for each frame, alpha, a loop count."""
    SEQUENCE = "sequence"
    """Numbered still images in a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """One stream of the file beside the video that is interpolated."""

    index: int
    """Number in the file."""
    kind: str
    """`audio`, `subtitle`, `video` (a cover or a second video), `data` or `attachment`."""
    codec: str
    """ffmpeg's codec name."""
    start: Fraction
    """Seconds of the first packet's presentation, on the file's clock."""
    duration: Fraction | None = None
    """Seconds; None when the file does not say."""
    language: str = ""
    """As tagged; empty when not."""
    title: str = ""
    """As tagged; empty when not."""
    sample_rate: int = 0
    """Audio samples a second; 0 for others."""
    channels: int = 0
    """Audio channels; 0 for others."""
    is_default: bool = False
    """Whether players pick it by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A named stretch of the clip, on the file's clock."""

    start: Fraction
    """Seconds."""
    end: Fraction
    """Seconds."""
    title: str
    """Name; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipInfo:
    """What `probe` found. All times are seconds on the file's clock, as in the file."""

    path: Path
    """The file, or the folder of a sequence."""
    kind: ClipKind
    """How the frames are stored."""
    container: str
    """ffmpeg's name of the format, or `images`."""
    codec: str
    """ffmpeg's name of the video codec."""
    width: int
    """Columns of the frames as delivered: after display rotation, before pixel aspect."""
    height: int
    """Rows of the frames as delivered."""
    format: PixelFormat
    """Layout of the frames as delivered."""
    stored_format: str
    """ffmpeg's name of the format in the file, e.g. nv12, yuvj420p, pal8."""
    color: ColorSpec
    """As tagged."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height, as delivered."""
    rotation: int = 0
    """Degrees clockwise that were applied to deliver frames upright: 0, 90, 180 or 270."""
    interlaced: bool = False
    """Whether frames are deinterlaced on delivery."""
    times: FrameTimes
    """When each frame appears; repaired where the file's own timestamps were missing or repeated."""
    rate: Fraction
    """Nominal frames a second: exact where constant, else the average over the clip."""
    is_vfr: bool = False
    """Whether frame durations differ by more than the time base's rounding."""
    streams: tuple[StreamInfo, ...] = ()
    """Everything in the file beside the video."""
    chapters: tuple[Chapter, ...] = ()
    """As in the file."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Global tags of the file."""
    video_metadata: dict[str, str] = field(default_factory=dict)
    """Tags of the video stream (language, title, timecode)."""
    loop: int | None = None
    """Loop count of an animation, 0 for ever; None where it has no meaning."""
    hdr_side_data: dict[str, str] = field(default_factory=dict)
    """Mastering display and content light level as text, for display; carried on packets where possible."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing found that a user should know: repairs, conversions, odd tags."""
