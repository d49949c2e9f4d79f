"""The stages of FLAVR: gate, residual block, encoder, decoder stages and fuse, named as the authors did."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.flavr_config import FlavrConfig, UpMode

SLOPE = 0.2
"""Of the leaky rectifiers in decoder and fuse."""


def norm(config: FlavrConfig, width: int) -> list[nn.Module]:
    """The batch normalisation of a 3-D stage, or nothing."""
    return [nn.BatchNorm3d(width)] if config.batch_norm else []


class Gate(nn.Module):
    """Scales each channel by a sigmoid of a 1x1x1 convolution of all channels' global means.

    Convention: x (N, C, T, H, W) any floating dtype; returns the same shape. Without gradients x itself
    is overwritten and returned, which at full size saves the largest tensor of the network.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn_layer = nn.Sequential(nn.Conv3d(width, width, 1), nn.Sigmoid())
        self.gathered: list[Tensor] | None = None
        self.held: Tensor | None = None

    def scale(self, mean: Tensor) -> Tensor:
        """The factor of each channel, (N, C, 1, 1, 1), from the means of the same shape.

        While `gathered` is a list the means are added to it; while `held` is set it stands for them.
        """
        factor: Tensor = self.attn_layer(self._known(mean))
        return factor

    def factors(self, means: Tensor) -> Tensor:
        """The same of (N, C) as one matrix product, in the weights' type."""
        pooled = self.attn_layer[0]
        assert isinstance(pooled, nn.Conv3d)
        known = self._known(means[:, :, None, None, None]).flatten(1).to(pooled.weight.dtype)
        return functional.linear(known, pooled.weight.flatten(1), pooled.bias).sigmoid()

    def _known(self, mean: Tensor) -> Tensor:
        if self.gathered is not None:
            self.gathered.append(mean)
        return mean if self.held is None else self.held

    def forward(self, x: Tensor) -> Tensor:
        """Return x scaled."""
        scale = self.scale(x.mean((2, 3, 4), keepdim=True))
        return x * scale if x.requires_grad else x.mul_(scale)


class Block(nn.Module):
    """Two 3x3x3 convolutions, a gate, and the input (or its 1x1x1 projection) added."""

    def __init__(self, config: FlavrConfig, width_in: int, width: int, *, stride: int) -> None:
        super().__init__()
        steps, bias = (1, stride, stride), config.encoder_bias
        self.conv1 = nn.Sequential(
            nn.Conv3d(width_in, width, 3, steps, 1, bias=bias), *norm(config, width), nn.ReLU(inplace=True)
        )
        self.conv2 = nn.Sequential(nn.Conv3d(width, width, 3, 1, 1, bias=bias), *norm(config, width))
        self.fg = Gate(width)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or width_in != width:
            projection = nn.Conv3d(width_in, width, 1, steps, bias=False)
            self.downsample = nn.Sequential(projection, *norm(config, width))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) to (N, C', T, H / stride, W / stride)."""
        out: Tensor = self.fg(self.conv2(self.conv1(x)))
        out += x if self.downsample is None else self.downsample(x)
        return functional.relu_(out)


class Encoder(nn.Module):
    """Stem at half size, then four layers of blocks at 1/2, 1/4, 1/8 and 1/8."""

    def __init__(self, config: FlavrConfig) -> None:
        super().__init__()
        stem = nn.Conv3d(3, config.stem_width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=config.encoder_bias)
        self.stem = nn.Sequential(stem, *norm(config, config.stem_width), nn.ReLU(inplace=True))
        around = pairwise((config.stem_width, *config.widths))
        layers = [
            nn.Sequential(
                Block(config, width_in, width, stride=stride),
                *(Block(config, width, width, stride=1) for _ in range(count - 1)),
            )
            for (width_in, width), count, stride in zip(around, config.blocks, (1, 2, 2, 1), strict=True)
        ]
        self.layer1, self.layer2, self.layer3, self.layer4 = layers
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, volume: Tensor) -> list[Tensor]:
        """(N, 3, T, H, W) to the outputs of stem and layers 1 to 4."""
        features = [self.stem(volume)]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            features.append(layer(features[-1]))
        return features


