"""CDFI: a compressed AdaCoF that samples features as well, and a GridNet that draws from both.

Ding, Liang, Zhu, Zharkov: "CDFI: Compression-Driven Network Design for Frame Interpolation", CVPR 2021.
Written from the paper; parameters carry the authors' names, so their checkpoint loads as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.adacof import (
    DOWN,
    KERNEL_HEADS,
    OPTIONS,
    SIDES,
    KernelWidths,
    MiddleNetwork,
    convolution_shape,
    dilation_of,
    reduced,
    unfit,
    widths_from_shapes,
)
from flavr_core.model.gridnet import GridNet, GridWidths
from flavr_core.model.network import Architecture, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class CdfiWidths:
    """Channels of a CDFI."""

    kernels: KernelWidths
    """Of the kernel estimator."""
    levels: tuple[tuple[int, int], ...]
    """Of the layers that narrow the features of each scale: in and out, finest first."""
    grid: GridWidths
    """Of the synthesis."""


class Cdfi(MiddleNetwork):
    """CDFI of any kernel and channels: each side's kernels sample its frame and the features of both."""

    architecture = "cdfi"

    def __init__(self, widths: CdfiWidths, *, dilation: int) -> None:
        super().__init__(widths.kernels, dilation=dilation)
        self.cdfi_widths = widths
        for level, (inputs, outputs) in enumerate(widths.levels, 1):
            # Padding a 1 x 1 convolution adds a rim that holds its bias; the weights were trained with it.
            self.get_kernel.add_module(f"module1by1_{level}", nn.Conv2d(inputs, outputs, 1, padding=1))
        self.context_synthesis = GridNet(widths.grid)

    def draw_padded(self, before: Tensor, after: Tensor) -> Tensor:
        """See `MiddleNetwork`."""
        estimator = self.get_kernel
        pair = torch.cat((reduced(before), reduced(after)), 1).to(self.dtype)  # (N, 6, H, W)
        features = estimator.encode(pair)
        decoded = estimator.decode(features)
        heads = [name + side for side in SIDES for name in KERNEL_HEADS] + ["moduleOcclusion", "moduleBlend"]
        prepared = {name: estimator.prepare(name, decoded) for name in heads}
        del decoded
        margin = self.dilation * (self.widths.kernel - 1) // 2
        context = self._context(features, margin, before.shape[2:])
        features.clear()
        images = [
            torch.cat((functional.pad(frame, (margin,) * 4, mode="replicate").to(self.dtype), context), 1)
            for frame in (before, after)
        ]
        del context
        strips = [self._sample_both(images, prepared, rows, margin) for rows in self.strips(before)]
        images.clear()
        whole = slice(0, before.shape[2])
        seen, share = (
            estimator.finish(name, prepared[name], whole).sigmoid()
            for name in ("moduleOcclusion", "moduleBlend")
        )
        prepared.clear()
        warped = torch.cat(strips, 2) if len(strips) > 1 else strips[0]
        strips.clear()
        plain = torch.lerp(warped[:, 3:6], warped[:, :3], seen)
        drawn = self.context_synthesis(warped)
        return torch.lerp(plain, drawn, share)

    def _context(self, features: Sequence[Tensor], margin: int, size: Sequence[int]) -> Tensor:
        """Features of all scales at full size and with a margin: (N, C, H + 2 * margin, W + 2 * margin)."""
        wanted = (size[0] + 2 * margin, size[1] + 2 * margin)
        narrowed = [
            self.get_kernel.get_submodule(f"module1by1_{level}")(x) for level, x in enumerate(features, 1)
        ]
        enlarged = [
            functional.interpolate(x, size=wanted, mode="bilinear", align_corners=False) for x in narrowed
        ]
        return torch.cat(enlarged, 1)

    def _sample_both(
        self, images: Sequence[Tensor], prepared: Mapping[str, Tensor], rows: slice, margin: int
    ) -> Tensor:
        """Some rows of both sampled frames and their sampled features, scale by scale, before and after."""
        counts = [3, *(outputs for _, outputs in self.cdfi_widths.levels)]
        sampled = [
            self.sample(image, prepared, side, rows, margin).split(counts, 1)
            for image, side in zip(images, SIDES, strict=True)
        ]
        return torch.cat([part for both in zip(*sampled, strict=True) for part in both], 1)


def widths_of(shapes: Mapping[str, Shape]) -> CdfiWidths:
    """Read the channels off {parameter name: shape}.

    Raises:
        ModelError: when a name is missing, or the channels do not fit together.
    """
    kernels = widths_from_shapes(shapes, has_blend=True)
    levels = []
    for level, block in enumerate(DOWN, 1):
        name = f"get_kernel.module1by1_{level}.weight"
        shape = convolution_shape(shapes, name)
        if shape[1] != kernels.blocks[block][-1]:
            raise unfit(name, shape, kernels.blocks[block][-1])
        levels.append((shape[1], shape[0]))
    first = "context_synthesis.lateral_init.f.1.weight"
    inputs = convolution_shape(shapes, first)[1]
    sampled = 2 * (3 + sum(outputs for _, outputs in levels))
    if inputs != sampled:
        raise unfit(first, convolution_shape(shapes, first), sampled)
    rows = [convolution_shape(shapes, f"context_synthesis.lateral_{row}_0.f.1.weight")[0] for row in range(3)]
    grid = GridWidths(inputs=inputs, rows=(rows[0], rows[1], rows[2]), outputs=3)
    return CdfiWidths(kernels=kernels, levels=tuple(levels), grid=grid)


def _matches(shapes: Mapping[str, Shape]) -> bool:
    return any(name.startswith(("context_synthesis.", "get_kernel.moduleBlend")) for name in shapes)


def _build(shapes: Mapping[str, Shape], options: Mapping[str, str]) -> Cdfi:
    widths = widths_of(shapes)
    return Cdfi(widths, dilation=dilation_of(widths.kernels, options))


ARCHITECTURE = Architecture(name="cdfi", matches=_matches, build=_build, options=OPTIONS)
"""CDFI as the loader sees it."""
