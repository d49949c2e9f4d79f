"""FLAVR for training, all frames of a place together: convolutions over time as wide ones over pictures.

A convolution of three frames over T frames, zeros beyond the ends, is one matrix from all channels of all
frames to all channels of all frames, of which the blocks further apart than a frame are zero. As a
convolution over pictures of T * C channels it multiplies those zeros too (16 blocks for 10 at T = 4), but the
libraries' ways there and back for it are quicker: narrow networks' channels fill their tiles. What lies
between two convolutions is one pass over memory there and two back, where Triton is installed. Weights stay
where they are, so that gradients arrive as usual.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeGuard

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import Join, UpMode
from flavr_core.model.flavr_stages import SLOPE, Block, ConvStage, Gate, UpStage
from flavr_core.model.fused import may_be_fused

TAPS = 3
"""Frames that a convolution looks at."""
COLOURS_LAID = 4
"""Channels a frame is laid out in at the stem: libraries are quick at whole eights alone."""


def can_be_together(network: nn.Module) -> TypeGuard[Flavr]:
    """Whether `draw_together` knows every layer of this network."""
    if not isinstance(network, Flavr):
        return False
    config = network.config
    return not config.batch_norm and config.join is Join.CONCAT and config.up_mode is UpMode.TRANSPOSE


def draw_together(network: Flavr, window: Tensor) -> Tensor:
    """What `network.draw` returns for all its positions, with gradients.

    Convention: window (N, T, 3, H, W), H and W multiples of 8; returns (N, P, 3, H, W).
    """
    count = window.shape[1]
    mean = network.window_mean(window)
    laid = functional.pad(window - mean, (0, 0, 0, 0, 0, COLOURS_LAID - 3)).flatten(1, 2)
    x = laid.to(memory_format=torch.channels_last)
    stem = network.encoder.stem[0]
    assert isinstance(stem, nn.Conv3d)
    weight = functional.pad(stem.weight, (0, 0, 0, 0, 0, 0, 0, COLOURS_LAID - 3))
    x = rectified(_convolve(x, weight, count, stride=2), stem.bias)
    features = [x]
    for layer in (
        network.encoder.layer1,
        network.encoder.layer2,
        network.encoder.layer3,
        network.encoder.layer4,
    ):
        for block in layer:
            assert isinstance(block, Block)
            x = _block(block, x, count)
        features.append(x)
    features.pop()
    for number, stage in enumerate(network.decoder):
        x = _stage(stage, x, count)
        if number < len(network.decoder) - 1:
            x = _joined(x, features.pop(), count)
    drawn: Tensor = network.outconv(functional.leaky_relu_(network.feature_fuse.conv(x), SLOPE))
    frames: Tensor = drawn.unflatten(1, (-1, 3)).to(mean.dtype) + mean
    return frames


@lru_cache(maxsize=8)
def _placing(count: int, device: torch.device) -> Tensor:
    """(TAPS, count * count): 1 where that tap leads from the frame seen (last) to the frame made."""
    placing = torch.zeros(TAPS, count, count)
    for made in range(count):
        for tap in range(TAPS):
            seen = made + tap - TAPS // 2
            if 0 <= seen < count:
                placing[tap, made, seen] = 1
    return placing.flatten(1).to(device)


def _wide(weight: Tensor, count: int) -> Tensor:
    """Weights (O, I, TAPS, h, w) as (count * O, count * I, h, w)."""
    taps = weight.movedim(2, -1)  # (O, I, h, w, TAPS)
    placed = taps.reshape(-1, TAPS) @ _placing(count, weight.device).to(weight.dtype)
    blocks = placed.view(*taps.shape[:4], count, count).permute(4, 0, 5, 1, 2, 3)  # (made, O, seen, I, h, w)
    return blocks.flatten(2, 3).flatten(0, 1).contiguous(memory_format=torch.channels_last)


def rectified(x: Tensor, bias: Tensor | None) -> Tensor:
    """x (N, T * C, H, W) plus a bias (C,), rectified; may overwrite x."""
    if bias is None:
        return functional.relu_(x)
    bias = bias.repeat(x.shape[1] // len(bias))
    if _is_fused(x):
        from flavr_core.training.flavr_together_triton import Rectified

        made: Tensor = Rectified.apply(x, bias)  # type: ignore[no-untyped-call]
        return made
    return functional.relu_(x + bias[:, None, None])


def gated(gate: Gate, x: Tensor, bias: Tensor | None, skip: Tensor | None, *, slope: float) -> Tensor:
    """x (N, T * C, H, W) plus a bias (C,), times the gate's factors of it, plus the skip, rectified."""
    pooled = gate.attn_layer[0]
    assert isinstance(pooled, nn.Conv3d)
    assert pooled.bias is not None
    if bias is not None and _is_fused(x):
        from flavr_core.training.flavr_together_triton import Gated

        made: Tensor = Gated.apply(  # type: ignore[no-untyped-call]
            x, bias, pooled.weight.flatten(1), pooled.bias, skip, slope
        )
        return made
    count = x.shape[1] // pooled.out_channels
    if bias is not None:
        x = x + bias.repeat(count)[:, None, None]
    means = x.mean((2, 3)).unflatten(1, (count, -1)).mean(1)  # (N, C)
    x = x * gate.factors(means).to(x.dtype).repeat(1, count)[:, :, None, None]
    return functional.leaky_relu_(x if skip is None else x + skip, slope)


