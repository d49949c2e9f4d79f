"""FourFlow: four frames, light motion of its own, any position in the gap. Trained and shipped here.

A feature pyramid is computed once for each frame. From coarse to fine, stages estimate where each
pixel of the frame to be made comes from in the two frames around it, comparing warped features; the
coarsest stage matches by correlation, is applied at two scales with the same weights, and also looks
at the outer two frames, so that accelerating motion and occlusions are seen. The last motion stage gives two
hypotheses for each pixel; a small U-Net at half size weighs the four warped pictures and adds what
none of them shows. Everything is plain convolutions, `grid_sample` and `unfold`.

Ideas used, as described in the papers: coarse-to-fine intermediate flow (RIFE, arXiv 2011.06294), joint
refinement of flow and features (IFRNet, 2205.14620), one recurrent estimator over scales (UPR-Net,
2211.03456), several flow fields combined at the end (AMT, 2304.09790), correlation of warped features
(PWC-Net, 1709.02371). The module is one piece because its layers know each other's widths and sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.module import _IncompatibleKeys

from flavr_core.errors import ModelError
from flavr_core.model.agreement import agreed
from flavr_core.model.motion import MotionNetwork
from flavr_core.model.network import Architecture, Network, Shape, pad_to_multiple
from flavr_core.model.overlays import keep_overlays, overlay_share, without_overlays
from flavr_core.model.sharpness import sharpened, steepness

SLOPE = 0.2
"""Of the leaky rectifier after each convolution."""
COARSE_RADIUS = 4
"""Reach of the correlation at 1/32 and 1/16 of the size, in pixels there."""
MIDDLE_RADIUS = 2
"""Reach of the correlation at 1/8 of the size: 16 pixels of the picture."""
MATCHED = 32
"""Channels that are compared in a correlation."""
LARGE_ROWS = 1440
"""Pictures of this short side and more are matched at 1/64 too."""
SIZE_MULTIPLE = 64
"""Where tiles may begin, so that all scales and cells are those of the whole picture."""
PICTURE_SAMPLING = "bicubic"
"""How the pictures themselves are fetched; what is compared and weighed is fetched bilinearly."""
HYPOTHESES = 2
"""Pairs of flows for each pixel of the result."""
FLOW_PLACES = (0.25, 0.75)
"""Where in the gap the flow is asked for that leads away from the frame before, and from that after."""
LOOKUPS = 4
"""Steps in which the pixel of the gap is looked for that comes from a pixel of a frame."""


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
    """What a stage knows, all at one scale; flows in pixels of that scale, float32.

    Convention: N batch, h and w the scale's size. `velocity` (N, 4, h, w): the pixel of the made frame
    at position t lies at x - t * velocity[:, :2] in the frame before and at x + (1 - t) *
    velocity[:, 2:] in the frame after (x first, then y). `logit` (N, 1, h, w): how much rather the frame
    before. `hidden` (N, C, h, w), the network's dtype.
    """

    velocity: Tensor
    logit: Tensor
    hidden: Tensor


@dataclass(slots=True)
class Prediction:
    """Everything a pass through the network gives; training looks at the parts.

    Convention: as `Motion`; `image` (N, 3, H, W) float32 the result, `blend` the same before the residual;
    `velocities` at full size, one a hypothesis; `logits` (N, 2 * HYPOTHESES, H, W) float32 how much rather
    what the first hypothesis fetches from the frame before, from that after, then what the second does;
    `coarse` the motion stages from 1/32 to 1/4, `half` the last of them at 1/2; `parting` as of
    `sharpness.sharpened`.
    """

    image: Tensor
    blend: Tensor
    velocities: list[Tensor]
    logits: Tensor
    coarse: list[Motion]
    half: Motion
    parting: Tensor


@dataclass(slots=True)
class Encoded:
    """Four frames as the network sees them, computed once for all positions.

    Convention: `pair` (2 * N, 3, H, W) the middle two frames, less one half; `half_pair` (2 * N, 12 + C,
    H/2, W/2) their pixels and features at 1/2; `scales` features (4 * N, C, h, w) from coarsest to
    1/4, frame by frame; `valid` (2 * N, 1, 1, 1) whether the outer frames are frames of their own.
    """

    pair: Tensor
    half_pair: Tensor
    scales: list[Tensor]
    valid: Tensor


@lru_cache(maxsize=32)
def _sampling_grid(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where `grid_sample` finds each pixel, (1, H, W, 2), and how much one pixel is, (2,)."""
    # Kept from call to call, so it must be usable where gradients are needed too.
    with torch.inference_mode(False), torch.no_grad():
        ys, xs = torch.meshgrid(
            torch.linspace(-1, 1, height, device=device),
            torch.linspace(-1, 1, width, device=device),
            indexing="ij",
        )
        scale = torch.tensor([2 / max(width - 1, 1), 2 / max(height - 1, 1)]).to(device)
        return torch.stack((xs, ys), dim=-1)[None], scale


