"""Times are repaired where they must be, left alone where they need not, and rates are named exactly."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flavr_core.media.timestamps import find_rate, repair, usual_step

MILLISECOND = Fraction(1, 1000)


@given(st.lists(st.none() | st.integers(-1000, 1000), min_size=1, max_size=60), st.integers(1, 50))
def test_repaired_times_rise_and_are_as_many(pts: list[int | None], step: int) -> None:
    fixed = repair(pts, step=step)
    assert len(fixed.pts) == len(pts)
    assert all(a < b for a, b in itertools.pairwise(fixed.pts))
    assert fixed.missing == pts.count(None)
    assert fixed.is_clean == (not fixed.notes())


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(-1000, 1000))
def test_good_times_are_left_alone(steps: list[int], start: int) -> None:
    pts = list(itertools.accumulate(steps, initial=start))
    fixed = repair(pts, step=40)
    assert (fixed.pts, fixed.scale) == (pts, 1)
    assert fixed.is_clean


@given(st.integers(2, 40), st.data())
def test_missing_times_between_even_ones_are_found_exactly(count: int, data: st.DataObject) -> None:
    whole = [100 + 40 * number for number in range(count)]
    holes = data.draw(st.sets(st.integers(1, max(1, count - 2)), max_size=count))
    pts = [None if number in holes and 0 < number < count - 1 else time for number, time in enumerate(whole)]
    assert repair(pts, step=40).pts == whole


@pytest.mark.parametrize(
    ("pts", "expected", "scale"),
    [
        ([0, 40, 40, 120], [0, 40, 80, 120], 1),
        ([0, 40, 40, 40, 160], [0, 40, 80, 120, 160], 1),
        ([0, 40, 80, 9000, 120, 160], [0, 40, 80, 100, 120, 160], 1),
        ([0, 0, 1], [0, 1, 2], 2),
        ([None, None, 80, 120], [0, 40, 80, 120], 1),
        ([0, 40, None, None], [0, 40, 80, 120], 1),
        ([None, None, None], [0, 40, 80], 1),
        ([0, 40, 20, 120], None, 1),
    ],
)
def test_repairs(pts: list[int | None], expected: list[int] | None, scale: int) -> None:
    fixed = repair(pts, step=40)
    assert fixed.scale == scale
    assert expected is None or fixed.pts == expected
    assert len(fixed.notes()) == 1


def test_a_clock_that_restarts_is_joined_on() -> None:
    first = [900_000 + 3600 * number for number in range(20)]
    again = [3600 * number for number in range(20)]
    fixed = repair([*first, *again], step=3600, longest_gap=900_000)
    assert fixed.pts == [900_000 + 3600 * number for number in range(40)]
    assert (fixed.restarts, fixed.moved) == (1, 0)


def test_a_long_jump_ahead_is_closed_only_where_clocks_jump() -> None:
    pts = [*range(0, 400, 40), *range(10_000_000, 10_000_400, 40)]
    assert repair(pts, step=40, longest_gap=1000).pts == list(range(0, 800, 40))
    assert repair(pts, step=40).pts == pts


def grid(rate: Fraction, count: int, time_base: Fraction, start: Fraction = Fraction(0)) -> list[int]:
    return [round((start + number / rate) / time_base) for number in range(count)]


@pytest.mark.parametrize("time_base", [MILLISECOND, Fraction(1, 90000), Fraction(1, 600)])
@pytest.mark.parametrize(
    "rate",
    [
        Fraction(24000, 1001),
        Fraction(24),
        Fraction(25),
        Fraction(30000, 1001),
        Fraction(30),
        Fraction(60000, 1001),
    ],
)
@pytest.mark.parametrize("start", [Fraction(0), Fraction(1, 3)])
def test_constant_rates_are_named_through_rounding(
    rate: Fraction, time_base: Fraction, start: Fraction
) -> None:
    pts = grid(rate, 300, time_base, start)
    found, varies = find_rate(pts, pts[-1] + usual_step(pts), time_base, [rate])
    assert (found, varies) == (rate, False)
    unclaimed, varies = find_rate(pts, pts[-1] + usual_step(pts), time_base)
    assert not varies
    assert abs(float(unclaimed / rate) - 1) < 2e-3


def test_a_dropped_frame_makes_a_rate_variable() -> None:
    pts = grid(Fraction(25), 100, MILLISECOND)
    del pts[50]
    rate, varies = find_rate(pts, 4000, MILLISECOND, [Fraction(25)])
    assert varies
    assert rate == Fraction(99, 4)


def test_the_rate_of_a_single_frame() -> None:
    assert find_rate([0], 40, MILLISECOND) == (Fraction(25), False)
    assert find_rate([0], 40, MILLISECOND, [Fraction(30)]) == (Fraction(30), False)


def test_the_usual_step_is_the_median() -> None:
    assert usual_step([0, 40, 80, 500, 540]) == 40
    assert usual_step([7], default=3) == 3
    assert usual_step([]) == 1
