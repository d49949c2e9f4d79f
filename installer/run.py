"""The one command: `python3 installer/run.py [ARGUMENTS]` sets up what is missing, then runs `main.py`.

`python3 installer/run.py test` runs the checks instead. This file keeps to what Python 3.6 understands,
so that a Python that is too old can say so; the rest is imported once the version is known to do.
"""

import shutil
import subprocess
import sys
from pathlib import Path

SUPPORTED = ((3, 11), (3, 12), (3, 13))
PROBE = "import sys, venv; print(*sys.version_info[:2], sys.executable)"


def find_supported_python() -> str:
    """Path of a Python on this machine that the program runs on; empty when there is none."""
    versions = [f"{major}.{minor}" for major, minor in reversed(SUPPORTED)]
    commands = [[f"python{version}"] for version in versions]
    commands += [["py", f"-{version}"] for version in versions]  # Windows' launcher
    for command in commands:
        if shutil.which(command[0]) is None:
            continue
        # Its own word counts, not its name: the shim of a version manager may lead nowhere.
        done = subprocess.run(
            [*command, "-c", PROBE], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        words = done.stdout.decode().strip().split(" ", 2)
        if done.returncode == 0 and (int(words[0]), int(words[1])) in SUPPORTED:
            return words[2]
    return ""


def main() -> int:
    """Return the process's exit code."""
    if sys.version_info[:2] in SUPPORTED:
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        from installer import launch

        return launch.main(sys.argv[1:])
    python = find_supported_python()
    if python:
        return subprocess.call([python, str(Path(__file__).resolve()), *sys.argv[1:]])
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
    print(
        f"error: FLAVR Studio needs Python 3.11, 3.12 or 3.13; this is {found}, and no other was found. "
        "Install Python 3.12 and run the same command again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
