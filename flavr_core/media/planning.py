"""`plan_encoding`: how an output will be stored, and all that speaks against it, before the first frame.

The projected size is a guess: bits a pixel and frame of each encoder at its default quality, from natural
footage, scaled by crf, by the frame rate (the in-betweens of a doubled rate cost less than the frames
between which they lie) and by the format; plus the sound at its own bit rate.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from flavr_core.clip import ClipInfo
from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.errors import FlavrError, OutputError, ProblemsError, SettingsError
from flavr_core.frame import PixelFamily, PixelFormat
from flavr_core.media.animation_plan import plan_animation
from flavr_core.media.containers import CODEC_TITLES, CONTAINERS, Container, container_of_name
from flavr_core.media.encoders import (
    LOSSLESS_SHARE,
    SPEEDS,
    Encoder,
    choose_encoder,
    encoder_options,
    software_encoders,
    stored_formats,
)
from flavr_core.media.encoding import EncodingPlan, StreamAction
from flavr_core.media.fitting import choose_format
from flavr_core.media.hdr import hdr_options
from flavr_core.media.streams import SideStreams, plan_side_streams
from flavr_core.media.times import plan_pts, whole_units
from flavr_core.plan import OutputPlan
from flavr_core.settings import ExportSettings, OddSize

_CHROMA = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}
_GOP_SECONDS = 3
_MATRIX_CODES = {Matrix.BT709: 1, Matrix.BT601: 6, Matrix.BT2020_NCL: 9, Matrix.BT2020_CL: 9}
_PRORES_PROFILES = {False: ("3", "apch"), True: ("4", "ap4h")}
"""ProRes profile and tag by whether chroma is full or there is alpha: 422 HQ and 4444."""


@dataclass(slots=True)
class _Findings:
    """Problems and notes, gathered on the way."""

    problems: list[FlavrError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def setting(self, message: str, hint: str) -> None:
        self.problems.append(SettingsError(message, hint))


def plan_encoding(info: ClipInfo, plan: OutputPlan, export: ExportSettings, *, output: Path) -> EncodingPlan:
    """Decide how the frames of `plan` are stored.

    Args:
        info: the source.
        plan: every output frame's time.
        export: what the user wants.
        output: the file to write (a folder for `png`); whether it may be replaced is the caller's question.

    Raises:
        ProblemsError: with everything that is wrong.
    """
    found = _Findings()
    container = CONTAINERS.get(export.container)
    if container is None:
        known = ", ".join(CONTAINERS)
        raise ProblemsError([SettingsError(f"There is no container '{export.container}'.", f"Use {known}.")])
    _check_place(info, output, container, found)
    export = _check_settings(export, container, found)
    if export.codec not in container.codecs:
        _explain_codec(export, container, found)
        raise ProblemsError(found.problems)
    if container.is_video:
        result = _plan_video(info, plan, export, container, found)
    else:
        result = plan_animation(info, plan, export, container, problems=found.problems, notes=found.notes)
    if found.problems or result is None:
        raise ProblemsError(found.problems)
    return replace(result, notes=tuple(found.notes))


def _check_place(info: ClipInfo, output: Path, container: Container, found: _Findings) -> None:
    """The output's name and folder."""
    named = container_of_name(output)
    endings = " or ".join(container.suffixes)
    if container.suffixes and (named is None or named.name != container.name):
        found.setting(
            f"'{output.name}' does not end in {endings}, and {container.title} is to be written.",
            f"End the name in {container.suffixes[0]}, or choose another format.",
        )
    elif not container.suffixes and named is not None:
        found.setting(
            f"'{output.name}' is the name of a {named.title} file, and numbered images need a folder.",
            "Give a name without an ending.",
        )
    parent = output.absolute().parent
    if not parent.is_dir():
        found.problems.append(
            OutputError(f"There is no folder '{parent}' for the output.", "Create it, or choose another.")
        )
    elif not os.access(parent, os.W_OK):
        found.problems.append(
            OutputError(
                f"The folder '{parent}' cannot be written.", "Choose another, or change its permissions."
            )
        )
    if _same_file(output, info.path):
        found.problems.append(
            OutputError(f"The output '{output}' is the source itself.", "Choose another name.")
        )
    elif info.path.is_dir() and _same_file(output.absolute().parent, info.path):
        found.problems.append(
            OutputError(
                f"The output '{output}' lies in the folder of images that is the source.",
                "Choose another folder.",
            )
        )
    if output.is_dir() and container.suffixes:
        found.problems.append(OutputError(f"'{output}' is a folder.", "Give the name of a file."))
    elif not container.suffixes and output.is_file():
        found.problems.append(OutputError(f"'{output}' is a file.", "Give the name of a new folder."))


