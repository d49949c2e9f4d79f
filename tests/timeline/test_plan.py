from fractions import Fraction
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flavr_core.errors import ProblemsError, SettingsError
from flavr_core.settings import EndMode, RateTarget, TimingSettings
from flavr_core.timeline import plan_output
from flavr_core.timeline.output import MOST_FRAMES
from flavr_core.timing import FrameTimes, TimePoint

EIGHTHS = tuple(Fraction(i, 8) for i in range(1, 8))
NTSC = Fraction(30000, 1001)
LEISURELY = settings(deadline=None, max_examples=40)


def even_times(count, *, rate=Fraction(25), time_base=None, offset=0):
    """Frames of constant rate, rounded to the time base as a container does."""
    time_base = time_base or 1 / rate
    pts = [offset + round(i / rate / time_base) for i in range(count + 1)]
    return FrameTimes(pts=tuple(pts[:-1]), time_base=time_base, end_pts=pts[-1])


def timing(*, factor=None, fps=None, **rest):
    rate = RateTarget(fps=Fraction(fps)) if fps is not None else RateTarget(factor=Fraction(factor or 1))
    return TimingSettings(rate=rate, **rest)


@st.composite
def irregular_times(draw, max_frames=12):
    gaps = draw(st.lists(st.integers(1, 400), min_size=1, max_size=max_frames))
    start = draw(st.integers(-1000, 1000))
    pts = [start]
    for gap in gaps:
        pts.append(pts[-1] + gap)
    time_base = Fraction(1, draw(st.sampled_from([90, 600, 1000, 90000])))
    return FrameTimes(pts=tuple(pts[:-1]), time_base=time_base, end_pts=pts[-1])


@st.composite
def source_times(draw):
    if draw(st.booleans()):
        return draw(irregular_times()), Fraction(24)
    rate = draw(st.sampled_from([Fraction(24), Fraction(25), Fraction(24000, 1001), NTSC, Fraction(50)]))
    time_base = draw(st.sampled_from([None, Fraction(1, 1000), Fraction(1, 90000)]))
    return even_times(draw(st.integers(1, 15)), rate=rate, time_base=time_base), rate


rates = st.one_of(
    st.fractions(Fraction(1, 5), 12, max_denominator=10).map(lambda f: RateTarget(factor=f)),
    st.sampled_from([Fraction(60), Fraction(60000, 1001), Fraction(7), Fraction(2997, 50)]).map(
        lambda fps: RateTarget(fps=fps)
    ),
)
slows = st.sampled_from([Fraction(1), Fraction(2), Fraction(4), Fraction(5, 2)])
grids = st.sampled_from([None, EIGHTHS, (Fraction(1, 2),), (Fraction(1, 3), Fraction(2, 3)), ()])


@st.composite
def ranges(draw, times):
    """Start and stop inside the clip, on and off its frames."""
    span = times.duration
    points = draw(st.lists(st.fractions(0, 1, max_denominator=97), min_size=2, max_size=2, unique=True))
    low, high = sorted(points)
    if draw(st.booleans()):
        return None, None
    if draw(st.booleans()):
        first = draw(st.integers(0, len(times) - 1))
        return TimePoint(frame=first), TimePoint(frame=draw(st.integers(first + 1, len(times) + 2)))
    return TimePoint(seconds=low * span), TimePoint(seconds=high * span)


@st.composite
def plans(draw, keep_vfr=False):
    times, rate = draw(source_times())
    start, stop = draw(ranges(times))
    slow = draw(slows)
    target = RateTarget(factor=Fraction(draw(st.integers(1, 5))) * 2) if keep_vfr else draw(rates)
    wanted = TimingSettings(
        rate=target,
        slow=slow,
        start=start,
        stop=stop,
        end=draw(st.sampled_from(EndMode)),
        keep_vfr=keep_vfr,
    )
    grid = draw(grids)
    is_vfr = draw(st.booleans())
    plan = plan_output(times, wanted, rate=rate, grid=grid, is_vfr=is_vfr)
    return plan, wanted, grid


