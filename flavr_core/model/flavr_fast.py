"""FLAVR made faster: the plain network's weights, the same picture, less work. For drawing only.

What is saved, beyond half precision and channels that lie last (the caller's choice of dtype):

* Frames lie one after the other, (N * T, C, H, W), both a batch of pictures and a volume: every layer
  takes whichever view its library is quicker with, and nothing is copied between them.
* A gate's factor is a sigmoid, so positive, so it passes through the leaky rectifier that follows it in
  the decoder: it is multiplied into the joined features as they are written, and in the last stage into
  the weights of the fusing convolution. Its mean is known before that stage is computed.
* The last stage, its rectifier and the fusing convolution run in bands of rows, so that the full-size
  features of all frames, the largest tensor of the network, never exist. Bands share nothing but two
  rows of input, as the output convolution runs on what they wrote: no row is computed twice.
* The fusing convolution is one over time, four taps of 1x1, so frames are never laid side by side.
* The steps of `FastOptions`.
"""

from __future__ import annotations

import math
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.errors import ModelError
from flavr_core.model import time_winograd
from flavr_core.model.flavr import HALO, Flavr
from flavr_core.model.flavr_config import FlavrConfig, Join, UpMode
from flavr_core.model.flavr_fast_convs import (
    SkippingConv,
    TimeConv,
    ToomCookConv,
    WindowedUpConv,
    as_phases,
    as_volume,
    from_phases,
    interleaved,
)
from flavr_core.model.flavr_fast_options import FastOptions
from flavr_core.model.flavr_form import FlavrForm, copied_gate, kept
from flavr_core.model.flavr_integer_convs import IntegerConv, SixIntegerConv
from flavr_core.model.flavr_stages import SLOPE, Block, ConvStage, Gate, UpStage
from flavr_core.model.network import Network, pad_to_multiple

SIX_FROM = 8
"""Where six products in integers save more than mixing costs: inputs at 1 / so much of the size."""


def can_be_fast(network: Network) -> bool:
    """Whether there is a fast form of it: a FLAVR as all published ones, bare or narrowed, are.

    Those with batch normalisation, enlarging decoders and skips that are added exist in papers' tables alone.
    """
    return isinstance(network, Flavr) and _is_usual(network.config)


def _is_usual(config: FlavrConfig) -> bool:
    return config.join is Join.CONCAT and config.up_mode is UpMode.TRANSPOSE and not config.batch_norm


def conv_and_gate(stage: nn.Module) -> tuple[nn.Conv3d | nn.ConvTranspose3d, Gate]:
    """The two layers of a plain decoder stage."""
    assert isinstance(stage, ConvStage | UpStage)
    sequence = stage.conv if isinstance(stage, ConvStage) else stage.upconv
    conv, gate = sequence[0], sequence[1]
    assert isinstance(conv, nn.Conv3d | nn.ConvTranspose3d)
    assert isinstance(gate, Gate)
    return conv, gate