def warp(features: Tensor, flow: Tensor, *, sampling: str = "bilinear") -> Tensor:
    """Fetch `features` at each pixel plus `flow`; beyond the border the border's value.

    Convention: features (N, C, H, W), flow (N, 2, H, W) float32 pixels, x first; sampled in float32
    whatever the dtype of the features, which the result has.
    """
    base, scale = _sampling_grid(flow.shape[-2], flow.shape[-1], flow.device)
    grid = torch.addcmul(base, flow.permute(0, 2, 3, 1), scale)  # (N, H, W, 2)
    sampled = functional.grid_sample(
        features.float(), grid, mode=sampling, padding_mode="border", align_corners=True
    )
    fetched: Tensor = sampled.to(features.dtype, memory_format=torch.channels_last)
    return fetched


def drawn_velocity(velocities: Tensor, logits: Tensor) -> Tensor:
    """The motion that a picture is drawn by: of each side the hypotheses' mean, weighed as their pixels are.

    Convention: velocities (N, HYPOTHESES, 4, H, W) as in `Motion`, logits as in `Prediction`; returns
    (N, 4, H, W). The plain mean is nobody's motion: training asks only the better hypothesis of a pixel, so
    that the other goes its own way, and the picture takes little of it.
    """
    share = logits.unflatten(1, (HYPOTHESES, 2)).softmax(dim=1).unsqueeze(3)  # (N, HYPOTHESES, side, 1, H, W)
    mean: Tensor = (share * velocities.unflatten(2, (2, 2))).sum(dim=1).flatten(1, 2)
    return mean


def flow_from_frame(velocity: Tensor, t: float) -> Tensor:
    """Flow to the other frame from the one that is nearer to t, of the motion of the pixels at t.

    Convention: velocity (N, 4, H, W) as in `Motion`, full size; returns (N, 2, H, W) in pixels, x first. The
    pixel of the gap that comes from a pixel of the frame is found by following the motion there a few times.
    """
    before, after = velocity.split(2, dim=1)
    whole = t * before + (1 - t) * after
    from_frame, flow = (t * before, whole) if t < 0.5 else ((t - 1) * after, -whole)
    shift = torch.zeros_like(from_frame)
    for _ in range(LOOKUPS):
        shift = warp(from_frame, shift)
    return warp(flow, shift)


def correlate(first: Tensor, second: Tensor, radius: int) -> Tensor:
    """Products of each pixel of `first` with the pixels of `second` around it.

    Convention: both (N, C, H, W); returns (N, (2 * radius + 1)**2, H, W), scaled by 1 / sqrt(C); zero
    beyond the border.
    """
    side = 2 * radius + 1
    around = functional.pad(second, (radius, radius, radius, radius)).unfold(2, side, 1).unfold(3, side, 1)
    products = first[..., None, None] * around  # (N, C, H, W, side, side)
    costs: Tensor = products.sum(dim=1) * (1 / first.shape[1] ** 0.5)
    return costs.flatten(3).permute(0, 3, 1, 2)  # channels last


