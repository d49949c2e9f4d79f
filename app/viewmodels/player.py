"""The one clock of the viewer: position, stepping, playing, loops, and what both sides show at it.

It is one piece: standing, waiting and playing are states of one position, and each call moves between them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction
from math import ceil

from PySide6.QtCore import QObject, Qt, Signal

from app.jobs.background import after
from app.jobs.pictures import PictureLabel, PictureSource
from app.viewmodels.frame_starts import (
    TOGETHER_S,
    current_start,
    next_start,
    previous_start,
    together,
)
from app.viewmodels.playback_clock import PlaybackClock
from app.viewmodels.playback_sound import PlaybackSound, SoundTrack
from app.viewmodels.player_side import SIDES, PlayerSides, SideName, SideState
from flavr_core.frame import Frame
from flavr_core.timing import parse_time_point

SPEEDS = tuple(Fraction(1, 8) * 2**power for power in range(6))
"""1/8 to 4 times the result's true rate."""

_RELATIVE = re.compile(r"^(?P<sign>[+-])(?P<rest>.+)$", re.ASCII)
_GRACE_MS = 150
"""How long the pictures before stay after a jump when the new ones are not there yet."""
_NEAR_S = Fraction(1, 2)
"""At rest, a picture this near may stand in until the one asked for is there."""
_AHEAD_S = 1
"""How far ahead of the clock frames are read, seconds of the wall."""
_LONGEST_TICK_MS = 40
"""The position moves on at least this often while playing, also where frames last long."""
_SOUND_PATIENCE_MS = 40
"""Pictures may be late by this before the sound is stopped to wait for them."""


class LoopMode(StrEnum):
    """What happens at the end of the marked range, or of the clip where none is marked."""

    OFF = "off"
    """Playing goes through the range and ends with the clip."""
    FORWARD = "forward"
    """It begins again."""
    TO_AND_FRO = "to_and_fro"
    """It turns round."""


