"""Number formats: which one a network computes in on a device, decided by a test, not by hope.

The test draws one small natural-looking window in fp32 and in the format in question, with this
network's own weights on this device, and compares. fp16 must agree to 60 dB (rounding to 8 bit costs
58.9 dB, so the difference drowns in it); bf16, which has three bits less, to 50 dB. `auto` takes the
first that passes of those that the device has instructions for; it measures no time, so that
the same machine always decides the same.
"""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from flavr_core.engine.device import device_name, has_fast_bf16, has_fast_fp16
from flavr_core.errors import DeviceError
from flavr_core.model.network import DTYPES, Network
from flavr_core.settings import Precision

LEAST_PSNR_DB = {Precision.FP16: 60.0, Precision.BF16: 50.0}
"""Agreement with fp32 that a format must reach to be chosen by itself."""

_TEST_HEIGHT, _TEST_WIDTH = 96, 128


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionChoice:
    """What was decided, and why."""

    precision: Precision
    """Number format of the network, never `auto`."""
    psnr_db: float | None = None
    """Agreement with fp32 on the test window; None where nothing was tested."""
    way: str = ""
    """How a network with a fast form computes, see `speed`; empty for the plain way."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing a user should know."""


_choices: dict[tuple[str, str, Precision], PrecisionChoice] = {}
"""Outcomes in this process by network, device and wish: the test runs once."""


_flags_lock = threading.Lock()
_flags = ExitStack()
_flags_users = 0


@contextmanager
def full_fp32() -> Iterator[None]:
    """fp32 convolutions in fp32: without TF32, which has only ten bits, and by repeatable choices.

    The flags are the process's: with several threads the last one that leaves puts them back.
    """
    global _flags_users  # noqa: PLW0603 - they are the process's
    with _flags_lock:
        if _flags_users == 0:
            _flags.enter_context(
                torch.backends.cudnn.flags(
                    enabled=True, benchmark=False, deterministic=False, allow_tf32=False
                )
            )
        _flags_users += 1
    try:
        yield
    finally:
        with _flags_lock:
            _flags_users -= 1
            if _flags_users == 0:
                _flags.close()


@lru_cache(maxsize=4)
def _test_picture(num_inputs: int) -> Tensor:
    """A natural-looking window: 1/f texture that pans, and a hard-edged patch that moves otherwise.

    Convention: (1, T, 3, H, W) float32 in [0, 1], on the CPU, always the same.
    """
    generator = torch.Generator().manual_seed(20210123)
    size = (_TEST_HEIGHT + 64, _TEST_WIDTH + 64)
    texture = torch.zeros(1, 3, *size)
    for octave in range(6):
        cells = 3 * 2**octave
        grain = torch.rand(1, 3, cells, cells, generator=generator) - 0.5
        texture += torch.nn.functional.interpolate(grain, size=size, mode="bicubic") / 1.6**octave
    texture = (0.5 + 0.45 * texture).clamp(0, 1)
    frames = []
    for t in range(num_inputs):
        frame = texture[
            0, :, 8 + 2 * t : 8 + 2 * t + _TEST_HEIGHT, 4 + 5 * t : 4 + 5 * t + _TEST_WIDTH
        ].clone()
        frame[:, 30:60, 20 + 7 * t : 50 + 7 * t] = torch.tensor([0.9, 0.2, 0.1])[:, None, None]
        frames.append(frame)
    return torch.stack(frames).unsqueeze(0)


def agreement_db(result: Tensor, reference: Tensor) -> float:
    """PSNR of one drawn test window against another, of peak 1; minus infinity where it is no number."""
    error = float((result.double() - reference.double()).square().mean())
    if not math.isfinite(error):
        return -math.inf
    return 200.0 if error == 0 else min(200.0, -10 * math.log10(error))


@torch.inference_mode()
def draw_test_picture(network: Network) -> Tensor:
    """What a network makes of the test window, all its places, float32."""
    window = _test_picture(network.num_inputs).to(network.device)
    with full_fp32(), torch.cuda.device_of(window):  # Triton's kernels go to the thread's current device
        drawn: Tensor = network(window, network.trial_positions)
    return drawn.float()


