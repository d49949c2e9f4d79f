"""`main.py render-sample`."""

from __future__ import annotations

from pathlib import Path

import pytest

from flavr_core.cli import main


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
