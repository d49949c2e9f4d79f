"""Networks drawn by their kernels in Triton's interpreter, on the CPU, against their plain ways."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flavr_core.model import fused

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import sys
from fractions import Fraction
import torch
from flavr_core.model import adacof, adacof_sampling, cdfi_grid, cost_volume, layers, splatting, uprnet
from flavr_core.model import whole_vectors
from flavr_core.model.adacof import MiddleNetwork
from flavr_core.model.published import new_network
from flavr_core.model.whole_vectors import with_whole_vectors

torch.manual_seed(1)
plain = new_network(sys.argv[1]).eval()
network, positions = plain, (Fraction(1, 4),)
if isinstance(plain, MiddleNetwork):
    network, positions = with_whole_vectors(plain), (Fraction(1, 2),)
    network.whole_taps = 16 * 32 * network.widths.kernel**2  # several strips
else:
    plain.pyramid_levels = 2
    with torch.no_grad():  # motion of some pixels
        plain.motion_estimator.conv_layer6[0].weight.mul_(30)
window = torch.rand(int(sys.argv[2]), 2, 3, 32, 32)
with torch.inference_mode():
    wanted = plain(window, positions)
    for module in (adacof, adacof_sampling, cdfi_grid, cost_volume, layers, splatting, uprnet, whole_vectors):
        module.use_fused = lambda *tensors: True
    print(float((network(window, positions) - wanted).abs().max()))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "windows"), [("adacof-compressed", 1), ("cdfi", 1), ("upr-base", 2)])
def test_networks_drawn_by_kernels_are_the_plain_ones(name: str, windows: int) -> None:
    if not fused.has_triton():
        pytest.skip("needs Triton")
    done = subprocess.run(
        [sys.executable, "-c", CODE, name, str(windows)],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) <= 1e-5
