"""AdaCoF: the middle frame as adaptively sampled sums of the two frames around it.

Lee, Kim, Chung, Pak, Ban, Lee: "AdaCoF: Adaptive Collaboration of Flows for Video Frame Interpolation", CVPR
2020, and the compressed networks of Ding, Liang, Zhu, Zharkov: "CDFI: Compression-Driven Network Design for
Frame Interpolation", CVPR 2021, which differ in their channel counts. Written from the papers; parameters
carry the authors' names, so their checkpoints load as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import isqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.errors import ModelError
from flavr_core.model.adacof_sampling import sample_softly
from flavr_core.model.fused import use_fused
from flavr_core.model.layers import enlarged, halved, run_layers
from flavr_core.model.layout import lay_channels_last
from flavr_core.model.network import Architecture, Network, Shape

MEAN = (0.4631, 0.4352, 0.3990)
"""Mean colour that is taken off what the kernel estimator sees."""

DOWN = ("moduleConv1", "moduleConv2", "moduleConv3", "moduleConv4", "moduleConv5")
"""Blocks of the way down, each halved after it."""
UP = ("moduleDeconv5", "moduleDeconv4", "moduleDeconv3", "moduleDeconv2")
"""Blocks of the way up, each before an enlargement `moduleUpsample`."""
SIDES = ("1", "2")
"""Ends of the heads' names for the frame before and the frame after."""
KERNEL_HEADS = ("moduleWeight", "moduleAlpha", "moduleBeta")
"""Heads for weights, offsets down and offsets across, one of each a side."""

OPTIONS = {"dilation": ("auto", "1", "2", "3", "4")}
"""How far the kernel's taps lie apart does not show in shapes; the authors use 1, and 2 for kernels of 11."""

HALVINGS = 4
"""How often the gap is halved to reach places other than its middle: down to sixteenths."""

WHOLE_TAPS = 1 << 24
"""Taps (pixels times kernel elements) whose weights and offsets are held at a time."""
LOOKS = "This looks like an AdaCoF or CDFI network, but"

MAX_WIDTH = 4096
"""Channels; a file that asks for more is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelWidths:
    """Channels of a kernel estimator, as its file has them."""

    blocks: Mapping[str, tuple[int, ...]]
    """{block: channels into its first convolution, then out of each}."""

    @property
    def kernel(self) -> int:
        """Side of the kernels, F: the largest odd one that the heads' channels are enough for."""
        side = isqrt(self.blocks["moduleWeight1"][-1])
        return side - 1 + side % 2


def triple(widths: Sequence[int]) -> nn.Sequential:
    """Three convolutions of 3 x 3, each rectified."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths[:4]):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def enlargement(widths: Sequence[int]) -> nn.Sequential:
    """Twice the size, then a rectified convolution."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        nn.Conv2d(widths[0], widths[1], 3, padding=1),
        nn.ReLU(inplace=True),
    )


def head(widths: Sequence[int]) -> nn.Sequential:
    """Three convolutions at half size, twice the size, one convolution more; what follows is the caller's."""
    return nn.Sequential(
        *triple(widths[:4]),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        nn.Conv2d(widths[3], widths[4], 3, padding=1),
    )


class KernelEstimator(nn.Module):
    """A U-Net whose heads say for every pixel where and with which weights both frames are sampled."""

    def __init__(self, widths: KernelWidths) -> None:
        super().__init__()
        for name, counts in widths.blocks.items():
            kinds = {2: enlargement, 4: triple, 5: head}
            self.add_module(name, kinds[len(counts)](counts))

    def part(self, name: str) -> nn.Sequential:
        """One block by its name."""
        module = self.get_submodule(name)
        assert isinstance(module, nn.Sequential)
        return module

    def encode(self, pair: Tensor) -> list[Tensor]:
        """Features of a pair of frames, (N, 6, H, W), at 1, 1/2, ... 1/16 of the size."""
        features = [run_layers(self.part(DOWN[0]), pair)]
        for name in DOWN[1:]:
            features.append(run_layers(self.part(name), halved(features[-1])))
        return features

    def decode(self, features: Sequence[Tensor]) -> Tensor:
        """What the heads look at: (N, C, H / 2, W / 2)."""
        x = halved(features[-1])
        for name, skip in zip(UP, reversed(features), strict=False):
            layers = [*self.part(name), *self.part(name.replace("Deconv", "Upsample"))]
            x = run_layers(layers, x, added=skip)
        return x

    def prepare(self, name: str, decoded: Tensor) -> Tensor:
        """The part of a head at half size."""
        return run_layers(list(self.part(name))[:6], decoded)

    def finish(self, name: str, prepared: Tensor, rows: slice) -> Tensor:
        """The part of a head at full size, for some rows of the result."""
        top, bottom = max(rows.start - 1, 0), min(rows.stop + 1, 2 * prepared.shape[2])
        x = run_layers(list(self.part(name))[7:], enlarge_rows(prepared, top, bottom))
        return x[:, :, rows.start - top : rows.stop - top]


