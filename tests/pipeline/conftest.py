"""Clips made by ffmpeg's own generators, with the command in the fixture."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest

MakeClip = Callable[..., Path]


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """`make_clip(name, seconds=1, size="160x96", rate="24")`: testsrc2 with a tone."""

    def make(
        name: str = "a clip.mp4",
        *,
        seconds: float = 1,
        size: str = "160x96",
        rate: str = "24",
        sound: bool = True,
        video: tuple[str, ...] = ("-c:v", "libx264", "-pix_fmt", "yuv420p"),
    ) -> Path:
        path = tmp_path / name
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-nostdin"]
        command += ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}"]
        if sound:
            command += ["-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000", "-c:a", "aac"]
        command += [*video, "-t", str(seconds), str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
        return path

    return make
