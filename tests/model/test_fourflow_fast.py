"""FourFlow by kernels draws what the plain one draws; without a GPU in Triton's interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from flavr_core.engine import speed
from flavr_core.engine.memory import activation_bytes
from flavr_core.engine.precision import PrecisionChoice, agreement_db, draw_test_picture
from flavr_core.model import load
from flavr_core.model.fourflow import FourFlow
from flavr_core.model.fused import has_triton
from flavr_core.settings import Precision

ROOT = Path(__file__).resolve().parents[2]
HALF = (Fraction(1, 2),)
needs_triton = pytest.mark.skipif(not has_triton(), reason="needs Triton")


def test_without_its_kernels_the_plain_network_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU machine where Triton's kernels cannot be built or launched."""
    monkeypatch.setattr(speed, "may_be_fused", lambda _device: True)
    plain, choice = load("fourflow"), PrecisionChoice(precision=Precision.FP32)
    chosen, outcome = speed.speed_up(plain, plain, choice, wanted=Precision.FP32, identity=None)
    assert chosen is plain
    assert "slower" in outcome.notes[0]
    monkeypatch.setenv(speed.SWITCH, "0")
    assert speed.speed_up(plain, plain, choice, wanted=Precision.FP32, identity=None) == (plain, choice)


@needs_triton
@pytest.mark.parametrize(("width", "height", "most_gib"), [(1920, 1080, 2), (3840, 2160, 8)])
def test_memory_is_known_before(width: int, height: int, most_gib: int) -> None:
    from flavr_core.model.fourflow_fast import FastFourFlow

    fast = FastFourFlow(FourFlow(), dtype=torch.float16)
    nbytes = activation_bytes(fast, batch=1, width=width, height=height, positions=HALF)
    assert nbytes is not None
    assert most_gib / 8 * 2**30 < nbytes < most_gib * 2**30


@pytest.mark.slow
@pytest.mark.timeout(900)
@needs_triton
@pytest.mark.parametrize(
    ("dtype", "own", "count", "size", "most"),
    [
        ("float32", 0, 1, (16, 17), 2e-5), ("float32", 1, 2, (48, 41), 2e-5),
        ("float16", 1, 1, (17, 16), 0.02),
    ],
)  # fmt: skip
def test_kernels_in_tritons_interpreter(
    dtype: str, own: int, count: int, size: tuple[int, int], most: float
) -> None:
    done = subprocess.run(
        [
            sys.executable, "-W", "ignore", str(Path(__file__).with_name("fourflow_emulator.py")), dtype,
            *map(str, (own, count, *size)),
        ],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    picture, again, flow = map(float, done.stdout.split())
    assert max(picture, again) <= most
    assert flow <= 20 * most


def _sharpened_both_ways(shape: tuple[int, int, int], device: str) -> tuple[float, float]:
    done = subprocess.run(
        [
            sys.executable, "-W", "ignore", str(Path(__file__).with_name("sharpness_emulator.py")),
            *map(str, shape), device,
        ],
        env={**os.environ, "TRITON_INTERPRET": "1" if device == "cpu" else "0",
             "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    difference, most = map(float, done.stdout.split())
    return difference, most


@needs_triton
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 37, 50)])
def test_pictures_are_sharpened_alike_in_tritons_interpreter(shape: tuple[int, int, int]) -> None:
    difference, most = _sharpened_both_ways(shape, "cpu")
    assert difference < 2e-6
    assert (most > 0.05) is (shape[1] > 1)


@pytest.mark.cuda
@needs_triton
@pytest.mark.parametrize("shape", [(2, 49, 50), (2, 37, 49), (1, 127, 129)])
def test_pictures_are_sharpened_alike(shape: tuple[int, int, int]) -> None:
    """Where the last cells are a pixel wide all their differences to the right are nothing."""
    difference, most = _sharpened_both_ways(shape, "cuda")
    assert difference < 2e-6
    assert most > 0.05


