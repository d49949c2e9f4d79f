import weakref
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.color import ColorSpec
from flavr_core.errors import MediaError, ProblemsError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.settings import CutMode, EndMode, RateTarget, SceneSettings, TimingSettings
from flavr_core.timeline import CutOverrides, iter_windows, needed_frames, plan_output
from flavr_core.timing import FrameTimes, TimePoint

GRAY = PixelFormat(family=PixelFamily.GRAY)
ONLY = CutOverrides(only=True)
SCENES = SceneSettings()


def picture(index, scene=0):
    """A textured frame that creeps to the right; each scene has a texture of its own."""
    coarse = np.random.default_rng(scene).integers(0, 255, (6, 8)).astype(np.uint8)
    texture = cv2.resize(coarse, (96, 64), interpolation=cv2.INTER_LINEAR)
    plane = np.ascontiguousarray(np.roll(texture, index, axis=1))
    return Frame(planes=(plane,), format=GRAY, color=ColorSpec(), time=Fraction(index), index=index)


def clip(count, cuts=()):
    """Frames with a cut before each frame number in `cuts`."""
    return [picture(index, sum(cut <= index for cut in cuts)) for index in range(count)]


def plan_of(count, factor=2, *, indices=None, **rest):
    numbers = range(count) if indices is None else indices
    times = FrameTimes(pts=tuple(numbers), time_base=Fraction(1, 25), end_pts=numbers[-1] + 1)
    target = TimingSettings(rate=RateTarget(factor=Fraction(factor)), **rest)
    return plan_output(times, target, rate=Fraction(25), source_indices=indices)


def run(frames, plan, *, scenes=SCENES, overrides=ONLY, start=0, stop=None):
    stop = len(plan) if stop is None else stop
    first, after = needed_frames(plan, start, stop)
    given_frames = (frame for frame in frames if first <= frame.index < after)
    return list(iter_windows(given_frames, plan, scenes=scenes, overrides=overrides, start=start, stop=stop))


def shape(windows):
    return [(w.gap, [f.index for f in w.frames], w.is_cut) for w in windows]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, [(0, [0, 0, 0, 0], False)]),
        (2, [(0, [0, 0, 1, 1], False), (1, [0, 1, 1, 1], False)]),
        (3, [(0, [0, 0, 1, 2], False), (1, [0, 1, 2, 2], False), (2, [1, 2, 2, 2], False)]),
    ],
)
def test_short_clips_repeat_their_ends(count, expected):
    windows = run(clip(count), plan_of(count))
    assert shape(windows) == expected
    assert [[str(o.position) for o in w.outputs] for w in windows][-1] == ["0", "0"]


def test_a_cut_on_either_side_replaces_the_neighbour_beyond_it():
    cuts = CutOverrides(cuts=(TimePoint(frame=3),), only=True)
    assert shape(run(clip(6), plan_of(6), overrides=cuts)) == [
        (0, [0, 0, 1, 2], False),
        (1, [0, 1, 2, 2], False),
        (2, [1, 2, 3, 4], True),
        (3, [3, 3, 4, 5], False),
        (4, [3, 4, 5, 5], False),
        (5, [4, 5, 5, 5], False),
    ]


def test_a_cut_before_the_last_frame():
    cuts = CutOverrides(cuts=(TimePoint(frame=2),), only=True)
    assert shape(run(clip(3), plan_of(3), overrides=cuts))[-1] == (2, [2, 2, 2, 2], False)


def test_cuts_are_found_vetoed_and_ignored():
    frames, plan = clip(12, cuts=(5,)), plan_of(12)
    found = run(frames, plan, overrides=None)
    assert [w.gap for w in found if w.is_cut] == [4]
    vetoed = run(frames, plan, overrides=CutOverrides(vetoes=(TimePoint(frame=5),)))
    ignored = run(frames, plan, scenes=SceneSettings(cuts=CutMode.IGNORE), overrides=None)
    assert shape(vetoed) == shape(ignored) == shape(run(frames, plan))
    assert not any(w.is_cut for w in vetoed)


