"""Average splatting: every pixel is carried along its flow; where several land, their weighted mean is taken.

Forward warping as in Niklaus and Liu, "Softmax Splatting for Video Frame Interpolation", CVPR 2020, section
3.1, in its `average` form; written from the paper. Three ways compute it: PyTorch's own operations, right on
every device, differentiable in both inputs and the same from run to run; the same by sums in any order, where
gradients are wanted, quick on a GPU; and fused kernels for CUDA (`splatting_triton`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.model.fused import use_fused


def splat(values: Tensor, flow: Tensor) -> Tensor:
    """Carry `values` along `flow` and average what lands on a pixel.

    Convention: values (N, C, H, W); flow (N, 2, H, W) in pixels, x first; any floating dtype, one device.
    A pixel that lands between four is shared out among them bilinearly; what lands outside is lost. Each
    result is the sum of its shares divided by the sum of their weights, in at least float32; a pixel on which
    nothing lands is 0. Pixels whose flow is no finite number are left out. Returns (N, C, H, W), dtype of the
    values. Gradients flow to both inputs.

    Raises:
        ValueError: when the shapes do not fit together.
    """
    return splat_together([values], flow)[0]


def splat_together(parts: Sequence[Tensor], flow: Tensor) -> tuple[Tensor, ...]:
    """`splat` of several values of one size along the same flow: where pixels land is found once.

    Raises:
        ValueError: when the shapes do not fit together.
    """
    for values in parts:
        if values.ndim != 4 or flow.shape != (len(values), 2, *values.shape[2:]):
            raise ValueError(f"a flow of {tuple(flow.shape)} cannot carry values of {tuple(values.shape)}")
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (flow, *parts)):
        carried = splat_by_adding(torch.cat(list(parts), 1), flow)
        return tuple(torch.split(carried, [values.shape[1] for values in parts], 1))
    if use_fused(flow, *parts):
        from flavr_core.model.splatting_triton import splat_fused

        return splat_fused(parts, flow)
    carried = splat_plainly(torch.cat(list(parts), 1), flow)
    return tuple(torch.split(carried, [values.shape[1] for values in parts], 1))


def splat_plainly(values: Tensor, flow: Tensor) -> Tensor:
    """`splat` by PyTorch's own operations: what lands on a pixel is found by sorting."""
    dtype = torch.promote_types(values.dtype, torch.float32)
    pictures = zip(values, flow.to(dtype), strict=True)  # one by one, as sorting and summing take room
    return torch.stack([_splat_one(picture, motion, dtype) for picture, motion in pictures])


def splat_by_adding(values: Tensor, flow: Tensor) -> Tensor:
    """`splat` of all pictures at once, each share added to what is there already: for training.

    On CUDA the order of the sums is not fixed; nothing waits for the device and nothing depends on the
    contents, so that it can be part of a CUDA graph.
    """
    count, channels, height, width = values.shape
    dtype = torch.promote_types(values.dtype, torch.float32)
    finite = flow.isfinite().all(1)
    x = flow[:, 0].to(dtype) + torch.arange(width, device=flow.device)
    y = flow[:, 1].to(dtype) + torch.arange(height, device=flow.device)[:, None]
    x, y = torch.where(finite, x, -9.0), torch.where(finite, y, -9.0)  # (N, H, W)
    left, upper = x.detach().floor(), y.detach().floor()
    right_share, lower_share = x - left, y - upper
    first = torch.arange(count, device=flow.device)[:, None, None] * (height * width)
    table = functional.pad(
        values.to(dtype).permute(0, 2, 3, 1), (0, 1), value=1.0
    )  # weights as one channel more
    table = table.reshape(-1, channels + 1)
    summed = torch.zeros_like(table)
    for row, vertical in ((upper, 1 - lower_share), (upper + 1, lower_share)):
        for column, horizontal in ((left, 1 - right_share), (left + 1, right_share)):
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            share = torch.where(inside, vertical * horizontal, 0.0).reshape(-1, 1)
            place = row.clamp(0, height - 1).long() * width + column.clamp(0, width - 1).long()
            summed.index_add_(0, (first + place).flatten(), share * table)
    weight = summed[:, -1:]
    mean = summed[:, :-1] / torch.where(weight == 0, 1, weight)
    return mean.view(count, height, width, channels).permute(0, 3, 1, 2).to(values.dtype)


def _splat_one(values: Tensor, flow: Tensor, dtype: torch.dtype) -> Tensor:
    """One picture, (C, H, W) along (2, H, W)."""
    channels, height, width = values.shape
    pixels = height * width
    targets, shares = _landings(flow)
    targets, order = torch.sort(targets, stable=True)
    begins = torch.searchsorted(targets, torch.arange(pixels + 1, dtype=torch.int32, device=values.device))
    del targets
    table = values.permute(1, 2, 0).reshape(pixels, channels).to(dtype)
    table = functional.pad(table, (0, 1), value=1.0)  # the weights are summed as one channel more
    summed = functional.embedding_bag(
        order % pixels, table, begins, mode="sum", per_sample_weights=shares[order]
    )  # (pixels + 1, C + 1), the last for what is lost
    weight = summed[:-1, -1:]
    mean = summed[:-1, :-1] / torch.where(weight == 0, 1, weight)
    return mean.view(height, width, channels).permute(2, 0, 1).to(values.dtype)


def _landings(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Where the pixels of a picture land, and with what weight: four of (H * W,), one after the other.

    Convention: flow (2, H, W); places are int32, counted row by row, H * W stands for nowhere.
    """
    _, height, width = flow.shape
    finite = flow.isfinite().all(0)
    x = flow[0] + torch.arange(width, device=flow.device)
    y = flow[1] + torch.arange(height, device=flow.device)[:, None]
    x, y = torch.where(finite, x, -9.0), torch.where(finite, y, -9.0)
    left, upper = x.detach().floor(), y.detach().floor()
    right_share, lower_share = x - left, y - upper
    targets, shares = [], []
    for row, vertical in ((upper, 1 - lower_share), (upper + 1, lower_share)):
        for column, horizontal in ((left, 1 - right_share), (left + 1, right_share)):
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            place = row.clamp(0, height - 1).int() * width + column.clamp(0, width - 1).int()
            targets.append(torch.where(inside, place, height * width).flatten())
            shares.append((vertical * horizontal).flatten())
    return torch.cat(targets), torch.cat(shares)
