"""On a GPU: the same pictures as on the CPU, in fp32 and in halves, and within the memory there is."""

import importlib.util
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from flavr_core.color import ColorSpec, Matrix, Range, Siting
from flavr_core.engine import Engine
from flavr_core.engine.conversion import FrameConverter
from flavr_core.engine.device import choose_device
from flavr_core.engine.drawing import Drawer, Way
from flavr_core.engine.memory import activation_bytes
from flavr_core.engine.precision import apply_precision
from flavr_core.frame import PixelFamily, PixelFormat
from flavr_core.model import from_state_dict
from flavr_core.model.flavr_column_form import fast_form
from flavr_core.model.flavr_columns import has_programs
from flavr_core.model.flavr_fast_options import FastOptions
from flavr_core.settings import Precision

pytestmark = pytest.mark.cuda

CONFORMANCE = Path(__file__).parents[1] / "conformance"
HALF = (Fraction(1, 2),)
FORMATS = [
    PixelFormat(family=PixelFamily.YUV, log2_chroma_w=1, log2_chroma_h=1),
    PixelFormat(family=PixelFamily.YUV, depth=10, log2_chroma_w=1),
    PixelFormat(family=PixelFamily.YUV, depth=12),
    PixelFormat(family=PixelFamily.YUV, depth=16, log2_chroma_w=2),
    PixelFormat(family=PixelFamily.GRAY, depth=16),
    PixelFormat(family=PixelFamily.RGB, has_alpha=True),
    PixelFormat(family=PixelFamily.RGB, depth=16),
]


def psnr_db(one, other):
    return -10 * math.log10(max(float((one.double().cpu() - other.double().cpu()).square().mean()), 1e-20))


def conformance(name):
    """A network with the weights of the conformance vectors, and the vectors."""
    spec = importlib.util.spec_from_file_location("conformance_weights", CONFORMANCE / "weights.py")
    weights = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(weights)
    shapes = weights.load_shapes(CONFORMANCE / f"{name}.shapes.json")
    state = {key: torch.from_numpy(np.asarray(value)) for key, value in weights.fill(shapes).items()}
    network = from_state_dict(state).eval().requires_grad_(False)
    network.name = name
    with np.load(CONFORMANCE / f"{name}.npz") as arrays:
        return network, dict(arrays)


@pytest.fixture(scope="module")
def gpu():
    return choose_device("cuda")


@pytest.fixture(scope="module")
def flavr(gpu):
    network, _ = conformance("flavr_2x")
    return network.to(gpu)


@pytest.fixture
def scarce(gpu):
    """Leaves torch only so many bytes of the GPU: `scarce(2**30)`."""
    total = torch.cuda.get_device_properties(gpu).total_memory

    def leave(nbytes):
        torch.cuda.empty_cache()
        held = torch.cuda.memory_reserved(gpu)
        torch.cuda.set_per_process_memory_fraction(min(1.0, (held + nbytes) / total), gpu)

    yield leave
    torch.cuda.set_per_process_memory_fraction(1.0, gpu)
    torch.cuda.empty_cache()


@pytest.mark.parametrize("format_", FORMATS, ids=str)
@pytest.mark.parametrize("size", [(64, 48), (33, 17)])
def test_conversion_is_the_same_on_both_devices(kit, gpu, format_, size):
    color = ColorSpec(matrix=Matrix.BT709, range=Range.LIMITED, siting=Siting.LEFT)
    frame = kit.frame(1, format_=format_, color=color, width=size[0], height=size[1])
    results = []
    for device in (torch.device("cpu"), gpu):
        converter = FrameConverter(format_, color, width=size[0], height=size[1], device=device)
        planes = converter.upload(frame)
        assert planes[0].device.type == device.type
        rgb = converter.to_rgb(planes)
        alpha = converter.to_alpha(planes) if format_.has_alpha else None
        results.append((rgb.cpu(), converter.download(converter.from_rgb(rgb, alpha))))
    assert torch.allclose(results[0][0], results[1][0], atol=1e-6)
    for source, one, other in zip(frame.planes, results[0][1], results[1][1], strict=True):
        assert np.array_equal(one, source)
        assert np.array_equal(other, source)


@pytest.mark.parametrize("name", ["flavr_2x", "flavr_4x", "flavr_8x", "flavr34_2x"])
def test_fp32_meets_the_vectors_and_halves_meet_fp32(gpu, name):
    network, vectors = conformance(name)
    network = network.to(gpu)
    window = torch.from_numpy(vectors["frames"])[None].to(gpu)
    height, width = window.shape[-2:]
    (drawn,) = Drawer(network, width=width, height=height).draw([window], network.positions)
    error = np.abs(drawn.cpu().numpy() - vectors["output"]) / vectors["output"].std()
    assert np.percentile(error, 99.9) < 1e-4
    assert error.max() < 1e-3
    for precision, least_db in ((Precision.FP16, 60), (Precision.BF16, 50)):
        half, choice = apply_precision(network, precision, identity=None)
        (in_half,) = Drawer(half, width=width, height=height).draw([window], network.positions)
        assert psnr_db(in_half, drawn) > least_db
        assert choice.psnr_db > least_db


def test_auto_is_fp16(flavr):
    _, choice = apply_precision(flavr, Precision.AUTO, identity=None)
    assert choice.precision is Precision.FP16
    assert choice.notes == ()


