"""What lies between FourFlow's convolutions, as CUDA kernels of one pass each.

Imported only where Triton is installed; see `fourflow_fast`. Pictures are tensors (N, h, w, C), a pixel's
channels side by side; the numbers of a motion are planes (N, 5, h, w) float32, velocity and logit as in
`fourflow.Motion`. Without contents (on `meta`) nothing is launched.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.fourflow import SLOPE
from flavr_core.model.kernel_building import on

NUMBERS = 5
"""Planes of a motion: four of velocity, a logit."""
KNOWN = 8
"""Channels that tell a stage what is known: a motion, the place in the gap, two for the outer frames."""
CHANGE = 8
"""Channels of a stage's answer, of which NUMBERS count."""
SIZES = ("rows", "columns", "seen_rows", "seen_columns", "pixels")
"""Arguments that no kernel is built anew for, whatever divides them: what is read at a time is decided by
channels alone."""
_PIXELS = 32
"""Pixels of one program that fetches."""
_VALUES = 1024
"""Values of one program that enlarges numbers or rectifies."""
_MOST_CHANNELS = 64
"""Channels that are fetched at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Where a picture of each of N windows is to be drawn."""

    places: Tensor
    """(N, 4) int32, which frames of those that are known are the windows'."""
    valid: Tensor
    """(N, 2) int32 of 0 and 1, whether the outer ones are frames of their own."""
    t: float
    """Place between the middle two."""


@triton.jit
def corners(y, x, rows, columns):  # type: ignore[no-untyped-def]
    """The four pixels around a place, brought within the border, and the shares of lower and right ones."""
    y = tl.minimum(tl.maximum(y, 0.0), rows - 1.0)
    x = tl.minimum(tl.maximum(x, 0.0), columns - 1.0)
    above, left = y.to(tl.int32), x.to(tl.int32)
    below, right = tl.minimum(above + 1, rows - 1), tl.minimum(left + 1, columns - 1)
    one, two = above * columns + left, above * columns + right
    return one, two, below * columns + left, below * columns + right, y - above, x - left


