from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from flavr_core.color import ColorSpec, Siting
from flavr_core.errors import ModelError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.model import load
from flavr_core.model.motion import MotionNetwork
from flavr_core.model.optical_flow import (
    GapMotion,
    Neighbour,
    measure_flow,
    working_luma,
    working_scale,
)
from flavr_core.model.planes import PlaneInterpolator

HALF = Fraction(1, 2)
YUV420 = PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1)


def _texture(seed: int, *, height: int = 260, width: int = 340) -> np.ndarray:
    """Smooth random texture, float32 in [0, 1], 3 channels."""
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    smooth = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.5, 4, 10))
    return cv2.normalize(smooth, None, 0.05, 0.95, cv2.NORM_MINMAX)


def _shifted(picture: np.ndarray, x: float, y: float = 0.0) -> np.ndarray:
    """The middle 192x256 of a texture that moved by (x, y) pixels."""
    shift = np.array([[1, 0, 40 - x], [0, 1, 30 - y]], np.float64)
    return cv2.warpAffine(picture, shift, (256, 192), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)


def _window(*pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)[None]


def _psnr(made: np.ndarray, truth: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((made - truth)[16:-16, 16:-16] ** 2) + 1e-12))


def _draw(window: torch.Tensor, position: Fraction = HALF) -> np.ndarray:
    return MotionNetwork()(window, [position])[0, 0].permute(1, 2, 0).numpy()


def _frame(planes: list[np.ndarray], format_: PixelFormat, index: int, **color: Siting) -> Frame:
    return Frame(
        planes=tuple(planes), format=format_, color=ColorSpec(**color), time=Fraction(index, 25), index=index
    )


def _random_frame(format_: PixelFormat, index: int, *, width: int, height: int) -> Frame:
    rng = np.random.default_rng(index)
    planes = [
        rng.integers(0, 2**format_.depth, format_.plane_shape(plane, width=width, height=height)).astype(
            format_.dtype
        )
        for plane in range(format_.num_planes)
    ]
    return _frame(planes, format_, index)


def test_it_is_in_the_catalogue_and_draws_planes():
    network = load("motion")
    assert isinstance(network, MotionNetwork)
    assert isinstance(network, PlaneInterpolator)
    assert (network.num_inputs, network.positions, network.num_parameters) == (4, None, 0)


@pytest.mark.parametrize("position", [Fraction(1, 8), Fraction(1, 3), HALF, Fraction(3, 4)])
def test_steady_motion_is_followed_to_any_position(position):
    texture = _texture(1)
    window = _window(*(_shifted(texture, 8 * time, 3 * time) for time in (-1, 0, 1, 2)))
    truth = _shifted(texture, 8 * float(position), 3 * float(position))
    assert _psnr(_draw(window, position), truth) > 38
    blended = load("blend")(window[:, 1:3], [position])[0, 0].permute(1, 2, 0).numpy()
    assert _psnr(_draw(window, position), truth) > _psnr(blended, truth) + 6


def test_accelerated_motion_is_seen_through_the_outer_frames():
    texture = _texture(2)

    def at(time: float) -> np.ndarray:
        return _shifted(texture, 6 * time + 5 * time * time)

    four = _window(at(-1), at(0), at(1), at(2))
    two = _window(at(0), at(0), at(1), at(1))
    truth = at(0.5)
    assert _psnr(_draw(four), truth) > _psnr(_draw(two), truth) + 6
    assert _psnr(_draw(four), truth) > 36


def test_frames_may_lie_unevenly_in_time():
    """Steady motion with a long interval before the gap is no acceleration."""
    texture = _texture(3)

    def frame(time: Fraction, index: int) -> Frame:
        luma = np.rint(_shifted(texture, 6 * float(time))[..., :1] * 255).astype(np.uint8)
        gray = PixelFormat(family=PixelFamily.GRAY)
        return Frame(
            planes=(np.ascontiguousarray(luma[..., 0]),),
            format=gray,
            color=ColorSpec(),
            time=time,
            index=index,
        )

    frames = [frame(Fraction(time), index) for index, time in enumerate((-2, 0, 1, 3))]
    [[made]] = MotionNetwork().interpolate_frames(frames, [HALF])
    truth = _shifted(texture, 3)[..., 0]
    assert _psnr(made / np.float32(255), truth) > 38