class FastFlavr(FlavrForm):
    """See the module. Convention: as `Network`.

    Attributes:
        options: the steps that are on.
    """

    def __init__(self, plain: Flavr, *, dtype: torch.dtype, options: FastOptions) -> None:
        """Take the weights of a plain network, which keeps its own.

        Raises:
            ModelError: when the network has no fast form, see `can_be_fast`.
        """
        super().__init__(plain, dtype=dtype)
        if not can_be_fast(plain):
            raise ModelError(f"{plain.name or 'This FLAVR'} has no fast form.", "Use it as it is.")
        self.options = options
        build = _Builder(dtype=dtype, options=options, frames=plain.num_inputs)
        self.stem = build.conv(plain.encoder.stem[0], scale=1)
        layers = (plain.encoder.layer1, plain.encoder.layer2, plain.encoder.layer3, plain.encoder.layer4)
        self.layers = nn.ModuleList(
            nn.ModuleList(FastBlock(block, build, scale=scale) for block in layer)
            for layer, scale in zip(layers, (2, 4, 8, 8), strict=True)
        )
        *stages, (last, last_gate) = [conv_and_gate(stage) for stage in plain.decoder]
        self.stages = nn.ModuleList(
            FastStage(conv, gate, build, scale=scale)
            for (conv, gate), scale in zip(stages, (8, 8, 4, 2), strict=True)
        )
        self.last = build.conv(last, scale=2)
        self.last_gate = copied_gate(last_gate, dtype)
        self.last_sums = kept(last.weight.float())  # for the gate
        self.last_bias = kept(torch.zeros(()) if last.bias is None else last.bias.float())
        fuse, out = plain.feature_fuse.conv[0], plain.outconv[1]
        assert isinstance(fuse, nn.Conv2d)
        assert isinstance(out, nn.Conv2d)
        assert out.bias is not None
        over_time = fuse.weight.unflatten(1, (plain.num_inputs, -1)).transpose(1, 2)[..., 0, 0, None, None]
        self.fuse = kept(over_time.to(dtype))  # (O, C, T, 1, 1)
        self.columns_at_once = columns_at_once(out) if out.weight.device.type == "cpu" else 1
        weight = of_columns(out.weight, self.columns_at_once)
        self.out_weight = kept(weight.to(dtype).contiguous(memory_format=torch.channels_last))
        self.out_bias = kept(out.bias.to(dtype).repeat(self.columns_at_once))
        self.eval()

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`. Mean and sum are taken in at least float32, whatever the weights' precision."""
        height, width = window.shape[3:]
        mean = self.window_mean(window)  # (N, 1, 3, 1, 1)
        padded = pad_to_multiple(window - mean, self.size_multiple).to(self.dtype)
        frames = padded.flatten(0, 1).contiguous(memory_format=torch.channels_last)  # (N * T, 3, H', W')
        drawn = self.finish(self.decode(self.encode(frames)))
        pictures = drawn.unflatten(1, (-1, 3))  # (N, outputs, 3, H', W')
        assert self.positions is not None
        wanted = [self.positions.index(position) for position in positions]
        chosen = torch.stack([pictures[:, number, :, :height, :width] for number in wanted], 1)
        out: Tensor = chosen.to(mean.dtype) + mean  # (N, P, 3, H, W)
        return out.to(window.dtype)

    def encode(self, frames: Tensor) -> list[Tensor]:
        """(N * T, 3, H, W) to the outputs of stem and layers 1 to 4."""
        features = [self.stem(frames, self.num_inputs).relu_()]
        for layer in self.layers:
            x = features[-1]
            assert isinstance(layer, nn.ModuleList)
            for block in layer:
                x = block(x, self.num_inputs)
            features.append(x)
        return features

    def decode(self, features: list[Tensor]) -> Tensor:
        """Decoder stages 0 to 3, each joined with its skip. Empties `features`, so that memory is freed."""
        x = features.pop()
        for stage in self.stages:
            x = stage(x, features.pop(), self.num_inputs)
        return x

    def finish(self, joined: Tensor) -> Tensor:
        """Last stage, fuse and output: (N * T, C, H / 2, W / 2) to (N, 3 * outputs, H, W)."""
        samples = joined.unflatten(0, (-1, self.num_inputs))  # (N, T, C, H / 2, W / 2)
        return torch.cat([self._finish_one(sample) for sample in samples.unbind(0)])

    def _finish_one(self, joined: Tensor) -> Tensor:
        """`finish` of one sample: (T, C, H / 2, W / 2) to (1, 3 * outputs, H, W)."""
        height, width = 2 * joined.shape[2], 2 * joined.shape[3]
        fuse = self.fuse * self._last_scale(joined)
        fuse = fuse.contiguous(memory_format=torch.channels_last_3d)
        merged = torch.empty(
            (1, len(fuse), height + 2 * HALO, width + 2 * HALO),
            dtype=self.dtype, device=joined.device, memory_format=torch.channels_last,
        )  # fmt: skip
        inner = merged[..., HALO:-HALO, HALO:-HALO]
        rows = self._band_rows(height)
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            inner[..., top:bottom, :] = self._merge_rows(joined, fuse, top, bottom)
        _reflect_edges(merged)
        step = height if self.strip_rows is None else rows
        strips = [
            functional.conv2d(
                merged[..., top : min(top + step, height) + 2 * HALO, :],
                self.out_weight, self.out_bias, stride=(1, self.columns_at_once),
            )
            for top in range(0, height, step)
        ]  # fmt: skip
        whole = strips[0] if len(strips) == 1 else torch.cat(strips, 2)
        return columns_in_turn(whole, self.columns_at_once)

    def _band_rows(self, height: int) -> int:
        wishes = [rows for rows in (self.strip_rows, self.options.band_rows) if rows is not None]
        rows = min(wishes, default=height)
        return rows + rows % 2  # bands begin where an input row does

    def _merge_rows(self, joined: Tensor, fuse: Tensor, top: int, bottom: int) -> Tensor:
        """Rows top to bottom - 1 of the merged features of one sample, (1, C', rows, W)."""
        count = self.num_inputs
        first, after = max(top // 2 - 1, 0), min(bottom // 2 + 1, joined.shape[2])
        wanted = slice(top - 2 * first, bottom - 2 * first)
        if isinstance(self.last, WindowedUpConv):
            # Merged window by window, so that only what is merged is laid out as rows.
            windows = functional.leaky_relu_(self.last.conv(joined[:, :, first:after], count), SLOPE)
            merged = functional.conv3d(as_volume(as_phases(windows, len(fuse[0])), count), fuse)[:, :, 0]
            merged = from_phases(functional.leaky_relu_(merged, SLOPE), windows.shape[2:])
            return interleaved(self.last.phases_of(merged))[:, :, wanted]
        grown = functional.leaky_relu_(self.last(joined[:, :, first:after], count)[:, :, wanted], SLOPE)
        merged = functional.conv3d(as_volume(grown, count), fuse)  # (1, C', 1, rows, W)
        return functional.leaky_relu_(merged[:, :, 0], SLOPE)

    def _last_scale(self, joined: Tensor) -> Tensor:
        """The last gate's factors for one sample, (C, 1, 1, 1), without computing what it scales.

        A mean of a convolution is the convolution's weights times sums of its input, each sum over
        the places at which that tap falls inside the output.
        """
        count, _, rows, columns = joined.shape
        sums = tap_sums_of_frames(joined, count)[0]  # (C, 3, 4, 4), in the type of means
        total = torch.einsum("ctyx,cotyx->o", sums, self.last_sums.to(sums.dtype))
        mean = total / (count * 4 * rows * columns) + self.last_bias.to(sums.dtype)
        return self.last_gate.scale(mean.to(self.dtype)[None, :, None, None, None])[0]


def columns_at_once(out: nn.Conv2d) -> int:
    """How many neighbouring columns the output convolution makes at once, as more outputs of a wider one.

    Processors multiply for 16 outputs at a time, so three cost as much as sixteen: 12.9 ms instead of 4.7
    for four columns of three, 448x256 on two cores.
    """
    count, taps = out.out_channels, int(out.kernel_size[1])

    def work(columns: int) -> float:
        return -(-count * columns // 16) * (taps + columns - 1) / columns

    return min((1, 2, 4), key=work)


def of_columns(weight: Tensor, columns: int) -> Tensor:
    """Weights (O, I, h, w) of one column for several: (columns * O, I, h, w + columns - 1), with zeros."""
    moved = [functional.pad(weight, (place, columns - 1 - place)) for place in range(columns)]
    return torch.cat(moved)


def columns_in_turn(drawn: Tensor, columns: int) -> Tensor:
    """What several columns at once gave, (N, columns * O, H, W), as (N, O, H, columns * W)."""
    pixels = drawn.permute(0, 2, 3, 1).unflatten(3, (columns, -1))  # the same memory where channels are last
    pictures: Tensor = pixels.flatten(2, 3).permute(0, 3, 1, 2)
    return pictures


def tap_sums_of_frames(frames: Tensor, count: int) -> Tensor:
    """What `flavr_stages.tap_sums` gives, quickly: for each tap the sum of its inputs.

    Convention: frames (N * T, C, H, W), T = count; returns (N, C, 3, 4, 4) in at least float32.
    """
    return taps_over_time(tap_sums_in_space(frames), count)


def tap_sums_in_space(frames: Tensor) -> Tensor:
    """For each tap in space the sum of its inputs in each frame: (N * T, C, 4, 4) in at least float32."""
    columns = frames.shape[3]
    dtype = torch.promote_types(frames.dtype, torch.float32)
    # Pooling sums in float32, at the speed of memory; a row's mean is then rounded once.
    rows = functional.avg_pool2d(frames, (1, columns))[..., 0].to(dtype) * columns  # (N * T, C, H)
    first, last = frames[..., 0].to(dtype), frames[..., -1].to(dtype)
    by_column = torch.stack([rows - first, rows, rows, rows - last], 3)  # (N * T, C, H, 4)
    total = by_column.sum(2)  # (N * T, C, 4)
    return torch.stack([total - by_column[:, :, 0], total, total, total - by_column[:, :, -1]], 2)


def taps_over_time(by_frame: Tensor, count: int) -> Tensor:
    """Sums in each frame, (N * T, C, 4, 4), T = count, to those of each tap along time: (N, C, 3, 4, 4)."""
    in_turn = by_frame.unflatten(0, (-1, count))  # (N, T, C, 4, 4)
    whole = in_turn.sum(1)  # (N, C, 4, 4)
    return torch.stack([whole - in_turn[:, 0], whole, whole - in_turn[:, -1]], 2)


def _reflect_edges(padded: Tensor) -> None:
    """Fill the HALO outer rows and columns of (N, C, H, W) with the reflection of the inside, in place."""
    for axis in (2, 3):
        size = padded.shape[axis]
        for step in range(1, HALO + 1):
            padded.select(axis, HALO - step).copy_(padded.select(axis, HALO + step))
            padded.select(axis, size - 1 - HALO + step).copy_(padded.select(axis, size - 1 - HALO - step))


def channel_means(frames: Tensor, count: int) -> Tensor:
    """The means of each sample's channels, (N, C, 1, 1, 1), over all its frames."""
    wide = torch.promote_types(frames.dtype, torch.float32)
    if frames.device.type == "cpu":  # where a mean of halves converts them all first; pooling rows does not
        pooled = functional.avg_pool2d(frames, (1, frames.shape[3]))[..., 0].mean(2, dtype=wide)
    else:
        pooled = frames.mean((2, 3))
    means = pooled.unflatten(0, (-1, count))  # (N, T, C)
    mean: Tensor = means.mean(1, dtype=wide).to(frames.dtype)  # (N, C)
    return mean[:, :, None, None, None]


class FastBlock(nn.Module):
    """A residual block: two convolutions, a gate, the input or its projection added, all in place."""

    def __init__(self, plain: nn.Module, build: _Builder, *, scale: int) -> None:
        super().__init__()
        assert isinstance(plain, Block)
        first, second = plain.conv1[0], plain.conv2[0]
        assert isinstance(first, nn.Conv3d)
        self.stride = int(first.stride[1])
        self.conv1 = build.conv(first, scale=scale // self.stride)
        self.conv2 = build.conv(second, scale=scale)
        self.gate = copied_gate(plain.fg, build.dtype)
        self.projection: nn.Parameter | None = None
        if plain.downsample is not None:
            projection = plain.downsample[0]
            assert isinstance(projection, nn.Conv3d)
            self.projection = kept(projection.weight[:, :, 0].to(build.dtype))  # (O, I, 1, 1)

    def forward(self, x: Tensor, count: int) -> Tensor:
        """(N * T, C, H, W) to (N * T, C', H / stride, W / stride)."""
        out: Tensor = self.conv2(self.conv1(x, count).relu_(), count)
        scale = self.gate.scale(channel_means(out, count))[:, None, :, 0]  # (N, 1, C', 1, 1)
        rest = x if self.projection is None else functional.conv2d(x, self.projection, stride=self.stride)
        out.unflatten(0, (-1, count)).mul_(scale)
        added: Tensor = out.add_(rest).relu_()
        return added


class FastStage(nn.Module):
    """A decoder stage: convolution, gate and rectifier, written beside the skip."""

    def __init__(self, plain: nn.Module, gate: nn.Module, build: _Builder, *, scale: int) -> None:
        super().__init__()
        self.conv = build.conv(plain, scale=scale)
        self.gate = copied_gate(gate, build.dtype)

    def forward(self, x: Tensor, skip: Tensor, count: int) -> Tensor:
        """(N * T, C, H, W) and the skip to decoder and skip joined, (N * T, C' + skip's, H', W')."""
        out: Tensor = self.conv(x, count)
        del x
        scale = self.gate.scale(channel_means(out, count))[:, None, :, 0]  # (N, 1, C', 1, 1)
        width = out.shape[1]
        joined = torch.empty(
            (len(out), width + skip.shape[1], *out.shape[2:]),
            dtype=out.dtype, device=out.device, memory_format=torch.channels_last,
        )  # fmt: skip
        functional.leaky_relu_(out, SLOPE).unflatten(0, (-1, count)).mul_(scale)
        joined[:, :width] = out  # not multiplied into it: that is four times as slow on a CPU
        joined[:, width:] = skip
        return joined


class _Builder:
    """Makes fast layers of plain ones."""

    def __init__(self, *, dtype: torch.dtype, options: FastOptions, frames: int) -> None:
        self.dtype = dtype
        self.options = options
        self.frames = frames

    def conv(self, plain: nn.Module, *, scale: int) -> TimeConv | WindowedUpConv:
        """The options' way for a layer whose input is at 1 / scale of the picture's size."""
        assert isinstance(plain, nn.Conv3d | nn.ConvTranspose3d)
        way = choose_conv(self.options, plain, frames=self.frames, scale=scale)
        weight, bias = plain.weight.detach(), None if plain.bias is None else plain.bias.detach()
        grows = isinstance(plain, nn.ConvTranspose3d)
        if grows and (issubclass(way, IntegerConv | SixIntegerConv) or self.options.windows):
            return WindowedUpConv(way, weight, bias, dtype=self.dtype)
        down, across = plain.stride[1:]
        above, beside = (int(size) for size in plain.padding[1:])
        return way(
            weight,
            bias,
            dtype=self.dtype,
            stride=(down, across),
            padding=(above, beside),
            transposed=grows,
        )


def choose_conv(
    options: FastOptions, plain: nn.Conv3d | nn.ConvTranspose3d, *, frames: int, scale: int
) -> type[TimeConv]:
    """The way that the options have for a layer whose input is at 1 / scale of the picture's size."""
    if options.int8_from is not None and scale >= options.int8_from:
        in_six = options.int8_six and scale >= SIX_FROM and frames == time_winograd.FRAMES
        return SixIntegerConv if in_six else IntegerConv
    width = plain.in_channels
    if not isinstance(plain, nn.ConvTranspose3d):
        width = min(width, plain.out_channels)
    if frames == time_winograd.FRAMES and width >= (options.toom_cook_from or math.inf):
        return ToomCookConv
    return SkippingConv if options.skip_padding else TimeConv
