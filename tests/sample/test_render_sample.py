"""`main.py render-sample`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flavr_core.cli import main
from flavr_core.cli.sample_strip import GAP_PX, TILE_PX


def test_it_writes_the_file_and_says_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mp4"
    assert main(["render-sample", "-o", str(path), "--height", "36", "--rate", "2"]) == 0
    assert f"{path.stat().st_size / 1000:.0f} kB" in capsys.readouterr().out


def test_it_overwrites_nothing_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.mp4"
    path.write_bytes(b"mine")
    assert main(["render-sample", "-o", str(path)]) == 6
    assert path.read_bytes() == b"mine"
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--height", "37"], ["--height", "0"], ["--rate", "fast"]])
def test_nonsense_is_said(tmp_path: Path, arguments: list[str]) -> None:
    assert main(["render-sample", "-o", str(tmp_path / "a.mp4"), *arguments]) == 2
    assert not list(tmp_path.iterdir())


def test_a_picture_of_what_is_made_between_its_frames(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "between.png"
    assert main(["render-sample", "--between", "--model", "blend", "-o", str(path)]) == 0
    assert "drawn by blend" in capsys.readouterr().out
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(float)
    assert pixels.shape == (2 * TILE_PX[1] + GAP_PX, 3 * TILE_PX[0] + 2 * GAP_PX, 3)
    rows = pixels[60 : TILE_PX[1]]  # below the titles
    before, made, after = (rows[:, n * (TILE_PX[0] + GAP_PX) :][:, : TILE_PX[0]] for n in range(3))
    assert abs(before - after).mean() > 1
    assert abs(made - (before + after) / 2).mean() < 1


def test_the_picture_is_a_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render-sample", "--between", "-o", str(tmp_path / "a.mp4")]) == 2
    assert ".png" in capsys.readouterr().err
