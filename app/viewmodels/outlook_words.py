"""The result in words, before the start."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from PySide6.QtCore import QCoreApplication, QLocale

from app.jobs.estimates import Forecast
from app.jobs.outlook import Outlook
from app.viewmodels.amounts import decimal, number, size_words
from app.viewmodels.durations import about_words, at_least_words, duration_words
from flavr_core.media.containers import CODEC_TITLES
from flavr_core.settings import DuplicateMode
from flavr_core.timing import format_rate, format_time

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of the summary."""

    label: str
    """What it is about, a word or two."""
    words: str
    """What is said."""
    more: str = ""
    """What a curious reader is told besides; empty for nothing."""


def facts(outlook: Outlook, forecast: Forecast, *, is_held: bool) -> tuple[Fact, ...]:
    """The lines that can be said of a conversion."""
    lines: list[Fact] = []
    if outlook.plan is not None:
        lines += [_frames(outlook), _rate(outlook), _length(outlook)]
    if outlook.encoding is not None:
        lines += [_picture(outlook), _size(outlook, forecast)]
    if outlook.plan is not None:
        lines.append(_timing(outlook))
    if outlook.plan is not None and outlook.encoding is not None:
        lines.append(_time(outlook, forecast, is_held=is_held))
    return tuple(lines)


def _frames(outlook: Outlook) -> Fact:
    """How many frames the file will show, of how many that are made where those are more."""
    assert outlook.plan is not None
    assert outlook.workload is not None
    work, made, shown = outlook.workload, len(outlook.plan), outlook.shown_frames
    drawn = number(work.drawn)
    if not work.is_exact:
        drawn = translate("Outlook", "about {n}").format(n=drawn)
    more = [translate("Outlook", "{drawn} are drawn, the others are the clip's own.").format(drawn=drawn)]
    if not work.drawn:
        more = [translate("Outlook", "None is drawn: choose a higher rate or slow motion.")]
    words = number(shown)
    if shown < made:
        words = translate("Outlook", "{n} of {made}").format(n=words, made=number(made))
        left = translate("Outlook", "{n} find no place in a GIF, which shows 50 a second at most.")
        more.append(left.format(n=number(made - shown)))
    fewer = _why_fewer(outlook)
    if fewer:
        words = translate("Outlook", "at most {n}").format(n=words)
        more.append(fewer)
    words = translate("Outlook", "{n} from {source}").format(n=words, source=number(outlook.source_frames))
    return Fact(label=translate("Outlook", "Frames"), words=words, more="\n".join(more))


def _why_fewer(outlook: Outlook) -> str:
    """Why the file may show fewer frames than planned; empty where it will not."""
    animation = outlook.encoding.animation if outlook.encoding is not None else None
    if animation is None:
        return ""
    if animation.max_bytes is not None:
        return translate("Outlook", "To meet the size limit every second one may be left out.")
    if outlook.settings.export.container == "webp":
        return translate("Outlook", "Frames that equal the one before are stored as one, shown longer.")
    return ""


def _rate(outlook: Outlook) -> Fact:
    assert outlook.plan is not None
    before = _rate_words(outlook.info.rate)
    if outlook.info.is_vfr:
        before = translate("Outlook", "about {rate}").format(rate=before)
    rate = outlook.plan.rate
    after = _rate_words(rate) if rate is not None else translate("Outlook", "variable")
    more = (
        translate("Outlook", "Exactly {rate} frames a second.").format(rate=rate) if rate is not None else ""
    )
    if outlook.shown_frames < len(outlook.plan):
        shown = number(round(Fraction(outlook.shown_frames) / outlook.plan.duration))
        more = translate("Outlook", "Made at {rate} frames a second, of which a GIF shows {shown}.").format(
            rate=after, shown=shown
        )
        after = translate("Outlook", "about {rate}").format(rate=shown)
    return Fact(
        label=translate("Outlook", "Rate"),
        words=translate("Outlook", "{before} → {after} fps").format(before=before, after=after),
        more=more,
    )


def _rate_words(rate: Fraction) -> str:
    return format_rate(rate).replace(".", QLocale().decimalPoint())


def _length(outlook: Outlook) -> Fact:
    assert outlook.plan is not None
    words = format_time(outlook.plan.duration)
    if outlook.plan.speed != 1:
        slow = _rate_words(1 / outlook.plan.speed)
        words = translate("Outlook", "{length}, {n}× as long").format(length=words, n=slow)
    more = ""
    if outlook.plan.is_trimmed:
        more = translate("Outlook", "Of the clip's {length}, the marked range.").format(
            length=format_time(outlook.info.times.duration)
        )
    return Fact(label=translate("Outlook", "Length"), words=words, more=more)


