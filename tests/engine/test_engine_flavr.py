"""FLAVR through the engine: padding, strips, tiles and precision leave its picture what it is."""

import importlib.util
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.engine import Engine
from flavr_core.engine.conversion import FrameConverter
from flavr_core.engine.device import has_fast_bf16
from flavr_core.engine.drawing import Drawer, Way
from flavr_core.engine.precision import apply_precision
from flavr_core.engine.tiling import draw_in_tiles
from flavr_core.frame import Frame, FrameWindow, PixelFamily, PixelFormat, PlannedFrame
from flavr_core.model import from_state_dict
from flavr_core.settings import Precision

CONFORMANCE = Path(__file__).parents[1] / "conformance"
HALF = (Fraction(1, 2),)


def psnr_db(one, other):
    return -10 * math.log10(max(float((one.double() - other.double()).square().mean()), 1e-20))


@pytest.fixture(scope="module")
def flavr():
    """The authors' 2x network with the weights of the conformance vectors."""
    spec = importlib.util.spec_from_file_location("conformance_weights", CONFORMANCE / "weights.py")
    weights = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(weights)
    shapes = weights.load_shapes(CONFORMANCE / "flavr_2x.shapes.json")
    state = {name: torch.from_numpy(np.asarray(value)) for name, value in weights.fill(shapes).items()}
    network = from_state_dict(state)
    network.name = "flavr_2x"
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def footage():
    """Frames of the conformance vectors, (1, 4, 3, H, W)."""
    with np.load(CONFORMANCE / "flavr_2x.npz") as arrays:
        return torch.from_numpy(arrays["frames"]).unsqueeze(0)


@pytest.fixture(scope="module")
def uneven(flavr):
    """A window that is dark and smooth on the left, bright and rough on the right, and its picture."""
    generator = torch.Generator().manual_seed(5)
    rough = torch.rand(1, 4, 3, 24, 176, generator=generator) * torch.linspace(0.1, 1, 176)
    window = (rough * 0.5 + torch.linspace(0, 0.5, 176)).contiguous()
    with torch.inference_mode():
        return window, flavr(window, HALF)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 7), (8, 8), (17, 33), (31, 16)])
def test_every_size_is_drawn_and_none_is_squashed(flavr, kit, width, height):
    gray = PixelFormat(family=PixelFamily.GRAY, depth=16)
    window = kit.window_of(HALF, format_=gray, width=width, height=height)
    engine = Engine(flavr, width=width, height=height)
    (frame,) = engine.interpolate(window)
    assert frame.planes[0].shape == (height, width)
    converter = FrameConverter(
        gray, window.frames[1].color, width=width, height=height, device=engine.tensors.device
    )
    rgb = torch.stack([converter.to_rgb(converter.upload(of)) for of in window.frames], dim=1)
    # By hand: mean of the unpadded frames, replication to the right and below, and a crop.
    mean = rgb.mean((1, 3, 4), keepdim=True)
    padded = torch.nn.functional.pad(
        (rgb - mean)[0], (0, -width % 8, 0, -height % 8), mode="replicate"
    ).unsqueeze(0)
    volume = padded.transpose(1, 2)
    with torch.inference_mode():
        drawn = flavr.finish(flavr.decode(flavr.encoder(volume)))[..., :height, :width] + mean[:, 0]
    expected = converter.download(converter.from_rgb(drawn))
    assert np.abs(frame.planes[0].astype(int) - expected[0]).max() <= 1


def test_the_engine_draws_what_the_network_draws(flavr, footage):
    """8-bit RGB in and out: the engine's frame is the network's picture, rounded."""
    format_ = PixelFormat(family=PixelFamily.RGB)
    color = ColorSpec(matrix=Matrix.RGB, range=Range.FULL)
    height, width = footage.shape[-2:]
    converter = FrameConverter(format_, color, width=width, height=height, device=torch.device("cpu"))
    frames = [
        Frame(
            planes=converter.download(converter.from_rgb(footage[:, t])),
            format=format_,
            color=color,
            time=Fraction(t),
            index=t,
        )
        for t in range(4)
    ]
    planned = PlannedFrame(index=3, time=Fraction(3), gap=1, position=HALF[0])
    window = FrameWindow(gap=1, frames=tuple(frames), is_cut=False, outputs=(planned,))
    (frame,) = Engine(flavr, width=width, height=height).interpolate(window)
    rounded = torch.stack([converter.to_rgb(converter.upload(of)) for of in frames], dim=1)
    with torch.inference_mode():
        expected = converter.download(converter.from_rgb(flavr(rounded, HALF)[:, 0]))
    for plane, other in zip(frame.planes, expected, strict=True):
        assert np.array_equal(plane, other)
    with np.load(CONFORMANCE / "flavr_2x.npz") as arrays:
        reference = arrays["output"][0]
    assert np.abs(np.stack(frame.planes) / 255 - reference.clip(0, 1)).mean() < 0.01


def test_strips_give_the_same_picture(flavr, uneven):
    window, whole = uneven
    drawer = Drawer(flavr, width=176, height=24)
    drawer.way = Way(strip_rows=8)
    drawer._set_strips(drawer.way)
    try:
        (drawn,) = drawer.draw([window], HALF)
    finally:
        flavr.strip_rows = None
    assert (drawn - whole[0]).abs().max() < 1e-4 * whole.std()


def test_tiles_know_the_whole_picture(flavr, uneven):
    """With context and statistics of the whole, tiles differ from it by less than a code value."""
    window, whole = uneven
    with torch.inference_mode():
        tiled = draw_in_tiles(flavr, window, HALF, tile=64)
        left = flavr(window[..., :64], HALF)
    assert psnr_db(tiled, whole) > 70
    # What a tile would show that knew of nothing but itself.
    assert psnr_db(tiled, whole) > psnr_db(left, whole[..., :64]) + 20
    assert flavr._held_mean is None
    with torch.inference_mode():
        assert torch.equal(flavr(window, HALF), whole)


def test_the_need_of_strips_and_tiles_is_smaller(flavr):
    drawer = Drawer(flavr, width=1920, height=1080, max_memory_bytes=2**40)
    need = [drawer.needed_bytes(way) for way in (Way(), Way(strip_rows=64), Way(tile_px=256, strip_rows=64))]
    assert need[0] > need[1] > need[2]
    assert flavr.strip_rows is None
    drawer.max_memory_bytes = need[1] - 1
    drawer.plan()
    try:
        assert drawer.way.strip_rows == 32 or drawer.way.tile_px is not None
    finally:
        flavr.strip_rows = None


@pytest.mark.skipif(
    not has_fast_bf16(torch.device("cpu")), reason="takes minutes without instructions for bf16"
)
def test_bf16_agrees_with_fp32(flavr):
    network, choice = apply_precision(flavr, Precision.BF16, identity=None)
    assert network.dtype is torch.bfloat16
    assert choice.psnr_db > 50
