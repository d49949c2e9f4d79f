"""A conversion by a network without weights starts and ends without torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MakeClip = Callable[..., Path]


@pytest.mark.parametrize(("network", "cuts"), [("blend", "hold"), ("motion", "blend")])
def test_torch_stays_out(make_clip: MakeClip, tmp_path: Path, network: str, cuts: str) -> None:
    output = tmp_path / "out.mp4"
    command = ["convert", str(make_clip()), str(output), "--model", network, "--at-cuts", cuts, "--quiet"]
    code = (
        "import sys; from flavr_core.cli import main; "
        f"code = main({command!r}); sys.exit(code or 100 * ('torch' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=120).returncode == 0
    assert output.exists()
