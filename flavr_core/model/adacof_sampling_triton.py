"""Adaptive sampling as one CUDA kernel: samples are summed as they are fetched, none is ever stored.

Imported only where Triton is installed; see `adacof_sampling` for the operator and `fused` for the switch.

Rows of the table are filled up to whole vectors (`whole_rows`). Otherwise every thread fetches single numbers
of many pixels, and computes each pixel's place and shares for all of them: of 63 channels in half precision
the compiler makes 196 registers a thread and 56 loads of 2 bytes a tap, of 64 it makes 48, and 4 of 16 bytes.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.adacof_lanes_triton import sample_by_lanes, takes

CHANNELS_AT_ONCE = 64
"""Channels that one program sums."""
TILE = 1024
"""Pixels times channels of one program."""
MOST_PIXELS = 128
"""Pixels of one program at most."""
WARPS = 4
"""Warps of one program: eight channels of a pixel for each thread, or a pixel of few channels."""


@triton.jit
def _truncated(x):  # type: ignore[no-untyped-def]
    return tl.where(x < 0, tl.ceil(x), tl.floor(x))


@triton.jit
def _inside(x, size):  # type: ignore[no-untyped-def]
    return tl.minimum(tl.maximum(x, 0.0), size - 1.0).to(tl.int32)


@triton.jit
def _parted(offset):  # type: ignore[no-untyped-def]
    """The whole part, truncated toward zero, and what is left; one conversion, as these are slow."""
    near = tl.minimum(tl.maximum(offset, -4194304.0), 4194304.0)
    whole = near.to(tl.int32)
    return whole, near - whole.to(tl.float32)


_SIZES = ("image_rows", "image_columns", "rows", "columns", "first_row", "first_column", "dilation")
"""Not compiled in: programs are good for pictures of all sizes."""


@triton.jit(do_not_specialize=_SIZES)
def _forward(  # type: ignore[no-untyped-def]
    image, weights, down, across, result,
    image_rows, image_columns, rows, columns, first_row, first_column, dilation,
    weights_n, weights_t, weights_h, weights_w,
    down_n, down_t, down_h, down_w,
    across_n, across_t, across_h, across_w, result_n,
    KERNEL: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr, channels: tl.constexpr,
    stride: tl.constexpr, MOST_TAPS: tl.constexpr,
):  # fmt: skip
    """With MOST_TAPS, a power of two, the weights are the exponentials of what is given, over their sum."""
    number = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    # Beyond the last pixel it is computed again and not stored: no load needs to be guarded.
    pixel = tl.minimum(place, rows * columns - 1)
    row = pixel // columns
    column = pixel - row * columns
    weights += number * weights_n + row * weights_h + column * weights_w
    down += number * down_n + row * down_h + column * down_w
    across += number * across_n + row * across_h + column * across_w
    image += number * image_rows * image_columns * channels
    if channels % CHANNELS == 0:
        around = image + channel[None, :]
    else:
        around = image + tl.minimum(channel, channels - 1)[None, :]
    if MOST_TAPS:
        # In pieces of the image's shape, so that threads hold the same pixels here as below.
        largest = tl.full((PIXELS,), float("-inf"), tl.float32)
        for start in tl.static_range(0, MOST_TAPS, CHANNELS):
            some = start + tl.arange(0, CHANNELS)
            is_tap = (some < KERNEL * KERNEL)[None, :]
            logits = tl.load(weights[:, None] + some[None, :] * weights_t, mask=is_tap, other=float("-inf"))
            largest = tl.maximum(largest, tl.max(logits, 1).to(tl.float32))
        whole = tl.zeros((PIXELS,), tl.float32)
        for start in tl.static_range(0, MOST_TAPS, CHANNELS):
            some = start + tl.arange(0, CHANNELS)
            is_tap = (some < KERNEL * KERNEL)[None, :]
            logits = tl.load(weights[:, None] + some[None, :] * weights_t, mask=is_tap, other=float("-inf"))
            whole += tl.sum(tl.exp(logits.to(tl.float32) - largest[:, None]), 1)
        share_of_one = 1 / whole
    total = tl.zeros((PIXELS, CHANNELS), tl.float32)
    for k in range(KERNEL):
        tap_row = row + (first_row + k * dilation)
        for m in range(KERNEL):
            tap = k * KERNEL + m
            weight = tl.load(weights + tap * weights_t).to(tl.float32)
            if MOST_TAPS:
                weight = tl.exp(weight - largest) * share_of_one
            upper, low = _parted(tl.load(down + tap * down_t).to(tl.float32))
            left, right = _parted(tl.load(across + tap * across_t).to(tl.float32))
            upper += tap_row
            left += column + (first_column + m * dilation)
            above = tl.minimum(tl.maximum(upper, 0), image_rows - 1) * image_columns
            below = tl.minimum(tl.maximum(upper + 1, 0), image_rows - 1) * image_columns
            before = tl.minimum(tl.maximum(left, 0), image_columns - 1)
            after = tl.minimum(tl.maximum(left + 1, 0), image_columns - 1)
            lower_share = weight * low
            upper_share = weight - lower_share
            lower_right, upper_right = lower_share * right, upper_share * right
            one = tl.load(around + ((above + before) * channels)[:, None])
            two = tl.load(around + ((above + after) * channels)[:, None])
            three = tl.load(around + ((below + before) * channels)[:, None])
            four = tl.load(around + ((below + after) * channels)[:, None])
            if image.dtype.element_ty == tl.float16:
                # Each tap's sample in halves, two at a time; the taps are summed in float32.
                sample = one * (upper_share - upper_right).to(tl.float16)[:, None]
                sample += two * upper_right.to(tl.float16)[:, None]
                sample += three * (lower_share - lower_right).to(tl.float16)[:, None]
                sample += four * lower_right.to(tl.float16)[:, None]
                total += sample.to(tl.float32)
            else:
                total += one.to(tl.float32) * (upper_share - upper_right)[:, None]
                total += two.to(tl.float32) * upper_right[:, None]
                total += three.to(tl.float32) * (lower_share - lower_right)[:, None]
                total += four.to(tl.float32) * lower_right[:, None]
    at = number * result_n + place.to(tl.int64)[:, None] * stride + channel[None, :]
    both = (place < rows * columns)[:, None] & (channel < channels)[None, :]
    tl.store(result + at, total.to(result.dtype.element_ty), mask=both)


@triton.jit(do_not_specialize=_SIZES)
def _backward(  # type: ignore[no-untyped-def]
    image, weights, down, across, gradient,
    image_gradient, weights_gradient, down_gradient, across_gradient,
    image_rows, image_columns, rows, columns, first_row, first_column, dilation,
    weights_n, weights_t, weights_h, weights_w,
    down_n, down_t, down_h, down_w,
    across_n, across_t, across_h, across_w,
    KERNEL: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr, channels: tl.constexpr,
    FOR_IMAGE: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.arange(0, CHANNELS)
    is_pixel, is_channel = pixel < rows * columns, channel < channels
    row = pixel // columns
    column = pixel - row * columns
    weights += number * weights_n + row * weights_h + column * weights_w
    down += number * down_n + row * down_h + column * down_w
    across += number * across_n + row * across_h + column * across_w
    image += number * image_rows * image_columns * channels
    image_gradient += number * image_rows * image_columns * channels
    both = is_pixel[:, None] & is_channel[None, :]
    place = (number * rows * columns + pixel)[:, None] * channels + channel[None, :]
    given = tl.load(gradient + place, mask=both, other=0.0)
    own = number * KERNEL * KERNEL * rows * columns + pixel
    for k in range(KERNEL):
        for m in range(KERNEL):
            tap = k * KERNEL + m
            weight = tl.load(weights + tap * weights_t, mask=is_pixel, other=0.0).to(tl.float32)
            vertical = tl.load(down + tap * down_t, mask=is_pixel, other=0.0).to(tl.float32)
            horizontal = tl.load(across + tap * across_t, mask=is_pixel, other=0.0).to(tl.float32)
            upper, left = _truncated(vertical), _truncated(horizontal)
            low, right = vertical - upper, horizontal - left
            upper += row + (first_row + k * dilation)
            left += column + (first_column + m * dilation)
            above = _inside(upper, image_rows) * image_columns
            below = _inside(upper + 1.0, image_rows) * image_columns
            before, after = _inside(left, image_columns), _inside(left + 1.0, image_columns)
            at = (above + before)[:, None] * channels + channel[None, :]
            one = tl.sum(tl.load(image + at, mask=both, other=0.0).to(tl.float32) * given, 1)
            if FOR_IMAGE:
                tl.atomic_add(
                    image_gradient + at, given * (weight * (1 - low) * (1 - right))[:, None], mask=both
                )
            at = (above + after)[:, None] * channels + channel[None, :]
            two = tl.sum(tl.load(image + at, mask=both, other=0.0).to(tl.float32) * given, 1)
            if FOR_IMAGE:
                tl.atomic_add(image_gradient + at, given * (weight * (1 - low) * right)[:, None], mask=both)
            at = (below + before)[:, None] * channels + channel[None, :]
            three = tl.sum(tl.load(image + at, mask=both, other=0.0).to(tl.float32) * given, 1)
            if FOR_IMAGE:
                tl.atomic_add(image_gradient + at, given * (weight * low * (1 - right))[:, None], mask=both)
            at = (below + after)[:, None] * channels + channel[None, :]
            four = tl.sum(tl.load(image + at, mask=both, other=0.0).to(tl.float32) * given, 1)
            if FOR_IMAGE:
                tl.atomic_add(image_gradient + at, given * (weight * low * right)[:, None], mask=both)
            upper_mean = one + (two - one) * right
            lower_mean = three + (four - three) * right
            step = own + tap * rows * columns
            tl.store(weights_gradient + step, upper_mean + (lower_mean - upper_mean) * low, mask=is_pixel)
            tl.store(down_gradient + step, weight * (lower_mean - upper_mean), mask=is_pixel)
            steeper = (two - one) * (1 - low) + (four - three) * low
            tl.store(across_gradient + step, weight * steeper, mask=is_pixel)


class _Sampling(torch.autograd.Function):
    """The kernels as an operation that gradients pass through."""

    @staticmethod
    def forward(
        ctx: Any,
        image: Tensor,
        weights: Tensor,
        down: Tensor,
        across: Tensor,
        dilation: int,
        first: tuple[int, int],
    ) -> Tensor:
        """See `sample_fused`; what is kept for the way back are the inputs alone."""
        table = whole_rows(image)  # (N, Hs, Ws, C')
        # Neighbouring pixels of a tap are read together; features may lie with their channels last.
        weights, down, across = (field.contiguous() for field in (weights, down, across))
        result = _sampled(table, weights, down, across, dilation, first, most_taps=0)
        ctx.save_for_backward(table, weights, down, across)
        ctx.dilation, ctx.first, ctx.channels = dilation, first, image.shape[1]
        # Channels last in memory, as the convolutions after it like it.
        return result[..., : image.shape[1]].permute(0, 3, 1, 2)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of all inputs; those of the image by atomic sums, whose order is not fixed."""
        table, weights, down, across = ctx.saved_tensors
        count, image_rows, image_columns, channels = table.shape
        taps, rows, columns = weights.shape[1:]
        given = whole_rows(gradient.float(), channels)
        image_parts = []
        totals = [torch.zeros(weights.shape, device=table.device) for _ in range(3)]
        for start in range(0, channels, CHANNELS_AT_ONCE):
            some = table[..., start : start + CHANNELS_AT_ONCE].contiguous()
            width = some.shape[-1]
            image_gradient = torch.zeros(some.shape, device=table.device)
            parts = [torch.empty(weights.shape, device=table.device) for _ in range(3)]
            block = triton.next_power_of_2(width)
            pixels, warps = tile_for(block)
            _backward[(triton.cdiv(rows * columns, pixels), count)](
                some, weights, down, across,
                given[..., start : start + CHANNELS_AT_ONCE].contiguous(), image_gradient, *parts,
                image_rows, image_columns, rows, columns, *ctx.first, ctx.dilation,
                *weights.stride(), *down.stride(), *across.stride(),
                KERNEL=isqrt(taps), PIXELS=pixels, CHANNELS=block, channels=width,
                FOR_IMAGE=ctx.needs_input_grad[0], num_warps=warps,
            )  # fmt: skip
            image_parts.append(image_gradient)
            torch._foreach_add_(totals, parts)
        image_total = torch.cat(image_parts, -1)[..., : ctx.channels].permute(0, 3, 1, 2).to(table.dtype)
        fields = (weights, down, across)
        return (
            image_total,
            *(total.to(field.dtype) for total, field in zip(totals, fields, strict=True)),
            None,
            None,
        )


