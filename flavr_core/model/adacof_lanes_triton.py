"""Adaptive sampling of whole vectors of halves, as one CUDA kernel whose threads share the work on taps.

Imported only where Triton is installed; see `adacof_sampling_triton`. A pixel has four threads, each for
sixteen channels. Where a tap's four neighbours lie and what they count is the same for all channels, and
costs more instructions than their sum: so each thread finds it for one of four taps and tells the others
(38 instructions for a tap and eight channels in the code for Hopper GPUs, where every thread for itself took
105). What is left is bound by the first cache, which hands out 512 bytes a tap.
"""

from __future__ import annotations

from math import isqrt

import torch
import triton
import triton.language as tl
from torch import Tensor

VECTOR = 64
"""Channels of one program, a line of memory; the table's are a multiple of it."""
TALL, WIDE = 8, 8
"""Rows and columns of pixels of one program: neighbours look at the same places."""
LANES = 4
"""Threads of a pixel, each for twice eight channels. With eight threads for eight it takes 5 % longer."""


@triton.jit
def _parted(offset):  # type: ignore[no-untyped-def]
    """The whole part, truncated toward zero, and what is left."""
    near = tl.minimum(tl.maximum(offset.to(tl.float32), -4194304.0), 4194304.0)
    whole = near.to(tl.int32)
    return whole, near - whole.to(tl.float32)


@triton.jit
def _kept_inside(place, share, size):  # type: ignore[no-untyped-def]
    """The first of two neighbours that are there, and the second's share; beyond a border it counts alone."""
    share = tl.where(place < 0, 0.0, tl.where(place > size - 2, 1.0, share))
    return tl.minimum(tl.maximum(place, 0), size - 2), share


@triton.jit
def _pair(first, second):  # type: ignore[no-untyped-def]
    """Two numbers as halves in one."""
    one = first.to(tl.float16).to(tl.uint16, bitcast=True).to(tl.uint32)
    two = second.to(tl.float16).to(tl.uint16, bitcast=True).to(tl.uint32)
    return one | (two << 16)


@triton.jit
def _halves(pair):  # type: ignore[no-untyped-def]
    one = (pair & 0xFFFF).to(tl.uint16).to(tl.float16, bitcast=True)
    two = (pair >> 16).to(tl.uint16).to(tl.float16, bitcast=True)
    return one, two


@triton.jit
def _found(  # type: ignore[no-untyped-def]
    logit, vertical, horizontal, tap, largest, row, column, image_rows, image_columns, dilation,
    KERNEL: tl.constexpr,
):  # fmt: skip
    """Each thread's own tap: its weight, where its upper left neighbour lies, the four shares in pairs."""
    weight = tl.exp(logit.to(tl.float32) - largest)
    line = tap // KERNEL
    upper, low = _parted(vertical)
    left, right = _parted(horizontal)
    upper, low = _kept_inside(upper + row + line * dilation, low, image_rows)
    left, right = _kept_inside(left + column + (tap - line * KERNEL) * dilation, right, image_columns)
    lower_share = weight * low
    upper_share = weight - lower_share
    lower_right, upper_right = lower_share * right, upper_share * right
    uppers = _pair(upper_share - upper_right, upper_right)
    lowers = _pair(lower_share - lower_right, lower_right)
    return weight, upper * image_columns + left, uppers, lowers


@triton.jit
def _summed(some, around, beneath, at, uppers, lowers, channels: tl.constexpr):  # type: ignore[no-untyped-def]
    """`some` and one tap's sample, (threads, pixels, channels) in halves."""
    place = (at * channels)[:, :, None]
    upper, lower = around + place, beneath + place
    one, two = _halves(uppers[:, :, None])
    three, four = _halves(lowers[:, :, None])
    some += tl.load(upper) * one
    some += tl.load(upper + channels) * two  # the same address, a known number further
    some += tl.load(lower) * three
    some += tl.load(lower + channels) * four
    return some


_SIZES = ("image_rows", "image_columns", "rows", "columns", "first_row", "first_column", "dilation")
"""Not compiled in: programs are good for pictures of all sizes."""