class ConvStage(nn.Module):
    """A decoder stage of the same size: 3x3x3 convolution, gate. The rectifier follows outside."""

    def __init__(self, config: FlavrConfig, width_in: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv3d(width_in, width, 3, 1, 1), Gate(width), *norm(config, width))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) to (N, C', T, H, W)."""
        out: Tensor = self.conv(x)
        return out


class UpStage(nn.Module):
    """A decoder stage that doubles H and W: transposed convolution (or enlarge and 1x1x1), gate."""

    def __init__(self, config: FlavrConfig, width_in: int, width: int) -> None:
        super().__init__()
        grow: list[nn.Module]
        if config.up_mode is UpMode.TRANSPOSE:
            grow = [nn.ConvTranspose3d(width_in, width, (3, 4, 4), (1, 2, 2), (1, 1, 1))]
        else:
            enlarge = nn.Upsample(scale_factor=(1, 2, 2), mode="trilinear", align_corners=False)
            grow = [enlarge, nn.Conv3d(width_in, width, 1)]
        self.upconv = nn.Sequential(*grow, Gate(width), *norm(config, width))
        self._gate_at = len(grow)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) to (N, C', T, 2H, 2W)."""
        out: Tensor = self.upconv(x)
        return out

    def gate_scale(self, x: Tensor) -> Tensor:
        """The gate's factors for the whole of x, without growing it.

        A mean of a convolution is the convolution's weights times sums of its input, each sum over
        the places at which that tap falls inside the output.
        """
        gate, last = self.upconv[self._gate_at], self.upconv[self._gate_at - 1]
        assert isinstance(gate, Gate)
        wide = torch.promote_types(x.dtype, torch.float32)
        if isinstance(last, nn.ConvTranspose3d):
            frames, rows, columns = x.shape[2:]
            sums = tap_sums(x, wide)  # (N, C, 3, 4, 4)
            total = torch.einsum("nctyx,cotyx->no", sums, last.weight.to(wide))
            mean = total / (frames * 2 * rows * 2 * columns)
        else:
            assert isinstance(last, nn.Conv3d)
            # Enlarging to twice the size with clamped edges gives every input pixel the same weight.
            mean = x.mean((2, 3, 4), dtype=wide) @ last.weight.flatten(1).T.to(wide)
        assert last.bias is not None
        mean = mean + last.bias.to(wide)  # (N, C')
        return gate.scale(mean.to(x.dtype)[:, :, None, None, None])

    def rows(self, x: Tensor, scale: Tensor, top: int, bottom: int) -> Tensor:
        """Rows top to bottom - 1 of what `forward` returns, given `gate_scale(x)`."""
        first = max(top // 2 - 1, 0)
        after = min((bottom + 1) // 2 + 1, x.shape[3])
        out: Tensor = x[:, :, :, first:after]
        for module in list(self.upconv)[: self._gate_at]:
            out = module(out)
        out = out[:, :, :, top - 2 * first : bottom - 2 * first]
        out = out * scale if out.requires_grad else out.mul_(scale)
        for module in list(self.upconv)[self._gate_at + 1 :]:
            out = module(out)
        return out


def tap_sums(x: Tensor, dtype: torch.dtype) -> Tensor:
    """For each tap of a (3, 4, 4) transposed convolution of stride (1, 2, 2), padding 1: its inputs' sum.

    Only inputs whose contribution through that tap falls inside the output count: the first tap in time
    loses the first frame, the last the last; the outermost taps in y and x lose the edge rows and columns.

    Convention: x (N, C, T, H, W); returns (N, C, 3, 4, 4) in `dtype`.
    """
    rows = x.sum(3, dtype=dtype)  # (N, C, T, W)
    first, last = x[:, :, :, 0].to(dtype), x[:, :, :, -1].to(dtype)
    by_row = torch.stack([rows - first, rows, rows, rows - last], 3)  # (N, C, T, 4, W)
    total = by_row.sum(4)  # (N, C, T, 4)
    by_column = torch.stack([total - by_row[..., 0], total, total, total - by_row[..., -1]], 4)
    # (N, C, T, 4, 4)
    frames = by_column.sum(2)  # (N, C, 4, 4)
    return torch.stack([frames - by_column[:, :, 0], frames, frames - by_column[:, :, -1]], 2)


class Fuse(nn.Module):
    """A 1x1 convolution that merges the features of all frames."""

    def __init__(self, config: FlavrConfig, width_in: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(width_in, config.fuse_width, 1, bias=False)]
        if config.batch_norm:
            layers.append(nn.BatchNorm2d(config.fuse_width))
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) to (N, C', H, W); the 2-D channel of frame t and feature c is t * C + c."""
        merged = torch.cat(x.unbind(2), 1)  # (N, T * C, H, W)
        out: Tensor = functional.leaky_relu_(self.conv(merged), SLOPE)
        return out
