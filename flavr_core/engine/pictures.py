"""Source frames as tensors on the device, each brought there once however many windows it is in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor

from flavr_core.engine.conversion import FrameConverter
from flavr_core.frame import Frame, Plane


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A frame on the device.

    Convention: RGB (1, 3, H, W) float32 as FrameConverter gives it; alpha (1, 1, H, W) float32.
    """

    rgb: Tensor
    """Straight colour, not clamped."""
    alpha: Tensor | None
    """Straight alpha; None when the format has none, or every pixel is opaque."""
    planes: tuple[Plane, ...]
    """The frame's planes: what it is known by, and kept so that no other frame can take their place."""


class PictureCache:
    """The newest pictures, by frame.

    Frames are told apart by their tuple of planes, which a frame keeps when it is given another time.
    """

    def __init__(self, device: torch.device, *, capacity: int) -> None:
        self._device = device
        self._capacity = capacity
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._converter: FrameConverter | None = None

    def __len__(self) -> int:
        return len(self._pictures)

    def converter(self, frame: Frame) -> FrameConverter:
        """The converter for frames like this one."""
        if self._converter is None or not self._converter.matches(frame):
            self._converter = FrameConverter(
                frame.format, frame.color, width=frame.width, height=frame.height, device=self._device
            )
        return self._converter

    def picture(self, frame: Frame) -> Picture:
        """The frame on the device, converted now or before."""
        key = id(frame.planes)
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        converter = self.converter(frame)
        planes = converter.upload(frame)
        alpha = converter.to_alpha(planes) if frame.format.has_alpha and not is_opaque(frame) else None
        picture = Picture(rgb=converter.to_rgb(planes), alpha=alpha, planes=frame.planes)
        self._pictures[key] = picture
        while len(self._pictures) > self._capacity:
            self._pictures.popitem(last=False)
        return picture

    def clear(self) -> None:
        """Forget all pictures."""
        self._pictures.clear()


def is_opaque(frame: Frame) -> bool:
    """Whether no pixel lets anything through."""
    return not frame.format.has_alpha or bool((frame.planes[-1] == 2**frame.format.depth - 1).all())
