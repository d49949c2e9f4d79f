"""PSNR and SSIM of what is on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.jobs.picture_metrics import PictureDistance, PictureMetrics, measure
from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.frame import Frame, PixelFamily, PixelFormat


def frame(value: int, *, index: int = 0, size: int = 32) -> Frame:
    planes = tuple(np.full((size, size), value, np.uint8) for _ in range(3))
    return Frame(
        planes=planes,
        format=PixelFormat(family=PixelFamily.RGB),
        color=ColorSpec(matrix=Matrix.RGB, range=Range.FULL),
        time=Fraction(0),
        index=index,
    )


@pytest.fixture
def metrics(qtbot: QtBot) -> Iterator[PictureMetrics]:
    job = PictureMetrics()
    yield job
    job.close()


def test_numbers_are_the_protocols() -> None:
    same = measure(frame(100), frame(100))
    assert (same.psnr_db, same.ssim) == pytest.approx((80, 1))
    apart = measure(frame(100), frame(110, index=3))
    assert apart.psnr_db == pytest.approx(-10 * np.log10((10 / 255) ** 2), abs=0.01)
    assert 0.9 < apart.ssim < 1
    assert (apart.a, apart.b) == (0, 3)
    assert measure(frame(100), frame(100, size=16)).psnr_db == pytest.approx(80)


def test_the_newest_pair_is_measured_once_it_rests(metrics: PictureMetrics, qtbot: QtBot) -> None:
    found: list[PictureDistance] = []
    metrics.measured.connect(found.append)
    metrics.set_pair(frame(1), frame(2))
    metrics.set_on(True)
    for index in range(20):
        metrics.set_pair(frame(100, index=index), frame(101, index=index))
    qtbot.waitUntil(lambda: bool(found), timeout=10000)
    assert [distance.a for distance in found] == [19]


def test_what_has_gone_is_cleared_and_never_told(metrics: PictureMetrics, qtbot: QtBot) -> None:
    found: list[PictureDistance] = []
    cleared: list[int] = []
    metrics.measured.connect(found.append)
    metrics.cleared.connect(lambda: cleared.append(1))
    metrics.set_on(True)
    metrics.set_pair(frame(1), frame(2))
    qtbot.waitUntil(lambda: bool(found), timeout=10000)
    metrics.set_pair(frame(3), None)
    assert cleared == [1]
    metrics.set_pair(frame(3), frame(4))
    metrics.set_on(False)
    qtbot.wait(300)
    assert len(found) == 1
