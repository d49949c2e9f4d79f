"""Convolutions over space and time on frames that lie one after the other, in the ways a fast FLAVR knows.

Convention of all: `conv(frames, count)`, frames (N * T, C, H, W) with T = count, channels last in memory;
returns (N * T, C', H', W') likewise, dtype of the weights. The taps along time are three, padded by
one frame of zeros at each end; each way gives the library's result up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model import time_winograd

Size = tuple[int, int]
"""Rows and columns."""


def as_volume(frames: Tensor, count: int) -> Tensor:
    """(N * T, C, H, W) seen as (N, C, T, H, W), the same memory."""
    volume: Tensor = frames.unflatten(0, (-1, count)).transpose(1, 2)
    return volume


def as_frames(volume: Tensor) -> Tensor:
    """(N, C, T, H, W) as (N * T, C, H, W), the same memory where its channels are last."""
    return volume.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)


def _laid(weight: Tensor) -> nn.Parameter:
    layout = torch.channels_last if weight.ndim == 4 else torch.channels_last_3d
    return nn.Parameter(weight.clone(memory_format=layout), requires_grad=False)


def kept_bias(bias: Tensor | None, dtype: torch.dtype) -> nn.Parameter | None:
    """A copy in `dtype`, not to be trained."""
    return None if bias is None else nn.Parameter(bias.to(dtype, copy=True), requires_grad=False)


class TimeConv(nn.Module):
    """The library's convolution of three taps along time, or what `FastOptions` has instead.

    Args of all ways: weight as the plain network's, (O, I, 3, h, w) or (I, O, 3, h, w) for a transposed
    one, and bias, float32 or more; dtype of the arithmetic; stride and padding in space.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        *,
        dtype: torch.dtype,
        stride: Size,
        padding: Size,
        transposed: bool = False,
    ) -> None:
        super().__init__()
        self.stride, self.padding, self.transposed = stride, padding, transposed
        self.set_weights(weight, bias, dtype)

    def set_weights(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        """Keep the weights as this way wants them."""
        self.weight = _laid(weight.to(dtype))
        self.bias = kept_bias(bias, dtype)

    def forward(self, frames: Tensor, count: int) -> Tensor:
        """See the module's convention."""
        return as_frames(self.convolve(as_volume(frames, count), self.weight, time_padding=1))

    def convolve(self, volume: Tensor, weight: Tensor, *, time_padding: int) -> Tensor:
        """The library's 3-D convolution with this layer's strides."""
        stride, padding = (1, *self.stride), (time_padding, *self.padding)
        if self.transposed:
            return functional.conv_transpose3d(volume, weight, self.bias, stride, padding)
        return functional.conv3d(volume, weight, self.bias, stride, padding)


class SkippingConv(TimeConv):
    """First and last frame by the two taps that see frames: ten products for four frames, the same sums."""

    def forward(self, frames: Tensor, count: int) -> Tensor:
        """See the module's convention."""
        if count < 2 or self.transposed:
            return super().forward(frames, count)
        volume = as_volume(frames, count)
        parts = [
            self.convolve(volume[:, :, :2], self.weight[:, :, 1:], time_padding=0),
            self.convolve(volume[:, :, -2:], self.weight[:, :, :2], time_padding=0),
        ]
        if count > 2:
            parts.insert(1, self.convolve(volume, self.weight, time_padding=0))
        return as_frames(torch.cat(parts, 2))


class ToomCookConv(TimeConv):
    """Four frames by six products, see `time_winograd`; other numbers of frames are not possible."""

    into: Tensor
    out_of: Tensor

    def set_weights(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        """Fold the taps in float64, round once."""
        into, taps_at, out_of = (part.to(weight.device) for part in time_winograd.matrices())
        taps = weight.double().unbind(2)
        if self.transposed:
            taps = taps[::-1]  # a transposed convolution's first tap reaches the frame after
        self.keep_folded(torch.einsum("pk,kabyx->pabyx", taps_at, torch.stack(list(taps))), dtype)
        self.register_buffer("into", into.to(dtype))
        self.register_buffer("out_of", out_of.to(dtype))
        self.biases = None
        if bias is not None:
            # Biases of the products that come out as the same bias in every frame.
            ones = torch.ones(time_winograd.FRAMES, dtype=torch.float64, device=weight.device)
            share = torch.linalg.pinv(out_of) @ ones  # (6,)
            kept_in = self.bias_dtype(dtype)
            self.biases = nn.ParameterList([kept_bias(part * bias.double(), kept_in) for part in share])

    def keep_folded(self, folded: Tensor, dtype: torch.dtype) -> None:
        """Keep the products' weights, (6, O, I, h, w) or (6, I, O, h, w) float64, as this way wants them."""
        self.weights = nn.ParameterList([_laid(part.to(dtype)) for part in folded])

    def bias_dtype(self, dtype: torch.dtype) -> torch.dtype:
        """In which biases are added where weights have `dtype`."""
        return dtype

    def forward(self, frames: Tensor, count: int) -> Tensor:
        """See the module's convention; count must be 4."""
        assert count == time_winograd.FRAMES
        points = _mixed(self.into, frames, count).unflatten(0, (time_winograd.PRODUCTS, -1))
        # (6, N, C, H, W)
        products: Tensor | None = None
        for number, drawn in enumerate(self.products(points)):
            if products is None:
                products = _frames_like(drawn, time_winograd.PRODUCTS).unflatten(0, (-1, len(drawn)))
            products[number].copy_(drawn)
        assert products is not None
        return _unmixed(self.out_of, products)

    def products(self, points: Tensor) -> Iterator[Tensor]:
        """The six products, (N, C', H', W') each, of mixed frames (6, N, C, H, W)."""
        for number, (weight, point) in enumerate(zip(self.weights, points.unbind(0), strict=True)):
            yield self._product(point, weight, self._bias_of(number))

    def _bias_of(self, number: int) -> Tensor | None:
        return None if self.biases is None else self.biases[number]

    def _product(self, point: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.transposed:
            return functional.conv_transpose2d(point, weight, bias, self.stride, self.padding)
        return functional.conv2d(point, weight, bias, self.stride, self.padding)


def _frames_like(frames: Tensor, times: int) -> Tensor:
    """Room for `times` as many pictures, channels last."""
    shape = (times * len(frames), *frames.shape[1:])
    return torch.empty(shape, dtype=frames.dtype, device=frames.device, memory_format=torch.channels_last)


def pixels_last(frames: Tensor) -> Tensor:
    """(M, C, H, W) with channels last seen as (M, H * W * C)."""
    return frames.permute(0, 2, 3, 1).flatten(1)


def _as_pictures(flat: Tensor, shape: Sequence[int]) -> Tensor:
    """(M, H * W * C) seen as (M, C, H, W) with channels last; shape is (C, H, W)."""
    channels, rows, columns = shape
    return flat.view(-1, rows, columns, channels).permute(0, 3, 1, 2)


def _mixed(matrix: Tensor, frames: Tensor, count: int) -> Tensor:
    """Each sample's frames mixed: (N * T, C, H, W) to (P * N, C, H, W), all samples of a mix together."""
    flat = pixels_last(frames).unflatten(0, (-1, count))  # (N, T, HWC)
    mixed = matrix @ flat[0] if len(flat) == 1 else torch.matmul(matrix, flat).transpose(0, 1).flatten(0, 1)
    return _as_pictures(mixed, frames.shape[1:])


def _unmixed(matrix: Tensor, products: Tensor) -> Tensor:
    """(P, N, C, H, W) to (N * T, C, H, W)."""
    shape = products.shape[2:]
    flat = pixels_last(products.flatten(0, 1)).unflatten(0, (len(products), -1))  # (P, N, HWC)
    if products.shape[1] == 1:
        return _as_pictures(matrix @ flat[:, 0], shape)
    return _as_pictures(torch.matmul(matrix, flat.transpose(0, 1)).flatten(0, 1), shape)


class WindowedUpConv(nn.Module):
    """A transposed convolution of 4x4 taps and stride 2 as one of 2x2 taps that gives four pixels a window.

    The windows begin one row and column before the picture. Even rows of the result come from the window
    whose second row is theirs, odd ones from the window below: no tap multiplies a zero put in between.
    """

    def __init__(
        self, way: type[TimeConv], weight: Tensor, bias: Tensor | None, *, dtype: torch.dtype
    ) -> None:
        super().__init__()
        taps = weight.transpose(0, 1).flip(2)  # (O, I, 3, 4, 4) as a correlation in time
        even, odd = [3, 1], [2, 0]
        phases = [taps[:, :, :, rows][..., columns] for rows in (even, odd) for columns in (even, odd)]
        self.conv = way(
            torch.cat(phases),
            None if bias is None else bias.repeat(4),
            dtype=dtype,
            stride=(1, 1),
            padding=(1, 1),
        )

    def phases_of(self, windows: Tensor) -> list[Tensor]:
        """Pixels of even and odd rows, each of even and odd columns, as views: (M, 4 * C, H + 1, W + 1) to
        four of (M, C, H, W)."""
        rows, columns = windows.shape[2] - 1, windows.shape[3] - 1
        return [
            phase[:, :, down : down + rows, across : across + columns]
            for phase, (down, across) in zip(windows.chunk(4, 1), PHASES, strict=True)
        ]

    def forward(self, frames: Tensor, count: int) -> Tensor:
        """See the module's convention."""
        return interleaved(self.phases_of(self.conv(frames, count)))


PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Row and column, of two each, that a phase is."""


def interleaved(phases: list[Tensor]) -> Tensor:
    """One picture of twice the size from four of (M, C, H, W)."""
    count, channels, rows, columns = phases[0].shape
    out = torch.empty(
        (count, channels, 2 * rows, 2 * columns), dtype=phases[0].dtype, device=phases[0].device,
        memory_format=torch.channels_last,
    )  # fmt: skip
    for phase, (down, across) in zip(phases, PHASES, strict=True):
        out[:, :, down::2, across::2] = phase
    return out


def as_phases(windows: Tensor, width: int) -> Tensor:
    """Windows of four pixels, (M, 4 * C, H, W), as these in a row, (M, C, 1, H * W * 4): the same memory."""
    pixels = windows.permute(0, 2, 3, 1).reshape(len(windows), 1, -1, width)
    return pixels.permute(0, 3, 1, 2)


def from_phases(pixels: Tensor, size: Sequence[int]) -> Tensor:
    """(M, C, 1, H * W * 4) as windows again, (M, 4 * C, H, W); size is (H, W)."""
    laid = pixels.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
    return laid.reshape(len(pixels), *size, -1).permute(0, 3, 1, 2)