def check_plan(plan, wanted, grid):
    """What holds for every plan."""
    times = plan.times
    frames = list(plan.frames())
    assert [frame.index for frame in frames] == list(range(len(plan)))
    assert frames[0].time == 0
    coverage = [(frame.time, plan.frame_end(frame.index)) for frame in frames]
    assert all(begin < end for begin, end in coverage)
    assert all(a[1] == b[0] for a, b in pairwise(coverage))
    assert coverage[-1][1] == plan.duration
    places = [(frame.gap, frame.position) for frame in frames]
    assert places == sorted(places)
    allowed = None if grid is None else {Fraction(0), *grid}
    for frame in frames:
        assert all(isinstance(value, Fraction) for value in (frame.time, frame.position, frame.timing_error))
        assert (frame.time / plan.time_base).denominator == 1
        assert 0 <= frame.gap < len(times)
        assert 0 <= frame.position < 1
        assert frame.position == 0 or frame.gap + 1 < len(times)
        assert allowed is None or frame.position in allowed
        assert 0 <= frame.timing_error <= plan.largest_timing_error
    assert plan.largest_timing_error == max(frame.timing_error for frame in frames)
    assert plan.times.start <= plan.source_start < plan.source_stop <= plan.times.end
    assert plan.speed == 1 / wanted.slow
    assert [plan[i] for i in range(len(plan))] == frames


@LEISURELY
@given(plans())
def test_constant_output_covers_every_time_once(drawn):
    plan, wanted, grid = drawn
    check_plan(plan, wanted, grid)
    assert plan.duration == len(plan) / plan.rate
    assert plan.time_base == 1 / plan.rate
    if wanted.end is EndMode.HOLD:
        covered = (plan.source_stop - plan.source_start) * wanted.slow
        # The end may have been rounded: by the time base, or a sixteenth of an even distance of frames.
        # (That a fifteenth of their mean distance is more also where there is a single one.)
        even = plan.times.duration / len(plan.times) / 15
        slack = max(plan.times.time_base, even) * wanted.slow
        assert (len(plan) - 1) / plan.rate < covered + slack
        assert plan.duration >= covered - slack


@LEISURELY
@given(plans(keep_vfr=True))
def test_kept_variable_rate_covers_every_time_once(drawn):
    plan, wanted, grid = drawn
    check_plan(plan, wanted, grid)
    if plan.rate is None:
        assert plan.duration == (plan.source_stop - plan.source_start) * wanted.slow


@LEISURELY
@given(plans())
def test_shown_place_is_the_wanted_one_but_for_the_timing_error(drawn):
    plan = drawn[0]
    times = plan.times
    # A constant rate may have been taken out of its rounding: each end of a gap may have moved.
    interval = max(times.time(i + 1) - times.time(i) for i in range(len(times)))
    rounding = 2 * max(times.time_base, interval / 16)
    for frame in plan.frames():
        wanted = plan.source_start + frame.time * plan.speed
        if frame.gap + 1 == len(times):
            assert wanted >= times.time(frame.gap) - frame.timing_error - rounding
            continue
        begin, end = times.time(frame.gap), times.time(frame.gap + 1)
        shown = begin + frame.position * (end - begin)
        assert abs(shown - wanted) <= frame.timing_error + rounding


@LEISURELY
@given(irregular_times(), rates, slows)
def test_times_of_a_variable_source_are_exact(times, target, slow):
    plan = plan_output(
        times, TimingSettings(rate=target, slow=slow), rate=Fraction(24), is_vfr=True, grid=EIGHTHS
    )
    for frame in plan.frames():
        wanted = times.start + frame.time * plan.speed
        if frame.gap + 1 == len(times):
            continue
        begin, end = times.time(frame.gap), times.time(frame.gap + 1)
        assert abs(begin + frame.position * (end - begin) - wanted) == frame.timing_error
        # The gap that holds the wanted place, which may be the one before the frame that is shown.
        gap = times.index_at(wanted)
        assert frame.timing_error <= (times.time(gap + 1) - times.time(gap)) / 16


