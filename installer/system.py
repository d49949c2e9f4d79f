"""What the operating system must bring: said in one line, and installed where that is allowed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys

from flavr_core.system_libraries import DEBIAN_PACKAGES, install_command, missing_libraries
from installer.environment import SetupError


def may_install() -> bool:
    """Whether this process may install Debian packages: it is root and there is apt-get."""
    return os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(command: list[str]) -> bool:
    """Run an `apt-get install` command, with a fresh list of packages where the old one does not do."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for attempt in (command, ["apt-get", "update"], command):
        done = subprocess.run(
            attempt, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode == 0 and attempt == command:
            return True
    # The last words say it: no such package, no network, another apt at work.
    print(
        f"{' '.join(command[:2])} failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}", file=sys.stderr
    )
    return False


def advice(missing: list[str]) -> str:
    """What is missing and what a user types to get it."""
    if shutil.which("apt-get"):
        return "The window needs system packages: sudo " + " ".join(install_command(missing))
    for tool in ("dnf", "zypper"):
        if shutil.which(tool):
            names = " ".join(f"'{soname}()(64bit)'" for soname in missing)
            return f"The window needs system libraries: sudo {tool} install {names}"
    return f"The window needs system libraries, from your system's package tool: {' '.join(missing)}"


def provide_libraries() -> None:
    """Install the libraries that the window needs, or say how. Never fatal: the command line needs none."""
    missing = missing_libraries()
    if not missing:
        return
    if may_install():
        packages = sorted({DEBIAN_PACKAGES[soname] for soname in missing})
        print(f"Installing system packages: {' '.join(packages)}", flush=True)
        if apt_install(install_command(missing)):
            missing = missing_libraries()
    if missing:
        print(
            f"Missing system libraries: {' '.join(missing)}; to get them: {advice(missing)}", file=sys.stderr
        )


def provide_venv_module() -> None:
    """See that this Python can make environments: Debian splits that off into a package.

    Raises:
        SetupError: when it cannot and that cannot be changed from here.
    """
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    command = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    if may_install():
        print(f"Installing system packages: {package}", flush=True)
        if apt_install(command):
            importlib.invalidate_caches()
            return
    raise SetupError(
        f"This Python ({sys.executable}) cannot make environments: the system package {package} is missing.\n"
        f"       To get it: sudo {' '.join(command)}"
    )
