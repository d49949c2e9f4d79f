"""Whole conversions by networks of two frames: any factor, source frames untouched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from flavr_core.cli import main
from flavr_core.media import open_source, probe
from flavr_core.media.pixels import frame_hash
from flavr_core.model.adacof import DOWN, KERNEL_HEADS, SIDES, UP, AdaCoF, KernelWidths
from flavr_core.model.uprnet import UprNet, UprWidths

MakeClip = Callable[..., Path]


def narrow_adacof() -> AdaCoF:
    """AdaCoF with few channels and kernels of 3."""
    blocks = {name: (6 if name == DOWN[0] else 4, 4, 4, 4) for name in (*DOWN, *UP)}
    blocks |= {name.replace("Deconv", "Upsample"): (4, 4) for name in UP}
    blocks |= {name + side: (4, 4, 4, 4, 9) for name in KERNEL_HEADS for side in SIDES}
    return AdaCoF(KernelWidths(blocks={**blocks, "moduleOcclusion": (4, 4, 4, 4, 1)}), dilation=1)


@pytest.fixture(params=["adacof", "uprnet"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of weights of no use."""
    torch.manual_seed(3)
    widths = UprWidths(features=(4, 6, 8), motion=(16, 12, 10, 8, 8), synthesis=(6, 8, 10))
    network = narrow_adacof() if request.param == "adacof" else UprNet(widths)
    path = tmp_path / f"{request.param}.pth"
    torch.save({"epoch": 1, "state_dict": network.state_dict()}, path)
    return path


@pytest.mark.parametrize(
    ("options", "frames", "exact"),
    [
        (("--rate", "2x"), 12, True),
        (("--rate", "3x", "--end", "trim"), 16, False),
        (("--rate", "60", "--stop", "4f"), 10, False),
        (("--rate", "2.5x", "--stop", "4f"), 10, False),
        (("--rate", "4x", "--stop", "3f"), 12, True),
        (("--slow", "8x", "--stop", "2f"), 16, True),
    ],
)
def test_any_factor(
    options: tuple[str, ...], frames: int, exact: bool, model: Path, make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = make_clip("source.mkv", seconds=0.25, size="64x48", video=("-c:v", "ffv1", "-pix_fmt", "yuv420p"))
    output, receipt = tmp_path / "out.mkv", tmp_path / "receipt.json"
    command = [
        "convert",
        str(clip),
        str(output),
        "--model",
        str(model),
        "--device",
        "cpu",
        "--precision",
        "fp32",
    ]
    command += ["--at-cuts", "ignore", "--codec", "ffv1", "--receipt", str(receipt), *options]
    assert main(command) == 0
    facts = json.loads(receipt.read_text())
    assert facts["frames"] == frames
    with open_source(probe(output)) as made, open_source(probe(clip)) as source:
        drawn = {frame_hash(frame) for frame in made.frames()}
        kept = {frame_hash(frame) for frame in source.frames()}
    if exact or model.stem == "uprnet":
        assert len(drawn) > facts["made"]
    assert kept & drawn if "--stop" in options else kept <= drawn


def test_the_plan_says_how_places_come_about(
    model: Path, make_clip: MakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip("source.mkv", seconds=0.25, size="64x48")
    command = [
        "convert",
        str(clip),
        str(tmp_path / "out.mkv"),
        "--device",
        "cpu",
        "--rate",
        "3x",
        "--dry-run",
    ]
    assert main([*command, "--model", str(model)]) == 0
    timing = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("timing"))
    if model.stem == "uprnet":
        assert timing.endswith("0.00 ms; any place is drawn")
    else:
        assert timing.endswith("by halving, down to 1/16")
        assert "0.00 ms" not in timing
