"""What lies between convolutions, as CUDA kernels of one pass each.

A bias with a rectifier and something to add, and the same rectified for what comes next; and other sizes.
Imported only where Triton is installed; see `layers`. Features have their channels last in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor, nn

BLOCK = 2048
"""Values of one program that finishes: sixteen for each thread."""
TILE = 1024
"""Pixels times channels of one program that enlarges."""


@triton.jit
def _finish(  # type: ignore[no-untyped-def]
    x, bias, slopes, added, result, first_slope, first_copy, second_slope, second_copy, count, slope,
    CHANNELS: tl.constexpr, STRIDE: tl.constexpr, HAS_BIAS: tl.constexpr, SLOPES: tl.constexpr,
    IS_RECTIFIED: tl.constexpr, HAS_ADDED: tl.constexpr, COPIES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    is_place = place < count
    pixel = place // CHANNELS
    channel = (place - pixel * CHANNELS).to(tl.int32)
    value = tl.load(x + place, mask=is_place).to(tl.float32)
    if HAS_BIAS:
        value += tl.load(bias + channel).to(tl.float32)
    if IS_RECTIFIED:
        if SLOPES == 1:
            slope = tl.load(slopes).to(tl.float32)
        if SLOPES > 1:
            slope = tl.load(slopes + channel).to(tl.float32)
        value = tl.where(value > 0, value, value * slope)
    if HAS_ADDED:
        value += tl.load(added + place, mask=is_place).to(tl.float32)
    tl.store(result + pixel * STRIDE + channel, value.to(result.dtype.element_ty), mask=is_place)
    if COPIES > 0:
        copy = tl.where(value > 0, value, value * tl.load(first_slope).to(tl.float32))
        tl.store(first_copy + place, copy.to(result.dtype.element_ty), mask=is_place)
    if COPIES > 1:
        copy = tl.where(value > 0, value, value * tl.load(second_slope).to(tl.float32))
        tl.store(second_copy + place, copy.to(result.dtype.element_ty), mask=is_place)


def finish(
    x: Tensor,
    bias: Tensor | None,
    rectifier: nn.Module | None,
    added: Tensor | None,
    *,
    result: Tensor | None = None,
    copies: Sequence[tuple[Tensor, Tensor]] = (),
) -> Tensor:
    """Bias, rectifier and sum, in place or into `result`.

    Convention: x (N, C, H, W), channels last in memory; bias (C,) or None; `added` like x; `result` like x,
    or some channels of a picture with more of them; `copies`, at most two: the slope (1,) of a rectifier, and
    where what it makes of the result goes, like x.
    """
    channels = x.shape[1]
    slopes = rectifier.weight if isinstance(rectifier, nn.PReLU) else x
    if added is not None:
        added = added.contiguous(memory_format=torch.channels_last)
    result = x if result is None else result
    count = x.numel()
    (first_slope, first), (second_slope, second) = [*copies, (x, x), (x, x)][:2]
    _finish[(triton.cdiv(count, BLOCK),)](
        x, x if bias is None else bias, slopes, x if added is None else added, result,
        first_slope, first, second_slope, second, count,
        rectifier.negative_slope if isinstance(rectifier, nn.LeakyReLU) else 0.0,
        CHANNELS=channels, STRIDE=pixel_stride(result), HAS_BIAS=bias is not None,
        SLOPES=slopes.numel() if isinstance(rectifier, nn.PReLU) else 0, IS_RECTIFIED=rectifier is not None,
        HAS_ADDED=added is not None, COPIES=len(copies), BLOCK=BLOCK,
    )  # fmt: skip
    return result


def pixel_stride(x: Tensor) -> int:
    """Values from one pixel to the next of x (N, C, H, W), channels last in memory.

    Raises:
        ValueError: when the pixels do not follow one another so.
    """
    if x.is_contiguous(memory_format=torch.channels_last):
        return x.shape[1]
    stride, (count, _, height, width) = x.stride(3), x.shape
    wanted = (height * width * stride, 1, width * stride, stride)
    if any(size > 1 and own != due for size, own, due in zip(x.shape, x.stride(), wanted, strict=True)):
        raise ValueError(f"strides {x.stride()} of {count} pictures are not those of pixels in a row")
    return stride


@triton.jit
def _enlarge(  # type: ignore[no-untyped-def]
    x, slope, result, rows, columns, top, result_rows, result_columns,
    scale_down, scale_across, shift_down, shift_across, result_pixels,
    channels: tl.constexpr, stride: tl.constexpr, IS_RECTIFIED: tl.constexpr,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    row = place // result_columns
    column = place - row * result_columns
    both = (row < result_rows)[:, None] & (channel < channels)[None, :]
    # Beyond the last pixel and channel something is read all the same: no load needs to be guarded.
    row, read = tl.minimum(row, result_rows - 1), tl.minimum(channel, channels - 1)
    if channels % CHANNELS == 0:
        read = channel
    y = tl.maximum((row + top).to(tl.float32) * scale_down + shift_down, 0.0)
    z = tl.maximum(column.to(tl.float32) * scale_across + shift_across, 0.0)
    above = tl.minimum(y.to(tl.int32), rows - 1)
    left = tl.minimum(z.to(tl.int32), columns - 1)
    low, right = (y - above)[:, None], (z - left)[:, None]
    below, after = tl.minimum(above + 1, rows - 1), tl.minimum(left + 1, columns - 1)
    x += number * rows * columns * channels + read[None, :]
    one = tl.load(x + ((above * columns + left) * channels)[:, None]).to(tl.float32)
    two = tl.load(x + ((above * columns + after) * channels)[:, None]).to(tl.float32)
    three = tl.load(x + ((below * columns + left) * channels)[:, None]).to(tl.float32)
    four = tl.load(x + ((below * columns + after) * channels)[:, None]).to(tl.float32)
    upper = one * (1 - right) + two * right
    lower = three * (1 - right) + four * right
    value = upper * (1 - low) + lower * low
    if IS_RECTIFIED:
        value = tl.where(value > 0, value, value * tl.load(slope).to(tl.float32))
    at = (number * result_pixels + place)[:, None] * stride + channel[None, :]
    tl.store(result + at, value.to(result.dtype.element_ty), mask=both)


def enlarge(
    x: Tensor,
    size: tuple[int, int],
    *,
    align_corners: bool,
    rows: slice | None = None,
    result: Tensor | None = None,
    slope: Tensor | None = None,
) -> Tensor:
    """Some rows of x at another size, bilinearly, as `torch.nn.functional.interpolate` does it.

    Convention: x (N, C, h, w), channels last in memory; `size` the whole result's height and width; returns
    (N, C, rows, width), written into `result` where given: a range of the channels of a picture of that size
    whose channels lie last in memory; `slope` (1,) that of a rectifier that follows.
    """
    x = x.contiguous(memory_format=torch.channels_last)
    count, channels, height, width = x.shape
    rows = slice(0, size[0]) if rows is None else rows
    shape = (rows.stop - rows.start, size[1])
    if result is None:
        result = torch.empty(
            (count, channels, *shape), dtype=x.dtype, device=x.device, memory_format=torch.channels_last
        )
    scales, shifts = [], []
    for small, large in ((height, size[0]), (width, size[1])):
        scale = (small - 1) / max(large - 1, 1) if align_corners else small / large
        scales.append(scale)
        shifts.append(0.0 if align_corners else 0.5 * scale - 0.5)
    stride = result.stride(3) if result.shape[3] > 1 else channels
    block = min(64, triton.next_power_of_2(channels))
    pixels = TILE // block
    _enlarge[(triton.cdiv(shape[0] * shape[1], pixels), count, triton.cdiv(channels, block))](
        x, x if slope is None else slope, result, height, width, rows.start, *shape, *scales, *shifts,
        result.stride(0) // stride, channels=channels, stride=stride, IS_RECTIFIED=slope is not None,
        PIXELS=pixels, CHANNELS=block,
    )  # fmt: skip
    return result
