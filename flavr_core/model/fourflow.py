"""FourFlow: four frames, light motion of its own, any position in the gap. The default network.

A feature pyramid is computed once for each frame. From coarse to fine, stages estimate where each
pixel of the frame to be made comes from in the two frames around it, comparing warped features; the
coarsest stage matches by correlation, is applied at two scales with the same weights, and also looks
at the outer two frames, so that accelerating motion and occlusions are seen. The last motion stage gives two
hypotheses for each pixel; a small U-Net at half size weighs the four warped pictures and adds what
none of them shows. Everything is plain convolutions, `grid_sample` and `unfold`.

Ideas used, as described in the papers: coarse-to-fine intermediate flow (RIFE, arXiv 2011.06294), joint
refinement of flow and features (IFRNet, 2205.14620), one recurrent estimator over scales (UPR-Net,
2211.03456), several flow fields combined at the end (AMT, 2304.09790), correlation of warped features (PWC-Net, 1709.02371).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.network import Network, Shape, pad_to_multiple

SLOPE = 0.2
"""Of the leaky rectifier after each convolution."""
COARSE_RADIUS = 4
"""Reach of the correlation at 1/32 and 1/16 of the size, in pixels there: 128 and 64 pixels of the picture."""
MIDDLE_RADIUS = 3
"""Reach of the correlation at 1/8 of the size: 24 pixels of the picture."""
HYPOTHESES = 2
"""Pairs of flows for each pixel of the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FourFlowWidths:
    """Channels of the parts of the network."""

    half: int = 24
    """Features at 1/2 of the size."""
    quarter: int = 56
    """Features at 1/4."""
    eighth: int = 96
    """Features at 1/8."""
    sixteenth: int = 128
    """Features at 1/16."""
    motion_half: int = 48
    """Motion stage at 1/2."""
    motion_quarter: int = 96
    """Motion stage at 1/4."""
    motion_eighth: int = 160
    """Motion stage at 1/8."""
    motion_sixteenth: int = 192
    """Motion stage at 1/16 and coarser."""
    synthesis_half: int = 48
    """U-Net at 1/2."""
    synthesis_quarter: int = 96
    """U-Net at 1/4."""
    synthesis_eighth: int = 160
    """U-Net at 1/8."""


@dataclass(slots=True)
class Motion:
    """What a stage knows: all at one scale, flows in pixels of that scale, float32.

    Convention: N batch, h and w the scale's size. `velocity` (N, 4, h, w): the pixel of the made frame
    at position t lies at x - t * velocity[:, :2] in the frame before and at x + (1 - t) *
    velocity[:, 2:] in the frame after (x first, then y). `logit` (N, 1, h, w): how much rather the frame before.
    """

    velocity: Tensor
    logit: Tensor
    hidden: Tensor


@dataclass(slots=True)
class Prediction:
    """Everything a pass through the network gives; training looks at the parts.

    Convention: as `Motion`; `coarse` from 1/32 to 1/4; `velocities` at full size, one a hypothesis;
    `candidates` (N, 2 * HYPOTHESES, 3, H, W) warped pictures; `blend` before the residual; `image` the result.
    """

    image: Tensor
    blend: Tensor
    candidates: Tensor
    velocities: tuple[Tensor, ...]
    coarse: list[Motion]


def warp(features: Tensor, flow: Tensor) -> Tensor:
    """Fetch `features` at each pixel plus `flow`; beyond the border the border's value.

    Convention: features (N, C, H, W), flow (N, 2, H, W) in pixels, x first; sampled bilinearly in
    float32 whatever the dtype of the features, which the result has.
    """
    height, width = flow.shape[-2:]
    xs = torch.arange(width, device=flow.device, dtype=torch.float32)
    ys = torch.arange(height, device=flow.device, dtype=torch.float32)
    grid_x = (flow[:, 0].float() + xs) * (2 / max(width - 1, 1)) - 1
    grid_y = (flow[:, 1].float() + ys[:, None]) * (2 / max(height - 1, 1)) - 1
    grid = torch.stack((grid_x, grid_y), dim=-1)  # (N, H, W, 2)
    sampled = functional.grid_sample(
        features.float(), grid, mode="bilinear", padding_mode="border", align_corners=True
    )
    return sampled.to(features.dtype)


