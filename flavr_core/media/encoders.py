"""Video encoders: which there are, what they can store, and how quality and speed are said to each.

Options are fixed down to the number of threads, so that on one machine the same frames give the same bytes,
busy or idle, today and after a resume. Hardware encoders are offered only after they have really
encoded a few frames here.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from fractions import Fraction

import av
import av.error
import cv2
import numpy as np

from flavr_core.errors import MediaError
from flavr_core.frame import PixelFamily, PixelFormat
from flavr_core.media.layouts import PLANAR_NAMES, layout_of

SPEEDS = ("fastest", "fast", "medium", "slow", "slowest")
"""Words for speed, from the fastest to the one with the smallest files."""
HARDWARE_FAMILIES = ("nvenc", "qsv", "amf", "videotoolbox", "vaapi")
"""Families of hardware encoders, in the order in which `auto` tries them."""
THREADS = max(2, min(24, (os.cpu_count() or 2) * 3 // 2))
"""Encoder threads, x264's own choice: by the machine's processors, whether this process may use all of them
today or not, for x264 writes other bytes with another number."""
_CPU_AVX512 = 256
"""OpenCV's CV_CPU_AVX512_SKX, which has no name in Python: the extensions that x264 asks for."""
_X264_BELOW_AVX512 = "MMX2,SSE2Fast,LZCNT,SSSE3,SSE4.2,AVX,FMA3,BMI1,BMI2,AVX2"
"""What x264 may use of a processor with AVX-512 where rows are no multiple of eight blocks of 16 pixels:
with AVX-512 it weighs the blocks of B-frames by memory that nobody wrote, and bytes differ from run to
run. (Measured at all widths up to 400 and at common larger ones, with memory filled differently.)"""

os.environ.setdefault("SVT_LOG", "1")  # errors only; SVT-AV1 writes its log to stderr past libav's


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """One of ffmpeg's video encoders and how it is spoken to."""

    name: str
    """ffmpeg's name."""
    codec: str
    """What it writes, as in ExportSettings.codec."""
    family: str = "software"
    """`software`, or one of HARDWARE_FAMILIES."""
    crf_range: tuple[float, float] | None = None
    """Bounds of constant quality; None where the codec has no such thing."""
    default_crf: float = 0
    """Constant quality where none is asked for."""
    speeds: tuple[str, str, str, str, str] | None = None
    """Its own words for SPEEDS; None where it has none."""
    even_sizes: bool = True
    """Whether subsampled pictures must have even sizes."""
    lossless: bool = False
    """Whether decoded pixels are those that went in."""
    bits_a_pixel: float = 0.0
    """Rough bits a pixel and frame at default_crf for projecting sizes: a guess from natural footage; 0 where
    it follows from the pixel format."""
    bits_halve_every: float = 6.0
    """By how much crf must rise for half the bits."""


_X26X_SPEEDS = ("superfast", "veryfast", "medium", "slow", "veryslow")

ENCODERS: tuple[Encoder, ...] = (
    Encoder(name="libx264", codec="h264", crf_range=(0, 51), default_crf=18, speeds=_X26X_SPEEDS,
            bits_a_pixel=0.25),
    Encoder(name="libx264rgb", codec="h264", crf_range=(0, 51), default_crf=18, speeds=_X26X_SPEEDS,
            even_sizes=False, bits_a_pixel=1.0),
    Encoder(name="libx265", codec="hevc", crf_range=(0, 51), default_crf=20, speeds=_X26X_SPEEDS,
            bits_a_pixel=0.18),
    Encoder(name="libsvtav1", codec="av1", crf_range=(1, 63), default_crf=26,
            speeds=("9", "8", "7", "5", "3"), bits_a_pixel=0.2, bits_halve_every=8),
    Encoder(name="libvpx-vp9", codec="vp9", crf_range=(0, 63), default_crf=26,
            speeds=("5", "4", "2", "1", "0"), even_sizes=False, bits_a_pixel=0.25, bits_halve_every=8),
    Encoder(name="prores_ks", codec="prores", bits_a_pixel=5.8),
    Encoder(name="ffv1", codec="ffv1", even_sizes=False, lossless=True),
    *(
        Encoder(name=f"{codec}_{family}", codec=codec, family=family, crf_range=(0, 51), default_crf=quality,
                speeds=speeds, bits_a_pixel=0.3)
        for family, speeds in (
            ("nvenc", ("p1", "p2", "p4", "p6", "p7")),
            ("qsv", ("veryfast", "faster", "medium", "slow", "veryslow")),
            ("amf", ("speed", "speed", "balanced", "quality", "quality")),
            ("videotoolbox", None),
            ("vaapi", None),
        )
        for codec, quality in (("h264", 20.0), ("hevc", 22.0), ("av1", 28.0))
    ),
)  # fmt: skip
"""Every encoder the program can use, software first."""


