"""Sums over frames that the gates of a FLAVR in columns want, as CUDA kernels. See `flavr_columns`.

Imported only where Triton is installed. Frames have their channels last in memory. What a sample is given
does not depend on what it is computed with, and is the same each time: nothing is summed as it arrives.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.kernel_building import on

_CHANNELS = 64
"""Channels that one program reads at a time."""
_PARTS = 32
"""Programs that share the tiles of a sample's channels."""
_LINES = 32
"""Tiles that one of them reads at a time."""


@triton.jit
def _sum_tiles(  # type: ignore[no-untyped-def]
    sums, parts, rows, share, width, factor, CHANNELS: tl.constexpr, LINES: tl.constexpr
):  # fmt: skip
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    first = tl.program_id(0) * share
    last = tl.minimum(first + share, rows)
    sums += tl.program_id(2).to(tl.int64) * rows * width + channel
    total = tl.zeros((LINES, CHANNELS), tl.float32)
    while first < last:
        row = (first + tl.arange(0, LINES))[:, None]
        total += tl.load(sums[None, :] + row.to(tl.int64) * width, mask=row < last, other=0.0)
        first += LINES
    at = (tl.program_id(2) * tl.num_programs(0) + tl.program_id(0)) * width + channel
    tl.store(parts + at, tl.sum(total, 0) * factor)


def mean_of_tiles(sums: Tensor, samples: int, width: int, count: int) -> Tensor:
    """Sums of tiles, for each sample tile after tile of its channels, over a count: (N, width) float32."""
    rows = sums.numel() // (samples * width)
    parts = torch.empty((samples, _PARTS, width), dtype=torch.float32, device=sums.device)
    on(_sum_tiles, (_PARTS, width // _CHANNELS, samples))(
        sums, parts, rows, triton.cdiv(rows, _PARTS), width, 1 / count, CHANNELS=_CHANNELS, LINES=_LINES,
        num_warps=4,
    )  # fmt: skip
    return parts.sum(1)


_FACTORS = 16
"""Factors that one program finds."""


@triton.jit
def _find_factors(  # type: ignore[no-untyped-def]
    means, weight, bias, out, width, CHANNELS: tl.constexpr, FACTORS: tl.constexpr
):  # fmt: skip
    made = tl.program_id(0) * FACTORS + tl.arange(0, FACTORS)
    means += tl.program_id(1) * width
    total = tl.zeros((FACTORS, CHANNELS), tl.float32)
    first = 0
    while first < width:
        channel = first + tl.arange(0, CHANNELS)
        total += (
            tl.load(weight + made[:, None] * width + channel[None, :]) * tl.load(means + channel)[None, :]
        )
        first += CHANNELS
    value = tl.sum(total, 1) + tl.load(bias + made)
    tl.store(out + tl.program_id(1) * width + made, 1 / (1 + tl.exp(-value)))


def gate_factors(means: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The sigmoid of a linear layer of means, (N, C); weight (C, C) and bias (C,), all float32."""
    samples, width = means.shape
    out = torch.empty_like(means)
    on(_find_factors, (width // _FACTORS, samples))(
        means, weight, bias, out, width, CHANNELS=_CHANNELS, FACTORS=_FACTORS, num_warps=4
    )
    return out


@triton.jit
def _sum_rows(  # type: ignore[no-untyped-def]
    frames, sums, rows, columns, width, frame_step, row_step, column_step,
    CHANNELS: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    line = tl.program_id(0)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    frames += (line // rows).to(tl.int64) * frame_step + (line % rows).to(tl.int64) * row_step
    total = tl.zeros((PIXELS, CHANNELS), tl.float32)
    first = 0
    while first < columns:
        x = first + tl.arange(0, PIXELS)
        at = x[:, None] * column_step + channel[None, :]
        total += tl.load(frames + at, mask=(x < columns)[:, None], other=0.0).to(tl.float32)
        first += PIXELS
    tl.store(sums + line.to(tl.int64) * width + channel, tl.sum(total, 0))


@triton.jit
def _sum_taps(  # type: ignore[no-untyped-def]
    frames, sums, out, rows, columns, width, frame_step, row_step, column_step,
    CHANNELS: tl.constexpr, LINES: tl.constexpr,
):  # fmt: skip
    frame = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    frames += frame * frame_step + channel
    sums += frame * rows * width + channel
    last = (columns - 1) * column_step
    total = tl.zeros((LINES, CHANNELS), tl.float32)
    left = tl.zeros((LINES, CHANNELS), tl.float32)
    right = tl.zeros((LINES, CHANNELS), tl.float32)
    first = 0
    while first < rows:
        y = (first + tl.arange(0, LINES))[:, None]
        is_row = y < rows
        total += tl.load(sums[None, :] + y * width, mask=is_row, other=0.0)
        edge = frames[None, :] + y.to(tl.int64) * row_step
        left += tl.load(edge, mask=is_row, other=0.0).to(tl.float32)
        right += tl.load(edge + last, mask=is_row, other=0.0).to(tl.float32)
        first += LINES
    down = (rows - 1) * row_step
    # A tap at the filter's edge misses a row or a column, and then counts their common pixel twice.
    tap = tl.arange(0, 16)[:, None]
    y = tap // 4
    x = tap % 4
    value = tl.sum(total, 0)[None, :] + tl.zeros((16, CHANNELS), tl.float32)
    value -= tl.where(y == 0, tl.load(sums)[None, :], 0.0)
    value -= tl.where(y == 3, tl.load(sums + (rows - 1) * width)[None, :], 0.0)
    value -= tl.where(x == 0, tl.sum(left, 0)[None, :], 0.0)
    value -= tl.where(x == 3, tl.sum(right, 0)[None, :], 0.0)
    value += tl.where((y == 0) & (x == 0), tl.load(frames).to(tl.float32)[None, :], 0.0)
    value += tl.where((y == 0) & (x == 3), tl.load(frames + last).to(tl.float32)[None, :], 0.0)
    value += tl.where((y == 3) & (x == 0), tl.load(frames + down).to(tl.float32)[None, :], 0.0)
    value += tl.where((y == 3) & (x == 3), tl.load(frames + down + last).to(tl.float32)[None, :], 0.0)
    tl.store(out + (frame * width + channel)[None, :] * 16 + tap, value)


def tap_sums(frames: Tensor) -> Tensor:
    """For each of 4x4 taps of a growing layer the sum of its inputs in each frame.

    Args:
        frames: (N * T, C, H, W), a range of channels of such.

    Returns:
        (N * T, C, 4, 4) float32.
    """
    count, width, rows, columns = frames.shape
    steps = frames.stride(0), frames.stride(2), frames.stride(3)
    sums = torch.empty((count * rows, width), dtype=torch.float32, device=frames.device)
    blocks = width // _CHANNELS
    on(_sum_rows, (count * rows, blocks))(
        frames, sums, rows, columns, width, *steps, CHANNELS=_CHANNELS, PIXELS=64, num_warps=8
    )
    out = torch.empty((count, width, 4, 4), dtype=torch.float32, device=frames.device)
    on(_sum_taps, (count, blocks))(
        frames, sums, out, rows, columns, width, *steps, CHANNELS=_CHANNELS, LINES=32, num_warps=8
    )
    return out
