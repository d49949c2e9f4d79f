"""Originals against previews of a smaller size: compared at that size, and said to be."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.application.studio import Studio
from app.jobs.picture_metrics import measure
from app.viewmodels.player_side import SideState
from app.widgets.compare_view import CompareView, DifferenceKind, ViewMode
from app.widgets.picture_floating import difference_words
from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.comparison.sizes import alike, reduced
from flavr_core.frame import Frame, PixelFamily, PixelFormat

OpenStudio = Callable[..., Studio]


def noise(format_: PixelFormat, *, width: int = 320, height: int = 192, seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    shapes = [format_.plane_shape(number, width=width, height=height) for number in range(format_.num_planes)]
    return Frame(
        planes=tuple(rng.integers(16, 235, shape).astype(format_.dtype) for shape in shapes),
        format=format_,
        color=ColorSpec(matrix=Matrix.BT709, range=Range.LIMITED),
        time=Fraction(0),
        index=0,
    )


@pytest.fixture
def view(qtbot: QtBot) -> CompareView:
    widget = CompareView()
    qtbot.addWidget(widget)
    widget.resize(640, 384)
    widget.show()
    widget.set_mode(ViewMode.DIFFERENCE)
    widget.set_difference(DifferenceKind.AMPLIFIED, 32)
    return widget


def middle(view: CompareView) -> np.ndarray:
    """What is seen below and above the labels."""
    QApplication.processEvents()
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    whole = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
    return whole[80:-80, 20:-20].copy()  # the image goes with this call


FORMATS = [
    PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1),
    PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1, depth=10),
    PixelFormat(family=PixelFamily.RGB, has_alpha=True),
]


@pytest.mark.parametrize("format_", FORMATS, ids=str)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_a_filmed_frame_differs_in_nothing_from_its_preview(
    view: CompareView, format_: PixelFormat, is_swapped: bool
) -> None:
    whole = noise(format_)
    small = reduced(whole, width=200, height=120)
    a, b = (small, whole) if is_swapped else (whole, small)
    view.set_picture("a", a, "")
    view.set_picture("b", b, "")
    assert middle(view).max() == 0
    for zoom in (3.0, 6.0):  # enlarged pixels that run into each other, and rectangles
        view.set_zoom(zoom)
        assert middle(view).max() == 0
    view.fit()
    view.set_picture("b", noise(format_, width=200, height=120, seed=1), "")
    assert middle(view).mean() > 50


def test_figures_are_counted_at_the_smaller_size() -> None:
    whole = noise(FORMATS[0])
    found = measure(whole, reduced(whole, width=160, height=96))
    assert (found.psnr_db, found.ssim, found.reduced_to) == (80, pytest.approx(1), (160, 96))
    assert measure(whole, whole).reduced_to is None
    assert measure(whole, noise(FORMATS[0], width=160, height=96, seed=1)).psnr_db < 20


def test_both_are_brought_to_what_both_have() -> None:
    a, b = noise(FORMATS[0], width=320, height=96), noise(FORMATS[0], width=160, height=192)
    assert [(one.width, one.height) for one in alike(a, b)] == [(160, 96)] * 2
    assert alike(a, a) == (a, a)


def test_the_size_is_said(view: CompareView) -> None:
    whole = noise(FORMATS[0])
    view.set_picture("a", whole, "")
    view.set_picture("b", whole, "")
    assert difference_words(view.floating_scene()) == "Difference × 32"
    view.set_picture("b", reduced(whole, width=160, height=96), "")
    assert difference_words(view.floating_scene()) == "Difference × 32  ·  both at 160 × 96"


def test_labels_and_figures_of_a_small_preview(
    qtbot: QtBot, open_studio: OpenStudio, plain_clip: Path
) -> None:
    studio = open_studio(plain_clip)
    qtbot.waitUntil(lambda: studio.viewer.info is not None, timeout=20_000)
    studio.settings.set_network("blend")
    studio.previews.set_view_size(80, 48)
    studio.previews.render()
    qtbot.waitUntil(lambda: studio.player.state("b") is SideState.EXACT, timeout=60_000)
    studio.previews.stop()
    assert "preview at ¾ size" in studio.viewer.label("b")
    studio.viewer_panel.view.set_mode(ViewMode.DIFFERENCE)
    shown = middle(studio.viewer_panel.view)
    row, column = shown.shape[0] // 2, shown.shape[1] // 2
    assert shown[row - 20 : row + 20, column - 40 : column + 40].max() == 0  # around it may be the window
    studio.settings.set_network("motion")
    assert "earlier settings" in studio.viewer.label("b")
