"""A clip in few words: its name, its length and size, and what is special about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale

from app.viewmodels.amounts import size_words, trimmed
from app.viewmodels.workspace import Clip
from flavr_core.clip import ClipInfo, ClipKind
from flavr_core.errors import FlavrError
from flavr_core.timing import format_rate, format_time

_HDR = {16: "PQ", 18: "HLG"}
translate = QCoreApplication.translate

_LAST_NUMBER = re.compile(r"\d+(?=\D*$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """One thing that is special about a clip."""

    text: str
    """One or two words."""
    meaning: str
    """What it means for the result, one sentence."""
    is_warning: bool = False
    """Whether something is wrong rather than special."""


def title_of(clip: Clip) -> str:
    """The name of a file or folder; of a series of images the pattern of its names."""
    name = clip.path.name or str(clip.path)
    if (
        clip.info is not None
        and clip.info.kind is ClipKind.SEQUENCE
        and clip.info.path.suffix
        and len(clip.info.times) > 1
    ):
        return _LAST_NUMBER.sub(lambda found: "#" * len(found[0]), clip.path.stem) + clip.path.suffix
    return name


def length_of(info: ClipInfo | None) -> str:
    """How long a clip lasts: `0:42`, `1:02:03`, `3.2 s` below ten seconds."""
    if info is None:
        return ""
    duration = info.times.duration
    if duration < 10:
        return translate("Clips", "{seconds} s").format(seconds=QLocale().toString(float(duration), "f", 1))
    hours, rest = divmod(round(duration), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def details_of(info: ClipInfo | None, size_bytes: int) -> str:
    """Rate, picture size and bytes in one line."""
    if info is None:
        return ""
    rate = trimmed(float(info.rate), places=2)
    parts = [f"{info.width} × {info.height}", translate("Clips", "{rate} fps").format(rate=rate)]
    if size_bytes:
        parts.append(size_words(size_bytes))
    return " · ".join(parts)


def badges_of(info: ClipInfo | None) -> tuple[Badge, ...]:
    """What is special about a clip, and what was found wrong with it."""
    if info is None:
        return ()
    found = [*_time_badges(info), *_picture_badges(info)]
    if info.kind is ClipKind.VIDEO and not any(stream.kind == "audio" for stream in info.streams):
        found.append(
            Badge(text=translate("Clips", "No sound"), meaning=translate("Clips", "The file has no sound."))
        )
    if info.notes:
        text = translate("Clips", "Note") if len(info.notes) == 1 else translate("Clips", "Notes")
        found.append(Badge(text=text, meaning=" ".join(info.notes), is_warning=True))
    return tuple(found)


def _time_badges(info: ClipInfo) -> list[Badge]:
    found = []
    if len(info.times) < 2:
        meaning = translate("Clips", "There is one picture only, so nothing can be drawn in between.")
        found.append(Badge(text=translate("Clips", "1 frame"), meaning=meaning, is_warning=True))
    if info.is_vfr:
        meaning = translate("Clips", "The time between frames varies; {rate} frames a second is the average.")
        found.append(
            Badge(
                text=translate("Clips", "Variable rate"), meaning=meaning.format(rate=format_rate(info.rate))
            )
        )
    if info.kind is ClipKind.ANIMATION:
        found.append(
            Badge(text=info.codec.upper(), meaning=translate("Clips", "An animated image; it has no sound."))
        )
    if info.kind is ClipKind.SEQUENCE and len(info.times) > 1:
        meaning = translate("Clips", "%n images, shown at {rate} a second.", "", len(info.times))
        found.append(
            Badge(text=translate("Clips", "Images"), meaning=meaning.format(rate=format_rate(info.rate)))
        )
    return found


def _picture_badges(info: ClipInfo) -> list[Badge]:
    found = []
    if info.format.depth > 8:
        text = translate("Clips", "%n bit", "", info.format.depth)
        found.append(
            Badge(text=text, meaning=translate("Clips", "More shades than the usual 8 bits; they are kept."))
        )
    if info.color.transfer in _HDR:
        meaning = translate("Clips", "High dynamic range ({kind}); shown toned down, kept in the result.")
        found.append(Badge(text="HDR", meaning=meaning.format(kind=_HDR[info.color.transfer])))
    if info.format.has_alpha:
        found.append(
            Badge(
                text=translate("Clips", "Alpha"),
                meaning=translate("Clips", "Parts of the picture are see-through."),
            )
        )
    if info.interlaced:
        meaning = translate(
            "Clips", "Two half pictures make a frame; they are joined before anything is drawn."
        )
        found.append(Badge(text=translate("Clips", "Interlaced"), meaning=meaning))
    if info.rotation:
        meaning = translate("Clips", "The file asks for the picture to be turned, which is done.")
        found.append(
            Badge(text=translate("Clips", "Rotated {angle}°").format(angle=info.rotation), meaning=meaning)
        )
    if info.pixel_aspect != 1:
        meaning = translate("Clips", "Pixels are {aspect} times as wide as high.")
        found.append(
            Badge(
                text=translate("Clips", "Wide pixels"),
                meaning=meaning.format(aspect=f"{float(info.pixel_aspect):.3g}"),
            )
        )
    return found


def problem_words(error: FlavrError, path: Path) -> str:
    """What is wrong with a clip, for its row, where its name stands already."""
    name, message = f"'{path}'", error.message
    if message.startswith(name):
        message = f"The file{message.removeprefix(name)}"
    # English as all sentences of the engine: half of one in another language is worse than none.
    message = message.replace(f"no file {name}", "no such file").replace(name, "the file")
    return f"{message} {error.hint}".strip()


def clock(seconds: Fraction) -> str:
    """A time for people, to the millisecond: `0:42.500`, `1:02:03.000`."""
    text = format_time(seconds)
    return text.removeprefix("0:0") if text.startswith("0:0") else text.removeprefix("0:")
