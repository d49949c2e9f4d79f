"""torch comes without holding up the window, and is not there before it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_libraries_are_open_before_the_import() -> None:
    code = """
import sys
from pathlib import Path
import app.jobs.libraries as loading

loading._open_libraries()
assert "torch" not in sys.modules
assert "libtorch_cpu" in Path("/proc/self/maps").read_text()
loading.import_torch()
loading.import_torch()
assert (sys.modules["torch"].ones(2) + 1).tolist() == [2.0, 2.0]
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)
