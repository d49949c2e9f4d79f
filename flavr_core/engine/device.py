"""Which device computes: the choice, its name, its memory."""

from __future__ import annotations

import ctypes
import platform
import re
from functools import lru_cache

import psutil
import torch

from flavr_core.engine.processor import cpu_name, usable_cpus
from flavr_core.errors import DeviceError, SettingsError

_NUMBERED = re.compile(r"^cuda:(\d+)$")
_SEVERAL = re.compile(r"^cuda:(all|\d+(?:\s*,\s*\d+)+)$")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_ON_CPU = "Use --device cpu, or leave the choice to --device auto."


def choose_device(wanted: str, *, prefers_cpu: bool = False) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `cuda:N`, known to work.

    Args:
        wanted: as the user said it.
        prefers_cpu: whether `auto` means the CPU, for networks that gain nothing from a GPU.

    Raises:
        SettingsError: when `wanted` is none of these words.
        DeviceError: when that device is not there or does not work.
    """
    text = wanted.strip().lower()
    if text not in ("auto", "cpu", "cuda") and not _NUMBERED.match(text):
        raise SettingsError(f"'{wanted}' is not a device.", "Use auto, cpu, cuda, cuda:0 or cuda:all.")
    if text == "cpu" or (text == "auto" and (prefers_cpu or not torch.cuda.is_available())):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise DeviceError(f"There is no usable GPU for --device {text}: {_why_no_cuda()}.", _ON_CPU)
    match = _NUMBERED.match(text)
    index = int(match[1]) if match else 0
    count = torch.cuda.device_count()
    if index >= count:
        known = "only cuda:0 is" if count == 1 else f"cuda:0 to cuda:{count - 1} are"
        raise DeviceError(f"There is no GPU number {index}; {known} there.", _ON_CPU)
    device = torch.device("cuda", index)
    try:
        works = float(torch.ones(2, device=device).sum()) == 2
    except RuntimeError as error:
        # Also torch.AcceleratorError: no kernels for this generation, a GPU in exclusive use, a dead driver.
        reason = str(error).strip().splitlines()[0]
        raise DeviceError(
            f"The GPU {device} ({device_name(device)}) does not work: {reason}", _ON_CPU
        ) from error
    if not works:
        raise DeviceError(f"The GPU {device} ({device_name(device)}) computes wrongly.", _ON_CPU)
    return device


def choose_devices(wanted: str, *, prefers_cpu: bool = False) -> tuple[torch.device, ...]:
    """The devices for `cuda:all` or `cuda:0,1`, or the one that `choose_device` knows; all known to work.

    Args:
        wanted: as the user said it.
        prefers_cpu: as for `choose_device`.

    Raises:
        SettingsError: when `wanted` is none of these words, or names a device twice.
        DeviceError: when a device is not there or does not work.
    """
    match = _SEVERAL.match(wanted.strip().lower())
    if match is None:
        return (choose_device(wanted, prefers_cpu=prefers_cpu),)
    if match[1] == "all":
        # Without any, choose_device says what is wrong.
        numbers = list(range(max(1, torch.cuda.device_count())))
    else:
        numbers = [int(number) for number in match[1].split(",")]
    if len(set(numbers)) < len(numbers):
        raise SettingsError(f"'{wanted}' names a GPU twice.", "Name each once, as in cuda:0,1.")
    return tuple(choose_device(f"cuda:{number}") for number in numbers)


def _why_no_cuda() -> str:
    if torch.version.cuda is None:
        return "this build of torch is for CPUs only"
    if torch.cuda.device_count() == 0:
        return "no NVIDIA driver or no GPU was found"
    return "torch cannot start CUDA"


def device_name(device: torch.device) -> str:
    """The device's name for people."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return cpu_name()


def limit_cpu_threads() -> int:
    """Keep torch from starting more threads than there are processors; returns their number."""
    if torch.get_num_threads() > usable_cpus():
        torch.set_num_threads(usable_cpus())
    return torch.get_num_threads()


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Let the C library keep what torch frees for what it takes next; returns whether it can.

    Otherwise every large tensor is new memory, zeroed page by page when it is first written: for
    FLAVR at 1280x720 on two cores 4 of 10 seconds a window. glibc alone has the switch.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    largest, trim = 2**30, 2**31 - 1
    return bool(mallopt(_M_MMAP_THRESHOLD, largest)) and bool(mallopt(_M_TRIM_THRESHOLD, trim))


def free_bytes(device: torch.device) -> int:
    """Memory that this process could still take on the device, what torch keeps in reserve included."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    return int(psutil.virtual_memory().available)


def used_bytes(device: torch.device) -> int:
    """Memory that torch holds on a GPU; 0 on a CPU, where it is not counted apart."""
    return int(torch.cuda.memory_reserved(device)) if device.type == "cuda" else 0


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 is computed by instructions of its own, not by way of fp32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return _cpu_has("amx_bf16", "avx512_bf16", "bf16")


def has_fast_fp16(device: torch.device) -> bool:
    """Whether fp16 is computed by instructions of its own: GPUs with tensor cores, few CPUs."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (7, 0)
    return _cpu_has("amx_fp16", "avx512_fp16", "fp16_arith")


def _cpu_has(*capabilities: str) -> bool:
    """Whether the processor has one of these; False where torch does not tell."""
    try:
        known = torch.cpu.get_capabilities()
    except (AttributeError, RuntimeError):
        return False
    return any(known.get(capability, False) for capability in capabilities)
