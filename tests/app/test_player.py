"""The clock: exact steps over both sides, late pictures waited for, loops, drops counted, sound followed.

One piece, as the player is: every test drives the same states of one position with the same sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.jobs.pictures import PictureSource
from app.viewmodels.playback_clock import PlaybackClock
from app.viewmodels.player import SPEEDS, LoopMode, Player
from app.viewmodels.player_side import SideState
from flavr_core.color import ColorSpec
from flavr_core.errors import SettingsError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.timing import FrameTimes

F = Fraction


class Pictures(PictureSource):
    """A side under the test's control: which frames are there, and whether others are coming."""

    def __init__(
        self,
        count: int,
        rate: Fraction | int = 25,
        *,
        start: Fraction | int = 0,
        speed: Fraction | int = 1,
        there: bool = True,
        late_by: Fraction | int = 0,
    ) -> None:
        super().__init__()
        self._times = FrameTimes(pts=tuple(range(count)), time_base=1 / F(rate), end_pts=count)
        self._start, self._speed, self._late_by = F(start), F(speed), F(late_by)
        self.there = set(range(count)) if there else set()
        self.coming = True
        self.wanted: list[int] = []
        self._frames: dict[int, Frame] = {}

    @property
    def title(self) -> str:
        return "Pictures"

    @property
    def times(self) -> FrameTimes:
        return self._times

    @property
    def pace(self) -> Fraction:
        return self._speed

    def source_time(self, index: int) -> Fraction:
        return self._start + self._times.time(index) * self._speed + (self._late_by if index % 2 else 0)

    def index_at(self, source_time: Fraction) -> int:
        index = self._times.index_at((source_time - self._start) / self._speed)
        return index - 1 if index and self.source_time(index) > source_time else index

    def picture(self, index: int) -> Frame | None:
        if index not in self.there:
            return None
        plane = np.full((2, 2), index % 256, np.uint8)
        frame = Frame(
            planes=(plane,),
            format=PixelFormat(family=PixelFamily.GRAY),
            color=ColorSpec(),
            time=self._times.time(index),
            index=index,
        )
        return self._frames.setdefault(index, frame)

    def is_coming(self, index: int) -> bool:
        return self.coming

    def nearest(self, index: int) -> int | None:
        return min(self.there, key=lambda one: abs(one - index), default=None)

    def want(self, indices: Sequence[int]) -> None:
        self.wanted = list(indices)

    def bring(self, *indices: int) -> None:
        """Have frames arrive."""
        for index in indices:
            self.there.add(index)
            self.picture_ready.emit(index)

    def close(self) -> None:
        pass


class Track:
    """A sound track that notes what it is told."""

    def __init__(self) -> None:
        self.said: list[object] = []
        self.heard: Fraction | None = None

    def play(self, position: Fraction, rate: Fraction) -> None:
        self.said.append(("play", position, rate))

    def stop(self) -> None:
        self.said.append("stop")

    def position(self) -> Fraction | None:
        return self.heard


class Wall:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns

    def pass_by(self, seconds: Fraction | float) -> None:
        self.ns += ceil(seconds * 1_000_000_000)


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def track() -> Track:
    return Track()


@pytest.fixture
def player(qtbot: QtBot, wall: Wall, track: Track) -> Iterator[Player]:
    player = Player(track, clock=PlaybackClock(wall))
    yield player
    player.close()


@pytest.fixture
def let(qtbot: QtBot, wall: Wall, player: Player) -> Callable[[Fraction | float], None]:
    """`let(seconds)`: let the wall's time pass and the player notice."""

    def pass_by(seconds: Fraction | float) -> None:
        wall.pass_by(seconds)
        with qtbot.waitSignal(player.position_changed, timeout=60_000):
            pass

    return pass_by


def index(player: Player, side: str = "a") -> int | None:
    shown = player.shown(side)  # type: ignore[arg-type]
    return None if shown is None else shown.index


