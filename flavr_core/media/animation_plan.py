"""How an animated image (GIF, APNG, WebP) or a folder of numbered images will be stored.

Their segments are lossless RGB; what needs the whole clip (a palette, a size limit) is done when they are
put together. None of them has sound, and none but PNG knows of colour tags, so frames become full-range RGB.

GIF counts in centiseconds, and viewers show a frame that asks for less than two of them for ten. So a GIF
shows at most 50 frames a second: of a faster output each frame goes to the first free place no further than a
centisecond from its time, and frames that find none are left out (of 60 a second, every sixth), as gifski
and other makers of GIFs do. Below 50 a second each frame is at the centisecond nearest to its own time, so
errors never add up.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from flavr_core.clip import ClipInfo
from flavr_core.color import Matrix, Range
from flavr_core.errors import FlavrError, SettingsError
from flavr_core.frame import PixelFamily, PixelFormat
from flavr_core.media.containers import Container
from flavr_core.media.encoders import ENCODERS, LOSSLESS_SHARE, encoder_options, stored_formats
from flavr_core.media.encoding import AnimationPlan, EncodingPlan
from flavr_core.media.fitting import choose_format
from flavr_core.media.streams import plan_side_streams
from flavr_core.media.times import plan_pts, plan_units, whole_units
from flavr_core.plan import OutputPlan
from flavr_core.settings import ExportSettings

_DITHERS = ("none", "bayer", "floyd_steinberg", "sierra2", "sierra2_4a", "heckbert")
_GIF_TICK = Fraction(1, 100)
_GIF_LEAST_TICKS = 2
_WEBP_TICK = Fraction(1, 1000)
_BROWSERS_FASTEST = 90
"""Frames a second above which browsers slow animated images down to ten."""
_BITS_A_PIXEL = {"gif": 5.0, "apng": 12.0, "webp": 1.0, "png": 14.0}
"""Rough bits a pixel and frame, from natural footage."""


def plan_animation(
    info: ClipInfo,
    plan: OutputPlan,
    export: ExportSettings,
    container: Container,
    *,
    problems: list[FlavrError],
    notes: list[str],
) -> EncodingPlan | None:
    """The plan of an animated image or a folder of images; adds to problems and notes what it finds."""
    stored = _stored_format(info, export, container, problems, notes)
    width, height = _square_size(info, export, notes)
    animation = _plan_times(plan, export, container, problems, notes)
    side = plan_side_streams(info, plan, export, container)
    notes += side.notes
    lossless = next(encoder for encoder in ENCODERS if encoder.lossless)
    chosen = choose_format(stored, stored_formats(lossless))
    assert chosen is not None
    options = encoder_options(lossless, crf=0, speed="medium", gop_frames=1, width=width)
    if info.color.transfer in (16, 18) and container.name != "png":
        notes.append(f"{container.title} knows no HDR; colours of this clip will look flat.")
    if problems:
        return None
    shown = len(animation.kept) if animation.kept is not None else len(plan)
    rgb = replace(info.color, matrix=Matrix.RGB, matrix_code=0, range=Range.FULL)
    is_gray = stored.family is PixelFamily.GRAY
    bits = _BITS_A_PIXEL[container.name] * (2 if stored.depth > 8 else 1) * (0.4 if is_gray else 1)
    projected = _limited(int(shown * bits * width * height / 8) + 1024, export)
    raw = stored.frame_bytes(width=width, height=height) * len(plan)
    return EncodingPlan(
        source=info.path.absolute(),
        container=container.name,
        codec=export.codec,
        encoder=lossless.name,
        options=options,
        pixel_format=chosen[0],
        source_format=info.format,
        source_color=info.color.resolved(height=info.height),
        color=replace(info.color, range=Range.FULL) if is_gray else rgb,
        crop_width=info.width,
        crop_height=info.height,
        scaled_width=width,
        scaled_height=height,
        width=width,
        height=height,
        pixel_aspect=Fraction(1),
        rate=plan.rate,
        average_rate=Fraction(len(plan)) / plan.duration,
        time_base=plan.time_base,
        frames=len(plan),
        pts=plan_pts(plan),
        end_pts=whole_units(plan.frame_end(len(plan) - 1), plan.time_base),
        speed=plan.speed,
        source_start=plan.source_start,
        source_stop=plan.source_stop,
        is_trimmed=plan.is_trimmed,
        streams=side.streams,
        animation=animation,
        projected_bytes=projected,
        working_bytes=int(LOSSLESS_SHARE * raw) + projected,
    )


def _limited(projected: int, export: ExportSettings) -> int:
    return min(projected, export.gif.max_bytes or projected)


def _stored_format(
    info: ClipInfo,
    export: ExportSettings,
    container: Container,
    problems: list[FlavrError],
    notes: list[str],
) -> PixelFormat:
    """RGB of 8 or 16 bits, with alpha where the source has it; gray where a PNG can hold it as it is."""
    deep = container.name in ("apng", "png")
    depth = 16 if deep and (export.depth or info.format.depth) > 8 else 8
    if export.depth is not None and export.depth > 8 and not deep:
        problems.append(
            SettingsError(f"{container.title} cannot store {export.depth} bits a sample.", "It can store 8.")
        )
    if export.chroma not in (None, "rgb", "gray"):
        problems.append(
            SettingsError(f"{container.title} cannot store {export.chroma}.", "It stores RGB; leave it away.")
        )
    source = info.format
    if source.depth > depth:
        notes.append(f"{source.depth} bits a sample are stored as {depth} (dithered) in {container.title}.")
    elif depth == 16 and source.depth < 16:
        notes.append(f"{source.depth} bits a sample are scaled to the 16 of {container.title}.")
    gray = source.family is PixelFamily.GRAY and info.color.range is Range.FULL and deep
    if (gray and export.chroma != "rgb") or (export.chroma == "gray" and deep):
        return PixelFormat(family=PixelFamily.GRAY, depth=depth)
    return PixelFormat(family=PixelFamily.RGB, depth=depth, has_alpha=source.has_alpha)


def _square_size(info: ClipInfo, export: ExportSettings, notes: list[str]) -> tuple[int, int]:
    """Width and height with square pixels, not wider than asked for."""
    width, height = info.width, info.height
    if info.pixel_aspect != 1:
        # The longer way, so that no line is lost.
        if info.pixel_aspect > 1:
            width = max(1, round(width * info.pixel_aspect))
        else:
            height = max(1, round(height / info.pixel_aspect))
        notes.append(
            f"Pixels of this clip are not square and images' are: {info.width}x{info.height} "
            f"is scaled to {width}x{height}."
        )
    if export.max_width is not None and width > export.max_width:
        scaled = max(1, round(Fraction(height * export.max_width, width)))
        notes.append(f"Pictures are scaled from {width}x{height} to {export.max_width}x{scaled}.")
        width, height = export.max_width, scaled
    return width, height


def _plan_times(
    plan: OutputPlan,
    export: ExportSettings,
    container: Container,
    problems: list[FlavrError],
    notes: list[str],
) -> AnimationPlan:
    gif = export.gif
    quality = 80.0
    if gif.dither not in _DITHERS:
        problems.append(SettingsError(f"'{gif.dither}' is no dithering.", f"Use {', '.join(_DITHERS)}."))
    if gif.loop < 0 or gif.loop > 65535:
        problems.append(SettingsError(f"It cannot play {gif.loop} times.", "Use 0 for ever, or 1 and more."))
    if export.crf is not None:
        if container.name == "webp" and 0 <= export.crf <= 100:
            quality = 100 - export.crf
        elif container.name == "webp":
            problems.append(
                SettingsError(
                    f"A crf of {export.crf:g} is outside WebP's 0 to 100.", "Use 20; 0 is lossless."
                )
            )
        else:
            problems.append(
                SettingsError(
                    f"{container.title} has no constant quality to set by a crf.", "Leave --crf away."
                )
            )
    if container.name == "png" and gif.max_bytes is not None:
        problems.append(
            SettingsError("A size limit has no meaning for numbered images.", "Leave --max-size away.")
        )
    kept: tuple[int, ...] | None = None
    tick = plan.time_base
    if container.name == "gif":
        tick = _GIF_TICK
        numbers, ticks = gif_times(plan)
        if len(numbers) < len(plan):
            kept = numbers
            notes.append(
                f"GIF viewers show at most 50 frames a second: {len(numbers)} of {len(plan)} frames are "
                "stored. Choose --rate 50 or less for even motion."
            )
        if len(numbers) < len(plan) // 4:
            notes.append("Most frames are left out; a lower rate would save the work of drawing them.")
    elif container.name == "webp":
        tick = _WEBP_TICK
        ticks = _rounded(plan, tick)
        notes.append("Animated WebP stores frames that repeat the one before as one that is shown longer.")
        if any(b <= a for a, b in pairwise(ticks)):
            problems.append(
                SettingsError("Animated WebP holds at most 1000 frames a second.", "Choose a lower rate.")
            )
    else:
        ticks = tuple(plan_units(plan))
    if container.name in ("apng", "webp") and len(plan) > _BROWSERS_FASTEST * plan.duration:
        notes.append(
            f"Browsers slow {container.title} of more than {_BROWSERS_FASTEST} frames a second down."
        )
    return AnimationPlan(
        colors=gif.colors,
        dither=gif.dither,
        loop=gif.loop,
        max_bytes=gif.max_bytes,
        quality=quality,
        kept=kept,
        tick=tick,
        ticks=ticks,
    )


def _rounded(plan: OutputPlan, tick: Fraction) -> tuple[int, ...]:
    """All times and the end at the nearest ticks; of two equally near the later."""
    unit = plan.time_base / tick
    n, d = unit.numerator, unit.denominator
    return tuple((2 * n * units + d) // (2 * d) for units in plan_units(plan))


def gif_times(plan: OutputPlan) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of the frames a GIF shows, and when in centiseconds, the end last."""
    # Times as whole numbers of 1 / d centiseconds: a film has a million frames, and fractions are slow.
    unit = plan.time_base / _GIF_TICK
    n, d = unit.numerator, unit.denominator
    times = [n * units for units in plan_units(plan)]
    places = _rounded(plan, _GIF_TICK)
    numbers: list[int] = []
    ticks: list[int] = []
    for number, time in enumerate(times[:-1]):
        place = places[number]
        if ticks:
            free = ticks[-1] + _GIF_LEAST_TICKS
            # Frames that come faster than places: no place is lost that is near enough.
            hurried = time - times[number - 1] < _GIF_LEAST_TICKS * d
            near = time - free * d <= d
            place = free if hurried and near else max(place, free)
        if place * d - time <= d:
            numbers.append(number)
            ticks.append(place)
    ticks.append(max(places[-1], ticks[-1] + _GIF_LEAST_TICKS))
    return tuple(numbers), tuple(ticks)
