"""Blending: the mean that it says it is, in tensors and in every pixel format."""

from __future__ import annotations

import threading
from fractions import Fraction

import numpy as np
import pytest
import torch

from flavr_core.color import ColorSpec
from flavr_core.errors import ModelError
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.model import PlaneInterpolator, load

FORMATS = [
    PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1),
    PixelFormat(family=PixelFamily.YUV, depth=10, log2_chroma_w=1, has_alpha=True),
    PixelFormat(family=PixelFamily.GRAY, depth=12),
    PixelFormat(family=PixelFamily.RGB, depth=16),
    PixelFormat(family=PixelFamily.RGB, depth=8, has_alpha=True),
]


def noise_frame(pixels: PixelFormat, *, seed: int, width: int = 35, height: int = 17) -> Frame:
    """A frame of noise over the whole of its range."""
    random = np.random.default_rng(seed)
    planes = tuple(
        random.integers(
            0, 1 << pixels.depth, pixels.plane_shape(number, width=width, height=height), dtype=pixels.dtype
        )
        for number in range(pixels.num_planes)
    )
    return Frame(planes=planes, format=pixels, color=ColorSpec(), time=Fraction(seed), index=seed)


def test_tensors_are_blended() -> None:
    network = load("blend")
    assert network.positions is None
    assert network.num_inputs == 2
    window = torch.rand(2, 2, 3, 5, 7)
    drawn = network(window, [Fraction(1, 3), 0.75])
    assert drawn.shape == (2, 2, 3, 5, 7)
    for number, t in enumerate((1 / 3, 0.75)):
        torch.testing.assert_close(drawn[:, number], (1 - t) * window[:, 0] + t * window[:, 1])
    assert network(window.half(), [0.5]).dtype == torch.float16


@pytest.mark.parametrize("pixels", FORMATS, ids=str)
@pytest.mark.parametrize("size", [(35, 17), (1, 1), (4, 1), (1, 4), (64, 2)])
def test_planes_are_blended_to_the_nearest(pixels: PixelFormat, size: tuple[int, int]) -> None:
    width, height = size
    frames = [noise_frame(pixels, seed=seed, width=width, height=height) for seed in (1, 2)]
    kept = [[plane.copy() for plane in frame.planes] for frame in frames]
    network = load("blend")
    assert isinstance(network, PlaneInterpolator)
    positions = [Fraction(1, 2), Fraction(1, 8), Fraction(2, 3), Fraction(999, 1000)]
    drawn = network.interpolate_frames(frames, positions)
    assert len(drawn) == len(positions)
    for planes, position in zip(drawn, positions, strict=True):
        for ours, before, after in zip(planes, *(frame.planes for frame in frames), strict=True):
            assert ours.dtype == pixels.dtype
            assert ours.shape == before.shape
            assert ours.flags.c_contiguous
            exact = before * (1 - float(position)) + after * float(position)
            assert np.abs(ours - exact).max() <= 0.5 + 0.005
    for frame, planes in zip(frames, kept, strict=True):
        for plane, before in zip(frame.planes, planes, strict=True):
            assert np.array_equal(plane, before)


def test_equal_frames_stay_equal() -> None:
    frame = noise_frame(FORMATS[0], seed=1)
    for planes in load("blend").interpolate_frames([frame, frame], [0.5, Fraction(1, 7)]):
        for ours, theirs in zip(planes, frame.planes, strict=True):
            assert np.array_equal(ours, theirs)


def test_rows_may_be_apart() -> None:
    frame = noise_frame(FORMATS[2], seed=3, width=64)
    part = Frame(
        planes=(frame.planes[0][:, 8:40],), format=frame.format, color=frame.color, time=frame.time, index=0
    )
    whole = Frame(
        planes=(frame.planes[0][:, 8:40].copy(),),
        format=frame.format,
        color=frame.color,
        time=frame.time,
        index=1,
    )
    [(plane,)] = load("blend").interpolate_frames([part, whole], [0.5])
    assert np.array_equal(plane, whole.planes[0])


def test_frames_that_differ_are_refused() -> None:
    network = load("blend")
    first = noise_frame(FORMATS[0], seed=1)
    with pytest.raises(ModelError, match="not alike"):
        network.interpolate_frames([first, noise_frame(FORMATS[4], seed=2)], [0.5])
    with pytest.raises(ModelError, match="not alike"):
        network.interpolate_frames([first, noise_frame(FORMATS[0], seed=2, width=8)], [0.5])
    with pytest.raises(ModelError, match="3 frames"):
        network.interpolate_frames([first] * 3, [0.5])
    with pytest.raises(ModelError, match="not inside"):
        network.interpolate_frames([first] * 2, [1])


def test_several_threads_may_blend_at_once() -> None:
    network = load("blend")
    frames = [noise_frame(FORMATS[0], seed=seed, width=320, height=240) for seed in (1, 2)]
    [expected] = network.interpolate_frames(frames, [0.25])
    results: list[bool] = []

    def work() -> None:
        for _ in range(20):
            [planes] = network.interpolate_frames(frames, [0.25])
            results.append(all(np.array_equal(a, b) for a, b in zip(planes, expected, strict=True)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 80
