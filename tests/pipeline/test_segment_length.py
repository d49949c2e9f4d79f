"""Segments are short where frames take long, long where they do not, and the same each time."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest
import torch

from flavr_core.engine import Engine
from flavr_core.engine.work import operations_per_pixel
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig
from flavr_core.model.network import Network
from flavr_core.model.planes import plane_network
from flavr_core.pipeline.segment_length import FEWEST_FRAMES, MOST_FRAMES, segment_length
from flavr_core.plan import OutputPlan
from flavr_core.settings import RateTarget, TimingSettings
from flavr_core.timeline import plan_output
from flavr_core.timing import FrameTimes

HALF = (Fraction(1, 2),)


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same lengths on every machine that tests."""
    monkeypatch.setattr("flavr_core.pipeline.segment_length._PROCESSORS", 2)


class Convolution(Network):
    """`depth` convolutions of 5x5 over 32 channels for each position."""

    name = architecture = "convolution"

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.depth = depth
        self.layer = torch.nn.Conv2d(32, 32, 5, padding=2, bias=False)

    def draw(self, window: torch.Tensor, positions: tuple[Fraction, ...]) -> torch.Tensor:
        return torch.stack([self._drawn(window[:, 0]) for _ in positions], dim=1)

    def _drawn(self, frame: torch.Tensor) -> torch.Tensor:
        features = frame[:, :1].expand(-1, 32, -1, -1)
        for _ in range(self.depth):
            features = self.layer(features)
        return features[:, :3]


class Looking(Convolution):
    """Looks at values, so that it cannot be run without contents."""

    def draw(self, window: torch.Tensor, positions: tuple[Fraction, ...]) -> torch.Tensor:
        return super().draw(window, positions) * float(window.sum())


class Opaque(Looking):
    """Has an operation of somebody else's as well, which nobody can count."""

    library = torch.library.Library("flavr_tests", "DEF")
    library.define("same(Tensor x) -> Tensor")
    library.impl("same", lambda x: x.clone(), "CPU")

    def draw(self, window: torch.Tensor, positions: tuple[Fraction, ...]) -> torch.Tensor:
        return super().draw(torch.ops.flavr_tests.same(window), positions)


def planned(factor: int) -> OutputPlan:
    times = FrameTimes(pts=tuple(range(48)), time_base=Fraction(1, 24), end_pts=48)
    return plan_output(
        times, TimingSettings(rate=RateTarget(factor=Fraction(factor))), rate=Fraction(24), is_vfr=False
    )


def length(network: Network, size: tuple[int, int], factor: int = 2) -> int:
    with Engine(network, width=size[0], height=size[1]) as engine:
        return segment_length(engine, planned(factor))


def built_in(name: str, size: tuple[int, int]) -> int:
    network = plane_network(name)
    assert network is not None
    return segment_length(Engine(network, width=size[0], height=size[1]), planned(2))


def test_operations_are_those_of_the_layers() -> None:
    network = Convolution(2)
    assert operations_per_pixel(network, width=64, height=48, positions=HALF) == 2 * 2 * 32 * 32 * 25
    assert operations_per_pixel(network, width=4000, height=3000, positions=HALF) == 2 * 2 * 32 * 32 * 25
    assert operations_per_pixel(Looking(2), width=64, height=48, positions=HALF) == 2 * 2 * 32 * 32 * 25
    assert operations_per_pixel(Opaque(2), width=64, height=48, positions=HALF) is None


def test_what_takes_longer_has_shorter_segments() -> None:
    small, large = (320, 180), (1280, 720)
    lengths = [length(Convolution(depth), large) for depth in (1, 3, 50)]
    assert lengths[0] > lengths[1] > lengths[2] == FEWEST_FRAMES
    assert length(Convolution(1), (96, 64)) == MOST_FRAMES >= length(Convolution(1), small) > lengths[0]
    assert length(Convolution(1), large, factor=8) < lengths[0]
    assert length(Opaque(2), large) < MOST_FRAMES
    assert built_in("motion", (3840, 2160)) < built_in("motion", large) < MOST_FRAMES


def test_eight_times_costs_seven_frames_however_they_are_counted() -> None:
    twice, eight_times = (length(Convolution(1), (1280, 720), factor=factor) for factor in (2, 8))
    assert eight_times / twice == pytest.approx((1 / 2) / (7 / 8), rel=0.05)


def test_what_nobody_can_count_is_quick_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an encoder was closed every eight frames, which took three quarters of the time."""
    network = Opaque(2)
    engine = SimpleNamespace(network=network, width=1920, height=1080)
    assert segment_length(engine, planned(2)) == FEWEST_FRAMES  # type: ignore[arg-type]
    monkeypatch.setattr("flavr_core.pipeline.segment_length._operations", lambda *_: None)
    monkeypatch.setattr("flavr_core.pipeline.segment_length._PROCESSORS", 16)
    monkeypatch.setattr(Opaque, "device", torch.device("cuda", 0))
    assert segment_length(engine, planned(2)) > MOST_FRAMES / 2  # type: ignore[arg-type]
    engine.width, engine.height = 7680, 4320
    assert FEWEST_FRAMES < segment_length(engine, planned(2)) < MOST_FRAMES  # type: ignore[arg-type]


def test_the_cross_fade_has_the_longest() -> None:
    assert built_in("blend", (3840, 2160)) == MOST_FRAMES


def test_it_is_the_same_each_time() -> None:
    network = Flavr(
        FlavrConfig(stem_width=8, widths=(8, 10, 12, 14), decoder_widths=(11, 9, 8, 7, 6), fuse_width=5)
    )
    assert len({length(network.eval(), (640, 360)) for _ in range(2)}) == 1
