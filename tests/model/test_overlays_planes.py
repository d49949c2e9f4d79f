"""Writing that stands still is kept by `motion`, on planes of any kind, and leaves no shadow."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flavr_core.color import ColorSpec
from flavr_core.frame import Frame, PixelFamily, PixelFormat
from flavr_core.model import load
from flavr_core.model.motion import MotionNetwork
from flavr_core.model.motion_planes import MotionPlanes
from flavr_core.model.overlays import overlay_share, without_overlays
from flavr_core.model.overlays_planes import find_writing, keep_writing, without_writing, writing_on
from flavr_core.sample.hard_cases import HARD_CASES

HALF = Fraction(1, 2)
TIMES = (-1.0, 0.0, 1.0, 2.0)
[SUBTITLE] = [case for case in HARD_CASES if case.name == "subtitle over a pan"]

Picture = NDArray[np.float32]


def pictures() -> list[Picture]:
    """The scene with the subtitle: (H, W, 3) of [0, 1]."""
    return [np.float32(1 / 255) * SUBTITLE.picture(time) for time in TIMES]


def grays() -> list[NDArray[np.uint8]]:
    return [np.rint(picture.mean(axis=2) * 255).astype(np.uint8) for picture in pictures()]


def psnr(made: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    return float(-10 * np.log10(np.square(made - truth).mean()))


def test_it_is_found_as_on_tensors() -> None:
    lumas = grays()
    found = find_writing(lumas)
    assert found is not None
    window = torch.from_numpy(np.stack(lumas)).float()[:, None].expand(-1, 3, -1, -1)[None] / 255
    wanted = overlay_share(window)[0, 0].numpy()
    assert wanted.max() > 0.9
    assert np.abs(found - wanted).max() < 0.02  # twelve levels of change are on the edge
    bare = without_writing(lumas[1].astype(np.float32), found) / 255
    ground = without_overlays(window[:, 1:2], torch.from_numpy(found)[None, None])[0, 0, 0].numpy()
    assert np.abs(bare - ground).max() < 0.02  # blocks at the picture's end are laid otherwise


def test_larger_letters_of_larger_pictures_are_found_and_kept() -> None:
    large = [cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for picture in pictures()]
    window = torch.from_numpy(np.stack(large)).permute(0, 3, 1, 2)[None].clamp(0, 1)
    lumas = [np.rint(image.mean(axis=2).clip(0, 1) * 255).astype(np.uint8) for image in large]
    grays = torch.from_numpy(np.stack(lumas)).float()[:, None].expand(-1, 3, -1, -1)[None] / 255
    found, wanted = find_writing(lumas), overlay_share(grays)[0, 0].numpy()
    assert found is not None
    assert wanted.max() > 0.9
    assert np.abs(found - wanted).mean() < 1e-3  # smaller pictures are of whole levels there
    truth = cv2.resize(
        SUBTITLE.picture(0.5).astype(np.float32) / 255, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC
    )
    for network in (load("motion"), load("fourflow")):
        made = network(window, [HALF])[0, 0].permute(1, 2, 0).numpy()
        assert psnr(made, truth.clip(0, 1)) > 27.5  # 22 and 26 where small letters alone are looked for


def test_there_is_none_where_all_moves_or_all_stands_still_or_a_picture_is_small() -> None:
    lumas = grays()
    assert find_writing([lumas[1]] * 4) is None
    assert find_writing([luma[:32] for luma in lumas]) is None
    assert find_writing([np.roll(lumas[0], 9 * step, axis=1) for step in range(4)]) is None


def test_motion_keeps_a_subtitle_over_a_pan_without_a_shadow() -> None:
    window = torch.from_numpy(np.stack(pictures())).permute(0, 3, 1, 2)[None]
    made = MotionNetwork()(window, [HALF])[0, 0].permute(1, 2, 0).numpy()
    truth = SUBTITLE.picture(0.5).astype(np.float32) / 255
    assert psnr(made, truth) > 28  # 21 with letters carried along, 27 with them kept as well


@pytest.mark.parametrize(
    "layout",
    [
        PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1),
        PixelFormat(family=PixelFamily.YUV, depth=10, log2_chroma_w=1),
        PixelFormat(family=PixelFamily.RGB, depth=16),
        PixelFormat(family=PixelFamily.GRAY),
    ],
)
def test_planes_of_every_kind_keep_it(layout: PixelFormat) -> None:
    top = (1 << layout.depth) - 1

    def frame(index: int, gray: Picture) -> Frame:
        height, width = gray.shape
        planes = []
        for number in range(layout.num_planes):
            rows, columns = layout.plane_shape(number, width=width, height=height)
            values = gray[:: height // rows, :: width // columns][:rows, :columns]
            planes.append(np.rint(values * top).astype(layout.dtype))
        return Frame(
            planes=tuple(planes), format=layout, color=ColorSpec(), time=Fraction(index, 25), index=index
        )

    made_of = [picture.mean(axis=2) for picture in pictures()]
    frames = [frame(index, gray) for index, gray in enumerate(made_of)]
    before = [[plane.copy() for plane in one.planes] for one in frames]
    drawn, early = MotionPlanes().interpolate_frames(frames, [HALF, Fraction(1, 8)])
    truth = frame(9, SUBTITLE.picture(0.5).mean(axis=2).astype(np.float32) / 255)
    for plane, wanted in zip(drawn, truth.planes, strict=True):
        assert plane.dtype == wanted.dtype
        assert plane.shape == wanted.shape
        assert psnr(plane.astype(np.float32) / top, wanted.astype(np.float32) / top) > 25
    assert not np.array_equal(drawn[0], early[0])
    for one, planes in zip(frames, before, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(one.planes, planes, strict=True))


def test_a_kept_pixel_is_that_of_the_time_asked_for() -> None:
    share = np.zeros((48, 64), np.float32)
    share[20:24, 10:30] = 1
    before, after = np.zeros((48, 64), np.uint8), np.full((48, 64), 200, np.uint8)
    made = keep_writing(np.full((48, 64), 90, np.uint8), (before, after), share, 0.25)
    assert (made[20:24, 10:30] == 50).all()
    assert (made[share == 0] == 90).all()
    half = writing_on(np.zeros((24, 32), np.uint8), share)
    assert half.shape == (24, 32)
    assert half[10:12, 5:15].min() == 1
    assert half[:8].max() == 0


def test_a_plane_that_is_all_writing_keeps_its_mean() -> None:
    plane = np.random.default_rng(1).integers(0, 255, (44, 60)).astype(np.uint8)
    bare = without_writing(plane, np.ones((44, 60), np.float32))
    assert bare.dtype == np.uint8
    assert abs(float(bare.mean()) - float(plane.mean())) < 6