def test_gaps_without_outputs_give_no_window():
    windows = run(clip(20), plan_of(20, Fraction(1, 5)))
    assert [w.gap for w in windows] == [0, 5, 10, 15]


def test_all_outputs_come_once_and_in_order():
    plan = plan_of(9, Fraction(5, 2), end=EndMode.TRIM)
    outputs = [output for window in run(clip(9), plan) for output in window.outputs]
    assert outputs == list(plan.frames())


def test_dropped_duplicates_are_skipped():
    indices = (0, 2, 4, 6)
    windows = run(clip(8), plan_of(4, indices=indices, factor=1))
    assert shape(windows)[1] == (1, [0, 2, 4, 6], False)
    kept_only = run([f for f in clip(8) if f.index in indices], plan_of(4, indices=indices, factor=1))
    assert shape(kept_only) == shape(windows)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_any_split_into_segments_gives_the_same_windows(data):
    count = data.draw(st.integers(1, 24))
    cuts = data.draw(st.sets(st.integers(1, max(count - 1, 1)), max_size=4))
    indices = None
    if data.draw(st.booleans()):
        chosen = data.draw(st.sets(st.integers(1, count + 6), max_size=count))
        indices = tuple(sorted({0, *chosen}))
    entries = count if indices is None else len(indices)
    plan = plan_of(
        entries, data.draw(st.sampled_from([Fraction(1, 3), 1, 2, Fraction(5, 2)])), indices=indices
    )
    numbers = count if indices is None else indices[-1] + 1
    frames = clip(numbers, cuts)
    veto = data.draw(st.integers(0, numbers - 1) | st.none())
    overrides = None
    if veto is not None:
        overrides = CutOverrides(vetoes=(TimePoint(frame=veto),))
    whole = run(frames, plan, overrides=overrides)
    splits = sorted({0, len(plan), *data.draw(st.sets(st.integers(0, len(plan)), max_size=5))})
    parts = [
        window
        for start, stop in pairwise(splits)
        for window in run(frames, plan, overrides=overrides, start=start, stop=stop)
    ]
    by_output = {output.index: (w.gap, w.frames, w.is_cut, output) for w in whole for output in w.outputs}
    assert [output.index for w in parts for output in w.outputs] == list(range(len(plan)))
    for window in parts:
        for output in window.outputs:
            assert by_output[output.index] == (window.gap, window.frames, window.is_cut, output)


def test_only_a_handful_of_frames_is_held():
    alive, most = 0, 0

    def gone():
        nonlocal alive
        alive -= 1

    def tracked():
        nonlocal alive, most
        for index in range(300):
            frame = picture(index)
            alive += 1
            most = max(most, alive)
            weakref.finalize(frame.planes[0], gone)
            yield frame
            del frame

    plan = plan_of(300, Fraction(1, 50))
    assert sum(1 for _ in iter_windows(tracked(), plan, scenes=SCENES)) == 6
    assert most <= 12


def test_frames_are_read_to_their_end():
    plan = plan_of(30)
    first, after = needed_frames(plan, 0, 10)
    frames = iter(clip(after))
    assert len(list(iter_windows(frames, plan, scenes=SCENES, stop=10))) == 5
    assert (first, next(frames, None)) == (0, None)


@pytest.mark.parametrize("missing", [0, 4, 9])
def test_a_missing_frame_is_an_error(missing):
    frames = [frame for frame in clip(10) if frame.index != missing]
    with pytest.raises(MediaError, match=f"Frame {missing} "):
        list(iter_windows(frames, plan_of(10), scenes=SCENES, overrides=ONLY))


def test_an_override_past_the_end_is_an_error():
    with pytest.raises(ProblemsError, match="past the end"):
        run(clip(5), plan_of(5), overrides=CutOverrides(cuts=(TimePoint(frame=5),)))


def test_no_outputs_give_no_windows():
    assert list(iter_windows(clip(5), plan_of(5), scenes=SCENES, start=3, stop=3)) == []
