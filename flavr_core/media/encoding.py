"""How an output will be stored, decided before its first frame: the EncodingPlan and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from flavr_core.clip import Chapter
from flavr_core.color import ColorSpec
from flavr_core.frame import PixelFormat
from flavr_core.media.containers import CODEC_TITLES, CONTAINERS, Container


class StreamAction(StrEnum):
    """What happens to a stream beside the video."""

    COPY = "copy"
    """Its packets go over as they are, moved in time."""
    CONVERT = "convert"
    """It is decoded, changed, and encoded again."""
    DROP = "drop"
    """It is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """What happens to one stream of the source."""

    index: int
    """Number in the source file."""
    kind: str
    """`audio`, `subtitle`, `attachment`, `cover`, `video` or `data`."""
    codec: str
    """ffmpeg's name of the source's codec."""
    language: str = ""
    """As tagged."""
    action: StreamAction
    """Copied, converted or dropped."""
    encoder: str = ""
    """Encoder where converted."""
    reason: str = ""
    """Why it is converted or dropped, the end of a sentence that begins with `because`; empty when copied."""
    sample_rate: int = 0
    """Audio samples a second in the output; 0 for others."""
    channels: int = 0
    """Audio channels in the output; 0 for others."""
    start: Fraction | None = None
    """Seconds on the output file's clock of the first audible sample; None where it is not known."""
    tempo: Fraction = Fraction(1)
    """Source seconds in one output second for sound that is stretched; 1 where it keeps its speed."""

    def words(self) -> str:
        """One line for people: `audio 1 (aac, eng): copied`."""
        language = f", {self.language}" if self.language not in ("", "und") else ""
        head = f"{self.kind} {self.index} ({self.codec}{language}): "
        if self.action is StreamAction.COPY:
            return head + "copied"
        if self.action is StreamAction.CONVERT:
            return head + f"converted with {self.encoder}, because {self.reason}"
        return head + f"dropped, because {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimationPlan:
    """What only animated images and numbered images have."""

    colors: int = 256
    """Palette entries of a GIF."""
    dither: str = "sierra2_4a"
    """Dithering of a GIF."""
    loop: int = 0
    """How often it plays; 0 for ever."""
    max_bytes: int | None = None
    """Size limit of the file; None for none."""
    quality: float = 80
    """Quality of animated WebP, 0 to 100; 100 is lossless."""
    kept: tuple[int, ...] | None = None
    """Numbers of the output frames that are stored; None for all."""
    tick: Fraction = Fraction(1, 100)
    """Seconds a unit of `ticks`: what the format counts in."""
    ticks: tuple[int, ...] = ()
    """When each stored frame is shown and, last, when the animation ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingPlan:
    """How the frames of an output plan become a file. Pure data; equal plans write equal bytes."""

    source: Path
    """The clip that sound, subtitles, chapters and tags are taken from."""
    container: str
    """As in ExportSettings.container."""
    codec: str
    """Codec of the finished file, as in ExportSettings.codec."""
    encoder: str
    """ffmpeg's encoder of the segments (lossless ffv1 for animated images)."""
    options: tuple[tuple[str, str], ...] = ()
    """The encoder's private options, sorted."""
    profile: str = ""
    """ProRes profile; empty for others."""
    tag: str = ""
    """Four-character codec tag in MP4 and MOV; empty for the muxer's own."""
    pixel_format: str
    """ffmpeg's name of the encoder's pixel format."""
    source_format: PixelFormat
    """Format in which frames come."""
    source_color: ColorSpec
    """How the numbers of coming frames are to be read, resolved."""
    color: ColorSpec
    """Tags of the stored frames; matrix and range say what they are converted to."""
    crop_width: int
    """Columns that are kept of a coming frame, from the left."""
    crop_height: int
    """Rows that are kept of a coming frame, from the top."""
    scaled_width: int
    """Columns after scaling; the same as crop_width where nothing is scaled."""
    scaled_height: int
    """Rows after scaling."""
    width: int
    """Columns of the stored picture; more than scaled_width where an edge is repeated."""
    height: int
    """Rows of the stored picture."""
    pixel_aspect: Fraction
    """Width of a stored pixel over its height."""
    rate: Fraction | None
    """Output frames a second; None where variable."""
    average_rate: Fraction
    """Frames a second over the whole output."""
    time_base: Fraction
    """Seconds a unit of `pts`."""
    frames: int
    """Number of frames that are written to segments."""
    pts: tuple[int, ...] | None
    """When each frame is shown, on the output's clock; None for 0, 1, 2 ..."""
    end_pts: int
    """When the last frame ends."""
    speed: Fraction
    """Source seconds in one output second."""
    source_start: Fraction
    """Seconds on the source file's clock that output time 0 shows."""
    source_stop: Fraction
    """Seconds on the source file's clock at which the output ends."""
    is_trimmed: bool
    """Whether less than the whole source is covered."""
    lead: Fraction = Fraction(0)
    """Seconds by which sound begins before the first picture: output time 0 on the output file's clock."""
    streams: tuple[StreamPlan, ...] = ()
    """Everything in the source beside the video."""
    chapters: tuple[Chapter, ...] = ()
    """On the output file's clock."""
    metadata: tuple[tuple[str, str], ...] = ()
    """Global tags of the output."""
    video_metadata: tuple[tuple[str, str], ...] = ()
    """Tags of the video stream."""
    animation: AnimationPlan | None = None
    """What only animated images have; None for video."""
    projected_bytes: int
    """Guess at the finished file's size; see `planning`."""
    working_bytes: int
    """Guess at what lies on the disk while it is made: the segments and the finished file."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a user should know."""

    @property
    def form(self) -> Container:
        """The container's facts."""
        return CONTAINERS[self.container]

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's appearance to the last one's end."""
        return self.end_pts * self.time_base

    def frame_pts(self, number: int) -> int:
        """When output frame `number` is shown, in units of time_base; number == frames gives the end."""
        if number == self.frames:
            return self.end_pts
        return number if self.pts is None else self.pts[number]

    def describe(self) -> str:
        """The storage in words: `MP4, H.264 (libx264), yuv420p, 1920x1080`."""
        title = CODEC_TITLES[self.codec]
        if self.animation is not None:
            return f"{self.form.title}, {self.width}x{self.height}"
        return f"{self.form.title}, {title} ({self.encoder}), {self.pixel_format}, {self.width}x{self.height}"

    def stream_words(self) -> list[str]:
        """One line for each stream of the source beside the video."""
        return [stream.words() for stream in self.streams]

    def kept_streams(self, *kinds: str) -> tuple[StreamPlan, ...]:
        """Streams of these kinds that are in the output, in the source's order."""
        return tuple(s for s in self.streams if s.kind in kinds and s.action is not StreamAction.DROP)
