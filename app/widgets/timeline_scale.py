"""Where a time lies on the timeline, what part of the clip is seen, and where its ruler has ticks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from flavr_core.timing import FrameTimes

MARGIN_PX = 12
"""Free room on both sides, for handles at the clip's ends."""
FEWEST_FRAMES = 4
"""Frames that are seen at the highest zoom."""
FRAME_TICKS_PX = 8
"""Frames as wide as this have ticks of their own."""

_MICRO = 1_000_000
_WIDE_FRAME_PX, _STICKY_PX = 24, 5
"""Where frames are as wide as the first, clicks nearer than the second to a frame's begin go there."""
_STEPS_S = tuple(
    Fraction(text)
    for text in [
        "1/100",
        "1/50",
        "1/20",
        "1/10",
        "1/5",
        "1/2",
        "1",
        "2",
        "5",
        "10",
        "15",
        "30",
        "60",
        "120",
        "300",
        "600",
        "900",
        "1800",
        "3600",
        "7200",
        "14400",
        "43200",
    ]
)
_FRAME_STEPS = (1, 2, 5, 10, 20, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line of the ruler."""

    x: float
    """Place, in device-independent pixels."""
    time: Fraction
    """Seconds from the clip's start."""
    frame: int | None = None
    """The frame that begins here, where the ruler counts frames."""
    is_major: bool = False
    """Whether it has a label."""


class TimeScale:
    """Maps times to places, for a clip and the part of it that is seen.

    Times are exact; places are floats, for painting and for the mouse.
    """

    def __init__(self) -> None:
        self.times: FrameTimes | None = None
        self.start = Fraction(0)
        """Time at the left end of the view."""
        self.span = Fraction(1)
        """Seconds that are seen."""
        self.width_px = 1.0
        """Pixels between the margins."""

    def set_times(self, times: FrameTimes | None) -> None:
        """Another clip, all of it seen."""
        self.times = times
        self.fit()

    def set_width(self, width_px: int) -> None:
        """The widget's width."""
        self.width_px = float(max(1, width_px - 2 * MARGIN_PX))

    def fit(self) -> None:
        """See the whole clip."""
        if self.times is not None:
            self.start, self.span = self.times.start, self.times.duration

    def fit_to(self, start: Fraction, stop: Fraction) -> None:
        """See a stretch, with some room around it."""
        room = (stop - start) / 20
        self._see(start - room, stop - start + 2 * room)

    @property
    def is_fit(self) -> bool:
        """Whether the whole clip is seen."""
        return self.times is None or self.span >= self.times.duration

    @property
    def stop(self) -> Fraction:
        """Time at the right end of the view."""
        return self.start + self.span

    @property
    def px_per_s(self) -> float:
        """Pixels a second."""
        return self.width_px / float(self.span)

    @property
    def frame_s(self) -> Fraction:
        """Seconds between frames, on average."""
        return self.times.duration / len(self.times) if self.times is not None else Fraction(1, 24)

    @property
    def frame_px(self) -> float:
        """Pixels a frame, on average."""
        return float(self.frame_s) * self.px_per_s

    def x(self, time: Fraction) -> float:
        """The place of a time."""
        return MARGIN_PX + float(time - self.start) * self.px_per_s

    def time_at(self, x: float) -> Fraction:
        """The time at a place, to the microsecond, within the clip."""
        part = Fraction(round((x - MARGIN_PX) * 64), round(self.width_px * 64))
        time = Fraction(round((self.start + part * self.span) * _MICRO), _MICRO)
        return self.clamped(time)

    def snap(self, time: Fraction) -> Fraction:
        """The nearest time at which a frame begins, or the clip's end."""
        if self.times is None:
            return time
        frame = self.times.index_at(time)
        before, after = self.times.time(frame), self.times.time(frame + 1)
        return after if after - time < time - before else before

    def seek_place(self, x: float) -> Fraction:
        """Where a click goes: the frame under it; between frames too where they are wide."""
        time = self.time_at(x)
        if self.times is None:
            return time
        if self.frame_px < _WIDE_FRAME_PX:
            return self.times.time(self.times.index_at(time))
        near = self.snap(time)
        return near if near < self.times.end and abs(self.x(near) - x) <= _STICKY_PX else time

    def clamped(self, time: Fraction) -> Fraction:
        """The nearest time within the clip."""
        return min(max(time, self.times.start), self.times.end) if self.times is not None else time

    def zoom(self, factor: float, *, at: float) -> None:
        """See less (factor > 1) or more, with the time at place `at` staying there."""
        if self.times is None:
            return
        part = min(max((at - MARGIN_PX) / self.width_px, 0.0), 1.0)
        fixed = self.start + Fraction(part) * self.span
        least = min(self.frame_s * FEWEST_FRAMES, self.times.duration)
        span = max(Fraction(round(float(self.span) / factor * _MICRO), _MICRO), least)
        self._see(fixed - Fraction(part) * span, span)

    def pan(self, seconds: Fraction) -> None:
        """See what lies so much later."""
        self._see(self.start + seconds, self.span)

    def see_from(self, start: Fraction) -> None:
        """See what begins at a time."""
        self._see(start, self.span)

    def show(self, time: Fraction) -> bool:
        """Move the view so that a time is seen; returns whether it had to be moved."""
        if self.times is None or self.start <= time <= self.stop:
            return False
        self._see(time - self.span / 10 if time > self.stop else time - self.span * 9 / 10, self.span)
        return True

    def _see(self, start: Fraction, span: Fraction) -> None:
        if self.times is None:
            return
        self.span = min(span, self.times.duration)
        start = min(max(start, self.times.start), self.times.end - self.span)
        # Rounded, because exact fractions would grow with every step of the wheel.
        rounded = Fraction(round(start * _MICRO), _MICRO)
        self.start = min(max(rounded, self.times.start), self.times.end - self.span)

    def ticks(self, left: float, right: float, *, label_px: float) -> list[Tick]:
        """The ruler's ticks between two places.

        Args:
            left: the first place of interest.
            right: the last one.
            label_px: room that a label needs.
        """
        if self.times is None:
            return []
        if self.frame_px >= FRAME_TICKS_PX:
            return self._frame_ticks(left, right, label_px)
        return self._second_ticks(left, right, label_px)

    def label_step(self, label_px: float) -> Fraction:
        """Seconds between labels, so that each has the room it needs."""
        return next((step for step in _STEPS_S if float(step) * self.px_per_s >= label_px), _STEPS_S[-1])

    def _second_ticks(self, left: float, right: float, label_px: float) -> list[Tick]:
        assert self.times is not None
        major = self.label_step(label_px)
        parts = next((n for n in (10, 5, 4, 2) if float(major) / n * self.px_per_s >= FRAME_TICKS_PX), 1)
        minor = major / parts
        origin = self.times.start
        first = max(0, floor((self.time_at(left) - origin) / minor))
        last = ceil((self.time_at(right) - origin) / minor)
        last = min(last, floor(self.times.duration / minor))
        begin, apart_px = self.x(origin), float(minor) * self.px_per_s
        return [
            Tick(x=begin + number * apart_px, time=number * minor, is_major=number % parts == 0)
            for number in range(first, last + 1)
        ]

    def _frame_ticks(self, left: float, right: float, label_px: float) -> list[Tick]:
        assert self.times is not None
        fitting = (n for n in _FRAME_STEPS if n * self.frame_px >= label_px)
        step = next(fitting, _FRAME_STEPS[-1])
        first = self.times.index_at(self.time_at(left))
        last = self.times.index_at(self.time_at(right)) + 1
        ticks = []
        for frame in range(first, min(last, len(self.times)) + 1):
            time = self.times.time(frame)
            is_major = frame % step == 0 and frame < len(self.times)
            ticks.append(Tick(x=self.x(time), time=time - self.times.start, frame=frame, is_major=is_major))
        return ticks


def ruler_text(time: Fraction, step: Fraction) -> str:
    """A time for the ruler, as precise as its step asks for: `1:02:03`, `0:42`, `0:42.5`."""
    decimals = 0 if step >= 1 else 1 if step >= Fraction(1, 10) else 2 if step >= Fraction(1, 100) else 3
    units = round(time * 10**decimals)
    whole, part = divmod(units, 10**decimals)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{text}.{part:0{decimals}d}" if decimals else text
