"""What this machine has, what it lacks, and what to do about it.

Every finding stands alone and survives what it looks for being broken: `doctor` is what one runs when
nothing else does. Modules that may be missing are imported where they are looked at.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from flavr_core import __version__
from flavr_core.errors import FlavrError
from flavr_core.system_libraries import install_command, missing_libraries

_SET_UP = "Run: python3 installer/run.py doctor"
_GB = 1e9


class State(StrEnum):
    """How things are."""

    OK = "ok"
    NOTE = "note"
    """Works, but something is missing that would be of use."""
    PROBLEM = "problem"
    """Clips cannot be converted until this is put right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    """What was looked at, e.g. `GPU`."""
    value: str
    """What was found, one line."""
    state: State = State.OK
    """How it is."""
    advice: str = ""
    """What to do, one sentence; empty when nothing is to be done."""
    details: tuple[str, ...] = ()
    """More lines, for those who want to know."""


def examine() -> tuple[Finding, ...]:
    """Look at everything. Takes some seconds: torch is imported, hardware encoders are tried."""
    looks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("Program", _look_at_program),
        ("Memory", _look_at_memory),
        ("Disk", _look_at_disk),
        ("torch", _look_at_torch),
        ("ffmpeg", _look_at_ffmpeg),
        ("Encoders", _look_at_encoders),
        ("Models", _look_at_models),
        ("Window", _look_at_window),
    )
    findings: list[Finding] = []
    for topic, look in looks:
        try:
            findings.extend(look())
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            findings.append(Finding(topic=topic, value=reason, state=State.PROBLEM, advice=_SET_UP))
    return tuple(findings)


def _look_at_program() -> Iterator[Finding]:
    yield Finding(topic="FLAVR Studio", value=__version__)
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding(
        topic="Python",
        value=f"{platform.python_version()} ({sys.executable})",
        state=State.OK if supported else State.PROBLEM,
        advice="" if supported else "Use Python 3.11, 3.12 or 3.13.",
    )
    yield Finding(topic="System", value=platform.platform())


def _look_at_memory() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    low = memory.available < 2 * _GB
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding(topic="Processor", value=f"{usable} of {os.cpu_count()} cores usable, {platform.machine()}")
    yield Finding(
        topic="Memory",
        value=f"{memory.available / _GB:.1f} of {memory.total / _GB:.1f} GB free",
        state=State.NOTE if low else State.OK,
        advice="Close other programs before converting large clips." if low else "",
    )


def _look_at_disk() -> Iterator[Finding]:
    free = shutil.disk_usage(Path.cwd()).free
    low = free < 5 * _GB
    yield Finding(
        topic="Disk",
        value=f"{free / _GB:.1f} GB free in {Path.cwd()}",
        state=State.NOTE if low else State.OK,
        advice="Make room, or convert to another disk." if low else "",
    )


def _look_at_torch() -> Iterator[Finding]:
    import torch

    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
    yield Finding(topic="torch", value=f"{torch.__version__} ({build})")
    cards = _ask_nvidia_smi()
    if torch.cuda.is_available():
        yield from _look_at_gpus(cards)
    elif cards:
        yield Finding(
            topic="GPU",
            value=f"{cards[0]}, not usable by torch",
            state=State.NOTE,
            advice=f"Install a CUDA build of torch {torch.__version__.partition('+')[0]} into .venv."
            if not torch.version.cuda
            else f"Update the NVIDIA driver to one that knows CUDA {torch.version.cuda}.",
            details=tuple(cards),
        )
    else:
        yield Finding(
            topic="GPU",
            value="no NVIDIA GPU with a driver found; the processor does the work",
            state=State.NOTE,
            advice="If there is one, install NVIDIA's driver: networks run many times faster on it.",
        )


