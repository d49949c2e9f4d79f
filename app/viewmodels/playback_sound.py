"""Sound in step with the pictures: the clock follows what is heard, the sound waits for late pictures."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from app.viewmodels.playback_clock import PlaybackClock

_MOST_NUDGE_S = Fraction(1, 500)
"""Seconds by which the clock is moved towards the sound with each picture, at most."""
_LOST_S = Fraction(1, 8)
"""Further from the sound than this, the sound is started again rather than followed."""
_MOST_STOPS = 4
"""After so many stops, for late pictures or for being lost, it stays silent until playing begins anew."""


class SoundTrack(Protocol):
    """What the player needs of the sound."""

    def play(self, position: Fraction, rate: Fraction) -> None:
        """Begin at a source second, so many source seconds in a second."""

    def stop(self) -> None:
        """Be silent."""

    def position(self) -> Fraction | None:
        """Source second that is heard now; None while nothing is."""


class PlaybackSound:
    """Starts, stops and follows a sound track, or nothing where there is none."""

    def __init__(self, track: SoundTrack | None) -> None:
        self._track = track
        self._is_on = False
        self._stops = 0

    def reset(self) -> None:
        """Playing begins anew."""
        self._stops = 0

    def begin(self, position: Fraction, rate: Fraction) -> None:
        """Be heard, when not heard already; never backwards."""
        if self._track is not None and not self._is_on and rate > 0 and self._stops < _MOST_STOPS:
            self._is_on = True
            self._track.play(position, rate)

    def stop(self) -> None:
        """Be silent."""
        if self._track is not None and self._is_on:
            self._track.stop()
        self._is_on = False

    def stop_for_late_picture(self) -> None:
        """Be silent until pictures come; for good when that happens again and again."""
        if self._is_on:
            self._stops += 1
            self.stop()

    def lead(self, clock: PlaybackClock) -> None:
        """Move the clock towards what is heard."""
        heard = self._track.position() if self._track is not None and self._is_on else None
        if heard is None:
            return
        rate = abs(clock.rate)
        ahead = heard - clock.position
        if abs(ahead) > _LOST_S * max(rate, Fraction(1)):
            self._stops += 1
            self.stop()  # it begins again with the next picture
        else:
            most = _MOST_NUDGE_S * rate
            clock.nudge(min(max(ahead / 8, -most), most))
