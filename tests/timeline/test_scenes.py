from fractions import Fraction

import cv2
import numpy as np
import pytest

from flavr_core.color import ColorSpec
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.timeline import CutDetector, find_cuts
from flavr_core.timeline.output import CONTEXT_AFTER, CONTEXT_BEFORE
from flavr_core.timeline.proxies import LONG_SIDE_PX, small_picture

GRAY = PixelFormat(family=PixelFamily.GRAY)


def texture(seed, *, rows=180, columns=320, cells=12):
    """A smooth random picture, float, 0 to 1."""
    coarse = np.random.default_rng(seed).uniform(0, 1, (cells * rows // columns + 2, cells))
    return np.clip(cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC), 0, 1)


def frame(picture, index=0, *, format_=GRAY):
    full = 2**format_.depth - 1
    planes = []
    for number in range(format_.num_planes):
        rows, columns = format_.plane_shape(number, width=picture.shape[1], height=picture.shape[0])
        shrunk = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
        planes.append((shrunk * full + 0.5).astype(format_.dtype))
    return Frame(planes=tuple(planes), format=format_, color=ColorSpec(), time=Fraction(index), index=index)


def cuts_of(pictures, **options):
    frames = [frame(picture, index) for index, picture in enumerate(pictures)]
    found = list(find_cuts(frames, **options))
    assert len(found) == max(len(frames) - 1, 0)
    return [gap for gap, is_cut in enumerate(found) if is_cut]


def pan(seed, count, *, speed=3):
    wide = texture(seed, columns=320 + speed * count, cells=30)
    return [wide[:, speed * i : speed * i + 320] for i in range(count)]


def test_cuts_between_moving_scenes():
    pictures = pan(1, 9) + pan(2, 5, speed=8) + pan(3, 1) + pan(4, 8)
    assert cuts_of(pictures) == [8, 13, 14]


def test_cuts_next_to_the_ends():
    assert cuts_of(pan(1, 1) + pan(2, 6) + pan(3, 1)) == [0, 6]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_short_clips_without_cuts(count):
    assert cuts_of(pan(1, count)) == []


def test_a_cut_between_two_frames_that_are_all_there_is():
    assert cuts_of([texture(1), texture(2)]) == [0]


def test_a_fast_pan_is_no_cut():
    assert cuts_of(pan(5, 16, speed=24)) == []


def test_fades_and_flashes_are_no_cuts():
    scene = pan(6, 24, speed=2)
    fading = [picture * (1 - i / 23) for i, picture in enumerate(scene)]
    flashing = [picture * (0.8 if i == 9 else 0.5) for i, picture in enumerate(scene)]
    assert cuts_of(fading) == []
    assert cuts_of(flashing) == []


def test_noise_in_the_dark_is_no_cut():
    noise = np.random.default_rng(0).normal(0, 0.02, (12, 180, 320))
    assert cuts_of([np.clip(texture(7) * 0.05 + n, 0, 1) for n in noise]) == []


def test_black_frames_are_no_cut():
    assert cuts_of([np.zeros((90, 160))] * 6) == []


def test_something_large_that_crosses_the_picture_is_no_cut():
    pictures = []
    for i in range(14):
        picture = texture(8).copy()
        picture[:, 25 * i : 25 * i + 70] = 0.1
        pictures.append(picture)
    assert cuts_of(pictures) == []


def test_sensitivity_finds_more():
    half = texture(9)
    other = half.copy()
    other[:, :150] = texture(10)[:, :150]
    pictures = [half] * 6 + [other] * 6
    assert cuts_of(pictures, sensitivity=0.0) == []
    assert cuts_of(pictures, sensitivity=1.0) == [5]
    with pytest.raises(ValueError, match="sensitivity"):
        CutDetector(sensitivity=1.5)


def test_decisions_do_not_depend_on_where_reading_began():
    pictures = pan(1, 7) + pan(2, 3, speed=9) + pan(3, 2) + pan(4, 9, speed=20)
    whole = list(find_cuts(frame(picture) for picture in pictures))
    for start in range(1, len(pictures) - 1):
        later = list(find_cuts(frame(picture) for picture in pictures[start:]))
        assert later[CONTEXT_BEFORE:] == whole[start + CONTEXT_BEFORE :]


def test_the_look_ahead_is_bounded():
    detector = CutDetector()
    given = [len(detector.push(frame(picture))) for picture in pan(1, 10)]
    assert given == [0] * (1 + CONTEXT_AFTER) + [1] * (9 - CONTEXT_AFTER)
    assert len(detector.finish()) == CONTEXT_AFTER


FORMATS = [
    PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1),
    PixelFormat(family=PixelFamily.YUV, depth=10, log2_chroma_w=1),
    PixelFormat(family=PixelFamily.YUV, depth=12, has_alpha=True),
    PixelFormat(family=PixelFamily.RGB, has_alpha=True),
    PixelFormat(family=PixelFamily.RGB, depth=16),
    PixelFormat(family=PixelFamily.GRAY, depth=16),
]


@pytest.mark.parametrize("format_", FORMATS, ids=str)
def test_every_format_gives_the_same_small_picture(format_):
    reference = small_picture(frame(texture(1)))
    small = small_picture(frame(texture(1), format_=format_))
    assert small.shape == (3, 72, LONG_SIDE_PX)
    assert small.dtype == np.float32
    np.testing.assert_allclose(small[0], reference[0], atol=0.01)
    frames = [frame(picture, format_=format_) for picture in pan(1, 4) + pan(2, 4)]
    assert list(find_cuts(frames)) == [False, False, False, True, False, False, False]


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 2), (1, 400), (400, 1), (7, 9), (40, 33), (33, 2000), (1081, 1921)]
)
def test_pictures_of_any_size(size):
    rows, columns = size
    pictures = [
        np.random.default_rng(i // 4).uniform(0, 1, (rows, columns)).astype(np.float32) for i in range(8)
    ]
    assert all(gap == 3 for gap in cuts_of(pictures))


def test_a_change_of_size_is_a_cut():
    assert cuts_of([texture(1)] * 4 + [texture(1, rows=240)] * 4) == [3]
