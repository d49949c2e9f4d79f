"""Windows that share frames are drawn as the network draws them, each frame encoded once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest
import torch
from torch import Tensor

from flavr_core.model import shared_frames
from flavr_core.model.shared_frames import FrameEncoder, SharedFrames

HALF, THIRDS = (Fraction(1, 2),), (Fraction(1, 3), Fraction(2, 3))


@dataclass
class Halves:
    """Frames, half their values, and their means."""

    frames: Tensor
    values: Tensor
    means: Tensor

    def tensors(self) -> tuple[Tensor, ...]:
        """All of it."""
        return self.frames, self.values, self.means

    def room_for(self, count: int) -> Halves:
        """For so many frames."""
        empty = [torch.full((count, *x.shape[1:]), torch.nan) for x in self.tensors()]
        return Halves(*empty)

    def part(self, frames: slice) -> Halves:
        """Of some frames."""
        return Halves(*(x[frames] for x in self.tensors()))


class Mixing:
    """Draws from halves of the middle two and means of the outer two."""

    def __init__(self) -> None:
        self.shapes: list[torch.Size] = []

    def encode_frames(self, frames: Tensor, out: Halves | None = None) -> Halves:
        """See `FrameEncoder`."""
        self.shapes.append(frames.shape)
        made = Halves(frames, frames / 2, frames.mean((2, 3)))
        if out is not None:
            out.values.copy_(made.values)
            out.means.copy_(made.means)
        return made

    def draw_between(self, features: Halves, places: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `FrameEncoder`."""
        assert places.dtype == torch.int32
        before, after = features.values[places[:, 1].long()], features.values[places[:, 2].long()]
        outer = features.means[places[:, 0].long()] - features.means[places[:, 3].long()]
        outer = outer[..., None, None]
        return torch.stack([before * (1 - float(t)) + after * float(t) + outer for t in positions], 1)

    def __call__(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        count = len(window)
        places = torch.arange(4 * count, dtype=torch.int32).view(count, 4)
        return self.draw_between(self.encode_frames(window.flatten(0, 1)), places, positions)


def frames(count: int, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(1, 3, 6, 8, generator=generator) for _ in range(count)]


def drawn(shared: SharedFrames, rows: list[list[Tensor]], positions: tuple[Fraction, ...] = HALF) -> None:
    """Draws, and compares; frames are known by themselves."""
    window = torch.cat([torch.stack(row, 1) for row in rows])
    given = shared(rows, rows, positions)
    assert torch.equal(given, Mixing()(window, positions))


def test_a_streams_frames_are_encoded_once() -> None:
    network = Mixing()
    assert isinstance(network, FrameEncoder)
    shared, film = SharedFrames(network), frames(9)
    for first in range(6):
        for positions in (HALF, THIRDS):
            drawn(shared, [film[first : first + 4]], positions)
    assert shared.encoded == 9
    assert set(network.shapes) == {torch.Size((1, 3, 6, 8))}


def test_ends_and_cuts_and_other_shots() -> None:
    shared, film = SharedFrames(Mixing()), frames(8)
    one, two, three, four, *others = film
    drawn(shared, [[one, one, two, three]])
    drawn(shared, [[one, two, three, four]])
    drawn(shared, [[two, three, four, four]])
    assert shared.encoded == 4
    drawn(shared, [others])
    drawn(shared, [[one, others[1], others[2], four]])  # as where one shot is asked for amid another
    drawn(shared, [others])
    assert shared.encoded == 12


def test_several_windows_at_once() -> None:
    shared, film = SharedFrames(Mixing()), frames(20)
    drawn(shared, [film[i : i + 4] for i in range(3)])
    drawn(shared, [film[i : i + 4] for i in range(3, 6)])
    assert shared.encoded == 9
    drawn(shared, [film[8:12], film[12:16], film[16:20]])
    drawn(shared, [film[0:4], film[12:16], film[2:6]])
    assert shared.encoded == 9 + 12 - 1 + 6


def test_another_size_begins_anew_and_what_is_forgotten_is_gone() -> None:
    shared, film = SharedFrames(Mixing()), frames(4)
    drawn(shared, [film])
    drawn(shared, [[frame[..., :4] for frame in film]])
    shared.forget()
    drawn(shared, [film])
    assert shared.encoded == 12


class _Graph:
    def __init__(self, step: shared_frames.Callable[[], None]) -> None:
        self.replay = step


def test_steps_are_recorded_when_they_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU: a recording writes where it wrote when it was made."""
    runs = []

    def record(run, **_options):  # type: ignore[no-untyped-def]
        made = run()

        def replay() -> None:
            runs.append(1)
            for tensor, new in zip(made, run(), strict=True):
                tensor.copy_(new)

        return shared_frames.Recording(_Graph(replay), made)  # type: ignore[arg-type]

    monkeypatch.setattr(shared_frames, "record", record)
    monkeypatch.setattr(shared_frames, "_can_be_recorded", lambda _device: True)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    shared, film = SharedFrames(Mixing()), frames(8)
    results = []
    for first in range(5):
        rows = [film[first : first + 4]]
        drawn(shared, rows)
        results.append(shared(rows, rows, HALF))
    assert len(runs) == 4 + 9  # all but each place's first frame, and the first window
    assert not torch.equal(results[0], results[1])
