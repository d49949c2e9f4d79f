"""Convolutions of a four-frame FLAVR that compute all frames of a place at once, the column of it.

Three taps along time over four frames are ten products. A column's four results share the four inputs and the
three weights of each place in space, so a program that computes them together reads each but once and leaves
out the two products that multiply padding. What follows a convolution (bias, rectifier, the sums that a gate
wants, the next 1x1 fusion) is done before its result is written, and inputs are joined as they are read.

Here are the layers and their plain way by torch's operations, which is what counts; `flavr_columns_triton`,
`flavr_passes_triton` and `flavr_sums_triton` have the programs for Hopper GPUs.

Convention: frames (N * 4, C, H, W), channels last in memory or a range of the channels of such a tensor.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.flavr_fast import tap_sums_in_space, taps_over_time
from flavr_core.model.flavr_fast_convs import PHASES, interleaved
from flavr_core.model.flavr_form import kept
from flavr_core.model.flavr_stages import SLOPE, Gate
from flavr_core.model.fused import has_triton

FRAMES = 4
"""Frames of a column."""
BLOCK = 64
"""Channels that a program reads or makes at a time: all numbers of channels are multiples of it."""
_PHASE_TAPS = ((3, 1), (2, 0))
"""Taps of four that even and odd pixels of a transposed convolution take, in the order of their inputs."""


class Activation(IntEnum):
    """What follows a convolution."""

    NONE = 0
    RELU = 1
    LEAKY = 2


@lru_cache(maxsize=64)
def has_programs(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether there are programs for such frames: halves on a Hopper GPU, with Triton."""
    if device.type != "cuda" or dtype != torch.float16 or not torch.cuda.is_available():
        return False
    return torch.cuda.get_device_capability(device) == (9, 0) and has_triton()


def is_programmed(frames: Tensor) -> bool:
    """Whether there are programs for these frames."""
    return has_programs(frames.device, frames.dtype)


def activated(values: Tensor, activation: Activation) -> Tensor:
    """`values` after the rectifier."""
    if activation is Activation.RELU:
        return functional.relu(values)
    return functional.leaky_relu(values, SLOPE) if activation is Activation.LEAKY else values