def test_a_still_picture_comes_out_unchanged():
    still, other = _texture(4)[:192, :256].copy(), _texture(5)[:192, :256].copy()
    drawn = _draw(_window(other, still, still, other), Fraction(1, 3))
    np.testing.assert_array_equal(drawn, still)


def test_what_does_not_move_is_not_touched_by_what_does():
    """A square moves over a still background; far from it not one value changes."""
    background = np.rint(_texture(6)[:192, :256] * 255).astype(np.uint8)
    square = np.rint(_texture(7)[:32, :32] * 255).astype(np.uint8)
    pictures = []
    for left in (30, 40, 50, 60, 45):
        picture = background.copy()
        picture[80:112, left : left + 32] = square
        pictures.append(picture.astype(np.float32) / 255)
    drawn = _draw(_window(*pictures[:4]))
    # Weights of equal values add up to one within float rounding.
    np.testing.assert_allclose(drawn[:, 160:], pictures[1][:, 160:], rtol=0, atol=1e-6)
    np.testing.assert_allclose(drawn[:40], pictures[1][:40], rtol=0, atol=1e-6)
    inside = (slice(84, 108), slice(49, 73))
    assert np.abs(drawn[inside] - pictures[4][inside]).mean() < 0.02


@pytest.mark.parametrize(
    "format_",
    [
        YUV420,
        PixelFormat(family=PixelFamily.YUV, depth=10, log2_chroma_w=1, has_alpha=True),
        PixelFormat(family=PixelFamily.YUV, depth=16, log2_chroma_w=2),
        PixelFormat(family=PixelFamily.YUV, depth=12),
        PixelFormat(family=PixelFamily.RGB, has_alpha=True),
        PixelFormat(family=PixelFamily.RGB, depth=16),
        PixelFormat(family=PixelFamily.GRAY, depth=9),
    ],
    ids=str,
)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (16, 16), (47, 33), (201, 170)])
def test_every_format_and_size_is_drawn_within_its_range(format_, width, height):
    frames = [_random_frame(format_, index, width=width, height=height) for index in range(4)]
    drawn = MotionNetwork().interpolate_frames(frames, [Fraction(1, 4), HALF])
    assert len(drawn) == 2
    for planes in drawn:
        for plane, source in zip(planes, frames[1].planes, strict=True):
            assert plane.shape == source.shape
            assert plane.dtype == source.dtype
            assert plane.flags.c_contiguous
            assert int(plane.max()) < 2**format_.depth
            assert not np.shares_memory(plane, source)


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_equal_frames_give_the_very_frame_in_every_depth(depth):
    format_ = PixelFormat(family=PixelFamily.YUV, depth=depth, log2_chroma_w=1, log2_chroma_h=1)
    first, still, last = (_random_frame(format_, index, width=65, height=49) for index in range(3))
    again = _frame([plane.copy() for plane in still.planes], format_, 9)
    again = Frame(planes=again.planes, format=format_, color=ColorSpec(), time=Fraction(3, 50), index=9)
    [planes] = MotionNetwork().interpolate_frames([first, still, again, last], [Fraction(1, 3)])
    for plane, source in zip(planes, still.planes, strict=True):
        np.testing.assert_array_equal(plane, source)


@pytest.mark.parametrize("siting", [Siting.LEFT, Siting.CENTER, Siting.TOPLEFT, Siting.BOTTOM])
def test_chroma_moves_with_luma_at_its_own_resolution(siting):
    """A ramp in x and y under motion of whole chroma samples: each plane shows the same shift."""
    texture = _texture(8)[..., 0]

    def frame(index: int) -> Frame:
        luma = np.rint(_shifted(texture, 8.0 * index, 4.0 * index) * 255).astype(np.uint8)
        chroma = np.ascontiguousarray(luma[::2, ::2])
        return _frame([luma, chroma, 255 - chroma], YUV420, index, siting=siting)

    frames = [frame(index) for index in range(4)]
    [planes] = MotionNetwork().interpolate_frames(frames, [HALF])
    truth = np.rint(_shifted(texture, 12.0, 6.0) * 255)
    assert _psnr(planes[0] / 255, truth / 255) > 38
    assert _psnr(planes[1] / 255, truth[::2, ::2] / 255) > 34
    assert _psnr(planes[2] / 255, 1 - truth[::2, ::2] / 255) > 34


