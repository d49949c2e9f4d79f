"""Convolutions of CDFI's synthesis with what follows them: programs for Hopper GPUs, followed on the CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from flavr_core.model.cdfi_filters import BLOCK, MOST_ERROR, ROWS, is_programmed, laid_out, lay_out
from flavr_core.model.fused import has_triton

ROOT = Path(__file__).resolve().parents[2]


def test_weights_lie_as_they_are_read() -> None:
    weight, x = torch.randn(64, 96, 3, 3).double(), torch.randn(1, 96, 5, 6).double()
    padded = functional.pad(x, (1, 1, 1, 1))
    matrices = laid_out(weight).view(2, 3, 3, 3, BLOCK, BLOCK)  # by outputs, inputs, across, down
    made = torch.zeros(1, 2, BLOCK, 5, 6).double()
    for chunk in range(3):
        for across in range(3):
            for down in range(3):
                seen = padded[:, chunk * BLOCK :][:, :BLOCK, down : down + 5, across : across + 6]
                made += torch.einsum("boi,nihw->nbohw", matrices[:, chunk, across, down], seen)
    torch.testing.assert_close(made.flatten(1, 2), functional.conv2d(x, weight, padding=1))


def test_only_layers_that_fit_are_laid_out() -> None:
    fits, narrow = nn.Conv2d(64, BLOCK, 3, padding=1), nn.Conv2d(16, BLOCK, 3, padding=1)
    halving, odd = nn.Conv2d(BLOCK, BLOCK, 3, 2, 1), nn.Conv2d(BLOCK, 40, 3, padding=1)
    lay_out(nn.ModuleList([fits, narrow, halving, odd]))
    assert [hasattr(layer, ROWS) for layer in (fits, narrow, halving, odd)] == [True, False, False, False]
    assert ROWS not in fits.state_dict()  # they follow the weights, and are not kept with them


def test_no_program_is_used_on_a_cpu() -> None:
    assert not is_programmed(torch.zeros(1, 32, 4, 4, dtype=torch.float16))


def run(*args: str) -> str:
    if not has_triton():
        pytest.skip("needs Triton")
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, *args], env={**os.environ, "PYTHONPATH": path}, cwd=ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.slow
def test_programs_give_the_same_followed_step_by_step() -> None:
    assert float(run(str(Path(__file__).with_name("filter_emulator.py")))) < MOST_ERROR / 2


COMPILED = """
from triton.backends.compiler import GPUTarget
from triton.compiler import compile
from triton.experimental.gluon._runtime import GluonASTSource
from flavr_core.model import cdfi_filters_triton as programs

program = programs._filter
pointers = "bias slope added out first_slope first_copy second_slope second_copy".split()
for copies in range(3):
    constants = dict(
        IS_RECTIFIED=copies == 0, HAS_ADDED=copies > 0, COPIES=copies, STAGES=programs._STAGES,
        num_warps=programs._WARPS,
    )
    types = dict.fromkeys(program.arg_names, "i32") | dict.fromkeys(pointers, "*fp16")
    types |= dict.fromkeys(constants, "constexpr")
    types["pictures"] = f"tensordesc<fp16[1, {programs.SEEN}, {programs.WIDE}, 32],{programs._PICTURES!r}>"
    types["matrices"] = f"tensordesc<fp16[32, 32],{programs._MATRICES!r}>"
    places = {(program.arg_names.index(name),): value for name, value in constants.items()}
    done = compile(
        GluonASTSource(program, types, places, {}), target=GPUTarget("cuda", 90, 32),
        options={"num_warps": programs._WARPS},
    )
    print(done.metadata.shared <= 115_712, done.asm["ptx"].count("wgmma.mma_async.sync"))
"""


@pytest.mark.slow
def test_programs_compile_for_hopper() -> None:
    """Without a GPU: 18 products of two instructions, two programs fit a multiprocessor."""
    assert run("-c", COMPILED).split() == ["True", "36"] * 3


@pytest.mark.cuda
def test_programs_give_the_same_on_cuda() -> None:
    if torch.cuda.get_device_capability() != (9, 0) or not has_triton():
        pytest.skip("needs a Hopper GPU and Triton")
    x = torch.zeros(1, BLOCK, 4, 4, dtype=torch.float16, device="cuda")
    assert is_programmed(x.contiguous(memory_format=torch.channels_last))
