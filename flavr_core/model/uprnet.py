"""UPR-Net: one small network applied from coarse to fine, which carries both frames forward to the moment.

Jin, Wu, Chen, Chen, Koo, Hahm: "A Unified Pyramid Recurrent Network for Video Frame Interpolation",
CVPR 2023. Written from the paper; parameters carry the authors' names, so their checkpoints load as they
are. The `base`, `large` and `LARGE` networks differ in their channels alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.errors import ModelError
from flavr_core.model.cost_volume import cost_volume
from flavr_core.model.fused import use_fused
from flavr_core.model.layers import run_layers
from flavr_core.model.layout import lay_channels_last
from flavr_core.model.network import Architecture, Network, Shape
from flavr_core.model.splatting import splat, splat_together

SLOPE = 0.1
"""Of the leaky rectifiers of features and motion."""
RADIUS = 4
"""Reach of the cost volume, in pixels at a quarter of a level's size."""
FEWEST_LEVELS = 3
"""Levels of the pyramid in training; small pictures have no fewer."""
TRAINED_WIDTH = 448
"""Columns of pictures for which FEWEST_LEVELS are right; twice as many need a level more."""
SKIPPING_LEVELS = 7
"""From so many levels on (pictures of 4K), motion is not estimated on the finest ones ..."""
SKIPPED_LEVELS = 2
"""... of this number."""
GRAY = 0.5
"""What pictures are padded with on the right and at the bottom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UprWidths:
    """Channels of a UPR-Net. The defaults are the authors' base network."""

    features: tuple[int, int, int] = (16, 32, 64)
    """Features of a level at 1, 1/2 and 1/4 of its size."""
    motion: tuple[int, int, int, int, int] = (160, 128, 112, 96, 64)
    """Layers of the motion estimator before its last; the fifth is handed on to the next level."""
    synthesis: tuple[int, int, int] = (32, 64, 128)
    """Synthesis at 1, 1/2 and 1/4 of a level's size."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the pyramid, with all that does not depend on the position.

    Convention: N windows, h and w the level's size. `frames` (2 * N, 3, h, w): all frames before, then all
    after, BGR; `features` three of (2 * N, C, h / 2**k, w / 2**k); both in the network's dtype. `flow`
    (2 * N, 2, h, w) float32, pixels of the level, x first: from the frames before to those after, then back.
    """

    frames: Tensor
    features: tuple[Tensor, ...]
    flow: Tensor


class FeaturePyramid(nn.Module):
    """Features of frames at their size, half of it and a quarter."""

    def __init__(self, widths: UprWidths) -> None:
        super().__init__()
        inputs = 3
        for stage, width in enumerate(widths.features):
            layers: list[nn.Module] = []
            for number in range(4):
                stride = 2 if stage and not number else 1
                layers += [
                    nn.Conv2d(inputs if not number else width, width, 3, stride, 1),
                    nn.LeakyReLU(SLOPE, inplace=True),
                ]
            self.add_module(f"conv_stage{stage}", nn.Sequential(*layers))
            inputs = width

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) to three feature maps, finest first."""
        features = []
        for stage in range(3):
            frames = run_layers(self._stage(stage), frames)
            features.append(frames)
        return tuple(features)

    def _stage(self, number: int) -> nn.Sequential:
        stage = self.get_submodule(f"conv_stage{number}")
        assert isinstance(stage, nn.Sequential)
        return stage


class MotionEstimator(nn.Module):
    """Flow both ways at one level, from what is known of it and what the warped features show."""

    def __init__(self, widths: UprWidths) -> None:
        super().__init__()
        features, hidden = widths.features[2], widths.motion[4]
        inputs = (2 * RADIUS + 1) ** 2 + 2 * features + hidden + 4
        for number, width in enumerate(widths.motion, 1):
            convolution = nn.Conv2d(inputs, width, 3 if number > 1 else 1, padding=int(number > 1))
            layer = nn.Sequential(convolution, nn.LeakyReLU(SLOPE, inplace=True))
            self.add_module(f"conv_layer{number}", layer)
            inputs = width
        self.conv_layer6 = nn.Sequential(nn.Conv2d(inputs, 4, 3, padding=1))

    def forward(self, features: Tensor, flow: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Features (2 * N, C, h / 4, w / 4), the last flow and what the estimator said last, to new ones.

        Convention: flow (2 * N, 2, h, w) float32 as in `Level`; hidden (N, C, h / 4, w / 4).
        """
        small = _resized(flow, 0.25)
        # Half of either flow, a quarter of the size: both meet in the middle.
        warped = splat(features, small * 0.125).chunk(2)
        costs = functional.leaky_relu(cost_volume(*warped, radius=RADIUS), SLOPE)
        x = torch.cat((costs, *warped, hidden, *small.to(hidden.dtype).chunk(2)), 1)
        for number in range(1, 6):
            layer = self.get_submodule(f"conv_layer{number}")
            assert isinstance(layer, nn.Sequential)
            x = run_layers(layer, x)
        found = _resized(self._flow(x), 4.0)  # in pixels of the level already
        return torch.cat((found[:, :2], found[:, 2:])), x

    def _flow(self, x: Tensor) -> Tensor:
        """The last layer, in at least float32: bf16 rounds motion of 20 pixels to eighths of one."""
        last = self.conv_layer6[0]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        dtype = torch.promote_types(x.dtype, torch.float32)
        weight, bias = last.weight.to(dtype), last.bias.to(dtype)
        if not self.training:
            return functional.conv2d(x.to(dtype), weight, bias, padding=1)
        with torch.autocast(x.device.type, enabled=False):
            return functional.conv2d(x.to(dtype), weight, bias, padding=1)


