"""What the bundled ffmpeg program is asked: minterpolate as a contestant's hand, and VMAF.

Pictures go in and come out as raw RGB through pipes, so no codec is between; ffmpeg itself turns them into
the planar Y'CbCr that both filters want.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Sequence
from fractions import Fraction

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from flavr_core.errors import FlavrError
from flavr_core.evaluation.samples import Picture8

MINTERPOLATE = "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none"
"""Motion-compensated with its best usual options; cuts are not looked for, as for networks."""
SMALLEST_PX = 32
"""minterpolate looks for blocks of 16 pixels, and VMAF halves pictures four times: below this both fail."""
_SWS = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
_TO_YUV = f"scale=in_range=full:out_range=full:out_color_matrix=bt601:{_SWS},format=yuv444p"
_TO_RGB = f"scale=in_range=full:out_range=full:in_color_matrix=bt601:{_SWS},format=rgb24"
_TO_VIDEO = f"scale=in_range=full:out_range=tv:out_color_matrix=bt709:{_SWS},format=yuv444p"
_SCORE = re.compile(rb"VMAF score: ([0-9.]+)")
_ROUND_TRIP = 4
"""Largest difference that RGB to 8-bit Y'CbCr and back makes."""


class FfmpegError(FlavrError):
    """The bundled ffmpeg is missing or failed."""


def minterpolate(inputs: Sequence[Picture8], positions: Sequence[Fraction]) -> list[Picture8]:
    """The pictures at these positions of the gap between the middle two of four pictures.

    Timing: the four are frames 0 to 3 of a clip of one frame a second, and the rate asked for is the
    positions' common denominator k, so every output lies exactly on n / k seconds: position j / k of the
    middle gap is output k + j. minterpolate starts at its first frame's time, gives every output up to the
    last but one of its frames, and gives source frames as they are: outputs k and 2 k must be the middle
    two, which is checked.

    Raises:
        FfmpegError: when ffmpeg fails, or the middle two are not where they should be.
    """
    height, width = inputs[0].shape[:2]
    rate = math.lcm(*(position.denominator for position in positions))
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    given = [*raw, "-s", f"{width}x{height}", "-framerate", "1", "-i", "pipe:0"]
    graph = f"{_TO_YUV},minterpolate=fps={rate}:{MINTERPOLATE},{_TO_RGB}"
    made = _run(
        ["-v", "error", *given, "-vf", graph, "-fps_mode", "passthrough", *raw, "pipe:1"],
        np.stack(inputs),
    ).stdout
    frames = np.frombuffer(made, np.uint8)
    if frames.size % (height * width * 3) or frames.size // (height * width * 3) <= 2 * rate:
        raise FfmpegError(f"ffmpeg's minterpolate drew fewer pictures of {width}x{height} than it was asked.")
    frames = frames.reshape(-1, height, width, 3)
    for number, picture in ((rate, inputs[1]), (2 * rate, inputs[2])):
        if np.abs(frames[number].astype(np.int16) - picture).max() > _ROUND_TRIP:
            raise FfmpegError("ffmpeg's minterpolate gave its pictures at other times than were asked for.")
    return [frames[rate + int(position * rate)] for position in positions]


def vmaf(made: Picture8, truth: Picture8) -> float:
    """VMAF of one picture; see `metrics.PROTOCOLS`.

    Raises:
        FfmpegError: when ffmpeg fails or has no libvmaf.
    """
    height, width = made.shape[:2]
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{2 * height}", "-i", "pipe:0"]
    graph = (
        "split[both][again];"
        f"[both]crop=iw:ih/2:0:0:exact=1,{_TO_VIDEO}[made];"
        f"[again]crop=iw:ih/2:0:ih/2:exact=1,{_TO_VIDEO}[truth];"
        "[made][truth]libvmaf"
    )
    done = _run(
        ["-v", "info", *given, "-filter_complex", graph, "-f", "null", "-"], np.concatenate([made, truth])
    )
    found = _SCORE.search(done.stderr)
    if found is None:
        raise FfmpegError("ffmpeg's libvmaf gave no score.", "Pictures must be at least 32 pixels on a side.")
    return float(found[1])


def lack_of_vmaf() -> str:
    """Why VMAF cannot be measured here, in words; empty when it can."""
    try:
        listing = _run(["-v", "error", "-h", "filter=libvmaf"], np.empty(0, np.uint8)).stdout
    except FfmpegError as error:
        return error.message
    return "" if b"libvmaf AVOptions" in listing else "this ffmpeg was built without libvmaf"


def _run(arguments: Sequence[str], pictures: NDArray[np.uint8]) -> subprocess.CompletedProcess[bytes]:
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
        done = subprocess.run(  # a list, no shell
            [program, "-hide_banner", "-nostdin", *arguments],
            input=pictures.tobytes(),
            capture_output=True,
            check=False,
        )
    except (RuntimeError, OSError) as error:
        raise FfmpegError(
            f"The ffmpeg program cannot be run: {error}.", "Install imageio-ffmpeg anew."
        ) from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()[-2:]
        raise FfmpegError(f"ffmpeg failed with code {done.returncode}: {' / '.join(lines)}")
    return done
