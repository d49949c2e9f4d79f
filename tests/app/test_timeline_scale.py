"""Places and times of the timeline, its ruler and its tiles."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage

from app.widgets.timeline_scale import FEWEST_FRAMES, MARGIN_PX, TimeScale, ruler_text
from app.widgets.timeline_tiles import TilePictures, tile_seconds, tiles
from flavr_core.timing import FrameTimes

F = Fraction
FILM = F(24)


def times_of(count: int, *, rate: Fraction = FILM, start: int = 0) -> FrameTimes:
    pts = tuple(range(start, start + count))
    return FrameTimes(pts=pts, time_base=1 / rate, end_pts=start + count)


def scale_of(times: FrameTimes, width: int = 1000) -> TimeScale:
    scale = TimeScale()
    scale.set_width(width)
    scale.set_times(times)
    return scale


def test_the_whole_clip_is_seen_at_first() -> None:
    times = times_of(240, start=48)
    scale = scale_of(times)
    assert scale.is_fit
    assert scale.x(times.start) == MARGIN_PX
    assert scale.x(times.end) == 1000 - MARGIN_PX


@given(
    st.lists(st.tuples(st.floats(0.2, 5), st.floats(-50, 1100)), max_size=30),
    st.integers(1, 100_000),
    st.integers(0, 500),
)
def test_zooming_never_leaves_the_clip(steps: list[tuple[float, float]], count: int, start: int) -> None:
    times = times_of(count, rate=F(30000, 1001), start=start)
    scale = scale_of(times)
    for factor, at in steps:
        scale.zoom(factor, at=at)
        assert times.start <= scale.start
        assert scale.stop <= times.end
        assert scale.span >= min(times.duration, scale.frame_s * FEWEST_FRAMES)
        assert scale.start.denominator < 10**12  # fractions do not grow with every step


@pytest.mark.parametrize("at", [100.0, 500.0, 900.0])
def test_the_time_under_the_mouse_stays_there(at: float) -> None:
    scale = scale_of(times_of(24_000))
    scale.zoom(20, at=500)
    before = scale.time_at(at)
    scale.zoom(1.25, at=at)
    assert abs(scale.x(before) - at) < 0.5


def test_a_playhead_that_leaves_the_view_is_followed() -> None:
    scale = scale_of(times_of(2400))
    scale.zoom(10, at=0)
    assert not scale.show(F(5))
    assert scale.show(F(50))
    assert scale.start <= 50 <= scale.stop


@given(st.integers(1, 100_000), st.floats(1, 2000), st.integers(200, 4000))
def test_ticks_are_few_and_labels_do_not_touch(count: int, zoom: float, width: int) -> None:
    scale = scale_of(times_of(count), width)
    scale.zoom(zoom, at=width / 3)
    ticks = scale.ticks(0, width, label_px=90)
    assert len(ticks) <= width
    labels = [tick.x for tick in ticks if tick.is_major]
    assert all(after - before > 85 for before, after in pairwise(labels))


def test_at_high_zoom_ticks_are_frames_also_of_a_variable_rate() -> None:
    times = FrameTimes(pts=(0, 40, 50, 200, 240), time_base=F(1, 1000), end_pts=280)
    scale = scale_of(times)
    ticks = scale.ticks(0, 1000, label_px=90)
    assert [tick.time for tick in ticks] == [times.time(index) for index in range(6)]
    assert [tick.frame for tick in ticks] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("time", "step", "text"),
    [
        (F(0), F(1), "0:00"),
        (F(62), F(2), "1:02"),
        (F(3723), F(60), "1:02:03"),
        (F(25, 2), F(1, 2), "0:12.5"),
        (F(1, 24), F(1, 24), "0:00.04"),
        (F(1, 240), F(1, 240), "0:00.004"),
    ],
)
def test_the_ruler_is_as_precise_as_its_step(time: Fraction, step: Fraction, text: str) -> None:
    assert ruler_text(time, step) == text


@given(st.integers(1, 100_000), st.floats(1, 5000), st.floats(30, 200))
def test_tiles_cover_the_view_without_gaps(count: int, zoom: float, thumbnail: float) -> None:
    scale = scale_of(times_of(count))
    scale.zoom(zoom, at=400)
    found = tiles(scale, 0, 1000, thumbnail_px=thumbnail)
    assert found[0].x <= MARGIN_PX
    last = found[-1]
    assert last.x + last.width >= min(1000 - MARGIN_PX, scale.x(scale.times.end)) - 0.01  # type: ignore[union-attr]
    for before, after in pairwise(found):
        assert before.x + before.width == pytest.approx(after.x)
    assert len(found) < 1000 / (thumbnail * 0.69) + 3 or tile_seconds(scale, thumbnail) is None


def test_zooming_by_two_keeps_half_of_the_tiles() -> None:
    scale = scale_of(times_of(100_000))
    scale.zoom(16, at=500)
    before = {tile.time for tile in tiles(scale, 0, 1000, thumbnail_px=100)}
    scale.zoom(0.5, at=500)
    after = {tile.time for tile in tiles(scale, 0, 1000, thumbnail_px=100)}
    assert len(before & after) >= len(before) // 2 - 1


def test_pictures_are_bounded_and_stand_in_for_near_ones() -> None:
    pictures, image = TilePictures(), QImage(4, 4, QImage.Format.Format_RGB32)
    for second in range(2000):
        pictures.put(F(second), image)
    assert pictures.exact(F(0)) is None
    assert pictures.exact(F(1999)) is not None
    assert pictures.near(F(3999, 2), within=F(1)) is not None
    assert pictures.near(F(100), within=F(10)) is None


def test_many_columns_become_few_rectangles() -> None:
    from PySide6.QtGui import QColor, QPainter

    from app.widgets.timeline_look import paint_columns

    image = QImage(100, 10, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    paint_columns(painter, np.array([10.0, 10.4, 11.2, 50.9]), 2, 4, QColor("white"))
    painter.end()
    lit = [x for x in range(100) if image.pixelColor(x, 4) == QColor("white")]
    assert lit == [10, 11, 50]
