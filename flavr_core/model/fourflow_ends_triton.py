"""FourFlow's beginning and end at full size, as CUDA kernels of one pass each.

Imported only where Triton is installed; see `fourflow_fast`. Frames are kept in cells: (F, H / 2, W / 2, 16),
two by two pixels of four values each, of which three count: what the first convolution looks at, and pictures
from which pixels are fetched in one reading each.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from flavr_core.model.fourflow_triton import SIZES, Gap, room
from flavr_core.model.kernel_building import on

WHOLE_SIZES = (
    *SIZES, "height", "width", "frame_step", "colour_step", "row_step",
)  # fmt: skip
"""Arguments that these kernels are not built anew for."""
CELL = 16
"""Values of a cell: upper left pixel, upper right, lower left, lower right; red, green, blue, none."""
FETCHED = 64
"""Values of a cell of fetched pictures: for each of its pixels four sources as above (hypothesis 1 from the
frame before and after, hypothesis 2 alike). The unused fourth values begin with the logit and what the
hypotheses differ by at the upper left pixel; then zeros."""
DRAWN = 32
"""Channels of the two last convolutions: for each pixel of a cell eight numbers."""
_CELLS = 128
"""Cells of one program that lays frames out."""
_FETCHED_PIXELS = 128
"""Pixels of one program that fetches."""
_PIXELS = 256
"""Pixels of one program that weighs."""


@triton.jit(do_not_specialize=WHOLE_SIZES)
def _lay(  # type: ignore[no-untyped-def]
    frames, cells, height, width, rows, columns, frame_step, colour_step, row_step, column_step,
    CELLS: tl.constexpr,
):  # fmt: skip
    frame = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * CELLS + tl.arange(0, CELLS)
    value = tl.arange(0, 16)
    is_cell = place < rows * columns
    row = place // columns
    column = place - row * columns
    y = tl.minimum(2 * row[:, None] + (value // 8)[None, :], height - 1)
    x = tl.minimum(2 * column[:, None] + (value // 4 % 2)[None, :], width - 1)
    colour = value % 4
    mask = is_cell[:, None] & (colour < 3)[None, :]
    at = y.to(tl.int64) * row_step + x * column_step + colour[None, :] * colour_step
    pixel = tl.load(frames + frame * frame_step + at, mask=mask, other=0.5).to(tl.float32) - 0.5
    cells += frame * rows * columns * 16
    tl.store(
        cells + place[:, None] * 16 + value[None, :], pixel.to(cells.dtype.element_ty), mask=is_cell[:, None]
    )


def lay_frames(
    frames: Tensor, rows: int, columns: int, dtype: torch.dtype, cells: Tensor | None = None
) -> Tensor:
    """Frames less one half in cells, (F, rows, columns, CELL), the last row and column repeated.

    Args:
        frames: (F, 3, H, W) RGB in [0, 1], any strides.
        rows: of cells, at least H / 2.
        columns: of cells, at least W / 2.
        dtype: of the result.
        cells: where to write; None for a new one.
    """
    if cells is None:
        cells = torch.empty((len(frames), rows, columns, CELL), dtype=dtype, device=frames.device)
    if not frames.is_meta:
        on(_lay, (triton.cdiv(rows * columns, _CELLS), len(frames)))(
            frames, cells, *frames.shape[2:], rows, columns, *frames.stride(), CELLS=_CELLS
        )
    return cells


@triton.jit
def _between(values, row, column, down, right, rows, columns, STEP: tl.constexpr):  # type: ignore[no-untyped-def]
    """A plane's value at one of the four pixels (down, right) of each place, when it is enlarged twice."""
    below = tl.minimum(tl.maximum(row + 2 * down - 1, 0), rows - 1)
    beside = tl.minimum(tl.maximum(column + 2 * right - 1, 0), columns - 1)
    near = 0.75 * tl.load(values + (row * columns + column) * STEP)
    near += 0.25 * tl.load(values + (row * columns + beside) * STEP)
    far = 0.75 * tl.load(values + (below * columns + column) * STEP)
    far += 0.25 * tl.load(values + (below * columns + beside) * STEP)
    return 0.75 * near + 0.25 * far