def test_steps_go_over_the_frames_of_both_sides(player: Player) -> None:
    player.set_side("a", Pictures(10, 25))
    player.set_side("b", Pictures(20, 50))
    seen = []
    for _ in range(4):
        player.step(1)
        seen.append((player.position, index(player, "a"), index(player, "b")))
    assert seen == [(F(1, 50), 0, 1), (F(1, 25), 1, 2), (F(3, 50), 1, 3), (F(2, 25), 2, 4)]
    player.step(-3)
    assert (player.position, index(player, "a"), index(player, "b")) == (F(1, 50), 0, 1)
    player.step(100)
    assert (index(player, "a"), index(player, "b")) == (9, 19)
    player.step(-100)
    assert player.position == 0


def test_steps_can_go_over_one_side_alone(player: Player) -> None:
    player.set_side("a", Pictures(10, 25))
    player.set_side("b", Pictures(20, 50))
    player.steps_over = "a"
    player.step(1)
    assert (player.position, index(player, "b")) == (F(1, 25), 2)


def test_frames_that_begin_together_but_for_rounding_are_one_step(player: Player) -> None:
    player.set_side("a", Pictures(10, 25))
    player.set_side("b", Pictures(10, 25, late_by=F(1, 2000)))
    for number in range(1, 10):
        player.step(1)
        assert (index(player, "a"), index(player, "b")) == (number, number)
    for number in range(8, -1, -1):
        player.step(-1)
        assert (index(player, "a"), index(player, "b")) == (number, number)


def test_a_step_from_the_middle_of_a_frame(player: Player) -> None:
    player.set_side("a", Pictures(10, 25))
    player.seek(F(5, 50))
    assert index(player) == 2
    player.step(-1)
    assert player.position == F(1, 25)


def test_neither_side_is_shown_ahead_of_the_other(player: Player, qtbot: QtBot) -> None:
    a, b = Pictures(10), Pictures(10, there=False)
    b.there = {0}
    player.set_side("a", a)
    player.set_side("b", b)
    assert (index(player, "a"), index(player, "b")) == (0, 0)
    player.seek(F(1, 5))
    assert (index(player, "a"), index(player, "b")) == (0, 0)
    b.bring(5)
    assert (index(player, "a"), index(player, "b")) == (5, 5)
    assert player.state("b") is SideState.EXACT


def test_after_a_moment_what_is_near_stands_in_and_says_so(player: Player, qtbot: QtBot) -> None:
    a = Pictures(100, there=False)
    a.there = {0, 47}
    player.set_side("a", a)
    player.seek(F(2))
    assert index(player) == 0
    qtbot.waitUntil(lambda: player.state("a") is SideState.NEAR)
    assert index(player) == 47
    a.bring(50)
    assert (index(player), player.state("a")) == (50, SideState.EXACT)
    player.seek(F(3))
    qtbot.waitUntil(lambda: player.state("a") is SideState.WAITING)
    assert player.picture("a") is None


def test_a_held_key_shows_what_there_is_on_the_way(player: Player, qtbot: QtBot) -> None:
    a = Pictures(200, there=False)
    a.there = {0}
    player.set_side("a", a)
    seen = set()
    for number in range(1, 60):
        player.step(1)
        qtbot.wait(10)
        if number % 10 == 5:
            a.bring(number - 3)
        seen.add(index(player))
    assert len(seen) > 2


def test_what_nobody_renders_is_missing_at_once(player: Player) -> None:
    a, b = Pictures(10), Pictures(10, there=False)
    b.coming = False
    player.set_side("a", a)
    player.set_side("b", b)
    player.seek(F(1, 5))
    assert (index(player, "a"), player.state("b")) == (5, SideState.MISSING)
    b.coming = True
    b.there.add(5)
    b.available_changed.emit()
    assert index(player, "b") == 5


def test_scrubbing_shows_what_is_near_at_once(player: Player) -> None:
    a = Pictures(100, there=False)
    a.there = {0, 40}
    player.set_side("a", a)
    player.scrub(F(2))
    assert (index(player), player.state("a"), player.position) == (40, SideState.NEAR, F(2))
    assert a.wanted == [50]
    a.bring(45)
    assert index(player) == 45
    player.end_scrub()
    assert a.wanted[0] == 50
    a.bring(50)
    assert (index(player), player.state("a")) == (50, SideState.EXACT)


