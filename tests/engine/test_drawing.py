"""Drawing within memory: the order of the ways, their results, and what is said of them."""

from fractions import Fraction

import pytest
import torch

from flavr_core.engine import drawing
from flavr_core.engine.drawing import Drawer, Way, ways_to_draw
from flavr_core.engine.memory import activation_bytes, sampled_activation_bytes, weight_bytes
from flavr_core.errors import DeviceError

HALF = (Fraction(1, 2),)


class Greedy:
    """Mixed into a network: runs out of memory above a number of pixels, or until told to use strips."""

    most_pixels = 10**9
    needs_strips = False

    def draw(self, window, positions):
        if not window.is_meta:
            pixels = window.shape[0] * window.shape[-1] * window.shape[-2]
            if pixels > self.most_pixels or (self.needs_strips and self.strip_rows is None):
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 7 GiB.\nMore lines.")
        return super().draw(window, positions)


@pytest.fixture
def greedy(kit):
    def build(base=kit.MixNetwork, **attributes):
        network = type("GreedyNetwork", (Greedy, base), {})()
        for name, value in attributes.items():
            setattr(network, name, value)
        return network

    return build


def windows(count, *, width=64, height=48, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(1, 4, 3, height, width, generator=generator) for _ in range(count)]


def test_ways_come_in_the_documented_order(kit):
    network = kit.MixNetwork()
    network.supports_strips = True
    ways = [str(way) for way in ways_to_draw(network, width=1920, height=1080, batch=4)]
    assert ways == [
        "4 windows at a time",
        "2 windows at a time",
        "one window at a time",
        "in strips of 256 rows, with the same result",
        "in strips of 128 rows, with the same result",
        "in strips of 64 rows, with the same result",
        "in strips of 32 rows, with the same result",
        "in tiles of 1024 pixels, blended where they meet",
        "in tiles of 512 pixels, blended where they meet",
        "in tiles of 256 pixels, blended where they meet",
        "at half the size, in tiles, and enlarged, which costs detail",
    ]


def test_ways_that_change_nothing_are_left_out(kit):
    network = kit.MixNetwork()
    assert ways_to_draw(network, width=100, height=60)[1:] == [Way(tile_px=128, half_size=True)]
    assert ways_to_draw(network, width=1, height=60) == [Way()]


def test_batches_give_what_single_windows_give(kit):
    some = windows(5)
    single = Drawer(kit.SmoothNetwork(), width=64, height=48).draw(some, HALF)
    batched = Drawer(kit.SmoothNetwork(), width=64, height=48, batch=4).draw(some, HALF)
    assert len(batched) == 5
    for one, other in zip(single, batched, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_only_what_one_pass_draws_is_lent(kit, greedy, monkeypatch):
    """The next pass draws in the same place."""
    network = greedy(kit.SmoothNetwork, most_pixels=2 * 64 * 48)
    drawer = Drawer(network, width=64, height=48, batch=4)
    place, lents = torch.empty(4, 1, 3, 48, 64), []

    def draw(batch, positions, *, lent):
        drawn = network(batch, positions)
        lents.append(lent)
        return place[: len(drawn)].copy_(drawn) if lent else drawn

    draw.forget = lambda: None
    monkeypatch.setattr(drawer, "_recorded", draw)
    for count in (3, 2, 3):
        some = windows(count, seed=count)
        wanted = Drawer(kit.SmoothNetwork(), width=64, height=48).draw(some, HALF)
        for one, other in zip(drawer.draw(some, HALF, lent=True), wanted, strict=True):
            assert torch.allclose(one, other, atol=1e-6)
    assert lents == [False, False, True, False, False]
    drawer.draw(windows(1), HALF)
    assert not lents[-1]


def test_a_batch_too_large_is_halved_until_it_fits(greedy):
    network = greedy(most_pixels=64 * 48)
    drawer = Drawer(network, width=64, height=48, batch=4)
    drawn = drawer.draw(windows(5), HALF)
    assert len(drawn) == 5
    assert drawer.way == Way(batch=1)
    assert [note.split(": ")[1] for note in drawer.notes] == [
        "pictures are drawn 2 windows at a time.",
        "pictures are drawn one window at a time.",
    ]
    drawer.draw(windows(3), HALF)
    assert len(drawer.notes) == 2


def test_strips_come_before_tiles(greedy):
    network = greedy(needs_strips=True, supports_strips=True)
    drawer = Drawer(network, width=64, height=300)
    drawer.draw(windows(1, height=300), HALF)
    assert drawer.way == Way(strip_rows=256)
    assert network.strip_rows == 256


def test_tiles_give_the_whole_picture(kit, greedy, monkeypatch):
    monkeypatch.setattr(drawing, "TILE_PX", (40, 16))
    some = windows(2, width=150, height=90)
    whole = Drawer(kit.SmoothNetwork(), width=150, height=90).draw(some, HALF)
    network = greedy(kit.SmoothNetwork, most_pixels=48 * 48)
    drawer = Drawer(network, width=150, height=90)
    tiled = drawer.draw(some, HALF)
    assert drawer.way == Way(tile_px=16)
    for one, other in zip(whole, tiled, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_half_size_is_the_last_way(greedy):
    network = greedy(most_pixels=40 * 30)
    drawer = Drawer(network, width=64, height=48)
    smooth = torch.linspace(0, 1, 64).expand(1, 4, 3, 48, 64).contiguous()
    (drawn,) = drawer.draw([smooth], HALF)
    assert drawer.way.half_size
    assert drawn.shape == (1, 3, 48, 64)
    assert (drawn - smooth[0, :1]).abs().max() < 0.01
    assert "costs detail" in drawer.notes[-1]


def test_no_way_left_is_an_error_with_a_hint(greedy):
    drawer = Drawer(greedy(most_pixels=1), width=64, height=48)
    with pytest.raises(DeviceError, match="not enough memory for 64x48") as caught:
        drawer.draw(windows(1), HALF)
    assert "More lines" not in str(caught.value)
    assert "smaller network" in caught.value.hint


def test_other_failures_are_not_taken_for_lack_of_memory(kit):
    class Broken(kit.MixNetwork):
        def draw(self, window, positions):
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    drawer = Drawer(Broken(), width=64, height=48)
    with pytest.raises(DeviceError, match=r"mix failed on .*mat1"):
        drawer.draw(windows(1), HALF)
    assert drawer.way == Way()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes."), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_BAD_PARAM"), False),
        (ValueError("out of memory"), False),
    ],
)  # fmt: skip
def test_what_counts_as_out_of_memory(error, expected):
    assert drawing.is_out_of_memory(error) is expected


