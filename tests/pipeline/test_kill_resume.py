"""kill -9 at random moments: what is resumed is the very file that an uninterrupted render gives."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flavr_core.pipeline.journal import is_begun, work_folder

MAIN = Path(__file__).resolve().parents[2] / "main.py"


def convert(source: Path, output: Path, *extra: str) -> list[str]:
    return [
        sys.executable, str(MAIN), "convert", str(source), str(output), "--rate", "2x", "--model", "motion",
        "--segment-frames", "16", "--device", "cpu", "--quiet", *extra,
    ]  # fmt: skip


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=240, capture_output=True, text=True)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of ffmpeg's test picture with a tone: testsrc2=320x180:24, sine, H.264 and AAC."""
    import imageio_ffmpeg

    path = tmp_path_factory.mktemp("kill") / "ein clip.mp4"
    run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error",
            "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24",
            "-f", "lavfi", "-i", "sine=frequency=330", "-t", "3", "-c:v", "libx264",
            "-c:a", "aac", "-pix_fmt", "yuv420p", str(path),
        ]
    )  # fmt: skip
    return path


def check_kills(clip: Path, folder: Path, *, kills: int, seed: int) -> None:
    whole = folder / "whole.mp4"
    started_s = time.monotonic()
    run(convert(clip, whole))
    duration_s = time.monotonic() - started_s
    wanted = digest(whole)
    moments = random.Random(seed)
    interrupted = 0
    for number in range(kills):
        output = folder / f"killed {number}.mp4"
        process = subprocess.Popen(
            convert(clip, output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(0.3, 1.0) * duration_s)
        process.kill()
        process.wait()
        if output.exists():
            assert digest(output) == wanted
        else:
            interrupted += 1
        if work_folder(output).exists():
            run(convert(clip, output, "--resume") if is_begun(work_folder(output)) else convert(clip, output))
        elif not output.exists():
            run(convert(clip, output))
        assert digest(output) == wanted
        assert not work_folder(output).exists()
    assert interrupted


def test_the_bytes_do_not_depend_on_what_memory_held_before(clip: Path, tmp_path: Path) -> None:
    """x264 with AVX-512 did depend on it. (glibc fills freed memory as told; elsewhere nothing changes.)"""
    digests = set()
    for fill in ("0", "1", "90"):
        output = tmp_path / f"filled with {fill}.mp4"
        environment = {**os.environ, "MALLOC_PERTURB_": fill}
        subprocess.run(convert(clip, output), check=True, timeout=240, env=environment)
        digests.add(digest(output))
    assert len(digests) == 1


def test_resume_after_kill(clip: Path, tmp_path: Path) -> None:
    check_kills(clip, tmp_path, kills=2, seed=1)


@pytest.mark.slow
def test_resume_after_ten_kills(clip: Path, tmp_path: Path) -> None:
    check_kills(clip, tmp_path, kills=10, seed=2)