def test_playing_rests_while_a_handle_is_dragged(player: Player, track: Track) -> None:
    player.set_side("a", Pictures(100, 25))
    player.play(backward=False)
    for tenth in range(10):
        player.scrub(F(tenth, 10))
        assert not player.is_playing
    assert track.said == [("play", F(0), F(1)), "stop"]
    player.end_scrub()
    assert player.is_playing
    assert track.said[-1] == ("play", F(9, 10), F(1))
    player.scrub(F(1))
    player.seek(F(2))
    player.end_scrub()
    assert not player.is_playing


def test_outside_of_a_trimmed_result_nothing_is_shown(player: Player) -> None:
    player.set_side("a", Pictures(100, 25))
    player.set_side("b", Pictures(50, 50, start=F(1)))
    assert player.state("b") is SideState.OUTSIDE
    player.seek(F(3, 2))
    assert (index(player, "a"), index(player, "b")) == (37, 25)
    player.seek(F(3))
    assert (player.state("b"), player.picture("b")) == (SideState.OUTSIDE, None)
    player.seek(F(99))
    assert (player.position, index(player, "a")) == (F(4), 99)


def test_playing_shows_every_frame_in_its_time(player: Player, let: Callable[[Fraction], None]) -> None:
    player.set_side("a", Pictures(10, 25))
    player.play()
    seen = [index(player)]
    for _ in range(8):
        let(F(1, 25))
        seen.append(index(player))
    assert seen == list(range(9))
    assert (player.dropped, player.due) == (0, 8)
    let(F(1))
    assert not player.is_playing
    assert (player.position, index(player)) == (F(10, 25), 9)
    player.play()  # from the start again
    assert index(player) == 0


def test_playing_until_a_place_shows_nothing_of_what_follows(
    player: Player, let: Callable[[Fraction], None]
) -> None:
    player.set_side("a", Pictures(100, 25))
    player.seek(F(1))
    player.play(until=F(2))
    let(F(3, 2))
    assert not player.is_playing
    assert (player.position, index(player), player.is_over) == (F(49, 25), 49, False)
    player.play()  # this once
    let(F(1, 2))
    assert player.is_playing
    player.play(until=F(99))
    let(F(9))
    assert player.is_over


def test_pausing_stands_where_the_frame_begins(player: Player, let: Callable[[Fraction], None]) -> None:
    player.set_side("a", Pictures(10, 25))
    player.play()
    let(F(1, 10))
    player.pause()
    assert (player.position, index(player), player.is_playing) == (F(2, 25), 2, False)


def test_frames_that_were_missed_are_counted(player: Player, let: Callable[[Fraction], None]) -> None:
    player.set_side("a", Pictures(50, 25))
    player.set_side("b", Pictures(100, 50))
    player.play()
    let(F(1, 50))
    assert player.dropped == 0
    let(F(5, 50))
    assert (player.dropped, player.due) == (4, 6)
    player.pause()
    player.play()
    assert player.dropped == 0


def test_frames_that_the_screen_cannot_show_are_not_dropped(
    player: Player, let: Callable[[Fraction], None]
) -> None:
    player.set_side("a", Pictures(400, 60))
    player.set_refresh_rate(60)
    player.set_speed(F(4))
    player.play()
    for _ in range(10):
        let(F(1, 60))
    assert index(player) == 40
    assert player.dropped == 0


def test_the_clock_waits_for_late_pictures(
    player: Player, let: Callable[[Fraction], None], qtbot: QtBot, wall: Wall, track: Track
) -> None:
    a, b = Pictures(50, 25), Pictures(50, 25, there=False)
    b.there = {0, 1}
    player.set_side("a", a)
    player.set_side("b", b)
    player.play()
    let(F(1, 25))
    let(F(1, 25))
    assert (index(player, "a"), index(player, "b"), player.position) == (1, 1, F(2, 25))
    qtbot.waitUntil(lambda: player.is_waiting)
    assert track.said[-1] == "stop"
    wall.pass_by(3)
    b.bring(2)
    assert (index(player, "a"), index(player, "b"), player.is_waiting) == (2, 2, False)
    assert player.position == F(2, 25)
    assert player.dropped == 0
    assert track.said[-1] == ("play", F(2, 25), F(1))


