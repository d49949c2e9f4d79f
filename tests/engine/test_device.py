"""Devices: the words, the errors, the facts."""

import pytest
import torch

from flavr_core.engine import device as devices
from flavr_core.errors import DeviceError, SettingsError


def test_auto_is_the_cpu_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_device("auto") == torch.device("cpu")
    assert devices.choose_device(" CPU ") == torch.device("cpu")


def test_auto_spares_the_gpu_networks_that_gain_nothing(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.choose_device("auto", prefers_cpu=True) == torch.device("cpu")


@pytest.mark.parametrize("word", ["gpu", "cuda:", "cuda:-1", "cuda:x", "", "mps"])
def test_other_words_are_refused(word):
    with pytest.raises(SettingsError):
        devices.choose_device(word)


def test_a_gpu_number_beyond_the_last_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(DeviceError, match="no GPU number 2; cuda:0 to cuda:1 are there"):
        devices.choose_device("cuda:2")


def test_a_gpu_that_fails_is_refused(monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("CUDA error: no kernel image is available\nand more")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Old GPU")
    monkeypatch.setattr(torch, "ones", fail)
    with pytest.raises(DeviceError, match=r"Old GPU.* does not work: CUDA error: no kernel image") as caught:
        devices.choose_device("cuda")
    assert "and more" not in str(caught.value)


def test_facts_of_the_cpu():
    cpu = torch.device("cpu")
    assert devices.device_name(cpu)
    assert devices.free_bytes(cpu) > 0
    assert devices.used_bytes(cpu) == 0
    assert 1 <= devices.limit_cpu_threads() <= max(devices.usable_cpus(), torch.get_num_threads())


def test_number_formats_of_a_cpu_are_read_off_its_instructions(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    assert devices.has_fast_bf16(cpu)
    assert not devices.has_fast_fp16(cpu)
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert not devices.has_fast_bf16(cpu)