@triton.jit
def _cubic(values, y, x, height, width, is_cell):  # type: ignore[no-untyped-def]
    """Four values at each place (y, x), cubically with a = -0.75, beyond the border the border's."""
    y = tl.minimum(tl.maximum(y, -3.0), height + 2.0)
    x = tl.minimum(tl.maximum(x, -3.0), width + 2.0)
    above, left = tl.floor(y), tl.floor(x)
    v, u = y - above, x - left
    row, column = above.to(tl.int32), left.to(tl.int32)
    part = tl.arange(0, 4)
    total = tl.zeros((y.shape[0], 4), tl.float32)
    for i in tl.static_range(4):
        line = tl.minimum(tl.maximum(row + (i - 1), 0), height - 1)
        line = line // 2 * (2 * width) + line % 2 * 2  # in pixels: a cell holds four of them
        across = tl.zeros((y.shape[0], 4), tl.float32)
        for j in tl.static_range(4):
            place = tl.minimum(tl.maximum(column + (j - 1), 0), width - 1)
            at = line + place // 2 * 4 + place % 2
            pixel = tl.load(values + (at * 4)[:, None] + part[None, :], mask=is_cell[:, None], other=0.0)
            across += pixel.to(tl.float32) * _share(u, j)[:, None]
        total += across * _share(v, i)[:, None]
    return total


@triton.jit
def _share(u, TAP: tl.constexpr):  # type: ignore[no-untyped-def]
    """Of the tap TAP - 1 pixels on, u of a pixel away from the one before."""
    if TAP == 0:
        share = ((-0.75 * u + 1.5) * u - 0.75) * u
    elif TAP == 1:
        share = (1.25 * u - 2.25) * u * u + 1
    elif TAP == 2:
        share = ((-1.25 * u + 1.5) * u + 0.75) * u
    else:
        share = (0.75 * u - 0.75) * u * u
    return share


@triton.jit(do_not_specialize=SIZES)
def _gather(  # type: ignore[no-untyped-def]
    cells, places, numbers, change, bias, out, t, rows, columns, PIXELS: tl.constexpr
):  # fmt: skip
    number, y = tl.program_id(2).to(tl.int64), tl.program_id(1)
    x = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    is_pixel = x < 2 * columns
    x = tl.minimum(x, 2 * columns - 1)
    size = rows * columns
    row, column, corner = y // 2, x // 2, y % 2 * 2 + x % 2
    place = row * columns + column
    numbers += number * 5 * size
    change += number * size * 32 + place * 32
    part = tl.arange(0, 4)[None, :]
    out += number * size * 64 + (place * 64 + corner * 16)[:, None] + part
    for side in range(2):  # one after the other: unrolled, all four sources take a compiler most of a minute
        plane = numbers + side * 2 * size
        share = tl.where(side == 0, -t, 1 - t)
        base_x = 2 * _between(plane, row, column, y % 2, x % 2, rows, columns, 1)
        base_y = 2 * _between(plane + size, row, column, y % 2, x % 2, rows, columns, 1)
        frame = tl.load(places + number * 4 + 1 + side).to(tl.int64)
        for hypothesis in tl.static_range(2):
            at = corner * 8 + hypothesis * 4 + side * 2
            across = base_x + tl.load(change + at).to(tl.float32) + tl.load(bias + at)
            down = base_y + tl.load(change + at + 1).to(tl.float32) + tl.load(bias + at + 1)
            value = _cubic(
                cells + frame * size * 16,
                y + share * down,
                x + share * across,
                2 * rows,
                2 * columns,
                is_pixel,
            )
            also = tl.zeros((PIXELS,), tl.float32)
            if y % 2 == 0:  # the logit, then what the hypotheses differ by at the upper left pixel
                told = corner * 4 + hypothesis * 2 + side - 1
                spread = tl.minimum(tl.maximum(told, 0), 3)
                also = tl.load(change + spread).to(tl.float32) + tl.load(bias + spread)
                also -= tl.load(change + 4 + spread).to(tl.float32) + tl.load(bias + 4 + spread)
                also = tl.where(told < 4, also, 0.0)
                also = tl.where(told < 0, tl.load(numbers + 4 * size + place), also)
            value = tl.where(part == 3, also[:, None], value)
            source = out + (hypothesis * 2 + side) * 4
            tl.store(source, value.to(out.dtype.element_ty), mask=is_pixel[:, None])


TOLD = (3, 7, 11, 15, 19)
"""Values of a cell of fetched pictures that are the logit and the spread of the four velocities."""