def _candidates(wanted: Precision, device: torch.device) -> list[Precision]:
    if wanted is Precision.FP8:
        return [Precision.FP16]  # what is not coarse stays in halves, see `speed`
    if wanted is not Precision.AUTO:
        return [wanted]
    fast = []
    # On a CPU fp16 is left to those who ask for it: what torch makes of it varies too much.
    if device.type != "cpu" and has_fast_fp16(device):
        fast.append(Precision.FP16)
    if has_fast_bf16(device):
        fast.append(Precision.BF16)
    return [*fast, Precision.FP32]


def _check_wish(wanted: Precision, device: torch.device) -> None:
    """See that a CPU has the instructions: without them torch needs minutes for one picture.

    Raises:
        DeviceError: when it has not.
    """
    if device.type != "cpu" or wanted is Precision.AUTO:
        return
    has = {Precision.FP32: True, Precision.FP16: has_fast_fp16(device), Precision.BF16: has_fast_bf16(device)}
    if not has.get(wanted, False):
        raise DeviceError(
            f"{device_name(device)} has no instructions for {wanted}.", "Use --precision auto or fp32."
        )


def apply_precision(
    network: Network, wanted: Precision, *, identity: str | None
) -> tuple[Network, PrecisionChoice]:
    """The network in the wanted number format, tested against itself in fp32.

    Args:
        network: float32, on the device it is to run on.
        wanted: a format, or `auto` for the fastest that passes.
        identity: what tells this network's weights from others'; None to test anew each time.

    Returns:
        The network in its format (the given one where that is fp32) and what was decided.

    Raises:
        DeviceError: when a format was asked for by name that the processor has no instructions for, or
            in which the network gives no numbers.
    """
    if network.num_parameters == 0:
        notes: tuple[str, ...] = ()
        if wanted not in (Precision.AUTO, Precision.FP32):
            notes = (
                f"{network.name} has no weights and computes in its own way; {wanted} has no meaning for it.",
            )
        return network, PrecisionChoice(precision=Precision.FP32, notes=notes)
    _check_wish(wanted, network.device)
    candidates = _candidates(wanted, network.device)
    if candidates[0] is Precision.FP32:
        return network, PrecisionChoice(precision=Precision.FP32)
    key = (identity or "", str(network.device), wanted)
    if identity is not None and key in _choices:
        choice = _choices[key]
        return _converted(network, choice.precision), choice
    chosen, choice = _test(network, candidates, is_wish=wanted is not Precision.AUTO)
    if identity is not None:
        _choices[key] = choice
    return chosen, choice


def _converted(network: Network, precision: Precision) -> Network:
    """A copy in another format: the fp32 weights stay what they are."""
    if precision is Precision.FP32:
        return network
    return copy.deepcopy(network).to(DTYPES[precision])


def _test(network: Network, candidates: list[Precision], *, is_wish: bool) -> tuple[Network, PrecisionChoice]:
    reference = draw_test_picture(network)
    notes: list[str] = []
    for precision in candidates:
        if precision is Precision.FP32:
            break
        converted = _converted(network, precision)
        psnr_db = agreement_db(draw_test_picture(converted), reference)
        least_db = LEAST_PSNR_DB[precision]
        if psnr_db >= least_db:
            return converted, PrecisionChoice(precision=precision, psnr_db=psnr_db, notes=tuple(notes))
        if is_wish and psnr_db == -math.inf:
            raise DeviceError(
                f"{network.name} gives no numbers in {precision}: its values leave that format's range.",
                "Use --precision auto or fp32.",
            )
        if is_wish:
            note = f"{network.name} in {precision} agrees with fp32 to {psnr_db:.1f} dB only."
            return converted, PrecisionChoice(precision=precision, psnr_db=psnr_db, notes=(note,))
        outcome = "gave no numbers" if psnr_db == -math.inf else f"agrees with fp32 to {psnr_db:.1f} dB only"
        notes.append(f"{network.name} does not run in {precision} on this device: it {outcome}.")
    return network, PrecisionChoice(precision=Precision.FP32, notes=tuple(notes))
