"""Adaptive sampling: every pixel of the result is a weighted sum of F x F samples, each with its own offset.

The operator of AdaCoF (Lee et al., "AdaCoF: Adaptive Collaboration of Flows for Video Frame Interpolation",
CVPR 2020, equation 2), written from the paper. Two ways compute it: PyTorch's own operations, right on every
device and differentiable in all inputs, and a fused kernel for CUDA (`adacof_sampling_triton`). Neither ever
holds the F x F samples of all pixels at once.
"""

from __future__ import annotations

from math import isqrt

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from flavr_core.model.fused import use_fused

PIECE_TAPS = 1 << 17
"""Taps (pixels times kernel elements) computed at a time on a CPU: their indices stay in its cache."""
LARGE_PIECE_TAPS = 1 << 22
"""The same on a GPU, where larger pieces keep it busy."""
FARTHEST = float(1 << 22)
"""Pixels: longer offsets are shortened to it, beyond any picture, so that they fit whole numbers."""


def sample_adaptively(
    image: Tensor,
    weights: Tensor,
    down: Tensor,
    across: Tensor,
    *,
    dilation: int,
    margin: int = 0,
    top: int = 0,
) -> Tensor:
    """Sum F x F bilinear samples around each pixel, each at a place and with a weight of its own.

        result[c, i, j] = sum over k, l of weights[k, l, i, j] * image[c, y, x] with
        y = i + dilation * k + down[k, l, i, j] and x = j + dilation * l + across[k, l, i, j]

    Convention: image (N, C, Hs, Ws); weights, down and across (N, F * F, H, W), F odd, tap k * F + l in row k
    and column l of the kernel, both counted from its middle, offsets in pixels; floating dtypes, one device.
    `margin` is how many pixels the image has around those of the result on all sides; `top` is the row of the
    whole result that the given weights begin with, where they are a strip of it. Beyond the image its border
    is repeated. Returns (N, C, H, W), dtype and device of the image; sums are in at least float32.

    The whole part of an offset is found by truncating it toward zero, as the authors' program does and their
    weights expect: for negative offsets the bilinear weights are then outside [0, 1], and the result
    jumps where one passes a negative whole number. Gradients flow to all four inputs.

    Raises:
        ValueError: when the shapes do not fit together.
    """
    kernel = _check(image, weights, down, across, dilation)
    if image.is_meta:  # shapes alone: what pieces hold on their way is small
        return image.new_empty((*image.shape[:2], *weights.shape[2:]))
    first = margin - dilation * (kernel - 1) // 2
    if use_fused(image, weights, down, across):
        from flavr_core.model.adacof_sampling_triton import sample_fused

        return sample_fused(image, weights, down, across, dilation=dilation, first=(first + top, first))
    return sample_plainly(image, weights, down, across, dilation=dilation, first=(first + top, first))


def sample_softly(
    image: Tensor,
    logits: Tensor,
    down: Tensor,
    across: Tensor,
    *,
    dilation: int,
    margin: int = 0,
    top: int = 0,
    result: Tensor | None = None,
) -> Tensor:
    """`sample_adaptively` with each pixel's weights given by their logarithms, and made to sum to one.

    Convention: as there; `result`, where given, is filled and returned: (N, C, H, W), channels last in
    memory, rows of a picture that may have more channels.

    Raises:
        ValueError: when the shapes do not fit together.
    """
    if not torch.is_grad_enabled() and use_fused(image, logits, down, across):
        from flavr_core.model.adacof_sampling_triton import sample_softly_fused

        first = margin - dilation * (_check(image, logits, down, across, dilation) - 1) // 2
        return sample_softly_fused(
            image, logits, down, across, dilation=dilation, first=(first + top, first), result=result
        )
    # Along the last axis, where features lie channels last: no copies there and back.
    weights = logits.permute(0, 2, 3, 1).softmax(3).permute(0, 3, 1, 2)
    sampled = sample_adaptively(image, weights, down, across, dilation=dilation, margin=margin, top=top)
    return sampled if result is None else result.copy_(sampled)