def fetch_pictures(cells: Tensor, gap: Gap, numbers: Tensor, change: Tensor, bias: Tensor) -> Tensor:
    """The four warped pictures in cells, (N, h, w, FETCHED), less one half, with what else is known.

    Args:
        cells: (F, h, w, CELL).
        gap: which of the frames are those of a window, and the place in between.
        numbers: (N, 5, h, w) float32, the motion at half the size.
        change: (N, h, w, DRAWN), the last stage's answer: four velocities of two hypotheses for each pixel.
        bias: (DRAWN,) float32, not yet in it.
    """
    count, _, rows, columns = numbers.shape
    out = room(cells, count, rows, columns, FETCHED)
    if not cells.is_meta:
        on(_gather, (triton.cdiv(2 * columns, _FETCHED_PIXELS), 2 * rows, count))(
            cells, gap.places, numbers, change, bias, out, gap.t, rows, columns, PIXELS=_FETCHED_PIXELS
        )
    return out


@triton.jit(do_not_specialize=WHOLE_SIZES)
def _weigh(  # type: ignore[no-untyped-def]
    fetched, drawn, bias, numbers, out, t, rows, columns, height, width, PIXELS: tl.constexpr
):  # fmt: skip
    number, y = tl.program_id(2).to(tl.int64), tl.program_id(1)
    column = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    x = tl.minimum(column, width - 1)
    size = rows * columns
    corner = y % 2 * 2 + x % 2
    cell = y // 2 * columns + x // 2
    side = _between(numbers + (number * 5 + 4) * size, y // 2, x // 2, y % 2, x % 2, rows, columns, 1)
    drawn += number * size * 32 + cell * 32 + corner * 8
    bias += corner * 8
    before, after = tl.log(1 - t) + side, tl.log(t) - side
    one = tl.load(drawn).to(tl.float32) + tl.load(bias) + before
    two = tl.load(drawn + 1).to(tl.float32) + tl.load(bias + 1) + after
    three = tl.load(drawn + 2).to(tl.float32) + tl.load(bias + 2) + before
    four = tl.load(drawn + 3).to(tl.float32) + tl.load(bias + 3) + after
    most = tl.maximum(tl.maximum(one, two), tl.maximum(three, four))
    one, two, three, four = tl.exp(one - most), tl.exp(two - most), tl.exp(three - most), tl.exp(four - most)
    whole = 1 / (one + two + three + four)
    part = tl.arange(0, 4)[None, :]
    pictures = fetched + number * size * 64 + (cell * 64 + corner * 16)[:, None] + part
    # First hypothesis before and after, then the second.
    source_one, source_two = tl.load(pictures).to(tl.float32), tl.load(pictures + 4).to(tl.float32)
    source_three, source_four = tl.load(pictures + 8).to(tl.float32), tl.load(pictures + 12).to(tl.float32)
    value = source_one * (one * whole)[:, None] + source_two * (two * whole)[:, None]
    value += source_three * (three * whole)[:, None] + source_four * (four * whole)[:, None]
    value += tl.load(drawn[:, None] + 4 + part).to(tl.float32)
    value += tl.load(bias[:, None] + 4 + part)
    apart = tl.where(part < 3, source_one + source_three - source_two - source_four, 0.0)
    apart = tl.sum(apart, axis=1) * (1 / 6)
    value = tl.where(part < 3, value, apart[:, None])
    out += ((number * height + y) * width + x)[:, None] * 4 + part
    tl.store(out, value.to(out.dtype.element_ty), mask=(column < width)[:, None])


def weigh(
    fetched: Tensor, drawn: Tensor, bias: Tensor, numbers: Tensor, gap: Gap, height: int, width: int
) -> Tensor:
    """The picture as `sharpness_triton` reads it: the four fetched ones weighed, what none shows added.

    Args:
        fetched: (N, h, w, FETCHED).
        drawn: (N, h, w, DRAWN), for each pixel of a cell four logits, three values to add, one of no meaning.
        bias: (DRAWN,) float32, not yet in it.
        numbers: (N, 5, h, w) float32, the motion at half the size.
        gap: the place in between.
        height: rows of the picture.
        width: its columns.

    Returns:
        (N, height, width, 4), float32 or float16.
    """
    count, _, rows, columns = numbers.shape
    kept = torch.float32 if fetched.dtype == torch.float32 else torch.float16
    out = torch.empty((count, height, width, 4), dtype=kept, device=fetched.device)
    if not fetched.is_meta:
        on(_weigh, (triton.cdiv(width, _PIXELS), height, count))(
            fetched, drawn, bias, numbers, out, gap.t, rows, columns, height, width, PIXELS=_PIXELS
        )
    return out
