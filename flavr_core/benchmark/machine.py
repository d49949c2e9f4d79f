"""What a measurement was made on, and how a whole process is timed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from flavr_core.errors import FlavrError

_PACKAGES = ("torch", "av", "imageio-ffmpeg", "opencv-python-headless", "numpy")
_POLL_S = 0.02


class BenchmarkError(FlavrError):
    """A command that was to be measured failed."""

    exit_code = 1


def machine_lines() -> list[str]:
    """Machine and versions, as every benchmark prints them first."""
    versions = []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} missing")
    memory_gib = psutil.virtual_memory().total / 2**30
    return [
        f"machine   {processor_name()}, {os.cpu_count()} logical cores, {memory_gib:.0f} GiB, "
        f"{platform.platform()}",
        f"versions  Python {platform.python_version()}, {', '.join(versions)}",
    ]


def device_lines() -> list[str]:
    """The GPUs, and what torch was built for; imports torch."""
    import torch

    if not torch.cuda.is_available():
        return [f"device    CPU, {torch.get_num_threads()} threads"]
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return [
        f"device    {', '.join(names)}; CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    ]


def processor_name() -> str:
    """The processor's own name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFigures:
    """One or several runs of a whole process; medians."""

    wall_s: float
    """Seconds from start to end."""
    cpu_s: float
    """Seconds of processor time, all cores and children together."""
    peak_bytes: int
    """Largest resident memory of the process and its children together, sampled."""


def run_process(command: Sequence[str]) -> ProcessFigures:
    """Run a command to its end and measure it.

    Raises:
        BenchmarkError: with the last lines of its output when it fails.
    """
    with tempfile.TemporaryFile() as log:
        started_s = time.perf_counter()
        process = subprocess.Popen(  # a list, no shell
            list(command), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        watch = _Watch(process.pid)
        watch.start()
        code = process.wait()
        wall_s = time.perf_counter() - started_s
        watch.stop()
        if code:
            log.seek(0)
            tail = log.read().decode("utf-8", "replace").strip().splitlines()[-3:]
            raise BenchmarkError(f"'{Path(command[0]).name}' failed with code {code}: {' / '.join(tail)}")
    return ProcessFigures(wall_s=wall_s, cpu_s=watch.cpu_s, peak_bytes=watch.peak_bytes)


def median_of_runs(commands: Sequence[Sequence[str]], *, runs: int, warm_up: int) -> list[ProcessFigures]:
    """Run the commands in turn (A B A B ...), so that a drifting machine hits all alike; medians of each."""
    for _ in range(warm_up):
        for command in commands:
            run_process(command)
    figures: list[list[ProcessFigures]] = [[] for _ in commands]
    for _ in range(runs):
        for collected, command in zip(figures, commands, strict=True):
            collected.append(run_process(command))
    return [
        ProcessFigures(
            wall_s=median(run.wall_s for run in collected),
            cpu_s=median(run.cpu_s for run in collected),
            peak_bytes=max(run.peak_bytes for run in collected),
        )
        for collected in figures
    ]


def our_command(*words: str | Path) -> list[str]:
    """This program's own command line: text is split at spaces, paths are taken whole."""
    return [sys.executable, str(Path(__file__).resolve().parents[2] / "main.py"), *_split(words)]


def ffmpeg_command(*words: str | Path) -> list[str]:
    """The reference ffmpeg: quiet, no questions, overwriting; text is split at spaces, paths are not.

    Raises:
        BenchmarkError: when there is none; networks can be measured without it.
    """
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise BenchmarkError(
            "The ffmpeg program that is measured beside ours is missing.", "Install imageio-ffmpeg."
        ) from error
    return [imageio_ffmpeg.get_ffmpeg_exe(), *_split(("-hide_banner -nostdin -v error -y", *words))]


def _split(words: Sequence[str | Path]) -> list[str]:
    return [part for word in words for part in ([str(word)] if isinstance(word, Path) else word.split())]


class _Watch(threading.Thread):
    """Samples memory and processor time of a process and its children until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(name="benchmark-watch", daemon=True)
        self.peak_bytes = 0
        self.cpu_s = 0.0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            process = psutil.Process(self._pid)
            while not self._ended.wait(_POLL_S):
                family = [process, *process.children(recursive=True)]
                self.peak_bytes = max(self.peak_bytes, sum(member.memory_info().rss for member in family))
                times = process.cpu_times()
                self.cpu_s = times.user + times.system + times.children_user + times.children_system
        except psutil.Error:
            return

    def stop(self) -> None:
        self._ended.set()
        self.join()
