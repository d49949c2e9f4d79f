"""Rational time: frame rates, timestamps and the ways people write them.

Time is a `Fraction` of seconds everywhere; no float ever decides where a frame goes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction

from flavr_core.errors import SettingsError

_NUMBER = re.compile(r"^\d{1,15}(?:\.\d{0,15}|/\d{1,15})?$|^\.\d{1,15}$", re.ASCII)
_COMMA = re.compile(r"^[^,]*\d,\d[^,]*$")
_TIMECODE = re.compile(r"^(?:(?P<h>\d{1,6}):)?(?P<m>\d{1,2}):(?P<s>\d{1,2}(?:\.\d{1,15})?)$", re.ASCII)
_SECONDS = re.compile(r"^(?P<s>\d{1,12}(?:\.\d{1,15})?)s?$", re.ASCII)
_FRAME = re.compile(r"^(?P<n>\d{1,12})f$", re.ASCII)


def parse_fraction(text: str) -> Fraction:
    """A positive number written `60`, `59.94`, `2.5` or `60000/1001`, exactly.

    Raises:
        SettingsError: when the text is no positive number.
    """
    stripped = text.strip()
    try:
        # Fraction itself would also take 1e999999999, and never come back.
        value = Fraction(stripped if _NUMBER.match(stripped) else "nan")
    except (ValueError, ZeroDivisionError):
        raise SettingsError(
            f"'{text}' is not a number above zero.", number_hint(text, "Write it as 60, 2.5 or 60000/1001.")
        ) from None
    if value <= 0:
        raise SettingsError(f"'{text}' is not a number above zero.", "Write it as 60, 2.5 or 60000/1001.")
    return value


def number_hint(text: str, usual: str) -> str:
    """What to say of a number that cannot be read: that it has a comma, or else what is usual."""
    if _COMMA.search(text):
        return f"Write a point, not a comma: {text.strip().replace(',', '.')}."
    return usual


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePoint:
    """A place in a clip as the user gave it: seconds from the clip's start, or a frame number."""

    seconds: Fraction | None = None
    """Seconds from the first frame; None when a frame number is given."""
    frame: int | None = None
    """Source frame number from 0; None when seconds are given."""

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.frame is None):
            raise ValueError("give either seconds or frame")

    def __str__(self) -> str:
        return f"{self.frame}f" if self.frame is not None else f"{float(self.seconds or 0):g}s"


def parse_time_point(text: str) -> TimePoint:
    """Seconds (`12.5`, `12.5s`), a timecode (`1:02.5`, `0:01:02.5`) or a frame (`84f`).

    Raises:
        SettingsError: when the text is none of these.
    """
    stripped = text.strip()
    if match := _FRAME.match(stripped):
        return TimePoint(frame=int(match["n"]))
    if match := _SECONDS.match(stripped):
        return TimePoint(seconds=Fraction(match["s"]))
    if match := _TIMECODE.match(stripped):
        hours, minutes = int(match["h"] or 0), int(match["m"])
        return TimePoint(seconds=hours * 3600 + minutes * 60 + Fraction(match["s"]))
    raise SettingsError(
        f"'{text}' is not a time.",
        number_hint(text, "Write seconds (12.5), a timecode (1:02.5) or a frame number (84f)."),
    )


def format_time(seconds: Fraction | float) -> str:
    """Seconds as `h:mm:ss.mmm`, rounded to the millisecond; a leading minus where negative."""
    total_ms = round(abs(Fraction(seconds)) * 1000)
    minutes, ms = divmod(total_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 else ""
    return f"{sign}{hours}:{minutes:02d}:{ms // 1000:02d}.{ms % 1000:03d}"


def format_rate(rate: Fraction) -> str:
    """A rate for people: `30`, `29.97`, `59.94`, `12.5`."""
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTimes:
    """The presentation times of all frames of a clip, in order: integers in one time base.

    Strictly rising; known for the whole clip before the first frame is decoded.
    """

    pts: tuple[int, ...]
    """Presentation time of each frame in units of `time_base`; strictly rising, not empty."""
    time_base: Fraction
    """Seconds a unit."""
    end_pts: int
    """Where the last frame stops being shown; > pts[-1]."""

    def __post_init__(self) -> None:
        if not self.pts:
            raise ValueError("no frames")
        if self.end_pts <= self.pts[-1]:
            raise ValueError("the last frame has no duration")

    def __len__(self) -> int:
        return len(self.pts)

    def time(self, index: int) -> Fraction:
        """Seconds at which frame `index` appears; index == len(self) gives the end."""
        return (self.end_pts if index == len(self.pts) else self.pts[index]) * self.time_base

    @property
    def start(self) -> Fraction:
        """Seconds at which the first frame appears."""
        return self.pts[0] * self.time_base

    @property
    def end(self) -> Fraction:
        """Seconds at which the last frame ends."""
        return self.end_pts * self.time_base

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's appearance to the last one's end."""
        return (self.end_pts - self.pts[0]) * self.time_base

    def index_at(self, seconds: Fraction) -> int:
        """The frame shown at `seconds`; before the first frame 0, after the end the last."""
        index = bisect_right(self.pts, seconds / self.time_base) - 1
        return max(index, 0)
