"""Four frames at once give the plain network's picture but for rounding."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.engine.memory import activation_bytes
from flavr_core.errors import ModelError, SettingsError
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_column_ends import STEM_ABOVE, cells, draw_out, stem_weight
from flavr_core.model.flavr_column_form import ColumnFlavr, can_be_columns, fast_form
from flavr_core.model.flavr_columns import BLOCK, Activation, ColumnConv, activated, has_programs
from flavr_core.model.flavr_columns_fp8 import CodedConv, coarse_layers
from flavr_core.model.flavr_config import FlavrConfig
from flavr_core.model.flavr_fast import FastFlavr
from flavr_core.model.flavr_fast_convs import as_frames, as_volume
from flavr_core.model.flavr_fast_options import FastOptions
from flavr_core.model.flavr_out_rows import out_way, stack_rows
from flavr_core.model.fused import has_triton

ROOT = Path(__file__).resolve().parents[2]


def plain(**fields: Any) -> Flavr:
    """A FLAVR of whole blocks of channels, in float64, whose values neither vanish nor grow."""
    torch.manual_seed(3)
    config = FlavrConfig(widths=(64, 64, 128, 64), decoder_widths=(128, 64, 64, 64, 64), **fields)
    return Flavr(config).double().eval().requires_grad_(False)


def window(height: int, width: int, *, count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 4, 3, height, width, generator=generator, dtype=torch.float64)


def draw(network: Flavr | ColumnFlavr, frames: Tensor) -> Tensor:
    assert network.positions is not None
    with torch.inference_mode():
        drawn: Tensor = network(frames, network.positions)
    return drawn


def assert_same(given: Tensor, wanted: Tensor, *, share: float) -> None:
    """Differences are within a share of what the network draws over the mean."""
    assert float((given - wanted).abs().max()) <= share * float(wanted.std())


@pytest.mark.parametrize("size", [(16, 16), (17, 33), (1, 5)])
def test_it_is_exact(size: tuple[int, int]) -> None:
    network = plain(num_outputs=3, encoder_bias=True)
    frames = window(*size, count=2)
    drawn = draw(ColumnFlavr(network, dtype=torch.float64), frames)
    assert_same(drawn, draw(network, frames), share=1e-10)


def test_some_of_the_places_can_be_drawn() -> None:
    network = plain(num_outputs=3)
    assert network.positions is not None
    chosen = network.positions[2], network.positions[0]
    frames = window(8, 16)
    with torch.inference_mode():
        given = ColumnFlavr(network, dtype=torch.float64)(frames, chosen)
        assert_same(given, network(frames, chosen), share=1e-10)


def test_gates_and_mean_matter_here() -> None:
    """Otherwise the comparisons above would prove little."""
    network = plain()
    frames = window(16, 16)
    before = draw(network, frames)
    for stage in network.decoder:
        for name, parameter in stage.named_parameters():
            if "attn_layer.0.bias" in name:
                parameter.add_(1)
    changed = draw(network, frames)
    assert float((changed - before).std()) > 1e-6 * float(before.std())
    assert_same(draw(ColumnFlavr(network, dtype=torch.float64), frames), changed, share=1e-10)


def test_tiles_are_told_the_whole_pictures_statistics() -> None:
    network = plain()
    fast = ColumnFlavr(network, dtype=torch.float64)
    frames = window(16, 32)
    pieces = [(slice(0, 16), slice(0, 16)), (slice(0, 16), slice(16, 32))]
    drawn = []
    for one in (network, fast):
        assert one.positions is not None
        with torch.inference_mode(), one.whole_frame_statistics(frames, pieces):
            drawn.append(one(frames[..., :16], one.positions))
    assert_same(drawn[1], drawn[0], share=1e-7)


def test_tiles_of_halves() -> None:
    """Statistics that are told are in the network's type, gates are wider."""
    network = plain().float()
    fast = ColumnFlavr(network, dtype=torch.bfloat16)
    frames = window(16, 16).float()
    with torch.inference_mode(), fast.whole_frame_statistics(frames, [(slice(0, 16), slice(0, 16))]):
        told = draw(fast, frames)
    assert_same(told, draw(network, frames), share=0.1)


