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


def test_loading_can_be_held_unless_somebody_is_in_a_hurry() -> None:
    code = """
import sys, threading, time
import app.jobs.libraries as loading

loading.hold_loading(True)
patient = threading.Thread(target=lambda: loading.import_torch(may_wait=True))
patient.start()
patient.join(1)
assert patient.is_alive()
assert not loading.is_loading()
assert "torch.nn" not in sys.modules
if sys.argv[1] == "hurry":
    loading.import_torch()
else:
    loading.hold_loading(False)
patient.join(60)
assert not patient.is_alive()
assert (sys.modules["torch"].ones(2) + 1).tolist() == [2.0, 2.0]
assert not [finder for finder in sys.meta_path if isinstance(finder, loading._Wait)]
"""
    for how in ("hurry", "go on"):
        subprocess.run([sys.executable, "-c", code, how], cwd=ROOT, check=True, timeout=120)
