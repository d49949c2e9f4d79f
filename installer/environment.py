"""The project's own `.venv`: made, filled from the lock file, and never taken for finished when it is not.

What can be cut short leaves a mark: the folder holds `UNFINISHED` while it is being made, and a stamp is
written, by rename, when every package is in. No stamp, or one of another lock file or Python, means that
pip runs again; it skips what is there. A package whose files were being copied when the power went looks
installed to pip, so its files are counted against its own list first.
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = "flavr-studio.unfinished"
STAMP = "flavr-studio.stamp"


class SetupError(Exception):
    """The environment cannot be set up; the message says why and what to do."""


def environment_path(root: Path) -> Path:
    """The environment's folder."""
    return root / ".venv"


def lock_path(root: Path) -> Path:
    """The list of pinned packages."""
    return root / "installer" / "requirements.lock"


def python_path(root: Path) -> Path:
    """The environment's Python."""
    folder = environment_path(root)
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


@contextmanager
def setup_lock(root: Path) -> Iterator[None]:
    """Wait until nobody else sets up this environment, then keep others out; freed when the process dies."""
    with (root / ".venv.lock").open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    time.sleep(0.5)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fingerprint(root: Path) -> str:
    """What the stamp of a finished environment says: the list of packages, and the Python they are for."""
    lock_hash = hashlib.sha256(lock_path(root).read_bytes()).hexdigest()
    return f"{lock_hash} {python_path(root).resolve()}\n"


def is_ready(root: Path) -> bool:
    """Whether everything is in, without starting any process."""
    stamp = environment_path(root) / STAMP
    return (
        python_path(root).exists()
        and stamp.exists()
        and stamp.read_text(encoding="utf-8") == fingerprint(root)
    )


def make_environment(root: Path) -> None:
    """Make the `.venv` unless there is a whole one; one that was left half-made is made again."""
    folder = environment_path(root)
    if python_path(root).exists() and not (folder / UNFINISHED).exists():
        probe = [
            str(python_path(root)),
            "-c",
            "import sys, pip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)))",
        ]
        if subprocess.run(probe, check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return
    if folder.exists():
        print(f"Making {folder} again: it is not whole.", flush=True)
        shutil.rmtree(folder)
    else:
        print(f"Making {folder}.", flush=True)
    folder.mkdir()
    (folder / UNFINISHED).touch()
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)
    if made.returncode != 0:
        raise SetupError(f"{sys.executable} -m venv failed; its words are above.")
    (folder / UNFINISHED).unlink()


def damaged_packages(site_packages: Path) -> list[Path]:
    """The `.dist-info` folders of packages that lack files, or have files of another size than listed."""
    damaged = []
    for info in sorted(site_packages.glob("*.dist-info")):
        record = info / "RECORD"
        try:
            rows = list(csv.reader(record.read_text(encoding="utf-8").splitlines()))
            whole = bool(rows) and all(_is_as_listed(site_packages / row[0], row[2]) for row in rows)
        except (OSError, ValueError, IndexError, csv.Error):
            whole = False
        if not whole:
            damaged.append(info)
    return damaged


def _is_as_listed(file: Path, size: str) -> bool:
    """Whether a listed file is there, with its size where one is listed; bytecode may come and go."""
    if not size:
        return file.suffix == ".pyc" or file.exists()
    return file.stat().st_size == int(size)


def set_up(root: Path) -> None:
    """Bring `.venv` to what the lock file says.

    Raises:
        SetupError: when Python or pip fail.
    """
    make_environment(root)
    folder = environment_path(root)
    site_packages = next(iter(sorted(folder.glob("[Ll]ib/**/site-packages"))))
    for info in damaged_packages(site_packages):
        print(f"{info.name.removesuffix('.dist-info')} is not whole and will be installed again.", flush=True)
        shutil.rmtree(info)
    print("Installing packages; the first time this takes some minutes.", flush=True)
    command = [str(python_path(root)), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--only-binary", ":all:", "--requirement", str(lock_path(root))]
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        free_gb = shutil.disk_usage(root).free / 1e9
        raise SetupError(
            f"The packages could not be installed; pip says why above ({free_gb:.1f} GB of disk free).\n"
            "       Run the same command again: what is there already is not fetched again."
        )
    partial = folder / (STAMP + ".part")
    partial.write_text(fingerprint(root), encoding="utf-8")
    partial.replace(folder / STAMP)
