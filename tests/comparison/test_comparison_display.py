"""Frames as the screen shows them, against the engine's own conversion and the standards' numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.color import ColorSpec, Matrix, Range, Siting
from flavr_core.comparison.display import CHECKER_DARK, CHECKER_LIGHT, Region, enlarged, to_display
from flavr_core.comparison.tone import (
    WHITE_NITS,
    compressed_nits,
    hlg_nits,
    notice,
    pq_nits,
    pq_signal,
    tone_map,
)
from flavr_core.comparison.views import DifferenceKind, difference
from flavr_core.engine.conversion import FrameConverter
from flavr_core.frame import Frame, PixelFamily, PixelFormat

YUV, RGB, GRAY = PixelFamily.YUV, PixelFamily.RGB, PixelFamily.GRAY


def make_frame(
    format_: PixelFormat, color: ColorSpec, *, width: int = 47, height: int = 33, seed: int = 1
) -> Frame:
    """Smooth waves in every plane, within the limited range."""
    rng = np.random.default_rng(seed)
    planes = []
    for number in range(format_.num_planes):
        rows, columns = format_.plane_shape(number, width=width, height=height)
        y, x = np.mgrid[0:rows, 0:columns]
        wave = np.sin(x / 5 + rng.uniform(0, 6)) * np.cos(y / 4 + rng.uniform(0, 6))
        unit = 2 ** (format_.depth - 8)
        planes.append(((126 + 70 * wave) * unit).astype(format_.dtype))
    return Frame(planes=tuple(planes), format=format_, color=color, time=Fraction(0), index=0)


def reference(frame: Frame) -> np.ndarray:
    """The engine's float RGB, on the scale of 8 bits."""
    converter = FrameConverter(
        frame.format, frame.color, width=frame.width, height=frame.height, device=torch.device("cpu")
    )
    rgb = converter.to_rgb(converter.upload(frame))[0].permute(1, 2, 0).numpy()
    return np.clip(rgb, 0, 1) * 255


FORMATS = [
    PixelFormat(family=YUV, log2_chroma_w=1, log2_chroma_h=1),
    PixelFormat(family=YUV, log2_chroma_w=1, log2_chroma_h=1, depth=10),
    PixelFormat(family=YUV, log2_chroma_w=1, depth=12),
    PixelFormat(family=YUV),
    PixelFormat(family=YUV, log2_chroma_w=2),
    PixelFormat(family=RGB),
    PixelFormat(family=RGB, depth=16),
    PixelFormat(family=GRAY),
    PixelFormat(family=GRAY, depth=10),
]
MATRICES = [
    Matrix.BT601,
    Matrix.BT709,
    Matrix.BT2020_NCL,
    Matrix.SMPTE240M,
    Matrix.FCC,
    Matrix.YCGCO,
    Matrix.RGB,
]


@pytest.mark.parametrize("format_", FORMATS, ids=str)
@pytest.mark.parametrize("range_", [Range.LIMITED, Range.FULL, Range.UNSPECIFIED])
def test_pixels_are_the_engines(format_: PixelFormat, range_: Range) -> None:
    frame = make_frame(format_, ColorSpec(range=range_))
    shown = to_display(frame).astype(float)
    apart = np.abs(shown - reference(frame))
    assert apart.max() < 2.1  # rounding of chroma to whole codes before the matrix, and of the result
    assert apart.mean() < 0.5


@pytest.mark.parametrize("matrix", MATRICES)
def test_every_matrix(matrix: Matrix) -> None:
    frame = make_frame(PixelFormat(family=YUV), ColorSpec(matrix=matrix, range=Range.FULL))
    assert np.abs(to_display(frame) - reference(frame)).max() < 1.1


@pytest.mark.parametrize("siting", list(Siting))
def test_chroma_lies_where_it_is_tagged(siting: Siting) -> None:
    format_ = PixelFormat(family=YUV, log2_chroma_w=1, log2_chroma_h=1, depth=10)
    frame = make_frame(format_, ColorSpec(siting=siting, matrix=Matrix.BT709))
    assert np.abs(to_display(frame) - reference(frame)).mean() < 0.5
    other = Siting.BOTTOM if siting is not Siting.BOTTOM else Siting.TOPLEFT
    moved = replace(frame, color=replace(frame.color, siting=other))
    assert np.abs(to_display(moved) - reference(frame)).mean() > 0.5


@settings(max_examples=30, deadline=None)
@given(
    x=st.integers(0, 40), y=st.integers(0, 28), width=st.integers(1, 30), height=st.integers(1, 30),
    format_=st.sampled_from(FORMATS),
)  # fmt: skip
def test_a_part_is_what_the_whole_shows_there(
    x: int, y: int, width: int, height: int, format_: PixelFormat
) -> None:
    frame = make_frame(format_, ColorSpec())
    width, height = min(width, frame.width - x), min(height, frame.height - y)
    whole = to_display(frame)[y : y + height, x : x + width].astype(int)
    part = to_display(frame, region=Region(x=x, y=y, width=width, height=height)).astype(int)
    # The dither's pattern begins at the part's own corner.
    assert np.abs(part - whole).max() <= (2 if format_.depth > 8 else 1)


def test_smaller_is_the_mean() -> None:
    frame = make_frame(FORMATS[0], ColorSpec(), width=64, height=48)
    small = to_display(frame, size=(16, 12)).astype(float)
    mean = to_display(frame).astype(float).reshape(12, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - mean).mean() < 3  # averaging before clipping, chroma to a quarter pixel