def enlarge(fields_: Tensor) -> Tensor:
    """Twice the size, bilinearly."""
    return functional.interpolate(fields_, scale_factor=2, mode="bilinear", align_corners=False)


def _convolution(
    inputs: int, outputs: int, *, size: int = 3, stride: int = 1, bias: bool = True
) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=bias)
    nn.init.kaiming_normal_(layer.weight, a=SLOPE)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _head(inputs: int, outputs: int, *, scale: float = 0.0) -> nn.Conv2d:
    """A last convolution that says nothing (or nearly) until it has learnt something."""
    layer = _convolution(inputs, outputs)
    with torch.no_grad():
        layer.weight.mul_(scale)
    return layer


def _active(inputs: int, outputs: int, *, size: int = 3, stride: int = 1, bias: bool = True) -> nn.Sequential:
    return nn.Sequential(
        _convolution(inputs, outputs, size=size, stride=stride, bias=bias), nn.LeakyReLU(SLOPE, inplace=True)
    )


class Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _active(width, width, bias=False)
        self.second = _convolution(width, width, bias=False)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, features: Tensor) -> Tensor:
        """(N, width, H, W) to the same shape."""
        return functional.leaky_relu_(self.second(self.first(features)).add_(features), SLOPE)


class Pyramid(nn.Module):
    """Features of frames at 1/2, 1/4, 1/8 and 1/16 of their size."""

    def __init__(self, widths: FourFlowWidths) -> None:
        super().__init__()
        self.to_half = nn.Sequential(_active(12, widths.half), _active(widths.half, widths.half, bias=False))
        self.to_quarter = self._level(widths.half, widths.quarter)
        self.to_eighth = self._level(widths.quarter, widths.eighth)
        self.to_sixteenth = self._level(widths.eighth, widths.sixteenth)

    @staticmethod
    def _level(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(_active(inputs, outputs, stride=2), _active(outputs, outputs, bias=False))

    def forward(self, unshuffled: Tensor) -> list[Tensor]:
        """(N, 12, H/2, W/2) pixels to four feature maps, finest first."""
        half = self.to_half(unshuffled)
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        return [half, quarter, eighth, self.to_sixteenth(eighth)]


def _pair_flow(velocity: Tensor, speed: Tensor) -> Tensor:
    """Flow to the frame before, then to the frame after, one below the other: (2 * N, 2, h, w)."""
    flow = velocity * speed
    return torch.cat((flow[:, :2], flow[:, 2:]))


class MatchingStage(nn.Module):
    """One step of motion from correlation, with the outer frames in view; for 1/8 and coarser."""

    def __init__(self, features: int, width: int, *, radius: int, blocks: int) -> None:
        super().__init__()
        self.radius = radius
        outer = features // 4
        costs = width // 4
        self.match = _convolution(features, MATCHED, size=1)
        self.cost = _active((2 * radius + 1) ** 2, costs, size=1)
        self.outer = _convolution(features, outer, size=1)
        self.inlet = _active(2 * (features + outer + costs) + width + 8, width, size=1)
        self.blocks = nn.Sequential(*(Residual(width) for _ in range(blocks)))
        self.head = _head(width, 5)

    def forward(self, features: Tensor, motion: Motion, t: Tensor, speed: Tensor, valid: Tensor) -> Motion:
        """Features of the four frames at this scale, and what is known so far, to something better.

        Convention: features (4 * N, C, h, w); t (N, 1, 1, 1) and speed (N, 4, 1, 1) float32;
        valid (2 * N, 1, 1, 1).
        """
        count, dtype = t.shape[0], features.dtype
        flow = _pair_flow(motion.velocity, speed)
        inner = warp(features[count : 3 * count], flow)
        # Motion goes on as it is: x0 - x1 = x1 - x2 gives the flow to the outer frames.
        outer = warp(
            self.outer(torch.cat((features[:count], features[3 * count :]))), 2 * flow - flow.roll(count, 0)
        )
        outer = outer * valid.to(dtype)
        matched = self.match(inner)
        cost = self.cost(correlate(matched, matched.roll(count, 0), self.radius))
        height, width = motion.logit.shape[-2:]
        known = torch.cat(
            (
                motion.velocity / 8,
                motion.logit,
                (t - 0.5).expand(-1, -1, height, width),
                valid.reshape(2, count, 1, 1).transpose(0, 1).expand(-1, -1, height, width),
            ),
            dim=1,
        ).to(dtype, memory_format=torch.channels_last)
        seen = (*inner.chunk(2), *outer.chunk(2), *cost.chunk(2), motion.hidden, known)
        hidden = self.blocks(self.inlet(torch.cat(seen, dim=1)))
        change = self.head(hidden).float()
        return Motion(motion.velocity + change[:, :4], motion.logit + change[:, 4:], hidden)


def _known(motion: Motion, t: Tensor, dtype: torch.dtype) -> Tensor:
    """What is known in numbers, (N, 6, h, w), as an input of convolutions."""
    return torch.cat((motion.velocity / 8, motion.logit, (t - 0.5).expand_as(motion.logit)), dim=1).to(
        dtype, memory_format=torch.channels_last
    )


class RefiningStage(nn.Module):
    """One step of motion from warped features alone; for 1/4."""

    def __init__(self, features: int, width: int, *, blocks: int) -> None:
        super().__init__()
        self.inlet = _active(2 * features + width + 6, width, size=1)
        self.blocks = nn.Sequential(*(Residual(width) for _ in range(blocks)))
        self.head = _head(width, 5)

    def forward(self, features: Tensor, motion: Motion, t: Tensor, speed: Tensor) -> Motion:
        """As `MatchingStage.forward`; uses the middle two frames only."""
        count = t.shape[0]
        inner = warp(features[count : 3 * count], _pair_flow(motion.velocity, speed))
        seen = (*inner.chunk(2), motion.hidden, _known(motion, t, inner.dtype))
        hidden = self.blocks(self.inlet(torch.cat(seen, dim=1)))
        change = self.head(hidden).float()
        return Motion(motion.velocity + change[:, :4], motion.logit + change[:, 4:], hidden)


class SplittingStage(nn.Module):
    """The last step of motion, at 1/2, with an answer for every pixel and hypothesis."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.inlet = _active(2 * (features + 12) + width + 6, width, size=1)
        self.block = Residual(width)
        self.head = _head(width, 4 * 4 * HYPOTHESES, scale=1e-3)

    def forward(
        self, half_pair: Tensor, motion: Motion, t: Tensor, speed: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """Velocities at full size; hidden features, and the warped pixels and features, at 1/2.

        Convention: half_pair (2 * N, 12 + C, h, w) as in `Encoded`, as is the last that is returned.
        """
        inner = warp(half_pair, _pair_flow(motion.velocity, speed))
        seen = (*inner.chunk(2), motion.hidden, _known(motion, t, inner.dtype))
        hidden = self.block(self.inlet(torch.cat(seen, dim=1)))
        change = functional.pixel_shuffle(self.head(hidden).float(), 2)  # (N, 4 * HYPOTHESES, H, W)
        base = 2 * enlarge(motion.velocity)
        return [base + part for part in change.split(4, dim=1)], hidden, inner


class Synthesis(nn.Module):
    """A U-Net at half size: weights of the warped pictures, and a residual."""

    def __init__(self, widths: FourFlowWidths) -> None:
        super().__init__()
        half, quarter, eighth = widths.synthesis_half, widths.synthesis_quarter, widths.synthesis_eighth
        inputs = 24 * HYPOTHESES + widths.motion_half + 2 * (12 + widths.half) + 5
        self.inlet = _active(inputs, half, size=1)
        self.half_down = Residual(half)
        self.quarter_down = nn.Sequential(_active(half, quarter, stride=2), Residual(quarter))
        self.eighth = nn.Sequential(_active(quarter, eighth, stride=2), Residual(eighth))
        self.quarter_up = _convolution(eighth, 4 * quarter, size=1)
        self.quarter_join = Residual(quarter)
        self.half_up = _convolution(quarter, 4 * half, size=1)
        self.half_join = Residual(half)
        self.head = _head(half, 4 * (2 * HYPOTHESES + 3), scale=1e-4)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H/2, W/2) to logits (N, 2 * HYPOTHESES, H, W) and residual (N, 3, H, W), float32."""
        half = self.half_down(self.inlet(inputs))
        quarter = self.quarter_down(half)
        quarter = self.quarter_join(
            quarter + functional.pixel_shuffle(self.quarter_up(self.eighth(quarter)), 2)
        )
        half = self.half_join(half + functional.pixel_shuffle(self.half_up(quarter), 2))
        out = functional.pixel_shuffle(self.head(half).float(), 2)  # (N, 2 * HYPOTHESES + 3, H, W)
        return out[:, : 2 * HYPOTHESES], out[:, 2 * HYPOTHESES :]


class FourFlow(Network):
    """The default network. See the module's docstring.

    `coarse_levels` says at how many scales the correlating stage runs (1/16, 1/32, ...); None picks it by
    size, so that motion of the same part of the picture is found at any size. A `partner` draws the same
    moments, and where both agree the mean of the two is the result. Fine detail is made as strong as in the
    frames around (`sharpness`), and writing that stands still over what moves is kept as filmed (`overlays`).
    """

    size_multiple = SIZE_MULTIPLE

    def __init__(self, widths: FourFlowWidths | None = None, *, partner: Network | None = None) -> None:
        super().__init__()
        self.architecture = "fourflow"
        self.num_inputs = 4
        self.positions = None
        self.widths = widths = widths or FourFlowWidths()
        self.coarse_levels: int | None = None
        self.partner = partner
        self.uses_opencv_threads = partner is not None and partner.uses_opencv_threads
        self.pyramid = Pyramid(widths)
        self.match_sixteenth = MatchingStage(
            widths.sixteenth, widths.motion_sixteenth, radius=COARSE_RADIUS, blocks=2
        )
        self.to_eighth = _convolution(widths.motion_sixteenth, widths.motion_eighth, size=1)
        self.match_eighth = MatchingStage(widths.eighth, widths.motion_eighth, radius=MIDDLE_RADIUS, blocks=2)
        self.to_quarter = _convolution(widths.motion_eighth, widths.motion_quarter, size=1)
        self.refine_quarter = RefiningStage(widths.quarter, widths.motion_quarter, blocks=2)
        self.to_half = _convolution(widths.motion_quarter, widths.motion_half, size=1)
        self.split_half = SplittingStage(widths.half, widths.motion_half)
        self.synthesis = Synthesis(widths)
        self._lay_out()

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """As torch has it; filters are laid out as the network wants them."""
        result: _IncompatibleKeys = super().load_state_dict(state_dict, strict=strict, assign=assign)
        self._lay_out()
        return result

    def _lay_out(self) -> None:
        """Filters with their channels last, as the features are."""
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    def levels_for(self, height: int, width: int) -> int:
        """At how many scales the correlating stage runs for pictures of this size."""
        return usual_levels(height, width) if self.coarse_levels is None else self.coarse_levels

    @staticmethod
    def multiple(levels: int) -> int:
        """Pictures are padded to multiples of this."""
        return 16 << (levels - 1)

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        height, width = window.shape[-2:]
        levels = self.levels_for(height, width)
        encoded = self.encode(pad_to_multiple(window, self.multiple(levels)), levels)
        others = None
        if self.partner is not None and not window.is_meta:  # without contents motion cannot be measured
            others = self.partner.draw(window, positions)
        share = overlay_share(window)
        inner = window[:, 1:3]
        ground = without_overlays(inner, share)
        if ground is not inner:
            encoded.pair = self._one_by_one(pad_to_multiple(ground, self.multiple(levels)))
        filmed = torch.cat((steepness(window[:, 1]), steepness(window[:, 2])))
        images = []
        for number, position in enumerate(positions):
            t = torch.full((window.shape[0],), float(position), device=window.device)
            prediction = self.predict(encoded, t)
            image, parting = (x[..., :height, :width] for x in (prediction.image, prediction.parting))
            if others is not None:
                image = agreed(image, others[:, number])
            image = sharpened(image, parting, filmed, prediction.half.velocity, t[:, None, None, None])
            images.append(keep_overlays(image, window, share, float(position)))
        return torch.stack(images, dim=1).to(window.dtype)

    def estimate_flow(self, window: Tensor) -> Tensor:
        """See `flavr_core.model.flows.FlowEstimator`.

        Told from within the gap (`flow_from_frame`): at the very place of a frame the picture needs no
        motion from it, so that the network has learnt that of other moments better. The motion is the one
        that the picture is drawn by (`drawn_velocity`).
        """
        height, width = window.shape[-2:]
        levels = self.levels_for(height, width)
        encoded = self.encode(pad_to_multiple(window, self.multiple(levels)), levels)
        flows = []
        for place in FLOW_PLACES:
            t = torch.full((window.shape[0],), place, device=window.device)
            prediction = self.predict(encoded, t)
            velocity = drawn_velocity(torch.stack(prediction.velocities, dim=1), prediction.logits)
            flows.append(flow_from_frame(velocity, place))
        return torch.cat(flows, dim=1)[..., :height, :width]

    def encode(self, window: Tensor, levels: int) -> Encoded:
        """What can be computed of the frames before a position is known.

        Convention: window (N, 4, 3, H, W), RGB in [0, 1], H and W multiples of `multiple(levels)`.
        """
        batch = window.shape[0]
        frames = self._one_by_one(window)
        unshuffled = functional.pixel_unshuffle(frames, 2).contiguous(memory_format=torch.channels_last)
        half, *scales = self.pyramid(unshuffled)
        for _ in range(levels - 1):
            scales.append(functional.avg_pool2d(scales[-1], 2))
        inner = slice(batch, 3 * batch)
        half_pair = torch.cat((unshuffled[inner].to(half.dtype), half[inner]), dim=1)
        change = (window[:, 1:3] - window[:, ::3]).abs().flatten(2).amax(dim=2)  # (N, 2)
        valid = (change > 0).float().transpose(0, 1).reshape(2 * batch, 1, 1, 1)
        return Encoded(frames[inner], half_pair, scales[::-1], valid)

    def _one_by_one(self, window: Tensor) -> Tensor:
        """Frames (N, K, 3, H, W) less one half, (K * N, 3, H, W): all windows' first, then their second."""
        return (window.to(self.dtype) - 0.5).transpose(0, 1).flatten(0, 1)

    def predict(self, encoded: Encoded, t: Tensor) -> Prediction:
        """One frame for each window, with all that led to it; t (N,) float32, one position a window."""
        t = t.float()[:, None, None, None]  # (N, 1, 1, 1)
        speed = torch.cat((-t, -t, 1 - t, 1 - t), dim=1)  # (N, 4, 1, 1)
        *matched, eighth, quarter = encoded.scales
        count, (height, width) = t.shape[0], matched[0].shape[-2:]
        device = matched[0].device
        motion = Motion(
            torch.zeros(count, 4, height, width, device=device),
            torch.zeros(count, 1, height, width, device=device),
            matched[0].new_zeros(count, self.widths.motion_sixteenth, height, width),
        )
        coarse = []
        for level, features in enumerate(matched):
            motion = self.match_sixteenth(
                features, _finer(motion, None) if level else motion, t, speed, encoded.valid
            )
            coarse.append(motion)
        motion = self.match_eighth(eighth, _finer(motion, self.to_eighth), t, speed, encoded.valid)
        coarse.append(motion)
        motion = self.refine_quarter(quarter, _finer(motion, self.to_quarter), t, speed)
        coarse.append(motion)
        motion = _finer(motion, self.to_half)
        velocities, hidden, inner = self.split_half(encoded.half_pair, motion, t, speed)
        warped = [
            warp(encoded.pair, _pair_flow(velocity, speed), sampling=PICTURE_SAMPLING)
            for velocity in velocities
        ]
        sides = [side for both in warped for side in both.chunk(2)]
        spread = (velocities[0] - velocities[1])[..., ::2, ::2]
        known = torch.cat((motion.logit, spread), dim=1)
        image, blend, logits = self._compose(torch.cat(sides, dim=1), known, (hidden, *inner.chunk(2)), t)
        apart = sides[0] + sides[2] - sides[1] - sides[3]
        parting = apart.float().mean(dim=1, keepdim=True) / HYPOTHESES
        return Prediction(image, blend, velocities, logits, coarse, motion, parting)

    def _compose(
        self, stacked: Tensor, known: Tensor, context: tuple[Tensor, ...], t: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Weigh the warped pictures and add what is missing: image, blend and the weights' logits.

        Convention: stacked (N, 6 * HYPOTHESES, H, W), less one half; known (N, 5, H/2, W/2) float32,
        the logit first.
        """
        small = (functional.pixel_unshuffle(stacked, 2), known)
        seen = [part.to(context[0].dtype, memory_format=torch.channels_last) for part in small]
        logits, residual = self.synthesis(torch.cat((*seen, *context), dim=1))
        side = enlarge(known[:, :1])
        prior = torch.cat((torch.log(1 - t) + side, torch.log(t) - side), dim=1)  # (N, 2, H, W)
        weights = torch.softmax(logits + prior.repeat(1, HYPOTHESES, 1, 1), dim=1)
        blend = (weights.unsqueeze(2) * stacked.float().unflatten(1, (2 * HYPOTHESES, 3))).sum(dim=1) + 0.5
        return blend + residual, blend, logits


def usual_levels(height: int, width: int) -> int:
    """At how many scales the correlating stage runs for pictures of this size, unless told otherwise."""
    return 2 if min(height, width) < LARGE_ROWS else 3


def _finer(motion: Motion, narrow: nn.Module | None) -> Motion:
    """What is known, at twice the size."""
    hidden = motion.hidden if narrow is None else narrow(motion.hidden)
    numbers = enlarge(torch.cat((2 * motion.velocity, motion.logit), dim=1))
    hidden = functional.interpolate(hidden, scale_factor=2, mode="nearest")
    return Motion(numbers[:, :4], numbers[:, 4:], hidden)


WIDTH_OF = {
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
"""{width: the filters whose number it is}."""
MAX_WIDTH = 4096
"""A file that asks for more is damaged."""


def widths_from_shapes(shapes: Mapping[str, Shape]) -> FourFlowWidths:
    """Read the widths off {parameter name: shape}. Raises ModelError when one is missing or mad."""
    found = {}
    for width, name in WIDTH_OF.items():
        shape = shapes.get(name)
        if shape is None or len(shape) != 4 or not 8 <= shape[0] <= MAX_WIDTH:
            raise ModelError(
                f"These weights do not make a fourflow network: {name} is missing or of shape {shape}.",
                "The file is damaged or incomplete.",
            )
        found[width] = shape[0]
    return FourFlowWidths(**found)


def _matches(shapes: Mapping[str, Shape]) -> bool:
    return "match_sixteenth.inlet.0.weight" in shapes


def _build(shapes: Mapping[str, Shape], options: Mapping[str, str]) -> FourFlow:
    partner = MotionNetwork() if options["partner"] == "motion" else None
    return FourFlow(widths_from_shapes(shapes), partner=partner)


ARCHITECTURE = Architecture(
    name="fourflow", matches=_matches, build=_build, options={"partner": ("none", "motion")}
)
"""FourFlow as the loader sees it."""
