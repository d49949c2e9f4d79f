"""FLAVR of four frames in columns: the plain network's weights, the same picture, fewest passes over memory.

What is saved beyond `flavr_columns`, which computes the four frames of a place together:

* The encoder writes its features into the tensors that the decoder will join them in; nothing is copied.
* A decoder gate's factor is positive, so it passes through the rectifier that follows: it is multiplied into
  the next layer's weights, which are small, and the stage's result is written once.
* The last stage, its rectifier and the fusing convolution are one program: the full-size features of four
  frames, the largest tensor of the network, never exist. Its gate's mean is known before, from sums of what
  goes in.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, zip_longest

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.errors import ModelError
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_column_ends import STEM_ABOVE, cells, draw_out, out_weight, stem_weight
from flavr_core.model.flavr_columns import BLOCK, FRAMES, Activation, ColumnConv, finish_block
from flavr_core.model.flavr_fast import FastFlavr, can_be_fast, conv_and_gate, tap_sums_of_frames
from flavr_core.model.flavr_fast_options import FastOptions
from flavr_core.model.flavr_form import FlavrForm, copied_gate, kept
from flavr_core.model.flavr_stages import Block, Gate
from flavr_core.model.network import Network


def can_be_columns(network: Network) -> bool:
    """Whether there is a column form of it: four frames, and whole blocks of channels everywhere."""
    if not isinstance(network, Flavr) or not can_be_fast(network):
        return False
    config = network.config
    widths = (config.stem_width, *config.widths, *config.decoder_widths, config.fuse_width)
    is_fused = config.decoder_widths[4] == config.fuse_width == BLOCK
    return config.num_inputs == FRAMES and is_fused and not any(width % BLOCK for width in widths)


def fast_form(plain: Flavr, *, dtype: torch.dtype, options: FastOptions) -> Network:
    """The network in the form that the options say.

    Raises:
        ModelError: when it has no such form.
    """
    if options.columns:
        return ColumnFlavr(plain, dtype=dtype)
    return FastFlavr(plain, dtype=dtype, options=options)


class ColumnFlavr(FlavrForm):
    """See the module. Convention: as `Network`."""

    supports_strips = False

    def __init__(self, plain: Flavr, *, dtype: torch.dtype) -> None:
        """Take the weights of a plain network, which keeps its own.

        Raises:
            ModelError: when the network has no column form, see `can_be_columns`.
        """
        super().__init__(plain, dtype=dtype)
        if not can_be_columns(plain):
            raise ModelError(f"{plain.name or 'This FLAVR'} has no form in columns.", "Use it as it is.")
        self.wide = torch.promote_types(dtype, torch.float32)
        stem = plain.encoder.stem[0]
        assert isinstance(stem, nn.Conv3d)
        self.stem = ColumnConv(
            stem_weight(stem.weight.detach()), _detached(stem.bias), dtype=dtype, padding=(STEM_ABOVE, 0)
        )
        layers = (plain.encoder.layer1, plain.encoder.layer2, plain.encoder.layer3, plain.encoder.layer4)
        self.layers = nn.ModuleList(
            nn.ModuleList(ColumnBlock(block, dtype=dtype) for block in layer) for layer in layers
        )
        pairs = [conv_and_gate(stage) for stage in plain.decoder]
        *stages, self.last = (ColumnStage(conv, gate, dtype=dtype) for conv, gate in pairs)
        self.stages = nn.ModuleList(stages)
        fuse, out = plain.feature_fuse.conv[0], plain.outconv[1]
        assert isinstance(fuse, nn.Conv2d)
        assert isinstance(out, nn.Conv2d)
        by_frame = fuse.weight.detach().flatten(1).unflatten(1, (FRAMES, -1)).transpose(0, 1)
        self.fuse = kept(by_frame.to(self.wide))  # (4, O, I)
        self.last_sums = kept(pairs[4][0].weight.detach().to(self.wide))
        assert out.bias is not None
        self.out_weight = kept(out_weight(out.weight.detach()).to(dtype))
        self.out_bias = kept(out.bias.detach().to(self.wide))
        self.eval()

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`. Mean and sum are taken in at least float32, whatever the weights' precision."""
        mean = self.window_mean(window)  # (N, 1, 3, 1, 1)
        merged = self.merge(*self.decode(*self.encode(window, mean)))  # (N, 64, H', W')
        drawn = draw_out(merged, self.out_weight, self.out_bias, mean, window.shape[3:])
        pictures = drawn.unflatten(1, (-1, 3))  # (N, outputs, 3, H, W)
        assert self.positions is not None
        if positions != self.positions:
            wanted = [self.positions.index(position) for position in positions]
            pictures = torch.stack([pictures[:, number] for number in wanted], 1)
        out: Tensor = pictures.to(window.dtype)
        return out

    def encode(self, window: Tensor, mean: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A window and its mean to layer 4's result and what the decoder joins.

        For stem and layers 1 to 3 there is one tensor each, whose last channels are their features; the
        first ones, the decoder's, are not yet written.
        """
        stages = self._stages()[::-1]  # as they join stem, layer 1, layer 2, layer 3
        features = cells(window, mean, dtype=self.dtype)
        before, count = stages[0].conv.width, len(features)
        joined = [empty_frames(features, count, before + self.stem.width, *features.shape[2:])]
        x = joined[0][:, before:]
        self.stem(features, x, Activation.RELU)
        del features
        for layer, stage in zip_longest(self.layers, stages[1:]):
            assert isinstance(layer, nn.ModuleList)
            before = 0 if stage is None else stage.conv.width
            whole = _run_layer(layer, x, before)
            x = whole[:, before:]
            if before:
                joined.append(whole)
        return x, joined

    def _stages(self) -> list[ColumnStage]:
        return [stage for stage in self.stages if isinstance(stage, ColumnStage)]

    def decode(self, x: Tensor, joined: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Decoder stages 0 to 3. Empties `joined`, so that memory is freed.

        Returns:
            stage 3's result and its skip, and the factors of their channels, (N, C), yet to be multiplied.
        """
        rows = None
        for stage, following in pairwise([*self._stages(), self.last]):
            whole = joined.pop()
            scale = stage(x, whole[:, : stage.conv.width], rows)
            ones = scale.new_ones((len(scale), whole.shape[1] - stage.conv.width))
            scale, x = torch.cat([scale, ones], 1), whole
            rows = following.conv.scaled(scale)
        return x, scale

    def merge(self, joined: Tensor, scale: Tensor) -> Tensor:
        """Last stage and fuse: (N * 4, C, H / 2, W / 2) to (N, 64, H, W)."""
        samples, (rows, columns) = len(joined) // FRAMES, joined.shape[2:]
        factors = self.last.gate.factors(self._last_means(joined, scale))  # (N, C)
        fuse = (self.fuse * factors[:, None, None]).flatten(1, 2).to(self.dtype)
        merged = empty_frames(joined, samples, BLOCK, 2 * rows, 2 * columns)
        self.last.conv.fused(joined, merged, fuse, rows=self.last.conv.scaled(scale))
        return merged

    def _last_means(self, joined: Tensor, scale: Tensor) -> Tensor:
        """The means of the last stage's convolution, (N, C), without computing it: see `FastFlavr`."""
        rows, columns = joined.shape[2:]
        sums = tap_sums_of_frames(joined, FRAMES)  # (N, C, 3, 4, 4)
        total = torch.einsum("nctyx,nc,cotyx->no", sums.to(self.wide), scale, self.last_sums)
        means = total / (FRAMES * 4 * rows * columns)
        bias = self.last.conv.bias
        return means if bias is None else means + bias


class ColumnStage(nn.Module):
    """A decoder stage: a convolution, its gate, a rectifier."""

    def __init__(self, conv: nn.Module, gate: Gate, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.conv = _column_conv(conv, dtype)
        self.gate = copied_gate(gate, torch.promote_types(dtype, torch.float32))

    def forward(self, x: Tensor, out: Tensor, rows: Tensor | None) -> Tensor:
        """Write to `out` what is yet to be multiplied by the factors that are returned, (N, C).

        Args:
            x: frames.
            out: room for frames of this stage's width.
            rows: weights for each sample, see `ColumnConv.scaled`, or None for the layer's own.
        """
        means = self.conv(x, out, Activation.LEAKY, rows=rows, has_means=True)
        assert means is not None
        return self.gate.factors(means)


class ColumnBlock(nn.Module):
    """A residual block: two convolutions, a gate, the input or its projection added."""

    def __init__(self, plain: nn.Module, *, dtype: torch.dtype) -> None:
        super().__init__()
        assert isinstance(plain, Block)
        first, second = plain.conv1[0], plain.conv2[0]
        assert isinstance(first, nn.Conv3d)
        self.stride = int(first.stride[1])
        self.conv1, self.conv2 = _column_conv(first, dtype), _column_conv(second, dtype)
        self.gate = copied_gate(plain.fg, torch.promote_types(dtype, torch.float32))
        self.projection: nn.Parameter | None = None
        if plain.downsample is not None:
            projection = plain.downsample[0]
            assert isinstance(projection, nn.Conv3d)
            self.projection = kept(projection.weight.detach().flatten(1).to(dtype))  # (O, I)

    def forward(self, x: Tensor, inner: Tensor, out: Tensor) -> Tensor:
        """Run the block on frames, (N * 4, C, H, W).

        Args:
            x: frames.
            inner: room for frames of the result's shape, for the time of this call.
            out: room for the result, (N * 4, C', H / stride, W / stride), which is returned.
        """
        self.conv1(x, inner, Activation.RELU)
        means = self.conv2(inner, out, Activation.NONE, has_means=True)
        assert means is not None
        rest = x if self.projection is None else self._projected(x, self.projection)
        finish_block(out, self.gate.factors(means), rest)
        return out

    def _projected(self, x: Tensor, projection: Tensor) -> Tensor:
        pixels = x[:, :, :: self.stride, :: self.stride].permute(0, 2, 3, 1)  # (N * 4, H', W', C)
        return functional.linear(pixels, projection).permute(0, 3, 1, 2)


def _run_layer(blocks: nn.ModuleList, x: Tensor, before: int) -> Tensor:
    """Blocks one after the other, in as little memory as they can share.

    Args:
        blocks: `ColumnBlock`s of one width.
        x: frames, (N * 4, C, H, W).
        before: channels that the result has room for before the blocks', for a decoder stage to write.
            Until then that room serves for what is inside a block, where it is wide enough.

    Returns:
        frames, (N * 4, before + C', H / stride, W / stride).
    """
    first = blocks[0]
    assert isinstance(first, ColumnBlock)
    width = first.conv1.width
    size = (x.shape[2] // first.stride, x.shape[3] // first.stride)
    whole = empty_frames(x, len(x), before + width, *size)
    inner = whole[:, :width] if before >= width else empty_frames(x, len(x), width, *size)
    results = [whole[:, before:]]
    if len(blocks) > 1:
        results.append(empty_frames(x, len(x), width, *size))
    for number, block in enumerate(blocks, 1):
        x = block(x, inner, results[(len(blocks) - number) % 2])  # the last one's where it belongs
    return whole


def empty_frames(like: Tensor, count: int, width: int, rows: int, columns: int) -> Tensor:
    """Room for frames, channels last."""
    size = (count, width, rows, columns)
    return torch.empty(size, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)


def _column_conv(plain: nn.Module, dtype: torch.dtype) -> ColumnConv:
    assert isinstance(plain, nn.Conv3d | nn.ConvTranspose3d)
    above, beside = (int(size) for size in plain.padding[1:])
    grows = isinstance(plain, nn.ConvTranspose3d)
    stride = 1 if grows else int(plain.stride[1])
    return ColumnConv(
        plain.weight.detach(), _detached(plain.bias), dtype=dtype, stride=stride, padding=(above, beside),
        grows=grows,
    )  # fmt: skip


def _detached(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.detach()