def _is_fused(x: Tensor) -> bool:
    if not may_be_fused(x.device) or not x.is_contiguous(memory_format=torch.channels_last):
        return False
    from flavr_core.training.flavr_together_triton import fits

    return fits(x)


def _convolve(x: Tensor, weight: Tensor, count: int, *, stride: int = 1) -> Tensor:
    return functional.conv2d(x, _wide(weight, count), None, stride, weight.shape[-1] // 2)


def _block(block: Block, x: Tensor, count: int) -> Tensor:
    first, second = block.conv1[0], block.conv2[0]
    assert isinstance(first, nn.Conv3d)
    assert isinstance(second, nn.Conv3d)
    stride = first.stride[1]
    out = rectified(_convolve(x, first.weight, count, stride=stride), first.bias)
    out = _convolve(out, second.weight, count)
    if block.downsample is not None:
        projection = block.downsample[0]
        assert isinstance(projection, nn.Conv3d)
        seen = x[:, :, ::stride, ::stride].permute(0, 2, 3, 1).unflatten(-1, (count, -1))
        x = functional.linear(seen, projection.weight.flatten(1)).flatten(3).permute(0, 3, 1, 2)
    return gated(block.fg, out, second.bias, x, slope=0.0)


def _stage(stage: nn.Module, x: Tensor, count: int) -> Tensor:
    if isinstance(stage, ConvStage):
        convolution, gate = stage.conv[0], stage.conv[1]
        assert isinstance(convolution, nn.Conv3d)
        x = _convolve(x, convolution.weight, count)
    else:
        assert isinstance(stage, UpStage)
        convolution, gate = stage.upconv[0], stage.upconv[1]
        assert isinstance(convolution, nn.ConvTranspose3d)
        # Such a convolution is another one's way back: what it makes takes the place of what that one sees.
        x = functional.conv_transpose2d(x, _wide(convolution.weight, count), None, 2, 1)
    assert isinstance(gate, Gate)
    return gated(gate, x, convolution.bias, None, slope=SLOPE)


def _joined(decoded: Tensor, skip: Tensor, count: int) -> Tensor:
    """Both, frame by frame: the decoder's channels first."""
    parts = (part.permute(0, 2, 3, 1).unflatten(-1, (count, -1)) for part in (decoded, skip))
    return torch.cat(tuple(parts), -1).flatten(3).permute(0, 3, 1, 2)
