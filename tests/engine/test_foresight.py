"""What a gap will take is told from a small one, in proportion."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from flavr_core.engine import Engine, foresight
from flavr_core.engine.foresight import foreseen_gap_s
from flavr_core.model.network import Network
from flavr_core.model.planes import plane_network

HALF = (Fraction(1, 2),)


class Blank(Network):
    """Notes the sizes it is asked for, and draws nothing."""

    name = architecture = "blank"
    num_inputs = 4

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, ...]] = []

    def draw(self, window: torch.Tensor, positions: tuple[Fraction, ...]) -> torch.Tensor:
        if not window.is_meta and window.any():  # black is drawn to see what it takes
            self.asked.append(tuple(window.shape))
            assert not torch.equal(window[:, 1], window[:, 2])
        return window[:, 1:2].expand(-1, len(positions), -1, -1, -1)


def test_work_goes_with_the_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresight, "_piece_s", lambda engine, positions, width, height: 0.5)
    engine = Engine(Blank(), width=1024, height=512)
    assert foreseen_gap_s(engine, HALF) == pytest.approx(0.5 * 8)
    assert foreseen_gap_s(Engine(Blank(), width=64, height=48), HALF) == pytest.approx(0.5)


def test_what_is_too_quick_to_go_by_is_drawn_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []

    def piece(engine: Engine, positions: tuple[Fraction, ...], width: int, height: int) -> float:
        sizes.append((width, height))
        return width * height * 5e-7

    monkeypatch.setattr(foresight, "_piece_s", piece)
    assert foreseen_gap_s(Engine(Blank(), width=1920, height=1080), HALF) == pytest.approx(1920 * 1080 * 5e-7)
    assert sizes == [(256, 256), (512, 512)]
    sizes.clear()
    foreseen_gap_s(Engine(Blank(), width=300, height=100), HALF)
    assert sizes == [(256, 100), (300, 100)]


def test_a_network_draws_what_moves_at_the_size_of_the_piece() -> None:
    network = Blank()
    seconds = foreseen_gap_s(Engine(network, width=301, height=97), (Fraction(1, 3), Fraction(2, 3)))
    assert seconds is not None
    assert seconds > 0
    assert set(network.asked) == {(1, 4, 3, 97, 256), (1, 4, 3, 97, 301)}


def test_networks_on_planes_are_tried_too_and_nothing_takes_no_time() -> None:
    motion = plane_network("motion")
    assert motion is not None
    engine = Engine(motion, width=96, height=64)
    seconds = foreseen_gap_s(engine, HALF)
    assert seconds is not None
    assert 0 < seconds < 60
    assert foreseen_gap_s(engine, ()) is None