def _same_file(a: Path, b: Path) -> bool:
    try:
        return a.samefile(b)
    except OSError:
        return a.absolute() == b.absolute()


def _check_settings(export: ExportSettings, container: Container, found: _Findings) -> ExportSettings:
    """What is wrong whatever the clip; returns settings without it, to go on checking with."""
    if export.speed not in SPEEDS:
        found.setting(f"'{export.speed}' is no speed.", f"Use {', '.join(SPEEDS)}.")
        export = replace(export, speed="medium")
    if export.chroma not in (None, *_CHROMA, "rgb", "gray"):
        found.setting(f"'{export.chroma}' is no chroma format.", "Use 420, 422, 444, rgb or gray.")
        export = replace(export, chroma=None)
    if export.depth is not None and not 8 <= export.depth <= 16:
        found.setting(f"{export.depth} bits a sample cannot be stored.", "Use 8, 10 or 12.")
        export = replace(export, depth=None)
    if export.max_width is not None and export.max_width < 16:
        found.setting(f"A width of {export.max_width} is too small.", "Use 16 or more.")
        export = replace(export, max_width=None)
    if not container.is_video and export.hardware not in ("none", "auto"):
        found.setting(f"No hardware encodes {container.title}.", "Leave --hardware away.")
    return export


def _explain_codec(export: ExportSettings, container: Container, found: _Findings) -> None:
    title = CODEC_TITLES.get(export.codec)
    can = ", ".join(CODEC_TITLES[codec] for codec in container.codecs)
    if title is None:
        found.setting(f"There is no codec '{export.codec}'.", f"{container.title} can hold {can}.")
        return
    others = [c.title for c in CONTAINERS.values() if export.codec in c.codecs]
    found.setting(
        f"{container.title} cannot hold {title}.",
        f"It can hold {can}; {title} goes into {', '.join(others)}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """How a picture becomes the stored one."""

    crop_width: int
    crop_height: int
    scaled_width: int
    scaled_height: int
    width: int
    height: int

    @property
    def is_scaled(self) -> bool:
        return (self.scaled_width, self.scaled_height) != (self.crop_width, self.crop_height)


def _plan_size(
    info: ClipInfo, export: ExportSettings, stored: PixelFormat, encoder: Encoder, found: _Findings
) -> _Size:
    """Crop, scaling and repeated edges."""
    # ffmpeg's FFV1 loses the last line of 4:1:0 chroma where the size is no multiple of 4.
    step_x = 1 << stored.log2_chroma_w if encoder.even_sizes or stored.log2_chroma_w > 1 else 1
    step_y = 1 << stored.log2_chroma_h if encoder.even_sizes or stored.log2_chroma_h > 1 else 1
    width, height = info.width, info.height
    if export.max_width is not None and width > export.max_width:
        scaled_width = max(step_x, export.max_width // step_x * step_x)
        wanted = Fraction(height * scaled_width, width * step_y)
        scaled_height = max(1, round(wanted)) * step_y
        found.notes.append(f"Pictures are scaled from {width}x{height} to {scaled_width}x{scaled_height}.")
        return _Size(
            crop_width=width, crop_height=height, scaled_width=scaled_width, scaled_height=scaled_height,
            width=scaled_width, height=scaled_height,
        )  # fmt: skip
    odd = [word for word, n, step in (("width", width, step_x), ("height", height, step_y)) if n % step]
    if not odd:
        return _Size(
            crop_width=width, crop_height=height, scaled_width=width, scaled_height=height,
            width=width, height=height,
        )  # fmt: skip
    what = f"{stored} in {CODEC_TITLES[encoder.codec]} needs an even {' and '.join(odd)}"
    if max(step_x, step_y) > 2:
        what = what.replace("an even", "a four-fold")
    if export.odd_size is OddSize.CROP:
        width, height = width // step_x * step_x, height // step_y * step_y
        found.notes.append(f"{what}: {info.width}x{info.height} is cropped to {width}x{height}.")
        if not (width and height):
            found.setting(f"Nothing is left of {info.width}x{info.height} after cropping.", "Use pad.")
        return _Size(
            crop_width=width, crop_height=height, scaled_width=width, scaled_height=height,
            width=width, height=height,
        )  # fmt: skip
    padded_width, padded_height = -(-width // step_x) * step_x, -(-height // step_y) * step_y
    found.notes.append(
        f"{what}: {width}x{height} is padded to {padded_width}x{padded_height} by repeating the edge."
    )
    return _Size(
        crop_width=width, crop_height=height, scaled_width=width, scaled_height=height,
        width=padded_width, height=padded_height,
    )  # fmt: skip


def _wanted_format(info: ClipInfo, export: ExportSettings, container: Container) -> PixelFormat:
    """The format asked for: the source's where nothing is said and it makes sense for the codec.

    RGB and gray are stored as 4:2:0 where players of the codec expect that, unless asked for by name.
    """
    source = info.format
    delivery = export.codec in ("h264", "hevc", "av1", "vp9")
    chroma = export.chroma
    if chroma is None and source.family is not PixelFamily.YUV:
        if delivery:
            chroma = "420"
        elif export.codec == "prores":
            chroma = "444" if source.family is PixelFamily.RGB else "422"
    alpha = source.has_alpha and (export.codec in ("prores", "ffv1") or container.name == "webm")
    depth = export.depth if export.depth is not None else source.depth
    if chroma is None:
        return replace(source, depth=depth, has_alpha=alpha)
    if chroma in ("rgb", "gray"):
        family = PixelFamily.RGB if chroma == "rgb" else PixelFamily.GRAY
        return PixelFormat(family=family, depth=depth, has_alpha=alpha and chroma == "rgb")
    across, down = _CHROMA[chroma]
    return PixelFormat(
        family=PixelFamily.YUV, depth=depth, log2_chroma_w=across, log2_chroma_h=down, has_alpha=alpha
    )


def _choose_stored(
    info: ClipInfo, export: ExportSettings, container: Container, encoder: Encoder, found: _Findings
) -> tuple[str, PixelFormat] | None:
    """The encoder's pixel format; None and a problem where what was asked for by name cannot be."""
    wanted = _wanted_format(info, export, container)
    candidates = stored_formats(encoder)
    chosen = choose_format(wanted, candidates)
    if chosen is None:
        found.setting(f"{encoder.name} takes no pixel format that can be made here.", "Use another codec.")
        return None
    held = chosen[1]
    title = CODEC_TITLES[encoder.codec]
    if export.depth is not None and held.depth != export.depth:
        depths = sorted({format.depth for _, format in candidates})
        found.setting(
            f"{title} ({encoder.name}) cannot store {export.depth} bits a sample.",
            f"It can store {' or '.join(map(str, depths))}.",
        )
    if export.chroma is not None and not _same_chroma(held, wanted):
        names = sorted({_chroma_name(format) for _, format in candidates} - {""})
        found.setting(
            f"{title} ({encoder.name}) cannot store {export.chroma}.", f"It can store {', '.join(names)}."
        )
    _note_losses(info.format, held, title, found)
    return chosen


def _same_chroma(a: PixelFormat, b: PixelFormat) -> bool:
    return (a.family, a.log2_chroma_w, a.log2_chroma_h) == (b.family, b.log2_chroma_w, b.log2_chroma_h)


def _chroma_name(format: PixelFormat) -> str:
    if format.family is not PixelFamily.YUV:
        return format.family.value
    shifts = (format.log2_chroma_w, format.log2_chroma_h)
    return next((name for name, value in _CHROMA.items() if value == shifts), "")


def _note_losses(source: PixelFormat, held: PixelFormat, title: str, found: _Findings) -> None:
    """Say where the stored format is not the source's."""
    plain = replace(source, has_alpha=False)
    if not _same_chroma(source, held) or source.depth != held.depth:
        how = " (dithered)" if held.depth < source.depth else ""
        found.notes.append(f"{plain} is stored as {replace(held, has_alpha=False)}{how} in {title}.")
    if source.has_alpha and not held.has_alpha:
        found.notes.append(f"{title} stores no transparency here; clear parts become black.")
    if title == "H.264" and (held.depth > 8 or (held.log2_chroma_w, held.log2_chroma_h) != (1, 1)):
        deep = " H.265 holds 10 bits well." if held.depth > 8 else ""
        found.notes.append(
            f"H.264 with {held} plays in few players; --depth 8 --chroma 420 plays everywhere.{deep}"
        )


def _plan_color(info: ClipInfo, held: PixelFormat, size: _Size, codec: str) -> ColorSpec:
    """Tags of the stored frames, and with them what swscale converts to.

    YCbCr stays in its matrix and range, untagged where it was untagged, except that a picture scaled across
    the 720 lines at which players change their guess gets the tag it was read with. RGB becomes YCbCr in the
    matrix that players guess, limited range, and says so.
    """
    source = info.color
    resolved = source.resolved(height=info.height)
    if held.family is PixelFamily.RGB:
        return replace(source, matrix=Matrix.RGB, matrix_code=0, range=Range.FULL)
    if info.format.family is PixelFamily.RGB:
        unknown = replace(source, matrix=Matrix.UNSPECIFIED, range=Range.LIMITED)
        color = unknown.resolved(height=size.height)
        range_ = Range.FULL if held.family is PixelFamily.GRAY else Range.LIMITED
        return replace(color, matrix_code=_MATRIX_CODES[color.matrix], range=range_, siting=unknown.siting)
    if codec == "prores" and source.range is Range.FULL:
        source = replace(source, range=Range.LIMITED)
    crosses = (info.height >= 720) != (size.height >= 720)
    if size.is_scaled and crosses and source.matrix is Matrix.UNSPECIFIED:
        return replace(source, matrix=resolved.matrix, matrix_code=_MATRIX_CODES[resolved.matrix])
    return source


def _plan_video(
    info: ClipInfo, plan: OutputPlan, export: ExportSettings, container: Container, found: _Findings
) -> EncodingPlan | None:
    rgb = export.chroma == "rgb" and export.codec != "ffv1"
    choice = choose_encoder(export.codec, hardware=export.hardware, rgb=rgb)
    encoder = choice.encoder
    if encoder is None:
        found.problems.append(
            OutputError(choice.problem, "Choose another codec, or --hardware none for a software encoder.")
        )
        # The rest is checked with what software could do, so that all problems are said at once.
        software = software_encoders(export.codec)
        if not software:
            return None
        encoder = software[0]
    if choice.note:
        found.notes.append(choice.note)
    crf = _check_crf(export, encoder, found)
    stored = _choose_stored(info, export, container, encoder, found)
    if stored is None:
        return None
    pixel_format, held = stored
    size = _plan_size(info, export, held, encoder, found)
    color = _plan_color(info, held, size, export.codec)
    both_yuv = info.format.family is held.family is PixelFamily.YUV
    if both_yuv and info.color.range is Range.FULL and color.range is Range.LIMITED:
        found.notes.append("ProRes is limited range; full-range values are converted.")
    side = plan_side_streams(info, plan, export, container)
    found.notes += side.notes
    average = Fraction(len(plan)) / plan.duration
    gop = max(1, round(average * _GOP_SECONDS))
    options = dict(encoder_options(encoder, crf=crf, speed=export.speed, gop_frames=gop, width=size.width))
    options, note = hdr_options(encoder.name, options, info.hdr_side_data)
    found.notes += [note] if note else []
    if info.color.transfer in (16, 18) and held.depth == 8:
        found.notes.append("HDR in 8 bits a sample shows bands; H.265 or AV1 keep 10.")
    if held.has_alpha and encoder.name == "libvpx-vp9":
        options["auto-alt-ref"] = "0"
    profile, tag = "", "hvc1" if export.codec == "hevc" else ""
    if export.codec == "prores":
        profile, tag = _PRORES_PROFILES[held.has_alpha or held.log2_chroma_w == 0]
        options["profile"] = profile
    _note_time_grid(plan, container, found)
    projected = _project_bytes(plan, size=size, held=held, encoder=encoder, crf=crf, side=side)
    return EncodingPlan(
        source=info.path.absolute(),
        container=container.name,
        codec=export.codec,
        encoder=encoder.name,
        options=tuple(sorted(options.items())),
        profile=profile,
        tag=tag if container.muxer in ("mp4", "mov") else "",
        pixel_format=pixel_format,
        source_format=info.format,
        source_color=info.color.resolved(height=info.height),
        color=color,
        crop_width=size.crop_width,
        crop_height=size.crop_height,
        scaled_width=size.scaled_width,
        scaled_height=size.scaled_height,
        width=size.width,
        height=size.height,
        pixel_aspect=_pixel_aspect(info, size),
        rate=plan.rate,
        average_rate=average,
        time_base=plan.time_base,
        frames=len(plan),
        pts=plan_pts(plan),
        end_pts=whole_units(plan.frame_end(len(plan) - 1), plan.time_base),
        speed=plan.speed,
        source_start=plan.source_start,
        source_stop=plan.source_stop,
        is_trimmed=plan.is_trimmed,
        lead=side.lead,
        streams=side.streams,
        chapters=side.chapters,
        metadata=side.metadata,
        video_metadata=side.video_metadata,
        projected_bytes=projected,
        working_bytes=2 * projected,
    )


def _check_crf(export: ExportSettings, encoder: Encoder, found: _Findings) -> float:
    if export.crf is None:
        return encoder.default_crf
    title = CODEC_TITLES[encoder.codec]
    if encoder.crf_range is None:
        found.setting(f"{title} has no constant quality to set by a crf.", "Leave --crf away.")
        return encoder.default_crf
    low, high = encoder.crf_range
    if not low <= export.crf <= high:
        found.setting(
            f"A crf of {export.crf:g} is outside {encoder.name}'s {low:g} to {high:g}.",
            f"Use {encoder.default_crf:g} for high quality; smaller is better and larger.",
        )
        return encoder.default_crf
    return export.crf


def _pixel_aspect(info: ClipInfo, size: _Size) -> Fraction:
    """The stored pixels' aspect, so that the picture keeps its shape after rounding to whole pixels."""
    if not size.is_scaled:
        return info.pixel_aspect
    exact = info.pixel_aspect * Fraction(size.crop_width, size.crop_height)
    aspect = exact / Fraction(size.scaled_width, size.scaled_height)
    # Rounding to even sizes moves it by less than anybody sees; square stays square.
    return info.pixel_aspect if abs(aspect / info.pixel_aspect - 1) < Fraction(1, 50) else aspect


def _note_time_grid(plan: OutputPlan, container: Container, found: _Findings) -> None:
    """Say where the container rounds times."""
    if container.time_base_den is None:
        return
    step = Fraction(1, container.time_base_den)
    if (plan.time_base / step).denominator != 1:
        found.notes.append(
            f"{container.title} holds times in whole milliseconds; frames are rounded to them."
        )
    if plan.duration / len(plan) < step:
        found.setting(
            f"{container.title} cannot hold more than {container.time_base_den} frames a second.",
            "Choose a lower rate, or MP4.",
        )


def _project_bytes(
    plan: OutputPlan, *, size: _Size, held: PixelFormat, encoder: Encoder, crf: float, side: SideStreams
) -> int:
    bits = encoder.bits_a_pixel
    if encoder.lossless:
        raw = held.frame_bytes(width=size.width, height=size.height)
        bits = LOSSLESS_SHARE * 8 * raw / (size.width * size.height)
    else:
        bits *= 2 ** ((encoder.default_crf - crf) / encoder.bits_halve_every)
        bits *= 1.15 if held.depth > 8 else 1
        fps = float(len(plan) / plan.duration)
        bits *= min(1.0, (30 / fps) ** 0.5) if encoder.crf_range else 1
    picture = len(plan) * bits * size.width * size.height / 8
    copied = sum(1 for s in side.streams if s.kind == "audio" and s.action is not StreamAction.DROP)
    return int(picture + copied * float(plan.duration) * 192_000 / 8) + 4096
