"""New weights for a FLAVR with which it begins as a cross-fade.

A network without motion has to learn to copy before it can learn anything else, which takes thousands of
steps. Its skip around the encoder can hand pictures on as they are: the stem as the four pixels of each cell,
twice, since rectifiers let one sign pass; the last stage lays them out again. The rest stays random and
speaks softly at first.
"""

from __future__ import annotations

import torch
from torch import Tensor

from flavr_core.errors import ModelError
from flavr_core.model.flavr import HALO, Flavr
from flavr_core.model.flavr_config import Join, UpMode
from flavr_core.model.flavr_stages import SLOPE

SOFTLY = 0.1
"""What the weights of the last layer for all other features are multiplied by."""
COLOURS, SIGNS, PHASES = 3, 2, 4
"""Features of a frame: each colour, risen and fallen, and in the stem each pixel of a cell of 2 x 2."""


@torch.no_grad()
def start_as_cross_fade(network: Flavr) -> None:
    """Set the weights along the outermost skip so that outputs are mixtures of the middle two frames.

    Raises:
        ModelError: when the network has too few channels there, or is of another kind.
    """
    config = network.config
    fits = config.stem_width >= COLOURS * SIGNS * PHASES and config.decoder_widths[4] >= COLOURS * SIGNS
    is_plain = config.join is Join.CONCAT and config.up_mode is UpMode.TRANSPOSE and not config.batch_norm
    if not (fits and is_plain and config.fuse_width >= 2 * COLOURS * SIGNS and config.num_inputs == 4):
        raise ModelError("This FLAVR cannot begin as a cross-fade.", "Begin a wider one.")
    _split(network)
    _lay_out(network)
    _pick(network.get_parameter("feature_fuse.conv.0.weight"), width=config.decoder_widths[4])
    _mix(network)


def _split(network: Flavr) -> None:
    """Feature (phase * COLOURS + colour) * SIGNS + sign: one pixel of the cell, as it is or turned round."""
    used = COLOURS * SIGNS * PHASES
    weight = network.get_parameter("encoder.stem.0.weight")
    weight[:used] = 0
    if network.config.encoder_bias:
        network.get_parameter("encoder.stem.0.bias")[:used] = 0
    for phase in range(PHASES):
        down, across = divmod(phase, 2)
        for colour in range(COLOURS):
            for sign in range(SIGNS):
                feature = (phase * COLOURS + colour) * SIGNS + sign
                weight[feature, colour, 1, 3 + down, 3 + across] = 1 - 2 * sign


def _lay_out(network: Flavr) -> None:
    """Feature colour * SIGNS + sign of the whole size; the gate halves, which the weights make up for."""
    used, skip_at = COLOURS * SIGNS, network.config.decoder_widths[3]
    weight = network.get_parameter("decoder.4.upconv.0.weight")
    weight[:, :used] = 0
    for name in ("0.bias", "1.attn_layer.0.weight", "1.attn_layer.0.bias"):
        network.get_parameter(f"decoder.4.upconv.{name}")[:used] = 0
    for phase in range(PHASES):
        down, across = divmod(phase, 2)
        for colour in range(COLOURS):
            for sign in range(SIGNS):
                for seen in range(SIGNS):
                    feature = skip_at + (phase * COLOURS + colour) * SIGNS + seen
                    same = 1 if seen == sign else -1
                    weight[feature, colour * SIGNS + sign, 1, 1 + down, 1 + across] = 2 * same


def _pick(weight: Tensor, *, width: int) -> None:
    """Feature (frame * COLOURS + colour) * SIGNS + sign of the middle two frames.

    After a leaky rectifier the difference of both signs is 1 + SLOPE times the value.
    """
    weight[: 2 * COLOURS * SIGNS] = 0
    for frame in range(2):
        for colour in range(COLOURS):
            for sign in range(SIGNS):
                for seen in range(SIGNS):
                    feature = (frame + 1) * width + colour * SIGNS + seen
                    same = 1 if seen == sign else -1
                    picked = (frame * COLOURS + colour) * SIGNS + sign
                    weight[picked, feature] = same / (1 + SLOPE)


def _mix(network: Flavr) -> None:
    """Each output is the mean of both frames, weighted by its position."""
    assert network.positions is not None
    weight = network.get_parameter("outconv.1.weight")
    weight.mul_(SOFTLY)
    weight[:, : 2 * COLOURS * SIGNS] = 0
    network.get_parameter("outconv.1.bias").zero_()
    for number, position in enumerate(network.positions):
        for frame, share in enumerate((1 - float(position), float(position))):
            for colour in range(COLOURS):
                for sign in range(SIGNS):
                    feature = (frame * COLOURS + colour) * SIGNS + sign
                    part = share * (1 - 2 * sign) / (1 + SLOPE)
                    weight[number * COLOURS + colour, feature, HALO, HALO] = part
