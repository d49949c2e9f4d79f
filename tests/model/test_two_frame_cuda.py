"""Fused kernels and plain ways on a GPU, in the formats that are used. Skipped without one."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from flavr_core.benchmark.fused import WayRow, compare_ways
from flavr_core.model import fused
from flavr_core.model.published import PUBLISHED, new_network

pytestmark = pytest.mark.cuda

DEVICE = torch.device("cuda", 0)
LEAST_DB = {"float32": 90.0, "float16": 50.0}
"""Agreement with the plain way in float32, against the spread of the result."""


@pytest.fixture(scope="module", params=["operators", *PUBLISHED])
def rows(request: pytest.FixtureRequest) -> list[WayRow]:
    """All ways of the operators, or of one network."""
    pytest.importorskip("triton")
    alone = request.param == "operators"
    networks = () if alone else (request.param,)
    found = compare_ways(DEVICE, width=448, height=256, networks=networks, operators=alone, runs=1)
    return list(found)


def test_the_kernels_are_found_sound() -> None:
    pytest.importorskip("triton")
    from flavr_core.model.fused_check import find_faults

    assert find_faults(DEVICE) == []
    assert fused.use_fused(torch.zeros(1, device=DEVICE))


def test_every_way_agrees_in_every_format(rows: list[WayRow]) -> None:
    found = {(row.what, row.dtype, row.way) for row in rows}
    names = {row.what for row in rows}
    assert names
    assert {(name, dtype, way) for name in names for dtype in LEAST_DB for way in ("plain", "fused")} <= found
    assert {(name, "float16", "engine") for name in names.intersection(PUBLISHED)} <= found
    too_far = [row for row in rows if row.psnr_db < LEAST_DB[row.dtype]]
    assert too_far == []


def test_kernels_hold_no_more_than_the_plain_ways(rows: list[WayRow]) -> None:
    plain = {(row.what, row.dtype): row.peak_bytes for row in rows if row.way == "plain"}
    for row in rows:
        if row.way != "fused":
            continue
        allowed = plain[row.what, row.dtype]
        assert row.peak_bytes is not None
        assert allowed is not None
        assert row.peak_bytes <= 1.25 * allowed + 2**20


def test_cdfi_holds_a_quarter_of_the_authors_memory() -> None:
    """Theirs needs 5.5 GiB for 1280 x 720."""
    network = new_network("cdfi").to(DEVICE, torch.float16).eval()
    window = torch.rand(1, 2, 3, 720, 1280, device=DEVICE)
    torch.cuda.reset_peak_memory_stats(DEVICE)
    with torch.inference_mode():
        network(window, (Fraction(1, 2),))
    assert torch.cuda.max_memory_allocated(DEVICE) <= 5.5 / 4 * 2**30


@pytest.mark.parametrize("name", ["adacof-compressed", "cdfi", "upr-base"])
def test_training_steps_in_both_ways(name: str) -> None:
    """Gradients of all weights by the kernels are those by the plain ways."""
    pytest.importorskip("triton")
    gradients = []
    for plainly in (True, False):
        torch.manual_seed(1)
        network = new_network(name).to(DEVICE).train()
        window = torch.rand(1, 2, 3, 64, 96, generator=torch.Generator().manual_seed(2)).to(DEVICE)
        if plainly:
            with fused.plain_only():
                network(window, (Fraction(1, 2),)).square().mean().backward()
        else:
            network(window, (Fraction(1, 2),)).square().mean().backward()
        gradients.append(
            torch.cat([value.grad.flatten() for value in network.parameters() if value.grad is not None])
        )
    plain, kernel = gradients
    assert (plain - kernel).norm() <= 1e-3 * plain.norm()


@pytest.mark.parametrize("name", ["adacof", "cdfi", "upr-base"])
def test_the_engine_draws_fast_and_near(name: str) -> None:
    """In halves, whole vectors and recorded, as against float32 by the plain ways."""
    from flavr_core.engine.drawing import Drawer
    from flavr_core.engine.precision import agreement_db, apply_precision
    from flavr_core.engine.speed import speed_up
    from flavr_core.settings import Precision

    torch.manual_seed(4)
    plain = new_network(name).to(DEVICE).eval()
    network, choice = apply_precision(plain, Precision.FP16, identity=None)
    network, choice = speed_up(plain, network, choice, wanted=Precision.FP16, identity=None)
    assert choice.psnr_db is not None
    assert choice.psnr_db >= 50
    assert bool(choice.way) == (name != "upr-base")
    drawer = Drawer(network, width=320, height=192)
    for seed in range(4):  # the last ones are replayed
        window = torch.rand(1, 2, 3, 192, 320, generator=torch.Generator().manual_seed(seed)).to(DEVICE)
        (drawn,) = drawer.draw([window], (Fraction(1, 2),))
        with torch.inference_mode(), fused.plain_only():
            wanted = plain(window, (Fraction(1, 2),))[0]
        assert agreement_db(drawn, wanted) >= 50
    drawer.forget()
