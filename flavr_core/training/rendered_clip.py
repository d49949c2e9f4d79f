"""Test clips from the training renderer: every frame exact, as a folder of images or a lossless video."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flavr_core.errors import OutputError
from flavr_core.model.flow_pictures import flo_bytes
from flavr_core.training.disturbances import disturb
from flavr_core.training.synthetic import Scenes, SceneSettings, draw_scenes, render

AT_ONCE = 4
"""Frames rendered at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedClip:
    """What is rendered; the same settings always give the same clip."""

    seed: int = 1
    """Of scene and motion."""
    height: int = 288
    """Rows, pixels."""
    width: int = 512
    """Columns, pixels."""
    layers: int = 4
    """Moving layers, the background not counted."""
    max_speed_px: float = 24.0
    """Fastest motion over a gap, pixels."""
    steps: int = 8
    """Frames a gap: every `steps`-th frame is what a camera would have filmed."""
    gaps: int = 3
    """Gaps; times run from -1 to gaps - 1."""
    blur: bool = False
    """Whether the shutter is open for a part of the time."""
    disturbances: tuple[str, ...] = ()
    """Of `disturbances.KINDS`."""
    cut: bool = False
    """Whether another scene begins two thirds through."""

    @property
    def times(self) -> tuple[Fraction, ...]:
        """Time of each frame, in gaps."""
        return tuple(Fraction(step, self.steps) - 1 for step in range(self.steps * self.gaps + 1))


def render_frames(clip: RenderedClip) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32] | None]]:
    """Each frame, (H, W, 3) uint8 RGB; where it lies between times 0 and 1, its flow (H, W, 4) to them."""
    settings = SceneSettings(
        height=clip.height, width=clip.width, layers=clip.layers, max_speed_px=clip.max_speed_px
    )
    seeds = (clip.seed, clip.seed + 1_000_003) if clip.cut else (clip.seed,)
    scenes = [draw_scenes(1, settings, seed, torch.device("cpu")) for seed in seeds]
    change = -1 + 2 * Fraction(clip.gaps, 3) if clip.cut else Fraction(clip.gaps)
    for start in range(0, len(clip.times), AT_ONCE):
        for scene, later in zip(scenes, (False, True), strict=False):
            moments = [time for time in clip.times[start : start + AT_ONCE] if (time >= change) is later]
            if moments:
                yield from _render_some(clip, scene, moments)


def _render_some(
    clip: RenderedClip, scene: Scenes, moments: list[Fraction]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32] | None]]:
    numbers = np.random.default_rng([clip.seed, int((moments[0] + 1) * clip.steps)])
    for moment in moments:  # one at a time: the flow is of the last of the times
        times = torch.tensor([[float(moment)]])
        rendered = render(scene, times, shutter_samples=8 if clip.blur else 1)
        frames = rendered.frames
        for kind in clip.disturbances:
            # Numbers of the clip, so that all frames see one flash; noise alone is new in each.
            frames = disturb(
                kind, frames, times, numbers if kind == "noise" else np.random.default_rng(clip.seed)
            )
        picture = (frames[0, 0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
        flow = rendered.flow[0].permute(1, 2, 0).numpy() if 0 < moment < 1 else None
        yield picture, flow


def write_folder(clip: RenderedClip, folder: Path) -> int:
    """Write `frame_00000.png`, ..., `flow/00011_to_0.flo`, ... and `clip.json`; the number of frames.

    Raises:
        OutputError: when it cannot be written; nothing is left behind then.
    """
    partial = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "flow").mkdir(parents=True)
        for index, (picture, flow) in enumerate(render_frames(clip)):
            ok, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            assert ok
            (partial / f"frame_{index:05d}.png").write_bytes(data.tobytes())
            if flow is not None:
                for end in (0, 1):
                    name = f"{index:05d}_to_{end}.flo"
                    (partial / "flow" / name).write_bytes(flo_bytes(flow[..., 2 * end : 2 * end + 2]))
        facts = {**asdict(clip), "times": [str(time) for time in clip.times]}
        (partial / "clip.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        partial.replace(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error}.", "Choose another place with -o.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(clip.times)


def write_video(clip: RenderedClip, path: Path, *, rate: Fraction) -> int:
    """Write a lossless RGB video (FFV1 in Matroska); the number of frames.

    Raises:
        OutputError: when it cannot be written; nothing is left behind then.
    """
    partial = path.with_name(path.name + ".part")
    try:
        with av.open(str(partial), "w", format="matroska") as container:
            video = container.add_stream("ffv1", rate=rate)
            video.width, video.height, video.pix_fmt = clip.width, clip.height, "bgr0"
            for picture, _ in render_frames(clip):
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(video.encode(None))
        partial.replace(path)
    except (OSError, av.FFmpegError) as error:
        raise OutputError(f"{path} cannot be written: {error}.", "Choose another place with -o.") from error
    finally:
        partial.unlink(missing_ok=True)
    return len(clip.times)