@LEISURELY
@given(st.integers(1, 60), st.sampled_from([2, 3, 4, 8]), slows.filter(lambda s: s.denominator == 1))
@pytest.mark.parametrize("time_base", [None, Fraction(1, 1000), Fraction(1, 90000)])
@pytest.mark.parametrize("rate", [Fraction(25), NTSC, Fraction(24000, 1001)])
def test_constant_rate_gives_exact_counts_and_keeps_every_source_frame(rate, time_base, count, factor, slow):
    times = even_times(count, rate=rate, time_base=time_base)
    multiple = int(factor * slow)
    plan = plan_output(times, timing(factor=factor, slow=slow), rate=rate, grid=EIGHTHS)
    assert len(plan) == multiple * count
    assert plan.rate == factor * rate
    assert not plan.is_trimmed
    assert (plan.source_start, plan.source_stop) == (times.start, times.end)
    sources = [frame.index for frame in plan.frames() if frame.position == 0 and frame.timing_error == 0]
    assert set(range(0, multiple * count, multiple)) <= set(sources)
    assert [plan[multiple * i].gap for i in range(count)] == list(range(count))
    trimmed = plan_output(times, timing(factor=factor, slow=slow, end=EndMode.TRIM), rate=rate)
    assert len(trimmed) == (count - 1) * multiple + 1


def test_slow_motion_alone_is_the_same_rate_and_longer():
    times = even_times(10)
    slow = plan_output(times, timing(factor=1, slow=Fraction(4)), rate=Fraction(25))
    assert (len(slow), slow.rate, slow.duration) == (40, 25, Fraction(8, 5))
    both = plan_output(times, timing(factor=2, slow=Fraction(4)), rate=Fraction(25))
    assert (len(both), both.rate, both.duration) == (80, 50, Fraction(8, 5))
    sixty = plan_output(times, timing(fps=60, slow=Fraction(4)), rate=Fraction(25))
    assert (len(sixty), sixty.rate, sixty.duration) == (96, 60, Fraction(8, 5))


@LEISURELY
@given(irregular_times(), st.integers(1, 6), st.sampled_from([Fraction(1), Fraction(2)]), st.booleans())
def test_kept_variable_rate_subdivides_each_gap_in_place(times, factor, slow, trim):
    end = EndMode.TRIM if trim else EndMode.HOLD
    wanted = timing(factor=factor, slow=slow, keep_vfr=True, end=end)
    plan = plan_output(times, wanted, rate=Fraction(24), is_vfr=True)
    parts = int(factor * slow)
    count = len(times)
    assert plan.rate is None
    assert len(plan) == ((count - 1) * parts + 1 if trim else count * parts)
    for frame in plan.frames():
        gap, rest = divmod(frame.index, parts)
        begin, end_time = times.time(gap), times.time(gap + 1)
        source = begin + (end_time - begin) * Fraction(rest, parts)
        assert frame.time == (source - times.start) * slow
        assert (frame.gap, frame.position) == (gap, 0 if gap == count - 1 else Fraction(rest, parts))
    assert plan.largest_timing_error == 0


def test_keeping_the_variable_rate_of_a_constant_source_is_a_constant_rate():
    plan = plan_output(even_times(10), timing(factor=2, keep_vfr=True), rate=Fraction(25))
    assert plan.rate == 50
    assert len(plan) == 20


def test_fixed_grid_takes_the_nearest_place_and_the_earlier_of_two():
    times = even_times(4)
    plan = plan_output(times, timing(factor=4), rate=Fraction(25), grid=(Fraction(1, 2),))
    half = Fraction(1, 2)
    assert [(f.gap, f.position) for f in plan.frames(0, 8)] == [
        (gap, place) for gap in (0, 1) for place in (0, 0, half, half)
    ]
    assert plan.largest_timing_error == Fraction(1, 4) * Fraction(1, 25)


