"""Number formats are chosen by their agreement with fp32."""

import pytest
import torch
from torch import nn

from flavr_core.engine import precision as precisions
from flavr_core.engine.precision import apply_precision
from flavr_core.errors import DeviceError
from flavr_core.settings import Precision


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(precisions, "_choices", {})


@pytest.fixture
def fast_formats(monkeypatch):
    """A device that has both halves, whatever this machine has."""
    monkeypatch.setattr(precisions, "has_fast_fp16", lambda device: True)
    monkeypatch.setattr(precisions, "has_fast_bf16", lambda device: True)


@pytest.fixture
def harsh(kit):
    """A network whose values leave fp16 by `scale` on the way, and lose `loss` of their bits in bf16."""

    class Harsh(kit.SmoothNetwork):
        def __init__(self, scale=1.0):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(scale))

        def draw(self, window, positions):
            scaled = super().draw(window.to(self.dtype) * self.scale, positions)
            return (scaled / self.scale).to(window.dtype)

    return Harsh


@pytest.fixture
def gpu_order(monkeypatch):
    """The order of formats on a GPU."""
    order = [Precision.FP16, Precision.BF16, Precision.FP32]
    monkeypatch.setattr(precisions, "_candidates", lambda wanted, device: order)


def test_auto_takes_fp16_where_it_agrees(kit, gpu_order):
    network, choice = apply_precision(kit.SmoothNetwork(), Precision.AUTO, identity=None)
    assert choice.precision is Precision.FP16
    assert choice.psnr_db >= 60
    assert network.dtype is torch.float16
    assert choice.notes == ()


def test_auto_passes_over_a_format_that_overflows(harsh, gpu_order):
    network, choice = apply_precision(harsh(60000.0), Precision.AUTO, identity=None)
    assert choice.precision is Precision.BF16
    assert network.dtype is torch.bfloat16
    assert "does not run in fp16" in choice.notes[0]


def test_auto_is_fp32_where_nothing_agrees(kit, gpu_order, monkeypatch):
    monkeypatch.setattr(precisions, "LEAST_PSNR_DB", {Precision.FP16: 300.0, Precision.BF16: 300.0})
    original = kit.SmoothNetwork()
    network, choice = apply_precision(original, Precision.AUTO, identity=None)
    assert network is original
    assert choice.precision is Precision.FP32
    assert len(choice.notes) == 2


def test_auto_is_fp32_without_fast_formats(kit, monkeypatch):
    monkeypatch.setattr(precisions, "has_fast_fp16", lambda device: False)
    monkeypatch.setattr(precisions, "has_fast_bf16", lambda device: False)
    _, choice = apply_precision(kit.SmoothNetwork(), Precision.AUTO, identity=None)
    assert choice == precisions.PrecisionChoice(precision=Precision.FP32)


def test_a_wish_is_granted_with_a_word_where_it_costs(kit, fast_formats, monkeypatch):
    monkeypatch.setattr(precisions, "LEAST_PSNR_DB", {Precision.BF16: 300.0})
    network, choice = apply_precision(kit.SmoothNetwork(), Precision.BF16, identity=None)
    assert network.dtype is torch.bfloat16
    assert "agrees with fp32 to" in choice.notes[0]


def test_a_wish_that_gives_no_numbers_is_refused(harsh, fast_formats):
    with pytest.raises(DeviceError, match="no numbers in fp16"):
        apply_precision(harsh(60000.0), Precision.FP16, identity=None)


def test_the_weights_of_the_original_stay(kit, fast_formats):
    original = kit.SmoothNetwork()
    before = original.spread.weight.clone()
    apply_precision(original, Precision.BF16, identity=None)
    assert torch.equal(original.spread.weight, before)


def test_the_test_runs_once_a_process(kit, gpu_order, monkeypatch):
    apply_precision(kit.SmoothNetwork(), Precision.AUTO, identity="abc")
    monkeypatch.setattr(precisions, "draw_test_picture", lambda network: pytest.fail("tested again"))
    network, choice = apply_precision(kit.SmoothNetwork(), Precision.AUTO, identity="abc")
    assert choice.precision is Precision.FP16
    assert network.dtype is torch.float16


def test_the_test_window_is_natural_and_always_the_same():
    window = precisions._test_picture(4)
    assert window.shape[:3] == (1, 4, 3)
    assert window.min() >= 0
    assert window.max() <= 1
    assert window.std() > 0.1
    precisions._test_picture.cache_clear()
    assert torch.equal(window, precisions._test_picture(4))


def test_a_wish_without_instructions_is_refused(kit, monkeypatch):
    monkeypatch.setattr(precisions, "has_fast_fp16", lambda device: False)
    with pytest.raises(DeviceError, match="no instructions for fp16"):
        apply_precision(kit.SmoothNetwork(), Precision.FP16, identity=None)


def test_8_bit_floats_are_a_matter_of_the_fast_form_on_a_gpu(kit, monkeypatch):
    with pytest.raises(DeviceError, match="no instructions for fp8"):
        apply_precision(kit.SmoothNetwork(), Precision.FP8, identity=None)
    monkeypatch.setattr(precisions, "_check_wish", lambda wanted, device: None)
    _, choice = apply_precision(kit.SmoothNetwork(), Precision.FP8, identity=None)
    assert choice.precision is Precision.FP16


def test_auto_on_a_cpu_is_bf16_where_it_is_fast_and_agrees(kit, fast_formats):
    _, choice = apply_precision(kit.SmoothNetwork(), Precision.AUTO, identity=None)
    assert choice.precision is Precision.BF16
    assert choice.psnr_db >= 50