def test_the_engine_agrees_with_itself_on_the_cpu(kit, gpu, flavr):
    window = kit.window_of([Fraction(0), HALF[0]], width=130, height=75)
    on_cpu, _ = conformance("flavr_2x")
    (_, one), (_, other) = (
        Engine(network, width=130, height=75).interpolate(window) for network in (on_cpu, flavr)
    )
    for a, b in zip(one.planes, other.planes, strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1
        assert (a != b).mean() < 0.01


def test_many_windows_at_once_give_what_each_gives(kit, flavr):
    frames = [kit.frame(index, width=96, height=64) for index in range(9)]
    windows = [kit.window(frames[gap - 1 : gap + 3], HALF, gap=gap) for gap in range(1, 7)]
    engine = Engine(flavr, width=96, height=64)
    assert engine.tensors.batch > 1
    together = engine.interpolate_many(windows)
    for window, (made,) in zip(windows, together, strict=True):
        (alone,) = engine.interpolate(window)
        assert (
            max(np.abs(a.astype(int) - b).max() for a, b in zip(alone.planes, made.planes, strict=True)) <= 1
        )


@pytest.mark.parametrize("columns", [False, True])
def test_a_picture_does_not_depend_on_what_it_is_drawn_with(kit, gpu, columns):
    """To the last bit: renders that were interrupted, and what previews drew, fall into other groups."""
    if columns and not has_programs(gpu, torch.float16):
        pytest.skip("needs a Hopper GPU and Triton")
    plain, _ = conformance("flavr_2x")
    options = FastOptions(columns=True) if columns else FastOptions(windows=True, band_rows=256)
    fast = fast_form(plain.to(gpu), dtype=torch.float16, options=options)
    frames = [kit.frame(index, width=96, height=64) for index in range(14)]
    windows = [kit.window(frames[gap - 1 : gap + 3], HALF, gap=gap) for gap in range(1, 12)]
    with Engine(fast, width=96, height=64) as engine:
        assert engine.together == (8 if columns else 1)
        drawn = list(engine.interpolate_each(windows))
        for window, (made,) in zip(windows, drawn, strict=True):
            (alone,) = engine.interpolate(window)
            assert all(np.array_equal(a, b) for a, b in zip(alone.planes, made.planes, strict=True))


def test_the_count_of_memory_is_what_the_gpu_needs(gpu, flavr):
    """At 1280x720 in fp32; libraries take some more for their own work."""
    window = torch.rand(1, 4, 3, 720, 1280, device=gpu)
    counted = activation_bytes(flavr, batch=1, width=1280, height=720, positions=HALF)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(gpu)
    before = torch.cuda.memory_allocated(gpu)
    Drawer(flavr, width=1280, height=720).draw([window], HALF)
    peak = torch.cuda.max_memory_allocated(gpu) - before
    assert 0.9 * counted < peak < 2 * counted


def test_memory_running_out_steps_down_to_the_same_picture(gpu, flavr, scarce):
    """1280x720 in fp32 needs several GiB at once; with less it is drawn in strips or tiles."""
    generator = torch.Generator().manual_seed(7)
    window = torch.rand(1, 4, 3, 90, 160, generator=generator).to(gpu)
    window = torch.nn.functional.interpolate(window[0], size=(720, 1280), mode="bicubic")[None].contiguous()
    (whole,) = Drawer(flavr, width=1280, height=720).draw([window], HALF)
    need = activation_bytes(flavr, batch=1, width=1280, height=720, positions=HALF)
    seen = set()
    for share, least_db in ((0.85, 80), (0.4, 60)):
        scarce(int(need * share))
        drawer = Drawer(flavr, width=1280, height=720)
        (drawn,) = drawer.draw([window], HALF)
        assert drawer.way != Way()
        assert drawer.notes
        assert psnr_db(drawn, whole) > least_db
        seen.add((drawer.way.strip_rows is not None, drawer.way.tile_px is not None))
        flavr.strip_rows = None
    assert len(seen) == 2


def test_a_plan_keeps_within_the_memory_given(gpu, flavr):
    engine = Engine(flavr, width=1920, height=1080, max_memory_bytes=4 * 2**30)
    flavr.strip_rows, limit = None, engine.tensors.drawer.way
    assert limit != Way()
    assert engine.notes


def test_alpha_and_cuts_run_on_the_gpu(kit, flavr):
    format_ = replace(kit.YUV420, has_alpha=True)
    window = kit.window_of(HALF, format_=format_, width=64, height=48)
    (frame,) = Engine(flavr, width=64, height=48).interpolate(window)
    assert frame.planes[3].shape == (48, 64)


def test_closing_gives_the_memory_back(kit, gpu):
    network, _ = conformance("flavr_2x")
    before = torch.cuda.memory_allocated(gpu)
    with Engine(network.to(gpu), width=640, height=360) as engine:
        engine.interpolate(kit.window_of(HALF, width=640, height=360))
        assert torch.cuda.memory_allocated(gpu) > before + 150 * 2**20
        assert engine.memory_bytes() > 150 * 2**20
    # The matrix library keeps some workspace once it was used.
    assert torch.cuda.memory_allocated(gpu) < before + 80 * 2**20
