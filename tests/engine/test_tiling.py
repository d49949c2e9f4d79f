"""Tiles: they cover everything, once, aligned, with their context."""

from contextlib import contextmanager
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from flavr_core.engine.tiling import BLEND_PX, draw_in_tiles, tile_spans

HALF = (Fraction(1, 2),)


@given(
    size=st.integers(1, 3000),
    tile=st.integers(8, 1200),
    halo=st.integers(0, 200),
    multiple=st.sampled_from([1, 2, 8, 32]),
)
@settings(deadline=None)
def test_spans_cover_the_axis(size, tile, halo, multiple):
    spans = tile_spans(size, tile=tile, halo=halo, multiple=multiple)
    covered = [pixel for span in spans for pixel in range(span.core_start, span.core_stop)]
    assert covered == list(range(size))
    for span in spans:
        assert span.start % multiple == 0
        assert span.start <= max(0, span.core_start - halo)
        assert span.stop >= min(size, span.core_stop + halo)
        assert 0 <= span.start < span.stop <= size


@pytest.mark.parametrize(("width", "height"), [(97, 61), (40, 120), (17, 33), (64, 64)])
@pytest.mark.parametrize("tile", [24, 32, 48])
def test_tiles_equal_the_whole_where_the_context_suffices(kit, width, height, tile):
    network = kit.SmoothNetwork()
    window = torch.rand(2, 4, 3, height, width, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        whole = network(window, HALF)
        tiled = draw_in_tiles(network, window, HALF, tile=tile)
    assert torch.allclose(whole, tiled, atol=1e-5)


def test_seams_are_blended_where_tiles_disagree(kit):
    """A network that paints each piece in its own mean: neighbours differ, the passage is gradual."""

    class Flat(kit.MixNetwork):
        size_multiple = 1
        halo_px = 8

        def draw(self, window, positions):
            return window[:, 1:2].mean((3, 4), keepdim=True).expand(-1, 1, -1, *window.shape[-2:])

    window = torch.zeros(1, 4, 3, 16, 128)
    window[..., 64:] = 1
    drawn = draw_in_tiles(Flat(), window, HALF, tile=64)[0, 0, 0, 8]
    steps = drawn.diff().abs()
    assert drawn[40] < 0.25
    assert drawn[90] > 0.75
    assert steps.max() < 2 * (drawn[90] - drawn[40]) / BLEND_PX


def test_statistics_of_the_whole_are_handed_in(kit):
    class Pooling(kit.MixNetwork):
        """Adds the mean of what it takes for the picture."""

        halo_px = 16
        held = None

        @contextmanager
        def whole_frame_statistics(self, window, pieces):
            self.held = window.mean()
            yield
            self.held = None

        def draw(self, window, positions):
            return super().draw(window, positions) + (window.mean() if self.held is None else self.held)

    network = Pooling()
    window = torch.rand(1, 4, 3, 50, 70, generator=torch.Generator().manual_seed(2))
    window[..., :20, :] *= 0.1
    with torch.inference_mode():
        assert torch.allclose(network(window, HALF), draw_in_tiles(network, window, HALF, tile=24), atol=1e-5)
    assert network.held is None
