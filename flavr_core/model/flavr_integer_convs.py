"""Convolutions in 8-bit integers on a CPU, in the ways a fast FLAVR knows; by oneDNN alone.

Convention as in `flavr_fast_convs`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from flavr_core.model.flavr_fast_convs import (
    Size,
    TimeConv,
    ToomCookConv,
    as_frames,
    as_volume,
    kept_bias,
    pixels_last,
)

_MIDDLE = 128
"""Code of zero where values lie on both sides of it alike."""
MOST_LAYOUTS = 3
"""Shapes of input for which weights are kept as the library lays them: bands at the edges and within."""


def _range(frames: Tensor) -> tuple[float, float]:
    """The least and the largest value, or zero where all lie on one side of it."""
    least = -_largest(-frames) if _has_negative(frames) else 0.0
    return least, _largest(frames)


def _has_negative(frames: Tensor) -> bool:
    bits = frames.view(torch.int16) if frames.dtype is torch.bfloat16 else frames
    return float(bits.amin()) < 0


def _largest(frames: Tensor) -> float:
    """The largest value, or zero. Halves from zero on have the order of their bits, which are looked through
    in a seventh of the time."""
    if frames.dtype is not torch.bfloat16:
        return max(float(frames.amax()), 0.0)
    bits = frames.view(torch.int16).amax()
    return float(bits.view(torch.bfloat16)) if int(bits) > 0 else 0.0


def _codes_a_unit(span: float, codes: int) -> float:
    """The factor by which values that differ by at most `span` become so many steps.

    Rounded down to eight bits, as factors are where they multiply halves.
    """
    mantissa, exponent = math.frexp(min(codes / max(span, 1e-30), 1e30))
    return math.ldexp(math.floor(mantissa * 256) / 256, exponent)


def _codes(frames: Tensor, factor: float, zero: int, padding: Size) -> Tensor:
    """`frames * factor + zero` rounded, (M, C, H, W) uint8 with channels last, padded with `zero`.

    By way of signed codes 128 below: processors turn halves into those several times as quickly. They are
    rounded before, where halves of small values are finer.
    """
    near = torch.full((), zero, dtype=frames.dtype, device=frames.device)
    codes = torch.add(near, frames, alpha=factor) if zero else frames * factor
    codes.round_().sub_(_MIDDLE)
    if any(padding):
        (above, beside), (count, channels, rows, columns) = padding, frames.shape
        size = (count, rows + 2 * above, columns + 2 * beside, channels)
        signed = torch.full(size, zero - _MIDDLE, dtype=torch.int8).permute(0, 3, 1, 2)
        signed[:, :, above : above + rows, beside : beside + columns] = codes
    else:
        signed = codes.to(torch.int8)
    return signed.view(torch.uint8).bitwise_xor_(_MIDDLE)


class CodedWeights(nn.Module):
    """Weights in 8 bits by one factor a channel, and as the library lays them."""

    codes: Tensor
    scale: Tensor
    zero: Tensor

    def __init__(self, weight: Tensor) -> None:
        """Round (O, I, h, w) or (O, I, t, h, w)."""
        super().__init__()
        highest = weight.float().abs().flatten(1).amax(1)
        scale = (highest / 127).clamp_min(torch.finfo(torch.float32).tiny)
        rounded = (weight.float() / scale.view(-1, *[1] * (weight.ndim - 1))).round()
        self.register_buffer("codes", rounded.to(torch.int8))
        self.register_buffer("scale", scale)
        self.register_buffer("zero", torch.zeros(len(scale), dtype=torch.int64))
        self._laid: dict[tuple[int, ...], Tensor] = {}

    def convolve(
        self, inputs: Tensor, scale: float, zero: int, bias: Tensor | None, dtype: torch.dtype, *,
        stride: Sequence[int], padding: Sequence[int],
    ) -> Tensor:  # fmt: skip
        """Convolve codes (N, I, ...) uint8 of values `scale * (code - zero)` to (N, O, ...) in `dtype`."""
        if inputs.is_meta:
            sizes = zip(inputs.shape[2:], padding, self.codes.shape[2:], stride, strict=True)
            places = [(size + 2 * pad - taps) // step + 1 for size, pad, taps, step in sizes]
            return inputs.new_empty((len(inputs), len(self.codes), *places), dtype=dtype)
        key = (*inputs.shape, int(zero != 0), *padding)
        steps, padded, apart = list(stride), list(padding), [1] * len(stride)
        if key not in self._laid:
            if len(self._laid) >= MOST_LAYOUTS:
                self._laid.clear()
            self._laid[key] = torch.ops.onednn.qconv_prepack(
                self.codes, self.scale, 1.0, zero, steps, padded, apart, 1, list(inputs.shape)
            )
        drawn: Tensor = torch.ops.onednn.qconv_pointwise(
            inputs, scale, zero, self._laid[key], self.scale, self.zero, bias, steps, padded, apart, 1, 1.0,
            0, dtype, "none", [], "",
        )  # fmt: skip
        return drawn


class IntegerConv(TimeConv):
    """Inputs in 8 bits by one factor and one zero for all, those of their range, which is found each time."""

    def set_weights(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        """Round to 8 bits; the bias is not rounded."""
        assert not self.transposed
        self.coded = CodedWeights(weight)
        self.bias = kept_bias(bias, torch.float32)
        self.dtype = dtype

    def forward(self, frames: Tensor, count: int) -> Tensor:
        """See the module's convention."""
        least, largest = (0.0, 1.0) if frames.is_meta else _range(frames)
        # With a zero within, both ends may be rounded away from it.
        factor = _codes_a_unit(largest - least, 254 if least else 255)
        zero = round(-least * factor)
        # The library takes long over padding that is no zero, so that is written here.
        written, padding = (self.padding, (0, 0)) if zero else ((0, 0), self.padding)
        volume = as_volume(_codes(frames, factor, zero, written), count)
        drawn = self.coded.convolve(
            volume, 1 / factor, zero, self.bias, self.dtype, stride=(1, *self.stride), padding=(1, *padding)
        )
        return as_frames(drawn)


