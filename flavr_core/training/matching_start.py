"""New weights for a UPR-Net with which its flow begins as what its cost volume shows.

From random weights its flow dies before it says anything true (`shifts_first`). Two things keep it alive.

Centred filters: each sums to nothing over all that it sees, so that what all pixels have in common
(brightness, and the positive mean that every rectifier leaves) is not handed on, and the features of
different places differ. Products of such features are largest where pictures match: at 7 places of 10 of real
pictures, before any training; with filters that are not centred at 1 of 100, as by chance.

A path through the motion estimator: the displacements times their products, summed, are added to the flow
that came in. Pairs of features of either sign carry it, since rectifiers let one pass.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from flavr_core.errors import ModelError
from flavr_core.model.uprnet import RADIUS, SLOPE, UprNet
from flavr_core.training.fresh_weights import RECTIFIERS, seen_by_each, slope_of

AXES, SIGNS = 2, 2
FLOWS = 4
"""Components of flow that come in: across and down, forth and back."""
PAIRS = AXES + FLOWS
"""What the path carries: the sum of displacements across and down, and the flow that came in."""
LAYERS = 5
"""Rectified convolutions of the estimator."""
CONTRAST = 12.0
"""What the first filters are multiplied by: neighbouring pixels differ by so little."""
GAIN = 0.2
"""Pixels of flow for a unit of the sum of products, right for outlines of middling contrast."""
SOFTLY = 0.1
"""What other weights of the last layers are multiplied by."""


@torch.no_grad()
def start_as_matcher(network: UprNet) -> None:
    """Set the weights; those off the path are random and speak softly at first.

    Raises:
        ModelError: when the estimator has fewer than twelve features in a layer.
    """
    if min(network.widths.motion) < PAIRS * SIGNS:
        raise ModelError("This UPR-Net is too narrow to begin by matching.", "Begin a wider one.")
    _centre(network)
    _layer(network.feat_pyramid.get_submodule("conv_stage0.0")).weight.mul_(CONTRAST)
    _read_costs(_estimator_layer(network, 1).weight)
    for number in range(2, LAYERS + 1):
        _carry_on(_estimator_layer(network, number).weight)
    last = _estimator_layer(network, LAYERS + 1)
    _soften(last)
    _say(last.weight)
    _soften(network.synthesis_network.pred)


def _centre(network: nn.Module) -> None:
    """Random filters that sum to zero, before rectifiers, each result as wide as what it is made of."""
    for sequence in network.modules():
        if not isinstance(sequence, nn.Sequential):
            continue
        for layer, follower in pairwise(sequence):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(follower, RECTIFIERS):
                slope = slope_of(follower)
                mean = (1 - slope) / math.sqrt(2 * math.pi)  # of a rectified normal number
                variance = (1 + slope**2) / 2 - mean**2
                weight = layer.weight.normal_()
                weight -= weight.mean((1, 2, 3) if isinstance(layer, nn.Conv2d) else (0, 2, 3), keepdim=True)
                weight /= math.sqrt(variance * seen_by_each(layer))
                if layer.bias is not None:
                    layer.bias.zero_()


def _read_costs(weight: torch.Tensor) -> None:
    """The first layer: displacements times costs, either sign; the flow, either sign."""
    side = 2 * RADIUS + 1
    shifts = torch.arange(side) - float(RADIUS)
    displacements = (shifts.repeat(side), shifts.repeat_interleave(side))  # rows of the volume are y
    weight[: PAIRS * SIGNS] = 0
    for pair in range(PAIRS):
        for sign in range(SIGNS):
            one = weight[pair * SIGNS + sign, :, 0, 0]
            if pair < AXES:
                one[: side**2] = displacements[pair] * (1 - 2 * sign)
            else:
                one[pair - PAIRS] = 1 - 2 * sign


def _carry_on(weight: torch.Tensor) -> None:
    """A further layer: sums of costs as means of 3 x 3 places, flow as it is.

    A pair behind a leaky rectifier differs by 1 + SLOPE times its value.
    """
    weight[: PAIRS * SIGNS] = 0
    for feature in range(PAIRS * SIGNS):
        for seen, factor in ((feature, 1), (feature ^ 1, -1)):
            share = factor / (1 + SLOPE)
            if feature < AXES * SIGNS:
                weight[feature, seen] = share / 9
            else:
                weight[feature, seen, 1, 1] = share


def _say(weight: torch.Tensor) -> None:
    """The last layer: what came in and what was found, the way back being the way forth turned round."""
    weight[:, : PAIRS * SIGNS] = 0
    for output in range(FLOWS):
        axis, direction = output % AXES, 1 - 2 * (output // AXES)
        for sign in range(SIGNS):
            share = (1 - 2 * sign) / (1 + SLOPE)
            weight[output, axis * SIGNS + sign, 1, 1] = GAIN * direction * share
            weight[output, (AXES + output) * SIGNS + sign, 1, 1] = share


def _estimator_layer(network: UprNet, number: int) -> nn.Conv2d:
    return _layer(network.get_submodule(f"motion_estimator.conv_layer{number}.0"))


def _layer(module: nn.Module) -> nn.Conv2d:
    assert isinstance(module, nn.Conv2d)
    return module


def _soften(layer: nn.Conv2d) -> None:
    layer.weight.mul_(SOFTLY)
    if layer.bias is not None:
        layer.bias.zero_()
