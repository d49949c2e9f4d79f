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
VECTOR = 8
"""Channels that a thread reads or writes at once, where their numbers are multiples of it."""
TILE = 1024
"""Pixels times channels of one program that enlarges."""


# Sizes and numbers of channels are not compiled in, but what vectors can be read: networks of any widths, at
# any size, then need few programs, each of which takes a moment to compile.
@triton.jit(do_not_specialize=("count", "groups", "result_groups"))
def _finish(  # type: ignore[no-untyped-def]
    x, bias, slopes, added, result, first_slope, first_copy, second_slope, second_copy,
    count, groups, result_groups, slope,
    HAS_BIAS: tl.constexpr, HAS_SLOPE: tl.constexpr, HAS_SLOPES: tl.constexpr, IS_RECTIFIED: tl.constexpr,
    HAS_ADDED: tl.constexpr, COPIES: tl.constexpr, VECTOR: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Values of `count` groups of channels, `groups` of them a pixel."""
    group = tl.program_id(0).to(tl.int64) * (BLOCK // VECTOR) + tl.arange(0, BLOCK // VECTOR)
    is_group = (group < count)[:, None]
    within = tl.arange(0, VECTOR)[None, :]
    place = group[:, None] * VECTOR + within
    pixel = group // groups
    channel = (group - pixel * groups).to(tl.int32)[:, None] * VECTOR + within
    value = tl.load(x + place, mask=is_group).to(tl.float32)
    if HAS_BIAS:
        value += tl.load(bias + channel).to(tl.float32)
    if IS_RECTIFIED:
        if HAS_SLOPE:
            slope = tl.load(slopes).to(tl.float32)
        if HAS_SLOPES:
            slope = tl.load(slopes + channel).to(tl.float32)
        value = tl.where(value > 0, value, value * slope)
    if HAS_ADDED:
        value += tl.load(added + place, mask=is_group).to(tl.float32)
    at = (pixel * result_groups)[:, None] * VECTOR + channel
    tl.store(result + at, value.to(result.dtype.element_ty), mask=is_group)
    if COPIES > 0:
        copy = tl.where(value > 0, value, value * tl.load(first_slope).to(tl.float32))
        tl.store(first_copy + place, copy.to(result.dtype.element_ty), mask=is_group)
    if COPIES > 1:
        copy = tl.where(value > 0, value, value * tl.load(second_slope).to(tl.float32))
        tl.store(second_copy + place, copy.to(result.dtype.element_ty), mask=is_group)


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
    stride = pixel_stride(result)
    vector = _vector(channels, stride)
    count = x.numel() // vector
    (first_slope, first), (second_slope, second) = [*copies, (x, x), (x, x)][:2]
    _finish[(triton.cdiv(count, BLOCK // vector),)](
        x, x if bias is None else bias, slopes, x if added is None else added, result,
        first_slope, first, second_slope, second, count, channels // vector, stride // vector,
        rectifier.negative_slope if isinstance(rectifier, nn.LeakyReLU) else 0.0,
        HAS_BIAS=bias is not None, HAS_SLOPE=isinstance(rectifier, nn.PReLU) and slopes.numel() == 1,
        HAS_SLOPES=isinstance(rectifier, nn.PReLU) and slopes.numel() > 1,
        IS_RECTIFIED=rectifier is not None, HAS_ADDED=added is not None, COPIES=len(copies),
        VECTOR=vector, BLOCK=BLOCK,
    )  # fmt: skip
    return result


def _vector(*counts: int) -> int:
    """Channels that are read at once; what lies between one and all would need programs of its own."""
    return 1 if any(count % VECTOR for count in counts) else VECTOR


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
def resized(  # type: ignore[no-untyped-def]
    x, row, column, channel, is_read, rows, columns, groups, scale_down, scale_across, shift_down,
    shift_across, VECTOR: tl.constexpr,
):  # fmt: skip
    """Some channels of pixels of a picture at another size, (pixels, channels) in float32.

    A pixel has `groups` vectors of channels.
    """
    y = tl.maximum(row.to(tl.float32) * scale_down + shift_down, 0.0)
    z = tl.maximum(column.to(tl.float32) * scale_across + shift_across, 0.0)
    above = tl.minimum(y.to(tl.int32), rows - 1)
    left = tl.minimum(z.to(tl.int32), columns - 1)
    low, right = (y - above)[:, None], (z - left)[:, None]
    below, after = tl.minimum(above + 1, rows - 1), tl.minimum(left + 1, columns - 1)
    x += channel[None, :]
    mask = is_read[None, :]
    one = tl.load(x + ((above * columns + left) * groups)[:, None] * VECTOR, mask=mask).to(tl.float32)
    two = tl.load(x + ((above * columns + after) * groups)[:, None] * VECTOR, mask=mask).to(tl.float32)
    three = tl.load(x + ((below * columns + left) * groups)[:, None] * VECTOR, mask=mask).to(tl.float32)
    four = tl.load(x + ((below * columns + after) * groups)[:, None] * VECTOR, mask=mask).to(tl.float32)
    upper = one * (1 - right) + two * right
    lower = three * (1 - right) + four * right
    return upper * (1 - low) + lower * low


_SIZES = (
    "rows", "columns", "top", "result_rows", "result_columns", "result_pixels", "groups", "result_groups",
)  # fmt: skip


@triton.jit(do_not_specialize=_SIZES)
def _enlarge(  # type: ignore[no-untyped-def]
    x, slope, result, rows, columns, top, result_rows, result_columns,
    scale_down, scale_across, shift_down, shift_across, result_pixels, groups, result_groups,
    IS_RECTIFIED: tl.constexpr, VECTOR: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    is_channel = channel < groups * VECTOR
    row = place // result_columns
    column = place - row * result_columns
    both = (row < result_rows)[:, None] & is_channel[None, :]
    # Beyond the last pixel it is read again.
    row = tl.minimum(row, result_rows - 1)
    value = resized(
        x + number * rows * columns * groups * VECTOR, row + top, column, channel, is_channel, rows, columns,
        groups, scale_down, scale_across, shift_down, shift_across, VECTOR,
    )  # fmt: skip
    if IS_RECTIFIED:
        value = tl.where(value > 0, value, value * tl.load(slope).to(tl.float32))
    at = ((number * result_pixels + place) * result_groups)[:, None] * VECTOR + channel[None, :]
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
    vector = _vector(channels, stride)
    block = min(64, triton.next_power_of_2(channels))
    pixels = TILE // block
    _enlarge[(triton.cdiv(shape[0] * shape[1], pixels), count, triton.cdiv(channels, block))](
        x, x if slope is None else slope, result, height, width, rows.start, *shape, *scales, *shifts,
        result.stride(0) // stride, channels // vector, stride // vector, IS_RECTIFIED=slope is not None,
        VECTOR=vector, PIXELS=pixels, CHANNELS=block,
    )  # fmt: skip
    return result