def _check(image: Tensor, weights: Tensor, down: Tensor, across: Tensor, dilation: int) -> int:
    """The side of the kernel."""
    kernel = isqrt(weights.shape[1])
    if kernel * kernel != weights.shape[1] or kernel % 2 == 0 or dilation < 1:
        raise ValueError(f"{weights.shape[1]} taps at dilation {dilation} make no square kernel of odd side")
    if down.shape != weights.shape or across.shape != weights.shape or len(image) != len(weights):
        raise ValueError(f"shapes {image.shape}, {weights.shape}, {down.shape}, {across.shape} do not fit")
    return kernel


def sample_plainly(
    image: Tensor, weights: Tensor, down: Tensor, across: Tensor, *, dilation: int, first: tuple[int, int]
) -> Tensor:
    """`sample_adaptively` by PyTorch's own operations, on any device.

    `first` is the row and column of the image that the first tap of the first pixel falls on without offset.
    """
    count, channels, height, width = image.shape
    taps, rows, columns = weights.shape[1:]
    dtype = torch.promote_types(image.dtype, torch.float32)
    steps = torch.arange(isqrt(taps), device=image.device, dtype=torch.int32) * dilation
    tap_rows = (steps + first[0]).repeat_interleave(len(steps))  # (F * F,)
    tap_columns = (steps + first[1]).repeat(len(steps))
    tables = image.to(dtype).permute(0, 2, 3, 1).flatten(1, 2)  # (N, Hs * Ws, C)
    # Rows whose channels lie apart in memory are fetched forty times as slowly, and of rows with room between
    # them every piece below would make a copy.
    tables = tables.contiguous()
    by_pixel = [field.flatten(2).transpose(1, 2) for field in (weights, down, across)]  # (N, H * W, F * F)
    piece = max(1, (PIECE_TAPS if image.device.type == "cpu" else LARGE_PIECE_TAPS) // taps)
    needs_gradients = torch.is_grad_enabled() and any(
        tensor.requires_grad for tensor in (image, weights, down, across)
    )

    def some(table: Tensor, start: int, *fields: Tensor) -> Tensor:
        """Some pixels, from number `start` on: (pixels, C)."""
        weight, vertical, horizontal = (field.to(dtype).contiguous() for field in fields)
        at = torch.arange(start, start + len(weight), device=image.device, dtype=torch.int32)
        row = torch.div(at, columns, rounding_mode="floor")
        upper, low = _parted(vertical)
        left, right = _parted(horizontal)
        above, below = _neighbours(upper.add_(row[:, None] + tap_rows), height)
        before, after = _neighbours(left.add_((at - row * columns)[:, None] + tap_columns), width)
        above, below = above.mul_(width), below.mul_(width)
        lower = weight * low
        upper = weight - lower
        lower_right, upper_right = lower * right, upper * right
        # One bag a pixel: the weighted rows of the table are summed as they are fetched.
        places = torch.cat((above + before, above + after, below + before, below + after), dim=1)
        shares = torch.cat((upper - upper_right, upper_right, lower - lower_right, lower_right), dim=1)
        return functional.embedding_bag(places, table, mode="sum", per_sample_weights=shares)

    pieces = []
    for number in range(count):
        for start in range(0, rows * columns, piece):
            fields = [field[number, start : start + piece] for field in by_pixel]
            if needs_gradients:  # places and shares are computed again rather than kept
                pieces.append(checkpoint(some, tables[number], start, *fields, use_reentrant=False))
            else:
                pieces.append(some(tables[number], start, *fields))
    sampled = torch.cat(pieces).view(count, rows, columns, channels)
    return sampled.permute(0, 3, 1, 2).to(image.dtype)  # (N, C, H, W)


def _parted(offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Whole parts, truncated toward zero, as int32, and what is left; no gradient passes to the former."""
    near = offsets.clamp(-FARTHEST, FARTHEST)
    whole = near.detach().to(torch.int32)  # truncates; what is no number becomes any
    return whole, near - whole.to(offsets.dtype)


def _neighbours(places: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Places and those after them, brought into 0 ... size - 1; int32, `places` is used up."""
    places.clamp_(-1, size)
    after = (places + 1).clamp_(max=size - 1)
    return places.clamp_(0, size - 1), after
