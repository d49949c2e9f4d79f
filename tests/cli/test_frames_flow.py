"""`frames --flow`: where pixels go, in colours and as numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flavr_core.cli import main
from flavr_core.model.uprnet import UprNet, UprWidths

SHIFT = (5, -3)
"""Pixels to the right and down that the picture moves by."""


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """A texture, and the same moved by SHIFT."""
    generator = np.random.default_rng(1)
    coarse = generator.integers(0, 255, (14, 18, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(coarse).resize((252, 196), Image.Resampling.BICUBIC))
    paths = []
    for number, (x, y) in enumerate(((20, 20), (20 - SHIFT[0], 20 - SHIFT[1]))):
        paths.append(tmp_path / f"frame {number}.png")
        Image.fromarray(large[y : y + 150, x : x + 200]).save(paths[-1])
    return paths


@pytest.fixture
def upr_file(tmp_path: Path) -> Path:
    """A narrow UPR-Net of no use, as the authors store theirs."""
    torch.manual_seed(2)
    widths = UprWidths(features=(4, 6, 8), motion=(16, 12, 10, 8, 8), synthesis=(6, 8, 10))
    path = tmp_path / "upr-narrow.pkl"
    torch.save({f"module.{name}": value for name, value in UprNet(widths).state_dict().items()}, path)
    return path


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def read_flo(path: Path) -> np.ndarray:
    data = path.read_bytes()
    columns, rows = np.frombuffer(data[4:12], "<i4")
    return np.frombuffer(data[12:], "<f4").reshape(rows, columns, 2)


def test_motions_flow_both_ways(
    images: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there, back = tmp_path / "there.flo", tmp_path / "back.flo"
    code = main(
        ["frames", *map(str, images), "--model", "motion", "--flow", str(there), "--flow-back", str(back)]
    )
    assert code == 0
    for path, sign in ((there, 1), (back, -1)):
        flow = read_flo(path)
        assert flow.shape == (150, 200, 2)
        assert np.abs(np.median(flow, (0, 1)) - sign * np.array(SHIFT)).max() < 0.2
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for line in lines:
        words = re.search(r"pixels, numbers; along it .* off by ([\d.]+) of 255, unmoved by ([\d.]+)$", line)
        assert words is not None
        assert float(words[1]) < 2 < 10 < float(words[2])


def test_a_picture_of_flow_beside_the_drawn_frame(images: list[Path], tmp_path: Path) -> None:
    drawn, flow = tmp_path / "drawn.png", tmp_path / "flow.png"
    arguments = ["frames", *map(str, images), "--model", "motion", "-o", str(drawn), "--flow", str(flow)]
    assert main([*arguments, "--flow-scale", "20"]) == 0
    assert read(drawn).shape == read(flow).shape == (150, 200, 3)
    hue, paleness, _ = np.median(np.asarray(Image.fromarray(read(flow)).convert("HSV")), (0, 1)) / 255
    assert 0.8 < hue < 1  # to the right and a little up: between red and magenta
    assert 0.2 < paleness < 0.4  # 5.8 of 20 pixels


def test_flow_of_a_upr_net(images: list[Path], tmp_path: Path, upr_file: Path) -> None:
    drawn, flow = tmp_path / "drawn.png", tmp_path / "flow.flo"
    arguments = ["frames", *map(str, images), "--model", str(upr_file), "--device", "cpu", "-o", str(drawn)]
    assert main([*arguments, "--position", "1/3", "--flow", str(flow)]) == 0
    assert read_flo(flow).shape == (150, 200, 2)
    assert np.isfinite(read_flo(flow)).all()
    assert read(drawn).shape == (150, 200, 3)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--flow", "flow.jpg"], "does not end in a format for flow"),
        (["--flow", "there.png"], "exists"),
        (["--flow", "flow.png", "--flow-back", "flow.png"], "written twice"),
        (["--flow", "flow.png", "--count", "2"], "no name for the pictures"),
        (["--flow-scale", "3", "-o", "out.png"], "no meaning without --flow"),
        (["--flow", "flow.png", "--flow-scale", "nan"], "is no length"),
        (["--flow", "flow.png", "--model", "blend"], "without optical flow"),
        ([], "no name for the pictures"),
    ],
)
def test_what_makes_no_sense_is_said(
    extra: list[str],
    words: str,
    images: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.png").touch()
    assert main(["frames", *map(str, images), "--model", "motion", *extra]) != 0
    assert words in capsys.readouterr().err
    assert not Path("flow.png").exists()
