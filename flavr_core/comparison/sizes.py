"""Frames at smaller sizes, so that two of different sizes can be compared like with like."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from flavr_core.frame import Frame, Plane


def reduced(frame: Frame, *, width: int, height: int) -> Frame:
    """A frame at a smaller size, in its own pixel format; the very frame where it has the size already.

    Convention: planes as in `Frame`; means over the area of each new pixel, rounded. Previews are made of
    frames that went through here, so an original that is to be measured against one must too.
    """
    if (frame.width, frame.height) == (width, height):
        return frame
    planes: list[Plane] = []
    for number, plane in enumerate(frame.planes):
        rows, columns = frame.format.plane_shape(number, width=width, height=height)
        small = cv2.resize(np.ascontiguousarray(plane), (columns, rows), interpolation=cv2.INTER_AREA)
        planes.append(cast(Plane, small))
    return replace(frame, planes=tuple(planes))


def alike(a: Frame, b: Frame) -> tuple[Frame, Frame]:
    """Two frames at the smaller of their sizes: what the smaller one never had is no difference."""
    width, height = min(a.width, b.width), min(a.height, b.height)
    return reduced(a, width=width, height=height), reduced(b, width=width, height=height)