def _sampled(
    table: Tensor,
    weights: Tensor,
    down: Tensor,
    across: Tensor,
    dilation: int,
    first: tuple[int, int],
    *,
    most_taps: int,
    result: Tensor | None = None,
) -> Tensor:
    """The first kernel's result, (N, H, W, C') for a table (N, Hs, Ws, C'), written where it is wanted."""
    count, image_rows, image_columns, channels = table.shape
    taps, rows, columns = weights.shape[1:]
    if result is None:
        result = torch.empty((count, rows, columns, channels), dtype=table.dtype, device=table.device)
    width = min(CHANNELS_AT_ONCE, triton.next_power_of_2(channels))
    pixels, warps = tile_for(width)
    _forward[(triton.cdiv(rows * columns, pixels), count, triton.cdiv(channels, width))](
        table, weights, down, across, result,
        image_rows, image_columns, rows, columns, *first, dilation,
        *weights.stride(), *down.stride(), *across.stride(),
        result.stride(0), KERNEL=isqrt(taps), PIXELS=pixels, CHANNELS=width, channels=channels,
        stride=result.stride(2), MOST_TAPS=most_taps, num_warps=warps,
    )  # fmt: skip
    return result


def whole_rows(image: Tensor, channels: int | None = None) -> Tensor:
    """(N, C, H, W) as (N, H, W, C'), C' filled up with zeros to 4 or a multiple of 8, or to `channels`."""
    count, own, height, width = image.shape
    wanted = channels or (4 if own <= 4 else own + -own % 8)
    if own == wanted:
        return image.permute(0, 2, 3, 1).contiguous()
    rows = image.new_zeros((count, height, width, wanted))
    rows[..., :own] = image.permute(0, 2, 3, 1)
    return rows