class Synthesis(nn.Module):
    """A U-Net that takes splatted features in on its way down: weights of the two frames and a residual."""

    def __init__(self, widths: UprWidths) -> None:
        super().__init__()
        full, half, quarter = widths.synthesis
        first, second, third = (2 * width for width in widths.features)
        self.encoder_conv = _rectified(19, full, full)
        self.encoder_down1 = _rectified(full + first, half, half, half, stride=2)
        self.encoder_down2 = _rectified(half + second, quarter, quarter, quarter, stride=2)
        self.decoder_up1 = _enlarged(quarter + third, half)
        self.decoder_up2 = _enlarged(half + half, full)
        self.decoder_conv = _rectified(full + full, full, full)
        self.pred = nn.Conv2d(full, 5, 3, padding=1)

    def forward(self, known: Tensor, warped: list[Tensor]) -> Tensor:
        """(N, 19, h, w) and features of both frames (N, 2 * C, h / 2**k, w / 2**k) to (N, 5, h, w).

        `warped` is used up: what has been looked at need not be held.
        """
        full = run_layers(self.encoder_conv, known)
        half = run_layers(self.encoder_down1, torch.cat((full, warped.pop(0)), 1))
        quarter = run_layers(self.encoder_down2, torch.cat((half, warped.pop(0)), 1))
        x = run_layers(self.decoder_up1, torch.cat((quarter, warped.pop(0)), 1))
        x = run_layers(self.decoder_up2, torch.cat((x, half), 1))
        x = run_layers(self.decoder_conv, torch.cat((x, full), 1))
        return run_layers([self.pred], x)


def _rectified(*widths: int, stride: int = 1) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number, outputs in enumerate(widths[1:]):
        layers += [
            nn.Conv2d(widths[number], outputs, 3, 1 if number else stride, 1),
            nn.PReLU(outputs),
        ]
    return nn.Sequential(*layers)


def _enlarged(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.PReLU(outputs), *_rectified(outputs, outputs)
    )


def _resized(x: Tensor, scale: float) -> Tensor:
    return functional.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)