def test_planes_and_tensors_are_drawn_alike():
    texture = _texture(9)
    pictures = [np.rint(_shifted(texture, 5 * time) * 255) for time in (-1, 0, 1, 2)]
    rgb = PixelFormat(family=PixelFamily.RGB)
    frames = [
        _frame([np.ascontiguousarray(picture[..., c]).astype(np.uint8) for c in range(3)], rgb, index)
        for index, picture in enumerate(pictures)
    ]
    network = MotionNetwork()
    [planes] = network.interpolate_frames(frames, [HALF])
    tensor = network(_window(*(picture.astype(np.float32) / 255 for picture in pictures)), [HALF])[0, 0]
    difference = np.abs(np.stack(planes) - tensor.numpy() * 255)
    assert difference.max() < 3
    assert difference.mean() < 0.6


def test_repeated_outer_frames_are_no_acceleration():
    texture = _texture(10)
    before, after = _shifted(texture, 0), _shifted(texture, 10)
    drawn = _draw(_window(before, before, after, after))
    assert _psnr(drawn, _shifted(texture, 5)) > 38


def test_results_do_not_depend_on_threads_calls_or_what_was_drawn_before():
    frames = [_random_frame(YUV420, index, width=320, height=200) for index in range(5)]
    network = MotionNetwork()
    windows = [frames[0:4], frames[1:5], [frames[0], frames[0], frames[1], frames[2]]] * 3
    alone = [MotionNetwork().interpolate_frames(window, [HALF])[0] for window in windows]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda window: network.interpolate_frames(window, [HALF])[0], windows))
    for one, other in zip(alone, together, strict=True):
        for plane, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(plane, same)


def test_batches_and_positions_are_drawn_one_by_one():
    texture = _texture(11)
    one = _window(*(_shifted(texture, 4 * time) for time in (-1, 0, 1, 2)))
    two = _window(*(_shifted(texture, -3 * time, 2 * time) for time in (-1, 0, 1, 2)))
    network = MotionNetwork()
    both = network(torch.cat([one, two]), [Fraction(1, 4), Fraction(3, 4)])
    assert both.shape == (2, 2, 3, 192, 256)
    torch.testing.assert_close(both[1, 1], network(two, [Fraction(3, 4)])[0, 0], rtol=0, atol=0)
    half = network(one.half(), [HALF])
    assert half.dtype == torch.float16


def test_what_cannot_be_drawn_is_said():
    frames = [_random_frame(YUV420, index, width=32, height=32) for index in range(4)]
    network = MotionNetwork()
    with pytest.raises(ModelError, match="takes 4"):
        network.interpolate_frames(frames[:2], [HALF])
    with pytest.raises(ModelError, match="not inside the gap"):
        network.interpolate_frames(frames, [Fraction(1)])
    odd = _random_frame(YUV420, 9, width=32, height=30)
    with pytest.raises(ModelError, match="not alike"):
        network.interpolate_frames([*frames[:3], odd], [HALF])


@pytest.mark.parametrize(
    ("height", "width", "scale"),
    [(1, 1, 1), (256, 448, 2), (720, 1280, 2), (1080, 1920, 3), (2160, 3840, 5), (4320, 7680, 10)],
)
def test_work_is_bounded_whatever_the_size(height, width, scale):
    assert working_scale(height=height, width=width) == scale
    assert -(-height // scale) * -(-width // scale) < 400_000


def test_working_pictures_repeat_the_border():
    luma = np.arange(35, dtype=np.uint8).reshape(5, 7) * 7
    small = working_luma(luma, 2)
    assert small.shape == (16, 16)
    assert small[0, 0] == round(float(luma[:2, :2].mean()))
    assert small[-1, -1] == luma[-1, -1]


def test_shares_of_a_moment_add_up_to_one():
    pictures = [working_luma(_random_frame(YUV420, n, width=200, height=180).planes[0], 1) for n in range(4)]
    motion = GapMotion(
        pictures[1],
        pictures[2],
        measure_flow(pictures[1], pictures[2]),
        previous=Neighbour(
            picture=pictures[0], flow=measure_flow(pictures[1], pictures[0]).forward, time_ratio=1.0
        ),
        following=Neighbour(
            picture=pictures[3], flow=measure_flow(pictures[2], pictures[3]).forward, time_ratio=0.5
        ),
    )
    warps = motion.at(0.25)
    total = sum(warp.before_share + warp.after_share for warp in warps)
    np.testing.assert_allclose(total, 1, atol=1e-5)
    assert all(float(share.min()) >= 0 for warp in warps for share in (warp.before_share, warp.after_share))
