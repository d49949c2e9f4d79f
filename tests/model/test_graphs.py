"""Recorded passes draw what the network draws."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from flavr_core.model import graphs
from flavr_core.model.graphs import MOST_RECORDED, RecordedNetwork, record
from flavr_core.model.network import Network
from flavr_core.model.published import new_network

HALF, QUARTER = (Fraction(1, 2),), (Fraction(1, 4),)


def window(height: int, width: int, seed: int, device: str = "cpu") -> Tensor:
    return torch.rand(1, 2, 3, height, width, generator=torch.Generator().manual_seed(seed)).to(device)


class Looking(Network):
    """A network that looks at values, which no graph can hold."""

    architecture = name = "looking"

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        drawn = window[:, :1] if float(window.mean()) > 0.25 else window[:, 1:]
        return drawn.expand(-1, len(positions), -1, -1, -1)


def test_without_a_gpu_the_network_draws() -> None:
    network = Looking()
    recorded = RecordedNetwork(network)
    for seed in range(3):
        some = window(8, 8, seed)
        assert torch.equal(recorded(some, HALF), network(some, HALF))
    recorded.forget()


class _StandIn:
    """A CUDA graph as far as `RecordedNetwork` sees one: it repeats what was done while it was captured."""

    capturing: ClassVar[list[_StandIn]] = []
    streams: ClassVar[list[object]] = []

    def __init__(self) -> None:
        self.steps: list[Callable[[], object]] = []

    def replay(self) -> None:
        for step in self.steps:
            step()

    @staticmethod
    @contextmanager
    def capture(graph: _StandIn, *, stream: object = None, **_options: object) -> Iterator[None]:
        assert not _StandIn.capturing
        _StandIn.streams.append(stream)
        _StandIn.capturing.append(graph)
        try:
            yield
        finally:
            _StandIn.capturing.pop()


class Doubling(Network):
    """Twice the first frame; counts its passes."""

    architecture = name = "doubling"
    passes = 0
    fault = 0.0

    @property
    def device(self) -> torch.device:
        """Where it says it is."""
        return torch.device("cuda", 0)

    def draw(self, window: Tensor, positions: tuple[Fraction, ...]) -> Tensor:
        """See `Network`."""
        self.passes += 1
        drawn = 2 * window[:, :1]
        for graph in _StandIn.capturing:
            graph.steps.append(lambda: drawn.copy_(2 * window[:, :1] + self.fault))
        return drawn


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "CUDAGraph", _StandIn)
    monkeypatch.setattr(torch.cuda, "graph", _StandIn.capture)
    monkeypatch.setattr(torch.cuda, "device", lambda _device: nullcontext())
    monkeypatch.setattr(graphs, "_stream_of", lambda device: f"of {device}")
    for name in ("synchronize", "empty_cache", "graph_pool_handle"):
        monkeypatch.setattr(torch.cuda, name, lambda *_: None)


@pytest.mark.usefixtures("stand_in")
def test_each_kind_of_pass_is_recorded_once() -> None:
    network = Doubling()
    recorded = RecordedNetwork(network)
    drawn = [recorded(window(8, 8, seed), HALF) for seed in range(6)]
    # One as it is, one to compare with, one that is recorded.
    assert network.passes == 3
    for seed, picture in enumerate(drawn):
        assert torch.equal(picture, 2 * window(8, 8, seed)[:, :1])
    for height in range(9, 9 + MOST_RECORDED):  # the first is given up
        for seed in range(2):
            recorded(window(height, 8, seed), HALF)
    passes = network.passes
    assert torch.equal(recorded(window(8, 8, 9), HALF), 2 * window(8, 8, 9)[:, :1])
    assert network.passes == passes + 2


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(("adds", "passes"), [(0.0, True), (0.1, False), (None, False)])
def test_what_is_written_in_place_is_held_to_itself_before(adds: float | None, passes: bool) -> None:
    """`adds`: what a recording adds by mistake; None where it writes nothing."""
    given, place = torch.ones(3), torch.zeros(4)

    def run() -> tuple[Tensor, ...]:
        if _StandIn.capturing:  # nothing is computed while a graph is recorded
            if adds is not None:
                _StandIn.capturing[-1].steps.append(lambda: place[:3].copy_(2 * given + adds))
        else:
            place[:3] = 2 * given  # the last one is room that nobody looks at
        return (place,)

    recording = record(run, device=torch.device("cuda", 0), pool=None, name="in place")
    assert (recording is not None) == passes
    assert not passes or torch.equal(place[:3], 2 * given)


@pytest.mark.usefixtures("stand_in")
def test_devices_record_one_after_the_other_each_on_a_stream_of_its_own() -> None:
    """Torch's own stream for recording is the first device's, whatever is recorded: there it died."""
    both_begin = threading.Barrier(2)
    devices = [torch.device("cuda", number) for number in (0, 1)]

    def record_on(device: torch.device) -> bool:
        passes = 0

        def run() -> tuple[Tensor, ...]:
            nonlocal passes
            passes += 1
            if passes == 1:
                both_begin.wait(timeout=10)
            else:
                time.sleep(0.05)  # the other one wants to record meanwhile
                _StandIn.capturing[-1].steps.append(lambda: place.fill_(1))
            return (torch.ones(3) if passes == 1 else place,)

        place = torch.zeros(3)
        return record(run, device=device, pool=None, name="two") is not None

    _StandIn.streams.clear()
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(record_on, devices))
    assert sorted(map(str, _StandIn.streams)) == ["of cuda:0", "of cuda:1"]


@pytest.mark.cuda
def test_every_device_records_while_others_do() -> None:
    networks = [new_network("adacof-compressed").to("cuda", torch.float16).eval() for _ in range(2)]
    if torch.cuda.device_count() > 1:
        networks = [network.to(f"cuda:{number}") for number, network in enumerate(networks)]

    def draw(network: Network) -> list[Tensor]:
        torch.cuda.set_device(network.device)
        recorded = RecordedNetwork(network)
        with torch.inference_mode():
            drawn = [recorded(window(64, 96, seed, str(network.device)), HALF) for seed in range(5)]
        kept = list(recorded._recorded.values())
        assert all(one is not None for one in kept)
        assert kept
        return drawn

    with ThreadPoolExecutor(2) as pool:
        given = list(pool.map(draw, networks))
    for network, pictures in zip(networks, given, strict=True):
        for seed, picture in enumerate(pictures):
            with torch.inference_mode(), torch.cuda.device(network.device):
                wanted = network(window(64, 96, seed, str(network.device)), HALF)
            assert torch.allclose(picture, wanted, rtol=0, atol=1e-2)


@pytest.mark.usefixtures("stand_in")
def test_a_recording_that_holds_nothing_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_StandIn, "replay", lambda _graph: None)
    recorded = RecordedNetwork(Doubling())
    for seed in range(4):
        assert torch.equal(recorded(window(8, 8, seed), HALF), 2 * window(8, 8, seed)[:, :1])


@pytest.mark.usefixtures("stand_in")
def test_a_recording_that_draws_something_else_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    network = Doubling()
    network.fault = 0.1
    recorded = RecordedNetwork(network)
    for seed in range(4):
        assert torch.equal(recorded(window(8, 8, seed), HALF), 2 * window(8, 8, seed)[:, :1])
    assert network.passes == 6
    assert "something else" in caplog.text


@pytest.mark.cuda
@pytest.mark.parametrize("name", ["adacof-compressed", "cdfi", "upr-base"])
@torch.inference_mode()
def test_recorded_passes_draw_the_same(name: str) -> None:
    network = new_network(name).to("cuda", torch.float16).eval()
    recorded = RecordedNetwork(network)
    sizes = [(64, 96), (96, 64), (64, 64), (40, 52), (128, 64)]
    assert len(sizes) > MOST_RECORDED
    for height, width in [*sizes, *sizes]:
        for seed in range(4):
            for positions in (HALF, QUARTER):
                some = window(height, width, seed, "cuda")
                torch.testing.assert_close(
                    recorded(some, positions), network(some, positions), rtol=0, atol=2e-3
                )


@pytest.mark.cuda
@torch.inference_mode()
def test_results_are_the_callers_own() -> None:
    recorded = RecordedNetwork(new_network("adacof-compressed").to("cuda", torch.float16).eval())
    drawn = [recorded(window(64, 64, seed, "cuda"), HALF) for seed in range(5)]
    assert not torch.equal(drawn[3], drawn[4])
    again = recorded(window(64, 64, 3, "cuda"), HALF)
    assert torch.equal(drawn[3], again)


@pytest.mark.cuda
@torch.inference_mode()
def test_what_cannot_be_recorded_is_run() -> None:
    network = Looking().to("cuda")
    recorded = RecordedNetwork(network)
    for seed in range(4):
        some = window(16, 16, seed, "cuda") * (0.1 if seed % 2 else 1)
        assert torch.equal(recorded(some, HALF), network(some, HALF))
