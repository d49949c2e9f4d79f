"""Real clips for training: decoded once, kept on the device, cropped and augmented there.

A sample is five frames of one clip: inputs a, a+s, a+2s, a+3s with a stride s of 2 to 8, and the frame to
be made, a+s+k with 0 < k < s, so that any position is supervised. For networks that draw a fixed grid of
positions it is the four inputs and all frames of that grid, with strides at which the clip has some of them.
Every augmentation is drawn once a sample.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flavr_core.errors import MediaError, SettingsError

MOTION_HEIGHT = 96
"""Rows of the pictures on which a clip's motion is measured."""
SLOWEST_PX = 1.5
"""Least motion over the gap that is wished for, pixels."""
MAX_STRIDE = 8
"""Largest distance of two inputs, frames."""
STILL_PX = 0.15
"""Clips that move less than this a frame are left out."""
PROBES = 16
"""Pixels a side of the raster on which candidate crops are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankClip:
    """Where the frames of one clip lie in the bank."""

    name: str
    """File it came from."""
    offset: int
    """Byte at which its first frame begins."""
    frames: int
    """How many."""
    height: int
    """Rows."""
    width: int
    """Columns."""
    motion_px: float
    """90th percentile of the flow between neighbouring frames, pixels of its own size."""


def find_clips(folders: Sequence[Path]) -> list[Path]:
    """All video files in `folders`, sorted. Raises MediaError when there is none."""
    kinds = {".mp4", ".mkv", ".mov", ".webm", ".avi"}
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in kinds)
    if not found:
        raise MediaError(
            f"No clips were found in {', '.join(map(str, folders))}.", "Name folders that hold video files."
        )
    return found


def decode(path: Path, scale: float) -> NDArray[np.uint8]:
    """All frames of a clip, (T, H, W, 3) RGB. Raises MediaError when there are none."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    try:
        while True:
            ok, frame = capture.read()
            if not ok:
                break
            if scale != 1:
                frame = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    finally:
        capture.release()
    if not frames:
        raise MediaError(f"{path} holds no frames that can be read.", "Remove it from the folder.")
    return np.stack(frames)


def measure_motion(frames: NDArray[np.uint8]) -> float:
    """90th percentile of the flow between neighbours, averaged over some of them, pixels."""
    scale = MOTION_HEIGHT / min(frames.shape[1:3])
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    nothing: Any = None  # the stubs do not know that a first guess may be left out
    speeds = []
    for index in np.linspace(0, max(len(frames) - 2, 0), 10).astype(int):
        pair = [
            cv2.resize(
                cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY),
                None,
                fx=scale,
                fy=scale,
                interpolation=cv2.INTER_AREA,
            )
            for frame in frames[index : index + 2]
        ]
        if len(pair) == 2:
            speeds.append(np.percentile(np.linalg.norm(flow.calc(pair[0], pair[1], nothing), axis=-1), 90))
    return float(np.mean(speeds)) / scale if speeds else 0.0


def _decode_into(path: Path, scale: float, target: Path) -> tuple[int, int, int, float]:
    frames = decode(path, scale)
    temporary = target.with_suffix(".part")
    frames.tofile(temporary)
    temporary.replace(target)
    return frames.shape[0], frames.shape[1], frames.shape[2], measure_motion(frames)


