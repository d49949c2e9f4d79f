"""What a user can choose, checked as it is said. Every job is one `ConvertSettings`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from flavr_core.errors import SettingsError
from flavr_core.timing import TimePoint, format_rate, number_hint, parse_fraction

_BYTES = re.compile(r"^(?P<n>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt])?(?P<i>i)?b?$")

SCHEMA_VERSION = 1
"""Version of settings and presets when stored as JSON; older ones are upgraded in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTarget:
    """How many frames the output has: a multiple of the source's, or a rate of its own."""

    factor: Fraction | None = None
    """Output frames for each source frame, > 0; None when `fps` is given."""
    fps: Fraction | None = None
    """Output frames a second, > 0; None when `factor` is given."""

    def __post_init__(self) -> None:
        if (self.factor is None) == (self.fps is None):
            raise ValueError("give either factor or fps")
        value = self.factor if self.factor is not None else self.fps
        assert value is not None
        if not 0 < value <= 10_000:
            raise SettingsError(f"A rate of {value} cannot be made.", "Use 2x, 2.5x, 60 or 60000/1001.")

    def __str__(self) -> str:
        if self.factor is not None:
            return f"{format_rate(self.factor)}x"
        assert self.fps is not None
        return f"{format_rate(self.fps)} fps"


def parse_rate(text: str) -> RateTarget:
    """`2x`, `2.5x` as a multiple; `60`, `59.94`, `60000/1001` as frames a second.

    Raises:
        SettingsError: when the text is neither.
    """
    stripped = text.strip().lower().removesuffix("fps").strip()
    try:
        if stripped.endswith("x"):
            return RateTarget(factor=parse_fraction(stripped[:-1]))
        return RateTarget(fps=parse_fraction(stripped))
    except SettingsError:
        raise SettingsError(
            f"'{text}' is not a rate that can be made.",
            number_hint(text, "Write 2x, 2.5x, 60 or 60000/1001."),
        ) from None


def parse_slow(text: str) -> Fraction:
    """`4x` or `4`: how many times longer the output is. Raises SettingsError below 1."""
    usual = "Write how many times longer it is to last: 4x or 2.5x."
    try:
        factor = parse_fraction(text.strip().lower().removesuffix("x"))
    except SettingsError:
        raise SettingsError(f"'{text}' is not a slow-motion factor.", number_hint(text, usual)) from None
    if factor < 1:
        raise SettingsError(f"Slow motion of '{text}' would speed up.", "Use a factor of 1x or more.")
    return factor


def parse_bytes(text: str) -> int:
    """`8MB`, `1.5 GB`, `500k`, `2GiB`, `1000000`: a number of bytes above zero. Raises SettingsError."""
    match = _BYTES.match(text.strip().lower())
    if match is None or float(match["n"]) <= 0:
        raise SettingsError(f"'{text}' is not a size.", number_hint(text, "Write it as 8MB, 1.5GB or 2GiB."))
    base = 1024 if match["i"] else 1000
    return int(Fraction(match["n"]) * base ** " kmgt".index(match["unit"] or " "))


def format_bytes(size: float) -> str:
    """A number of bytes for people: `512 B`, `3.4 kB`, `12.0 MB`, `1.50 GB`."""
    if size < 1000:
        return f"{round(size)} B"
    if size < 999_950:
        return f"{size / 1e3:.1f} kB"
    if size < 999_950_000:
        return f"{size / 1e6:.1f} MB"
    return f"{size / 1e9:.2f} GB"


class EndMode(StrEnum):
    """What happens after the last source frame's appearance."""

    HOLD = "hold"
    """The last frame is repeated to the end of its duration, so that nothing gets shorter."""
    TRIM = "trim"
    """The output ends with the last source frame: (N - 1) f + 1 frames."""


class CutMode(StrEnum):
    """What is shown between the two frames of a cut."""

    HOLD = "hold"
    """The frame before, then the frame after, each for half of the gap."""
    BLEND = "blend"
    """A cross-fade over the one gap."""
    IGNORE = "ignore"
    """No cut detection: every gap is interpolated."""


class DuplicateMode(StrEnum):
    """What is done with source frames that repeat the one before (animation on twos, telecine)."""

    KEEP = "keep"
    """They are frames like any other."""
    DROP = "drop"
    """They are left out and their time is given to in-betweens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingSettings:
    """When output frames are shown."""

    rate: RateTarget = RateTarget(factor=Fraction(2))
    """Frames of the output. With slow motion a factor still multiplies the number shown a second."""
    slow: Fraction = Fraction(1)
    """Output duration over source duration, >= 1."""
    start: TimePoint | None = None
    """Where the output begins; None for the clip's first frame."""
    stop: TimePoint | None = None
    """Where the output ends (exclusive); None for the clip's end."""
    end: EndMode = EndMode.HOLD
    """What happens after the last frame."""
    keep_vfr: bool = False
    """Subdivide each gap in place (needs a factor that is a whole number) instead of a constant rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSettings:
    """Cuts and duplicates."""

    cuts: CutMode = CutMode.HOLD
    """What is shown in a gap that is a cut."""
    sensitivity: float = 0.5
    """0 finds only the hardest cuts, 1 every doubtful one."""
    cuts_file: Path | None = None
    """Cuts given or vetoed by hand; see `flavr_core.timeline.cuts`."""
    duplicates: DuplicateMode = DuplicateMode.KEEP
    """What is done with repeated frames."""

    def __post_init__(self) -> None:
        if not 0 <= self.sensitivity <= 1:
            raise SettingsError(
                f"A cut sensitivity of {self.sensitivity} is not between 0 and 1.", "Use 0.5."
            )


class Precision(StrEnum):
    """Number format of a network's arithmetic."""

    AUTO = "auto"
    """The fastest that passes the start-up self-test against fp32 on this device."""
    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    FP8 = "fp8"
    """fp16 whose coarse layers multiply 8-bit floats: full-size FLAVR on a Hopper GPU, tested to 50 dB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Who draws the frames, and where."""

    model: str = "default"
    """Name in the catalogue, or path of a file of weights."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N`, or several GPUs that draw side by side: `cuda:all` or `cuda:0,1`."""
    precision: Precision = Precision.AUTO
    """Number format."""
    max_memory_bytes: int | None = None
    """Most device memory to use; None for what is free."""


