"""Running a network within the memory there is.

When memory is short the work is done in another way, in this order, and a note says so once:

1. fewer windows at once: the same result;
2. strips, where the network has that path: the same result up to rounding;
3. tiles with context around them: nearly the same result, blended where they meet;
4. tiles of the picture at half its size: less detail;
5. a DeviceError.

The first way that fits by calculation (`memory`) is taken; should the device run out of memory all the
same, the next is. A way once taken is kept for the rest of the job.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional

from flavr_core.engine.device import device_name, free_bytes
from flavr_core.engine.memory import (
    CountBytes,
    activation_bytes,
    sampled_activation_bytes,
    weight_bytes,
)
from flavr_core.engine.precision import full_fp32
from flavr_core.engine.tiling import context_px, draw_in_tiles
from flavr_core.errors import DeviceError
from flavr_core.model.graphs import RecordedNetwork
from flavr_core.model.network import Network
from flavr_core.model.shared_frames import FrameEncoder, SharedFrames

STRIP_ROWS = (256, 128, 64, 32)
"""Rows of a strip, tried in this order."""
TILE_PX = (1024, 512, 256)
"""Sides of a tile without its context, tried in this order."""
HALF_SIZE_TILE_PX = 128
"""Side of a tile at half size."""
_SPARE = {"cpu": 0.7, "cuda": 0.9}
"""Share of the free memory that is planned with; the rest is for other programs and libraries' own work."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to draw, and what it costs in fidelity."""

    batch: int = 1
    """Windows at once."""
    strip_rows: int | None = None
    """Rows of a strip; None for all rows at once."""
    tile_px: int | None = None
    """Side of a tile without its context, in pixels of the picture drawn; None for the whole picture."""
    half_size: bool = False
    """Whether the picture is drawn at half its size and enlarged."""

    def __str__(self) -> str:
        if self.half_size:
            return "at half the size, in tiles, and enlarged, which costs detail"
        if self.tile_px is not None:
            return f"in tiles of {self.tile_px} pixels, blended where they meet"
        if self.strip_rows is not None:
            return f"in strips of {self.strip_rows} rows, with the same result"
        return "one window at a time" if self.batch == 1 else f"{self.batch} windows at a time"


def ways_to_draw(network: Network, *, width: int, height: int, batch: int = 1) -> list[Way]:
    """All ways for pictures of this size, in the documented order."""
    ways = []
    while batch >= 1:
        ways.append(Way(batch=batch))
        batch //= 2
    strip_rows: int | None = None
    if network.supports_strips:
        for rows in STRIP_ROWS:
            if rows < height:
                strip_rows = rows
                ways.append(Way(strip_rows=rows))
    ways.extend(Way(tile_px=tile, strip_rows=strip_rows) for tile in TILE_PX if tile < max(width, height))
    if min(width, height) >= 2:
        ways.append(Way(tile_px=HALF_SIZE_TILE_PX, strip_rows=strip_rows, half_size=True))
    return ways


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, in any of the ways that torch says it."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    signs = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")
    return isinstance(error, RuntimeError) and any(sign in text for sign in signs)


