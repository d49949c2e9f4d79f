"""The installer's `.venv`: made once, filled once, mended after any interruption. No network: pip is given
two tiny wheels of our own."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from installer import environment

REPOSITORY = Path(environment.__file__).resolve().parent.parent


def _digest(text: str) -> str:
    code = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return f"sha256={code}"


def _write_wheel(folder: Path, name: str, version: str, *, modules: int = 3) -> None:
    info = f"{name}-{version}.dist-info"
    files = {f"{name}/part_{number}.py": f"VALUE = {number}\n" for number in range(modules)}
    files[f"{name}/__init__.py"] = f"__version__ = '{version}'\n"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{file},{_digest(text)},{len(text)}\n" for file, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a space in its path, a lock file of two packages, and a place where pip finds them."""
    root = tmp_path / "my project"
    wheels = tmp_path / "wheels"
    (root / "installer").mkdir(parents=True)
    wheels.mkdir()
    for version in ("1.0", "2.0"):
        _write_wheel(wheels, "tiny", version)
        _write_wheel(wheels, "small", version, modules=300)
    environment.lock_path(root).write_text("small==1.0\ntiny==1.0\n", encoding="utf-8")
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", wheels.as_uri())
    return root


def _version(root: Path, package: str) -> str:
    """The version that the environment's Python imports, with all its modules."""
    code = f"import {package}, {package}.part_2; print({package}.__version__)"
    command = [str(environment.python_path(root)), "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _site_packages(root: Path) -> Path:
    return next(environment.environment_path(root).glob("[Ll]ib/**/site-packages"))


def test_from_nothing_to_another_lock_file(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert not environment.is_ready(project)
    environment.set_up(project)
    assert environment.is_ready(project)
    assert _version(project, "small") == "1.0"

    before = environment.python_path(project).stat(follow_symlinks=False).st_mtime_ns
    environment.lock_path(project).write_text("small==1.0\ntiny==2.0\n", encoding="utf-8")
    assert not environment.is_ready(project)
    environment.set_up(project)
    assert environment.is_ready(project)
    assert (_version(project, "small"), _version(project, "tiny")) == ("1.0", "2.0")
    assert environment.python_path(project).stat(follow_symlinks=False).st_mtime_ns == before

    # Files that were being copied when the power went: pip alone would take the package for installed.
    (_site_packages(project) / "small" / "part_2.py").unlink()
    (_site_packages(project) / "tiny-2.0.dist-info" / "RECORD").write_text("", encoding="utf-8")
    (environment.environment_path(project) / environment.STAMP).unlink()
    environment.set_up(project)
    assert (_version(project, "small"), _version(project, "tiny")) == ("1.0", "2.0")

    # An environment whose making was cut short.
    (environment.environment_path(project) / environment.UNFINISHED).touch()
    environment.python_path(project).unlink()
    assert not environment.is_ready(project)
    environment.set_up(project)
    assert environment.is_ready(project)
    assert _version(project, "tiny") == "2.0"

    # A package that cannot be had.
    environment.lock_path(project).write_text("absent==1.0\n", encoding="utf-8")
    with pytest.raises(environment.SetupError, match="could not be installed"):
        environment.set_up(project)
    assert not environment.is_ready(project)
    assert "absent" in capfd.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="kills a group of processes")
@pytest.mark.parametrize("milestone", ["bin/python", "small", "tiny"])
def test_killed_at_any_moment_it_goes_on(project: Path, milestone: str) -> None:
    """SIGKILL to installer and pip alike, just after the milestone has come to be."""
    code = "import sys, pathlib, installer.environment as e; e.set_up(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(project)]
    folder = environment.environment_path(project)
    with subprocess.Popen(
        command, cwd=REPOSITORY, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            if (folder / milestone).exists() or list(folder.glob(f"lib/*/site-packages/{milestone}")):
                os.killpg(process.pid, signal.SIGKILL)
                break
            time.sleep(0.001)
    environment.set_up(project)
    assert environment.is_ready(project)
    assert (_version(project, "small"), _version(project, "tiny")) == ("1.0", "1.0")
    assert environment.damaged_packages(_site_packages(project)) == []


def test_the_lock_file_pins_everything_exactly_and_names_no_place() -> None:
    lines = environment.lock_path(REPOSITORY).read_text(encoding="utf-8").splitlines()
    pins = [line.partition(";")[0].strip() for line in lines if line.strip() and not line.startswith("#")]
    assert all(pin.count("==") == 1 and "*" not in pin for pin in pins)
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    names = [pin.partition("==")[0].lower() for pin in pins]
    assert len(names) == len(set(names))
    assert "torch==2.13.0" in pins