def correlate(first: Tensor, second: Tensor, radius: int) -> Tensor:
    """Products of each pixel of `first` with the pixels of `second` around it.

    Convention: both (N, C, H, W); returns (N, (2 * radius + 1)**2, H, W), scaled by 1 / sqrt(C); zero
    beyond the border.
    """
    batch, channels, height, width = first.shape
    side = 2 * radius + 1
    around = functional.unfold(second, side, padding=radius)  # (N, C * side**2, H * W)
    around = around.reshape(batch, channels, side * side, height, width)
    return (first.unsqueeze(2) * around).sum(dim=1) * channels**-0.5


def enlarge(fields_: Tensor, factor: int = 2) -> Tensor:
    """Bilinear enlargement."""
    return functional.interpolate(fields_, scale_factor=factor, mode="bilinear", align_corners=False)


def _convolution(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2)
    nn.init.kaiming_normal_(layer.weight, a=SLOPE)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def _head(inputs: int, outputs: int, *, scale: float = 0.0) -> nn.Conv2d:
    """A last convolution that says nothing (or nearly) until it has learnt something."""
    layer = _convolution(inputs, outputs)
    with torch.no_grad():
        layer.weight.mul_(scale)
    return layer


def _active(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs, size=size, stride=stride), nn.LeakyReLU(SLOPE, inplace=True))


class Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _active(width, width)
        self.second = _convolution(width, width)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, features: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        return functional.leaky_relu(features + self.second(self.first(features)), SLOPE)


