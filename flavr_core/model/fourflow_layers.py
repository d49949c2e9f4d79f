"""The layers of `FastFourFlow`: FourFlow's weights, packed for kernels that write where the next one reads.

Imported only where Triton is installed. Pictures are (N, h, w, C); weights of 1x1 are (C, O).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.fourflow import MatchingStage, RefiningStage, Residual, SplittingStage
from flavr_core.model.fourflow_dense_triton import dense
from flavr_core.model.fourflow_ends_triton import CELL, DRAWN
from flavr_core.model.fourflow_filter_triton import filter3
from flavr_core.model.fourflow_filters import Filters
from flavr_core.model.fourflow_triton import CHANGE, KNOWN, NUMBERS, Gap, join, match_into, rectify_, room


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How a plain network's weights are kept."""

    dtype: torch.dtype
    """Of the weights that tensor cores multiply; biases stay float32."""
    filters: Filters = Filters.LIBRARY
    """Who computes convolutions of 3x3."""


_MOST_BY_TAPS = 64
"""Channels out up to which our taps beat the library on an H100; with more its own are as fast or faster."""


def kept(value: Tensor, dtype: torch.dtype) -> nn.Parameter:
    """A weight that is never learnt."""
    return nn.Parameter(value.detach().to(dtype).clone(), requires_grad=False)