def test_playing_from_where_pictures_are_late_shows_what_there_is(player: Player, qtbot: QtBot) -> None:
    a, b = Pictures(100, 25), Pictures(100, 25, there=False)
    b.there = {0}
    player.set_side("a", a)
    player.set_side("b", b)
    player.seek(F(2))
    player.play()
    assert index(player, "a") == 0
    qtbot.waitUntil(lambda: player.is_waiting)
    assert (index(player, "a"), player.state("b")) == (50, SideState.WAITING)
    b.bring(50)
    assert (index(player, "b"), player.is_waiting) == (50, False)


def test_playing_passes_over_what_is_not_rendered(player: Player, let: Callable[[Fraction], None]) -> None:
    a, b = Pictures(10, 25), Pictures(10, 25, there=False)
    b.there, b.coming = {0, 1, 4}, False
    player.set_side("a", a)
    player.set_side("b", b)
    player.play()
    states = []
    for _ in range(5):
        states.append((index(player, "a"), player.state("b") is SideState.EXACT))
        let(F(1, 25))
    assert states == [(0, True), (1, True), (2, False), (3, False), (4, True)]


def test_a_loop_begins_again_without_losing_time(player: Player, let: Callable[[Fraction], None]) -> None:
    a = Pictures(100, 25)
    player.set_side("a", a)
    player.set_range(F(1), F(2))
    player.set_loop(LoopMode.FORWARD)
    player.seek(F(199, 100))
    player.play()
    assert {49, 25, 26} <= set(a.wanted)
    let(F(3, 100))
    assert player.position == F(102, 100)
    assert index(player) == 25
    assert player.is_playing


def test_a_loop_begins_inside_its_range(player: Player) -> None:
    player.set_side("a", Pictures(100, 25))
    player.set_range(F(1), F(2))
    player.set_loop(LoopMode.FORWARD)
    player.seek(F(3))
    player.play()
    assert player.position == F(1)


def test_to_and_fro_shows_the_turning_frames_once(player: Player, let: Callable[[Fraction], None]) -> None:
    player.set_side("a", Pictures(100, 25))
    player.set_range(F(1), F(29, 25))
    player.set_loop(LoopMode.TO_AND_FRO)
    player.seek(F(1))
    player.play()
    seen = [index(player)]
    let(F(1, 100))  # into the middle of frames, so that no rounding decides
    for _ in range(12):
        let(F(1, 25))
        seen.append(index(player))
    assert seen == [25, 26, 27, 28, 27, 26, 25, 26, 27, 28, 27, 26, 25]


def test_backwards_to_the_start(player: Player, let: Callable[[Fraction], None], track: Track) -> None:
    a = Pictures(10, 25)
    player.set_side("a", a)
    player.seek(F(19, 100))
    player.play(backward=True)
    assert a.wanted == [4, 3, 2, 1, 0]
    seen = [index(player)]
    for _ in range(4):
        let(F(1, 25))
        seen.append(index(player))
    assert seen == [4, 3, 2, 1, 0]
    let(F(1, 25))
    assert not player.is_playing
    assert player.position == 0
    assert track.said == []


def test_a_slowed_result_sets_the_pace(player: Player, let: Callable[[Fraction], None], track: Track) -> None:
    player.set_side("a", Pictures(100, 25))
    player.set_side("b", Pictures(400, 25, speed=F(1, 4)))
    assert player.pace == F(1, 4)
    player.play()
    assert track.said == [("play", F(0), F(1, 4))]
    let(F(1))
    assert player.position == F(1, 4)
    assert (index(player, "a"), index(player, "b")) == (6, 25)


