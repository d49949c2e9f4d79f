"""Segments are handed out once, come back when they fail, and not for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flavr_core.cluster.schedule import MOST_ATTEMPTS, MOST_IN_ORDER, Schedule
from flavr_core.pipeline.journal import Segment


def segments_of(*numbers):
    return [Segment(index=number, start=10 * number, stop=10 * number + 10) for number in numbers]


def numbers_of(order):
    return [segment.index for segment in order]


def test_orders_are_neighbours_and_become_shorter_towards_the_end():
    schedule = Schedule(segments_of(*range(20)))
    sizes = []
    while order := schedule.take(workers=2):
        numbers = numbers_of(order)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        sizes.append(len(order))
    assert sum(sizes) == 20
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] <= MOST_IN_ORDER
    assert sizes[-1] == 1


def test_holes_of_a_resumed_render_part_orders():
    schedule = Schedule(segments_of(0, 1, 5, 6, 7, 8, 9, 10))
    assert numbers_of(schedule.take(workers=1)) == [0, 1]
    assert numbers_of(schedule.take(workers=1)) == [5, 6, 7]


def test_what_failed_is_tried_again_and_then_told():
    schedule = Schedule(segments_of(0, 1, 2, 3))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        order = schedule.take(workers=1)
        assert numbers_of(order) == [0, 1]
        blamed = schedule.give_back(order)
        assert (blamed is not None) is (attempt == MOST_ATTEMPTS)
    assert blamed.index == 0


def test_only_the_first_open_segment_of_a_lost_order_is_blamed():
    schedule = Schedule(segments_of(0, 1, 2, 3))
    order = schedule.take(workers=1)
    schedule.close(0)
    assert schedule.closed_frames == 10
    for _ in range(MOST_ATTEMPTS - 1):
        assert schedule.give_back(order) is None
        order = schedule.take(workers=1)
    assert schedule.give_back(order).index == 1


@given(st.data())
def test_whatever_is_lost_every_segment_is_closed_once(data):
    schedule = Schedule(segments_of(*data.draw(st.sets(st.integers(0, 30), min_size=1))))
    workers = data.draw(st.integers(1, 5))
    lost_left, closed = 2, []
    while not schedule.is_done:
        order = schedule.take(workers=workers)
        assert order
        loses = lost_left and data.draw(st.booleans())
        done = order[: data.draw(st.integers(0, len(order)))] if loses else order
        closed += [schedule.close(segment.index).index for segment in done]
        if loses:
            lost_left -= 1
            assert schedule.give_back(order) is None
    assert len(closed) == len(set(closed))
    assert schedule.closed_frames == 10 * len(closed)
