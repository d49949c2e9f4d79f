"""FLAVR: a 3-D U-Net that draws every in-between of a gap in one pass, without optical flow.

Kalluri, Pathak, Chandraker, Tran: "FLAVR: Flow-Agnostic Video Representations for Fast Frame
Interpolation", WACV 2023. Parameters carry the authors' names, so their checkpoints load as they are.
"""

from __future__ import annotations

from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.flavr_config import (
    OPTIONS,
    FlavrConfig,
    Join,
    config_from_shapes,
    matches,
    names_from_mmagic,
)
from flavr_core.model.flavr_stages import SLOPE, ConvStage, Encoder, Fuse, UpStage
from flavr_core.model.flavr_statistics import PoolingFlavr
from flavr_core.model.network import Architecture, pad_to_multiple

HALO = 3
"""Rows on each side of a pixel that the output convolution looks at."""


class Flavr(PoolingFlavr):
    """FLAVR of any depth, width, number of inputs and outputs.

    Convention: as `Network`. The mean of each colour over all frames and pixels of the window is taken
    off before and added to every output; it is taken before padding. The gates pool over the padded
    picture, so for sizes that are no multiples of 8 they see the replicated edge as well.
    `strip_rows` bounds the memory of the last decoder stage, where it peaks.
    """

    def __init__(self, config: FlavrConfig) -> None:
        super().__init__()
        self.config = config
        self.num_inputs = config.num_inputs
        steps = config.num_outputs + 1
        self.positions = tuple(Fraction(step, steps) for step in range(1, steps))
        self.encoder = Encoder(config)
        skips = (config.widths[2], config.widths[1], config.widths[0], config.stem_width)
        if config.join is not Join.CONCAT:
            skips = (0, 0, 0, 0)
        widths = config.decoder_widths
        inputs = (config.widths[3], *(width + skip for width, skip in zip(widths, skips, strict=False)))
        kinds = (ConvStage, UpStage, UpStage, ConvStage, UpStage)
        self.decoder = nn.Sequential(
            *(
                kind(config, width_in, width)
                for kind, width_in, width in zip(kinds, inputs, widths, strict=True)
            )
        )
        self.feature_fuse = Fuse(config, widths[4] * config.num_inputs)
        self.outconv = nn.Sequential(
            nn.ReflectionPad2d(HALO), nn.Conv2d(config.fuse_width, 3 * config.num_outputs, 2 * HALO + 1)
        )

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`. Mean and sum are taken in at least float32, whatever the weights' precision."""
        height, width = window.shape[3:]
        mean = self.window_mean(window)  # (N, 1, 3, 1, 1)
        volume = pad_to_multiple(window - mean, self.size_multiple).to(self.dtype)
        features = self.encoder(volume.transpose(1, 2))  # five of (N, C, T, H', W')
        joined = self.decode(features)  # (N, C, T, H / 2, W / 2)
        if self.strip_rows is None or self.training:
            drawn = self.finish(joined)
        else:
            drawn = self.finish_in_strips(joined, self.strip_rows)
        frames = drawn.view(len(drawn), -1, 3, *drawn.shape[2:])  # (N, outputs, 3, H', W')
        assert self.positions is not None
        wanted = [self.positions.index(position) for position in positions]
        chosen = torch.stack([frames[:, number, :, :height, :width] for number in wanted], 1)
        out: Tensor = chosen.to(mean.dtype) + mean  # (N, P, 3, H, W)
        return out.to(window.dtype)

    def decode(self, features: list[Tensor]) -> Tensor:
        """Decoder stages 0 to 3, each joined with its skip. Empties `features`, so that memory is freed."""
        x = features.pop()
        for stage in list(self.decoder)[:4]:
            x = functional.leaky_relu_(stage(x), SLOPE)  # the stage's input is freed before the join
            x = self.join(x, features.pop())
        return x

    def join(self, decoded: Tensor, skip: Tensor) -> Tensor:
        """Decoder first, skip second, on the channel axis; or their sum; or the decoder alone."""
        if self.config.join is Join.CONCAT:
            return torch.cat([decoded, skip], 1)
        return decoded + skip if self.config.join is Join.ADD else decoded

    def finish(self, joined: Tensor) -> Tensor:
        """The last decoder stage, fuse and output: (N, C, T, H / 2, W / 2) to (N, 3 * outputs, H, W)."""
        drawn: Tensor = self.outconv(
            self.feature_fuse(functional.leaky_relu_(self.decoder[4](joined), SLOPE))
        )
        return drawn

    def finish_in_strips(self, joined: Tensor, strip_rows: int) -> Tensor:
        """`finish`, `strip_rows` output rows at a time: the full-size features never exist at once."""
        stage = self.decoder[4]
        assert isinstance(stage, UpStage)
        scale = stage.gate_scale(joined)
        height = 2 * joined.shape[3]
        strips = []
        for top in range(0, height, strip_rows):
            bottom = min(top + strip_rows, height)
            above, below = max(top - HALO, 0), min(bottom + HALO, height)
            features = functional.leaky_relu_(stage.rows(joined, scale, above, below), SLOPE)
            merged = self.feature_fuse(features)  # (N, C, below - above, W)
            edges = (HALO, HALO, HALO - (top - above), HALO - (below - bottom))
            strips.append(self.outconv[1](functional.pad(merged, edges, mode="reflect")))
        return torch.cat(strips, 2)


ARCHITECTURE = Architecture(
    name=Flavr.architecture,
    matches=matches,
    build=lambda shapes, options: Flavr(config_from_shapes(shapes, options)),
    rename=names_from_mmagic,
    options=OPTIONS,
)
"""FLAVR as the loader sees it."""
