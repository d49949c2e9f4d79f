from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.errors import OutputError, ProblemsError, SettingsError
from flavr_core.timeline import (
    CutOverrides,
    GapOverrides,
    read_cuts_file,
    resolve_overrides,
    resolve_repeats,
    write_cuts_file,
)
from flavr_core.timing import FrameTimes, TimePoint

TIMES = FrameTimes(pts=tuple(range(0, 100, 4)), time_base=Fraction(1, 100), end_pts=100)


def test_every_kind_of_entry_is_read(tmp_path):
    path = tmp_path / "my cuts ü.txt"
    path.write_bytes(
        "﻿# by hand\r\n84f\r\n\r\n1:02.5  # the door\r\n12.5\r\n!90f\r\n! 3.5s\r\nONLY\r\n".encode()
    )
    assert read_cuts_file(path) == CutOverrides(
        cuts=(
            TimePoint(frame=84),
            TimePoint(seconds=Fraction(125, 2)),
            TimePoint(seconds=Fraction(25, 2)),
        ),
        vetoes=(TimePoint(frame=90), TimePoint(seconds=Fraction(7, 2))),
        only=True,
    )


def test_every_bad_line_is_named_at_once(tmp_path):
    path = tmp_path / "cuts.txt"
    path.write_text("84f\ncut here\n12\n!\n" + "9" * 500 + "f\n")
    with pytest.raises(ProblemsError) as caught:
        read_cuts_file(path)
    assert [problem.message.split(" of ")[0] for problem in caught.value.problems] == [
        "Line 2",
        "Line 4",
        "Line 5",
    ]
    assert all(len(problem.message) < 200 + len(str(path)) for problem in caught.value.problems)


def test_files_that_are_no_text(tmp_path):
    for name, content in (("a", b"\xff\xfe\x00\x01"), ("b", b"x" * (17 * 2**20))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SettingsError):
            read_cuts_file(tmp_path / name)
    for missing in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(SettingsError, match="cannot be read"):
            read_cuts_file(missing)


@settings(deadline=None, max_examples=50)
@given(content=st.binary(max_size=200))
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("cuts") / "cuts"
    path.write_bytes(content)
    with suppress(SettingsError, ProblemsError):
        assert isinstance(read_cuts_file(path), CutOverrides)


points = st.integers(0, 10**6).map(lambda n: TimePoint(frame=n)) | st.integers(0, 10**10).map(
    lambda n: TimePoint(seconds=Fraction(n, 10**6))
)


@settings(deadline=None, max_examples=50)
@given(cuts=st.lists(points, max_size=5), vetoes=st.lists(points, max_size=5), only=st.booleans())
def test_what_is_written_is_read_back(tmp_path_factory, cuts, vetoes, only):
    path = tmp_path_factory.mktemp("cuts") / "cuts.txt"
    overrides = CutOverrides(cuts=tuple(cuts), vetoes=tuple(vetoes), only=only)
    write_cuts_file(path, overrides)
    assert read_cuts_file(path) == overrides
    assert [entry.name for entry in path.parent.iterdir()] == ["cuts.txt"]


def test_an_existing_file_is_overwritten_only_when_asked(tmp_path):
    path = tmp_path / "cuts.txt"
    path.write_text("1f\n")
    with pytest.raises(OutputError, match="--overwrite"):
        write_cuts_file(path, CutOverrides())
    assert path.read_text() == "1f\n"
    write_cuts_file(path, CutOverrides(), overwrite=True)
    assert read_cuts_file(path) == CutOverrides()


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_cuts_file(tmp_path / "no such folder" / "cuts.txt", CutOverrides())


@pytest.mark.parametrize(
    ("point", "gap"),
    [
        (TimePoint(frame=1), 0),
        (TimePoint(frame=24), 23),
        (TimePoint(seconds=Fraction("0.2")), 4),
        (TimePoint(seconds=Fraction("0.199")), 4),
        (TimePoint(seconds=Fraction("0.211")), 4),
    ],
)
def test_a_cut_lies_right_before_the_frame_named(point, gap):
    assert resolve_overrides(CutOverrides(cuts=(point,)), TIMES) == GapOverrides(cuts=frozenset({gap}))


def test_a_cut_at_the_first_frame_says_nothing():
    assert resolve_overrides(CutOverrides(cuts=(TimePoint(frame=0),)), TIMES) == GapOverrides()


def test_a_cut_at_a_dropped_frame_is_that_at_the_next():
    times = FrameTimes(pts=(0, 2, 4), time_base=Fraction(1, 24), end_pts=6)
    found = resolve_overrides(CutOverrides(cuts=(TimePoint(frame=3),)), times, source_indices=(0, 2, 4))
    assert found.cuts == {1}


def test_entries_that_do_not_fit_are_all_named():
    overrides = CutOverrides(
        cuts=(TimePoint(frame=25), TimePoint(seconds=Fraction(1)), TimePoint(frame=5)),
        vetoes=(TimePoint(frame=5),),
    )
    with pytest.raises(ProblemsError) as caught:
        resolve_overrides(overrides, TIMES)
    assert len(caught.value.problems) == 3


def test_hands_outweigh_the_detector():
    gaps = GapOverrides(cuts=frozenset({1}), vetoes=frozenset({2}))
    assert [gaps.decide(gap, detected=True) for gap in (1, 2, 3)] == [True, False, True]
    assert [gaps.decide(gap, detected=False) for gap in (1, 2, 3)] == [True, False, False]
    only = GapOverrides(cuts=frozenset({1}), only=True)
    assert [only.decide(gap, detected=True) for gap in (1, 2)] == [True, False]


def test_repeated_frames_are_written_and_read_back(tmp_path):
    overrides = CutOverrides(
        cuts=(TimePoint(frame=3),), repeats=(TimePoint(frame=5),), kept=(TimePoint(seconds=Fraction(1, 4)),)
    )
    write_cuts_file(tmp_path / "cuts.txt", overrides)
    assert read_cuts_file(tmp_path / "cuts.txt") == overrides


def test_repeated_frames_by_hand_win_over_detected_ones():
    overrides = CutOverrides(repeats=(TimePoint(frame=2),), kept=(TimePoint(frame=3),))
    assert resolve_repeats(overrides, TIMES, [1, 3]) == (1, 2)


def test_repeated_frames_past_the_end_or_said_twice_are_named():
    overrides = CutOverrides(
        repeats=(TimePoint(frame=10_000), TimePoint(frame=1)), kept=(TimePoint(frame=1),)
    )
    with pytest.raises(ProblemsError) as caught:
        resolve_repeats(overrides, TIMES)
    assert len(caught.value.problems) == 2