class OddSize(StrEnum):
    """What is done where a codec needs even sizes and the clip's are odd."""

    PAD = "pad"
    """One row or column is repeated at the bottom or right."""
    CROP = "crop"
    """The last row or column is left out."""


class AudioMode(StrEnum):
    """What happens to sound."""

    AUTO = "auto"
    """Carried over; in slow motion stretched at the same pitch."""
    STRETCH = "stretch"
    """Stretched with the picture, same pitch (the same as carried over without slow motion)."""
    KEEP = "keep"
    """Carried over at its own speed, even where the picture is slower."""
    DROP = "drop"
    """No sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GifSettings:
    """What only GIF has; loop and max_bytes hold for APNG and animated WebP too."""

    colors: int = 256
    """Palette entries, 2 to 256."""
    dither: str = "sierra2_4a"
    """`none`, `bayer`, `floyd_steinberg`, `sierra2`, `sierra2_4a` or `heckbert`."""
    loop: int = 0
    """How often it plays; 0 for ever."""
    max_bytes: int | None = None
    """Size limit; fewer colours, then smaller pictures are tried until it fits."""

    def __post_init__(self) -> None:
        if not 2 <= self.colors <= 256:
            raise SettingsError(f"A palette of {self.colors} colours cannot be made.", "Use 2 to 256.")
        if self.max_bytes is not None and self.max_bytes < 1000:
            raise SettingsError(f"A limit of {self.max_bytes} bytes is too small.", "Use 1 kB or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """How the result is stored: the content of a preset."""

    container: str = "mp4"
    """`mp4`, `mov`, `mkv`, `webm`, `gif`, `apng`, `webp` or `png` (numbered images in a folder)."""
    codec: str = "h264"
    """`h264`, `hevc`, `av1`, `vp9`, `prores`, `ffv1`, `gif`, `apng`, `webp` or `png`."""
    hardware: str = "none"
    """`none`, `auto` (the first that works), `nvenc`, `qsv`, `amf`, `videotoolbox` or `vaapi`."""
    crf: float | None = None
    """Constant quality, smaller is better; None for the codec's default here."""
    speed: str = "medium"
    """`fastest`, `fast`, `medium`, `slow` or `slowest`, mapped to each encoder's own scale."""
    depth: int | None = None
    """Bits a sample: 8, 10, 12; None for the source's where the codec can, else the nearest it can."""
    chroma: str | None = None
    """`420`, `422`, `444`, `rgb` or `gray`; None for the source's where the codec can, else the nearest."""
    odd_size: OddSize = OddSize.PAD
    """What is done with odd sizes where the codec needs even ones."""
    max_width: int | None = None
    """Pictures wider than this are scaled down, keeping their aspect; None for no limit."""
    audio: AudioMode = AudioMode.AUTO
    """What happens to sound."""
    subtitles: bool = True
    """Whether subtitles, and the fonts attached for them, are carried over."""
    gif: GifSettings = field(default_factory=GifSettings)
    """What only animated images have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertSettings:
    """One conversion."""

    source: Path
    """The clip: a file, or a folder of images."""
    output: Path
    """The file to write; a folder for `png`."""
    timing: TimingSettings = field(default_factory=TimingSettings)
    """When output frames are shown."""
    scenes: SceneSettings = field(default_factory=SceneSettings)
    """Cuts and duplicates."""
    engine: EngineSettings = field(default_factory=EngineSettings)
    """Who draws the frames."""
    export: ExportSettings = field(default_factory=ExportSettings)
    """How the result is stored."""
    sequence_rate: Fraction = Fraction(24)
    """Frames a second of an image sequence, which has none of its own."""
    overwrite: bool = False
    """Whether an existing output may be replaced (by rename, once the new one is verified)."""
    resume: bool = False
    """Go on with an interrupted render of the same source and settings."""
    receipt: Path | None = None
    """Where the receipt is saved as JSON; None for nowhere."""
    segment_frames: int | None = None
    """Output frames in one closed segment of the journal, >= 1; None for what suits the network's speed."""

    def __post_init__(self) -> None:
        if self.segment_frames is not None and self.segment_frames < 1:
            raise SettingsError("A segment needs at least one frame.", "Use --segment-frames 480.")