def enlarge_rows(x: Tensor, top: int, bottom: int) -> Tensor:
    """Rows `top` to `bottom` of x at twice its size, bilinearly, corners on corners.

    Convention: x (N, C, h, w); returns (N, C, bottom - top, 2 * w).
    """
    height, width = x.shape[2:]
    if (top, bottom) == (0, 2 * height) or (not torch.is_grad_enabled() and use_fused(x)):
        return enlarged(x, align_corners=True, rows=slice(top, bottom))
    scale = (height - 1) / (2 * height - 1)
    places = torch.arange(top, bottom, device=x.device, dtype=torch.float32) * scale
    above = places.long().clamp(0, height - 1)
    share = (places - above)[:, None].to(x.dtype)
    below = (above + 1).clamp(max=height - 1)
    rows = torch.lerp(x[:, :, above], x[:, :, below], share)  # (N, C, rows, w)
    size = (bottom - top, 2 * width)
    return functional.interpolate(rows, size=size, mode="bilinear", align_corners=True)


def zeros_like_rows(x: Tensor, channels: int) -> Tensor:
    """Zeros for so many channels beside those of x: (N, channels, H, W)."""
    return x.new_zeros((len(x), channels, *x.shape[2:]))


def pad_by_reflection(images: Tensor, multiple: int) -> Tensor:
    """Mirror right and bottom until H and W are multiples; pictures smaller than that are mirrored again.

    Convention: images (N, C, H, W); returns (N, C, H', W').
    """
    for axis in (2, 3):
        size = images.shape[axis]
        wanted = size + -size % multiple
        if wanted == size:
            continue
        period = max(2 * (size - 1), 1)
        places = torch.arange(wanted, device=images.device) % period
        images = images.index_select(axis, torch.minimum(places, period - places).clamp(0, size - 1))
    return images


def reduced(images: Tensor) -> Tensor:
    """Pictures (N, 3, H, W) without the mean colour."""
    # Filled on the device: what is copied there cannot be part of a CUDA graph.
    mean = torch.cat([images.new_full((1,), value) for value in MEAN])
    return images - mean[:, None, None]


