from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flavr_core.errors import SettingsError
from flavr_core.timing import (
    FrameTimes,
    TimePoint,
    format_rate,
    format_time,
    parse_fraction,
    parse_time_point,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60", Fraction(60)),
        (" 59.94 ", Fraction(2997, 50)),
        ("60000/1001", Fraction(60000, 1001)),
        ("2.5", Fraction(5, 2)),
        (".5", Fraction(1, 2)),
        ("2.", Fraction(2)),
    ],
)
def test_numbers_are_read_exactly(text, value):
    assert parse_fraction(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "0",
        "-3",
        "3/0",
        "0/5",
        "nan",
        "inf",
        "1e5",
        "1e999999999",
        "1_0",
        "٣٠",
        "9" * 5000,
        "1/2/3",
    ],
)
def test_anything_else_is_no_number(text):
    with pytest.raises(SettingsError):
        parse_fraction(text)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("84f", TimePoint(frame=84)),
        ("12.5", TimePoint(seconds=Fraction(25, 2))),
        ("12.5s", TimePoint(seconds=Fraction(25, 2))),
        ("1:02.5", TimePoint(seconds=Fraction(125, 2))),
        ("0:01:02.5", TimePoint(seconds=Fraction(125, 2))),
        ("100:00:00", TimePoint(seconds=Fraction(360_000))),
        ("0.1", TimePoint(seconds=Fraction(1, 10))),
    ],
)
def test_places_are_read_exactly(text, point):
    assert parse_time_point(text) == point


@pytest.mark.parametrize(
    "text", ["", "-1", "f", "1:2:3:4", "84.5f", "1e3", "9" * 5000 + "f", "1:", "12,5", "٣"]
)
def test_anything_else_is_no_place(text):
    with pytest.raises(SettingsError):
        parse_time_point(text)


@given(st.text())
def test_every_text_is_a_place_or_a_settings_error(text):
    try:
        point = parse_time_point(text)
    except SettingsError:
        return
    assert (point.frame is None) != (point.seconds is None)


def test_a_place_is_either_seconds_or_a_frame():
    with pytest.raises(ValueError, match="either"):
        TimePoint()
    with pytest.raises(ValueError, match="either"):
        TimePoint(seconds=Fraction(1), frame=1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (Fraction(0), "0:00:00.000"),
        (Fraction(125, 2), "0:01:02.500"),
        (3600.0, "1:00:00.000"),
        (Fraction(-1, 2), "-0:00:00.500"),
        (Fraction(59_9996, 10_000), "0:01:00.000"),
    ],
)
def test_time_is_shown_to_the_millisecond(seconds, text):
    assert format_time(seconds) == text


def test_rates_are_shown_short():
    assert [format_rate(Fraction(rate)) for rate in ("30", "30000/1001", "25/2")] == ["30", "29.97", "12.5"]


def frame_times(*pts, end):
    return FrameTimes(pts=pts, time_base=Fraction(1, 10), end_pts=end)


def test_frame_times_know_start_end_and_each_frame():
    times = frame_times(5, 7, 20, end=21)
    assert len(times) == 3
    assert (times.start, times.end, times.duration) == (Fraction(1, 2), Fraction(21, 10), Fraction(8, 5))
    assert [times.time(i) for i in range(4)] == [Fraction(n, 10) for n in (5, 7, 20, 21)]


@pytest.mark.parametrize(
    ("seconds", "index"), [("0", 0), ("0.5", 0), ("0.69", 0), ("0.7", 1), ("1.99", 1), ("2", 2), ("9", 2)]
)
def test_frame_shown_at_a_time(seconds, index):
    assert frame_times(5, 7, 20, end=21).index_at(Fraction(seconds)) == index


def test_frame_times_need_frames_with_a_duration():
    with pytest.raises(ValueError, match="no frames"):
        frame_times(end=1)
    with pytest.raises(ValueError, match="no duration"):
        frame_times(1, 2, end=2)
