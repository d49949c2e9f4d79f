"""The published two-frame networks with their published widths and new weights, to be trained.

Widths are facts about the networks (they can be read off the authors' files). New weights are PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from flavr_core.errors import ModelError
from flavr_core.model.adacof import DOWN, KERNEL_HEADS, SIDES, UP, AdaCoF, KernelWidths
from flavr_core.model.cdfi import Cdfi, CdfiWidths
from flavr_core.model.gridnet import GridWidths
from flavr_core.model.layout import lay_channels_last
from flavr_core.model.network import Network
from flavr_core.model.uprnet import UprNet, UprWidths

Widths = tuple[int, ...]


def _kernel_widths(
    down: Sequence[Widths], up: Sequence[Widths], head: Widths, masks: Mapping[str, Widths], *, kernel: int
) -> KernelWidths:
    """From the channels out of each block's layers; those into it follow from the block before."""
    blocks: dict[str, Widths] = {}
    inputs = 6
    for name, widths in zip(DOWN, down, strict=True):
        blocks[name] = (inputs, *widths)
        inputs = widths[-1]
    skips = [widths[-1] for widths in reversed(down)]
    for name, widths, skip in zip(UP, up, skips, strict=False):
        blocks[name] = (inputs, *widths)
        blocks[name.replace("Deconv", "Upsample")] = (widths[-1], skip)
        inputs = skip
    blocks |= {name + side: (inputs, *head, kernel**2) for side in SIDES for name in KERNEL_HEADS}
    blocks |= {name: (inputs, *widths, 1) for name, widths in masks.items()}
    return KernelWidths(blocks=blocks)


def _adacof(*, kernel: int, dilation: int) -> AdaCoF:
    down = [(width,) * 3 for width in (32, 64, 128, 256, 512)]
    up = [(width,) * 3 for width in (512, 256, 128, 64)]
    masks = {"moduleOcclusion": (64, 64, 64)}
    widths = _kernel_widths(down, up, (64, 64, kernel**2), masks, kernel=kernel)
    return AdaCoF(widths, dilation=dilation)


_COMPRESSED_UP = [(99, 69, 36), (74, 83, 81), (83, 88, 72)]


def _compressed_down(second: int, third: int) -> list[Widths]:
    return [(24, 24, 24), (48, 48, second), (99, 97, third), (156, 142, 159), (92, 72, 121)]


def _compressed_adacof(*, kernel: int, dilation: int) -> AdaCoF:
    """All six heads alike, where the authors' differ by a channel; as large as theirs."""
    masks = {"moduleOcclusion": (52, 51, 48)}
    up = [*_COMPRESSED_UP, (45, 47, 44)]
    widths = _kernel_widths(_compressed_down(51, 94), up, (51, 49, 20), masks, kernel=kernel)
    return AdaCoF(widths, dilation=dilation)


def _cdfi() -> Cdfi:
    masks = dict.fromkeys(("moduleOcclusion", "moduleBlend"), (52, 52, 48))
    down = _compressed_down(52, 95)
    kernels = _kernel_widths(down, [*_COMPRESSED_UP, (45, 45, 45)], (52, 49, 21), masks, kernel=11)
    levels = tuple((widths[-1], outputs) for widths, outputs in zip(down, (4, 8, 12, 16, 20), strict=True))
    grid = GridWidths(inputs=2 * (3 + sum(outputs for _, outputs in levels)), rows=(32, 64, 96), outputs=3)
    return Cdfi(CdfiWidths(kernels=kernels, levels=levels, grid=grid), dilation=2)


def _upr(half: int) -> UprNet:
    """All widths of the base network in halves: 2, 3 or 4 of them."""
    base = UprWidths()
    first, second, third = (width * half // 2 for width in base.features)
    one, two, three, four, five = (width * half // 2 for width in base.motion)
    full, middle, quarter = (width * half // 2 for width in base.synthesis)
    return UprNet(
        UprWidths(
            features=(first, second, third),
            motion=(one, two, three, four, five),
            synthesis=(full, middle, quarter),
        )
    )


_NETWORKS: Mapping[str, Callable[[], Network]] = {
    "adacof": lambda: _adacof(kernel=5, dilation=1),
    "adacof-plus": lambda: _adacof(kernel=11, dilation=2),
    "adacof-compressed": lambda: _compressed_adacof(kernel=5, dilation=1),
    "adacof-compressed-plus": lambda: _compressed_adacof(kernel=11, dilation=2),
    "cdfi": _cdfi,
    "upr-base": lambda: _upr(2),
    "upr-large": lambda: _upr(3),
    "upr-llarge": lambda: _upr(4),
}

PUBLISHED = tuple(_NETWORKS)
"""Names of the networks that can be begun anew."""


def new_network(name: str) -> Network:
    """A published network with new weights, float32 on the CPU; torch's own generator draws them.

    Raises:
        ModelError: when there is none of this name.
    """
    if name not in _NETWORKS:
        raise ModelError(f"There is no published network {name}.", f"There are {', '.join(PUBLISHED)}.")
    network = _NETWORKS[name]()
    if isinstance(network, UprNet):
        _flatten(network)
    lay_channels_last(network)
    network.name = name
    return network


@torch.no_grad()
def _flatten(network: UprNet) -> None:
    """Begin with little motion and little of a residual: what is splatted far away teaches nothing."""
    for layer in (network.motion_estimator.conv_layer6[0], network.synthesis_network.pred):
        assert isinstance(layer, nn.Conv2d)
        layer.weight.mul_(0.1)
        if layer.bias is not None:
            layer.bias.zero_()