def build_bank(clips: Sequence[Path], folder: Path, *, scales: Sequence[float], workers: int) -> None:
    """Decode all clips into `folder`, one raw file each, with `bank.json` last."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(clip, scale) for clip in clips for scale in scales]
    entries: list[BankClip] = []
    offset = 0
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(
            _decode_into,
            [j[0] for j in jobs],
            [j[1] for j in jobs],
            [folder / f"{n}.raw" for n in range(len(jobs))],
        )
        for (clip, scale), (count, height, width, motion) in zip(jobs, results, strict=True):
            entries.append(
                BankClip(
                    name=f"{clip.name}@{scale:g}",
                    offset=offset,
                    frames=count,
                    height=height,
                    width=width,
                    motion_px=motion,
                )
            )
            offset += count * height * width * 3
    temporary = folder / "bank.json.part"
    temporary.write_text(json.dumps([asdict(entry) for entry in entries]))
    temporary.replace(folder / "bank.json")


def send(values: NDArray[Any], device: torch.device) -> Tensor:
    """An array on the device, without waiting for what the device is doing."""
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


@dataclass(slots=True)
class Samples:
    """Windows and the frames to be made between their middle two.

    Convention: frames (N, 4 + P, 3, H, W) float32 RGB in [0, 1], the inputs first; positions (N, P) float32;
    known (N, P) bool, False where the clip has no such frame and a frame of the input stands in its place.
    """

    frames: Tensor
    positions: Tensor
    known: Tensor


@dataclass(slots=True)
class _Plan:
    """Samples by address.

    Convention: bytes of the crops' first pixels (N, 4 + P), to the next column and row (N, 2); positions
    (N, P) and whether the clip has them (N, P).
    """

    starts: NDArray[np.int64]
    steps: NDArray[np.int64]
    positions: NDArray[np.float32]
    known: NDArray[np.bool_]


class ClipBank:
    """All frames of all clips on one device, and samples drawn from them."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        entries = [BankClip(**entry) for entry in json.loads((folder / "bank.json").read_text())]
        total = sum(entry.frames * entry.height * entry.width * 3 for entry in entries)
        self.device = device
        self.pixels = torch.empty(total, dtype=torch.uint8, device=device)
        for number, entry in enumerate(entries):
            raw = torch.from_numpy(np.fromfile(folder / f"{number}.raw", dtype=np.uint8))
            self.pixels[entry.offset : entry.offset + raw.numel()].copy_(raw)
        self.clips = [entry for entry in entries if entry.frames >= 7 and entry.motion_px >= STILL_PX]
        if not self.clips:
            raise MediaError(
                "No clip moves or is long enough to train on.", "Give clips of 7 frames and more."
            )
        columns = ("offset", "frames", "height", "width")
        self.table = {name: np.array([getattr(entry, name) for entry in self.clips]) for name in columns}
        self.motion = np.array([entry.motion_px for entry in self.clips])
        self.weights = self.table["frames"] ** 0.8 * np.minimum(self.motion / 2, 1.0) ** 0.7

    def sample(
        self,
        count: int,
        height: int,
        width: int,
        numbers: np.random.Generator,
        *,
        max_motion_px: float,
        grid: Sequence[Fraction] = (),
    ) -> Samples:
        """Samples of clips: one frame to be made at a position that is drawn, or all those of a `grid`."""
        plan = self._plan(2 * count, height, width, numbers, max_motion_px=max_motion_px, grid=grid)
        starts, steps = send(plan.starts, self.device), send(plan.steps, self.device)
        better = self._livelier(starts, steps, height, width, numbers)
        frames = gather_crops(self.pixels, starts[better], steps[better], height, width)
        return Samples(
            frames, send(plan.positions, self.device)[better], send(plan.known, self.device)[better]
        )

    def pictures(self, count: int, height: int, width: int, numbers: np.random.Generator) -> Tensor:
        """Single crops, as textures: (N, 3, H, W) float32 RGB in [0, 1]."""
        plan = self._plan(count, height, width, numbers, max_motion_px=MAX_STRIDE)
        starts, steps = send(plan.starts[:, :1], self.device), send(plan.steps, self.device)
        return gather_crops(self.pixels, starts, steps, height, width)[:, 0]

    def _plan(
        self,
        count: int,
        height: int,
        width: int,
        numbers: np.random.Generator,
        *,
        max_motion_px: float,
        grid: Sequence[Fraction] = (),
    ) -> _Plan:
        table = self.table
        upright = (table["height"] >= height) & (table["width"] >= width)
        turned = (table["height"] >= width) & (table["width"] >= height)
        strides = fitting_strides(grid)
        weights = self.weights * (upright | turned) * (table["frames"] > 3 * strides[0])
        if not weights.any():
            raise MediaError(
                f"No clip is large and long enough for crops of {width}x{height}.", "Use smaller ones."
            )
        chosen = numbers.choice(len(weights), size=count, p=weights / weights.sum())
        rows_of, columns_of, frames = table["height"][chosen], table["width"][chosen], table["frames"][chosen]
        turn = turned[chosen] & (~upright[chosen] | (numbers.random(count) < 0.5))
        wanted = np.exp(numbers.uniform(np.log(SLOWEST_PX), np.log(max_motion_px), count))
        longest = np.minimum(MAX_STRIDE, (frames - 1) // 3)
        stride = np.clip(np.round(wanted / np.maximum(self.motion[chosen], 0.05)), 2, longest).astype(
            np.int64
        )
        stride = strides[stride]
        first = np.floor(numbers.random(count) * (frames - 3 * stride)).astype(np.int64)
        is_forward = numbers.random((count, 1)) < 0.5
        if grid:
            positions = np.broadcast_to(np.array([float(place) for place in grid]), (count, len(grid)))
        else:
            positions = _drawn_positions(stride, numbers)[:, None]
        places = np.where(is_forward, positions, 1 - positions) * stride[:, None]  # frames after the second
        nearest = np.round(places).astype(np.int64)
        known = np.abs(places - nearest) < 1e-6
        order = np.where(is_forward, np.arange(4), np.arange(3, -1, -1))
        inputs = first[:, None] + order * stride[:, None]
        indices = np.concatenate((inputs, (first + stride)[:, None] + nearest), axis=1)
        rows, columns = np.where(turn, width, height), np.where(turn, height, width)
        top = np.floor(numbers.random(count) * (rows_of - rows + 1)).astype(np.int64)
        left = np.floor(numbers.random(count) * (columns_of - columns + 1)).astype(np.int64)
        flips = numbers.random((count, 2)) < 0.5
        row_bytes = columns_of * 3
        start = (top + (rows - 1) * flips[:, 0]) * row_bytes + (left + (columns - 1) * flips[:, 1]) * 3
        row_step, column_step = np.where(flips[:, 0], -row_bytes, row_bytes), np.where(flips[:, 1], -3, 3)
        steps = np.stack(
            (np.where(turn, row_step, column_step), np.where(turn, column_step, row_step)), axis=1
        )
        starts = (table["offset"][chosen] + start)[:, None] + indices * (rows_of * row_bytes)[:, None]
        return _Plan(starts, steps, positions.astype(np.float32), known)

    def _livelier(
        self, starts: Tensor, steps: Tensor, height: int, width: int, numbers: np.random.Generator
    ) -> Tensor:
        """Of each two candidates one: usually the one whose middle frames differ more. Indices (N,)."""
        count = starts.shape[0] // 2
        xs = torch.linspace(0, width - 1, PROBES, device=self.device).long()
        ys = torch.linspace(0, height - 1, PROBES, device=self.device).long()
        places = xs * steps[:, 0, None, None] + ys[:, None] * steps[:, 1, None, None]  # (2N, P, P)
        pair = self.pixels[starts[:, 1:3, None, None] + places[:, None] + 1].float()
        change = (pair[:, 0] - pair[:, 1]).abs().mean(dim=(1, 2)).reshape(2, count)
        careless = send(numbers.random(count) < 0.35, self.device)
        better = (change[1] > change[0]) & ~careless
        return torch.arange(count, device=self.device) + better * count


def _drawn_positions(stride: NDArray[np.int64], numbers: np.random.Generator) -> NDArray[np.float64]:
    """Positions of frames that the clips have between inputs `stride` apart, often the middle: (N,)."""
    count = len(stride)
    middle = (stride % 2 == 0) & (numbers.random(count) < 0.5)
    drawn = 1 + np.floor(numbers.random(count) * (stride - 1))
    return np.where(middle, stride // 2, drawn) / stride


def fitting_strides(grid: Sequence[Fraction]) -> NDArray[np.int64]:
    """For each stride from 0 to MAX_STRIDE the longest one up to it that fits a grid, or else the shortest.

    Those fit that divide the grid's denominator or are divided by it: in eighths 2 (the middle alone is
    filmed), 4 (three of seven) and 8 (all); in halves all even ones. Without a grid all from 2 on do.

    Raises:
        SettingsError: when none does.
    """
    parts = max((place.denominator for place in grid), default=1)
    fitting = [stride for stride in range(2, MAX_STRIDE + 1) if parts % stride == 0 or stride % parts == 0]
    if not fitting:
        raise SettingsError(
            f"Clips with {parts - 1} frames between two inputs are not drawn.", "Train on a data set."
        )
    return np.array(
        [
            max((fit for fit in fitting if fit <= stride), default=fitting[0])
            for stride in range(MAX_STRIDE + 1)
        ]
    )


def gather_crops(pixels: Tensor, starts: Tensor, steps: Tensor, height: int, width: int) -> Tensor:
    """Crops by address.

    Convention: pixels (bytes,) uint8; starts (N, T) bytes; steps (N, 2) bytes to the next column and
    row of the crop, negative where flipped; returns (N, T, 3, H, W) float32 in [0, 1].
    """
    device = pixels.device
    xs = torch.arange(width, device=device) * steps[:, 0, None]  # (N, W)
    ys = torch.arange(height, device=device) * steps[:, 1, None]  # (N, H)
    places = starts[:, :, None, None] + (ys[:, :, None] + xs[:, None, :])[:, None]  # (N, T, H, W)
    channels = torch.arange(3, device=device)[:, None, None]
    return pixels[places[:, :, None] + channels].float() / 255


def default_workers() -> int:
    """Threads to decode with."""
    return max(1, (os.cpu_count() or 2) - 1)
