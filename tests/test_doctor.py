"""What `doctor` finds, and that it says what to do when something is missing."""

from __future__ import annotations

import builtins
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flavr_core import doctor, system_libraries
from flavr_core.cli import main
from flavr_core.doctor import Finding, State


def _findings() -> dict[str, Finding]:
    return {finding.topic: finding for finding in doctor.examine()}


@pytest.fixture
def no_library_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "missing_libraries", list)


@pytest.mark.usefixtures("no_library_missing")
def test_it_looks_at_everything_that_was_promised() -> None:
    found = _findings()
    assert {"Python", "System", "Memory", "Disk", "torch", "PyAV", "Encoders", "Models folder"} <= set(found)
    assert any(topic.startswith("GPU") for topic in found)
    assert "libx264" in found["Encoders"].value
    assert not [finding for finding in found.values() if finding.state is State.PROBLEM]


def test_what_is_not_right_comes_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "missing_libraries", lambda: ["libxcb-cursor.so.0"])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    found = _findings()
    assert "libxcb-cursor0" in found["System libraries"].advice
    for topic in ("Disk", "System libraries"):
        assert found[topic].state is State.NOTE
    assert all(finding.advice for finding in found.values() if finding.state is not State.OK)


def test_a_broken_package_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def broken(name: str, *args: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "av":
            raise ImportError("libavcodec.so.62: cannot open shared object file")
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", broken)
    found = _findings()
    assert found["ffmpeg"].state is State.PROBLEM
    assert "libavcodec" in found["ffmpeg"].value
    assert "installer/run.py" in found["ffmpeg"].advice
    assert found["torch"].state is State.OK


def test_a_gpu_that_torch_cannot_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(
        doctor, "_ask_nvidia_smi", lambda: ["NVIDIA GeForce RTX 4090, driver 590.48.01, 24564 MiB"]
    )
    finding = _findings()["GPU"]
    assert "RTX 4090, driver 590.48.01" in finding.value
    assert "CUDA build of torch" in finding.advice


def test_the_drivers_tool_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    row = "NVIDIA GeForce RTX 4090, 590.48.01, 24564 MiB\n"
    done = subprocess.CompletedProcess([], 0, stdout=row, stderr="")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: done)
    assert doctor._ask_nvidia_smi() == ["NVIDIA GeForce RTX 4090, driver 590.48.01, 24564 MiB"]
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: subprocess.CompletedProcess([], 9, "", ""))
    assert doctor._ask_nvidia_smi() == []


@pytest.mark.usefixtures("no_library_missing")
def test_the_command_prints_lines_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "Python" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert {"topic", "value", "state", "advice", "details"} == set(report["findings"][0])


def test_a_problem_sets_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = Finding(topic="torch", value="missing", state=State.PROBLEM, advice="Install it.")
    monkeypatch.setattr(doctor, "examine", lambda: (problem,))
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "[problem] missing" in printed
    assert "Install it." in printed


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems bring their libraries")
def test_missing_libraries_are_found_by_the_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        system_libraries, "DEBIAN_PACKAGES", {"libc.so.6": "libc6", "libnever.so.9": "libnever9"}
    )
    assert system_libraries.missing_libraries() == ["libnever.so.9"]
    assert system_libraries.install_command(["libnever.so.9"])[-1] == "libnever9"


@pytest.mark.skipif(not Path("/usr/bin/readelf").exists(), reason="needs readelf")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads ELF files")
def test_the_table_holds_what_qt_is_linked_against() -> None:
    pyside = pytest.importorskip("PySide6")
    qt = Path(pyside.__file__).parent / "Qt"
    names = [
        "Core",
        "Gui",
        "Widgets",
        "OpenGL",
        "OpenGLWidgets",
        "Svg",
        "Network",
        "DBus",
        "Multimedia",
        "XcbQpa",
    ]
    files = [qt / "lib" / f"libQt6{name}.so.6" for name in names]
    files += [qt / "plugins" / "platforms" / f"libq{name}.so" for name in ("xcb", "wayland", "offscreen")]
    files += [qt / "plugins" / "multimedia" / "libffmpegmediaplugin.so"]
    needed: set[str] = set()
    for file in files:
        done = subprocess.run(
            ["/usr/bin/readelf", "-d", str(file)], capture_output=True, text=True, check=True
        )
        needed |= {line.split("[")[1].rstrip("]") for line in done.stdout.splitlines() if "(NEEDED)" in line}
    carried = {path.name for path in (qt / "lib").iterdir()}
    part_of_libc = (
        "libc.",
        "libm.",
        "libdl.",
        "libpthread.",
        "librt.",
        "libresolv.",
        "libgcc_s.",
        "ld-linux",
    )
    # libgthread and libbrotlicommon come in the packages of libglib and libbrotlidec.
    same_package = {"libgthread-2.0.so.0", "libbrotlicommon.so.1"}
    unknown = {name for name in needed - carried - same_package if not name.startswith(part_of_libc)}
    assert unknown <= set(system_libraries.DEBIAN_PACKAGES)
