"""The result in words, before the start."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from PySide6.QtCore import QCoreApplication, QLocale

from app.jobs.estimates import Forecast
from app.jobs.outlook import Outlook
from flavr_core.media.containers import CODEC_TITLES
from flavr_core.settings import DuplicateMode, format_bytes
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


def duration_words(seconds: float) -> str:
    """A time to wait: `8 s`, `2 min 10 s`, `3 h 20 min`; rounded as roughly as it is known."""
    if seconds < 1:
        return translate("Outlook", "less than a second")
    if seconds < 60:
        return translate("Outlook", "{s} s").format(s=round(seconds))
    minutes = round(seconds / 60)
    if seconds < 600:
        whole, rest = divmod(round(seconds / 10) * 10, 60)
        return (
            translate("Outlook", "{m} min {s} s").format(m=whole, s=rest)
            if rest
            else translate("Outlook", "{m} min").format(m=whole)
        )
    if minutes < 60:
        return translate("Outlook", "{m} min").format(m=minutes)
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return (
            translate("Outlook", "{h} h {m} min").format(h=hours, m=rest)
            if rest
            else translate("Outlook", "{h} h").format(h=hours)
        )
    return translate("Outlook", "{d} days").format(d=round(hours / 24))


def _frames(outlook: Outlook) -> Fact:
    assert outlook.plan is not None
    assert outlook.workload is not None
    work = outlook.workload
    kept = outlook.encoding.animation.kept if outlook.encoding and outlook.encoding.animation else None
    total = len(outlook.plan) if kept is None else len(kept)
    drawn = (
        number(work.drawn)
        if work.is_exact
        else translate("Outlook", "about {n}").format(n=number(work.drawn))
    )
    more = translate("Outlook", "{drawn} are drawn, the others are the clip's own.").format(drawn=drawn)
    if not work.drawn:
        more = translate("Outlook", "None is drawn: choose a higher rate or slow motion.")
    if kept is not None:
        left = number(len(outlook.plan) - total)
        more += " " + translate(
            "Outlook", "{n} find no place in a GIF, which shows 50 a second at most."
        ).format(n=left)
    words = translate("Outlook", "{n} from {source}").format(
        n=number(total), source=number(outlook.source_frames)
    )
    return Fact(label=translate("Outlook", "Frames"), words=words, more=more)


def _rate(outlook: Outlook) -> Fact:
    assert outlook.plan is not None
    before = format_rate(outlook.info.rate)
    if outlook.info.is_vfr:
        before = translate("Outlook", "about {rate}").format(rate=before)
    rate = outlook.plan.rate
    after = format_rate(rate) if rate is not None else translate("Outlook", "variable")
    more = (
        translate("Outlook", "Exactly {rate} frames a second.").format(rate=rate) if rate is not None else ""
    )
    return Fact(
        label=translate("Outlook", "Rate"),
        words=translate("Outlook", "{before} → {after} fps").format(before=before, after=after),
        more=more,
    )


def _length(outlook: Outlook) -> Fact:
    assert outlook.plan is not None
    words = format_time(outlook.plan.duration)
    if outlook.plan.speed != 1:
        slow = format_rate(1 / outlook.plan.speed)
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
    size = format_bytes(encoding.projected_bytes if measured is None else measured)
    limit = encoding.animation.max_bytes if encoding.animation is not None else None
    words = translate("Outlook", "≈ {size}").format(size=size)
    if limit is not None:
        words = translate("Outlook", "at most {size}").format(size=format_bytes(limit))
    if outlook.free_bytes is not None:
        words = translate("Outlook", "{size}, {free} free").format(
            size=words, free=format_bytes(outlook.free_bytes)
        )
    more = [translate("Outlook", "A guess from usual footage; a third or three times as much is possible.")]
    if measured is not None:
        more = [translate("Outlook", "As a few encoded frames from the middle of the clip promise.")]
    working = translate("Outlook", "About {size} of room are asked for while it is made.")
    more.append(working.format(size=format_bytes(encoding.working_bytes)))
    return Fact(label=translate("Outlook", "Size"), words=words, more="\n".join(more))


def _timing(outlook: Outlook) -> Fact:
    assert outlook.plan is not None
    error: Fraction = outlook.plan.largest_timing_error
    if not error:
        return Fact(
            label=translate("Outlook", "Timing"),
            words=translate("Outlook", "every frame exact"),
            more=translate("Outlook", "Each frame shows its very moment."),
        )
    words = translate("Outlook", "≤ {ms} ms off").format(ms=_significant(float(error) * 1000))
    more = translate(
        "Outlook", "The network draws at fixed places; so far is the farthest frame from its own moment."
    )
    return Fact(label=translate("Outlook", "Timing"), words=words, more=more)


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
    words = translate("Outlook", "about {time}").format(time=duration_words(forecast.seconds))
    more = [translate("Outlook", "Measured: {who}.").format(who=speed.device), *speed.notes]
    if speed.gap_s and outlook.workload is not None:
        drawn = outlook.workload.drawn_a_gap / speed.gap_s
        more.append(translate("Outlook", "It draws {n} frames a second here.").format(n=_significant(drawn)))
    extra = _not_counted(outlook)
    if extra:
        words = translate("Outlook", "{time} and more").format(time=words)
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


def number(value: int) -> str:
    """A whole number with the language's separators."""
    return QLocale().toString(value)


def _significant(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
