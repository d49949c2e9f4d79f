"""Windows of a stream share frames: what a network computes of a frame alone is computed once.

A window of four frames has three in common with the one before. Networks that can compute the frames apart
(`FrameEncoder`) are given each new frame once; what is known of frames is kept in places of a store, and a
window is drawn from the four places where its frames are. Both steps are recorded as CUDA graphs, which read
and write the same places whatever frames these hold.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from typing import Any, Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from flavr_core.model.graphs import MOST_RECORDED, Recording, record


class Features(Protocol):
    """What is known of F frames."""

    frames: Tensor
    """(F, 3, H, W) as they were given."""

    def tensors(self) -> tuple[Tensor, ...]:
        """All of it, frames along the first axis."""

    def room_for(self, count: int) -> Self:
        """The same with nothing in it yet, for so many frames."""

    def part(self, frames: slice) -> Self:
        """Of some of the frames; what is written there is written here."""


@runtime_checkable
class FrameEncoder(Protocol):
    """A network that computes frames apart from what lies between them."""

    def encode_frames(self, frames: Tensor, out: Any = None) -> Any:
        """`Features` of frames (F, 3, H, W), whatever windows they will be in, written to `out` if given."""

    def draw_between(self, features: Any, places: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """As `Network.draw`; `places` (N, T) int32 says which of the features' frames are the windows'."""


class SharedFrames:
    """Draws as its network does, each frame encoded once while it is in use.

    For drawing alone, one thread at a time.

    Attributes:
        encoded: frames that were encoded so far.
    """

    def __init__(self, network: FrameEncoder) -> None:
        self.encoded = 0
        self._network = network
        self.forget()

    def forget(self) -> None:
        """Give up all frames and recordings and their memory."""
        self._kind: Hashable = None
        self._slots: dict[Hashable, int] = {}
        self._encode: dict[int, _Step] = {}
        self._draw: dict[tuple[Fraction, ...], _Step] = {}
        self._places = torch.empty(0)
        self._store: Features | None = None
        self._pool: Any = None

    def __call__(
        self, windows: Sequence[Sequence[Tensor]], known: Sequence[Sequence[Hashable]],
        positions: tuple[Fraction, ...],
    ) -> Tensor:  # fmt: skip
        """The pictures (N, P, 3, H, W); the result is the caller's own.

        Args:
            windows: N of T frames (1, 3, H, W) each.
            known: what each of these frames is known by: what is the same has the same pixels.
            positions: places in the gap.
        """
        frame = windows[0][0]
        kind = (len(windows), tuple(frame.shape), frame.dtype, frame.device)
        if kind != self._kind:
            self.forget()
            self._kind = kind
            shape = (len(windows), len(windows[0]))
            self._places = torch.zeros(shape, dtype=torch.int32, device=frame.device)
            if _can_be_recorded(frame.device):
                self._pool = torch.cuda.graph_pool_handle()
        self._know(windows, known)
        slots = [[self._slots[name] for name in row] for row in known]
        # From a page that stays in place, so that this does not wait for the window before.
        places = torch.tensor(slots, dtype=torch.int32, pin_memory=frame.device.type == "cuda")
        self._places.copy_(places, non_blocking=True)
        if positions not in self._draw:
            while len(self._draw) >= MOST_RECORDED:
                self._draw.pop(next(iter(self._draw)))
            self._draw[positions] = _Step(lambda: (self._drawn(positions),))
        (drawn,) = self._draw[positions](frame.device, self._pool)
        return drawn.clone()

    def _know(self, windows: Sequence[Sequence[Tensor]], known: Sequence[Sequence[Hashable]]) -> None:
        """See to it that all frames of these windows are in the store."""
        needed = {name for row in known for name in row}
        for frames, names in zip(windows, known, strict=True):
            for frame, name in zip(frames, names, strict=True):
                slot = self._slots.pop(name, None)
                if slot is None:
                    slot = self._free_slot(needed)
                    self._put(frame, slot)
                self._slots[name] = slot  # the newest is the last

    def _free_slot(self, needed: set[Hashable]) -> int:
        capacity = self._places.numel()
        if len(self._slots) < capacity:
            return min(set(range(capacity)) - set(self._slots.values()))
        return self._slots.pop(next(name for name in self._slots if name not in needed))

    def _put(self, frame: Tensor, slot: int) -> None:
        """Encode a frame (1, 3, H, W) into the store."""
        if self._store is None:
            shape_of: Features = self._network.encode_frames(frame)
            self._store = shape_of.room_for(self._places.numel())
        if slot not in self._encode:
            part = self._store.part(slice(slot, slot + 1))
            self._encode[slot] = _Step(lambda: self._encoded(part))
        self._store.frames[slot].copy_(frame[0])
        self._encode[slot](frame.device, self._pool)
        self.encoded += 1

    def _encoded(self, part: Features) -> tuple[Tensor, ...]:
        """What is known of the frames in a part of the store, written there."""
        self._network.encode_frames(part.frames, part)
        return part.tensors()[1:]

    def _drawn(self, positions: tuple[Fraction, ...]) -> Tensor:
        return self._network.draw_between(self._store, self._places, positions)


class _Step:
    """A computation on fixed tensors: run as it is the first time, then recorded, then replayed."""

    def __init__(self, run: Callable[[], tuple[Tensor, ...]]) -> None:
        self._run = run
        self._has_run = False
        self._is_recorded = False
        self._recording: Recording | None = None

    def __call__(self, device: torch.device, pool: Any) -> tuple[Tensor, ...]:
        if self._has_run and not self._is_recorded and _can_be_recorded(device):
            self._recording = record(self._run, device=device, pool=pool, name="A step")
            self._is_recorded = True
        self._has_run = True
        if self._recording is None:
            return self._run()
        self._recording.graph.replay()
        return self._recording.made


def _can_be_recorded(device: torch.device) -> bool:
    return device.type == "cuda"
