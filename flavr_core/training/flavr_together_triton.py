"""What lies between the convolutions of FLAVR in training, there and back, in few passes over memory.

Imported only where Triton is installed; see `flavr_together`, whose plain ways say what is computed.
Convention: features (N, K, H, W) with their channels last in memory, K = frames * channels a multiple of 128
and H * W one of 64; sums in float32, the same each time.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

CHANNELS = 128
"""Channels of a tile."""
PLACES = 64
"""Places of a tile."""
_SHARE = 1024
"""Places that one program sums over, at most."""


@triton.jit
def _rectify(  # type: ignore[no-untyped-def]
    x, bias, width, CHANNELS: tl.constexpr, PLACES: tl.constexpr
):  # fmt: skip
    """x becomes x + bias, rectified."""
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    place = tl.program_id(0) * PLACES + tl.arange(0, PLACES)
    at = place.to(tl.int64)[:, None] * width + channel[None, :]
    value = tl.load(x + at).to(tl.float32) + tl.load(bias + channel)[None, :]
    tl.store(x + at, tl.maximum(value, 0.0).to(x.dtype.element_ty))


@triton.jit
def _scale(  # type: ignore[no-untyped-def]
    x, factor, shift, skip, out, places, width, slope,
    HAS_SKIP: tl.constexpr, CHANNELS: tl.constexpr, PLACES: tl.constexpr,
):  # fmt: skip
    """Out is factor * x + shift + skip, rectified; factor and shift of each sample's channels."""
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    first = tl.program_id(0) * PLACES
    at = (first + tl.arange(0, PLACES)).to(tl.int64)[:, None] * width + channel[None, :]
    own = (first // places) * width + channel
    value = tl.load(x + at).to(tl.float32) * tl.load(factor + own)[None, :] + tl.load(shift + own)[None, :]
    if HAS_SKIP:
        value += tl.load(skip + at).to(tl.float32)
    tl.store(out + at, tl.where(value > 0, value, slope * value).to(out.dtype.element_ty))


@triton.jit
def _sum_back(  # type: ignore[no-untyped-def]
    gradient, made, x, parts, products, places, share, width, slope,
    HAS_PRODUCTS: tl.constexpr, CHANNELS: tl.constexpr, PLACES: tl.constexpr,
):  # fmt: skip
    """Sums over a share of a sample's places: of the gradient before the rectifier, and of it times x."""
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    sample = tl.program_id(2)
    first = tl.program_id(0) * share
    last = tl.minimum(first + share, places)
    total = tl.zeros((PLACES, CHANNELS), tl.float32)
    product = tl.zeros((PLACES, CHANNELS), tl.float32)
    while first < last:
        place = sample * places + first + tl.arange(0, PLACES)
        at = place.to(tl.int64)[:, None] * width + channel[None, :]
        value = tl.load(gradient + at).to(tl.float32)
        value = tl.where(tl.load(made + at).to(tl.float32) > 0, value, slope * value)
        total += value
        if HAS_PRODUCTS:
            product += value * tl.load(x + at).to(tl.float32)
        first += PLACES
    at = (sample * tl.num_programs(0) + tl.program_id(0)) * width + channel
    tl.store(parts + at, tl.sum(total, 0))
    if HAS_PRODUCTS:
        tl.store(products + at, tl.sum(product, 0))


@triton.jit
def _spread_back(  # type: ignore[no-untyped-def]
    gradient, made, factor, shift, back, skip_back, places, width, slope,
    HAS_SKIP: tl.constexpr, HAS_FACTOR: tl.constexpr, CHANNELS: tl.constexpr, PLACES: tl.constexpr,
):  # fmt: skip
    """Back is factor * the gradient before the rectifier + shift; that of the skip is without both."""
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    first = tl.program_id(0) * PLACES
    at = (first + tl.arange(0, PLACES)).to(tl.int64)[:, None] * width + channel[None, :]
    own = (first // places) * width + channel
    value = tl.load(gradient + at).to(tl.float32)
    value = tl.where(tl.load(made + at).to(tl.float32) > 0, value, slope * value)
    if HAS_SKIP:
        tl.store(skip_back + at, value.to(skip_back.dtype.element_ty))
    if HAS_FACTOR:
        value = value * tl.load(factor + own)[None, :] + tl.load(shift + own)[None, :]
    tl.store(back + at, value.to(back.dtype.element_ty))


@triton.jit
def _sum(  # type: ignore[no-untyped-def]
    x, parts, places, share, width, CHANNELS: tl.constexpr, PLACES: tl.constexpr
):  # fmt: skip
    """Sums over a share of a sample's places."""
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    sample = tl.program_id(2)
    first = tl.program_id(0) * share
    last = tl.minimum(first + share, places)
    total = tl.zeros((PLACES, CHANNELS), tl.float32)
    while first < last:
        place = sample * places + first + tl.arange(0, PLACES)
        total += tl.load(x + place.to(tl.int64)[:, None] * width + channel[None, :]).to(tl.float32)
        first += PLACES
    at = (sample * tl.num_programs(0) + tl.program_id(0)) * width + channel
    tl.store(parts + at, tl.sum(total, 0))


def fits(x: Tensor) -> bool:
    """Whether features can be taken, whatever their strides."""
    return x.shape[1] % CHANNELS == 0 and x.shape[2] * x.shape[3] % PLACES == 0


def _laid(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _by_tile(x: Tensor) -> tuple[int, int]:
    return x.shape[0] * x.shape[2] * x.shape[3] // PLACES, x.shape[1] // CHANNELS


def _by_share(x: Tensor) -> tuple[int, int, int]:
    places = x.shape[2] * x.shape[3]
    return triton.cdiv(places, min(_SHARE, places)), x.shape[1] // CHANNELS, x.shape[0]


def _parts(x: Tensor) -> Tensor:
    return torch.empty((x.shape[0], _by_share(x)[0], x.shape[1]), device=x.device)


def _sums_back(
    gradient: Tensor, made: Tensor, x: Tensor | None, slope: float
) -> tuple[Tensor, Tensor | None]:
    """(N, K) each."""
    places = made.shape[2] * made.shape[3]
    parts, products = _parts(made), None if x is None else _parts(made)
    _sum_back[_by_share(made)](
        gradient, made, made if x is None else x, parts, parts if products is None else products,
        places, min(_SHARE, places), made.shape[1], slope,
        HAS_PRODUCTS=x is not None, CHANNELS=CHANNELS, PLACES=PLACES, num_warps=8,
    )  # fmt: skip
    return parts.sum(1), None if products is None else products.sum(1)


class Rectified(torch.autograd.Function):
    """`rectified` of `flavr_together`; overwrites x."""

    @staticmethod
    def forward(ctx, x: Tensor, bias: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        """x (N, K, H, W), bias (K,)."""
        _rectify[_by_tile(x)](x, bias.float(), x.shape[1], CHANNELS=CHANNELS, PLACES=PLACES, num_warps=8)
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, gradient: Tensor):  # type: ignore[no-untyped-def]
        """Gradients of x and bias."""
        (made,) = ctx.saved_tensors
        gradient = _laid(gradient)
        back = torch.empty_like(made)
        _spread_back[_by_tile(made)](
            gradient, made, made, made, back, back, made.shape[2] * made.shape[3], made.shape[1], 0.0,
            HAS_SKIP=False, HAS_FACTOR=False, CHANNELS=CHANNELS, PLACES=PLACES, num_warps=8,
        )  # fmt: skip
        sums, _ = _sums_back(gradient, made, None, 0.0)
        return back, sums.sum(0)


class Gated(torch.autograd.Function):
    """`gated` of `flavr_together`."""

    @staticmethod
    def forward(  # type: ignore[no-untyped-def]
        ctx, x: Tensor, bias: Tensor, weight: Tensor, pooled_bias: Tensor, skip: Tensor | None, slope: float
    ) -> Tensor:
        """x (N, T * C, H, W), bias (C,), weight (C, C), pooled_bias (C,), skip like x."""
        samples, channels = len(x), len(bias)
        frames, places = x.shape[1] // channels, x.shape[2] * x.shape[3]
        parts = _parts(x)
        _sum[_by_share(x)](
            x, parts, places, min(_SHARE, places), x.shape[1],
            CHANNELS=CHANNELS, PLACES=PLACES, num_warps=8,
        )  # fmt: skip
        with torch.autocast(x.device.type, enabled=False):
            wide = bias.float()
            mean = parts.sum(1).view(samples, frames, channels).sum(1) / (frames * places) + wide
            factor = torch.addmm(pooled_bias.float(), mean, weight.float().T).sigmoid()
            factors = factor.repeat(1, frames)
            shifts = factors * wide.repeat(frames)
        skip = None if skip is None else _laid(skip)
        made = torch.empty_like(x)
        _scale[_by_tile(x)](
            x, factors, shifts, x if skip is None else skip, made, places, x.shape[1], slope,
            HAS_SKIP=skip is not None, CHANNELS=CHANNELS, PLACES=PLACES, num_warps=8,
        )  # fmt: skip
        ctx.save_for_backward(x, made, wide, mean, factor, weight)
        ctx.slope, ctx.has_skip = slope, skip is not None
        return made

    @staticmethod
    def backward(ctx, gradient: Tensor):  # type: ignore[no-untyped-def]
        """Gradients of all but the slope."""
        x, made, bias, mean, factor, weight = ctx.saved_tensors
        samples, channels = factor.shape
        frames, places = x.shape[1] // channels, x.shape[2] * x.shape[3]
        gradient = _laid(gradient)
        sums, products = _sums_back(gradient, made, x, ctx.slope)
        assert products is not None
        sums, products = (part.view(samples, frames, channels).sum(1) for part in (sums, products))
        with torch.autocast(x.device.type, enabled=False):
            before = (products + bias * sums) * factor * (1 - factor)  # of what the sigmoid saw
            of_mean = before @ weight.float()
            of_weight, of_pooled = before.T @ mean, before.sum(0)
            of_bias = (factor * sums + of_mean).sum(0)
            shifts = (of_mean / (frames * places)).repeat(1, frames)
            factors = factor.repeat(1, frames)
        back = torch.empty_like(x)
        skip_back = torch.empty_like(x) if ctx.has_skip else back
        _spread_back[_by_tile(x)](
            gradient, made, factors, shifts, back, skip_back, places, x.shape[1], ctx.slope,
            HAS_SKIP=ctx.has_skip, HAS_FACTOR=True, CHANNELS=CHANNELS, PLACES=PLACES, num_warps=8,
        )  # fmt: skip
        return back, of_bias, of_weight, of_pooled, skip_back if ctx.has_skip else None, None