def test_only_whole_blocks_of_four_frames() -> None:
    torch.manual_seed(1)
    for config in (
        FlavrConfig(stem_width=8, widths=(8, 8, 8, 8), decoder_widths=(8, 8, 8, 8, 8), fuse_width=8),
        FlavrConfig(num_inputs=2, widths=(64,) * 4, decoder_widths=(64,) * 5),
    ):
        network = Flavr(config)
        assert not can_be_columns(network)
        with pytest.raises(ModelError, match="no form in columns"):
            ColumnFlavr(network, dtype=torch.float32)


def test_options_choose_the_form() -> None:
    network = plain()
    assert isinstance(fast_form(network, dtype=torch.float64, options=FastOptions(columns=True)), ColumnFlavr)
    assert isinstance(fast_form(network, dtype=torch.float64, options=FastOptions()), FastFlavr)
    assert str(FastOptions(columns=True)) == "fast: four frames at once"
    assert str(FastOptions(columns=True, fp8=True)).endswith("coarse layers in 8-bit floats")
    with pytest.raises(SettingsError, match="columns alone"):
        FastOptions(fp8=True)
    assert not has_programs(torch.device("cpu"), torch.float16)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_layer_is_the_librarys_convolution(stride: int) -> None:
    x = torch.randn(8, BLOCK, 6, 10, dtype=torch.float64)
    weight, bias = torch.randn(128, BLOCK, 3, 3, 3).double(), torch.randn(128).double()
    wanted = as_frames(functional.conv3d(as_volume(x, 4), weight, bias, (1, stride, stride), 1))
    conv = ColumnConv(weight, bias, dtype=torch.float64, stride=stride)
    out = torch.empty_like(wanted)
    means = conv(x, out, Activation.RELU, has_means=True)
    torch.testing.assert_close(out, wanted.relu())
    torch.testing.assert_close(means, wanted.unflatten(0, (-1, 4)).mean((1, 3, 4)))
    scale = torch.rand(2, BLOCK, dtype=torch.float64)
    conv(x, out, Activation.NONE, rows=conv.scaled(scale))
    scaled = x * scale.repeat_interleave(4, 0)[..., None, None]
    wanted = as_frames(functional.conv3d(as_volume(scaled, 4), weight, bias, (1, stride, stride), 1))
    torch.testing.assert_close(out, wanted)


def test_coarse_layers_of_8_bit_floats_stay_close() -> None:
    torch.manual_seed(3)
    config = FlavrConfig(widths=(64, 64, 256, 256), decoder_widths=(128, 64, 64, 64, 64))
    network = Flavr(config).eval().requires_grad_(False)
    coarse = ColumnFlavr(network, dtype=torch.float32, fp8=True)
    assert sum(isinstance(layer, CodedConv) for layer in coarse.modules()) == len(coarse_layers(network)) == 8
    frames = window(24, 40).float()
    mean = frames.mean((1, 3, 4), keepdim=True)
    with torch.inference_mode():
        given, _ = coarse.encode(frames, mean)
        wanted, _ = ColumnFlavr(network, dtype=torch.float32).encode(frames, mean)
    assert 0.005 < float((given - wanted).norm() / wanted.norm()) < 0.1


def test_what_is_larger_than_all_in_the_trial_is_clamped() -> None:
    conv = CodedConv(torch.randn(BLOCK, 2 * BLOCK, 3, 3, 3), None, largest=1.0)
    codes = conv.coded(torch.tensor([0.0, 1.0, 4.0, 9.0, -9.0]))
    assert (codes.float() * conv.scale).tolist() == [0.0, 1.0, 4.0, 4.0, -4.0]


def test_two_inputs_are_joined() -> None:
    x, skip = torch.randn(4, BLOCK, 4, 6).double(), torch.randn(4, 2 * BLOCK, 4, 6).double()
    weight = torch.randn(BLOCK, 3 * BLOCK, 3, 3, 3).double()
    wanted = as_frames(functional.conv3d(as_volume(torch.cat([x, skip], 1), 4), weight, None, 1, 1))
    out = torch.empty_like(wanted)
    ColumnConv(weight, None, dtype=torch.float64)(x, out, Activation.NONE, joined=skip)
    torch.testing.assert_close(out, wanted)


def test_a_growing_layer_is_the_librarys_transposed_convolution() -> None:
    x = torch.randn(4, BLOCK, 3, 5, dtype=torch.float64)
    weight, bias = torch.randn(BLOCK, 128, 3, 4, 4).double(), torch.randn(128).double()
    wanted = as_frames(functional.conv_transpose3d(as_volume(x, 4), weight, bias, (1, 2, 2), 1))
    out = torch.empty_like(wanted)
    conv = ColumnConv(weight, bias, dtype=torch.float64, grows=True)
    assert conv(x, out, Activation.LEAKY) is None
    torch.testing.assert_close(out, activated(wanted, Activation.LEAKY))


