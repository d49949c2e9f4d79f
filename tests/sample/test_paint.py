"""The sample's brushes: exact coverage, exact motion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.sample.paint import color, coverage, disc, fill, lay, stroke

place = st.floats(5, 25, allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(x=place, y=place, radius=st.floats(1.5, 4.5))
def test_coverage_is_the_area_and_sits_at_the_place(x: float, y: float, radius: float) -> None:
    found = coverage([disc(np.array([x, y]), radius)], width=32, height=32)
    assert found is not None
    (rows, columns), mask = found
    area = mask.sum()
    # cv2 paints every small pixel that an edge touches, a quarter of a pixel at most.
    assert np.pi * (radius - 0.05) ** 2 < area < np.pi * (radius + 0.25) ** 2
    down, across = np.mgrid[rows, columns] + 0.5
    assert (mask * across).sum() / area == pytest.approx(x, abs=0.08)
    assert (mask * down).sum() / area == pytest.approx(y, abs=0.08)


def test_what_lies_outside_is_not_drawn() -> None:
    picture = np.zeros((8, 8, 3), np.float32)
    fill(picture, stroke(np.array([-9.0, 2.0]), np.array([-3.0, 5.0]), 2.0), color("ffffff"))
    assert not picture.any()
    fill(picture, stroke(np.array([-9.0, 4.0]), np.array([20.0, 4.0]), 2.0), color("ffffff"))
    assert picture[3:5].min() > 0.9
    assert picture[:2].max() == 0


@pytest.mark.parametrize("shift", [0.0, 0.25, 2.5])
def test_a_layer_moves_by_parts_of_a_pixel(shift: float) -> None:
    x = np.arange(64, dtype=np.float32)
    layer = np.ones((8, 64, 4), np.float32)
    layer[..., :3] = (0.5 + 0.4 * np.sin(x / 5))[None, :, None]
    picture = np.zeros((8, 32, 3), np.float32)
    lay(picture, layer, x_px=8 + shift)
    wanted = 0.5 + 0.4 * np.sin((np.arange(32) + 8 + shift) / 5)
    np.testing.assert_allclose(picture[4, :, 0], wanted, atol=0.01)