@triton.jit(do_not_specialize=_SIZES)
def _sample(  # type: ignore[no-untyped-def]
    image, weights, down, across, result,
    image_rows, image_columns, rows, columns, first_row, first_column, dilation,
    weights_n, weights_h, weights_w, down_n, down_h, down_w, across_n, across_h, across_w, result_n,
    KERNEL: tl.constexpr, TALL: tl.constexpr, WIDE: tl.constexpr, LANES: tl.constexpr,
    channels: tl.constexpr, stride: tl.constexpr, MOST_TAPS: tl.constexpr,
):  # fmt: skip
    PIXELS: tl.constexpr = TALL * WIDE  # noqa: N806 - a compile-time value
    # An odd number's square is one more than a multiple of four.
    TAPS: tl.constexpr = KERNEL * KERNEL  # noqa: N806 - a compile-time value
    sample = tl.program_id(1).to(tl.int64)
    tiles = (columns + WIDE - 1) // WIDE
    tile_row = tl.program_id(0) // tiles
    inside = tl.arange(0, PIXELS)
    own_row = tile_row * TALL + inside // WIDE
    own_column = (tl.program_id(0) - tile_row * tiles) * WIDE + inside % WIDE
    # Beyond the last pixel it is computed again and not stored: no load needs to be guarded.
    row, column = tl.minimum(own_row, rows - 1), tl.minimum(own_column, columns - 1)
    weights += sample * weights_n + row * weights_h + column * weights_w
    down += sample * down_n + row * down_h + column * down_w
    across += sample * across_n + row * across_h + column * across_w
    largest = tl.full((PIXELS,), float("-inf"), tl.float32)
    for start in tl.static_range(0, MOST_TAPS, 64):
        some_taps = start + tl.arange(0, 64)
        is_tap = (some_taps < TAPS)[None, :]
        # A pixel's room holds whole vectors: the last one is read to its end, and cut then.
        is_room = (some_taps // 8 * 8 < TAPS)[None, :]
        logits = tl.load(weights[:, None] + some_taps[None, :], mask=is_room, other=0.0)
        logits = tl.where(is_tap, logits, float("-inf"))
        largest = tl.maximum(largest, tl.max(logits, 1).to(tl.float32))
    # Weights of a sixteenth at most: sums of four taps stay far from the largest half.
    largest = (largest + 2.7725887)[None, :]
    # Threads come before pixels: of axes that are alike the compiler takes the first for neighbours.
    lane = tl.arange(0, LANES)
    first = tl.program_id(2) * 64 + lane[:, None, None] * 8 + tl.arange(0, 8)[None, None, :]
    # Of two pixels side by side one begins with the first half of a line of memory, one with the second.
    odd = (inside & 1)[None, :, None]
    first, second = first + 32 * odd, first + 32 * (1 - odd)
    image += sample * image_rows * image_columns * channels
    row, column = (row + first_row)[None, :], (column + first_column)[None, :]
    total = tl.zeros((LANES, PIXELS, 8), tl.float32)
    other = tl.zeros((LANES, PIXELS, 8), tl.float32)
    whole = tl.zeros((LANES, PIXELS), tl.float32)
    tap = tl.minimum(lane, TAPS - 1)[:, None] + tl.zeros((1, PIXELS), tl.int32)
    logit = tl.load(weights[None, :] + tap)
    vertical = tl.load(down[None, :] + tap)
    horizontal = tl.load(across[None, :] + tap)
    below = image_columns * channels
    for _ in range(TAPS // LANES):
        weight, at, uppers, lowers = _found(
            logit, vertical, horizontal, tap, largest, row, column, image_rows, image_columns, dilation,
            KERNEL,
        )  # fmt: skip
        whole += weight
        # The next ones are on their way meanwhile.
        tap = tl.minimum(tap + LANES, TAPS - 1)
        logit = tl.load(weights[None, :] + tap)
        vertical = tl.load(down[None, :] + tap)
        horizontal = tl.load(across[None, :] + tap)
        # Some taps are summed in halves, two channels at a time; these sums are summed in float32.
        some = tl.zeros((LANES, PIXELS, 8), tl.float16)
        others = tl.zeros((LANES, PIXELS, 8), tl.float16)
        for number in tl.static_range(LANES):
            whose = tl.full((LANES, PIXELS), number, tl.int32)
            its = tl.gather(at, whose, 0)
            upper, lower = tl.gather(uppers, whose, 0), tl.gather(lowers, whose, 0)
            some = _summed(some, image + first, image + first + below, its, upper, lower, channels)
            others = _summed(others, image + second, image + second + below, its, upper, lower, channels)
        total += some.to(tl.float32)
        other += others.to(tl.float32)
    # All threads have the last tap.
    weight, at, uppers, lowers = _found(
        logit, vertical, horizontal, tap, largest, row, column, image_rows, image_columns, dilation, KERNEL
    )
    whole += weight / LANES
    none = tl.zeros((LANES, PIXELS, 8), tl.float16)
    share = (1 / tl.sum(whole, 0))[None, :, None]
    some = _summed(none, image + first, image + first + below, at, uppers, lowers, channels)
    others = _summed(none, image + second, image + second + below, at, uppers, lowers, channels)
    total, other = (total + some.to(tl.float32)) * share, (other + others.to(tl.float32)) * share
    place = sample * result_n + (own_row * columns + own_column).to(tl.int64) * stride
    is_own = ((own_row < rows) & (own_column < columns))[None, :, None]
    out = result + place[None, :, None]
    tl.store(out + first, total.to(result.dtype.element_ty), mask=is_own)
    tl.store(out + second, other.to(result.dtype.element_ty), mask=is_own)


def takes(table: Tensor, *fields: Tensor) -> bool:
    """Whether the kernel is made for these.

    Convention: table (N, Hs, Ws, C); fields (N, F * F, H, W), taken from tensors with a multiple of eight
    channels that lie last in memory.
    """
    _, rows, columns, channels = table.shape
    is_whole = table.dtype == torch.float16 and channels % VECTOR == 0 and min(rows, columns) > 1
    return is_whole and all(field.stride(1) == 1 and field.stride(3) % 8 == 0 for field in fields)


def sample_by_lanes(
    table: Tensor,
    logits: Tensor,
    down: Tensor,
    across: Tensor,
    dilation: int,
    first: tuple[int, int],
    result: Tensor,
) -> None:
    """Fill `result`, (N, H, W, C), from a table (N, Hs, Ws, C); see `adacof_sampling.sample_softly`."""
    count, image_rows, image_columns, channels = table.shape
    taps, rows, columns = logits.shape[1:]
    tiles = triton.cdiv(rows, TALL) * triton.cdiv(columns, WIDE)
    strides = [field.stride(axis) for field in (logits, down, across) for axis in (0, 2, 3)]
    _sample[(tiles, count, channels // VECTOR)](
        table, logits, down, across, result,
        image_rows, image_columns, rows, columns, *first, dilation, *strides, result.stride(0),
        KERNEL=isqrt(taps), TALL=TALL, WIDE=WIDE, LANES=LANES, channels=channels, stride=result.stride(2),
        MOST_TAPS=triton.next_power_of_2(taps), num_warps=TALL * WIDE * LANES // 32,
    )  # fmt: skip
