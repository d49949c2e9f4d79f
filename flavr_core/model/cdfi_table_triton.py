"""The table that CDFI samples, by CUDA kernels: features of five scales at full size, and a frame beside.

Imported only where Triton is installed; see `whole_vectors`. One launch writes all scales: neighbours in
memory are written at about the same time, so that whole lines of it leave the cache.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.layers_triton import pixel_stride, resized

SCALES = 5
"""Scales of features."""
PIXELS = 128
"""Pixels of one program, of one scale."""
FRAME_ROOM = 4
"""Channels that are written with a frame: its three, and zeros."""
FRAME_PIXELS = 256
"""Pixels of one program that writes frames."""


@triton.jit
def _put(  # type: ignore[no-untyped-def]
    x, bias, table, tile, number, rows, columns, table_rows, table_columns, scale_down, scale_across,
    BEGIN: tl.constexpr, CHANNELS: tl.constexpr, ROOM: tl.constexpr, STRIDE: tl.constexpr,
    PIXELS: tl.constexpr,
):  # fmt: skip
    """Some pixels of one scale."""
    place = tile * PIXELS + tl.arange(0, PIXELS)
    channel = tl.arange(0, triton.next_power_of_2(CHANNELS))
    is_own = channel < CHANNELS
    both = (place < table_rows * table_columns)[:, None] & is_own[None, :]
    pixel = tl.minimum(place, table_rows * table_columns - 1)
    row = pixel // table_columns
    value = resized(
        x + number * rows * columns * ROOM, row, pixel - row * table_columns, channel, is_own, rows,
        columns, ROOM, scale_down, scale_across, 0.5 * scale_down - 0.5, 0.5 * scale_across - 0.5, 1,
    )  # fmt: skip
    value += tl.load(bias + channel, mask=is_own).to(tl.float32)[None, :]
    at = (number * table_rows * table_columns + place)[:, None] * STRIDE + (BEGIN + channel)[None, :]
    tl.store(table + at, value.to(table.dtype.element_ty), mask=both)


_SIZES = (
    "table_rows", "table_columns", "rows1", "rows2", "rows3", "rows4", "rows5",
    "columns1", "columns2", "columns3", "columns4", "columns5",
)  # fmt: skip


@triton.jit(do_not_specialize=_SIZES)
def _lay(  # type: ignore[no-untyped-def]
    x1, x2, x3, x4, x5, bias1, bias2, bias3, bias4, bias5, table, table_rows, table_columns,
    rows1, rows2, rows3, rows4, rows5, columns1, columns2, columns3, columns4, columns5,
    down1, down2, down3, down4, down5, across1, across2, across3, across4, across5,
    C1: tl.constexpr, C2: tl.constexpr, C3: tl.constexpr, C4: tl.constexpr, C5: tl.constexpr,
    R1: tl.constexpr, R2: tl.constexpr, R3: tl.constexpr, R4: tl.constexpr, R5: tl.constexpr,
    STRIDE: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    scale, tile = tl.program_id(0) % 5, tl.program_id(0) // 5
    if scale == 0:
        _put(x1, bias1, table, tile, number, rows1, columns1, table_rows, table_columns, down1, across1,
             0, C1, R1, STRIDE, PIXELS)  # fmt: skip
    elif scale == 1:
        _put(x2, bias2, table, tile, number, rows2, columns2, table_rows, table_columns, down2, across2,
             C1, C2, R2, STRIDE, PIXELS)  # fmt: skip
    elif scale == 2:
        _put(x3, bias3, table, tile, number, rows3, columns3, table_rows, table_columns, down3, across3,
             C1 + C2, C3, R3, STRIDE, PIXELS)  # fmt: skip
    elif scale == 3:
        _put(x4, bias4, table, tile, number, rows4, columns4, table_rows, table_columns, down4, across4,
             C1 + C2 + C3, C4, R4, STRIDE, PIXELS)  # fmt: skip
    else:
        _put(x5, bias5, table, tile, number, rows5, columns5, table_rows, table_columns, down5, across5,
             C1 + C2 + C3 + C4, C5, R5, STRIDE, PIXELS)  # fmt: skip


def lay_features(table: Tensor, features: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
    """Fill the first channels of a table with features at its size, bilinearly between pixels' edges, biased.

    Convention: table (N, C, H, W), channels last in memory; features of `SCALES` scales, (N, c', h, w) each,
    biases (c,), of which c channels are taken.
    """
    features = [x.contiguous(memory_format=torch.channels_last) for x in features]
    rows, columns = table.shape[2:]
    sizes = [x.shape[2:] for x in features]
    counts = {f"C{number}": len(bias) for number, bias in enumerate(biases, 1)}
    counts |= {f"R{number}": x.shape[1] for number, x in enumerate(features, 1)}
    _lay[(SCALES * triton.cdiv(rows * columns, PIXELS), len(table))](
        *features, *biases, table, rows, columns,
        *(height for height, _ in sizes), *(width for _, width in sizes),
        *(height / rows for height, _ in sizes), *(width / columns for _, width in sizes),
        **counts, STRIDE=pixel_stride(table), PIXELS=PIXELS,
    )  # fmt: skip


@triton.jit(do_not_specialize=("table_rows", "table_columns", "margin", "frame_n", "frame_c", "frame_h"))
def _lay_frame(  # type: ignore[no-untyped-def]
    frame, table, table_rows, table_columns, margin, frame_n, frame_c, frame_h,
    BEGIN: tl.constexpr, STRIDE: tl.constexpr, ROOM: tl.constexpr, PIXELS: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    is_place = place < table_rows * table_columns
    row = place // table_columns
    column = place - row * table_columns - margin
    row -= margin
    # Beyond the frame its border is repeated.
    row = tl.minimum(tl.maximum(row, 0), table_rows - 2 * margin - 1)
    column = tl.minimum(tl.maximum(column, 0), table_columns - 2 * margin - 1)
    channel = tl.arange(0, ROOM)
    at = number * frame_n + (row * frame_h + column)[:, None] + (channel * frame_c)[None, :]
    value = tl.load(frame + at, mask=is_place[:, None] & (channel < 3)[None, :], other=0.0)
    at = (number * table_rows * table_columns + place)[:, None] * STRIDE + (BEGIN + channel)[None, :]
    tl.store(table + at, value.to(table.dtype.element_ty), mask=is_place[:, None])


def lay_frame(table: Tensor, frame: Tensor, margin: int, *, begin: int) -> None:
    """Fill four channels of a table, from `begin` on, with a frame and zeros, its border repeated around it.

    Convention: table (N, C, H + 2 * margin, W + 2 * margin), channels last in memory; frame (N, 3, H, W).
    """
    frame = frame if frame.stride(3) == 1 else frame.contiguous()
    rows, columns = table.shape[2:]
    _lay_frame[(triton.cdiv(rows * columns, FRAME_PIXELS), len(table))](
        frame, table, rows, columns, margin, *frame.stride()[:3],
        BEGIN=begin, STRIDE=pixel_stride(table), ROOM=FRAME_ROOM, PIXELS=FRAME_PIXELS,
    )  # fmt: skip