@pytest.mark.parametrize("size", [(16, 24), (13, 9)])
def test_the_stem_on_cells_is_the_stem(size: tuple[int, int]) -> None:
    frames = window(*size)
    mean = frames.mean((1, 3, 4), keepdim=True)
    weight = torch.randn(BLOCK, 3, 3, 7, 7, dtype=torch.float64)
    padded = functional.pad(frames[0] - mean[0], (0, -size[1] % 8, 0, -size[0] % 8), mode="replicate")
    wanted = as_frames(functional.conv3d(as_volume(padded, 4), weight, None, (1, 2, 2), (1, 3, 3)))
    conv = ColumnConv(stem_weight(weight), None, dtype=torch.float64, padding=(STEM_ABOVE, 0))
    out = torch.empty_like(wanted)
    conv(cells(frames, mean, dtype=torch.float64), out, Activation.NONE)
    torch.testing.assert_close(out, wanted)


INTERPRETED = """
import torch
from flavr_core.model import flavr_column_ends as plain, flavr_columns, flavr_passes_triton as passes
from flavr_core.model import flavr_sums_triton as sums_of
from flavr_core.model.flavr_fast import tap_sums_in_space

def frames(*shape):
    return torch.randn(*shape).half().contiguous(memory_format=torch.channels_last)

def tell(name, given, wanted, allowed):
    print(name, float((given.float() - wanted).abs().max() / wanted.abs().max()) <= allowed)

torch.manual_seed(0)
rest, scale, joined = frames(8, 64, 5, 7), torch.rand(2, 64), frames(8, 128, 5, 7)
before, wanted = joined[:, :64].clone(), joined[:, 64:].float()
flavr_columns.finish_block(wanted, scale, rest.float())
passes.finish_block(joined[:, 64:], scale, rest)
tell("neighbours", joined[:, :64], before.float(), 0)
codes, halves = torch.empty_like(rest, dtype=torch.float8_e4m3fn), 9 * rest
passes.code(halves, codes, 16.0, 448.0)
due = (16 * halves.float()).clamp(-448, 448).to(torch.float8_e4m3fn)
print("codes", float((codes.float() == due.float()).float().mean()) > 0.95)  # the interpreter rounds worse
rows = torch.randn(192, 128).half()
twice = torch.cat([scale, scale], 1)
tell("rows", passes.scale_rows(rows, twice), rows.float() * twice[:, None], 1e-3)
tell("block", joined[:, 64:], wanted, 1e-3)
for rows, columns in ((5, 7), (1, 1), (70, 130)):
    wide = frames(8, 192, rows, columns)[:, 64:]
    tell("taps", sums_of.tap_sums(wide), tap_sums_in_space(wide.float()), 1e-5)
sums = torch.randn(2, 71, 192)
tell("means", sums_of.mean_of_tiles(sums.flatten(0, 1), 2, 192, 5), sums.sum(1) / 5, 1e-6)
means, weight, bias = torch.randn(2, 192), torch.randn(192, 192) / 14, torch.randn(192)
wanted = torch.nn.functional.linear(means, weight, bias).sigmoid()
tell("factors", sums_of.gate_factors(means, weight, bias), wanted, 1e-6)
for size in ((17, 33), (16, 24), (1, 5)):
    window = torch.rand(2, 4, 3, *size)
    mean = window.mean((1, 3, 4), keepdim=True)
    wanted = plain.cells(window, mean, dtype=torch.float32)
    laid = torch.full((8, wanted.shape[2], wanted.shape[3] + 3, 16), 9.0)
    passes.lay_cells(window, mean.flatten(1), laid, before=plain.STEM_ABOVE, around=3)
    tell("cells", laid.as_strided(wanted.shape, wanted.stride()), wanted, 1e-6)
"""


