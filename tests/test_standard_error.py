"""What C libraries write to the terminal is had by who asks for it, and only then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_lines_are_kept_off_the_terminal_and_later_ones_are_not() -> None:
    code = """
import os
from flavr_core.standard_error import standard_error_lines

with standard_error_lines() as lines:
    os.write(2, b"no such device\\nnor such\\n")
os.write(2, b"afterwards\\n")
assert lines == ["no such device", "nor such"], lines
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=240, capture_output=True)
    assert run.stderr == b"afterwards\n"


def test_without_a_terminal_there_are_no_lines() -> None:
    code = """
import os
from flavr_core.standard_error import standard_error_lines

os.close(2)
with standard_error_lines() as lines:
    print("said")
assert lines == []
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=240, stdout=subprocess.DEVNULL)
