"""Convolutions in 8-bit integers on a CPU, in the ways a fast FLAVR knows; by oneDNN alone.

Convention as in `flavr_fast_convs`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from flavr_core.model.flavr_fast_convs import Size, TimeConv, as_frames, as_volume, kept_bias

FRAMES = 4
"""Inputs that can be taken in pairs."""
_MIDDLE = 128
"""Code of no difference."""
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

    By way of signed codes 128 below: processors turn halves into those several times as quickly.
    """
    shift = torch.full((), zero - 128.0, dtype=frames.dtype)
    codes = torch.add(shift, frames, alpha=factor).round_()
    if any(padding):
        (above, beside), (count, channels, rows, columns) = padding, frames.shape
        size = (count, rows + 2 * above, columns + 2 * beside, channels)
        signed = torch.full(size, zero - 128, dtype=torch.int8).permute(0, 3, 1, 2)
        signed[:, :, above : above + rows, beside : beside + columns] = codes
    else:
        signed = codes.to(torch.int8)
    return signed.view(torch.uint8).bitwise_xor_(128)


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
        if frames.is_meta:
            return self._counted(frames)
        least, largest = _range(frames)
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

    def _counted(self, frames: Tensor) -> Tensor:
        """The result without contents, and the codes that are alive with it."""
        outputs, _, _, *kernel = self.coded.codes.shape
        rows, columns = (
            (size + 2 * pad - taps) // step + 1
            for size, pad, taps, step in zip(frames.shape[2:], self.padding, kernel, self.stride, strict=True)
        )
        codes = torch.empty_like(frames, dtype=torch.uint8)
        return codes.new_empty((len(frames), outputs, rows, columns), dtype=self.dtype)


class PairedIntegerConv(IntegerConv):
    """The same with a fifth less work where four inputs are all from zero on: eight products instead of ten.

    Two frames between their neighbours, a to d, take four products (Winograd's F(2, 3), along time; A. Lavin
    and S. Gray, "Fast algorithms for convolutional neural networks", 2016): (a - c) g0, (b - d) g2,
    (b + c)(g0 + g1 + g2) / 2 and (c - b)(g0 - g1 + g2) / 2. Codes have 7 bits here, so that sums and
    differences have 8.
    """

    def set_weights(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        """Mix the taps, round to 8 bits."""
        super().set_weights(weight, bias, dtype)
        first, second, third = weight.unbind(2)
        outer = (first + third) / 2
        mixed = (first, outer + second / 2, outer - second / 2, third)
        self.mixed = nn.ModuleList([CodedWeights(taps) for taps in mixed])

    def forward(self, frames: Tensor, count: int) -> Tensor:
        """See the module's convention."""
        if frames.is_meta or count != FRAMES or self.stride != (1, 1) or _has_negative(frames):
            return super().forward(frames, count)
        factor = _codes_a_unit(_largest(frames), 127)
        mixes = _mix_pairs(_codes(frames, factor, 0, self.padding))
        zeros, biases = (_MIDDLE, 0, _MIDDLE, _MIDDLE), (None, self.bias, None, None)
        products = []
        for weights, mix, zero, bias in zip(self.mixed, mixes, zeros, biases, strict=True):
            assert isinstance(weights, CodedWeights)
            drawn = weights.convolve(
                mix, 1 / factor, zero, bias, self.dtype, stride=self.stride, padding=(0, 0)
            )
            products.append(drawn.permute(0, 2, 3, 1))
        one, two, three, four = products  # (2 * N, H, W, C) each
        out = torch.empty((len(one), 2, *one.shape[1:]), dtype=one.dtype)
        out[:, 0] = one.add_(two).add_(three)
        out[:, 1] = two.sub_(three).sub_(four)
        return out.flatten(0, 1).permute(0, 3, 1, 2)


def _mix_pairs(codes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What `PairedIntegerConv` multiplies: (N * 4, C, H, W) of 7 bits to four of (N * 2, C, H, W) of 8.

    Differences have their zero at 128; before the first frame and after the last there is nothing.
    """
    one, two, three, four = codes.permute(0, 2, 3, 1).unflatten(0, (-1, FRAMES)).unbind(1)

    def pair(before: Tensor, after: Tensor) -> Tensor:
        return torch.stack((before, after), 1).flatten(0, 1).permute(0, 3, 1, 2)

    return (
        pair(_MIDDLE - two, (two - four).add_(_MIDDLE)),
        pair(one + two, three + four),
        pair((two - one).add_(_MIDDLE), (four - three).add_(_MIDDLE)),
        pair((one - three).add_(_MIDDLE), three + _MIDDLE),
    )