def is_built_in(name: str) -> bool:
    """Whether this build of ffmpeg has the encoder at all."""
    try:
        av.Codec(name, "w")
    except (ValueError, av.error.FFmpegError):
        return False
    return True


@functools.cache
def stored_formats(encoder: Encoder) -> tuple[tuple[str, PixelFormat], ...]:
    """ffmpeg's names of the pixel formats the encoder takes, planar ones first, and what each holds.

    Formats that only live on a device are left out, and for hardware RGB too, which it would turn into
    YCbCr in its own way.
    """
    found: dict[str, PixelFormat] = {}
    for stored in av.Codec(encoder.name, "w").video_formats or ():
        if stored.name.startswith("yuvj"):
            continue
        try:
            layout = layout_of(stored.name)
        except MediaError:
            continue
        if layout.is_float or layout.special or layout.big_endian:
            continue
        if layout.format.family is PixelFamily.RGB and encoder.family != "software":
            continue
        found[stored.name] = layout.format
    # ya8 and the like are delivered as RGB, which they are not when written.
    items = [(name, held) for name, held in found.items() if not name.startswith("ya")]
    return tuple(sorted(items, key=lambda item: item[0] not in PLANAR_NAMES))


LOSSLESS_SHARE = 0.45
"""Rough share of the raw pixels' bytes that FFV1 takes; natural footage lies between 0.2 and 0.6."""


