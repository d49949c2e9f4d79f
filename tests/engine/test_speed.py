"""A fast form draws where it agrees with its network here, and the plain network where none does."""

import pytest
import torch

from flavr_core.engine import speed
from flavr_core.engine.memory import activation_bytes, weight_bytes
from flavr_core.engine.precision import PrecisionChoice
from flavr_core.engine.speed import FastForm, forms_to_try, speed_up
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_column_form import fast_form
from flavr_core.model.flavr_config import FlavrConfig
from flavr_core.model.flavr_fast import FastFlavr
from flavr_core.model.flavr_fast_options import FastOptions, has_fast_int8
from flavr_core.settings import Precision

FP32 = PrecisionChoice(precision=Precision.FP32)


@pytest.fixture(autouse=True)
def no_outcomes(monkeypatch):
    monkeypatch.setattr(speed, "_outcomes", {})
    monkeypatch.delenv(speed.SWITCH, raising=False)


@pytest.fixture
def flavr():
    torch.manual_seed(1)
    config = FlavrConfig(stem_width=8, widths=(8, 8, 8, 8), decoder_widths=(8, 8, 8, 8, 8), fuse_width=8)
    network = Flavr(config).eval().requires_grad_(False)
    network.name = "narrow"
    return network


def test_fp32_is_fast_and_agrees(flavr):
    network, choice = speed_up(flavr, flavr, FP32, wanted=Precision.AUTO, identity=None)
    assert isinstance(network, FastFlavr)
    assert choice.psnr_db > 90
    assert choice.way == str(network.options)
    assert network.name == "narrow"


def test_the_switch_keeps_to_the_plain_network(flavr, monkeypatch):
    monkeypatch.setenv(speed.SWITCH, "0")
    assert speed_up(flavr, flavr, FP32, wanted=Precision.AUTO, identity=None) == (flavr, FP32)


def test_other_networks_stay_as_they_are(kit):
    network = kit.SmoothNetwork()
    assert speed_up(network, network, FP32, wanted=Precision.AUTO, identity=None) == (network, FP32)


def test_a_form_that_disagrees_or_fails_is_passed_over(flavr, monkeypatch):
    good = FastOptions(band_rows=16)
    forms = [
        FastForm(options=FastOptions(), least_db=1000),
        FastForm(options=FastOptions(toom_cook_from=1), least_db=0),
        FastForm(options=good, least_db=90),
    ]
    drawn = FastFlavr.draw

    def failing(self, window, positions):
        if self.options.toom_cook_from:
            raise RuntimeError("no such kernel here")
        return drawn(self, window, positions)

    monkeypatch.setattr(FastFlavr, "draw", failing)
    monkeypatch.setattr(speed, "forms_to_try", lambda device, precision, wanted: forms)
    network, choice = speed_up(flavr, flavr, FP32, wanted=Precision.AUTO, identity=None)
    assert network.options == good
    assert choice.notes == ()


def test_where_no_form_agrees_the_plain_network_draws_and_a_note_says_so(flavr, monkeypatch):
    forms = [FastForm(options=FastOptions(), least_db=1000)]
    monkeypatch.setattr(speed, "forms_to_try", lambda device, precision, wanted: forms)
    network, choice = speed_up(flavr, flavr, FP32, wanted=Precision.AUTO, identity=None)
    assert network is flavr
    assert "plain, slower way" in choice.notes[0]
    assert choice.way == ""


def test_the_test_runs_once_a_process(flavr, monkeypatch):
    _, first = speed_up(flavr, flavr, FP32, wanted=Precision.AUTO, identity="abc")
    monkeypatch.setattr(speed, "draw_test_picture", lambda network: pytest.fail("tested again"))
    network, again = speed_up(flavr, flavr, FP32, wanted=Precision.AUTO, identity="abc")
    assert isinstance(network, FastFlavr)
    assert again == first


def test_integers_are_for_auto_alone():
    cpu = torch.device("cpu")
    by_name = forms_to_try(cpu, Precision.BF16, wanted=Precision.BF16)
    assert all(form.options.int8_from is None and form.options.toom_cook_from is None for form in by_name)
    automatic = forms_to_try(cpu, Precision.BF16, wanted=Precision.AUTO)
    assert automatic[-1] == by_name[-1]
    assert len(automatic) > len(by_name)
    on_gpu = forms_to_try(torch.device("cuda"), Precision.FP16, wanted=Precision.AUTO)
    assert on_gpu
    assert all(form.options.int8_from is None and form.options.toom_cook_from is None for form in on_gpu)


def test_our_programs_are_tried_first_where_they_run(monkeypatch):
    monkeypatch.setattr(speed, "has_programs", lambda device, dtype: dtype == torch.float16)
    cuda = torch.device("cuda")
    first, *rest = forms_to_try(cuda, Precision.FP16, wanted=Precision.AUTO)
    assert first.options.columns
    assert not first.options.fp8
    assert not any(form.options.columns for form in rest)
    assert rest
    assert not any(form.options.columns for form in forms_to_try(cuda, Precision.BF16, wanted=Precision.AUTO))
    monkeypatch.setenv(speed.SWITCH, "windows")
    assert forms_to_try(cuda, Precision.FP16, wanted=Precision.AUTO) == rest
    monkeypatch.delenv(speed.SWITCH)
    coarse, second, *_ = forms_to_try(cuda, Precision.FP16, wanted=Precision.FP8)
    assert coarse.options.fp8
    assert coarse.least_db == 50
    assert second == first


def test_who_asks_for_8_bit_floats_in_vain_is_told(kit):
    network = kit.SmoothNetwork()
    halves = PrecisionChoice(precision=Precision.FP16)
    _, choice = speed_up(network, network, halves, wanted=Precision.FP8, identity=None)
    assert "8-bit floats are for full-size FLAVR on a Hopper GPU" in choice.notes[0]


@pytest.mark.parametrize(
    ("has_programs", "wanted"), [(True, Precision.AUTO), (True, Precision.FP8), (False, Precision.AUTO)]
)
def test_memory_of_full_size_flavr_is_as_promised(monkeypatch, has_programs, wanted):
    """By count, in fp16: 1920x1080 in 2 GiB, 3840x2160 in 8; by our programs with all pictures around it."""
    monkeypatch.setattr(speed, "has_programs", lambda device, dtype: has_programs)
    network = Flavr(FlavrConfig()).eval()
    form, *_ = forms_to_try(torch.device("cuda"), Precision.FP16, wanted=wanted)
    fast = fast_form(network, dtype=torch.float16, options=form.options)
    for width, height, most_gib in ((1920, 1080, 2), (3840, 2160, 8)):
        need = activation_bytes(fast, batch=1, width=width, height=height, positions=fast.positions)
        pictures = 18 * 3 * 4 * width * height if has_programs else 0  # see Drawer.needed_bytes
        assert need + weight_bytes(fast) + pictures < most_gib * 2**30


@pytest.mark.skipif(not has_fast_int8(), reason="needs instructions for 8-bit integers")
def test_integers_can_be_counted(flavr):
    fast = FastFlavr(flavr, dtype=torch.bfloat16, options=FastOptions(int8_from=2))
    need = activation_bytes(fast, batch=1, width=64, height=48, positions=fast.positions)
    assert need > 64 * 48 * 4 * 8
    assert weight_bytes(fast) > sum(parameter.nbytes for parameter in fast.parameters())
