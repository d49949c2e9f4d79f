"""YUV to RGB and back on a GPU in three passes over memory instead of some hundred.

Imported only where Triton is installed. `conversion` and `chroma` have the plain ways, which are what counts:
these are compared with them before they are used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import triton
import triton.language as tl
from numpy.typing import NDArray
from torch import Tensor

from flavr_core.engine.chroma import ChromaAxis
from flavr_core.model.kernel_building import on

_VALUES = 256
"""Values of a row that a program makes."""

Affine = tuple[NDArray[np.float64], NDArray[np.float64]]
"""For each of three results three factors, (3, 3), and what is added, (3,)."""


@triton.jit
def _between(at, place, count, RATIO: tl.constexpr):  # type: ignore[no-untyped-def]
    """The chroma samples on either side of a full-size one, and the share of the second."""
    at = tl.minimum(tl.maximum((at.to(tl.float32) - place * (RATIO - 1)) / RATIO, 0.0), count - 1.0)
    low = at.to(tl.int32)
    return low, tl.minimum(low + 1, count - 1), at - low.to(tl.float32)


@triton.jit
def _up(plane, above, below, left, right, share_y, share_x, columns, inside):  # type: ignore[no-untyped-def]
    one = tl.load(plane + above * columns + left, mask=inside, other=0.0)
    other = tl.load(plane + above * columns + right, mask=inside, other=0.0)
    under = tl.load(plane + below * columns + left, mask=inside, other=0.0)
    last = tl.load(plane + below * columns + right, mask=inside, other=0.0)
    one += (under - one) * share_y
    other += (last - other) * share_y
    return one + (other - one) * share_x


@triton.jit
def _to_rgb(  # type: ignore[no-untyped-def]
    luma, first, second, out, height, width, rows, columns, place_y, place_x,
    r0, r1, r2, r3, g0, g1, g2, g3, b0, b1, b2, b3,
    RATIO_Y: tl.constexpr, RATIO_X: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(1)
    column = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    inside = column < width
    above, below, share_y = _between(row, place_y, rows, RATIO_Y)
    left, right, share_x = _between(column, place_x, columns, RATIO_X)
    y = tl.load(luma + row * width + column, mask=inside, other=0.0)
    u = _up(first, above, below, left, right, share_y, share_x, columns, inside)
    v = _up(second, above, below, left, right, share_y, share_x, columns, inside)
    out += row * width + column
    tl.store(out, y * r0 + u * r1 + v * r2 + r3, mask=inside)
    tl.store(out + height * width, y * g0 + u * g1 + v * g2 + g3, mask=inside)
    tl.store(out + 2 * height * width, y * b0 + u * b1 + v * b2 + b3, mask=inside)


@triton.jit
def _code(value, largest):  # type: ignore[no-untyped-def]
    """The nearest whole number in 0 ... largest, halves to the even one."""
    value = tl.minimum(tl.maximum(value, 0.0), largest)
    return (value + 12582912.0) - 12582912.0  # 1.5 * 2**23: no fractions there


@triton.jit
def _across(  # type: ignore[no-untyped-def]
    rgb, luma, chroma, taps, height, width, columns, start, largest,
    y0, y1, y2, y3, u0, u1, u2, u3, v0, v1, v2, v3,
    RATIO: tl.constexpr, TAPS: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(1)
    plane = height * width
    rgb += row * width
    for part in tl.static_range(RATIO):
        column = (tl.program_id(0) * RATIO + part) * VALUES + tl.arange(0, VALUES)
        inside = column < width
        r = tl.load(rgb + column, mask=inside, other=0.0)
        g = tl.load(rgb + plane + column, mask=inside, other=0.0)
        b = tl.load(rgb + 2 * plane + column, mask=inside, other=0.0)
        tl.store(luma + row * width + column, _code(r * y0 + g * y1 + b * y2 + y3, largest), mask=inside)
    sample = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    is_sample = sample < columns
    u = tl.zeros((VALUES,), tl.float32)
    v = tl.zeros((VALUES,), tl.float32)
    for tap in range(TAPS):
        column = RATIO * sample + start + tap
        inside = is_sample & (column >= 0) & (column < width)
        r = tl.load(rgb + column, mask=inside, other=0.0)
        g = tl.load(rgb + plane + column, mask=inside, other=0.0)
        b = tl.load(rgb + 2 * plane + column, mask=inside, other=0.0)
        weight = tl.load(taps + tap * columns + sample, mask=inside, other=0.0)
        u += (r * u0 + g * u1 + b * u2 + u3) * weight
        v += (r * v0 + g * v1 + b * v2 + v3) * weight
    chroma += row * columns + sample
    tl.store(chroma, u, mask=is_sample)
    tl.store(chroma + height * columns, v, mask=is_sample)


@triton.jit
def _down(  # type: ignore[no-untyped-def]
    chroma, out, taps, height, rows, columns, start, largest,
    RATIO: tl.constexpr, TAPS: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(1)
    plane = tl.program_id(2)
    column = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    chroma += plane * height * columns + column
    total = tl.zeros((VALUES,), tl.float32)
    for tap in range(TAPS):
        given = RATIO * row + start + tap
        inside = (column < columns) & (given >= 0) & (given < height)
        weight = tl.load(taps + tap * rows + row)
        total += tl.load(chroma + given * columns, mask=inside, other=0.0) * weight
    tl.store(out + (plane * rows + row) * columns + column, _code(total, largest), mask=column < columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class YuvPrograms:
    """Both ways for pictures of one size and kind. Convention: as `FrameConverter`, three planes."""

    down: ChromaAxis
    """Resampling of columns."""
    across: ChromaAxis
    """Resampling of rows."""
    rgb_from: Affine
    """R, G and B from code values."""
    codes_from: Affine
    """Code values from R, G and B."""
    largest: int
    """Largest code value."""

    def to_rgb(self, planes: list[Tensor]) -> list[Tensor]:
        """Code values to RGB, one tensor (3, H, W)."""
        height, width = self.down.size, self.across.size
        rows, columns = planes[1].shape
        out = torch.empty((3, height, width), dtype=torch.float32, device=planes[0].device)
        with torch.cuda.device_of(out):
            on(_to_rgb, (triton.cdiv(width, _VALUES), height))(
                *(plane.contiguous() for plane in planes), out, height, width, rows, columns,
                self.down.place, self.across.place, *_flat(self.rgb_from), RATIO_Y=self.down.ratio,
                RATIO_X=self.across.ratio, VALUES=_VALUES, num_warps=4,
            )  # fmt: skip
        return [out]

    def from_rgb(self, rgb: Tensor) -> list[Tensor]:
        """RGB (3, H, W) to whole code values, float32."""
        height, width = self.down.size, self.across.size
        rows, columns = (-(-axis.size // axis.ratio) for axis in (self.down, self.across))
        luma = torch.empty((height, width), dtype=torch.float32, device=rgb.device)
        inner = torch.empty((2, height, columns), dtype=torch.float32, device=rgb.device)
        chroma = torch.empty((2, rows, columns), dtype=torch.float32, device=rgb.device)
        blocks, largest = triton.cdiv(columns, _VALUES), float(self.largest)
        with torch.cuda.device_of(luma):
            on(_across, (blocks, height))(
                rgb.contiguous(), luma, inner, _taps(self.across, columns), height, width, columns,
                self.across.first, largest, *_flat(self.codes_from), RATIO=self.across.ratio,
                TAPS=len(self.across.taps), VALUES=_VALUES, num_warps=4,
            )  # fmt: skip
            on(_down, (blocks, rows, 2))(
                inner, chroma, _taps(self.down, rows), height, rows, columns, self.down.first, largest,
                RATIO=self.down.ratio, TAPS=len(self.down.taps), VALUES=_VALUES, num_warps=4,
            )  # fmt: skip
        return [luma, *chroma.unbind(0)]


def _flat(affine: Affine) -> list[float]:
    """Row by row the factors and what is added."""
    flat: list[float] = np.column_stack(affine).ravel().tolist()
    return flat


def _taps(axis: ChromaAxis, count: int) -> Tensor:
    """Weights (taps, samples), those that are the same for all samples repeated."""
    return axis.taps.flatten(1).expand(-1, count).contiguous()
