"""Segments end where decoding and encoding afresh cost least, and cover the output once."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.pipeline.segment_places import split_at
from flavr_core.settings import RateTarget, TimingSettings
from flavr_core.timeline import plan_output
from flavr_core.timing import FrameTimes


def plan_of(frames, *, factor=2, indices=None):
    times = FrameTimes(pts=tuple(range(frames)), time_base=Fraction(1, 24), end_pts=frames)
    timing = TimingSettings(rate=RateTarget(factor=Fraction(factor)))
    return plan_output(times, timing, rate=Fraction(24), source_indices=indices)


def spans(segments):
    return [(segment.start, segment.stop) for segment in segments]


def test_segments_have_the_wanted_length_where_no_place_is_better():
    assert spans(split_at(plan_of(50), 40, entries=[0], cuts=[])) == [(0, 40), (40, 80), (80, 100)]


def test_decoding_a_segment_begins_right_at_a_key_frame_near():
    plan = plan_of(200)
    segments = split_at(plan, 100, entries=[0, 50, 98], cuts=[])
    for segment in segments[1:3]:
        assert plan.needed_source_range(segment.start, segment.stop)[0] in (50, 98)
    assert all(abs(segment.stop - segment.start - 100) <= 25 for segment in segments[:-1])


def test_a_key_frame_too_far_away_moves_nothing():
    assert spans(split_at(plan_of(100), 100, entries=[0, 70], cuts=[])) == [(0, 100), (100, 200)]


def test_a_segment_ends_at_a_cut_given_by_hand():
    plan = plan_of(100)
    (first, second) = split_at(plan, 110, entries=[0], cuts=[52])
    assert plan[second.start].gap == 53
    assert plan[first.stop - 1].gap == 52


def test_where_every_frame_is_a_key_frame_lengths_stay():
    segments = split_at(plan_of(100, factor=Fraction(5, 2)), 33, entries=range(100), cuts=[])
    assert {segment.stop - segment.start for segment in segments[:-1]} == {33}


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_any_places_cover_the_output_once(data):
    frames = data.draw(st.integers(2, 60))
    kept = data.draw(st.sets(st.integers(0, frames * 2), min_size=frames, max_size=frames))
    plan = plan_of(frames, factor=data.draw(st.sampled_from([1, 2, Fraction(5, 2)])), indices=sorted(kept))
    length = data.draw(st.integers(1, 50))
    entries = sorted(data.draw(st.sets(st.integers(0, frames * 2))) | {0})
    cuts = sorted(data.draw(st.sets(st.integers(0, frames - 2))))
    segments = split_at(plan, length, entries=entries, cuts=cuts)
    assert segments[0].start == 0
    assert segments[-1].stop == len(plan)
    for before, after in pairwise(segments):
        assert before.stop == after.start
    assert all(0 < segment.stop - segment.start <= length + length // 4 for segment in segments)
    assert [segment.index for segment in segments] == list(range(len(segments)))
