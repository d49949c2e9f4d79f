"""`python3 installer/run.py test`: every check of the project; with arguments, pytest alone with these.

Runs with the environment's Python. The static checks say a line each, pytest comes last, in full.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
STATIC_CHECKS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "import linter": ["-c", LINT_IMPORTS],
}


def run_static_check(name: str, arguments: list[str]) -> bool:
    """Run one check and print its line, and all it says when it fails."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False, text=True, capture_output=True)
    passed = done.returncode == 0
    if not passed:
        print(done.stdout + done.stderr)
    print(f"{name:<14} {'passed' if passed else 'FAILED'} in {time.perf_counter() - start:.1f} s", flush=True)
    return passed


def run_pytest(arguments: list[str]) -> int:
    """Run the test suite on up to eight cores; pytest's exit code.

    What fails is run once more, so that a machine that was busy for a moment does not refuse everything;
    pytest names it (RERUN), and it is a defect to be looked for all the same.
    """
    workers = min(max(os.cpu_count() or 2, 2), 8)
    threads = str(max((os.cpu_count() or 1) // workers, 1))
    environ = {"OMP_NUM_THREADS": threads, **os.environ}
    everything = ["--numprocesses", str(workers), "--reruns", "1", "-r", "aR"]
    command = [sys.executable, "-m", "pytest", *(arguments or everything)]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def main(arguments: list[str]) -> int:
    """0 when all passed, else pytest's exit code, or 1 where only a static check failed."""
    failed = []
    if not arguments:
        failed = [name for name, command in STATIC_CHECKS.items() if not run_static_check(name, command)]
    code = run_pytest(arguments)
    if failed:
        print(f"Failed besides pytest: {', '.join(failed)}")
    return code or int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
