"""Reading an animated image or a folder of images back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.errors import FlavrError
from flavr_core.media.encoding import AnimationPlan, EncodingPlan
from flavr_core.media.numbered import image_name
from flavr_core.media.probing import probe
from flavr_core.media.sources import open_source
from flavr_core.media.verification import Verification, failed
from flavr_core.timing import format_time


def verify_animation(encoding: EncodingPlan, output: Path) -> Verification:
    """Compare a finished animation or folder with its plan. What cannot be read becomes a problem."""
    animation = encoding.animation
    assert animation is not None
    try:
        info = probe(output, sequence_rate=encoding.average_rate)
        problems = _check_ends(info)
    except FlavrError as error:
        return failed(f"The result cannot be read back: {error.message}")
    if encoding.container == "png":
        problems += _check_images(encoding, output, info)
    else:
        problems += _check_animation(encoding, animation, info)
        if animation.max_bytes is not None and output.stat().st_size > animation.max_bytes:
            problems.append(f"It has {output.stat().st_size:,} bytes, promised {animation.max_bytes:,}.")
    times = info.times
    return Verification(
        frames=len(times),
        first=times.start,
        last=times.time(len(times) - 1),
        duration=times.duration,
        width=info.width,
        height=info.height,
        problems=tuple(problems),
    )


def _check_ends(info: ClipInfo) -> list[str]:
    """Whether the first and the last picture decode."""
    problems = []
    with open_source(info) as source:
        for word, number in (("first", 0), ("last", len(info.times) - 1)):
            if next(source.frames(number, number + 1), None) is None:
                problems.append(f"The {word} picture cannot be decoded.")
    return problems


def _check_images(encoding: EncodingPlan, folder: Path, info: ClipInfo) -> list[str]:
    problems = []
    wanted = {image_name(number, encoding.frames) for number in range(encoding.frames)}
    found = {path.name for path in folder.iterdir()}
    if found != wanted:
        problems.append(f"There are {len(found)} images, promised {len(wanted)}.")
    if (info.width, info.height) != (encoding.width, encoding.height):
        problems.append(
            f"Images are {info.width}x{info.height}, promised {encoding.width}x{encoding.height}."
        )
    return problems


def _check_animation(encoding: EncodingPlan, animation: AnimationPlan, info: ClipInfo) -> list[str]:
    """Size, number, times and loop count; under a size limit it may be smaller and have fewer frames."""
    problems = []
    limited = animation.max_bytes is not None
    if info.kind is not ClipKind.ANIMATION and len(animation.ticks) > 2:
        problems.append("It does not read back as an animation.")
    if not limited and (info.width, info.height) != (encoding.width, encoding.height):
        problems.append(
            f"The picture is {info.width}x{info.height}, promised {encoding.width}x{encoding.height}."
        )
    problems += _check_times(encoding, animation, info)
    if info.loop is not None and info.loop != animation.loop:
        problems.append(f"It plays {info.loop or 'endless'} times, promised {animation.loop or 'endless'}.")
    return problems


def _check_times(encoding: EncodingPlan, animation: AnimationPlan, info: ClipInfo) -> list[str]:
    wanted = [tick * animation.tick for tick in animation.ticks]
    found = [info.times.time(number) for number in range(len(info.times) + 1)]
    if abs(found[-1] - found[0] - wanted[-1]) > animation.tick / 2:
        return [f"It lasts {format_time(info.times.duration)}, promised {format_time(wanted[-1])}."]
    # WebP joins equal frames, and a size limit may leave some out: what is there must be in its place.
    may_skip = encoding.container == "webp" or animation.max_bytes is not None
    if not may_skip and len(found) != len(wanted):
        return [f"It has {len(found) - 1} frames, promised {len(wanted) - 1}."]
    places: set[Fraction] = set(wanted)
    for number, time in enumerate(found):
        if time - found[0] not in places:
            return [f"Frame {number} is shown at {format_time(time)}, where none was planned."]
    return []