def tile_for(channels: int) -> tuple[int, int]:
    """Pixels and warps of a program that works on so many channels of them at once."""
    return min(TILE // channels, MOST_PIXELS), WARPS


def sample_fused(
    image: Tensor, weights: Tensor, down: Tensor, across: Tensor, *, dilation: int, first: tuple[int, int]
) -> Tensor:
    """`adacof_sampling.sample_plainly` by the kernel; sums are in float32."""
    sampled: Tensor = _Sampling.apply(image, weights, down, across, dilation, first)  # type: ignore[no-untyped-call]
    return sampled


def sample_softly_fused(
    image: Tensor,
    logits: Tensor,
    down: Tensor,
    across: Tensor,
    *,
    dilation: int,
    first: tuple[int, int],
    result: Tensor | None = None,
) -> Tensor:
    """`adacof_sampling.sample_softly` by a kernel, without gradients."""
    table = whole_rows(image)
    channels = image.shape[1]
    if result is not None and table.shape[3] == channels:
        rows = result.permute(0, 2, 3, 1)  # (N, H, W, C)
    else:
        rows = table.new_empty((len(table), *logits.shape[2:], table.shape[3]))
    if takes(table, logits, down, across):
        sample_by_lanes(table, logits, down, across, dilation, first, rows)
    else:
        most_taps = triton.next_power_of_2(logits.shape[1])
        _sampled(table, logits, down, across, dilation, first, most_taps=most_taps, result=rows)
    sampled = rows[..., :channels].permute(0, 3, 1, 2)
    if result is None or table.shape[3] == channels:
        return sampled
    return result.copy_(sampled)