def test_a_place_nearest_the_next_source_frame_is_that_frame():
    plan = plan_output(even_times(3), timing(factor=32), rate=Fraction(25), grid=EIGHTHS)
    frame = plan[31]
    assert (frame.gap, frame.position) == (1, 0)
    assert frame.timing_error == Fraction(1, 32) * Fraction(1, 25)
    assert plan[30].position == Fraction(7, 8)


def test_constant_rate_is_recognised_through_rounded_timestamps():
    times = even_times(3000, rate=NTSC, time_base=Fraction(1, 1000))
    plan = plan_output(times, timing(factor=2), rate=NTSC)
    assert all(plan[2 * i].position == 0 and plan[2 * i + 1].position == Fraction(1, 2) for i in range(2999))


def test_a_frame_that_comes_late_is_not_taken_for_rounding():
    pts = [0, 40, 80, 130, 160]
    times = FrameTimes(pts=tuple(pts), time_base=Fraction(1, 1000), end_pts=200)
    plan = plan_output(times, timing(factor=1), rate=Fraction(25))
    assert plan[3].gap == 2
    assert plan[3].position == Fraction(40, 50)


def test_a_source_frame_within_its_timestamps_rounding_is_shown_untouched():
    times = FrameTimes(pts=(0, 33, 67, 150, 183), time_base=Fraction(1, 1000), end_pts=217)
    plan = plan_output(times, timing(fps=30), rate=Fraction(30), is_vfr=True)
    assert [(f.gap, f.position) for f in plan.frames(0, 3)] == [(0, 0), (1, 0), (2, 0)]
    assert 0 < plan.largest_timing_error <= Fraction(1, 1000)


@pytest.mark.parametrize("stop", [TimePoint(frame=20), TimePoint(seconds=Fraction(20, 25))])
@pytest.mark.parametrize("start", [TimePoint(frame=10), TimePoint(seconds=Fraction(10, 25))])
def test_a_range_of_frames(start, stop):
    times = even_times(30, offset=7)
    plan = plan_output(times, timing(factor=2, start=start, stop=stop), rate=Fraction(25))
    assert len(plan) == 20
    assert plan.is_trimmed
    assert (plan.source_start, plan.source_stop) == (times.time(10), times.time(20))
    assert (plan[0].gap, plan[19].gap, plan[19].position) == (10, 19, Fraction(1, 2))
    trimmed = plan_output(
        times, timing(factor=2, start=start, stop=stop, end=EndMode.TRIM), rate=Fraction(25)
    )
    assert len(trimmed) == 19
    assert trimmed[18].gap == 19


def test_a_start_off_the_frames_is_exact():
    times = even_times(30)
    start = Fraction(1, 3)
    plan = plan_output(times, timing(factor=1, start=TimePoint(seconds=start)), rate=Fraction(25))
    assert plan.source_start == start
    assert (plan[0].gap, plan[0].position) == (8, Fraction(1, 3))
    assert len(plan) == ceil((times.end - start) * 25)


def test_a_stop_past_the_end_is_the_end():
    plan = plan_output(even_times(10), timing(factor=2, stop=TimePoint(frame=99)), rate=Fraction(25))
    assert len(plan) == 20
    assert not plan.is_trimmed


@pytest.mark.parametrize("count", [1, 2, 3])
def test_short_clips(count):
    plan = plan_output(even_times(count), timing(factor=8), rate=Fraction(25), grid=EIGHTHS)
    assert len(plan) == 8 * count
    assert all(plan[i].gap == count - 1 and plan[i].position == 0 for i in range(8 * (count - 1), 8 * count))


