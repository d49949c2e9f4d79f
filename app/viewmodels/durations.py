"""How long something takes, in words that do not pretend to know it better than it is known."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def duration_words(seconds: float) -> str:
    """A time that was measured: `8 s`, `3 min 20 s`, `25 min`, `2 h 5 min`, `3 days`."""
    whole = round(seconds)
    if seconds < 1:
        return translate("Durations", "less than a second")
    if whole < 60:
        return translate("Durations", "{s} s").format(s=whole)
    if whole < 600:
        minutes, rest = divmod(whole, 60)
        words = translate("Durations", "{min} min {s} s") if rest else translate("Durations", "{min} min")
        return words.format(min=minutes, s=rest)
    if round(whole / 60) < 48 * 60:
        return _hours(round(whole / 60))
    return translate("Durations", "{days} days").format(days=round(whole / 86400))


def about_words(seconds: float) -> str:
    """A time that is foreseen: `about 8 s`, `about 2 min 10 s`; below a second, that it is less."""
    if seconds < 1:
        return duration_words(seconds)
    return translate("Durations", "about {time}").format(time=duration_words(_roughly(seconds)))


def at_least_words(seconds: float) -> str:
    """A time that is foreseen without all of it: `at least 8 s`; below a second, a second."""
    return translate("Durations", "at least {time}").format(time=duration_words(_roughly(max(1.0, seconds))))


def _roughly(seconds: float) -> float:
    """Minutes to ten seconds: nobody foresees them better."""
    return seconds if seconds < 59.5 else round(seconds / 10) * 10


def _hours(minutes: int) -> str:
    if minutes < 60:
        return translate("Durations", "{min} min").format(min=minutes)
    hours, rest = divmod(minutes, 60)
    words = translate("Durations", "{h} h {min} min") if rest else translate("Durations", "{h} h")
    return words.format(h=hours, min=rest)