class Pyramid(nn.Module):
    """Features of one frame at 1/2, 1/4, 1/8 and 1/16 of its size."""

    def __init__(self, widths: FourFlowWidths) -> None:
        super().__init__()
        self.to_half = nn.Sequential(_active(12, widths.half), _active(widths.half, widths.half))
        self.to_quarter = self._level(widths.half, widths.quarter)
        self.to_eighth = self._level(widths.quarter, widths.eighth)
        self.to_sixteenth = self._level(widths.eighth, widths.sixteenth)

    @staticmethod
    def _level(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(_active(inputs, outputs, stride=2), _active(outputs, outputs))

    def forward(self, frames: Tensor) -> list[Tensor]:
        """(N, 3, H, W) to four feature maps, finest first."""
        half = self.to_half(functional.pixel_unshuffle(frames, 2))
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        return [half, quarter, eighth, self.to_sixteenth(eighth)]


class MatchingStage(nn.Module):
    """One step of motion from correlation, with the outer frames in view; for 1/8 and coarser."""

    def __init__(self, features: int, width: int, hidden: int, *, radius: int, blocks: int) -> None:
        super().__init__()
        self.radius = radius
        matched, outer = features // 2, features // 4
        costs = 2 * (2 * radius + 1) ** 2
        self.match = _convolution(features, matched, size=1)
        self.cost = _active(costs, width // 2, size=1)
        self.outer = _convolution(features, outer, size=1)
        self.inlet = _active(2 * features + 2 * outer + width // 2 + hidden + 8, width, size=1)
        self.blocks = nn.Sequential(*(Residual(width) for _ in range(blocks)))
        self.head = _head(width, 5)

    def forward(self, features: list[Tensor], motion: Motion, t: Tensor, valid: Tensor) -> Motion:
        """Features of the four frames at this scale, and what is known so far, to something better.

        Convention: t (N, 1, 1, 1) float32; valid (N, 2, 1, 1): whether the outer frames are frames of their own.
        """
        dtype = features[0].dtype
        before = -t * motion.velocity[:, :2]
        after = (1 - t) * motion.velocity[:, 2:]
        first, second = warp(features[1], before), warp(features[2], after)
        outer = torch.cat(
            (
                warp(self.outer(features[0]), 2 * before - after) * valid[:, :1].to(dtype),
                warp(self.outer(features[3]), 2 * after - before) * valid[:, 1:].to(dtype),
            ),
            dim=1,
        )
        left, right = self.match(first), self.match(second)
        cost = torch.cat((correlate(left, right, self.radius), correlate(right, left, self.radius)), dim=1)
        height, width = first.shape[-2:]
        known = torch.cat(
            (motion.velocity / 8, motion.logit, (t - 0.5).expand(-1, 1, height, width), valid.expand(-1, -1, height, width)), dim=1
        ).to(dtype)
        hidden = self.inlet(torch.cat((first, second, outer, self.cost(cost), motion.hidden, known), dim=1))
        hidden = self.blocks(hidden)
        change = self.head(hidden).float()
        return Motion(motion.velocity + change[:, :4], motion.logit + change[:, 4:], hidden)


class RefiningStage(nn.Module):
    """One step of motion from warped features alone; for 1/4."""

    def __init__(self, features: int, width: int, hidden: int, *, blocks: int) -> None:
        super().__init__()
        self.inlet = _active(2 * features + hidden + 6, width, size=1)
        self.blocks = nn.Sequential(*(Residual(width) for _ in range(blocks)))
        self.head = _head(width, 5)

    def forward(self, features: list[Tensor], motion: Motion, t: Tensor) -> Motion:
        """As `MatchingStage.forward`; needs the middle two frames only."""
        first = warp(features[1], -t * motion.velocity[:, :2])
        second = warp(features[2], (1 - t) * motion.velocity[:, 2:])
        known = torch.cat(
            (motion.velocity / 8, motion.logit, (t - 0.5).expand_as(motion.logit)), dim=1
        ).to(first.dtype)
        hidden = self.blocks(self.inlet(torch.cat((first, second, motion.hidden, known), dim=1)))
        change = self.head(hidden).float()
        return Motion(motion.velocity + change[:, :4], motion.logit + change[:, 4:], hidden)


class SplittingStage(nn.Module):
    """The last step of motion, at 1/2, with an answer for every pixel and hypothesis."""

    def __init__(self, features: int, width: int, hidden: int) -> None:
        super().__init__()
        self.inlet = _active(2 * features + 24 + hidden + 6, width, size=1)
        self.blocks = Residual(width)
        self.head = _head(width, 4 * 4 * HYPOTHESES, scale=1e-3)

    def forward(
        self, features: list[Tensor], frames: tuple[Tensor, Tensor], motion: Motion, t: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
        """Velocities at full size, hidden features, and the warped features of both frames at 1/2.

        Convention: frames (N, 3, H, W) each, the middle two at full size.
        """
        before, after = -t * motion.velocity[:, :2], (1 - t) * motion.velocity[:, 2:]
        first, second = warp(features[1], before), warp(features[2], after)
        pictures = torch.cat(
            (
                warp(functional.pixel_unshuffle(frames[0], 2), before),
                warp(functional.pixel_unshuffle(frames[1], 2), after),
            ),
            dim=1,
        )
        known = torch.cat(
            (motion.velocity / 8, motion.logit, (t - 0.5).expand_as(motion.logit)), dim=1
        ).to(first.dtype)
        hidden = self.inlet(torch.cat((first, second, pictures.to(first.dtype), motion.hidden, known), dim=1))
        hidden = self.blocks(hidden)
        change = functional.pixel_shuffle(self.head(hidden).float(), 2)  # (N, 4 * HYPOTHESES, H, W)
        base = 2 * enlarge(motion.velocity)
        velocities = [base + change[:, 4 * place : 4 * place + 4] for place in range(HYPOTHESES)]
        return velocities, hidden, first, second


class Synthesis(nn.Module):
    """A U-Net at half size: weights of the warped pictures, and a residual."""

    def __init__(self, widths: FourFlowWidths) -> None:
        super().__init__()
        half, quarter, eighth = widths.synthesis_half, widths.synthesis_quarter, widths.synthesis_eighth
        inputs = 24 * HYPOTHESES + widths.motion_half + 2 * widths.half + 5
        self.inlet = _active(inputs, half, size=1)
        self.half_down = Residual(half)
        self.quarter_down = nn.Sequential(_active(half, quarter, stride=2), Residual(quarter))
        self.eighth = nn.Sequential(_active(quarter, eighth, stride=2), Residual(eighth))
        self.quarter_up = _convolution(eighth, quarter, size=1)
        self.quarter_join = Residual(quarter)
        self.half_up = _convolution(quarter, half, size=1)
        self.half_join = Residual(half)
        self.head = _head(half, 4 * (2 * HYPOTHESES + 3), scale=1e-4)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H/2, W/2) to logits (N, 2 * HYPOTHESES, H, W) and residual (N, 3, H, W), float32."""
        half = self.half_down(self.inlet(inputs))
        quarter = self.quarter_down(half)
        quarter = self.quarter_join(quarter + enlarge(self.quarter_up(self.eighth(quarter))))
        half = self.half_join(half + enlarge(self.half_up(quarter)))
        out = functional.pixel_shuffle(self.head(half).float(), 2)  # (N, 2 * HYPOTHESES + 3, H, W)
        return out[:, : 2 * HYPOTHESES], out[:, 2 * HYPOTHESES :]


class FourFlow(Network):
    """The default network. See the module's docstring.

    `scale` below 1 estimates motion on a smaller picture (for 4K and larger motion); `coarse_levels`
    says at how many scales the correlating stage runs (1/16, 1/32, ...); None picks it by size.
    """

    def __init__(self, widths: FourFlowWidths | None = None) -> None:
        super().__init__()
        self.architecture = "fourflow"
        self.num_inputs = 4
        self.positions = None
        self.widths = widths = widths or FourFlowWidths()
        self.coarse_levels: int | None = None
        self.pyramid = Pyramid(widths)
        self.match_sixteenth = MatchingStage(
            widths.sixteenth, widths.motion_sixteenth, widths.motion_sixteenth, radius=COARSE_RADIUS, blocks=2
        )
        self.to_eighth = _convolution(widths.motion_sixteenth, widths.motion_eighth, size=1)
        self.match_eighth = MatchingStage(
            widths.eighth, widths.motion_eighth, widths.motion_eighth, radius=MIDDLE_RADIUS, blocks=2
        )
        self.to_quarter = _convolution(widths.motion_eighth, widths.motion_quarter, size=1)
        self.refine_quarter = RefiningStage(widths.quarter, widths.motion_quarter, widths.motion_quarter, blocks=2)
        self.to_half = _convolution(widths.motion_quarter, widths.motion_half, size=1)
        self.split_half = SplittingStage(widths.half, widths.motion_half, widths.motion_half)
        self.synthesis = Synthesis(widths)

    def predict(self, window: Tensor, t: Tensor) -> Prediction:
        """One frame for each window, with all that led to it.

        Convention: window (N, 4, 3, H, W), RGB in [0, 1], H and W multiples of `multiple(levels)`; t
        (N,) float32, one position a window.
        """
        levels = self.levels_for(window.shape[-2], window.shape[-1])
        return self._predict(window, self._encode(window, levels), t, levels)

    def levels_for(self, height: int, width: int) -> int:
        """At how many scales the correlating stage runs for pictures of this size."""
        if self.coarse_levels is not None:
            return self.coarse_levels
        return 2 if min(height, width) < 1440 else 3

    @staticmethod
    def multiple(levels: int) -> int:
        """Pictures are padded to multiples of this."""
        return 16 << (levels - 1)

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        height, width = window.shape[-2:]
        levels = self.levels_for(height, width)
        padded = pad_to_multiple(window, self.multiple(levels))
        encoded = self._encode(padded, levels)
        images = []
        for position in positions:
            t = torch.full((window.shape[0],), float(position), device=window.device)
            images.append(self._predict(padded, encoded, t, levels).image[..., :height, :width])
        return torch.stack(images, dim=1).to(window.dtype)

    def _encode(self, window: Tensor, levels: int) -> tuple[list[list[Tensor]], Tensor]:
        """Features of the four frames, coarsest first, and whether the outer frames are copies."""
        batch = window.shape[0]
        frames = window.to(self.dtype).transpose(0, 1).flatten(0, 1)  # (4 * N, 3, H, W)
        frames = frames.contiguous(memory_format=torch.channels_last)
        scales = [list(scale.split(batch)) for scale in self.pyramid(frames - 0.5)]
        for _ in range(levels - 1):
            scales.append([functional.avg_pool2d(features, 2) for features in scales[-1]])
        inner, outer = window[:, 1:3], window[:, ::3]
        valid = ((inner - outer).abs().flatten(2).amax(dim=2) > 0).float()[:, :, None, None]  # (N, 2, 1, 1)
        return scales[::-1], valid

    def _predict(
        self, window: Tensor, encoded: tuple[list[list[Tensor]], Tensor], t: Tensor, levels: int
    ) -> Prediction:
        scales, valid = encoded
        t = t.float()[:, None, None, None]  # (N, 1, 1, 1)
        coarsest = scales[0][0]
        batch, _, height, width = coarsest.shape
        motion = Motion(
            torch.zeros(batch, 4, height, width, device=window.device),
            torch.zeros(batch, 1, height, width, device=window.device),
            coarsest.new_zeros(batch, self.widths.motion_sixteenth, height, width),
        )
        coarse = []
        for level in range(levels):
            if level:
                motion = _finer(motion, None)
            motion = self.match_sixteenth(scales[level], motion, t, valid)
            coarse.append(motion)
        motion = self.match_eighth(scales[levels], _finer(motion, self.to_eighth), t, valid)
        coarse.append(motion)
        motion = self.refine_quarter(scales[levels + 1], _finer(motion, self.to_quarter), t)
        coarse.append(motion)
        motion = _finer(motion, self.to_half)
        frames = (window[:, 1].to(coarsest.dtype), window[:, 2].to(coarsest.dtype))
        velocities, hidden, first, second = self.split_half(scales[levels + 2], frames, motion, t)
        return self._compose(frames, velocities, (hidden, first, second), motion.logit, t, coarse)

    def _compose(
        self,
        frames: tuple[Tensor, Tensor],
        velocities: list[Tensor],
        context: tuple[Tensor, Tensor, Tensor],
        logit: Tensor,
        t: Tensor,
        coarse: list[Motion],
    ) -> Prediction:
        """Warp both pictures by each hypothesis, weigh them, add what is missing."""
        pictures = []
        for velocity in velocities:
            pictures.append(warp(frames[0], -t * velocity[:, :2]))
            pictures.append(warp(frames[1], (1 - t) * velocity[:, 2:]))
        stacked = torch.cat(pictures, dim=1)  # (N, 6 * HYPOTHESES, H, W)
        half_size = functional.pixel_unshuffle(stacked - 0.5, 2)
        hidden, first, second = context
        known = torch.cat((logit, (t - 0.5).expand_as(logit)), dim=1)
        spread = (velocities[0] - velocities[1])[..., ::2, ::2]
        inputs = torch.cat(
            (half_size.to(hidden.dtype), hidden, first, second, known[:, :1].to(hidden.dtype), spread.to(hidden.dtype)), dim=1
        )
        logits, residual = self.synthesis(inputs)
        side = enlarge(logit)
        prior = torch.cat((torch.log(1 - t) + side, torch.log(t) - side), dim=1)  # (N, 2, H, W)
        weights = torch.softmax(logits + prior.repeat(1, HYPOTHESES, 1, 1), dim=1)
        candidates = stacked.unflatten(1, (2 * HYPOTHESES, 3))
        blend = (weights.unsqueeze(2) * candidates.float()).sum(dim=1)
        return Prediction(blend + residual, blend, candidates, tuple(velocities), coarse)


def _finer(motion: Motion, narrow: nn.Module | None) -> Motion:
    """What is known, at twice the size."""
    hidden = motion.hidden if narrow is None else narrow(motion.hidden)
    return Motion(2 * enlarge(motion.velocity), enlarge(motion.logit), enlarge(hidden))


def widths_from_shapes(shapes: Mapping[str, Shape]) -> FourFlowWidths:
    """Read the widths off a file of weights; KeyError when it is not one of FourFlow."""
    names = {
        "half": "pyramid.to_half.0.0.weight",
        "quarter": "pyramid.to_quarter.0.0.weight",
        "eighth": "pyramid.to_eighth.0.0.weight",
        "sixteenth": "pyramid.to_sixteenth.0.0.weight",
        "motion_half": "split_half.inlet.0.weight",
        "motion_quarter": "refine_quarter.inlet.0.weight",
        "motion_eighth": "match_eighth.inlet.0.weight",
        "motion_sixteenth": "match_sixteenth.inlet.0.weight",
        "synthesis_half": "synthesis.inlet.0.weight",
        "synthesis_quarter": "synthesis.quarter_down.0.0.weight",
        "synthesis_eighth": "synthesis.eighth.0.0.weight",
    }
    return FourFlowWidths(**{entry.name: shapes[names[entry.name]][0] for entry in fields(FourFlowWidths)})
