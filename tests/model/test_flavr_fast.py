"""Fast forms of FLAVR give the plain network's picture but for rounding, in every way of computing."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.errors import ModelError, SettingsError
from flavr_core.model import time_winograd
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig, Join
from flavr_core.model.flavr_fast import FastFlavr, can_be_fast, tap_sums_of_frames
from flavr_core.model.flavr_fast_convs import (
    SkippingConv,
    TimeConv,
    ToomCookConv,
    WindowedUpConv,
    as_frames,
    as_volume,
)
from flavr_core.model.flavr_fast_options import FastOptions, has_fast_int8
from flavr_core.model.flavr_integer_convs import IntegerConv, SixIntegerConv
from flavr_core.model.flavr_stages import tap_sums

EXACT = {
    "layout": FastOptions(),
    "skip": FastOptions(skip_padding=True),
    "toom-cook": FastOptions(toom_cook_from=1),
    "bands": FastOptions(band_rows=6),
    "windows": FastOptions(windows=True, band_rows=6),
    "all": FastOptions(skip_padding=True, toom_cook_from=9, band_rows=8),
}
"""Ways that lose nothing but rounding."""
SIZES = [(16, 16), (17, 33), (8, 8), (1, 5), (24, 40), (31, 16)]


def plain(**fields: Any) -> Flavr:
    """A narrow FLAVR in float64."""
    torch.manual_seed(3)
    config = FlavrConfig(
        stem_width=8, widths=(8, 10, 12, 14), decoder_widths=(11, 9, 8, 7, 6), fuse_width=5, **fields
    )
    return Flavr(config).double().eval().requires_grad_(False)


def window(height: int, width: int, *, count: int = 1, frames: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, frames, 3, height, width, generator=generator, dtype=torch.float64)


def draw(network: Flavr | FastFlavr, frames: Tensor) -> Tensor:
    assert network.positions is not None
    with torch.inference_mode():
        drawn: Tensor = network(frames, network.positions)
    return drawn


def psnr_db(one: Tensor, other: Tensor) -> float:
    return -10 * math.log10(max(float((one.double() - other.double()).square().mean()), 1e-30))


@pytest.mark.parametrize("options", EXACT.values(), ids=EXACT)
@pytest.mark.parametrize("size", SIZES)
def test_every_way_is_exact(options: FastOptions, size: tuple[int, int]) -> None:
    network = plain(num_outputs=3, encoder_bias=True)
    frames = window(*size)
    fast = FastFlavr(network, dtype=torch.float64, options=options)
    torch.testing.assert_close(draw(fast, frames), draw(network, frames), rtol=0, atol=1e-11)


@pytest.mark.parametrize("options", EXACT.values(), ids=EXACT)
def test_windows_together_are_each_alone(options: FastOptions) -> None:
    network = plain()
    frames = window(24, 16, count=3)
    fast = FastFlavr(network, dtype=torch.float64, options=options)
    torch.testing.assert_close(draw(fast, frames), draw(network, frames), rtol=0, atol=1e-11)


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_any_number_of_inputs(count: int) -> None:
    network = plain(num_inputs=count)
    frames = window(16, 24, frames=count)
    fast = FastFlavr(network, dtype=torch.float64, options=EXACT["all"])
    torch.testing.assert_close(draw(fast, frames), draw(network, frames), rtol=0, atol=1e-11)


def test_a_clips_end_is_drawn_from_repeated_frames() -> None:
    network = plain()
    frames = window(16, 16)[:, [1, 1, 2, 2]]
    fast = FastFlavr(network, dtype=torch.float64, options=EXACT["all"])
    torch.testing.assert_close(draw(fast, frames), draw(network, frames), rtol=0, atol=1e-11)


@pytest.mark.parametrize("rows", [1, 2, 7, 16, 23, 1000])
def test_strips_give_the_whole(rows: int) -> None:
    network = plain()
    frames = window(24, 16)
    fast = FastFlavr(network, dtype=torch.float64, options=FastOptions())
    whole = draw(fast, frames)
    fast.strip_rows = rows
    torch.testing.assert_close(draw(fast, frames), whole, rtol=0, atol=1e-12)


def test_tiles_are_told_the_whole_pictures_statistics() -> None:
    network = plain()
    fast = FastFlavr(network, dtype=torch.float64, options=EXACT["all"])
    frames = window(24, 32)
    pieces = [(slice(0, 24), slice(0, 16)), (slice(0, 24), slice(16, 32))]
    drawn = []
    for one in (network, fast):
        assert one.positions is not None
        with torch.inference_mode(), one.whole_frame_statistics(frames, pieces):
            drawn.append(one(frames[..., :16], one.positions))
    torch.testing.assert_close(drawn[1], drawn[0], rtol=0, atol=1e-8)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_halves_and_integers_stay_close(precision: torch.dtype) -> None:
    network = plain(num_outputs=7, encoder_bias=True).float()
    frames = window(32, 48).float()
    reference = draw(network, frames)
    for options, least_db in (
        *((options, 50) for options in EXACT.values()),
        *((FastOptions(int8_from=scale, toom_cook_from=9), 40) for scale in (8, 4, 2) if has_fast_int8()),
    ):
        if options.int8_from is not None and precision is torch.float32:
            continue
        drawn = draw(FastFlavr(network, dtype=precision, options=options), frames)
        # The narrow network's own spread stands for the picture's.
        error_db = psnr_db(drawn / reference.std(), reference / reference.std())
        assert error_db > (110 if precision is torch.float32 else least_db - 15), options


def test_the_plain_network_keeps_its_weights() -> None:
    network = plain()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fast = FastFlavr(network, dtype=torch.float64, options=EXACT["all"])
    with torch.no_grad():
        for parameter in fast.parameters():
            parameter.zero_()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_unusual_variants_have_no_fast_form() -> None:
    for network in (plain(batch_norm=True), plain(join=Join.NONE)):
        assert not can_be_fast(network)
        with pytest.raises(ModelError, match="no fast form"):
            FastFlavr(network, dtype=torch.float32, options=FastOptions())
    assert can_be_fast(plain())


def test_options_are_checked_and_told() -> None:
    with pytest.raises(SettingsError, match="band_rows is 0"):
        FastOptions(band_rows=0)
    assert str(FastOptions()) == "fast: layout alone"
    assert "windows" in str(EXACT["windows"])
    assert "six products from 9" in str(EXACT["all"])


def test_the_schemes_maps_are_a_convolution_and_exact_in_bf16() -> None:
    into, taps_at, out_of = time_winograd.matrices()
    frames, taps = torch.randn(2, 4, dtype=torch.float64)[0], torch.randn(3, dtype=torch.float64)
    drawn = out_of @ ((taps_at @ taps) * (into @ frames))
    direct = functional.conv1d(frames[None, None], taps[None, None], padding=1)[0, 0]
    torch.testing.assert_close(drawn, direct, rtol=0, atol=1e-12)
    for matrix in (into, out_of):
        assert torch.equal(matrix.to(torch.bfloat16).double(), matrix)


@pytest.mark.parametrize("way", [TimeConv, SkippingConv, ToomCookConv])
@pytest.mark.parametrize("stride", [1, 2])
def test_each_way_is_the_librarys_convolution(way: type[TimeConv], stride: int) -> None:
    frames = torch.randn(8, 3, 10, 12, dtype=torch.float64)
    weight, bias = torch.randn(5, 3, 3, 3, 3, dtype=torch.float64), torch.randn(5, dtype=torch.float64)
    conv = way(weight, bias, dtype=torch.float64, stride=(stride, stride), padding=(1, 1))
    expected = functional.conv3d(as_volume(frames, 4), weight, bias, (1, stride, stride), 1)
    torch.testing.assert_close(conv(frames, 4), as_frames(expected), rtol=0, atol=1e-11)


@pytest.mark.parametrize("way", [TimeConv, SkippingConv, ToomCookConv])
def test_growing_by_windows_is_the_librarys_transposed_convolution(way: type[TimeConv]) -> None:
    frames = torch.randn(8, 3, 5, 7, dtype=torch.float64)
    weight, bias = torch.randn(3, 4, 3, 4, 4, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    expected = as_frames(functional.conv_transpose3d(as_volume(frames, 4), weight, bias, (1, 2, 2), 1))
    windowed = WindowedUpConv(way, weight, bias, dtype=torch.float64)
    torch.testing.assert_close(windowed(frames, 4), expected, rtol=0, atol=1e-11)
    direct = way(weight, bias, dtype=torch.float64, stride=(2, 2), padding=(1, 1), transposed=True)
    torch.testing.assert_close(direct(frames, 4), expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("size", [(4, 1, 1), (1, 4, 3), (4, 1, 6), (4, 8, 8)])
def test_tap_sums_of_frames_are_the_volumes(size: tuple[int, int, int]) -> None:
    count, rows, columns = size
    frames = torch.randn(2 * count, 5, rows, columns, dtype=torch.float64)
    expected = tap_sums(as_volume(frames, count), torch.float64)
    torch.testing.assert_close(tap_sums_of_frames(frames, count), expected, rtol=0, atol=1e-11)


@pytest.mark.cuda
@pytest.mark.parametrize("options", EXACT.values(), ids=EXACT)
@pytest.mark.parametrize("size", SIZES)
def test_cuda_halves_stay_close(options: FastOptions, size: tuple[int, int]) -> None:
    network = plain(num_outputs=7, encoder_bias=True).float().to("cuda")
    frames = window(*size, count=2).float().to("cuda")
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        reference = draw(network, frames)
        in_fp32 = draw(FastFlavr(network, dtype=torch.float32, options=options), frames)
        in_fp16 = draw(FastFlavr(network, dtype=torch.float16, options=options), frames)
    spread = reference.std()
    assert psnr_db(in_fp32 / spread, reference / spread) > 100
    assert psnr_db(in_fp16 / spread, reference / spread) > 50


@pytest.mark.skipif(not has_fast_int8(), reason="needs instructions for 8-bit integers")
@pytest.mark.parametrize(("way", "most"), [(IntegerConv, 0.03), (SixIntegerConv, 0.15)])
@pytest.mark.parametrize("kind", ["from zero on", "signed", "negative", "all the largest", "nothing", "tiny"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_integers_use_their_whole_range_and_no_more(
    way: type[TimeConv], most: float, kind: str, dtype: torch.dtype
) -> None:
    torch.manual_seed(5)
    frames = torch.randn(8, 16, 6, 10)
    frames = {
        "from zero on": frames.relu(), "signed": frames, "negative": -frames.relu(),
        "tiny": frames.relu() * 1e-20, "nothing": torch.zeros_like(frames),
        "all the largest": torch.full_like(frames, 3.453125),
    }[kind]  # fmt: skip
    frames = frames.to(dtype).contiguous(memory_format=torch.channels_last)
    weight, bias = torch.randn(24, 16, 3, 3, 3) / 20, torch.randn(24) * frames.float().std().clamp(min=1e-20)
    drawn = way(weight, bias, dtype=dtype, stride=(1, 1), padding=(1, 1))(frames, 4)
    exact = TimeConv(weight, bias, dtype=torch.float32, stride=(1, 1), padding=(1, 1))(frames.float(), 4)
    # A code too many or too few would be off by the range itself.
    assert float((drawn - exact).abs().max()) <= most * float(exact.abs().max()) + 1e-30
    assert drawn.shape == exact.shape


@pytest.mark.skipif(not has_fast_int8(), reason="needs instructions for 8-bit integers")
def test_six_products_are_told_and_near_the_plain_network() -> None:
    network = plain().float()
    frames = window(32, 48).float()
    options = FastOptions(int8_from=2, int8_six=True)
    assert str(options) == "fast: 8-bit integers from 1/2 of the size, six products at 1/8"
    fast = FastFlavr(network, dtype=torch.bfloat16, options=options)
    assert sum(isinstance(layer, SixIntegerConv) for layer in fast.modules()) > 3
    reference = draw(network, frames)
    assert psnr_db(draw(fast, frames) / reference.std(), reference / reference.std()) > 25