def software_encoders(codec: str) -> tuple[Encoder, ...]:
    """Software encoders of a codec in this build, best first."""
    return tuple(e for e in ENCODERS if e.codec == codec and e.family == "software" and is_built_in(e.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderState:
    """Whether an encoder can be used here."""

    encoder: Encoder
    """Which."""
    works: bool
    """Whether it can be used."""
    reason: str = ""
    """Why not, one sentence; empty when it works."""


@functools.cache
def encoder_state(encoder: Encoder) -> EncoderState:
    """Whether an encoder works: software by presence, hardware by a trial of a few frames, once a process."""
    if not is_built_in(encoder.name):
        reason = f"This build of ffmpeg has no {encoder.name}."
        return EncoderState(encoder=encoder, works=False, reason=reason)
    if encoder.family == "software":
        return EncoderState(encoder=encoder, works=True)
    problem = try_encoder(encoder)
    return EncoderState(encoder=encoder, works=not problem, reason=problem)


def available_encoders() -> tuple[EncoderState, ...]:
    """Every encoder the program knows, with whether it works here and why not."""
    return tuple(encoder_state(encoder) for encoder in ENCODERS)


def try_encoder(encoder: Encoder, *, pixel_format: str | None = None) -> str:
    """Really encode eight small frames; returns why that failed, or an empty string."""
    names = [name for name, _ in stored_formats(encoder)]
    if not names:
        return f"{encoder.name} takes no pixel format that can be made here."
    context = av.CodecContext.create(encoder.name, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = 320, 240
    context.pix_fmt = pixel_format or names[0]
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    options = encoder_options(encoder, crf=encoder.default_crf, speed="medium", gop_frames=8, width=320)
    context.options = dict(options)
    size = 0
    try:
        for number in range(8):
            gray = np.full((240, 320, 3), 20 * number + 40, np.uint8)
            picture = av.VideoFrame.from_ndarray(gray, "rgb24").reformat(format=context.pix_fmt, threads=1)
            picture.pts, picture.time_base = number, context.time_base
            size += sum(packet.size for packet in context.encode(picture))
        size += sum(packet.size for packet in context.encode(None))
    except (av.error.FFmpegError, ValueError, RuntimeError) as error:
        return f"{encoder.name} does not work on this machine ({_short(error)})."
    return "" if size else f"{encoder.name} wrote nothing in a trial on this machine."


def _short(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text).splitlines()[0][:120].rstrip(".") if text else type(error).__name__


def encoder_options(
    encoder: Encoder, *, crf: float, speed: str, gop_frames: int, width: int
) -> tuple[tuple[str, str], ...]:
    """The encoder's private options for a quality, a speed and a distance of key frames."""
    step = SPEEDS.index(speed)
    preset = encoder.speeds[step] if encoder.speeds else ""
    quality = f"{crf:g}"
    options: dict[str, str] = {}
    if encoder.name in ("libx264", "libx264rgb"):
        # Whole pictures at a time: PyAV's own choice, slices of one, keeps processors waiting and costs bits.
        options = {"preset": preset, "crf": quality, "thread_type": "frame"}
        if cv2.checkHardwareSupport(_CPU_AVX512) and -(-width // 16) % 8:
            options["x264-params"] = f"asm={_X264_BELOW_AVX512}"
    elif encoder.name == "libx265":
        # frame-threads decides what can be searched, so it is fixed; the size of the pool is not.
        fixed = f"log-level=0:frame-threads=3:open-gop=0:info=0:keyint={gop_frames}"
        options = {"preset": preset, "crf": quality, "x265-params": fixed}
    elif encoder.name == "libsvtav1":
        options = {"preset": preset, "crf": quality, "svtav1-params": "lp=4"}
    elif encoder.name == "libvpx-vp9":
        tiles = max(0, min(4, (width // 256).bit_length() - 1))
        options = {
            "crf": quality, "b": "0", "deadline": "good", "cpu-used": preset, "row-mt": "1",
            "tile-columns": str(tiles), "auto-alt-ref": "1", "lag-in-frames": "25",
        }  # fmt: skip
    elif encoder.name == "prores_ks":
        options = {"vendor": "apl0"}
    elif encoder.name == "ffv1":
        # Its own choice of slices follows from the size alone; odd sizes cannot be cut in any number.
        options = {"level": "3", "slicecrc": "1", "g": "1"}
    elif encoder.family == "nvenc":
        options = {"preset": preset, "rc": "vbr", "cq": quality, "b": "0", "tune": "hq"}
    elif encoder.family == "qsv":
        options = {"preset": preset, "global_quality": quality}
    elif encoder.family == "amf":
        options = {"quality": preset, "rc": "cqp", "qp_i": quality, "qp_p": quality}
    elif encoder.family == "vaapi":
        options = {"rc_mode": "CQP", "qp": quality}
    elif encoder.family == "videotoolbox":
        # Its scale runs from 1 (worst) to 100; crf 51..0 is laid over it.
        options = {"q:v": f"{max(1.0, 100 - crf * 100 / 51):g}"}
    if encoder.codec not in ("prores", "ffv1"):
        options["g"] = str(gop_frames)
    options["threads"] = str(THREADS)
    return tuple(sorted(options.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderChoice:
    """The encoder that a job will use, or why there is none."""

    encoder: Encoder | None
    """None when none works."""
    problem: str = ""
    """Why there is none, one sentence."""
    note: str = ""
    """A step down that was taken, one sentence."""


def choose_encoder(codec: str, *, hardware: str, rgb: bool) -> EncoderChoice:
    """The encoder for a codec.

    Args:
        codec: as in ExportSettings.codec.
        hardware: as in ExportSettings.hardware.
        rgb: whether RGB itself must be stored, not YCbCr.
    """
    software = software_encoders(codec)
    if codec == "h264":
        wanted = "libx264rgb" if rgb else "libx264"
        software = tuple(encoder for encoder in software if encoder.name == wanted)
    if hardware == "none" or (hardware == "auto" and rgb):
        if software:
            return EncoderChoice(encoder=software[0])
        return EncoderChoice(encoder=None, problem=f"This build of ffmpeg has no encoder for {codec}.")
    families = HARDWARE_FAMILIES if hardware == "auto" else (hardware,)
    reasons = []
    for encoder in (e for e in ENCODERS if e.codec == codec and e.family in families):
        state = encoder_state(encoder)
        if state.works:
            return EncoderChoice(encoder=encoder)
        reasons.append(state.reason)
    if hardware == "auto" and software:
        return EncoderChoice(
            encoder=software[0],
            note=f"No hardware encoder for {codec} works here; {software[0].name} is used.",
        )
    why = " ".join(reasons) or f"{hardware} has no encoder for {codec}."
    return EncoderChoice(encoder=None, problem=why)