@pytest.mark.slow
def test_passes_give_the_same_in_tritons_interpreter() -> None:
    """The kernels' own text, run by Triton's interpreter on the CPU."""
    if not has_triton():
        pytest.skip("needs Triton")
    done = subprocess.run(
        [sys.executable, "-c", INTERPRETED],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split()[1::2] == ["True"] * 12, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape",
    [(24, 40, 2, 3), (17, 33, 1, 7), (8, 8, 5, 1), (8, 8, 1, 1, "fp8"), (16, 16, 1, 1, "full")],
)
def test_the_whole_network_by_its_programs(shape: tuple[int | str, ...]) -> None:
    """Passes are interpreted, convolutions followed step by step on what they are launched with."""
    if not has_triton():
        pytest.skip("needs Triton")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("column_emulator.py")), *map(str, shape)],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    agreement_db, share_of_foreseen = map(float, done.stdout.split())
    assert agreement_db > (45 if "fp8" in shape else 65)
    assert 0.8 < share_of_foreseen < 1.02


COMPILED = """
from triton.backends.compiler import GPUTarget
from triton.compiler import compile
from triton.experimental.gluon._runtime import GluonASTSource
from flavr_core.model import flavr_columns_triton as programs

program = programs._column
halves, singles = dict.fromkeys(("out",), "*fp16"), dict.fromkeys(("factors", "bias", "sums"), "*fp32")
for grows, kind, size in ((False, "fp16", 2), (True, "fp16", 2), (False, "fp8e4nv", 1)):
    constants = dict(
        KH=3 - grows, KW=3 - grows, STRIDE=1, ABOVE=1, BESIDE=1, GROWS=grows, JOINS=grows, MERGES=grows,
        BY_COPY=not grows, ACTIVATION=1 + grows, HAS_FACTORS=size == 1, HAS_BIAS=True, HAS_SUMS=not grows,
        TH=8, TW=8, STAGES=programs._STAGES, num_warps=programs._WARPS,
    )
    types = {name: "i32" for name in program.arg_names} | halves | singles
    types |= dict.fromkeys(constants, "constexpr")
    step, layouts = 128 // size, (programs._PICTURES[size], programs._WEIGHTS[size])
    types["pictures"] = types["joined"] = f"tensordesc<{kind}[4, 8, 1, 8, {step}],{layouts[0]!r}>"
    types["made"] = f"tensordesc<fp16[4, 8, 1, 8, 64],{programs._PICTURES[2]!r}>"
    types["weights"] = types["merging"] = f"tensordesc<{kind}[64, {step}],{layouts[1]!r}>"
    places = {(program.arg_names.index(name),): value for name, value in constants.items()}
    done = compile(
        GluonASTSource(program, types, places, {}), target=GPUTarget("cuda", 90, 32),
        options={"num_warps": programs._WARPS},
    )
    print(done.metadata.shared <= 115_712, done.asm["ptx"].count("wgmma.mma_async.sync"))
"""


@pytest.mark.slow
def test_programs_compile_for_hopper() -> None:
    """Without a GPU: six products of four instructions, merging four more, two fit a multiprocessor."""
    if not has_triton():
        pytest.skip("needs Triton")
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "24", "True", "40", "True", "24"]


OUTPUT_COMPILED = """
from triton.backends.compiler import GPUTarget
from triton.compiler import compile
from triton.experimental.gluon._runtime import GluonASTSource
from flavr_core.model import flavr_output_triton as programs
from flavr_core.model.flavr_out_rows import CHANNELS, OUT_WAYS, RUN, RUNS, TAPS, stack_rows
import torch

program = programs._draw
for outputs, way in OUT_WAYS.items():
    blocks = len(stack_rows(torch.zeros(outputs, CHANNELS, TAPS, TAPS), way)) // 8
    constants = dict(
        OUTPUTS=outputs, FOLD=way.fold, GROUP=way.group, COLUMNS=way.columns, BLOCKS=blocks, TAPS=TAPS,
        STAGES=way.stages, num_warps=8,
    )
    types = {name: "i32" for name in program.arg_names} | dict.fromkeys(("bias", "mean", "out"), "*fp32")
    types |= dict.fromkeys(constants, "constexpr")
    for name, count in (("pictures", RUN), ("beside", programs._HALO)):
        types[name] = f"tensordesc<fp16[1, 1, {count}, {RUNS}, {CHANNELS}],{programs._LAYOUT[5]!r}>"
    types["weights"] = f"tensordesc<fp16[8, {CHANNELS}],{programs._LAYOUT[2]!r}>"
    places = {(program.arg_names.index(name),): value for name, value in constants.items()}
    done = compile(
        GluonASTSource(program, types, places, {}), target=GPUTarget("cuda", 90, 32), options={"num_warps": 8}
    )
    print(done.metadata.shared <= 232_448, done.asm["ptx"].count("wgmma.mma_async.sync"))
"""