def test_dropped_duplicates_leave_their_time_to_in_betweens():
    # Animation on twos: frames 1, 3, 5 repeat 0, 2, 4.
    times = FrameTimes(pts=(0, 2, 4), time_base=Fraction(1, 24), end_pts=6)
    plan = plan_output(times, timing(factor=1), rate=Fraction(24), source_indices=(0, 2, 4))
    assert [(f.gap, f.position) for f in plan.frames()] == [
        (0, 0),
        (0, Fraction(1, 2)),
        (1, 0),
        (1, Fraction(1, 2)),
        (2, 0),
        (2, 0),
    ]
    half = plan_output(
        times,
        timing(factor=1, start=TimePoint(frame=1), stop=TimePoint(frame=5)),
        rate=Fraction(24),
        source_indices=(0, 2, 4),
    )
    assert (half.source_start, half.source_stop) == (Fraction(1, 24), Fraction(5, 24))


@LEISURELY
@given(plans(), st.data())
def test_needed_range_holds_every_window(drawn, data):
    plan, _, _ = drawn
    start = data.draw(st.integers(0, len(plan) - 1))
    stop = data.draw(st.integers(start + 1, len(plan)))
    first, after = plan.needed_source_range(start, stop)
    assert 0 <= first < after <= len(plan.times)
    for frame in plan.frames(start, stop):
        assert first <= max(frame.gap - 1, 0)
        assert after > min(frame.gap + 2, len(plan.times) - 1)


def test_numbers_outside_the_plan():
    plan = plan_output(even_times(3), timing(factor=1), rate=Fraction(25))
    for index in (-1, 3):
        with pytest.raises(IndexError):
            plan[index]
        with pytest.raises(IndexError):
            plan.frame_end(index)
    with pytest.raises(IndexError):
        plan.needed_source_range(2, 2)


def problems_of(**wanted):
    with pytest.raises(ProblemsError) as caught:
        plan_output(even_times(100), timing(**wanted), rate=Fraction(25))
    assert all(isinstance(problem, SettingsError) and problem.hint for problem in caught.value.problems)
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ({"start": TimePoint(seconds=Fraction(4))}, "inside the clip"),
        ({"start": TimePoint(frame=100)}, "inside the clip"),
        ({"start": TimePoint(frame=5), "stop": TimePoint(frame=5)}, "not after"),
        ({"start": TimePoint(frame=5), "stop": TimePoint(frame=3)}, "not after"),
        ({"stop": TimePoint(seconds=Fraction(0))}, "no frame"),
        ({"fps": 60, "keep_vfr": True}, "cannot be kept"),
        ({"factor": Fraction(5, 2), "keep_vfr": True}, "whole number"),
        ({"slow": Fraction(1, 2)}, "speed up"),
        ({"fps": Fraction(10**12 + 1, 10**11)}, "No video file"),
        ({"factor": 10_000, "slow": Fraction(10_000)}, "frames"),
    ],
)
def test_each_thing_wrong_is_one_sentence(wanted, word):
    (message,) = problems_of(**wanted)
    assert word in message


def test_all_that_is_wrong_is_said_at_once():
    messages = problems_of(
        fps=60,
        keep_vfr=True,
        slow=Fraction(1, 2),
        start=TimePoint(frame=200),
        stop=TimePoint(seconds=Fraction(0)),
    )
    assert len(messages) == 4


@LEISURELY
@given(st.integers(1, 4), st.integers(1, 9))
def test_absurd_sizes_are_refused_whatever_the_range(factor, count):
    assume(factor * count > 0)
    with pytest.raises(ProblemsError, match="frames"):
        plan_output(
            even_times(count),
            timing(factor=factor * 1000, slow=Fraction(MOST_FRAMES)),
            rate=Fraction(25),
        )


def test_wrong_arguments_are_programming_errors():
    times = even_times(3)
    with pytest.raises(ValueError, match="rate"):
        plan_output(times, timing(factor=1), rate=Fraction(0))
    with pytest.raises(ValueError, match="grid"):
        plan_output(times, timing(factor=1), rate=Fraction(25), grid=(Fraction(1),))
    with pytest.raises(ValueError, match="length"):
        plan_output(times, timing(factor=1), rate=Fraction(25), source_indices=(0, 1))
