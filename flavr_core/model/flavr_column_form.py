"""FLAVR of four frames in columns: the plain network's weights, the same picture, fewest passes over memory.

What is saved beyond `flavr_columns`, which computes the four frames of a place together:

* The decoder reads its own features and the encoder's from where they are; nothing is joined in memory.
* A decoder gate's factor is positive, so it passes through the rectifier that follows: it is multiplied into
  the next layer's weights, which are small, and the stage's result is written once.
* The last stage, its rectifier and the fusing convolution are one program: the full-size features of four
  frames, the largest tensor of the network, never exist. Its gate's mean is known before, from sums of what
  goes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.errors import ModelError
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_column_ends import STEM_ABOVE, cells, draw_out, stem_weight
from flavr_core.model.flavr_columns import (
    BLOCK,
    FRAMES,
    Activation,
    ColumnConv,
    finish_block,
    gate_factors,
    tap_sums,
)
from flavr_core.model.flavr_columns_fp8 import CodedConv, coarse_layers, largest_inputs
from flavr_core.model.flavr_fast import FastFlavr, can_be_fast, conv_and_gate
from flavr_core.model.flavr_fast_options import FastOptions
from flavr_core.model.flavr_form import FlavrForm, copied_gate, kept
from flavr_core.model.flavr_out_rows import out_way, room, stack_rows
from flavr_core.model.flavr_stages import Block, Gate
from flavr_core.model.network import Network

_BUILT_SIZES = ((96, 128), (720, 1280), (1080, 1920))
"""Of the test picture and of usual clips: sizes differ in how places are shared out."""


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
        return ColumnFlavr(plain, dtype=dtype, fp8=options.fp8)
    return FastFlavr(plain, dtype=dtype, options=options)


class ColumnFlavr(FlavrForm):
    """See the module. Convention: as `Network`."""

    supports_strips = False
    draws_together = True

    def __init__(self, plain: Flavr, *, dtype: torch.dtype, fp8: bool = False) -> None:
        """Take the weights of a plain network, which keeps its own.

        Args:
            plain: the network; where 8-bit floats are wanted it draws a small window.
            dtype: of weights and features.
            fp8: whether coarse layers multiply 8-bit floats.

        Raises:
            ModelError: when the network has no column form, see `can_be_columns`.
        """
        super().__init__(plain, dtype=dtype)
        if not can_be_columns(plain):
            raise ModelError(f"{plain.name or 'This FLAVR'} has no form in columns.", "Use it as it is.")
        largest = largest_inputs(plain, coarse_layers(plain)) if fp8 else {}
        self.wide = torch.promote_types(dtype, torch.float32)
        stem = plain.encoder.stem[0]
        assert isinstance(stem, nn.Conv3d)
        self.stem = ColumnConv(
            stem_weight(stem.weight.detach()), _detached(stem.bias), dtype=dtype, padding=(STEM_ABOVE, 0)
        )
        layers = (plain.encoder.layer1, plain.encoder.layer2, plain.encoder.layer3, plain.encoder.layer4)
        self.layers = nn.ModuleList(
            nn.ModuleList(ColumnBlock(block, largest, dtype=dtype) for block in layer) for layer in layers
        )
        pairs = [conv_and_gate(stage) for stage in plain.decoder]
        *stages, self.last = (ColumnStage(conv, gate, largest, dtype=dtype) for conv, gate in pairs)
        self.stages = nn.ModuleList(stages)  # 0 to 3
        fuse, out = plain.feature_fuse.conv[0], plain.outconv[1]
        assert isinstance(fuse, nn.Conv2d)
        assert isinstance(out, nn.Conv2d)
        by_frame = fuse.weight.detach().flatten(1).unflatten(1, (FRAMES, -1)).transpose(0, 1)
        self.fuse = kept(by_frame.to(self.wide))  # (4, O, I)
        self.last_sums = kept(pairs[4][0].weight.detach().to(self.wide))
        assert out.bias is not None
        self.out_weight = kept(out.weight.detach().to(dtype))
        self.out_way = out_way(len(out.weight))
        self.out_stack: nn.Parameter | None = None
        if self.out_way is not None:
            self.out_stack = kept(stack_rows(out.weight.detach(), self.out_way).to(dtype))
        self.out_bias = kept(out.bias.detach().to(self.wide))
        self.eval()

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`. Mean and sum are taken in at least float32, whatever the weights' precision."""
        mean = self.window_mean(window)  # (N, 1, 3, 1, 1)
        merged = self.merge(*self.decode(*self.encode(window, mean)))  # (N, 64, H', W')
        drawn = draw_out(
            merged, self.out_weight, self.out_bias, mean, window.shape[3:], way=self.out_way,
            stack=self.out_stack,
        )  # fmt: skip
        pictures = drawn.unflatten(1, (-1, 3))  # (N, outputs, 3, H, W)
        assert self.positions is not None
        if positions != self.positions:
            wanted = [self.positions.index(position) for position in positions]
            pictures = torch.stack([pictures[:, number] for number in wanted], 1)
        out: Tensor = pictures.to(window.dtype)
        return out

    def build_kernels(self) -> None:
        """Build the programs that pictures of usual sizes are drawn by, several at a time."""
        from flavr_core.model.kernel_building import only_building

        with torch.inference_mode(), only_building():
            for size in _BUILT_SIZES:
                window = torch.zeros((1, self.num_inputs, 3, *size), device=self.device)
                self.draw(window, self.trial_positions)

    def encode(self, window: Tensor, mean: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A window and its mean to layer 4's result and what the decoder joins: stem's, layers 1 to 3's."""
        features = cells(window, mean, dtype=self.dtype)
        x = empty_frames(features, len(features), self.stem.width, *features.shape[2:])
        self.stem(features, x, Activation.RELU)
        del features
        skips = []
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleList)
            skips.append(x)
            for block in layer:
                x = block(x)
        return x, skips

    def decode(self, x: Tensor, skips: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Decoder stages 0 to 3. Empties `skips`, so that memory is freed.

        Returns:
            stage 3's result, its skip, and factors of the result's channels, (N, C), yet to be multiplied.
        """
        x, scale = self.stages[0](x)
        for stage in self.stages[1:]:
            x, scale = stage(x, skips.pop(), scale)
        return x, skips.pop(), scale

    def merge(self, x: Tensor, skip: Tensor, scale: Tensor) -> Tensor:
        """Last stage and fuse: (N * 4, C, H / 2, W / 2), its skip and its factors to (N, 64, H, W)."""
        samples, (rows, columns) = len(x) // FRAMES, x.shape[2:]
        scale = with_ones(scale, skip)
        factors = gate_factors(self.last.gate, self._last_means(x, skip, scale), x)  # (N, C)
        fuse = (self.fuse * factors[:, None, None]).flatten(1, 2).to(self.dtype)
        merged = room(x, samples, 2 * rows, 2 * columns)
        self.last.conv.fused(x, skip, merged, fuse, rows=self.last.conv.scaled(scale))
        return merged

    def _last_means(self, x: Tensor, skip: Tensor, scale: Tensor) -> Tensor:
        """The means of the last stage's convolution, (N, C), without computing it: see `FastFlavr`."""
        rows, columns = x.shape[2:]
        sums = torch.cat([tap_sums(part) for part in (x, skip)], 1)  # (N, C, 3, 4, 4)
        total = torch.einsum("nctyx,nc,cotyx->no", sums.to(self.wide), scale, self.last_sums)
        means = total / (FRAMES * 4 * rows * columns)
        bias = self.last.conv.bias
        return means if bias is None else means + bias


class ColumnStage(nn.Module):
    """A decoder stage: a convolution, its gate, a rectifier."""

    def __init__(
        self, conv: nn.Module, gate: Gate, largest: Mapping[nn.Module, float], *, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.conv = _column_conv(conv, largest, dtype)
        self.gate = copied_gate(gate, torch.promote_types(dtype, torch.float32))

    def forward(
        self, x: Tensor, skip: Tensor | None = None, scale: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The result for frames x, and the factors of its channels, (N, C), which are yet to be multiplied.

        Args:
            x: frames.
            skip: frames whose channels follow those of x.
            scale: the factors of x, (N, C), which are multiplied into the weights.
        """
        twice = 2 if self.conv.grows else 1
        out = empty_frames(x, len(x), self.conv.width, twice * x.shape[2], twice * x.shape[3])
        rows = None
        if scale is not None:
            rows = self.conv.scaled(scale if skip is None else with_ones(scale, skip))
        means = self.conv(x, out, Activation.LEAKY, joined=skip, rows=rows, has_means=True)
        assert means is not None
        return out, gate_factors(self.gate, means, x)


class ColumnBlock(nn.Module):
    """A residual block: two convolutions, a gate, the input or its projection added."""

    def __init__(self, plain: nn.Module, largest: Mapping[nn.Module, float], *, dtype: torch.dtype) -> None:
        super().__init__()
        assert isinstance(plain, Block)
        first, second = plain.conv1[0], plain.conv2[0]
        assert isinstance(first, nn.Conv3d)
        self.stride = int(first.stride[1])
        self.conv1 = _column_conv(first, largest, dtype)
        self.conv2 = _column_conv(second, largest, dtype)
        self.gate = copied_gate(plain.fg, torch.promote_types(dtype, torch.float32))
        self.projection: nn.Parameter | None = None
        if plain.downsample is not None:
            projection = plain.downsample[0]
            assert isinstance(projection, nn.Conv3d)
            self.projection = kept(projection.weight.detach().flatten(1).to(dtype))  # (O, I)

    def forward(self, x: Tensor) -> Tensor:
        """Frames, (N * 4, C, H, W), to frames, (N * 4, C', H / stride, W / stride)."""
        size = (len(x), self.conv1.width, x.shape[2] // self.stride, x.shape[3] // self.stride)
        inner = empty_frames(x, *size)
        self.conv1(x, inner, Activation.RELU)
        out = empty_frames(x, *size)
        means = self.conv2(inner, out, Activation.NONE, has_means=True)
        del inner
        assert means is not None
        rest = x if self.projection is None else self._projected(x, self.projection)
        finish_block(out, gate_factors(self.gate, means, x), rest)
        return out

    def _projected(self, x: Tensor, projection: Tensor) -> Tensor:
        pixels = x[:, :, :: self.stride, :: self.stride].permute(0, 2, 3, 1)  # (N * 4, H', W', C)
        return functional.linear(pixels, projection).permute(0, 3, 1, 2)


def with_ones(scale: Tensor, skip: Tensor) -> Tensor:
    """Factors of channels, (N, C), and ones for those of a skip."""
    return torch.cat([scale, scale.new_ones((len(scale), skip.shape[1]))], 1)


def empty_frames(like: Tensor, count: int, width: int, rows: int, columns: int) -> Tensor:
    """Room for frames, channels last."""
    size = (count, width, rows, columns)
    return torch.empty(size, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)


def _column_conv(plain: nn.Module, largest: Mapping[nn.Module, float], dtype: torch.dtype) -> ColumnConv:
    """A layer of the plain network; of 8-bit floats where the largest of its inputs is known."""
    assert isinstance(plain, nn.Conv3d | nn.ConvTranspose3d)
    if plain in largest:
        return CodedConv(plain.weight.detach(), _detached(plain.bias), largest=largest[plain])
    above, beside = (int(size) for size in plain.padding[1:])
    grows = isinstance(plain, nn.ConvTranspose3d)
    stride = 1 if grows else int(plain.stride[1])
    return ColumnConv(
        plain.weight.detach(), _detached(plain.bias), dtype=dtype, stride=stride, padding=(above, beside),
        grows=grows,
    )  # fmt: skip


def _detached(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.detach()
