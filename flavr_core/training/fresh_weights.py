"""New weights through which a deep network without normalisation hands its input on.

By torch's own start a convolution's result is a third to a half as large as what it saw. After the seventeen
of UPR-Net's way to its flow nothing of the pictures is left, and such a network never moves anything.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

RECTIFIERS = (nn.ReLU, nn.LeakyReLU, nn.PReLU)


@torch.no_grad()
def keep_signals_alive(network: nn.Module) -> None:
    """Draw the weights of every convolution that a rectifier follows anew, by He et al. (arXiv 1502.01852).

    Results are then as large as inputs, whatever the depth. Layers that say something (flow, weights of
    samples, colours) are followed by none and stay as they are.
    """
    for sequence in network.modules():
        if not isinstance(sequence, nn.Sequential):
            continue
        for layer, follower in pairwise(sequence):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(follower, RECTIFIERS):
                gain = nn.init.calculate_gain("leaky_relu", slope_of(follower))
                layer.weight.normal_(std=gain / seen_by_each(layer) ** 0.5)
                if layer.bias is not None:
                    layer.bias.zero_()


def slope_of(rectifier: nn.Module) -> float:
    """What a rectifier lets pass of negative numbers."""
    match rectifier:
        case nn.LeakyReLU():
            return rectifier.negative_slope
        case nn.PReLU():
            return rectifier.init
    return 0.0


def seen_by_each(layer: nn.Conv2d | nn.ConvTranspose2d) -> int:
    """How many numbers each result is a sum of."""
    taps = layer.kernel_size[0] * layer.kernel_size[1] * layer.in_channels // layer.groups
    if isinstance(layer, nn.ConvTranspose2d):
        taps //= layer.stride[0] * layer.stride[1]
    return taps