def _picture(outlook: Outlook) -> Fact:
    assert outlook.encoding is not None
    encoding = outlook.encoding
    words = f"{encoding.width}×{encoding.height}, {encoding.form.title}"
    if encoding.animation is None and CODEC_TITLES[encoding.codec] != encoding.form.title:
        words += f" {CODEC_TITLES[encoding.codec]}"
    return Fact(
        label=translate("Outlook", "Picture"),
        words=words,
        more="\n".join([encoding.describe(), *encoding.stream_words()]),
    )


def _size(outlook: Outlook, forecast: Forecast) -> Fact:
    assert outlook.encoding is not None
    encoding = outlook.encoding
    measured = forecast.speed.projected_bytes(outlook) if forecast.speed is not None else None
    size = size_words(encoding.projected_bytes if measured is None else measured)
    limit = encoding.animation.max_bytes if encoding.animation is not None else None
    words = translate("Outlook", "≈ {size}").format(size=size)
    if limit is not None:
        words = translate("Outlook", "at most {size}").format(size=size_words(limit))
    if outlook.free_bytes is not None:
        words = translate("Outlook", "{size}, {free} free").format(
            size=words, free=size_words(outlook.free_bytes)
        )
    more = [translate("Outlook", "A guess from usual footage; a third or three times as much is possible.")]
    if measured is not None:
        more = [translate("Outlook", "As a few encoded frames from the middle of the clip promise.")]
    working = translate("Outlook", "About {size} of room are asked for while it is made.")
    more.append(working.format(size=size_words(encoding.working_bytes)))
    return Fact(label=translate("Outlook", "Size"), words=words, more="\n".join(more))


def _timing(outlook: Outlook) -> Fact:
    """How far frames are from their moments: by the places a network can draw, and by the format's clock."""
    assert outlook.plan is not None
    drawn, clock = outlook.plan.largest_timing_error, outlook.clock_error
    words, more = [], []
    if drawn:
        words.append(translate("Outlook", "≤ {ms} ms off").format(ms=decimal(float(drawn) * 1000)))
        more.append(
            translate(
                "Outlook",
                "The network draws at fixed places; so far is the farthest frame from its own moment.",
            )
        )
    if clock:
        ms = decimal(float(clock) * 1000)
        words.append(translate("Outlook", "shown ≤ {ms} ms off").format(ms=ms))
        more.append(
            translate(
                "Outlook", "The format counts time in steps; each frame is shown at the nearest free one."
            )
        )
    return Fact(
        label=translate("Outlook", "Timing"),
        words=", ".join(words) or translate("Outlook", "every frame exact"),
        more="\n".join(more) or translate("Outlook", "Each frame shows its very moment."),
    )


def _time(outlook: Outlook, forecast: Forecast, *, is_held: bool) -> Fact:
    label = translate("Outlook", "Time here")
    if forecast.seconds is None or forecast.speed is None:
        words = translate("Outlook", "not known")
        if forecast.is_measuring:
            words = translate("Outlook", "measuring…")
        elif is_held:
            words = translate("Outlook", "known when the machine is free")
        return Fact(label=label, words=words)
    speed = forecast.speed
    extra = _not_counted(outlook)
    words = at_least_words(forecast.seconds) if extra else about_words(forecast.seconds)
    more = [translate("Outlook", "Measured: {who}.").format(who=speed.device), *speed.notes]
    if speed.gap_s and outlook.workload is not None:
        drawn = outlook.workload.drawn_a_gap / speed.gap_s
        words_of_speed = translate("Outlook", "It draws {n} frames a second here.").format(n=decimal(drawn))
        if drawn < 1:
            words_of_speed = translate("Outlook", "It draws a frame in {time} here.").format(
                time=duration_words(1 / drawn)
            )
        more.append(words_of_speed)
    return Fact(label=label, words=words, more="\n".join(more + extra))


def _not_counted(outlook: Outlook) -> list[str]:
    """What takes time and was not measured."""
    parts = []
    if outlook.settings.scenes.duplicates is DuplicateMode.DROP:
        parts.append(translate("Outlook", "Not counted: looking for repeated frames first."))
    animation = outlook.encoding.animation if outlook.encoding is not None else None
    if animation is not None and animation.max_bytes is not None:
        parts.append(
            translate("Outlook", "Not counted: writing it again and again until it fits the size limit.")
        )
    elif animation is not None:
        parts.append(translate("Outlook", "Not counted: writing the animation at the end."))
    return parts
