"""Pixel conversion: there and back changes nothing, and there means what H.273 says."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.color import ColorSpec, Matrix, Range, Siting
from flavr_core.engine.conversion import FrameConverter, resolved_color
from flavr_core.frame import Frame, PixelFamily, PixelFormat

CPU = torch.device("cpu")
MATRICES = [
    Matrix.BT601,
    Matrix.BT709,
    Matrix.BT2020_NCL,
    Matrix.SMPTE240M,
    Matrix.FCC,
    Matrix.YCGCO,
    Matrix.RGB,
]
SITINGS = [siting for siting in Siting if siting is not Siting.UNSPECIFIED]
SUBSAMPLINGS = [(0, 0), (1, 0), (1, 1), (0, 1), (2, 0), (2, 2)]


def random_frame(format_: PixelFormat, color: ColorSpec, *, width: int, height: int, seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    planes = tuple(
        rng.integers(0, 2**format_.depth, format_.plane_shape(p, width=width, height=height)).astype(
            format_.dtype
        )
        for p in range(format_.num_planes)
    )
    return Frame(planes=planes, format=format_, color=color, time=Fraction(0), index=0)


def round_trip(frame: Frame) -> tuple[FrameConverter, list[np.ndarray]]:
    converter = FrameConverter(frame.format, frame.color, width=frame.width, height=frame.height, device=CPU)
    planes = converter.upload(frame)
    alpha = converter.to_alpha(planes) if frame.format.has_alpha else None
    return converter, list(converter.download(converter.from_rgb(converter.to_rgb(planes), alpha)))


@pytest.mark.parametrize("depth", range(8, 17))
@pytest.mark.parametrize("range_", [Range.LIMITED, Range.FULL])
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_round_trip_changes_nothing(depth, range_, matrix, subsampling):
    """Every code value, noise at that: also outside the RGB cube and beyond nominal black and white."""
    format_ = PixelFormat(
        family=PixelFamily.YUV, depth=depth, log2_chroma_w=subsampling[0], log2_chroma_h=subsampling[1]
    )
    frame = random_frame(format_, ColorSpec(matrix=matrix, range=range_), width=37, height=23)
    _, planes = round_trip(frame)
    for before, after in zip(frame.planes, planes, strict=True):
        assert after.dtype == before.dtype
        assert np.array_equal(before, after)


@given(
    width=st.integers(1, 40),
    height=st.integers(1, 40),
    subsampling=st.sampled_from(SUBSAMPLINGS),
    siting=st.sampled_from(SITINGS),
    depth=st.sampled_from([8, 10, 16]),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_round_trip_at_every_size_and_siting(width, height, subsampling, siting, depth, seed):
    format_ = PixelFormat(
        family=PixelFamily.YUV, depth=depth, log2_chroma_w=subsampling[0], log2_chroma_h=subsampling[1]
    )
    color = ColorSpec(matrix=Matrix.BT709, range=Range.LIMITED, siting=siting)
    frame = random_frame(format_, color, width=width, height=height, seed=seed)
    _, planes = round_trip(frame)
    for before, after in zip(frame.planes, planes, strict=True):
        assert np.array_equal(before, after)


@pytest.mark.parametrize("family", [PixelFamily.GRAY, PixelFamily.RGB])
@pytest.mark.parametrize("depth", [8, 9, 10, 12, 14, 16])
@pytest.mark.parametrize("has_alpha", [False, True])
@pytest.mark.parametrize("range_", [Range.UNSPECIFIED, Range.LIMITED])
def test_round_trip_of_gray_and_rgb(family, depth, has_alpha, range_):
    format_ = PixelFormat(family=family, depth=depth, has_alpha=has_alpha)
    frame = random_frame(format_, ColorSpec(range=range_), width=33, height=17)
    _, planes = round_trip(frame)
    assert len(planes) == format_.num_planes
    for before, after in zip(frame.planes, planes, strict=True):
        assert np.array_equal(before, after)


@pytest.mark.parametrize(
    ("matrix", "range_", "depth", "codes", "rgb"),
    [
        # Nominal white, black and the saturated colours of each standard's own tables.
        (Matrix.BT709, Range.LIMITED, 8, (235, 128, 128), (1, 1, 1)),
        (Matrix.BT709, Range.LIMITED, 8, (16, 128, 128), (0, 0, 0)),
        (Matrix.BT709, Range.LIMITED, 10, (940, 512, 512), (1, 1, 1)),
        (Matrix.BT601, Range.FULL, 8, (255, 128, 128), (1, 1, 1)),
        (Matrix.BT601, Range.LIMITED, 8, (81, 90, 240), (1, 0, 0)),
        (Matrix.BT601, Range.LIMITED, 8, (145, 54, 34), (0, 1, 0)),
        (Matrix.BT601, Range.LIMITED, 8, (41, 240, 110), (0, 0, 1)),
        (Matrix.BT709, Range.LIMITED, 8, (63, 102, 240), (1, 0, 0)),
        (Matrix.BT709, Range.LIMITED, 8, (173, 42, 26), (0, 1, 0)),
        (Matrix.BT709, Range.LIMITED, 8, (32, 240, 118), (0, 0, 1)),
        (Matrix.BT2020_NCL, Range.LIMITED, 10, (294, 387, 960), (1, 0, 0)),
        (Matrix.YCGCO, Range.FULL, 8, (64, 64, 255), (1, 0, 0)),
        (Matrix.RGB, Range.FULL, 8, (51, 102, 204), (0.8, 0.2, 0.4)),
    ],
)
def test_known_colours(matrix, range_, depth, codes, rgb):
    format_ = PixelFormat(family=PixelFamily.YUV, depth=depth)
    planes = tuple(np.full((5, 7), code, format_.dtype) for code in codes)
    color = ColorSpec(matrix=matrix, range=range_)
    frame = Frame(planes=planes, format=format_, color=color, time=Fraction(0), index=0)
    converter, _ = round_trip(frame)
    got = converter.to_rgb(converter.upload(frame))[0, :, 2, 3]
    # Half a code of rounding in each plane is at most about 1.9 / 219 in one colour.
    assert torch.allclose(got, torch.tensor(rgb, dtype=torch.float32), atol=1.2 / (219 << (depth - 8)))
    back = converter.from_rgb(torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1).expand(1, 3, 5, 7))
    assert [int(plane[2, 3]) for plane in back] == pytest.approx(
        list(codes), abs=0 if range_ is Range.LIMITED else 1
    )


@pytest.mark.parametrize("siting", SITINGS)
def test_chroma_lies_where_its_siting_says(siting):
    """A ramp of chroma, sampled at the places the siting names, is the same ramp at full size."""
    places = {
        Siting.LEFT: (0, 0.5), Siting.CENTER: (0.5, 0.5), Siting.TOPLEFT: (0, 0),
        Siting.TOP: (0.5, 0), Siting.BOTTOMLEFT: (0, 1), Siting.BOTTOM: (0.5, 1),
    }  # fmt: skip
    across, down = places[siting]
    format_ = PixelFormat(family=PixelFamily.YUV, depth=16, log2_chroma_w=1, log2_chroma_h=1)
    x = 2 * np.arange(20) + across
    y = 2 * np.arange(12) + down
    blue = 20000 + 300 * x[None, :] + 400 * y[:, None]
    planes = (np.full((24, 40), 30000), np.round(blue), np.full((12, 20), 2**15))
    frame = Frame(
        planes=tuple(plane.astype(np.uint16) for plane in planes),
        format=format_,
        color=ColorSpec(matrix=Matrix.BT709, range=Range.FULL, siting=siting),
        time=Fraction(0),
        index=0,
    )
    converter, _ = round_trip(frame)
    rgb = converter.to_rgb(converter.upload(frame))[0].double().numpy()
    got = (rgb[2] - 30000 / 65535) / (2 * (1 - 0.0722)) * 65535 + 2**15
    wanted = 20000 + 300 * np.arange(40)[None, :] + 400 * np.arange(24)[:, None]
    assert np.abs(got - wanted)[2:-2, 2:-2].max() < 1


def test_downward_filter_guards_against_aliasing():
    """Chroma alternating from pixel to pixel has no place in halved chroma: next to nothing is left."""
    format_ = PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1)
    color = ColorSpec(matrix=Matrix.BT601, range=Range.FULL)
    converter = FrameConverter(format_, color, width=64, height=64, device=CPU)
    rgb = torch.full((1, 3, 64, 64), 0.5)
    rgb[:, 2, :, ::2] += 0.2
    rgb[:, 2, :, 1::2] -= 0.2
    blue = converter.from_rgb(rgb)[1]
    assert (blue - 128).abs()[:, 4:-4].max() <= 1
    box = rgb[0, 2].view(32, 2, 32, 2)
    assert (
        box[:, 0, :, 0] - 0.5
    ).abs().min() > 0.19  # what plain picking of samples would have taken for signal


def test_beyond_black_and_white_survives_in_rgb():
    format_ = PixelFormat(family=PixelFamily.YUV)
    planes = (np.array([[1, 254]], np.uint8), np.full((1, 2), 128, np.uint8), np.full((1, 2), 128, np.uint8))
    color = ColorSpec(matrix=Matrix.BT709, range=Range.LIMITED)
    frame = Frame(planes=planes, format=format_, color=color, time=Fraction(0), index=0)
    converter, back = round_trip(frame)
    rgb = converter.to_rgb(converter.upload(frame))
    assert rgb.min() < 0
    assert rgb.max() > 1
    assert np.array_equal(back[0], planes[0])


def test_codes_are_clipped_not_wrapped():
    format_ = PixelFormat(family=PixelFamily.YUV, depth=10)
    color = ColorSpec(matrix=Matrix.BT709, range=Range.FULL)
    converter = FrameConverter(format_, color, width=4, height=2, device=CPU)
    low = converter.download(converter.from_rgb(torch.full((1, 3, 2, 4), -3.0)))
    high = converter.download(converter.from_rgb(torch.full((1, 3, 2, 4), 3.0)))
    assert low[0].max() == 0
    assert high[0].min() == 1023


def test_rounding_has_no_bias():
    """A made frame is on average exactly as bright as its RGB says."""
    generator = torch.Generator().manual_seed(1)
    rgb = torch.rand(1, 3, 256, 256, generator=generator) * 0.8 + 0.1
    format_ = PixelFormat(family=PixelFamily.YUV)
    converter = FrameConverter(
        format_, ColorSpec(matrix=Matrix.BT709, range=Range.LIMITED), width=256, height=256, device=CPU
    )
    back = converter.to_rgb(converter.from_rgb(rgb))
    assert (back - rgb).mean(dim=(0, 2, 3)).abs().max() < 2e-5


def test_unspecified_colours_are_resolved_as_documented():
    yuv, gray = PixelFormat(family=PixelFamily.YUV), PixelFormat(family=PixelFamily.GRAY)
    assert resolved_color(yuv, ColorSpec(), height=1080).matrix is Matrix.BT709
    assert resolved_color(yuv, ColorSpec(), height=480).matrix is Matrix.BT601
    assert resolved_color(yuv, ColorSpec(), height=480).range is Range.LIMITED
    assert resolved_color(gray, ColorSpec(), height=480).range is Range.FULL
    assert resolved_color(PixelFormat(family=PixelFamily.RGB), ColorSpec(), height=9).range is Range.FULL


def test_read_only_planes_are_fine():
    frame = random_frame(PixelFormat(family=PixelFamily.GRAY), ColorSpec(), width=9, height=5)
    frame.planes[0].flags.writeable = False
    _, planes = round_trip(frame)
    assert np.array_equal(planes[0], frame.planes[0])