class Drawer:
    """A network on a device, for pictures of one size, with the way it is run.

    Attributes:
        way: how pictures are drawn now.
        notes: one sentence for each change of the way.
    """

    def __init__(
        self,
        network: Network,
        *,
        width: int,
        height: int,
        batch: int = 1,
        max_memory_bytes: int | None = None,
    ) -> None:
        self.network = network
        self.width = width
        self.height = height
        self.max_memory_bytes = max_memory_bytes
        self.notes: list[str] = []
        self._recorded = RecordedNetwork(network)
        self._shared = SharedFrames(network) if isinstance(network, FrameEncoder) else None
        self._ways = ways_to_draw(network, width=width, height=height, batch=batch)
        self.way = self._ways[0]
        self._set_strips(self.way)

    def plan(self) -> None:
        """Take the first way that fits by calculation.

        Raises:
            DeviceError: when none fits.
        """
        budget = int(free_bytes(self.network.device) * _SPARE.get(self.network.device.type, 1.0))
        if self.max_memory_bytes is not None:
            budget = min(budget, self.max_memory_bytes)
        need = self.needed_bytes(self.way, sampled_activation_bytes)
        if need is not None and need <= budget:  # mostly there is plenty, and that is seen sooner
            return
        first = self.way
        while (need := self.needed_bytes(self.way)) is not None and need > budget:
            self._step_down(f"drawing {self.way} needs {need / 2**30:.1f} GiB of {budget / 2**30:.1f}")
        if self.way is not first:
            self._note_way()

    def rehearse(self) -> None:
        """Draw one window of nothing at full size, so that memory that cannot be had is missed now."""
        window = torch.zeros(
            (1, self.network.num_inputs, 3, self.height, self.width), device=self.network.device
        )
        self.draw([window] * self.way.batch, self.network.trial_positions)

    def needed_bytes(self, way: Way, count: CountBytes = activation_bytes) -> int | None:
        """Memory for weights, the pictures kept and one call; None when it cannot be known."""
        width, height = self.width, self.height
        if way.half_size:
            width, height = -(-width // 2), -(-height // 2)
        if way.tile_px is not None:
            side = way.tile_px + 2 * context_px(self.network)
            width, height = min(width, side), min(height, side)
        self._set_strips(way)
        activations = count(
            self.network,
            batch=way.batch,
            width=width,
            height=height,
            positions=self.network.trial_positions,
        )
        self._set_strips(self.way)
        if activations is None:
            return None
        picture = 3 * 4 * self.width * self.height
        # The windows, the pictures they are made from (see Engine), and what converting one takes.
        pictures = way.batch * self.network.num_inputs + self.network.num_inputs + way.batch + 4
        if self.network.device.type == "cuda" and way.tile_px is None:  # recorded passes have their own
            pictures += way.batch * (self.network.num_inputs + len(self.network.trial_positions))
        # On a CPU the library lays the largest activations out anew for its convolutions.
        margin = 1.5 if self.network.device.type == "cpu" else 1.2
        already = weight_bytes(self.network) if self.max_memory_bytes is not None else 0
        return int(margin * activations) + pictures * picture + already

    def draw(
        self,
        windows: Sequence[Tensor | Sequence[Tensor]],
        positions: tuple[Fraction, ...],
        known: Sequence[Sequence[Hashable]] | None = None,
        *,
        lent: bool = False,
    ) -> list[Tensor]:
        """Draw the same positions of several windows.

        Of a network that draws windows together every batch is a full one, the last window repeated: a
        picture is the same to the last bit whichever windows it was drawn with.

        Convention: each window (1, T, 3, H, W) float32 on the network's device, or its T frames (1, 3, H, W)
        apart; returns (P, 3, H, W) float32 for each, not clamped. `known` says what these frames are known
        by: what has the same pixels is computed once. What is `lent` may be overwritten by the next call.

        Raises:
            DeviceError: when memory ran out in every way, or the device failed.
        """
        drawn: list[Tensor] = []
        while len(drawn) < len(windows):
            some = windows[len(drawn) : len(drawn) + self.way.batch]
            spare = self.way.batch - len(some) if self.network.draws_together else 0
            names = None if known is None else known[len(drawn) : len(drawn) + len(some)]
            result = self._try(
                [*some, *[some[-1]] * spare], positions, names, lent=lent and len(windows) <= self.way.batch
            )
            if result is not None:
                drawn.extend(result[: len(some)].unbind(0))
        return drawn

    def _try(
        self,
        windows: Sequence[Tensor | Sequence[Tensor]],
        positions: tuple[Fraction, ...],
        known: Sequence[Sequence[Hashable]] | None,
        *,
        lent: bool,
    ) -> Tensor | None:
        """One call; None when memory ran out and another way was taken."""
        try:
            with torch.inference_mode(), full_fp32(), torch.cuda.device_of(windows[0][0]):
                if known is not None and self._shared is not None and self._draws_whole:
                    apart = [x.unbind(1) if isinstance(x, Tensor) else x for x in windows]
                    return self._shared(apart, known, positions).float()
                whole = [x if isinstance(x, Tensor) else torch.stack(list(x), dim=1) for x in windows]
                batch = whole[0] if len(whole) == 1 else torch.cat(whole)  # (N, T, 3, H, W)
                return self._run(batch, positions, lent=lent)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise self._failure(error) from error
            reason = str(error).strip().splitlines()[0] if str(error).strip() else "memory ran out"
        # Outside the handler: there the traceback would still hold what the network had allocated.
        self.forget()
        if self.network.device.type == "cuda":
            torch.cuda.empty_cache()
        self._step_down(reason)
        self._note_way()
        return None

    def _run(self, batch: Tensor, positions: tuple[Fraction, ...], *, lent: bool) -> Tensor:
        way = self.way
        if way.half_size:
            count, size = len(batch), batch.shape[-2:]
            half = [-(-side // 2) for side in size]
            small = functional.interpolate(batch.flatten(0, 1), size=half, mode="bilinear", antialias=True)
            small = small.view(count, -1, 3, *half)
            drawn = self._run_at_size(small, positions, lent=False)  # (N, P, 3, H/2, W/2)
            large = functional.interpolate(drawn.flatten(0, 1).float(), size=size, mode="bicubic")
            return large.view(count, -1, 3, *size)  # (N, P, 3, H, W)
        return self._run_at_size(batch, positions, lent=lent).float()

    def _run_at_size(self, batch: Tensor, positions: tuple[Fraction, ...], *, lent: bool) -> Tensor:
        if self.way.tile_px is not None:
            return draw_in_tiles(self.network, batch, positions, tile=self.way.tile_px)
        return self._recorded(batch, positions, lent=lent)

    @property
    def _draws_whole(self) -> bool:
        """Whether pictures are drawn at once and at their own size."""
        return not self.way.half_size and self.way.tile_px is None

    def forget(self) -> None:
        """Give the memory of recorded passes and of frames back."""
        self._recorded.forget()
        if self._shared is not None:
            self._shared.forget()

    def _set_strips(self, way: Way) -> None:
        if self.network.supports_strips:
            self.network.strip_rows = way.strip_rows

    def _step_down(self, reason: str) -> None:
        following = self._ways.index(self.way) + 1
        if following == len(self._ways):
            raise DeviceError(
                f"{device_name(self.network.device)} has not enough memory for {self.width}x{self.height} "
                f"pictures with {self.network.name}: {reason}.",
                "Close other programs, use a smaller network or --device cpu, or scale the clip down.",
            )
        _log.info("stepping down from %s: %s", self.way, reason)
        self.way = self._ways[following]
        self._set_strips(self.way)

    def _note_way(self) -> None:
        where = device_name(self.network.device)
        self.notes.append(f"Memory of {where} is short: pictures are drawn {self.way}.")

    def _failure(self, error: Exception) -> DeviceError:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return DeviceError(
            f"{self.network.name} failed on {device_name(self.network.device)}: {lines[0]}",
            "Try --device cpu or --precision fp32; if it stays, it is a bug.",
        )
