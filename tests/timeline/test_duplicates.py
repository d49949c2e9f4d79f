from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flavr_core.color import ColorSpec
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.timeline import drop_duplicates, find_duplicates
from flavr_core.timeline.duplicates import LONGEST_HOLD_S
from flavr_core.timing import FrameTimes

RATE = 24


def times_of(count):
    return FrameTimes(pts=tuple(range(count)), time_base=Fraction(1, RATE), end_pts=count)


def scene(position, *, rng=None, noise=0.0, depth=8):
    """A disc on a ramp at a place across the picture, with what an encoder leaves."""
    y, x = np.mgrid[:120, :160]
    plane = 60 + x / 4 + 100 * ((x - 20 - position) ** 2 + (y - 60) ** 2 < 200)
    if rng is not None:
        plane = plane + rng.normal(0, noise, plane.shape)
    return np.clip(plane * 2 ** (depth - 8), 0, 2**depth - 1)


def found(pictures, *, depth=8):
    format_ = PixelFormat(family=PixelFamily.GRAY, depth=depth)
    frames = [
        Frame(
            planes=(picture.round().astype(format_.dtype),),
            format=format_,
            color=ColorSpec(),
            time=Fraction(index, RATE),
            index=index,
        )
        for index, picture in enumerate(pictures)
    ]
    return list(find_duplicates(frames, times_of(len(frames))))


@pytest.mark.parametrize("depth", [8, 12])
@pytest.mark.parametrize("noise", [0.0, 1.5])
@pytest.mark.parametrize("hold", [2, 3, 4])
def test_animation_on_twos_threes_and_fours(hold, noise, depth):
    rng = np.random.default_rng(1)
    pictures = [scene(5 * (i // hold), rng=rng, noise=noise, depth=depth) for i in range(24)]
    assert found(pictures, depth=depth) == [i for i in range(24) if i % hold]


def test_telecine():
    pattern = [0, 0, 1, 1, 1, 2, 2, 3, 3, 3]
    pictures = [scene(7 * number) for number in pattern]
    assert found(pictures) == [1, 3, 4, 6, 8, 9]


def test_a_mouth_that_moves_in_a_still_picture_is_no_repeat():
    pictures = []
    for i in range(24):
        picture = scene(0)
        picture[80 : 82 + i % 3, 100:108] = 20
        pictures.append(picture)
    assert found(pictures) == []


def test_slow_motion_is_no_repeat():
    assert found([scene(0.2 * i) for i in range(48)]) == []


def test_noise_alone_is_no_repeat():
    rng = np.random.default_rng(1)
    assert found([scene(0, rng=rng, noise=6) for _ in range(20)]) == []


def test_a_still_that_lasts_stays_a_still():
    longest = int(LONGEST_HOLD_S * RATE)
    moving = [scene(5 * i) for i in range(6)]
    short = moving + [scene(25)] * (longest - 1) + [scene(5 * i) for i in range(6, 10)]
    assert found(short) == list(range(6, 5 + longest))
    long = moving + [scene(25)] * longest + [scene(5 * i) for i in range(6, 10)]
    assert found(long) == []


def test_repeats_at_the_end():
    assert found([scene(0), scene(9), scene(18), scene(18)]) == [3]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_repeat(count):
    frames = [
        Frame(
            planes=(np.zeros((2, 2), np.uint8),),
            format=PixelFormat(family=PixelFamily.GRAY),
            color=ColorSpec(),
            time=Fraction(0),
            index=0,
        )
    ][:count]
    assert list(find_duplicates(frames, times_of(1))) == []


def test_a_change_of_alpha_alone_is_no_repeat():
    format_ = PixelFormat(family=PixelFamily.GRAY, has_alpha=True)
    plane = np.full((40, 40), 90, np.uint8)
    frames = [
        Frame(
            planes=(plane, np.full((40, 40), alpha, np.uint8)),
            format=format_,
            color=ColorSpec(),
            time=Fraction(index),
            index=index,
        )
        for index, alpha in enumerate((0, 255, 255, 0))
    ]
    assert list(find_duplicates(frames, times_of(4))) == [2]


@given(st.integers(1, 40), st.data())
def test_dropped_time_goes_to_the_frame_before(count, data):
    times = times_of(count)
    dropped = data.draw(st.sets(st.integers(0, count - 1)))
    left, indices = drop_duplicates(times, sorted(dropped))
    expected = [i for i in range(count) if i == 0 or i not in dropped]
    assert (left.start, left.end) == (times.start, times.end)
    assert list(left.pts) == expected
    assert indices == (None if len(expected) == count else tuple(expected))