def _ask_nvidia_smi() -> list[str]:
    """A line for each NVIDIA GPU: name, driver, memory; empty without the driver's tool."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if done.returncode != 0:
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines()]
    return [f"{row[0]}, driver {row[1]}, {row[2]}" for row in rows if len(row) == 3]


def _look_at_gpus(cards: list[str]) -> Iterator[Finding]:
    import torch

    from flavr_core.engine.device import choose_device

    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        major, minor = torch.cuda.get_device_capability(index)
        facts = f"compute capability {major}.{minor}, {free / _GB:.1f} of {total / _GB:.1f} GB free"
        try:
            choose_device(f"cuda:{index}")
            state, advice = State.OK, ""
        except FlavrError as error:
            state, advice = State.NOTE, str(error)
        name = torch.cuda.get_device_name(index)
        yield Finding(
            topic=f"GPU {index}", value=f"{name}, {facts}", state=state, advice=advice, details=tuple(cards)
        )
    if torch.cuda.device_count() > 1:
        words = f"{torch.cuda.device_count()} can draw one clip side by side: --device cuda:all"
        yield Finding(topic="GPUs", value=words)


def _look_at_ffmpeg() -> Iterator[Finding]:
    import av

    libraries = tuple(
        f"{name} {'.'.join(map(str, version))}" for name, version in sorted(av.library_versions.items())
    )
    yield Finding(
        topic="PyAV", value=f"{av.__version__} (ffmpeg {av.ffmpeg_version_info})", details=libraries
    )
    import imageio_ffmpeg

    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
        value, state, advice = f"{imageio_ffmpeg.get_ffmpeg_version()} ({program})", State.OK, ""
    except RuntimeError:
        value, state = "not found", State.NOTE
        advice = "It is only needed to compare with ffmpeg's own filters and for VMAF: " + _SET_UP
    yield Finding(topic="ffmpeg program", value=value, state=state, advice=advice)


def _look_at_encoders() -> Iterator[Finding]:
    from flavr_core.media.encoders import available_encoders

    states = available_encoders()
    software = [each for each in states if each.encoder.family == "software"]
    hardware = [each for each in states if each.encoder.family != "software"]
    missing = {each.encoder.codec for each in software} - {e.encoder.codec for e in software if e.works}
    yield Finding(
        topic="Encoders",
        value=" ".join(each.encoder.name for each in software if each.works) or "none",
        state=State.PROBLEM if missing else State.OK,
        advice=f"{', '.join(sorted(missing))} cannot be written: install PyAV anew. {_SET_UP}"
        if missing
        else "",
    )
    yield Finding(
        topic="Hardware encoders",
        value=" ".join(each.encoder.name for each in hardware if each.works) or "none works here",
        details=tuple(each.reason for each in hardware if not each.works),
    )


def _look_at_models() -> Iterator[Finding]:
    from flavr_core.model.catalog import read_catalog, user_dir

    folder = user_dir()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    writable = os.access(existing, os.W_OK)
    yield Finding(
        topic="Models folder",
        value=str(folder) + ("" if writable else " cannot be written"),
        state=State.OK if writable else State.NOTE,
        advice="" if writable else f"Make {existing} writable to import models.",
    )
    catalog = read_catalog()
    names = [entry.card.name for entry in catalog.entries]
    yield Finding(
        topic="Models",
        value=", ".join(name + " (default)" * (name == catalog.default) for name in names),
        state=State.NOTE if catalog.problems else State.OK,
        advice=" ".join(str(problem) for problem in catalog.problems.values()),
    )


def _look_at_window() -> Iterator[Finding]:
    try:
        yield Finding(topic="Qt", value=f"PySide6 {importlib.metadata.version('PySide6_Essentials')}")
    except importlib.metadata.PackageNotFoundError:
        yield Finding(topic="Qt", value="PySide6 is not installed", state=State.NOTE, advice=_SET_UP)
    missing = missing_libraries()
    yield Finding(
        topic="System libraries",
        value=f"the window lacks {' '.join(missing)}"
        if missing
        else "nothing that the window needs is missing",
        state=State.NOTE if missing else State.OK,
        advice=f"On Debian and Ubuntu: sudo {' '.join(install_command(missing))}" if missing else "",
    )
