"""Which frames stand beside each other: by exact time, whatever containers round."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.comparison.matching import Matching, Timeline, found_speed
from flavr_core.errors import SettingsError
from flavr_core.timing import FrameTimes, TimePoint


def even(count: int, rate: Fraction, *, base: Fraction | None = None, start: int = 0) -> Timeline:
    """`count` frames at `rate`, rounded to a container's `base`."""
    unit = base or 1 / rate
    pts = [start + round(number / rate / unit) for number in range(count + 1)]
    times = FrameTimes(pts=tuple(pts[:-1]), time_base=unit, end_pts=pts[-1])
    return Timeline(times=times, rate=rate, is_vfr=False)


def pairs(matching: Matching) -> list[tuple[int, int]]:
    return [(pair.a, pair.b) for pair in matching.pairs()]


MS = Fraction(1, 1000)


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25)])
@pytest.mark.parametrize("base", [None, MS])
@pytest.mark.parametrize("factor", [2, 3, 8])
def test_a_result_stands_beside_the_frames_it_came_from(
    rate: Fraction, base: Fraction | None, factor: int
) -> None:
    a, b = even(40, rate, base=base), even(40 * factor, rate * factor)
    matching = Matching(a, b, speed=Fraction(1), offset=Fraction(0))
    assert pairs(matching) == [(number // factor, number) for number in range(40 * factor)]
    rounded = Matching(
        even(40, rate), even(40 * factor, rate * factor, base=MS), speed=Fraction(1), offset=Fraction(0)
    )
    assert [a for a, _ in pairs(rounded)] == [number // factor for number in range(40 * factor)]


def test_slow_motion_is_shown_at_its_own_pace() -> None:
    a, b = even(20, Fraction(25)), even(80, Fraction(25))
    matching = Matching(a, b, speed=Fraction(1, 4), offset=Fraction(0))
    assert pairs(matching) == [(number // 4, number) for number in range(80)]
    assert matching.plan.duration == Fraction(80, 25)


def test_a_trimmed_result_begins_where_it_was_cut() -> None:
    a, b = even(100, Fraction(25)), even(50, Fraction(50), start=7)
    matching = Matching(a, b, speed=Fraction(1), offset=Fraction(2))
    assert pairs(matching) == [(50 + number // 2, number) for number in range(50)]


def test_a_leads_where_it_has_more_frames() -> None:
    a, b = even(60, Fraction(60)), even(30, Fraction(30))
    matching = Matching(a, b, speed=Fraction(1), offset=Fraction(0))
    assert not matching.b_leads
    assert pairs(matching) == [(number, number // 2) for number in range(60)]


@pytest.mark.parametrize("speed", [Fraction(1, 2), Fraction(2)])
def test_the_slower_pace_is_kept_whichever_side_leads(speed: Fraction) -> None:
    a, b = even(60, Fraction(60)), even(int(30 / speed), Fraction(30))
    matching = Matching(a, b, speed=speed, offset=Fraction(0))
    assert matching.plan.duration == max(1, 1 / speed)
    assert pairs(matching) == [(number, int(Fraction(number, 60) / speed * 30)) for number in range(60)]


def test_a_variable_rate_is_kept() -> None:
    pts = (0, 10, 50, 60, 200)
    a = Timeline(times=FrameTimes(pts=pts, time_base=MS, end_pts=240), rate=Fraction(20), is_vfr=True)
    doubled = (0, 5, 10, 30, 50, 55, 60, 130, 200, 220)
    b = Timeline(times=FrameTimes(pts=doubled, time_base=MS, end_pts=240), rate=Fraction(40), is_vfr=True)
    matching = Matching(a, b, speed=Fraction(1), offset=Fraction(0))
    assert pairs(matching) == [(number // 2, number) for number in range(10)]
    assert [pair.time for pair in matching.pairs()] == [pts * MS for pts in doubled]
    assert matching.plan.rate is None


def test_start_and_stop_are_on_the_originals_clock() -> None:
    a, b = even(20, Fraction(25)), even(80, Fraction(25))
    matching = Matching(
        a,
        b,
        speed=Fraction(1, 4),
        offset=Fraction(0),
        start=TimePoint(frame=5),
        stop=TimePoint(seconds=Fraction(10, 25)),
    )
    assert pairs(matching) == [(number // 4, number) for number in range(20, 40)]
    assert next(matching.pairs()).time == 0


def test_no_common_moment_is_an_error() -> None:
    a, b = even(20, Fraction(25)), even(20, Fraction(25))
    with pytest.raises(SettingsError, match="no moment"):
        Matching(a, b, speed=Fraction(1), offset=Fraction(2))
    with pytest.raises(SettingsError, match="no moment"):
        Matching(
            a, b, speed=Fraction(1), offset=Fraction(0), start=TimePoint(frame=10), stop=TimePoint(frame=10)
        )


def test_one_moment() -> None:
    a, b = even(20, Fraction(25), base=MS), even(80, Fraction(100))
    matching = Matching(a, b, speed=Fraction(1), offset=Fraction(0))
    pair = matching.at(TimePoint(seconds=Fraction(3, 100)), a)
    assert (pair.a, pair.b) == (0, 3)
    assert matching.at(TimePoint(frame=7), a).a == 7
    assert matching.at(TimePoint(frame=7), a).b == 28
    with pytest.raises(SettingsError, match="no picture"):
        matching.at(TimePoint(frame=20), a)


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(2, 60),
    factor=st.integers(1, 8),
    offset=st.integers(0, 30),
    slow=st.sampled_from([1, 2, 4]),
)
def test_frames_never_go_back_and_are_those_of_the_moment(
    frames: int, factor: int, offset: int, slow: int
) -> None:
    rate = Fraction(24000, 1001)
    a = even(frames + offset, rate, base=MS)
    b = even(frames * factor * slow, rate * factor)
    speed, lead = Fraction(1, slow), offset / rate
    found = list(Matching(a, b, speed=speed, offset=lead).pairs())
    assert found
    for before, after in pairwise(found):
        assert before.a <= after.a
        assert before.b <= after.b
    for pair in found:
        assert pair.a == offset + pair.b // (factor * slow)


def test_slow_motion_is_found_by_length() -> None:
    a = even(100, Fraction(25)).times
    assert found_speed(a, even(100, Fraction(25)).times) == 1
    assert found_speed(a, even(200, Fraction(50)).times) == 1
    assert found_speed(a, even(400, Fraction(25)).times) == Fraction(1, 4)
    assert found_speed(a, even(399, Fraction(25)).times) == Fraction(1, 4)
    assert found_speed(a, even(150, Fraction(25)).times) == 1
    assert found_speed(a, even(25, Fraction(25)).times) == 1
