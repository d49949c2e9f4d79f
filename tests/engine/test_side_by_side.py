"""Several devices: the same frames in the same order, few windows at once, errors and an early end."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from flavr_core.engine import Engine, create_engine
from flavr_core.engine.device import choose_devices
from flavr_core.engine.placement import place_on
from flavr_core.engine.precision import PrecisionChoice, full_fp32
from flavr_core.engine.side_by_side import GROUPS_EACH, draw_side_by_side, in_groups
from flavr_core.errors import DeviceError, SettingsError
from flavr_core.model import load
from flavr_core.settings import CutMode, EngineSettings, Precision

CPU = torch.device("cpu")
FP32 = EngineSettings(model="fourflow", device="cpu", precision=Precision.FP32)


@pytest.fixture
def windows(kit):
    """Ten windows of a stream; the fourth is a cut."""
    frames = [kit.frame(index, width=64, height=48) for index in range(13)]
    found = []
    for gap in range(10):
        window = kit.window(frames[gap : gap + 4], gap=gap, is_cut=gap == 3)
        outputs = tuple(replace(each, index=2 * gap + n) for n, each in enumerate(window.outputs))
        found.append(replace(window, outputs=outputs))
    return found


def pair_of(make_network):
    fellow = Engine(make_network(), width=64, height=48)
    return Engine(make_network(), width=64, height=48, fellows=[fellow]), fellow


def assert_same(one, other):
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        assert [frame.index for frame in first] == [frame.index for frame in second]
        for a, b in zip(first, second, strict=True):
            assert (a.made, a.time) == (b.made, b.time)
            assert all(np.array_equal(x, y) for x, y in zip(a.planes, b.planes, strict=True))


def test_two_replicas_draw_what_one_draws_in_order(windows):
    network = load("fourflow", device="cpu", precision=Precision.FP32)
    with (
        place_on(network, (CPU, CPU), FP32, width=64, height=48) as pair,
        create_engine(FP32, width=64, height=48) as one,
    ):
        windows = windows[:5]
        expected = [one.interpolate(window, cut_mode=CutMode.BLEND) for window in windows]
        assert_same(list(pair.interpolate_each(windows, cut_mode=CutMode.BLEND)), expected)
        assert pair.identity() == one.identity()
        assert pair.describe().endswith("on 2 devices side by side")


def test_windows_are_dealt_in_turn_however_long_each_takes(kit, windows):
    class Uneven(kit.MixNetwork):
        def draw(self, window, positions):
            time.sleep(0.01 * (len(self.windows) % 3))
            return super().draw(window, positions)

    pair, fellow = pair_of(Uneven)
    expected = [Engine(kit.MixNetwork(), width=64, height=48).interpolate(window) for window in windows]
    assert_same(list(pair.interpolate_each(windows)), expected)
    # Nine are drawn (one is a cut); windows are dealt before that is known.
    assert (len(pair.network.windows), len(fellow.network.windows)) == (5, 4)


class Waiting:
    """An engine whose device is done with a window only when the one after it was begun."""

    together = 1

    def __init__(self, last):
        self.begun = [threading.Event() for _ in range(last + 1)]

    def use_device(self):
        pass

    def begin(self, windows, *, cut_mode):
        (number,) = windows
        self.begun[number].set()

        def finish():
            after = self.begun[min(number + 1, len(self.begun) - 1)]
            assert after.wait(10)
            return [(number,)]

        return finish


def test_a_device_has_the_next_window_before_it_is_done_with_one():
    engine = Waiting(last=7)
    assert GROUPS_EACH > 1
    drawn = draw_side_by_side([engine], range(8), cut_mode=CutMode.HOLD)
    assert list(drawn) == [(number,) for number in range(8)]


def test_few_windows_are_under_way(kit, windows):
    pair, _ = pair_of(kit.MixNetwork)
    read = []

    def watched():
        for window in windows:
            read.append(window)
            yield window

    given = 0
    for _ in pair.interpolate_each(watched()):
        assert len(read) - given <= 2 * GROUPS_EACH
        given += 1
    assert given == len(windows)


def test_what_is_known_is_not_drawn(kit, windows):
    pair, fellow = pair_of(kit.MixNetwork)
    known = {5: tuple(replace(windows[5].frames[0], index=index) for index in (10, 11))}
    frames = list(pair.interpolate_each(windows, taken=lambda window: known.get(window.gap)))
    assert frames[5] is known[5]
    assert len(pair.network.windows) + len(fellow.network.windows) == 8
    assert [frame.index for drawn in frames for frame in drawn] == list(range(20))


def test_an_error_comes_in_its_place_and_ends_it(kit, windows):
    class Breaking(kit.MixNetwork):
        def draw(self, window, positions):
            if len(self.windows) == 2:
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            return super().draw(window, positions)

    pair, fellow = pair_of(Breaking)
    given = []
    with pytest.raises(DeviceError, match="illegal memory access"):
        given.extend(pair.interpolate_each(windows))
    assert len(given) == 4  # windows 0, 2 and 4 were the first one's
    assert len(fellow.network.windows) <= 1 + GROUPS_EACH
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("flavr-draw")]


def test_left_early_nothing_is_drawn_any_more(kit, windows):
    pair, fellow = pair_of(kit.MixNetwork)
    stream = pair.interpolate_each(windows)
    next(stream)
    stream.close()
    drawn = len(pair.network.windows) + len(fellow.network.windows)
    assert drawn <= 2 * GROUPS_EACH
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("flavr-draw")]


def test_flags_of_the_process_stay_set_until_the_last_thread_leaves():
    before = torch.backends.cudnn.allow_tf32
    first, second = full_fp32(), full_fp32()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.backends.cudnn.allow_tf32 is False
    second.__exit__(None, None, None)
    assert torch.backends.cudnn.allow_tf32 is before


def test_names_of_several_devices(monkeypatch):
    made = []
    monkeypatch.setattr("flavr_core.engine.device.choose_device", lambda name, **_: made.append(name) or CPU)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    assert len(choose_devices("cuda:all")) == 3
    assert len(choose_devices(" CUDA:0, 2 ")) == 2
    assert made == ["cuda:0", "cuda:1", "cuda:2", "cuda:0", "cuda:2"]
    assert len(choose_devices("cuda:1")) == 1
    with pytest.raises(SettingsError, match="twice"):
        choose_devices("cuda:1,1")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_several_gpus_without_one_say_why():
    with pytest.raises(DeviceError, match="no usable GPU"):
        create_engine(EngineSettings(model="fourflow", device="cuda:all"), width=64, height=48)


@pytest.mark.cuda
@pytest.mark.parametrize("precision", [Precision.FP32, Precision.AUTO])
def test_two_gpus_draw_what_one_draws(kit, windows, precision):
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    wanted = EngineSettings(model="fourflow", device="cuda:0", precision=precision)
    with (
        create_engine(replace(wanted, device="cuda:0,1"), width=64, height=48) as pair,
        create_engine(wanted, width=64, height=48) as one,
    ):
        expected = [one.interpolate(window) for window in windows]
        drawn = list(pair.interpolate_each(windows))
        if pair.identity() == one.identity():
            assert_same(drawn, expected)
        for first, second in zip(drawn, expected, strict=True):
            for a, b in zip(first, second, strict=True):
                assert int(np.abs(a.planes[0].astype(int) - b.planes[0].astype(int)).max()) <= 1


def test_devices_that_choose_two_formats_draw_in_fp32(monkeypatch):
    chosen = iter([Precision.BF16, Precision.FP32])

    def choose(network, wanted, *, identity):
        precision = wanted if wanted is not Precision.AUTO else next(chosen)
        return network, PrecisionChoice(precision=precision)

    monkeypatch.setattr("flavr_core.engine.placement.apply_precision", choose)
    network = load("fourflow", device="cpu", precision=Precision.FP32)
    settings = replace(FP32, precision=Precision.AUTO)
    with place_on(network, (CPU, CPU), settings, width=64, height=48) as pair:
        assert "fp32, on 2 devices" in pair.describe()


@pytest.fixture
def grouped(monkeypatch):
    """Engines draw three windows together; what they were asked for at once is collected."""
    asked = []
    begin = Engine.begin

    def collecting(self, windows, **options):
        asked.append([window.gap for window in windows])
        return begin(self, windows, **options)

    monkeypatch.setattr(Engine, "together", 3)
    monkeypatch.setattr(Engine, "begin", collecting)
    return asked


@pytest.mark.parametrize("fellows", [0, 1])
def test_windows_are_drawn_in_groups_and_come_in_order(kit, windows, grouped, fellows):
    others = [Engine(kit.MixNetwork(), width=64, height=48) for _ in range(fellows)]
    engine = Engine(kit.MixNetwork(), width=64, height=48, fellows=others)
    known = {1: (windows[0].frames[0],), 9: (windows[8].frames[0],)}
    drawn = list(engine.interpolate_each(windows, taken=lambda window: known.get(window.gap)))
    assert sorted(grouped) == [[0, 2, 3], [4, 5, 6], [7, 8]]
    assert drawn[1] is known[1]
    assert drawn[9] is known[9]
    rest = [window for window in windows if window.gap not in known]
    expected = [Engine(kit.MixNetwork(), width=64, height=48).interpolate(window) for window in rest]
    assert_same([frames for number, frames in enumerate(drawn) if number not in known], expected)


def test_what_is_known_does_not_pile_up(windows):
    def taken(window):
        return () if window.gap % 5 else None

    sizes = [len(group) for group in in_groups(windows, 3, taken)]
    assert sizes == [6, 1, 1, 1, 1]
    assert [len(group) for group in in_groups(windows, 3, lambda window: ())] == [1] * 10
    assert [len(group) for group in in_groups(windows, 1, None)] == [1] * 10