def test_ten_bits_are_dithered_to_their_mean_the_same_way_every_time() -> None:
    format_ = PixelFormat(family=RGB, depth=10)
    for code in (0, 1, 2, 3, 401, 402, 403, 1022, 1023):
        planes = tuple(np.full((64, 64), code, np.uint16) for _ in range(3))
        frame = Frame(planes=planes, format=format_, color=ColorSpec(), time=Fraction(0), index=0)
        shown = to_display(frame)
        assert abs(shown.mean() - code * 255 / 1023) < 0.02
        assert shown.max() - shown.min() <= 1
        assert np.array_equal(shown, to_display(replace(frame, index=1)))


def test_transparent_parts_lie_over_a_checkerboard() -> None:
    format_ = PixelFormat(family=RGB, has_alpha=True)
    alpha = np.zeros((32, 32), np.uint8)
    alpha[:, 16:] = 255
    planes = (*(np.full((32, 32), 10, np.uint8) for _ in range(3)), alpha)
    frame = Frame(planes=planes, format=format_, color=ColorSpec(), time=Fraction(0), index=0)
    shown = to_display(frame)
    assert set(np.unique(shown[:, :16])) == {CHECKER_DARK, CHECKER_LIGHT}
    assert np.all(shown[:, 16:] == 10)


def test_an_untouched_read_only_picture_is_shown() -> None:
    frame = make_frame(FORMATS[0], ColorSpec())
    for plane in frame.planes:
        plane.flags.writeable = False
    before = [plane.copy() for plane in frame.planes]
    to_display(frame)
    assert all(np.array_equal(a, b) for a, b in zip(before, frame.planes, strict=True))


def test_pq_is_the_standards() -> None:
    # ST 2084: 100 cd/m2 is signal 0.508078, 1000 is 0.751827; the inverse returns them.
    assert pq_signal(np.array([100.0, 1000.0])) == pytest.approx([0.508078, 0.751827], abs=1e-6)
    assert pq_nits(np.array([0.508078, 0.751827])) == pytest.approx([100, 1000], rel=1e-4)


def test_hlg_reference_white_is_203() -> None:
    # BT.2408: HLG at 75 % is 203 cd/m2 on a screen of 1000.
    assert hlg_nits(np.array([0.75]))[0] == pytest.approx(203, rel=0.01)
    assert hlg_nits(np.array([1.0]))[0] == pytest.approx(1000, rel=1e-3)


def test_tone_mapping_rises_and_stays_in_range() -> None:
    nits = np.linspace(0, 10000, 2000)
    mapped = compressed_nits(nits)
    assert np.all(np.diff(mapped) >= -1e-9)
    assert mapped[0] == pytest.approx(0, abs=1e-3)
    assert mapped[-1] == pytest.approx(WHITE_NITS)
    assert compressed_nits(np.array([20.0]))[0] == pytest.approx(20, rel=1e-6)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_gray_stays_gray_and_rises(transfer: int) -> None:
    ramp = np.tile(np.linspace(64, 940, 64).astype(np.uint16), (4, 1))
    middle = np.full((4, 64), 512, np.uint16)
    frame = Frame(
        planes=(ramp, middle, middle),
        format=PixelFormat(family=YUV, depth=10),
        color=ColorSpec(matrix=Matrix.BT2020_NCL, primaries=9, transfer=transfer),
        time=Fraction(0),
        index=0,
    )
    shown = to_display(frame).astype(int)
    assert np.ptp(shown, axis=2).max() <= 1
    assert np.all(np.diff(shown[..., 1].mean(axis=0)) >= -0.6)
    assert shown[0, 0, 0] == 0
    assert shown[0, -1, 0] == 255
    untouched = to_display(frame, tone=False).astype(int)
    assert np.abs(untouched - shown).max() > 20


def test_what_is_said_of_colours() -> None:
    assert notice(ColorSpec()) == ""
    assert notice(ColorSpec(primaries=1, transfer=1)) == ""
    assert "PQ" in notice(ColorSpec(primaries=9, transfer=16))
    assert "HLG" in notice(ColorSpec(primaries=9, transfer=18))
    wide = tone_map(9, 14)
    assert wide is not None
    assert not wide.is_hdr
    assert "Wide" in notice(ColorSpec(primaries=9, transfer=14))


def test_wide_colours_keep_white_and_gain_saturation() -> None:
    rgb = PixelFormat(family=RGB)
    planes = tuple(np.full((2, 2), value, np.uint8) for value in (200, 100, 100))
    color = ColorSpec(matrix=Matrix.RGB, primaries=9, transfer=14)
    red = to_display(Frame(planes=planes, format=rgb, color=color, time=Fraction(0), index=0))[0, 0].astype(
        int
    )
    assert red[0] - red[1] > 110
    white = tuple(np.full((2, 2), 255, np.uint8) for _ in range(3))
    frame = Frame(planes=white, format=rgb, color=color, time=Fraction(0), index=0)
    assert np.all(to_display(frame) == 255)


def test_enlarged_pixels_are_rectangles_or_run_together() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 0] = 255
    hard = enlarged(picture, (8, 8), smooth=False)
    assert np.all(hard[:4, :4] == 255)
    assert hard.sum() == 16 * 3 * 255
    assert len(np.unique(enlarged(picture, (8, 8), smooth=True))) > 4


def test_differences() -> None:
    a = np.array([[[10, 20, 30]]], np.uint8)
    b = np.array([[[12, 20, 20]]], np.uint8)
    assert difference(a, b, kind=DifferenceKind.LINEAR, gain=8).tolist() == [[[2, 0, 10]]]
    assert difference(a, b, kind=DifferenceKind.AMPLIFIED, gain=8).tolist() == [[[16, 0, 80]]]
    assert difference(a, b, kind=DifferenceKind.SIGNED, gain=2).tolist() == [[[130, 128, 118]]]
    assert difference(a, b, kind=DifferenceKind.AMPLIFIED, gain=64).tolist() == [[[128, 0, 255]]]