class MiddleNetwork(Network):
    """What AdaCoF and CDFI have in common: two frames, the middle between them, padding by reflection.

    Other places than the middle are drawn by halving: 1/4 is the middle between the frame before and what was
    drawn at 1/2, and so on, HALVINGS times at most; each such picture is drawn once a call.

    Convention: as `Network`. Sizes that are no multiples of 32 are padded by reflection and cropped, as by
    the authors. Weights and offsets are held for some rows at a time (`strip_rows`, or as many as
    `whole_taps` allows), with the same result.
    """

    num_inputs = 2
    positions = tuple(Fraction(place, 2**HALVINGS) for place in range(1, 2**HALVINGS))
    size_multiple = 32
    halo_px = 192
    supports_strips = True

    def __init__(self, widths: KernelWidths, *, dilation: int) -> None:
        super().__init__()
        self.widths = widths
        self.dilation = dilation
        self.whole_taps = WHOLE_TAPS
        self.get_kernel = KernelEstimator(widths)
        self.register_load_state_dict_post_hook(lay_channels_last)  # type: ignore[no-untyped-call]

    @property
    def trial_positions(self) -> tuple[Fraction, ...]:
        """The middle, which is what one pass draws."""
        return (Fraction(1, 2),)

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        before, after = window.unbind(1)
        known = {Fraction(0): before, Fraction(1): after}
        drawn = [self._between(known, position) for position in positions]
        return torch.stack(drawn, 1).to(window.dtype)

    def _between(self, known: dict[Fraction, Tensor], position: Fraction) -> Tensor:
        """The picture at a position; those on the way to it are remembered in `known`."""
        if position not in known:
            step = Fraction(1, position.denominator)
            ends = (self._between(known, position - step), self._between(known, position + step))
            height, width = ends[0].shape[2:]
            padded = [pad_by_reflection(end, self.size_multiple) for end in ends]
            known[position] = self.draw_padded(*padded)[:, :, :height, :width]
        return known[position]

    def draw_padded(self, before: Tensor, after: Tensor) -> Tensor:
        """The middle of two frames, (N, 3, H, W) each, H and W multiples of 32."""
        raise NotImplementedError

    def pair(self, before: Tensor, after: Tensor) -> Tensor:
        """Both frames as the estimator sees them, with zeros for channels beyond six: (N, C, H, W)."""
        parts = [reduced(before).to(self.dtype), reduced(after).to(self.dtype)]
        parts.append(zeros_like_rows(parts[0], self.widths.blocks[DOWN[0]][0] - 6))
        return torch.cat(parts, 1).contiguous(memory_format=torch.channels_last)

    def strips(self, frames: Tensor) -> Iterator[slice]:
        """Rows of frames like these, (N, 3, H, W), whose weights and offsets are held at a time."""
        count, _, height, width = frames.shape
        rows = self.strip_rows
        if self.training:
            rows = height
        elif rows is None:
            rows = max(self.whole_taps // (count * width * self.widths.kernel**2), 16)
        for top in range(0, height, rows):
            yield slice(top, min(top + rows, height))

    def sample(
        self,
        image: Tensor,
        prepared: Mapping[str, Tensor],
        side: str,
        rows: slice,
        margin: int,
        *,
        result: Tensor | None = None,
    ) -> Tensor:
        """Some rows of an image sampled as the heads of one side say, in `result` where it is given."""
        taps = self.widths.kernel**2
        logits, down, across = (
            self.get_kernel.finish(name + side, prepared[name + side], rows)[:, :taps]
            for name in KERNEL_HEADS
        )
        return sample_softly(
            image,
            logits,
            down,
            across,
            dilation=self.dilation,
            margin=margin,
            top=rows.start,
            result=result,
        )


class AdaCoF(MiddleNetwork):
    """AdaCoF and its compressed forms, of any kernel and channels."""

    architecture = "adacof"

    def draw_padded(self, before: Tensor, after: Tensor) -> Tensor:
        """See `MiddleNetwork`."""
        estimator = self.get_kernel
        decoded = estimator.decode(estimator.encode(self.pair(before, after)))
        heads = [name + side for side in SIDES for name in KERNEL_HEADS] + ["moduleOcclusion"]
        prepared = {name: estimator.prepare(name, decoded) for name in heads}
        wide = torch.promote_types(before.dtype, torch.float32)
        images = (before.to(wide), after.to(wide))
        strips = []
        for rows in self.strips(before):
            first, second = (
                self.sample(image, prepared, side, rows, 0) for image, side in zip(images, SIDES, strict=True)
            )
            seen = estimator.finish("moduleOcclusion", prepared["moduleOcclusion"], rows)[:, :1].sigmoid()
            strips.append(torch.lerp(second, first, seen.to(wide)))
        return torch.cat(strips, 2)


def widths_from_shapes(shapes: Mapping[str, Shape], *, has_blend: bool) -> KernelWidths:
    """Read the channels off {parameter name: shape}.

    Raises:
        ModelError: when a name is missing, or the channels of neighbouring blocks do not fit together.
    """
    triples = (*DOWN, *UP)
    masks = ("moduleOcclusion", "moduleBlend") if has_blend else ("moduleOcclusion",)
    heads = (*(name + side for side in SIDES for name in KERNEL_HEADS), *masks)
    blocks = {name: _channels(shapes, name, (0, 2, 4)) for name in triples}
    blocks |= {
        name: _channels(shapes, name, (1,)) for name in (up.replace("Deconv", "Upsample") for up in UP)
    }
    blocks |= {name: _channels(shapes, name, (0, 2, 4, 7)) for name in heads}
    widths = KernelWidths(blocks=blocks)
    _check_widths(widths, heads)
    return widths


def _channels(shapes: Mapping[str, Shape], block: str, numbers: Sequence[int]) -> tuple[int, ...]:
    found = [convolution_shape(shapes, f"get_kernel.{block}.{number}.weight") for number in numbers]
    for number, earlier, later in zip(numbers[1:], found, found[1:], strict=False):
        if earlier[0] != later[1]:
            raise unfit(f"get_kernel.{block}.{number}.weight", later, earlier[0])
    return (found[0][1], *(shape[0] for shape in found))


def convolution_shape(shapes: Mapping[str, Shape], name: str) -> Shape:
    """Shape of the weights of a convolution.

    Raises:
        ModelError: when there is none, or of another kind.
    """
    shape = shapes.get(name)
    if shape is None:
        raise ModelError(f"{LOOKS} {name} is missing.", "The file is damaged or incomplete.")
    if len(shape) != 4 or not all(1 <= size <= MAX_WIDTH for size in shape):
        raise ModelError(
            f"{LOOKS} {name} has shape {tuple(shape)}: four axes are needed.",
            "The file is damaged, or made for another network.",
        )
    return tuple(shape)


def unfit(name: str, shape: Shape, wanted: int) -> ModelError:
    """The error for a layer that is given another number of channels than it takes."""
    return ModelError(
        f"{LOOKS} {name} has shape {tuple(shape)}: it takes {shape[1]} channels and gets {wanted}.",
        "The file is damaged, or made for a variant that is not supported.",
    )


def _check_widths(widths: KernelWidths, heads: Sequence[str]) -> None:
    blocks = widths.blocks
    flow = {DOWN[0]: 6}
    flow |= {later: blocks[earlier][-1] for earlier, later in zip(DOWN, (*DOWN[1:], UP[0]), strict=True)}
    for number, up in enumerate(UP):
        grown = up.replace("Deconv", "Upsample")
        flow[grown] = blocks[up][-1]
        skip = blocks[DOWN[4 - number]][-1]
        if blocks[grown][-1] != skip:
            raise ModelError(
                f"{LOOKS} get_kernel.{grown} gives {blocks[grown][-1]} channels, which are added to {skip}.",
                "The file is damaged, or made for a variant that is not supported.",
            )
        for later in UP[number + 1 : number + 2] or heads:
            flow[later] = skip
    for name, wanted in flow.items():
        if blocks[name][0] != wanted:
            raise unfit(f"get_kernel.{name}", (blocks[name][1], blocks[name][0]), wanted)
    taps = widths.kernel**2
    for name in heads:
        wanted = taps if name[:-1] in KERNEL_HEADS else 1
        if blocks[name][-1] != wanted or (wanted > 1 and widths.kernel % 2 == 0):
            raise ModelError(
                f"{LOOKS} get_kernel.{name} gives {blocks[name][-1]} values a pixel; no kernel has so many.",
                "The file is damaged, or made for another network.",
            )


def dilation_of(widths: KernelWidths, options: Mapping[str, str]) -> int:
    """How far the taps lie apart: as the option says, or as the authors have it for this kernel."""
    wanted = options.get("dilation", "auto")
    if wanted != "auto":
        return int(wanted)
    return 2 if widths.kernel >= 11 else 1


def _matches(shapes: Mapping[str, Shape]) -> bool:
    return any(name.startswith("get_kernel.module") for name in shapes) and not any(
        name.startswith(("context_synthesis.", "get_kernel.moduleBlend")) for name in shapes
    )


def _build(shapes: Mapping[str, Shape], options: Mapping[str, str]) -> AdaCoF:
    widths = widths_from_shapes(shapes, has_blend=False)
    return AdaCoF(widths, dilation=dilation_of(widths, options))


ARCHITECTURE = Architecture(name="adacof", matches=_matches, build=_build, options=OPTIONS)
"""AdaCoF as the loader sees it."""