def test_the_need_is_counted_without_drawing(kit):
    """Mostly the 48 channels between the two convolutions; the pictures around them are small beside it."""
    network = kit.SmoothNetwork()
    size = 4 * 640 * 360
    counted = activation_bytes(network, batch=1, width=640, height=360, positions=HALF)
    assert 48 * size <= counted <= 75 * size
    twice = activation_bytes(network, batch=2, width=640, height=360, positions=HALF)
    assert twice == pytest.approx(2 * counted, rel=0.01)
    assert weight_bytes(network) == 4 * (3 * 48 * 81 + 48 + 48 * 3 + 3)


def test_a_small_picture_tells_enough_and_not_absurdly_much(kit):
    network = kit.SmoothNetwork()
    for width, height in ((64, 48), (320, 180), (1920, 1080)):
        size = {"batch": 2, "width": width, "height": height, "positions": HALF}
        enough = sampled_activation_bytes(network, **size)
        assert activation_bytes(network, **size) <= enough
        if width > 64:
            assert enough <= 5 * activation_bytes(network, **size)


def test_a_network_that_looks_at_values_cannot_be_counted(kit):
    class Looking(kit.MixNetwork):
        def draw(self, window, positions):
            return super().draw(window, positions) * (2 if float(window.mean()) > 9 else 1)

    assert activation_bytes(Looking(), batch=1, width=8, height=8, positions=HALF) is None


def test_the_plan_keeps_within_the_memory_given(kit):
    network = kit.SmoothNetwork()
    drawer = Drawer(network, width=1920, height=1080, max_memory_bytes=900 * 2**20)
    drawer.plan()
    assert drawer.way.tile_px == 1024
    assert len(drawer.notes) == 1
    assert drawer.needed_bytes(drawer.way) <= 900 * 2**20
    generous = Drawer(network, width=1920, height=1080, max_memory_bytes=2**40)
    generous.needed_bytes(generous.way)
    assert generous.notes == []


def test_a_plan_without_any_way_is_an_error(kit):
    drawer = Drawer(kit.SmoothNetwork(), width=1920, height=1080, max_memory_bytes=2**20)
    with pytest.raises(DeviceError, match="not enough memory"):
        drawer.plan()


def test_batches_are_full_where_windows_are_drawn_together(kit):
    """Then a picture's bits do not depend on how many windows it was drawn with."""
    seen = []

    class Watched(kit.MixNetwork):
        draws_together = True

        def draw(self, window, positions):
            seen.append(len(window))
            return super().draw(window, positions)

    windows = [torch.rand(1, 4, 3, 8, 8) for _ in range(5)]
    drawer = Drawer(Watched(), width=8, height=8, batch=4)
    drawn = drawer.draw(windows, HALF)
    assert seen == [4, 4]
    plainly = Drawer(kit.MixNetwork(), width=8, height=8).draw(windows, HALF)
    assert len(drawn) == 5
    assert all(torch.equal(one, other) for one, other in zip(drawn, plainly, strict=True))
