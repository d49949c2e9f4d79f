"""What UPR-Net's synthesis looks at, and what is made of its result, as CUDA kernels of one pass each.

Imported only where Triton is installed; see `uprnet_fused`.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

PIXELS = 64
"""Pixels of one program."""
KNOWN, ROOM = 19, 24
"""Channels that the synthesis looks at, and those they are filled up to: whole vectors."""


@triton.jit
def _part(values, at, channel, values_c, is_pixel, FIRST: tl.constexpr, COUNT: tl.constexpr):  # type: ignore[no-untyped-def]
    """Channels FIRST to FIRST + COUNT of the tile, from the first ones of `values`; zero elsewhere."""
    mask = is_pixel[:, None] & ((channel >= FIRST) & (channel < FIRST + COUNT))[None, :]
    place = at[:, None] + ((channel - FIRST) * values_c)[None, :]
    return tl.load(values + place, mask=mask, other=0.0).to(tl.float32)


@triton.jit(do_not_specialize=("pictures", "rows", "columns"))
def _gather(  # type: ignore[no-untyped-def]
    last, carried, frames, flow, known, pictures, rows, columns, t,
    last_n, last_c, last_h, last_w, carried_n, carried_c, carried_h, carried_w,
    frames_n, frames_c, frames_h, frames_w, flow_n, flow_c, flow_h, flow_w,
    HAS_LAST: tl.constexpr, ROOM: tl.constexpr, CHANNELS: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    channel = tl.arange(0, CHANNELS)
    is_pixel = place < rows * columns
    row = place // columns
    column = place - row * columns
    after = number + pictures
    at = row * carried_h + column * carried_w
    value = _part(carried + number * carried_n, at, channel, carried_c, is_pixel, 3, 3)
    value += _part(carried + after * carried_n, at, channel, carried_c, is_pixel, 6, 3)
    if HAS_LAST:
        value += _part(
            last + number * last_n, row * last_h + column * last_w, channel, last_c, is_pixel, 0, 3
        )
    else:
        value += _part(carried + number * carried_n, at, channel, carried_c, is_pixel, 0, 3) * (1 - t)
        value += _part(carried + after * carried_n, at, channel, carried_c, is_pixel, 0, 3) * t
    at = row * frames_h + column * frames_w
    value += _part(frames + number * frames_n, at, channel, frames_c, is_pixel, 9, 3)
    value += _part(frames + after * frames_n, at, channel, frames_c, is_pixel, 12, 3)
    at = row * flow_h + column * flow_w
    value += _part(flow + number * flow_n, at, channel, flow_c, is_pixel, 15, 2)
    value += _part(flow + after * flow_n, at, channel, flow_c, is_pixel, 17, 2)
    at = (number * rows * columns + place)[:, None] * ROOM + channel[None, :]
    tl.store(known + at, value.to(known.dtype.element_ty), mask=is_pixel[:, None] & (channel < ROOM)[None, :])


@triton.jit
def _sigmoid(x):  # type: ignore[no-untyped-def]
    return 1 / (1 + tl.exp(-x))


@triton.jit(do_not_specialize=("pictures", "pixels"))
def _mix(  # type: ignore[no-untyped-def]
    predicted, carried, drawn, pictures, pixels, t, PIXELS: tl.constexpr
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    is_pixel = place < pixels
    predicted += (number * pixels + place) * 5
    before = carried + (number * pixels + place) * 3
    after = carried + ((number + pictures) * pixels + place) * 3
    share_before = _sigmoid(tl.load(predicted + 3, mask=is_pixel, other=0.0).to(tl.float32)) * (1 - t)
    share_after = _sigmoid(tl.load(predicted + 4, mask=is_pixel, other=0.0).to(tl.float32)) * t
    drawn += number * 3 * pixels + place
    for channel in tl.static_range(3):
        one = tl.load(before + channel, mask=is_pixel, other=0.0).to(tl.float32)
        other = tl.load(after + channel, mask=is_pixel, other=0.0).to(tl.float32)
        residual = 2 * _sigmoid(tl.load(predicted + channel, mask=is_pixel, other=0.0).to(tl.float32)) - 1
        mixed = (one * share_before + other * share_after) / (share_before + share_after) + residual
        tl.store(drawn + channel * pixels, tl.minimum(tl.maximum(mixed, 0.0), 1.0), mask=is_pixel)


def gather_known(last: Tensor | None, carried: Tensor, frames: Tensor, flow: Tensor, t: float) -> Tensor:
    """What the synthesis looks at, in the dtype of the frames, channels last in memory.

    Convention: last (N, 3, h, w) or None at the coarsest level, where it is the mean of the carried frames;
    carried and frames (2 * N, 3, h, w); flow (2 * N, 2, h, w) to the position t; returns (N, ROOM, h, w):
    last, carried before and after, frames before and after, flow from before and from after, zeros.
    """
    count, _, rows, columns = frames.shape
    known = torch.empty(
        (count // 2, ROOM, rows, columns),
        dtype=frames.dtype,
        device=frames.device,
        memory_format=torch.channels_last,
    )
    first = carried if last is None else last
    _gather[(triton.cdiv(rows * columns, PIXELS), count // 2)](
        first, carried, frames, flow, known, count // 2, rows, columns, t,
        *first.stride(), *carried.stride(), *frames.stride(), *flow.stride(),
        HAS_LAST=last is not None, ROOM=ROOM, CHANNELS=triton.next_power_of_2(ROOM), PIXELS=PIXELS,
    )  # fmt: skip
    return known


def mix(predicted: Tensor, carried: Tensor, t: float) -> Tensor:
    """The refined picture, (N, 3, h, w) float32 in [0, 1], of what the synthesis predicts.

    Convention: predicted (N, 5, h, w) and carried (2 * N, 3, h, w), channels last in memory.
    """
    predicted, carried = (x.contiguous(memory_format=torch.channels_last) for x in (predicted, carried))
    count, _, rows, columns = predicted.shape
    drawn = torch.empty((count, 3, rows, columns), dtype=torch.float32, device=predicted.device)
    _mix[(triton.cdiv(rows * columns, 4 * PIXELS), count)](
        predicted, carried, drawn, count, rows * columns, t, PIXELS=4 * PIXELS
    )
    return drawn