@needs_triton
@pytest.mark.parametrize("size", [("61", "125", "270"), ("122", "131", "61")])
def test_writing_is_taken_out_alike_in_tritons_interpreter(size: tuple[str, str, str]) -> None:
    done = subprocess.run(
        [
            sys.executable, "-W", "ignore", str(Path(__file__).with_name("ground_emulator.py")), *size,
        ],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    difference, first, second = map(float, done.stdout.split())
    assert difference < 2e-6
    assert first > 0.3
    assert second == 0


FAR = """
import torch
from torch.nn import functional
from flavr_core.model.fourflow import PICTURE_SAMPLING, warp
from flavr_core.model.fourflow_ends_triton import DRAWN, fetch_pictures, lay_frames
from flavr_core.model.fourflow_filter_triton import filter3
from flavr_core.model.fourflow_triton import KNOWN, Gap, join

torch.manual_seed(1)
frames, t = torch.rand(4, 3, 13, 20), 0.25
cells = lay_frames(frames, 8, 12, torch.float32)
padded = functional.pad(frames, (0, 4, 0, 3), mode="replicate") - 0.5
places = torch.tensor([[2, 0, 3, 1]], dtype=torch.int32)
gap = Gap(places=places, valid=torch.tensor([[1, 0]], dtype=torch.int32), t=t)
numbers = torch.zeros(1, 5, 8, 12)
numbers[:, :4, ::2] = torch.tensor([3e5, -40.0, 7.3, -1e9])[:, None, None]
numbers[:, :4, 1, 1] = 11.0
change, bias = torch.zeros(1, 8, 12, DRAWN), torch.zeros(DRAWN)
fetched = fetch_pictures(cells, gap, numbers, change, bias)
velocity = 2 * functional.interpolate(numbers[:, :4], scale_factor=2, mode="bilinear")
for source, (frame, flow) in enumerate(((0, -t * velocity[:, :2]), (3, (1 - t) * velocity[:, 2:]))):
    wanted = warp(padded[frame : frame + 1], flow.clamp(-99, 99), sampling=PICTURE_SAMPLING)
    given = fetched.unflatten(3, (2, 2, 4, 4))[..., source, :3].permute(0, 5, 1, 3, 2, 4)
    print(float((given.flatten(4, 5).flatten(2, 3) - wanted).abs().max()))
features, outer = torch.randn(4, 8, 12, 24), torch.randn(4, 8, 12, 3)
joined = torch.full((1, 8, 12, 2 * 24 + 2 * 3 + KNOWN), torch.nan)
join(joined, (features,), outer, gap=gap, numbers=numbers, known_at=54)
near = warp(features[:1].permute(0, 3, 1, 2), (-t * numbers[:, :2]).clamp(-99, 99))
print(float((joined[..., :24].permute(0, 3, 1, 2) - near).abs().max()))
print(float(joined[..., 51:54].abs().max()), float(joined[..., 60:].min()), int(joined.isnan().sum()))
for inputs, outputs, stride in ((16, 24, 1), (24, 8, 2), (48, 20, 1), (96, 33, 2)):
    x, weight = torch.randn(2, 6, 10, inputs), torch.randn(outputs, inputs, 3, 3) / 30
    added = torch.randn(2, 6 // stride, 10 // stride, outputs)
    wanted = functional.conv2d(x.permute(0, 3, 1, 2), weight, torch.ones(outputs), stride, 1)
    wanted = functional.leaky_relu(wanted.permute(0, 2, 3, 1) + added, 0.2)
    flat = weight.permute(2, 3, 1, 0).flatten(0, 2).contiguous()
    given = filter3(x, flat, torch.ones(outputs), added, stride=stride, rectified=True)
    print(float((given - wanted).abs().max()))
"""


@pytest.mark.slow
@needs_triton
def test_far_places_and_layers_one_by_one() -> None:
    """Places a billion pixels out are the border; outer frames that are copies count for nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FAR],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    *fetched, joined, others, one, two, three, four = done.stdout.splitlines()
    assert max(map(float, (*fetched, joined, one, two, three, four))) < 2e-4
    assert others.split() == ["0.0", "0.0", "0"]


COMPILED = """
import sys
from fractions import Fraction
import torch
from kernel_compiler import compiled, recorded_launches
from flavr_core.model.fourflow import FourFlow
from flavr_core.model.fourflow_fast import FastFourFlow
from flavr_core.model.fourflow_filters import Filters

torch.set_num_threads(2)
plain = FourFlow().eval()
with torch.inference_mode(), recorded_launches() as launches:
    for size, filters in (((64, 96), Filters.LIBRARY), ((16, 16), Filters.TAPS)):
        fast = FastFourFlow(plain, dtype=getattr(torch, sys.argv[1]), filters=filters)
        fast.draw(torch.rand(1, 4, 3, *size), (Fraction(1, 2),))
spilled = [launch[0].__name__ for launch in launches if ".local" in compiled(launch).asm["ptx"]]
print(len({launch[0].__name__ for launch in launches}), spilled)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@needs_triton
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_kernels_compile_for_hopper(dtype: str) -> None:
    folders = [str(ROOT), str(Path(__file__).parent), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", COMPILED, dtype], env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["18", "[]"]


@pytest.mark.slow
@needs_triton
def test_filters_in_rows_followed_step_by_step() -> None:
    """Gluon has no interpreter."""
    folders = [str(ROOT), str(Path(__file__).parent), *sys.path]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("rows_emulator.py"))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert len(done.stdout.split()) == 32
    assert max(map(float, done.stdout.split())) < 3e-3  # values up to four, in halves


ROWS_COMPILED = """
from triton.backends.compiler import GPUTarget
from triton.compiler import compile
from triton.experimental.gluon import language as gl
from triton.experimental.gluon._runtime import GluonASTSource
from flavr_core.model import fourflow_rows_triton as programs

program = programs._rows
layers = (48, 48, 1), (96, 160, 1), (24, 24, 1), (160, 8, 1), (48, 96, 2), (24, 56, 2)
for inputs, outputs, stride in layers:
    block = programs.channel_block(outputs)
    for count, room in ((1, 232_448), (1000, 115_712)):
        step, stages = programs.steps_of(inputs, stride, count, has_added=inputs == outputs)
        constants = dict(
            HAS_BIAS=True, HAS_ADDED=inputs == outputs, IS_RECTIFIED=True, SLOPE=0.2, STRIDE=stride,
            STAGES=stages, num_warps=programs._WARPS,
        )
        types = dict.fromkeys(program.arg_names, "i32") | dict.fromkeys(constants, "constexpr")
        types |= {"out": "*bf16", "bias": "*fp32"}
        sizes = {"pictures": [1, 2, 1, 64, step], "added": [1, 2, 1, 64, step], "weights": [block, step]}
        for name, size in sizes.items():
            types[name] = f"tensordesc<bf16{size},{gl.NVMMASharedLayout(2 * step, 16, len(size))!r}>"
        places = {(program.arg_names.index(name),): value for name, value in constants.items()}
        done = compile(
            GluonASTSource(program, types, places, {}), target=GPUTarget("cuda", 90, 32),
            options={"num_warps": programs._WARPS},
        )
        ptx = done.asm["ptx"]
        products = ptx.count("wgmma.mma_async.sync") * 16 // step
        print(done.metadata.shared <= room, ".local" in ptx, products)
"""


@pytest.mark.slow
@needs_triton
def test_filters_in_rows_compile_for_hopper() -> None:
    """Twelve products a step, no spills, and two programs fit a multiprocessor where there are many."""
    done = subprocess.run(
        [sys.executable, "-c", ROWS_COMPILED], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "False", "12"] * 12


@pytest.mark.cuda
@needs_triton
@pytest.mark.parametrize("size", [(16, 16), (17, 33), (96, 128), (255, 129), (270, 481), (1080, 1920)])
@pytest.mark.parametrize(("precision", "least_db"), [(Precision.FP16, 60), (Precision.FP32, 90)])
def test_the_engine_draws_by_kernels(size: tuple[int, int], precision: Precision, least_db: float) -> None:
    """Recorded passes too, at all places of eight times as many; over one window writing stands still."""
    from flavr_core.engine.drawing import Drawer
    from flavr_core.engine.precision import apply_precision, full_fp32

    plain = load("fourflow").to("cuda").eval()
    network, choice = apply_precision(plain, precision, identity=None)
    network, choice = speed.speed_up(plain, network, choice, wanted=precision, identity=None)
    assert choice.way is not None
    assert choice.way.startswith("fast: own kernels")
    drawer = Drawer(network, width=size[1], height=size[0], batch=2)
    places = tuple(Fraction(number, 8) for number in range(1, 8))
    grain = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(3))
    ground = torch.nn.functional.interpolate(grain, size=(size[0] + 9, size[1] + 15), mode="bicubic")
    frames = [ground[..., 3 * i : 3 * i + size[0], 5 * i : 5 * i + size[1]] for i in range(4)]
    window = torch.stack(frames, 1).clamp(0, 1)
    stroke, wide = max(2, size[0] // 135), slice(size[1] // 8, -size[1] // 8)
    for row in range(7 * size[0] // 10, 7 * size[0] // 10 + stroke):
        window[1, ..., row : 8 * size[0] // 10 : 3 * stroke, wide] = 1.0
    windows = window.cuda().split(1)
    names = [[(number, place) for place in range(4)] for number in range(2)]
    for known in (None, names):  # the second time frames are encoded by themselves
        for _ in range(3):  # the last is replayed
            drawn = drawer.draw(list(windows), places, known)
        for shown, pictures in zip(windows, drawn, strict=True):
            with torch.inference_mode(), full_fp32():
                wanted = plain(shown, places)[0]
            assert agreement_db(pictures, wanted) >= least_db
    drawer.forget()


@pytest.mark.cuda
@needs_triton
def test_far_flows_stay_numbers() -> None:
    """Answers that lead thousands of pixels out of the picture fetch the border."""
    from flavr_core.model.fourflow_fast import FastFourFlow

    plain = load("fourflow").to("cuda").eval()
    with torch.no_grad():
        plain.split_half.head.bias += 3000
    fast = FastFourFlow(plain, dtype=torch.float16)
    assert agreement_db(draw_test_picture(fast), draw_test_picture(plain)) >= 45