class SixIntegerConv(ToomCookConv):
    """Six products along time in 8 bits, each by the largest value of its own mix of frames.

    Mixes are rounded, not frames, and added up with factors up to 2: some 9 dB less exact than `IntegerConv`.
    """

    def keep_folded(self, folded: Tensor, dtype: torch.dtype) -> None:
        """Round to 8 bits."""
        assert not self.transposed
        self.coded = nn.ModuleList([CodedWeights(part) for part in folded])
        self.dtype = dtype

    def bias_dtype(self, _dtype: torch.dtype) -> torch.dtype:
        """Biases are not rounded."""
        return torch.float32

    def products(self, points: Tensor) -> Iterator[Tensor]:
        """See `ToomCookConv`."""
        (above, beside), (_, count, channels, rows, columns) = self.padding, points.shape
        mixes = pixels_last(points.flatten(0, 1)).view(len(points), -1)
        highest = [1.0] * len(points) if points.is_meta else _farthest(mixes).tolist()
        factors = [_codes_a_unit(value, 127) for value in highest]
        size = (len(points), count, rows + 2 * above, columns + 2 * beside, channels)
        signed = torch.zeros(size, dtype=torch.int8, device=points.device)
        codes = mixes.mul(torch.tensor(factors, dtype=mixes.dtype, device=points.device)[:, None]).round_()
        inner = signed[:, :, above : above + rows, beside : beside + columns]
        inner.copy_(codes.view(len(points), count, rows, columns, channels))
        del mixes, codes
        inputs = signed.view(torch.uint8).bitwise_xor_(_MIDDLE).permute(0, 1, 4, 2, 3)
        for number, (weights, factor) in enumerate(zip(self.coded, factors, strict=True)):
            assert isinstance(weights, CodedWeights)
            yield weights.convolve(
                inputs[number], 1 / factor, _MIDDLE, self._bias_of(number), self.dtype,
                stride=self.stride, padding=(0, 0),
            )  # fmt: skip


def _farthest(rows: Tensor) -> Tensor:
    """The largest distance from zero in each row."""
    if rows.dtype is not torch.bfloat16:
        return rows.abs().amax(1)
    return rows.view(torch.int16).bitwise_and(0x7FFF).amax(1).view(torch.bfloat16)