class Player(QObject):
    """Plays two sides from one clock, in source seconds: seconds on the clock of the clip looked at.

    A picture is never shown for another one: while playing, the clock waits for pictures that are late;
    at rest the ones before stay for a moment, then what is near is shown and said to be so.
    Sources belong to whoever made them; the player only looks at them.
    """

    position_changed = Signal()
    playing_changed = Signal()
    """Playing, waiting, direction or speed changed."""
    sides_changed = Signal()
    """Another source stands on a side."""
    shown_changed = Signal()
    """A side shows another frame, or shows it with another state."""
    loop_changed = Signal()
    """Loop mode, range or marks changed."""
    dropped_changed = Signal()
    """Frames were dropped, or the count began anew."""
    failed = Signal(str)
    """One sentence: why a side has no pictures."""

    def __init__(
        self,
        sound: SoundTrack | None = None,
        parent: QObject | None = None,
        *,
        clock: PlaybackClock | None = None,
    ) -> None:
        super().__init__(parent)
        self._sound = PlaybackSound(sound)
        self._clock = clock or PlaybackClock()
        self._sides = PlayerSides()
        self._position = Fraction(0)
        self._speed = self._usual_speed = Fraction(1)
        self._is_backward = False
        self._until: Fraction | None = None
        self._is_playing = False
        self._is_waiting = False
        self._is_scrubbing = False
        self._rests = ""
        self._is_settled = True
        self._has_begun = False
        self._loop = LoopMode.OFF
        self._range: tuple[Fraction | None, Fraction | None] = (None, None)
        self._marks: tuple[Fraction, ...] = ()
        self._least_interval_s = Fraction(7, 600)
        self.steps_over: SideName | None = None
        """Stepping goes over the frames of this side; None for those of both."""
        self._ticks = after(0, self._on_tick, self)
        self._ticks.setTimerType(Qt.TimerType.PreciseTimer)
        self._grace = after(_GRACE_MS, self._on_grace_over, self)
        self._late = after(_SOUND_PATIENCE_MS, self._on_late, self)

    # What it is.

    @property
    def position(self) -> Fraction:
        """Source seconds that are asked for; what is shown says `shown`."""
        return self._position

    @property
    def is_playing(self) -> bool:
        """Whether it plays, or would if pictures were not late."""
        return self._is_playing

    @property
    def is_waiting(self) -> bool:
        """Whether it stands still for pictures that are not there yet."""
        return self._is_waiting

    @property
    def is_backward(self) -> bool:
        """Whether it plays backwards."""
        return self._is_backward

    @property
    def speed(self) -> Fraction:
        """Times the result's true rate."""
        return self._speed

    @property
    def loop(self) -> LoopMode:
        """What happens at the end of the range."""
        return self._loop

    @property
    def range(self) -> tuple[Fraction | None, Fraction | None]:
        """In and out, source seconds; None where not marked."""
        return self._range

    @property
    def is_over(self) -> bool:
        """Whether the end was reached, so that `toggle` plays from the start again."""
        return bool(self._sides.sources) and not self._is_playing and self._is_at_end(backward=False)

    @property
    def bounds(self) -> tuple[Fraction, Fraction]:
        """Source seconds at which the first frame of any side begins and the last one ends."""
        return self._sides.bounds

    @property
    def pace(self) -> Fraction:
        """Source seconds in one second at speed 1: that of the slowest side."""
        return min((source.pace for source in self._sides.sources), default=Fraction(1))

    @property
    def dropped(self) -> int:
        """Frames that were due while playing and not shown, on the side where they are most."""
        return max(side.dropped for side in self._sides)

    @property
    def due(self) -> int:
        """Frames that were due since playing began, on the side where they are most."""
        return max(side.due for side in self._sides)

    def source(self, side: SideName) -> PictureSource | None:
        """What stands on a side."""
        return self._sides[side].source

    def shown(self, side: SideName) -> PictureLabel | None:
        """Which frame a side shows; None when it shows none."""
        this = self._sides[side]
        if this.source is None or this.index is None:
            return None
        return this.source.label(this.index)

    def picture(self, side: SideName) -> Frame | None:
        """The frame a side shows."""
        return self._sides[side].frame

    def state(self, side: SideName) -> SideState:
        """What a side shows of what was asked for."""
        return self._sides[side].state

    # What is asked of it.

    def set_side(self, side: SideName, source: PictureSource | None) -> None:
        """Put a source on a side; the one before is only looked away from."""
        this = self._sides[side]
        if this.source is source:
            return
        before, this.source = this.source, source
        this.clear()
        sources = self._sides.sources
        if before is not None and before not in sources:
            before.picture_ready.disconnect(self._on_picture_ready)
            before.available_changed.disconnect(self._on_available_changed)
            before.failed.disconnect(self.failed)
            before.want(())
        if source is not None and sources.count(source) == 1:
            source.picture_ready.connect(self._on_picture_ready)
            source.available_changed.connect(self._on_available_changed)
            source.failed.connect(self.failed)
        self.sides_changed.emit()
        self._reset_dropped()
        if self._is_playing:
            self._restart()
        else:
            self._ask()

    def set_range(self, start: Fraction | None, stop: Fraction | None) -> None:
        """The marked range, source seconds; None where not marked."""
        if (start, stop) != self._range:
            self._range = (start, stop)
            self.loop_changed.emit()

    def set_marks(self, marks: tuple[Fraction, ...]) -> None:
        """Places to jump to beside the ends: cuts, source seconds."""
        if marks != self._marks:
            self._marks = marks
            self.loop_changed.emit()

    def set_loop(self, mode: LoopMode) -> None:
        """What happens at the end of the range."""
        if mode is not self._loop:
            self._loop = mode
            self.loop_changed.emit()

    def set_speed(self, speed: Fraction) -> None:
        """Times the result's true rate, 1/8 to 4; playing goes on."""
        self._usual_speed = min(max(speed, SPEEDS[0]), SPEEDS[-1])
        self._change_speed(self._usual_speed)

    def set_refresh_rate(self, rate_hz: float) -> None:
        """What the screen can show a second; frames beyond it are passed over and not called dropped."""
        self._least_interval_s = Fraction(7, 10) / Fraction(max(1.0, rate_hz)).limit_denominator(1000)

    def seek(self, source_time: Fraction) -> None:
        """Go to a source second; playing goes on from there."""
        self._is_scrubbing, self._rests, self._until = False, "", None
        self._go(source_time)

    def scrub(self, source_time: Fraction) -> None:
        """Go to a source second while a handle is dragged: what is near is shown at once; playing rests."""
        if self._is_playing:
            self._rests = "backward" if self._is_backward else "forward"
            self._halt()
        self._is_scrubbing = True
        self._go(source_time)

    def end_scrub(self) -> None:
        """The handle was let go: the exact picture is got, or playing goes on."""
        if not self._is_scrubbing:
            return
        self._is_scrubbing = False
        rested, self._rests = self._rests, ""
        if rested:
            self.play(backward=rested == "backward")
        else:
            self._ask()

    def seek_frame(self, side: SideName, index: int) -> None:
        """Go to a frame of one side, by its number."""
        source = self._sides[side].source
        if source is not None:
            index = min(max(index, 0), len(source.times) - 1)
            self.seek(together(self._sides.sources, source.source_time(index)))

    def step(self, frames: int) -> None:
        """Go so many frames on or back, exactly; stops playing."""
        self.pause()
        sources = self._stepped()
        position = self._position
        for _ in range(abs(frames)):
            found = next_start(sources, position) if frames > 0 else previous_start(sources, position)
            if found is None:
                break
            position = found
        if position != self._position:
            self.seek(together(self._sides.sources, position))

    def jump(self, direction: int) -> None:
        """Go to the next mark, cut or end after (1) or before (-1) the position."""
        places = {*self.bounds, *self._marks, *(place for place in self._range if place is not None)}
        here = current_start(self._sides.sources, self._position)
        if direction > 0:
            found = min((place for place in places if place > self._position), default=None)
        else:
            origin = self._position if here is None else min(here, self._position)
            found = max((place for place in places if place < origin), default=None)
        if found is not None:
            self.seek(found)

    def go_to(self, text: str) -> None:
        """Go to a place as people write it: `12.5`, `1:02.5`, `84f`, and `+10`, `-3f` from here.

        Raises:
            SettingsError: when it is no place, in a sentence.
        """
        relative = _RELATIVE.match(text.strip())
        point = parse_time_point(relative["rest"].strip() if relative else text)
        sign = 0 if relative is None else 1 if relative["sign"] == "+" else -1
        if point.frame is not None and sign:
            self.step(sign * point.frame)
        elif point.frame is not None:
            self.seek_frame("a" if self._sides["a"].source is not None else "b", point.frame)
        else:
            seconds = point.seconds or Fraction(0)
            self.seek(self._position + sign * seconds if sign else self.bounds[0] + seconds)

    def play(self, *, backward: bool = False, until: Fraction | None = None) -> None:
        """Play on; from the other end again where that end was reached, or from outside of a loop's range.

        Args:
            backward: the other way.
            until: source second to stop before, this once; None for the end. A loop goes on through it.
        """
        sources = self._sides.sources
        self._until = until
        if not sources or (self._is_playing and backward is self._is_backward):
            return
        self._is_scrubbing, self._rests = False, ""
        self._is_backward = backward
        start, stop = self._span()
        if not start <= self._position <= stop or self._is_at_end(backward=backward):
            self._position = stop if backward else start
        if not self._is_playing:
            self._reset_dropped()
        self._is_playing = True
        self._sound.reset()
        self._restart()
        self.playing_changed.emit()

    def pause(self) -> None:
        """Stand still, where the frame that is shown begins."""
        self._rests = ""
        if not self._is_playing:
            return
        here = current_start(self._sides.sources, self._position)
        self._position = self._position if here is None else here
        self._halt()
        self._ask()
        self.position_changed.emit()

    def toggle(self) -> None:
        """Play or pause: Space, K and the button. At the end it plays from the start again."""
        if self._is_playing:
            self.pause()
        else:
            self.play()

    def shuttle(self, direction: int) -> None:
        """L (1) and J (-1): begin to play that way; again for faster, against it for slower.

        They never jump: where there is nothing more that way they do nothing. Only `toggle` begins again.
        """
        if not self._is_playing:
            if self._loop is not LoopMode.OFF or not self._is_at_end(backward=direction < 0):
                self.play(backward=direction < 0)
            return
        factor = Fraction(2) if (direction < 0) is self._is_backward else Fraction(1, 2)
        self._change_speed(min(max(self._speed * factor, SPEEDS[0]), SPEEDS[-1]))

    def close(self) -> None:
        """Stop, and look away from both sides."""
        self._halt()
        self._grace.stop()
        for name in SIDES:
            self.set_side(name, None)

    # How it is done: at rest.

    def _stepped(self) -> list[PictureSource]:
        """The sources whose frames are stepped over."""
        source = self._sides[self.steps_over].source if self.steps_over is not None else None
        return self._sides.sources if source is None else [source]

    def _change_speed(self, speed: Fraction) -> None:
        if speed != self._speed:
            self._speed = speed
            if self._is_playing:
                self._restart()
            self.playing_changed.emit()

    def _clamped(self, position: Fraction) -> Fraction:
        start, end = self.bounds
        return min(max(position, start), end)

    def _go(self, source_time: Fraction) -> None:
        position = self._clamped(source_time)
        has_moved = position != self._position
        self._position = position
        if self._is_playing:
            self._restart()
        elif has_moved or not self._is_scrubbing:
            self._ask()
        if has_moved:
            self.position_changed.emit()

    def _ask(self) -> None:
        """Have the pictures of the position got, and show them when they are there."""
        self._sides.want(self._position, alone=self._is_scrubbing)
        if self._is_settled and not self._is_scrubbing:
            self._grace.start()  # from the first of many steps on, or a held key would show nothing
        self._is_settled = False
        self._settle()

    def _settle(self) -> None:
        changed = self._sides.present(self._position)
        if changed is not None:
            self._is_settled = True
            self._grace.stop()
        elif self._is_scrubbing:
            changed = self._sides.stand_in(self._position, None)
        elif not self._grace.isActive():
            changed = self._sides.stand_in(self._position, _NEAR_S)
        if changed:
            self.shown_changed.emit()

    def _on_grace_over(self) -> None:
        if not self._is_playing and not self._is_settled:
            self._settle()

    def _on_picture_ready(self) -> None:
        if self._is_playing:
            if not self._clock.is_running:
                self._advance(self._position)
        elif not self._is_settled:
            self._settle()

    def _on_available_changed(self) -> None:
        if self._is_playing:
            self._on_picture_ready()
        else:
            self._ask()

    # How it is done: playing.

    def _span(self) -> tuple[Fraction, Fraction]:
        """Where playing begins and ends: the clip, or the marked range when it loops."""
        first, last = self.bounds
        if self._loop is LoopMode.OFF:
            return first, last if self._until is None else min(self._until, last)
        start, stop = self._range
        start = first if start is None else max(first, start)
        stop = last if stop is None else min(last, stop)
        return (start, stop) if start < stop else (first, last)

    def _is_at_end(self, *, backward: bool) -> bool:
        start, stop = self._span()
        return self._position <= start if backward else self._position >= stop

    def _reset_dropped(self) -> None:
        for side in self._sides:
            side.reset_count()
        self.dropped_changed.emit()

    def _restart(self) -> None:
        """Play on from the position, with rate, direction and sound as they are to be now."""
        self._ticks.stop()
        self._grace.stop()
        self._late.stop()
        self._sound.stop()
        self._clock.hold()
        self._has_begun = False
        rate = self.pace * self._speed
        self._clock.rate = -rate if self._is_backward else rate
        self._clock.set(self._position)
        for side in self._sides:
            side.begin_count(self._least_interval_s * rate)
        if self._sides.sources:
            self._advance(self._position)
        else:
            self._halt()

    def _halt(self) -> None:
        """Stop playing where it is."""
        self._ticks.stop()
        self._late.stop()
        self._sound.stop()
        self._clock.hold()
        self._until = None
        if self._is_playing:
            self._is_playing = self._is_waiting = False
            self._speed = self._usual_speed
            self.playing_changed.emit()

    def _on_tick(self) -> None:
        self._sound.lead(self._clock)
        position = self._clock.position
        start, stop = self._span()
        is_over = position <= start if self._is_backward else position >= stop
        if not is_over:
            self._advance(position)
        elif self._loop is LoopMode.OFF:
            self._position = start if self._is_backward else stop
            if not self._is_backward and stop < self.bounds[1]:  # the frame that begins there is not wanted
                self._position = current_start(self._sides.sources, stop - TOGETHER_S) or stop
            self._halt()
            self._ask()
            self.position_changed.emit()
        else:
            self._turn(position, start, stop)

    def _turn(self, position: Fraction, start: Fraction, stop: Fraction) -> None:
        """Begin the range again, or go through it the other way; without losing time."""
        sources = self._sides.sources
        over = (start - position if self._is_backward else position - stop) % (stop - start)
        if self._loop is LoopMode.FORWARD:
            position = stop - over if self._is_backward else start + over
        elif self._is_backward:  # the frame at the turn is not shown twice
            position = min((next_start(sources, start) or start) + over, stop)
        else:
            position = max((current_start(sources, stop - TOGETHER_S) or stop) - over, start)
        if self._loop is LoopMode.TO_AND_FRO:
            self._is_backward = not self._is_backward
            self.playing_changed.emit()
        self._position = position
        self._restart()

    def _advance(self, position: Fraction) -> None:
        """Show what is due, or hold the clock until it is there."""
        self._position = position
        self._read_ahead()
        changed = self._sides.present(position)
        if changed is None:
            self._clock.hold()
            self._clock.set(position)
            if not self._is_waiting and not self._late.isActive():
                self._late.start()
        else:
            self._go_on()
        if changed:
            self.shown_changed.emit()
        self.position_changed.emit()

    def _go_on(self) -> None:
        """What is due is shown: let the clock run and come back for the next."""
        self._has_begun = True
        self._late.stop()
        dropped = self.dropped
        for side in self._sides:
            side.count()
        if self.dropped != dropped:
            self.dropped_changed.emit()
        self._clock.run()
        self._sound.begin(self._position, self._clock.rate)
        if self._is_waiting:
            self._is_waiting = False
            self.playing_changed.emit()
        self._schedule()

    def _schedule(self) -> None:
        """Come back when the next frame of a side is due, as far as the screen can show it."""
        sources, position = self._sides.sources, self._position
        rate = abs(self._clock.rate)
        least = self._least_interval_s * rate
        here = current_start(sources, position)
        here = position if here is None else here
        start, stop = self._span()
        if self._is_backward:
            ahead = self._clock.position - max(min(here, position - least), start)
        else:
            due = next_start(sources, max(position, here + least))
            ahead = (stop if due is None else min(due, stop)) - self._clock.position
        self._ticks.start(min(max(ceil(ahead / rate * 1000), 1), _LONGEST_TICK_MS))

    def _read_ahead(self) -> None:
        """Have the frames got that are due within a second, also beyond the turn of a loop."""
        start, stop = self._span()
        reach = _AHEAD_S * abs(self._clock.rate)
        if self._is_backward:
            end, again = max(self._position - reach, start), stop
            beyond = max(again - (reach - (self._position - end)), start)
        else:
            end, again = min(self._position + reach, stop), start
            beyond = min(again + (reach - (end - self._position)), stop)
        path = [(self._position, end)]
        if self._loop is LoopMode.FORWARD and beyond != again:
            path.append((again, beyond))
        self._sides.read_ahead(path)

    def _on_late(self) -> None:
        """Pictures keep everyone waiting: say so, and do not let the sound run away."""
        if self._is_playing and not self._clock.is_running:
            self._sound.stop_for_late_picture()
            self._is_waiting = True
            # In the middle of playing the last pair stays; a place that was jumped to shows what there is.
            if not self._has_begun and self._sides.stand_in(self._position, _NEAR_S):
                self.shown_changed.emit()
            self.playing_changed.emit()