class UprNet(Network):
    """UPR-Net of any width. Two frames, any position, flow on request.

    Convention: as `Network`; inside, colours are in the order blue, green, red. Results lie in [0, 1].
    Pictures are padded with gray to multiples of 2**(levels + 1), as by the authors.

    Attributes:
        pyramid_levels: levels of the pyramid; None takes them from the width.
        skipped_levels: finest levels on which flow is enlarged and not estimated; None takes them from the
            number of levels.
    """

    architecture = "uprnet"
    num_inputs = 2
    positions = None
    size_multiple = 64
    halo_px = 160

    def __init__(self, widths: UprWidths | None = None) -> None:
        super().__init__()
        self.widths = widths = widths or UprWidths()
        self.pyramid_levels: int | None = None
        self.skipped_levels: int | None = None
        self.feat_pyramid = FeaturePyramid(widths)
        self.motion_estimator = MotionEstimator(widths)
        self.synthesis_network = Synthesis(widths)
        self.register_load_state_dict_post_hook(lay_channels_last)  # type: ignore[no-untyped-call]

    def levels_for(self, width: int) -> int:
        """Levels of the pyramid for pictures of this width, as the authors' demonstration has them."""
        if self.pyramid_levels is not None:
            return self.pyramid_levels
        return max(FEWEST_LEVELS, math.ceil(math.log2(width / TRAINED_WIDTH) + FEWEST_LEVELS))

    def skipped_for(self, levels: int) -> int:
        """Finest levels on which motion is not estimated; always fewer than there are levels."""
        skipped = self.skipped_levels
        if skipped is None:
            skipped = SKIPPED_LEVELS if levels >= SKIPPING_LEVELS else 0
        return min(skipped, levels - 1)

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`. Motion does not depend on the position and is estimated once for all."""
        height, width = window.shape[3:]
        drawn: list[Tensor | None] = [None] * len(positions)
        for level in self.estimate(window):  # one level after the other: only one is held
            for number, t in enumerate(positions):
                last = drawn[number]
                drawn[number] = self._refine(level, last if last is None else _resized(last, 2.0), float(t))
        finest = [picture[:, :, :height, :width] for picture in drawn if picture is not None]
        return torch.stack(finest, 1).flip(2).to(window.dtype)

    def draw_levels(self, window: Tensor, t: Tensor) -> Iterator[tuple[Level, Tensor]]:
        """Each level and its picture, coarsest first, of windows at positions of their own: for training.

        Convention: window (N, 2, 3, H, W) RGB; t (N,) float32 within (0, 1); pictures (N, 3, h, w) float32
        RGB, of the level's size, which padding may have made larger than the window.
        """
        picture: Tensor | None = None
        for level in self.estimate(window):
            last = None if picture is None else _resized(picture, 2.0)
            picture = self._refine(level, last, t[:, None, None, None])
            yield level, picture.flip(1)

    def estimate_flow(self, window: Tensor) -> Tensor:
        """See `flavr_core.model.flows.FlowEstimator`."""
        height, width = window.shape[3:]
        for level in self.estimate(window):
            flow = level.flow
        forth, back = flow[:, :, :height, :width].chunk(2)
        return torch.cat((forth, back), 1)

    def estimate(self, window: Tensor) -> Iterator[Level]:
        """Features and flow of one level after the other, coarsest first."""
        count, _, _, height, width = window.shape
        levels = self.levels_for(width)
        multiple = 2 ** (levels + 1)
        frames = window.flip(2).transpose(0, 1).flatten(0, 1)  # (2 * N, 3, H, W), BGR
        padding = (0, -width % multiple, 0, -height % multiple)
        frames = functional.pad(frames, padding, value=GRAY)
        frames = frames.contiguous(memory_format=torch.channels_last)  # as filters and features lie
        hidden = flow = frames.new_zeros(0)
        for number in reversed(range(levels)):
            small = _resized(frames, 0.5**number) if number else frames
            features = self.feat_pyramid(small.to(self.dtype))
            if number < levels - 1:
                flow = 2 * _resized(flow, 2.0)
                if number >= self.skipped_for(levels):
                    hidden = 2 * _resized(hidden, 2.0)  # the feature too: the weights were trained so
            else:
                flow = torch.zeros((2 * count, 2, *small.shape[2:]), device=window.device)
                hidden = features[2].new_zeros((count, self.widths.motion[4], *features[2].shape[2:]))
            if number >= self.skipped_for(levels):
                flow, hidden = self.motion_estimator(features[2], flow, hidden)
            yield Level(small.to(self.dtype), features, flow)

    def _refine(self, level: Level, last: Tensor | None, t: float | Tensor) -> Tensor:
        """The picture at one level, from that of the level before; float32. `t` is one, or (N, 1, 1, 1)."""
        count = len(level.frames) // 2
        forth, back = level.flow[:count] * t, level.flow[count:] * (1 - t)
        flow = torch.cat((forth, back))
        half = 0.5 * _resized(flow, 0.5)
        quarter = 0.5 * _resized(half, 0.5)
        if isinstance(t, float) and not torch.is_grad_enabled() and use_fused(level.frames):
            from flavr_core.model.uprnet_fused import refine_fused

            return refine_fused(self.synthesis_network, level, last, (flow, half, quarter), t)
        # Frames and features of the same size travel together.
        frames, finest = splat_together((level.frames, level.features[0]), flow)
        before, after = frames.float().chunk(2)
        warped = [_beside(finest)]
        del frames, finest
        for features, smaller in zip(level.features[1:], (half, quarter), strict=True):
            warped.append(_beside(splat(features, smaller)))
        if last is None:
            last = before * (1 - t) + after * t
        known = (last, before, after, *level.frames.chunk(2), forth, back)
        predicted = self.synthesis_network(
            torch.cat([part.to(self.dtype) for part in known], 1), warped
        ).float()
        residual = 2 * predicted[:, :3].sigmoid() - 1
        share_before, share_after = (predicted[:, 3:4].sigmoid() * (1 - t), predicted[:, 4:].sigmoid() * t)
        mixed = (before * share_before + after * share_after) / (share_before + share_after)
        refined: Tensor = (mixed + residual).clamp(0, 1)
        return refined


def _beside(both: Tensor) -> Tensor:
    """(2 * N, C, h, w) to (N, 2 * C, h, w)."""
    return torch.cat(both.chunk(2), 1)


FILE = "The file is damaged or incomplete, or made for a variant that is not supported."
MAX_WIDTH = 4096
"""Channels; a file that asks for more is damaged."""


def widths_from_shapes(shapes: Mapping[str, Shape]) -> UprWidths:
    """Read the channels off {parameter name: shape}.

    Raises:
        ModelError: when one cannot be read; whether the rest fits is for the loader to see.
    """

    def outputs(name: str) -> int:
        shape = shapes.get(f"{name}.weight", ())
        if len(shape) != 4 or not 1 <= shape[0] <= MAX_WIDTH:
            found = f"has shape {tuple(shape)}" if shape else "is missing"
            raise ModelError(f"This looks like a UPR-Net, but {name}.weight {found}.", FILE)
        return shape[0]

    first, second, third = (outputs(f"feat_pyramid.conv_stage{stage}.0") for stage in range(3))
    one, two, three, four, five = (outputs(f"motion_estimator.conv_layer{n}.0") for n in range(1, 6))
    full, half, quarter = (
        outputs(f"synthesis_network.{name}.0") for name in ("encoder_conv", "encoder_down1", "encoder_down2")
    )
    return UprWidths(
        features=(first, second, third),
        motion=(one, two, three, four, five),
        synthesis=(full, half, quarter),
    )


def _matches(shapes: Mapping[str, Shape]) -> bool:
    return any(name.startswith(("feat_pyramid.conv_stage", "motion_estimator.conv_layer")) for name in shapes)


def _build(shapes: Mapping[str, Shape], options: Mapping[str, str]) -> UprNet:
    network = UprNet(widths_from_shapes(shapes))
    levels, skipped = options.get("pyramid_levels", "auto"), options.get("skipped_levels", "auto")
    network.pyramid_levels = None if levels == "auto" else int(levels)
    network.skipped_levels = None if skipped == "auto" else int(skipped)
    return network


OPTIONS = {
    "pyramid_levels": ("auto", *map(str, range(1, 10))),
    "skipped_levels": ("auto", *map(str, range(9))),
}
"""How deep the pyramid is does not show in shapes; see `UprNet`."""

ARCHITECTURE = Architecture(name="uprnet", matches=_matches, build=_build, options=OPTIONS)
"""UPR-Net as the loader sees it."""
