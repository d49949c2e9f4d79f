"""FourFlow made faster on a GPU: the plain network's weights, the same picture, fewer passes. Only draws.

Imported only where Triton is installed. What is saved beside half precision, most first:

* Pictures and features are warped by kernels that work out the flow, read vectors of channels and write where
  the next layer reads: nothing is joined, turned round in memory or widened to float32 on the way.
* Products of a correlation are weighed as they are made, and never lie in memory.
* The four warped pictures come from one kernel and the drawn one from another, softmax and residual included,
  and a third makes it sharp and keeps standing writing; the flow at full size is never written.
* Features that a finer stage goes on from are projected before they are enlarged, at a quarter of the work.
* Layers of 1x1 look at several pictures as if they were joined, and rectify, enlarge and add as they write.
* Everything of a frame alone is computed by frame (`encode_frames`), whichever window it is in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.errors import ModelError
from flavr_core.model.fourflow import (
    FLOW_PLACES,
    HYPOTHESES,
    SIZE_MULTIPLE,
    FourFlow,
    drawn_velocity,
    flow_from_frame,
    usual_levels,
)
from flavr_core.model.fourflow_ends_triton import CELL, FETCHED, TOLD, fetch_pictures, lay_frames, weigh
from flavr_core.model.fourflow_filters import Filters
from flavr_core.model.fourflow_layers import (
    Dense,
    FastResidual,
    FastStage,
    Filter,
    Packing,
    Row,
    corner_by_corner,
    filters_of,
    flat,
    growing,
    in_cells,
    inlet_rows,
    kept,
    row_of,
)
from flavr_core.model.fourflow_triton import KNOWN, NUMBERS, Gap, refine
from flavr_core.model.ground_triton import lay_ground
from flavr_core.model.kernel_building import only_building
from flavr_core.model.network import Network
from flavr_core.model.overlay_measures import CROWD
from flavr_core.model.overlays_triton import look_at_frames
from flavr_core.model.sharpness_triton import steepness_by_kernel, write_sharpened


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFeatures:
    """What is known of frames alone.

    Convention: F frames; all but these themselves (F, h, w, C), of their size filled up.
    """

    frames: Tensor
    """(F, 3, H, W) as they were given."""
    cells: Tensor
    """Their pixels, see `fourflow_ends_triton`."""
    half: Tensor
    """Features at 1/2."""
    quarter: Tensor
    """Features at 1/4."""
    matched: list[Tensor]
    """Features that are correlated, from the coarsest scale to 1/8."""
    steepness: Tensor
    """As of `sharpness`, float32."""
    outer: list[Tensor]
    """The same, narrowed to what is looked at where a frame is an outer one."""

    def tensors(self) -> tuple[Tensor, ...]:
        """All of it."""
        return (self.frames, self.cells, self.half, self.quarter, self.steepness, *self.matched, *self.outer)

    def room_for(self, count: int) -> FrameFeatures:
        """The same with nothing in it yet, for so many frames."""
        return self._of([x.new_empty((count, *x.shape[1:])) for x in self.tensors()])

    def part(self, frames: slice) -> FrameFeatures:
        """Of some of the frames; what is written there is written here."""
        return self._of([x[frames] for x in self.tensors()])

    def _of(self, tensors: list[Tensor]) -> FrameFeatures:
        frames, cells, half, quarter, steepness, *scales = tensors
        levels = len(self.matched)
        return FrameFeatures(
            frames=frames, cells=cells, half=half, quarter=quarter, steepness=steepness,
            matched=scales[:levels], outer=scales[levels:],
        )  # fmt: skip


class FastFourFlow(Network):
    """See the module. Convention: as `Network`; the parameters are not the plain network's."""

    size_multiple = SIZE_MULTIPLE

    def __init__(self, plain: FourFlow, *, dtype: torch.dtype, filters: Filters = Filters.LIBRARY) -> None:
        """Take the weights of a plain network, which keeps its own; see `Packing`.

        Raises:
            ModelError: when it has a partner, which computes elsewhere.
        """
        super().__init__()
        if plain.partner is not None:
            raise ModelError(f"{plain.name or 'This FourFlow'} has no fast form.", "Use it as it is.")
        self.name, self.card, self.architecture = plain.name, plain.card, plain.architecture
        self.num_inputs, self.positions = plain.num_inputs, plain.positions
        self._anchor = torch.empty(0, dtype=dtype, device=plain.device)
        self.coarse_levels = plain.coarse_levels
        self._filters = filters
        packing = Packing(dtype=dtype, filters=filters)
        self._take_pyramid(plain, packing)
        self._take_motion(plain, packing)
        self._take_synthesis(plain, packing)

    def _take_pyramid(self, plain: FourFlow, packing: Packing) -> None:
        pyramid = plain.pyramid
        begin, *more = pyramid.to_half
        assert isinstance(begin, nn.Sequential)
        assert isinstance(begin[0], nn.Conv2d)
        first = in_cells(begin[0].weight.detach().transpose(0, 1)).transpose(0, 1)
        self.to_half = Row(Filter(begin[0], packing, weight=first), *filters_of(more, packing))
        self.to_quarter = row_of(list(pyramid.to_quarter), packing)
        self.to_eighth = row_of(list(pyramid.to_eighth), packing)
        self.to_sixteenth = row_of(list(pyramid.to_sixteenth), packing)

    def _take_motion(self, plain: FourFlow, packing: Packing) -> None:
        widths = plain.widths
        stages = []
        for stage, narrow, features, width in (
            (plain.match_sixteenth, None, widths.sixteenth, widths.motion_sixteenth),
            (plain.match_eighth, plain.to_eighth, widths.eighth, widths.motion_eighth),
        ):
            weight = flat(stage.inlet[0])[0]
            begin = len(weight) - KNOWN - width
            rows = inlet_rows(weight, slice(begin, begin + width), filled_up_to=KNOWN)
            stages.append(FastStage(stage, narrow, packing, features=features, weight=rows))
        self.match_sixteenth, self.match_eighth = stages
        weight, width = flat(plain.refine_quarter.inlet[0])[0], 2 * widths.quarter
        rows = inlet_rows(weight, slice(width, width + widths.motion_quarter), filled_up_to=KNOWN)
        self.refine_quarter = FastStage(
            plain.refine_quarter, plain.to_quarter, packing, features=widths.quarter, weight=rows
        )
        weight, width = flat(plain.split_half.inlet[0])[0], 2 * (12 + widths.half)
        rows = inlet_rows(weight, slice(width, width + widths.motion_half), filled_up_to=KNOWN)
        rows = torch.cat((_sides_in_cells(rows[:width]), rows[width:]))
        self.split_half = FastStage(
            plain.split_half, plain.to_half, packing, features=CELL + widths.half, weight=rows
        )

    def _take_synthesis(self, plain: FourFlow, packing: Packing) -> None:
        parts = plain.synthesis
        weight, bias = flat(parts.inlet[0])
        pictures, told, rest = weight.split((12 * 2 * HYPOTHESES, NUMBERS, len(weight) - 24 * HYPOTHESES - 5))
        fetched = weight.new_zeros(4, 2 * HYPOTHESES, 4, weight.shape[1])  # pixel, source, colour
        fetched[:, :, :3] = pictures.unflatten(0, (2 * HYPOTHESES, 3, 4)).permute(2, 0, 1, 3)
        fetched = fetched.view(FETCHED, -1)
        fetched[list(TOLD)] = told
        hidden, sides = rest[: plain.widths.motion_half], rest[plain.widths.motion_half :]
        self.inlet = Dense(torch.cat((fetched, hidden, _sides_in_cells(sides))), bias, packing.dtype)
        self.half_down = FastResidual(parts.half_down, packing)
        self.quarter_down = nn.Sequential(
            *filters_of([parts.quarter_down[0]], packing), FastResidual(parts.quarter_down[1], packing)
        )
        self.eighth = nn.Sequential(
            *filters_of([parts.eighth[0]], packing), FastResidual(parts.eighth[1], packing)
        )
        self.quarter_up = growing(parts.quarter_up, packing.dtype)
        self.quarter_join = FastResidual(parts.quarter_join, packing)
        self.half_up = growing(parts.half_up, packing.dtype)
        self.half_join = FastResidual(parts.half_join, packing)
        assert parts.head.bias is not None
        self.head = Filter(parts.head, packing, weight=corner_by_corner(parts.head.weight), rectified=False)
        self.head_bias = kept(corner_by_corner(parts.head.bias), torch.float32)

    def build_kernels(self) -> None:
        """Build what passes are computed by, several kernels at a time instead of each when it is met."""
        # Writing is looked for otherwise in larger pictures; in rows few programs are others than many.
        sizes = (96, 128), (1088, 1920) if self._filters is Filters.ROWS else (448, 448)
        with torch.inference_mode(), only_building():
            for size in sizes:
                window = torch.zeros((1, self.num_inputs, 3, *size), device=self.device)
                self.draw(window, self.trial_positions)

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        features, places = self._encode(window)
        return self.draw_between(features, places, positions)

    def _encode(self, window: Tensor) -> tuple[FrameFeatures, Tensor]:
        """Features of all windows' frames, each by itself, and where they are."""
        frames = window.flatten(0, 1)
        places = torch.arange(len(frames), dtype=torch.int32, device=window.device)
        return self.encode_frames(frames), places.view(window.shape[:2])

    def encode_frames(self, frames: Tensor, out: FrameFeatures | None = None) -> FrameFeatures:
        """What can be computed of frames whatever their place in a window.

        Args:
            frames: (F, 3, H, W).
            out: where to write all but the frames, see `FrameFeatures.room_for`; None for new tensors.
        """
        height, width = frames.shape[2:]
        levels = self.coarse_levels or usual_levels(height, width)
        multiple = FourFlow.multiple(levels)
        rows, columns = (-(-side // multiple) * multiple // 2 for side in (height, width))
        into: Sequence[Tensor | None] = [None] * (2 * levels + 7) if out is None else out.tensors()
        _, cells_at, half_at, quarter_at, steepness_at, *scales_at = into
        matched_at, outer_at = scales_at[: levels + 1][::-1], scales_at[levels + 1 :][::-1]
        cells = lay_frames(frames, rows, columns, self.dtype, cells_at)
        half = self.to_half(cells, half_at)
        quarter = self.to_quarter(half, quarter_at)
        matched = [self.to_eighth(quarter, matched_at[0])]
        matched.append(self.to_sixteenth(matched[0], matched_at[1]))
        for place in matched_at[2:]:
            smaller = functional.avg_pool2d(matched[-1].permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
            matched.append(smaller.contiguous() if place is None else place.copy_(smaller))
        outer = [self.match_eighth.outer(matched[0], out=outer_at[0])]
        for seen, place in zip(matched[1:], outer_at[1:], strict=True):
            outer.append(self.match_sixteenth.outer(seen, out=place))
        return FrameFeatures(
            frames=frames, cells=cells, half=half, quarter=quarter, matched=matched[::-1], outer=outer[::-1],
            steepness=steepness_by_kernel(frames, steepness_at),
        )  # fmt: skip

    def draw_between(
        self, features: FrameFeatures, places: Tensor, positions: tuple[Fraction, ...]
    ) -> Tensor:
        """The pictures of N windows at all positions, (N, P, 3, H, W), of the frames' dtype.

        Convention: `places` (N, 4) int32, which of the features' frames are the windows'.
        """
        frames = features.frames
        made = frames.new_empty((len(places), len(positions), *frames.shape[1:]))
        valid, strokes = look_at_frames(frames, places, self.dtype)
        ground, fetched_from = features.cells, places
        if strokes is not None:
            ground, fetched_from = lay_ground(features.cells, frames, places, strokes)
        for number, position in enumerate(positions):
            gap = Gap(places=places, valid=valid, t=float(position))
            joined, hidden, change, numbers = self._find_motion(features, gap)
            fetch = replace(gap, places=fetched_from)
            fetched = fetch_pictures(ground, fetch, numbers, change, self.split_half.head_bias)
            drawn = self._synthesise(fetched, hidden, joined[..., : 2 * self.split_half.features])
            picture = weigh(fetched, drawn, self.head_bias, numbers, gap, *frames.shape[2:])
            write_sharpened(
                picture, features.steepness, numbers, strokes, frames, gap, made[:, number], crowd=CROWD
            )
        return made

    def _find_motion(self, features: FrameFeatures, gap: Gap) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of the last stage what was joined, the hidden features and the answer; and the motion before it."""
        _, rows, columns, _ = features.matched[0].shape
        numbers = torch.zeros((len(gap.places), NUMBERS, rows, columns), device=gap.places.device)
        hidden: Tensor | None = None
        stages = [self.match_sixteenth] * (len(features.matched) - 1) + [self.match_eighth]
        for stage, seen, outer in zip(stages, features.matched, features.outer, strict=True):
            _, hidden, change = stage((seen,), outer, hidden, numbers, gap)
            numbers = refine(numbers, change, stage.head_bias)
        stage = self.refine_quarter
        _, hidden, change = stage((features.quarter,), None, hidden, numbers, gap)
        numbers = refine(numbers, change, stage.head_bias)
        joined, hidden, change = self.split_half((features.cells, features.half), None, hidden, numbers, gap)
        return joined, hidden, change, numbers

    def _synthesise(self, fetched: Tensor, hidden: Tensor, moved: Tensor) -> Tensor:
        """Logits and what is to be added, (N, h, w, DRAWN) without the bias."""
        half = self.half_down(self.inlet(fetched, hidden, moved, rectified=True))
        quarter = self.quarter_down(half)
        quarter = self.quarter_join(self.quarter_up(self.eighth(quarter), skip=quarter))
        drawn: Tensor = self.head(self.half_join(self.half_up(quarter, skip=half)))
        return drawn

    def estimate_flow(self, window: Tensor) -> Tensor:
        """See `fourflow.FourFlow.estimate_flow`."""
        height, width = window.shape[3:]
        features, places = self._encode(window)
        valid, _ = look_at_frames(features.frames, places, self.dtype)
        flows = []
        for place in FLOW_PLACES:
            gap = Gap(places=places, valid=valid, t=place)
            joined, hidden, change, numbers = self._find_motion(features, gap)
            fetched = fetch_pictures(features.cells, gap, numbers, change, self.split_half.head_bias)
            drawn = self._synthesise(fetched, hidden, joined[..., : 2 * self.split_half.features])
            told = _pixels(change.float() + self.split_half.head_bias).unflatten(1, (HYPOTHESES, 4))
            base = functional.interpolate(2 * numbers[:, :4], scale_factor=2, mode="bilinear")
            logits = _pixels(drawn.float() + self.head_bias)[:, : 2 * HYPOTHESES]
            velocity = drawn_velocity(base.unsqueeze(1) + told, logits)
            flows.append(flow_from_frame(velocity, place))
        return torch.cat(flows, dim=1)[..., :height, :width]


def _pixels(cells: Tensor) -> Tensor:
    """Values that stand pixel by pixel, (N, h, w, 4 * K), as (N, K, 2 * h, 2 * w)."""
    apart = cells.unflatten(3, (2, 2, -1)).permute(0, 5, 1, 3, 2, 4)  # (N, K, h, row, w, column)
    pixels: Tensor = apart.flatten(4, 5).flatten(2, 3)
    return pixels


def _sides_in_cells(weight: Tensor) -> Tensor:
    """Rows of both sides' unshuffled pixels and features, the pixels in the order of cells."""
    return torch.cat([part for side in weight.chunk(2) for part in (in_cells(side[:12]), side[12:])])
