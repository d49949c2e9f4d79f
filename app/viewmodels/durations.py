"""How long something takes, in words that do not pretend to know it to the second."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def duration_words(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `25 min`, `2 h 5 min`, `3 days`."""
    translate = QCoreApplication.translate
    whole = max(0, round(seconds))
    if whole < 60:
        return translate("Durations", "{s} s").format(s=max(1, whole) if seconds > 0 else 0)
    if whole < 600:
        return translate("Durations", "{min} min {s} s").format(min=whole // 60, s=whole % 60)
    minutes = round(whole / 60)
    if minutes < 60:
        return translate("Durations", "{min} min").format(min=minutes)
    if minutes < 48 * 60:
        return translate("Durations", "{h} h {min} min").format(h=minutes // 60, min=minutes % 60)
    return translate("Durations", "{days} days").format(days=round(minutes / 1440))