@pytest.mark.slow
def test_the_output_convolutions_program_compiles_for_hopper() -> None:
    """Seven products of four instructions; all weights fit a multiprocessor."""
    if not has_triton():
        pytest.skip("needs Triton")
    done = subprocess.run(
        [sys.executable, "-c", OUTPUT_COMPILED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "28"] * 3


def test_the_output_convolution() -> None:
    merged, weight = torch.randn(1, BLOCK, 8, 16).double(), torch.randn(6, BLOCK, 7, 7).double()
    bias, mean = torch.randn(6).double(), torch.rand(1, 1, 3, 1, 1).double()
    padded = functional.pad(merged, (3, 3, 3, 3), mode="reflect")
    wanted = functional.conv2d(padded, weight, bias) + mean.flatten().repeat(2)[:, None, None]
    given = draw_out(merged, weight, bias, mean, (7, 11))
    torch.testing.assert_close(given, wanted[..., :7, :11])


@pytest.mark.parametrize("outputs", [3, 9, 21])
def test_weights_lie_as_the_output_convolutions_program_reads_them(outputs: int) -> None:
    way, weight = out_way(outputs), torch.randn(outputs, BLOCK, 7, 7)
    assert way is not None
    stack = stack_rows(weight, way)
    for line, tap, row in product(range(way.fold + 6), range(7), range(way.fold)):
        at = (tap * (way.fold + 6) + way.fold + 5 - line + row) * way.group
        if 0 <= line - row < 7:
            assert torch.equal(stack[at : at + outputs], weight[:, :, line - row, tap])
        else:
            assert not stack[at : at + way.group].any()


@pytest.mark.slow
def test_the_output_convolution_by_its_programs() -> None:
    """Followed step by step on what they are launched with."""
    if not has_triton():
        pytest.skip("needs Triton")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("output_emulator.py"))],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    errors = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(errors) == 6
    assert max(errors) < 1e-4


@pytest.mark.cuda
@pytest.mark.parametrize("size", [(16, 16), (17, 33), (96, 128), (256, 448)])
@pytest.mark.parametrize("count", [1, 3])
def test_programs_stay_close(size: tuple[int, int], count: int) -> None:
    if not has_programs(torch.device("cuda"), torch.float16):
        pytest.skip("needs a Hopper GPU and Triton")
    network = plain(num_outputs=7, encoder_bias=True).float().to("cuda")
    frames = window(*size, count=count).float().to("cuda")
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        wanted = draw(network, frames)
        given = draw(ColumnFlavr(network, dtype=torch.float16), frames)
    assert_same(given, wanted, share=2e-2)


@pytest.mark.cuda
def test_programs_of_8_bit_floats_stay_close() -> None:
    if not has_programs(torch.device("cuda"), torch.float16):
        pytest.skip("needs a Hopper GPU and Triton")
    torch.manual_seed(3)
    config = FlavrConfig(widths=(64, 64, 256, 256), decoder_widths=(128, 64, 64, 64, 64))
    network = Flavr(config).eval().requires_grad_(False).to("cuda")
    frames = window(96, 128).float().to("cuda")
    mean = frames.mean((1, 3, 4), keepdim=True)
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        wanted, _ = ColumnFlavr(network, dtype=torch.float32).encode(frames, mean)
        plainly, _ = ColumnFlavr(network, dtype=torch.float32, fp8=True).encode(frames, mean)
        given, _ = ColumnFlavr(network, dtype=torch.float16, fp8=True).encode(frames, mean)
    by_format = float((plainly - wanted).norm() / wanted.norm())
    assert float((given - wanted).norm() / wanted.norm()) < 1.5 * by_format + 0.01


@pytest.mark.cuda
@pytest.mark.parametrize("count", [1, 2])
def test_programs_need_the_memory_that_is_foreseen(count: int) -> None:
    if not has_programs(torch.device("cuda"), torch.float16):
        pytest.skip("needs a Hopper GPU and Triton")
    network = Flavr(FlavrConfig()).eval().requires_grad_(False).to("cuda")
    assert network.positions is not None
    columns = ColumnFlavr(network, dtype=torch.float16)
    frames = window(360, 640, count=count).float().to("cuda")
    draw(columns, frames)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    draw(columns, frames)
    used = torch.cuda.max_memory_allocated() - before
    foreseen = activation_bytes(columns, batch=count, width=640, height=360, positions=network.positions)
    assert foreseen is not None
    assert 0.9 * foreseen < used < 1.1 * foreseen