class ColumnConv(nn.Module):
    """A convolution of three taps along time and any in space, or a transposed one of 4x4 taps and stride 2.

    Attributes:
        rows: the weights as programs read them, (phases * O / 64 * taps * 3 * 64, I): for each phase and 64
            outputs, for each tap in space, the taps along time, for each of them the outputs.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        *,
        dtype: torch.dtype,
        stride: int = 1,
        padding: tuple[int, int] = (1, 1),
        grows: bool = False,
    ) -> None:
        """Take weights as the plain network's, (O, I, 3, h, w), or (I, O, 3, 4, 4) where the layer grows."""
        super().__init__()
        self.stride, self.padding, self.grows = stride, padding, grows
        if grows:
            taps = weight.transpose(0, 1).flip(2)  # as a correlation in time
            parts = [taps[:, :, :, list(_PHASE_TAPS[down])][..., list(_PHASE_TAPS[across])]
                     for down, across in PHASES]  # fmt: skip
        else:
            parts = [weight]
        self.width, self.kernel = len(parts[0]), (int(parts[0].shape[3]), int(parts[0].shape[4]))
        self.rows = kept(torch.cat([_in_rows(part) for part in parts]).to(dtype))
        self.bias = None if bias is None else kept(bias.float() if dtype.itemsize < 4 else bias.to(dtype))

    def scaled(self, scale: Tensor) -> Tensor:
        """The rows for inputs whose channels are yet to be multiplied, (N, rows, I); scale is (N, I)."""
        if is_programmed(self.rows):
            from flavr_core.model.flavr_passes_triton import scale_rows

            return scale_rows(self.rows, scale)
        if self.rows.is_meta:
            return self.rows.new_empty((len(scale), *self.rows.shape))
        wanted: Tensor = (self.rows.to(scale.dtype) * scale[:, None]).to(self.rows.dtype)
        return wanted

    def forward(
        self,
        x: Tensor,
        out: Tensor,
        activation: Activation,
        *,
        joined: Tensor | None = None,
        rows: Tensor | None = None,
        has_means: bool = False,
    ) -> Tensor | None:
        """Write the rectified result to `out`, of the result's shape.

        Args:
            x: frames.
            out: frames of this layer's width.
            activation: the rectifier.
            joined: frames whose channels follow those of x; not where the stride is 2.
            rows: weights for each sample instead of this layer's own, see `scaled`.
            has_means: whether means before the rectifier are wanted.

        Returns:
            the means, (N, O), if wanted.
        """
        samples = len(x) // FRAMES
        weights = self.rows.expand(samples, -1, -1) if rows is None else rows
        if is_programmed(x):
            return self.run(x, out, weights, activation, joined=joined, has_means=has_means)
        x = x if joined is None or x.is_meta else torch.cat([x, joined], 1)
        if x.is_meta:
            self.count(x)
            return x.new_empty((samples, self.width), dtype=torch.float32) if has_means else None
        means = []
        for number in range(samples):
            part = slice(FRAMES * number, FRAMES * (number + 1))
            drawn = self._plainly(x[part], weights[number], out.shape[2:])
            means.append(drawn.mean((0, 2, 3)))
            out[part] = activated(drawn, activation)
        return torch.stack(means) if has_means else None

    def fused(self, x: Tensor, joined: Tensor, out: Tensor, fuse: Tensor, *, rows: Tensor) -> None:
        """Grow, rectify, merge the frames by `fuse`, rectify: write one picture a sample to `out`.

        Args:
            x: frames.
            joined: frames whose channels follow those of x.
            out: (N, 64, 2 * H, 2 * W).
            fuse: (N, 4 * 64, 64): for each frame the merged channels, for each of them its weights.
            rows: weights for each sample, see `scaled`.
        """
        if is_programmed(x):
            self.run(x, out, rows, Activation.LEAKY, joined=joined, merging=fuse)
            return
        if x.is_meta:
            self.count(x)
            return
        x = torch.cat([x, joined], 1)
        for number, matrix in enumerate(fuse):
            part = slice(FRAMES * number, FRAMES * (number + 1))
            grown = self._plainly(x[part], rows[number], out.shape[2:])
            grown = activated(grown, Activation.LEAKY)
            over_time = matrix.unflatten(0, (FRAMES, -1)).permute(1, 0, 2).flatten(1)  # (64, 4 * 64)
            merged = functional.conv2d(grown.flatten(0, 1)[None], over_time[:, :, None, None])
            out[number] = activated(merged[0], Activation.LEAKY)

    def run(
        self,
        x: Tensor,
        out: Tensor,
        rows: Tensor,
        activation: Activation,
        *,
        joined: Tensor | None = None,
        factors: Tensor | None = None,
        has_means: bool = False,
        merging: Tensor | None = None,
    ) -> Tensor | None:
        """Launch the program, see `flavr_columns_triton.convolve`."""
        from flavr_core.model.flavr_columns_triton import convolve

        means: Tensor | None = convolve(
            x, out, rows, self.bias, kernel=self.kernel, stride=self.stride, padding=self.padding,
            grows=self.grows, width=self.width, activation=int(activation), joined=joined,
            factors=factors, has_means=has_means, merging=merging,
        )  # fmt: skip
        return means

    def _plainly(self, frames: Tensor, rows: Tensor, size: tuple[int, ...]) -> Tensor:
        """One sample's result with its bias and without a rectifier, (4, O, *size)."""
        down, across = self.kernel
        parts = rows.unflatten(0, (-1, self.width // BLOCK, down, across, 3, BLOCK))
        weights = parts.permute(0, 1, 5, 6, 4, 2, 3).flatten(1, 2)  # (phases, O, I, 3, h, w)
        above, beside = self.padding
        volume = frames.transpose(0, 1)[None]  # (1, I, 4, H, W)
        if not self.grows:
            return self._correlated(volume, weights[0], above, beside, size)
        half = (size[0] // 2, size[1] // 2)
        phases = [
            self._correlated(volume, weight, above - below, beside - right, half)
            for (below, right), weight in zip(PHASES, weights, strict=True)
        ]
        return interleaved(phases)

    def count(self, x: Tensor) -> None:
        """Show the arithmetic to whoever counts it, and hardly any memory: programs hold only `out`."""
        down, across = self.kernel
        inputs = self.rows.shape[1]
        volume = x[:, :1].expand(-1, inputs, -1, -1).unflatten(0, (-1, FRAMES)).transpose(1, 2)
        weight = x.new_empty((4, inputs, 3, down, across))
        padding = (1, down // 2, across // 2)
        for _ in range(len(self.rows) // (down * across * 3 * len(weight))):
            functional.conv3d(volume, weight, None, (1, self.stride, self.stride), padding)

    def _correlated(
        self, volume: Tensor, weight: Tensor, above: int, beside: int, size: tuple[int, ...]
    ) -> Tensor:
        """The library's convolution after so many rows above and columns beside of zeros: (4, O, *size)."""
        bias = None if self.bias is None else self.bias.to(volume.dtype)
        steps = (1, self.stride, self.stride)
        after = [
            (count - 1) * self.stride + taps - before - have
            for count, taps, before, have in zip(
                size, self.kernel, (above, beside), volume.shape[3:], strict=True
            )
        ]
        padded = functional.pad(volume, (beside, after[1], above, after[0]))
        drawn = functional.conv3d(padded, weight, bias, steps, (1, 0, 0))
        return drawn[0].transpose(0, 1)


def _in_rows(weight: Tensor) -> Tensor:
    """(O, I, 3, h, w) to (O / 64 * h * w * 3 * 64, I)."""
    blocks = weight.unflatten(0, (-1, BLOCK))  # (O / 64, 64, I, 3, h, w)
    rows: Tensor = blocks.permute(0, 4, 5, 3, 1, 2).flatten(0, 4)
    return rows


def finish_block(values: Tensor, scale: Tensor, rest: Tensor) -> None:
    """Put relu(values * scale + rest) in place of the values of frames; scale is (N, C)."""
    if is_programmed(values):
        from flavr_core.model import flavr_passes_triton

        flavr_passes_triton.finish_block(values, scale, rest)
    elif not values.is_meta:
        samples = (-1, FRAMES)
        scaled = values.unflatten(0, samples) * scale[:, None, :, None, None].to(values.dtype)
        values.copy_(functional.relu_(scaled.flatten(0, 1).add_(rest)))


def gate_factors(gate: Gate, means: Tensor, frames: Tensor) -> Tensor:
    """The factors of a gate for the means of frames, (N, C)."""
    if not is_programmed(frames) or gate.gathered is not None or gate.held is not None:
        return gate.factors(means)
    from flavr_core.model import flavr_sums_triton

    pooled = gate.attn_layer[0]
    assert isinstance(pooled, nn.Conv3d)
    assert pooled.bias is not None
    found: Tensor = flavr_sums_triton.gate_factors(means.contiguous(), pooled.weight.flatten(1), pooled.bias)
    return found


def tap_sums(frames: Tensor) -> Tensor:
    """For each tap of a growing layer the sum of its inputs, (N, C, 3, 4, 4), see `flavr_stages.tap_sums`."""
    if is_programmed(frames):
        from flavr_core.model import flavr_sums_triton

        by_frame: Tensor = flavr_sums_triton.tap_sums(frames)
        return taps_over_time(by_frame, FRAMES)
    return taps_over_time(tap_sums_in_space(frames), FRAMES)