def test_shuttling(player: Player) -> None:
    player.set_side("a", Pictures(1000, 25))
    player.seek(F(20))
    player.shuttle(1)
    assert (player.is_playing, player.is_backward, player.speed) == (True, False, F(1))
    for expected in (2, 4, 4):
        player.shuttle(1)
        assert player.speed == expected
    for expected in (2, 1, F(1, 2), F(1, 4), F(1, 8), F(1, 8)):
        player.shuttle(-1)
        assert (player.speed, player.is_backward) == (expected, False)
    player.toggle()
    assert player.speed == 1  # what keys changed lasts as long as playing does
    player.shuttle(-1)
    assert (player.is_playing, player.is_backward, player.speed) == (True, True, F(1))
    player.shuttle(-1)
    assert player.speed == F(2)
    player.shuttle(1)
    assert player.speed == F(1)
    player.set_speed(F(1, 4))
    player.shuttle(-1)
    player.pause()
    assert player.speed == F(1, 4)
    assert SPEEDS[0] == F(1, 8)
    assert SPEEDS[-1] == F(4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.5", F(3, 2)), ("0:02", F(2)), ("30f", F(6, 5)), ("+1", F(3)), ("-0.5", F(3, 2)), ("+3f", F(53, 25))],
)
def test_going_to_what_is_typed(player: Player, text: str, expected: Fraction) -> None:
    player.set_side("a", Pictures(100, 25))
    player.seek(F(2))
    player.go_to(text)
    assert player.position == expected


@pytest.mark.parametrize("text", ["", "soon", "+", "1,5", "--3"])
def test_what_is_no_time_is_said(player: Player, text: str) -> None:
    player.set_side("a", Pictures(100, 25))
    with pytest.raises(SettingsError):
        player.go_to(text)


def test_jumps(player: Player) -> None:
    player.set_side("a", Pictures(100, 25))
    player.set_range(F(1), F(3))
    player.set_marks((F(2),))
    seen = []
    for _ in range(5):
        player.jump(1)
        seen.append(player.position)
    assert seen == [1, 2, 3, 4, 4]
    for _ in range(4):
        player.jump(-1)
        seen.append(player.position)
    assert seen[5:] == [3, 2, 1, 0]


def test_the_clock_follows_the_sound(player: Player, let: Callable[[Fraction], None], track: Track) -> None:
    player.set_side("a", Pictures(1000, 25))
    player.play()
    for number in range(1, 100):
        track.heard = F(number, 25) + F(3, 100)
        let(F(1, 25))
    assert track.said == [("play", F(0), F(1))]
    assert abs(player.position - track.heard) < F(1, 100)
    assert player.position.denominator < 10**12  # following for hours must not get slower
    track.heard = F(20)  # far off: it is begun again where the pictures are
    let(F(1, 25))
    assert track.said[1] == "stop"
    assert track.said[2] == ("play", player.position, F(1))


def test_sound_that_is_stopped_again_and_again_stays_silent(
    player: Player, let: Callable[[Fraction], None], qtbot: QtBot, track: Track
) -> None:
    a = Pictures(100, 25, there=False)
    a.there = {0}
    player.set_side("a", a)
    player.play()
    for number in range(1, 7):
        let(F(1, 25))
        qtbot.waitUntil(lambda: player.is_waiting)
        a.bring(number)
    assert len([said for said in track.said if said != "stop"]) == 4
    player.pause()
    player.play()
    assert track.said[-1] == ("play", player.position, F(1))


def test_sides_can_change_places(player: Player) -> None:
    a, b = Pictures(10), Pictures(10, there=False)
    player.set_side("a", a)
    player.set_side("b", b)
    player.set_side("a", b)
    player.set_side("b", a)
    b.bring(0)
    assert (player.source("a"), index(player, "a"), index(player, "b")) == (b, 0, 0)
    player.set_side("a", None)
    assert b.wanted == []
    assert (player.state("a"), player.shown("a")) == (SideState.EMPTY, None)
    player.seek(F(1, 5))
    assert index(player, "b") == 5


def test_without_sides_nothing_happens(player: Player) -> None:
    player.play()
    player.step(3)
    player.jump(1)
    player.shuttle(1)
    player.go_to("12")
    assert not player.is_playing
    assert player.position == 0
