"""CDFI: a compressed AdaCoF that samples features as well, and a GridNet that draws from both.

Ding, Liang, Zhu, Zharkov: "CDFI: Compression-Driven Network Design for Frame Interpolation", CVPR 2021.
Written from the paper; parameters carry the authors' names, so their checkpoint loads as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    unfit,
    widths_from_shapes,
    zeros_like_rows,
)
from flavr_core.model.gridnet import GridNet, GridWidths
from flavr_core.model.network import Architecture, Shape

MASKS = ("moduleOcclusion", "moduleBlend")
"""Heads for how much of a pixel is seen before, and how much the synthesis counts."""
GRID_PIXELS = 1 << 20
"""Pixels that the synthesis draws at a time, in strips with GRID_HALO_PX rows more on each side."""
GRID_HALO_PX = 72
"""Rows further away than this do not change what the synthesis draws."""


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
        self.grid_pixels = GRID_PIXELS
        for level, (inputs, outputs) in enumerate(widths.levels, 1):
            # Padding a 1 x 1 convolution adds a rim that holds its bias; the weights were trained with it.
            self.get_kernel.add_module(f"module1by1_{level}", nn.Conv2d(inputs, outputs, 1, padding=1))
        self.context_synthesis = GridNet(widths.grid)

    def draw_padded(self, before: Tensor, after: Tensor) -> Tensor:
        """See `MiddleNetwork`."""
        estimator = self.get_kernel
        features = estimator.encode(self.pair(before, after))
        decoded = estimator.decode(features)
        table = self._table(before, features)
        features.clear()
        # Each side sees its own frame and what was found in both.
        sampled = [self._sample_side(table, decoded, SIDES[0])]
        table = self._with_frame(table, after)
        sampled.append(self._sample_side(table, decoded, SIDES[1]))
        del table
        masks = [self.mask(name, decoded) for name in MASKS]
        del decoded
        return self.synthesise(
            (sampled[0][:, -3:], sampled[1][:, -3:]),
            masks,
            lambda rows: self._side_by_side([part[:, :, rows] for part in sampled]),
        )

    def synthesise(
        self, frames: tuple[Tensor, Tensor], masks: Sequence[Tensor], inputs: Callable[[slice], Tensor]
    ) -> Tensor:
        """What comes of the sampled frames, (N, 3, H, W) each, and what `MASKS` say.

        `inputs` gives some rows of what the synthesis looks at.
        """
        seen, share = masks
        pieces = []
        height = seen.shape[2]
        for rows in self._grid_strips(seen):
            shared = slice(max(rows.start - GRID_HALO_PX, 0), min(rows.stop + GRID_HALO_PX, height))
            drawn = self.context_synthesis(inputs(shared))
            drawn = drawn[:, :, rows.start - shared.start :][:, :, : rows.stop - rows.start]
            plain = torch.lerp(frames[1][:, :, rows], frames[0][:, :, rows], seen[:, :, rows])
            pieces.append(torch.lerp(plain, drawn, share[:, :, rows]))
        return torch.cat(pieces, 2) if len(pieces) > 1 else pieces[0]

    @property
    def margin(self) -> int:
        """Pixels around the sampled pictures on all sides."""
        return self.dilation * (self.widths.kernel - 1) // 2

    def _table(self, frame: Tensor, features: Sequence[Tensor]) -> Tensor:
        """Features of all scales at full size and a frame, with a margin.

        Convention: returns (N, C + 3, H + 2 * margin, W + 2 * margin), the channels last in memory.
        """
        wanted = [size + 2 * self.margin for size in frame.shape[2:]]
        enlarged = [
            functional.interpolate(
                self.get_kernel.get_submodule(f"module1by1_{level}")(x),
                size=wanted,
                mode="bilinear",
                align_corners=False,
            )
            for level, x in enumerate(features, 1)
        ]
        table = torch.cat((*enlarged, self._framed(frame)), 1)
        return table.contiguous(memory_format=torch.channels_last)

    def _with_frame(self, table: Tensor, frame: Tensor) -> Tensor:
        """The table with another frame; the given one is used up where no gradients pass."""
        if torch.is_grad_enabled():
            joined = torch.cat((table[:, :-3], self._framed(frame)), 1)
            return joined.contiguous(memory_format=torch.channels_last)
        table[:, -3:] = self._framed(frame)
        return table

    def _framed(self, frame: Tensor) -> Tensor:
        """A frame with a margin that repeats its border, in the network's dtype."""
        return functional.pad(frame, (self.margin,) * 4, mode="replicate").to(self.dtype)

    def _sample_side(self, image: Tensor, decoded: Tensor, side: str) -> Tensor:
        """All rows of an image sampled by one side's kernels, (N, C, H, W)."""
        prepared = {name + side: self.get_kernel.prepare(name + side, decoded) for name in KERNEL_HEADS}
        size = [2 * length for length in decoded.shape[2:]]
        strips = list(self.strips(decoded.new_empty((len(image), 0, *size))))
        if len(strips) == 1:
            return self.sample(image, prepared, side, strips[0], self.margin)
        # Filled bit by bit: putting strips together at the end would hold all of it twice.
        sampled = torch.empty(
            (*image.shape[:2], *size),
            dtype=image.dtype,
            device=image.device,
            memory_format=torch.channels_last,
        )
        for rows in strips:
            sampled[:, :, rows] = self.sample(image, prepared, side, rows, self.margin)
        return sampled

    def mask(self, name: str, decoded: Tensor) -> Tensor:
        """What one of the heads says of each pixel, (N, 1, H, W) in [0, 1]."""
        prepared = self.get_kernel.prepare(name, decoded)
        return self.get_kernel.finish(name, prepared, slice(0, 2 * prepared.shape[2]))[:, :1].sigmoid()

    def _grid_strips(self, frames: Tensor) -> Iterator[slice]:
        """Rows of pictures like these, (N, C, H, W), that the synthesis draws at a time."""
        count, _, height, width = frames.shape
        rows = self.strip_rows
        if self.training:
            rows = height
        elif rows is None:
            rows = max(self.grid_pixels // (count * width), GRID_HALO_PX)
        rows += -rows % 4  # rows that are halved twice stay together
        for top in range(0, height, rows):
            yield slice(top, min(top + rows, height))

    def _side_by_side(self, sampled: Sequence[Tensor]) -> Tensor:
        """What was sampled by both sides, scale by scale, before and after; the frames come first.

        Zeros come last where the synthesis takes more channels than there are.
        """
        counts = [outputs for _, outputs in self.cdfi_widths.levels]
        first, second = (part.split([*counts, 3], 1) for part in sampled)
        first, second = ((each[-1], *each[:-1]) for each in (first, second))
        parts = [part for both in zip(first, second, strict=True) for part in both]
        missing = self.cdfi_widths.grid.inputs - 2 * (3 + sum(counts))
        return torch.cat([*parts, zeros_like_rows(parts[0], missing)], 1)


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