def flat(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Weights (C, O) and bias (O,) of a convolution of 1x1, float32."""
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    return layer.weight.detach().float()[:, :, 0, 0].T, layer.bias.detach().float()


class Filter(nn.Module):
    """A convolution of 3x3 with what follows it."""

    def __init__(
        self, plain: nn.Module, packing: Packing, *, weight: Tensor | None = None, rectified: bool = True
    ) -> None:
        super().__init__()
        assert isinstance(plain, nn.Conv2d)
        self.stride = plain.stride[0]
        self.rectified = rectified
        given = plain.weight.detach() if weight is None else weight.detach()
        self.outputs = len(given)
        self.way = _way(packing.filters, given)
        if self.way is Filters.ROWS:
            from flavr_core.model.fourflow_rows_triton import weight_rows

            given = weight_rows(given)
        elif self.way is Filters.TAPS:
            given = given.permute(2, 3, 1, 0).flatten(0, 2).contiguous()  # (9 * C, O)
        else:
            given = given.contiguous(memory_format=torch.channels_last)
        self.weight = kept(given, packing.dtype)
        has_bias = plain.bias is not None and rectified
        self.bias = kept(plain.bias, torch.float32) if has_bias and plain.bias is not None else None

    def forward(self, x: Tensor, added: Tensor | None = None, out: Tensor | None = None) -> Tensor:
        """(N, h, w, C) to (N, h / stride, w / stride, O), in `out` if that is given.

        What is not rectified is without its bias too.
        """
        if self.way is Filters.ROWS:
            from flavr_core.model.fourflow_rows_triton import filter_rows

            return filter_rows(
                x, self.weight, self.bias, added, outputs=self.outputs, stride=self.stride,
                rectified=self.rectified, out=out,
            )  # fmt: skip
        made = self._by_taps(x, added) if self.way is Filters.TAPS else self._by_library(x, added)
        return made if out is None else out.copy_(made)

    def _by_taps(self, x: Tensor, added: Tensor | None) -> Tensor:
        return filter3(x, self.weight, self.bias, added, stride=self.stride, rectified=self.rectified)

    def _by_library(self, x: Tensor, added: Tensor | None) -> Tensor:
        seen = x.permute(0, 3, 1, 2)
        made = functional.conv2d(seen, self.weight, stride=self.stride, padding=1).permute(0, 2, 3, 1)
        return rectify_(made.contiguous(), self.bias, added) if self.rectified else made.contiguous()


def _way(wish: Filters, weight: Tensor) -> Filters:
    """Who computes a convolution of these weights (O, C, 3, 3), when `wish` may."""
    outputs, inputs = weight.shape[:2]
    if wish is Filters.ROWS and inputs % 8 == outputs % 8 == 0:  # the copy engine takes whole vectors
        return wish
    return Filters.LIBRARY if wish is Filters.LIBRARY or outputs > _MOST_BY_TAPS else Filters.TAPS


class FastResidual(nn.Module):
    """As `fourflow.Residual`."""

    def __init__(self, plain: nn.Module, packing: Packing) -> None:
        super().__init__()
        assert isinstance(plain, Residual)
        self.first = Filter(plain.first[0], packing)
        self.second = Filter(plain.second, packing)

    def forward(self, x: Tensor) -> Tensor:
        """(N, h, w, C) to the same."""
        made: Tensor = self.second(self.first(x), x)
        return made


class Dense(nn.Module):
    """A convolution of 1x1."""

    def __init__(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = kept(weight.contiguous(), dtype)
        self.bias = None if bias is None else kept(bias.contiguous(), torch.float32)

    def forward(
        self, *inputs: Tensor, coarse: Tensor | None = None, skip: Tensor | None = None,
        rectified: bool = False, out: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """See `fourflow_dense_triton.dense`."""
        return dense(inputs, self.weight, self.bias, coarse=coarse, skip=skip, rectified=rectified, out=out)


def growing(plain: nn.Module, dtype: torch.dtype) -> Dense:
    """A convolution of 1x1 whose outputs are shuffled to four pixels each, as a growing layer."""
    weight, bias = flat(plain)
    return Dense(weight.unflatten(1, (-1, 4)).permute(2, 0, 1), bias.view(-1, 4).T, dtype)


class FastStage(nn.Module):
    """A step of motion. The features that it goes on from are projected before they are enlarged."""

    def __init__(
        self, plain: nn.Module, narrow: nn.Module | None, packing: Packing, *, features: int, weight: Tensor
    ) -> None:
        """Take a stage's weights.

        Args:
            plain: the stage.
            narrow: the layer between the stage before and this one; None where both have one width.
            packing: how weights are kept.
            features: channels of a frame that are looked at, as they lie.
            weight: (C, O) of the inlet in the order of what is joined, then of the features that it goes on
                from.
        """
        super().__init__()
        assert isinstance(plain, MatchingStage | RefiningStage | SplittingStage)
        inlet, bias = plain.inlet[0], flat(plain.inlet[0])[1]
        assert isinstance(inlet, nn.Conv2d)
        width = inlet.out_channels
        self.features, self.known_at, self.joined = features, len(weight) - width - KNOWN, len(weight) - width
        on, onward = weight[self.joined :], torch.zeros(width, device=weight.device)
        if narrow is not None:
            narrowing, more = flat(narrow)
            onward = more @ on
            on = narrowing @ on
        self.inlet = Dense(weight[: self.joined], bias + onward, packing.dtype)
        self.coarse = Dense(on, None, packing.dtype)
        blocks = [plain.block] if isinstance(plain, SplittingStage) else plain.blocks
        self.blocks = nn.ModuleList(FastResidual(block, packing) for block in blocks)
        head = plain.head
        assert head.bias is not None
        if isinstance(plain, SplittingStage):
            wide, told = corner_by_corner(head.weight), corner_by_corner(head.bias)
        else:
            wide, told = functional.pad(head.weight, (0,) * 7 + (CHANGE - NUMBERS,)), head.bias
        self.head = Filter(head, packing, weight=wide, rectified=False)
        self.head_bias = kept(told, torch.float32)
        self.match: Dense | None = None
        if isinstance(plain, MatchingStage):
            self._add_matching(plain, packing.dtype)

    def _add_matching(self, plain: MatchingStage, dtype: torch.dtype) -> None:
        self.radius = plain.radius
        self.match = Dense(*flat(plain.match), dtype)
        self.outer = Dense(*flat(plain.outer), dtype)
        weight, bias = flat(plain.cost[0])
        self.cost_weight = kept(weight.contiguous(), torch.float32)
        self.cost_bias = kept(bias, torch.float32)

    def forward(
        self, sources: tuple[Tensor, ...], outer: Tensor | None, hidden: Tensor | None, numbers: Tensor,
        gap: Gap,
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """What is joined, the hidden features and the answer without its bias; see `fourflow_triton.join`.

        Convention: `hidden` (N, h / 2, w / 2, C) of the stage before, or None.
        """
        count, _, rows, columns = numbers.shape
        joined = room(sources[0], count, rows, columns, self.joined)
        join(joined, sources, outer, gap=gap, numbers=numbers, known_at=self.known_at)
        if self.match is not None:
            self._match(joined)
        coarse = None if hidden is None else self.coarse(hidden)
        made = self.inlet(joined, coarse=coarse, rectified=True)
        for block in self.blocks:
            made = block(made)
        return joined, made, self.head(made)

    def _match(self, joined: Tensor) -> None:
        assert self.match is not None
        matched = room(joined, 2, *joined.shape[:3], self.match.weight.shape[1])
        for side in range(2):
            own = joined[..., side * self.features : (side + 1) * self.features]
            self.match(own, out=matched[side])
        at = self.known_at - 2 * len(self.cost_bias)
        match_into(joined, matched, self.cost_weight, self.cost_bias, radius=self.radius, at=at)


def corner_by_corner(value: Tensor) -> Tensor:
    """Outputs (4 * K, ...) that are shuffled to four pixels, pixel by pixel and filled up to DRAWN."""
    ordered = value.detach().unflatten(0, (-1, 4)).transpose(0, 1)  # (4, K, ...)
    filled: Tensor = ordered.new_zeros(4, DRAWN // 4, *value.shape[1:])
    filled[:, : ordered.shape[1]] = ordered
    return filled.flatten(0, 1)


def in_cells(weight: Tensor) -> Tensor:
    """Rows (12, ...) of unshuffled pixels, colour by colour, in the order of cells: (CELL, ...)."""
    filled = weight.new_zeros(4, 4, *weight.shape[1:])
    filled[:, :3] = weight.unflatten(0, (3, 4)).transpose(0, 1)
    cells: Tensor = filled.view(CELL, *weight.shape[1:])
    return cells


def inlet_rows(weight: Tensor, hidden: slice, *, filled_up_to: int) -> Tensor:
    """Rows of an inlet: what is joined, filled up with zeros where less is known, then the hidden features.

    Convention: weight (C, O); `hidden` where the features are that it goes on from; what is known follows.
    """
    begin, end = hidden.start, hidden.stop
    missing = weight.new_zeros(filled_up_to - (len(weight) - end), weight.shape[1])
    return torch.cat((weight[:begin], weight[end:], missing, weight[hidden]))


class Row(nn.Module):
    """Rectified convolutions one after the other."""

    def __init__(self, *filters: Filter) -> None:
        super().__init__()
        self.filters = nn.ModuleList(filters)

    def forward(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """(N, h, w, C) to the last one's result, in `out` if that is given."""
        *first, last = self.filters
        for layer in first:
            x = layer(x)
        made: Tensor = last(x, out=out)
        return made


def row_of(layers: Sequence[nn.Module], packing: Packing) -> Row:
    """The same of a plain network's layers."""
    return Row(*filters_of(layers, packing))


def filters_of(layers: Sequence[nn.Module], packing: Packing) -> list[Filter]:
    """A plain network's layers one by one."""
    made = []
    for layer in layers:
        assert isinstance(layer, nn.Sequential)
        made.append(Filter(layer[0], packing))
    return made