@triton.jit
def _fetch(  # type: ignore[no-untyped-def]
    values, out, factor, one, two, three, four, low, right, is_pixel, local,
    WIDTH: tl.constexpr, JOINED: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    """All channels of a picture at a tile's places, written from `out` on."""
    for start in tl.static_range(0, WIDTH, CHANNELS):
        channel = start + tl.arange(0, CHANNELS)
        mask = is_pixel[:, None] & (channel < WIDTH)[None, :]
        a = tl.load(values + one[:, None] * WIDTH + channel[None, :], mask=mask, other=0.0).to(tl.float32)
        b = tl.load(values + two[:, None] * WIDTH + channel[None, :], mask=mask, other=0.0).to(tl.float32)
        c = tl.load(values + three[:, None] * WIDTH + channel[None, :], mask=mask, other=0.0).to(tl.float32)
        d = tl.load(values + four[:, None] * WIDTH + channel[None, :], mask=mask, other=0.0).to(tl.float32)
        upper = a + (b - a) * right[:, None]
        lower = c + (d - c) * right[:, None]
        value = (upper + (lower - upper) * low[:, None]) * factor
        tl.store(out + local[:, None] * JOINED + channel[None, :], value.to(out.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=SIZES)
def _join(  # type: ignore[no-untyped-def]
    first, second, outer, places, valid, numbers, joined, t, rows, columns,
    FIRST: tl.constexpr, SECOND: tl.constexpr, OUTER: tl.constexpr, AT: tl.constexpr, JOINED: tl.constexpr,
    KNOWN: tl.constexpr, FIRST_BLOCK: tl.constexpr, SECOND_BLOCK: tl.constexpr, OUTER_BLOCK: tl.constexpr,
    PIXELS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    begin = tl.program_id(0) * PIXELS
    local = tl.arange(0, PIXELS)
    place = begin + local
    size = rows * columns
    is_pixel = place < size
    row = place // columns
    column = place - row * columns
    numbers += number * 5 * size
    joined += (number * size + begin) * JOINED
    across = tl.load(numbers + place, mask=is_pixel, other=0.0) * -t
    down = tl.load(numbers + size + place, mask=is_pixel, other=0.0) * -t
    across_on = tl.load(numbers + 2 * size + place, mask=is_pixel, other=0.0) * (1 - t)
    down_on = tl.load(numbers + 3 * size + place, mask=is_pixel, other=0.0) * (1 - t)
    for side in tl.static_range(2):
        x = across_on if side else across
        y = down_on if side else down
        one, two, three, four, low, right = corners(row + y, column + x, rows, columns)
        frame = tl.load(places + number * 4 + 1 + side).to(tl.int64) * size
        out = joined + side * (FIRST + SECOND)
        _fetch(first + frame * FIRST, out, 1.0, one, two, three, four, low, right, is_pixel, local,
               FIRST, JOINED, FIRST_BLOCK)  # fmt: skip
        if SECOND:
            _fetch(second + frame * SECOND, out + FIRST, 1.0, one, two, three, four, low, right, is_pixel,
                   local, SECOND, JOINED, SECOND_BLOCK)  # fmt: skip
        if OUTER:
            x = 2 * x - (across if side else across_on)
            y = 2 * y - (down if side else down_on)
            one, two, three, four, low, right = corners(row + y, column + x, rows, columns)
            frame = tl.load(places + number * 4 + 3 * side).to(tl.int64) * size
            out = joined + 2 * (FIRST + SECOND) + side * OUTER
            factor = tl.load(valid + number * 2 + side).to(tl.float32)
            _fetch(outer + frame * OUTER, out, factor, one, two, three, four, low, right, is_pixel, local,
                   OUTER, JOINED, OUTER_BLOCK)  # fmt: skip
    channel = tl.arange(0, KNOWN)
    mask = is_pixel[:, None] & (channel < 5)[None, :]
    value = tl.load(numbers + channel[None, :] * size + place[:, None], mask=mask, other=0.0)
    value *= tl.where(channel < 4, 0.125, 1.0)[None, :]
    rest = tl.where(channel == 5, t - 0.5, 0.0)
    rest += tl.where(channel == 6, tl.load(valid + number * 2).to(tl.float32), 0.0)
    rest += tl.where(channel == 7, tl.load(valid + number * 2 + 1).to(tl.float32), 0.0)
    value += rest[None, :]
    at = local[:, None] * JOINED + AT + channel[None, :]
    tl.store(
        joined + at, value.to(joined.dtype.element_ty), mask=is_pixel[:, None] & (channel < KNOWN)[None, :]
    )


def channel_block(width: int) -> int:
    """Channels to fetch at a time: a power of two that divides their number, or all in one."""
    whole = width & -width
    return min(_MOST_CHANNELS, whole if whole >= 16 else triton.next_power_of_2(max(width, 1)))


def join(
    joined: Tensor, sources: tuple[Tensor, ...], outer: Tensor | None, *, gap: Gap, numbers: Tensor,
    known_at: int,
) -> None:  # fmt: skip
    """Write what a stage looks at: the middle two frames as they are moved, the outer two, what is known.

    Args:
        joined: (N, h, w, J), of which the channels are written: sources of the frame before, of the frame
            after; the outer frames' where there are such; from `known_at` on KNOWN more.
        sources: one or two pictures (F, h, w, C) of all frames.
        outer: (F, h, w, C), or None.
        gap: what the windows are, and the place in between.
        numbers: (N, 5, h, w) float32.
        known_at: first channel of what is known.
    """
    if joined.is_meta:
        return
    count, rows, columns, width = joined.shape
    first, second = sources[0], sources[-1]
    widths = (
        first.shape[3],
        second.shape[3] if len(sources) > 1 else 0,
        0 if outer is None else outer.shape[3],
    )
    on(_join, (triton.cdiv(rows * columns, _PIXELS), count))(
        first, second, first if outer is None else outer, gap.places, gap.valid, numbers, joined, gap.t,
        rows, columns, *widths, known_at, width, KNOWN, *map(channel_block, widths), PIXELS=_PIXELS,
    )  # fmt: skip


@triton.jit(do_not_specialize=SIZES)
def _match(  # type: ignore[no-untyped-def]
    matched, weights, bias, joined, rows, columns, scale,
    CHANNELS: tl.constexpr, RADIUS: tl.constexpr, COSTS: tl.constexpr, PADDED: tl.constexpr,
    AT: tl.constexpr, JOINED: tl.constexpr, SLOPE: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    number, side = tl.program_id(1), tl.program_id(2)
    begin = tl.program_id(0) * PIXELS
    local = tl.arange(0, PIXELS)
    place = begin + local
    size = rows * columns
    is_pixel = place < size
    row = place // columns
    column = place - row * columns
    channel, cost = tl.arange(0, CHANNELS), tl.arange(0, PADDED)
    own = matched + (side * tl.num_programs(1) + number).to(tl.int64) * size * CHANNELS
    other = matched + ((1 - side) * tl.num_programs(1) + number).to(tl.int64) * size * CHANNELS
    mine = tl.load(own + place[:, None] * CHANNELS + channel[None, :], mask=is_pixel[:, None], other=0.0)
    mine = mine.to(tl.float32) * scale
    total = tl.zeros((PIXELS, PADDED), tl.float32)
    total += tl.load(bias + cost, mask=cost < COSTS, other=0.0)[None, :]
    reach: tl.constexpr = 2 * RADIUS + 1
    for down in range(reach):
        y = row + down - RADIUS
        is_row = is_pixel & (y >= 0) & (y < rows)
        for across in tl.static_range(reach):  # unrolled, a row's neighbours are fetched together
            x = column + across - RADIUS
            is_there = is_row & (x >= 0) & (x < columns)
            at = (y * columns + x)[:, None] * CHANNELS + channel[None, :]
            theirs = tl.load(other + at, mask=is_there[:, None], other=0.0).to(tl.float32)
            product = tl.sum(mine * theirs, axis=1)
            share = tl.load(weights + (down * reach + across) * COSTS + cost, mask=cost < COSTS, other=0.0)
            total += product[:, None] * share[None, :]
    total = tl.where(total > 0, total, total * SLOPE)
    at = (number.to(tl.int64) * size + begin) * JOINED + AT + side * COSTS
    mask = is_pixel[:, None] & (cost < COSTS)[None, :]
    tl.store(
        joined + at + local[:, None] * JOINED + cost[None, :], total.to(joined.dtype.element_ty), mask=mask
    )


def match_into(
    joined: Tensor, matched: Tensor, weights: Tensor, bias: Tensor, *, radius: int, at: int
) -> None:
    """Correlate two pictures both ways, and write what a layer of 1x1 with its rectifier makes of each.

    Args:
        joined: (N, h, w, J); 2 * costs channels are written from `at` on.
        matched: (2, N, h, w, C), C a power of two.
        weights: ((2 * radius + 1)**2, costs) float32.
        bias: (costs,) float32.
        radius: as of `fourflow.correlate`, whose scale and border these products have.
        at: first channel that is written.
    """
    if joined.is_meta:
        return
    count, rows, columns, width = joined.shape
    channels, costs = matched.shape[4], weights.shape[1]
    on(_match, (triton.cdiv(rows * columns, _PIXELS), count, 2))(
        matched, weights, bias, joined, rows, columns, channels**-0.5, CHANNELS=channels, RADIUS=radius,
        COSTS=costs, PADDED=triton.next_power_of_2(costs), AT=at, JOINED=width, SLOPE=SLOPE, PIXELS=_PIXELS,
    )  # fmt: skip


@triton.jit(do_not_specialize=SIZES)
def _refine(  # type: ignore[no-untyped-def]
    numbers, change, bias, out, rows, columns, CHANGE: tl.constexpr, VALUES: tl.constexpr
):  # fmt: skip
    plane = tl.program_id(1)
    number = tl.program_id(2).to(tl.int64)
    place = tl.program_id(0) * VALUES + tl.arange(0, VALUES)
    is_place = place < 4 * rows * columns
    row = place // (2 * columns)
    column = place - row * (2 * columns)
    one, two, three, four, low, right = corners(row * 0.5 - 0.25, column * 0.5 - 0.25, rows, columns)
    numbers += (number * 5 + plane) * rows * columns
    change += number * rows * columns * CHANGE + plane
    a = tl.load(numbers + one, mask=is_place, other=0.0)
    a += tl.load(change + one * CHANGE, mask=is_place, other=0.0).to(tl.float32)
    b = tl.load(numbers + two, mask=is_place, other=0.0)
    b += tl.load(change + two * CHANGE, mask=is_place, other=0.0).to(tl.float32)
    c = tl.load(numbers + three, mask=is_place, other=0.0)
    c += tl.load(change + three * CHANGE, mask=is_place, other=0.0).to(tl.float32)
    d = tl.load(numbers + four, mask=is_place, other=0.0)
    d += tl.load(change + four * CHANGE, mask=is_place, other=0.0).to(tl.float32)
    upper = a + (b - a) * right
    lower = c + (d - c) * right
    value = upper + (lower - upper) * low + tl.load(bias + plane)
    value *= tl.where(plane < 4, 2.0, 1.0)
    tl.store(out + (number * 5 + plane) * 4 * rows * columns + place, value, mask=is_place)


def refine(numbers: Tensor, change: Tensor, bias: Tensor) -> Tensor:
    """A motion after a stage's answer, at twice the size: (N, 5, 2 * h, 2 * w) float32.

    Args:
        numbers: (N, 5, h, w) float32.
        change: (N, h, w, CHANGE), without its bias.
        bias: (5,) float32.
    """
    count, _, rows, columns = numbers.shape
    out = numbers.new_empty((count, NUMBERS, 2 * rows, 2 * columns))
    if not numbers.is_meta:
        on(_refine, (triton.cdiv(4 * rows * columns, _VALUES), NUMBERS, count))(
            numbers, change, bias, out, rows, columns, CHANGE=CHANGE, VALUES=_VALUES
        )
    return out


@triton.jit
def _rectify(  # type: ignore[no-untyped-def]
    x, bias, added, count, CHANNELS: tl.constexpr, HAS_BIAS: tl.constexpr, HAS_ADDED: tl.constexpr,
    SLOPE: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    begin = tl.program_id(0).to(tl.int64) * VALUES
    local = tl.arange(0, VALUES)
    is_place = local < count - begin
    value = tl.load(x + begin + local, mask=is_place, other=0.0).to(tl.float32)
    if HAS_BIAS:
        value += tl.load(bias + ((begin % CHANNELS).to(tl.int32) + local) % CHANNELS)
    if HAS_ADDED:
        value += tl.load(added + begin + local, mask=is_place, other=0.0).to(tl.float32)
    value = tl.where(value > 0, value, value * SLOPE)
    tl.store(x + begin + local, value.to(x.dtype.element_ty), mask=is_place)


def rectify_(x: Tensor, bias: Tensor | None, added: Tensor | None = None) -> Tensor:
    """leaky(x + bias + added) in place: x and `added` (N, h, w, C), bias (C,) float32."""
    if not x.is_meta:
        count = x.numel()
        on(_rectify, (triton.cdiv(count, 2 * _VALUES),))(
            x, x if bias is None else bias, x if added is None else added, count, CHANNELS=x.shape[3],
            HAS_BIAS=bias is not None, HAS_ADDED=added is not None, SLOPE=SLOPE, VALUES=2 * _VALUES,
        )  # fmt: skip
    return x


def room(like: Tensor, *shape: int) -> Tensor:
    """A tensor of this shape, of the dtype and device of another, with nothing in it yet."""
    return torch.empty(shape, dtype=like.dtype, device=like.device)
