"""What `run.py` does once a suitable Python runs it: set up where needed, then hand over to the program."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from installer import environment, system

ROOT = Path(__file__).resolve().parent.parent
SETUP_FAILED = 1


def hand_over(command: list[str]) -> int:
    """Run `command` in place of this process, or, on Windows, which has no such thing, wait for it."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the program got it too, and knows what to clean up


def prepare(root: Path, *, needs_window: bool) -> Path:
    """Bring the machine to where the program runs; the environment's Python.

    System libraries are looked at when something is set up and when the window or the checks are to
    run: the command line works without them, and a user who lacks them need not read so each time.
    """
    ready = environment.is_ready(root)
    if needs_window or not ready:
        system.provide_libraries()
    if not ready:
        system.provide_venv_module()
        with environment.setup_lock(root):
            if not environment.is_ready(root):  # another may have done it meanwhile
                environment.set_up(root)
    return environment.python_path(root)


def main(arguments: list[str]) -> int:
    """The process's exit code: the program's own, or 1 when it could not be set up, 130 when interrupted."""
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        print("error: PyTorch has no build for Macs with an Intel processor any more.", file=sys.stderr)
        return SETUP_FAILED
    wants_checks = arguments[:1] == ["test"]
    try:
        python = prepare(ROOT, needs_window=wants_checks or not arguments)
    except environment.SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return SETUP_FAILED
    except OSError as error:
        print(f"error: The environment cannot be set up in {ROOT}: {error}.", file=sys.stderr)
        return SETUP_FAILED
    except KeyboardInterrupt:
        print("\nerror: Set-up was interrupted. The same command goes on from here.", file=sys.stderr)
        return 130
    if wants_checks:
        return hand_over([str(python), str(ROOT / "installer" / "checks.py"), *arguments[1:]])
    return hand_over([str(python), str(ROOT / "main.py"), *arguments])
