"""What is done to an example before a network sees it: drawn once, done to all of its frames alike.

Frames that get crops, flips or colours of their own teach a network to blur; so a draw is an object, and
the only way to apply it takes the whole clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flavr_core.errors import MediaError
from flavr_core.training.examples import Example, Pictures

JITTER = 0.05
"""Largest change of brightness, contrast, saturation and hue; the authors' value."""
ORDERS = 4
"""Kinds of jitter, applied in an order that is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """What may be drawn."""

    crop_px: tuple[int, int] | None = (256, 256)
    """Width and height of the crops; None for whole pictures."""
    flips: bool = True
    """Whether half of the examples are mirrored, either way."""
    reversal: bool = True
    """Whether half of them run backwards."""
    jitter: float = JITTER
    """Largest change of colour; 0 for none."""
    copies: float = 0.0
    """Share of examples whose outer frames are copies of the inner ones: two-frame input, ends, cuts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One draw, for every frame of an example."""

    rows: slice
    """Of the crop."""
    columns: slice
    """Of the crop."""
    flip_rows: bool
    """Whether the picture stands on its head."""
    flip_columns: bool
    """Whether it is mirrored."""
    reverse: bool
    """Whether time runs backwards."""
    factors: tuple[float, float, float, float]
    """Brightness, contrast, saturation (factors) and hue (turns)."""
    order: tuple[int, ...]
    """In which they are applied."""
    copied: bool
    """Whether the outer frames are copies of the inner ones."""


def draw(settings: Augmentation, height: int, width: int, numbers: np.random.Generator) -> Draw:
    """Draw once for one example. Raises MediaError when pictures are smaller than the crop."""
    columns, rows = settings.crop_px or (width, height)
    if rows > height or columns > width:
        raise MediaError(
            f"Crops of {columns}x{rows} do not fit into pictures of {width}x{height}.",
            "Give a smaller --crop.",
        )
    top, left = (int(numbers.integers(0, room + 1)) for room in (height - rows, width - columns))
    flips = numbers.random(2) < 0.5
    reverse = numbers.random() < 0.5
    change = numbers.uniform(-settings.jitter, settings.jitter, 4)
    return Draw(
        rows=slice(top, top + rows),
        columns=slice(left, left + columns),
        flip_rows=bool(flips[0]) and settings.flips,
        flip_columns=bool(flips[1]) and settings.flips,
        reverse=bool(reverse) and settings.reversal,
        factors=(1 + change[0], 1 + change[1], 1 + change[2], change[3]),
        order=tuple(int(kind) for kind in numbers.permutation(ORDERS)) if settings.jitter else (),
        copied=bool(numbers.random() < settings.copies),
    )


def apply(drawn: Draw, example: Example) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Inputs and truths (T, 3, H, W) float32 in [0, 1], all treated alike."""
    count = len(example.inputs)
    inputs = example.inputs[[1, 1, 2, 2]] if drawn.copied else example.inputs
    whole = np.concatenate((_placed(drawn, inputs), _placed(drawn, example.truths)))
    coloured = _jittered(drawn, whole.astype(np.float32) / np.float32(255))
    frames = np.ascontiguousarray(coloured.transpose(0, 3, 1, 2))
    return frames[:count], frames[count:]


def middle_crop(example: Example, width: int, height: int) -> Example:
    """The middle of each picture, at most `width` x `height`."""
    rows, columns = example.inputs.shape[1:3]
    height, width = min(height, rows), min(width, columns)
    top, left = (rows - height) // 2, (columns - width) // 2
    part = (slice(None), slice(top, top + height), slice(left, left + width))
    return Example(example.inputs[part], example.truths[part])


def _placed(drawn: Draw, pictures: Pictures) -> Pictures:
    steps = [-1 if flag else 1 for flag in (drawn.reverse, drawn.flip_rows, drawn.flip_columns)]
    return pictures[:, drawn.rows, drawn.columns][:: steps[0], :: steps[1], :: steps[2]]


def _jittered(drawn: Draw, frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours changed alike in all frames, (T, H, W, 3)."""
    brightness, contrast, saturation, hue = drawn.factors
    for kind in drawn.order:
        if kind == 0:
            frames = frames * np.float32(brightness)
        elif kind == 1:
            # The mean of the whole clip: a frame's own would let its brightness flicker.
            mean = np.float32(_grey(frames).mean())
            frames = mean + (frames - mean) * np.float32(contrast)
        elif kind == 2:
            grey = _grey(frames)[..., None]
            frames = grey + (frames - grey) * np.float32(saturation)
        else:
            frames = _turned(frames, hue)
        frames = np.clip(frames, 0, 1)
    return frames


def _grey(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(frames @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def _turned(frames: NDArray[np.float32], hue: float) -> NDArray[np.float32]:
    count, height, width, _ = frames.shape
    hsv = cv2.cvtColor(frames.reshape(count * height, width, 3), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + np.float32(360 * hue)) % 360
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.float32).reshape(frames.shape)
