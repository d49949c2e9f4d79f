"""UPR-Net's synthesis by kernels on CUDA: every tensor is written where the next layer wants it.

Imported only where Triton is installed, and used where no gradients are wanted; `UprNet` has the plain way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.layers import run_layers
from flavr_core.model.splatting_triton import splat_into
from flavr_core.model.uprnet_triton import KNOWN, ROOM, gather_known, mix

if TYPE_CHECKING:
    from flavr_core.model.uprnet import Level, Synthesis


def refine_fused(
    synthesis: Synthesis,
    level: Level,
    last: Tensor | None,
    flows: tuple[Tensor, Tensor, Tensor],
    t: float,
) -> Tensor:
    """The picture at one level, (N, 3, h, w) float32 in [0, 1].

    Convention: `last` as in `UprNet`; flows (2 * N, 2, h, w) to the position t, at the level's size, half of
    it and a quarter.
    """
    # (2 * N, C, ...) of features become (N, 2 * C, ...): twice the channels beside one another.
    widths = [2 * features.shape[1] for features in level.features]
    full, half, quarter = (
        _out_channels(layers)
        for layers in (synthesis.encoder_conv, synthesis.encoder_down1, synthesis.encoder_down2)
    )
    down = [
        _room(x, own + more)
        for x, own, more in zip(level.features, (full, half, quarter), widths, strict=True)
    ]
    carried = torch.empty_like(level.frames, memory_format=torch.channels_last)
    splat_into([carried, down[0][:, full:]], [level.frames, level.features[0]], flows[0])
    splat_into([down[1][:, half:]], [level.features[1]], flows[1])
    splat_into([down[2][:, quarter:]], [level.features[2]], flows[2])
    known = gather_known(last, carried, level.frames, flows[0], t)
    run_layers(_with_room(synthesis.encoder_conv), known, result=down[0][:, :full])
    del known
    run_layers(synthesis.encoder_down1, down[0], result=down[1][:, :half])
    run_layers(synthesis.encoder_down2, down[1], result=down[2][:, :quarter])
    # The way up looks at what the way down saw, without what was splatted.
    up = [_room(level.features[1], 2 * half), _room(level.features[0], 2 * full)]
    up[0][:, half:] = down[1][:, :half]
    up[1][:, full:] = down[0][:, :full]
    del down[:2]
    run_layers(synthesis.decoder_up1, down[0], result=up[0][:, :half])
    run_layers(synthesis.decoder_up2, up[0], result=up[1][:, :full])
    predicted = run_layers([synthesis.pred], run_layers(synthesis.decoder_conv, up[1]))
    return mix(predicted, carried, t)


def _room(features: Tensor, channels: int) -> Tensor:
    """A picture as large as one of the features, (N, channels, h, w), channels last in memory."""
    return torch.empty(
        (len(features) // 2, channels, *features.shape[2:]),
        dtype=features.dtype,
        device=features.device,
        memory_format=torch.channels_last,
    )


def _out_channels(layers: nn.Sequential) -> int:
    first = layers[0]
    assert isinstance(first, nn.Conv2d)
    return first.out_channels


def _with_room(layers: nn.Sequential) -> list[nn.Module]:
    """The layers with a first convolution that looks at ROOM channels, of which KNOWN count."""
    first = layers[0]
    assert isinstance(first, nn.Conv2d)
    wider = nn.Conv2d(ROOM, first.out_channels, 3, padding=1, device="meta")
    weight = functional.pad(first.weight, (0, 0, 0, 0, 0, ROOM - KNOWN))
    wider.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last), requires_grad=False)
    wider.bias = first.bias
    return [wider, *list(layers)[1:]]
