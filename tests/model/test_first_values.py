"""Weights that are loaded are not filled with random numbers before, and loading them loads no compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

from flavr_core.model import from_state_dict
from flavr_core.model.fourflow import FourFlow, FourFlowWidths

SMALL = FourFlowWidths(
    half=8, quarter=12, eighth=16, sixteenth=24, motion_half=12, motion_quarter=16, motion_eighth=24,
    motion_sixteenth=32, synthesis_half=12, synthesis_quarter=16, synthesis_eighth=24,
)  # fmt: skip


def test_loading_takes_no_random_numbers_and_loses_no_weight() -> None:
    torch.manual_seed(0)
    network = FourFlow(SMALL)
    state = network.state_dict()
    before = torch.random.get_rng_state()
    loaded = from_state_dict(state).state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert list(loaded) == list(state)
    assert all(torch.equal(loaded[name], value) for name, value in state.items())
    fresh = FourFlow(SMALL).state_dict()  # afterwards new networks begin with random numbers again
    assert not torch.equal(torch.random.get_rng_state(), before)
    assert fresh["match_sixteenth.inlet.0.weight"].std() > 0


def test_loading_loads_no_compiler() -> None:
    code = (
        "import sys\n"
        "from flavr_core.model import load\n"
        "load('fourflow')\n"
        "sys.exit('torch._dynamo' in sys.modules or 'sympy' in sys.modules)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, timeout=100, check=False)
    assert done.returncode == 0
