"""A narrower network in the place of one whose weights were thinned out, as CDFI does it.

A layer of which the share d is left keeps the root of d of its channels, so that its weights shrink by
about d. Layers whose channels are added or belong to one width of the configuration share their density.
The narrower network begins with weights of its own: it is trained again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from flavr_core.errors import ModelError
from flavr_core.model.adacof import DOWN, UP, AdaCoF, KernelWidths
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import Join
from flavr_core.model.network import Network
from flavr_core.training.sparsity import LayerDensity, measure_densities

FEWEST = 4
"""Channels that every layer keeps."""
CONVOLUTIONS = {2: (1,), 4: (0, 2, 4), 5: (0, 2, 4, 7)}
"""{channel counts of a block of AdaCoF: places of its convolutions}."""


def narrow(network: Network, *, multiple: int = 1) -> Network:
    """An untrained network as narrow as this one's zeros allow; widths are multiples of `multiple`.

    Raises:
        ModelError: when it is of a class that cannot be narrowed.
    """
    layers = {layer.name: layer for layer in measure_densities(network)}
    if isinstance(network, Flavr):
        return narrow_flavr(network, layers, multiple)
    if isinstance(network, AdaCoF):
        return narrow_adacof(network, layers, multiple)
    raise ModelError(
        f"A {network.architecture} network cannot be narrowed.", "FLAVR and AdaCoF networks can."
    )


def narrowed_width(width: int, layers: Iterable[LayerDensity], multiple: int) -> int:
    """Channels that are kept of `width`, given the layers that make them."""
    made = list(layers)
    density = sum(layer.kept for layer in made) / sum(layer.weights for layer in made)
    wanted = max(FEWEST, round(math.sqrt(density) * width))
    return min(width, math.ceil(wanted / multiple) * multiple)


def narrow_flavr(network: Flavr, layers: Mapping[str, LayerDensity], multiple: int) -> Flavr:
    """FLAVR with fewer channels in stem, encoder layers, decoder stages and fuse."""
    config = network.config
    if config.join is Join.ADD:
        raise ModelError(
            "A FLAVR that adds its skips cannot be narrowed: what is added must stay equally wide.",
            "One that concatenates them can.",
        )

    def fewer(width: int, *beginnings: str) -> int:
        # Gates and projections follow the convolutions beside them.
        making = [
            layer
            for name, layer in layers.items()
            if name.startswith(beginnings) and not any(word in name for word in ("attn_layer", "downsample"))
        ]
        return narrowed_width(width, making, multiple)

    a, b, c, d = (fewer(width, f"encoder.layer{n}.") for n, width in enumerate(config.widths, 1))
    e, f, g, h, i = (fewer(width, f"decoder.{n}.") for n, width in enumerate(config.decoder_widths))
    return Flavr(
        replace(
            config,
            stem_width=fewer(config.stem_width, "encoder.stem."),
            widths=(a, b, c, d),
            decoder_widths=(e, f, g, h, i),
            fuse_width=fewer(config.fuse_width, "feature_fuse."),
        )
    )


def narrow_adacof(network: AdaCoF, layers: Mapping[str, LayerDensity], multiple: int) -> AdaCoF:
    """AdaCoF with fewer channels within its blocks; what the heads give stays."""
    blocks = network.widths.blocks

    def making(block: str, place: int) -> LayerDensity:
        number = CONVOLUTIONS[len(blocks[block])][place]
        return layers[f"get_kernel.{block}.{number}.weight"]

    outputs: dict[str, list[int]] = {}
    for block, counts in blocks.items():
        outputs[block] = [
            narrowed_width(width, [making(block, place)], multiple) for place, width in enumerate(counts[1:])
        ]
        if len(counts) == 5:
            outputs[block][-1] = counts[-1]
    inputs = {DOWN[0]: 6}
    for number, up in enumerate(UP):
        # What an enlargement gives is added to the features of the way down at its size.
        grown, skip = up.replace("Deconv", "Upsample"), DOWN[4 - number]
        both = [making(grown, 0), making(skip, 2)]
        outputs[grown][-1] = outputs[skip][-1] = narrowed_width(blocks[skip][-1], both, multiple)
    for earlier, later in zip(DOWN, (*DOWN[1:], UP[0]), strict=True):
        inputs[later] = outputs[earlier][-1]
    heads = [block for block, counts in blocks.items() if len(counts) == 5]
    for number, up in enumerate(UP):
        inputs[up.replace("Deconv", "Upsample")] = outputs[up][-1]
        for later in UP[number + 1 : number + 2] or heads:
            inputs[later] = outputs[DOWN[4 - number]][-1]
    widths = KernelWidths(blocks={block: (inputs[block], *outputs[block]) for block in blocks})
    return AdaCoF(widths, dilation=network.dilation)
