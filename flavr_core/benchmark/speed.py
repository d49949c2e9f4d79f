"""A network beside its plain form: time, arithmetic, memory and error, in one run on one device.

The plain form is our own unoptimised network in eager mode and float32, with TF32 convolutions on a GPU, as
the authors run theirs; it computes in the very process and turn (ours, plain, ours, plain ...) of what stands
beside it, and on a processor once more in a process of its own, where nothing that we set up helps it. Ours
draws windows of a stream, as the engine does: a network that knows frames apart (`shared_frames`) gets one
new frame with each. Times are medians of runs after a warm-up, the device waited for before and after.
"""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from statistics import median

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from flavr_core.engine.device import choose_device, device_name, keep_freed_memory, limit_cpu_threads
from flavr_core.engine.memory import weight_bytes
from flavr_core.engine.precision import (
    PrecisionChoice,
    agreement_db,
    apply_precision,
    draw_test_picture,
    full_fp32,
)
from flavr_core.engine.speed import speed_up
from flavr_core.model import load
from flavr_core.model.graphs import RecordedNetwork
from flavr_core.model.network import DTYPES, Network
from flavr_core.model.shared_frames import FrameEncoder, SharedFrames
from flavr_core.settings import Precision

Action = Callable[[], object]


def wait_for(device: torch.device) -> None:
    """Until everything asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def medians_ms(actions: Sequence[Action], device: torch.device, *, runs: int, warm_up: int) -> list[float]:
    """Median time of each, taken in turn so that a drifting machine hits all alike."""
    times: list[list[float]] = [[] for _ in actions]
    for number in range(warm_up + runs):
        for action, collected in zip(actions, times, strict=True):
            wait_for(device)
            started = time.perf_counter()
            action()
            wait_for(device)
            if number >= warm_up:
                collected.append((time.perf_counter() - started) * 1e3)
    return [median(collected) for collected in times]


def matrix_product_tflops(device: torch.device, precision: Precision, *, runs: int = 5) -> float:
    """Rate of a large matrix product in this format, in TFLOP/s: what the machine can do at best."""
    size = 8192 if device.type == "cuda" else 2048
    a = torch.randn(size, size, device=device).to(DTYPES[precision])
    (milliseconds,) = medians_ms([lambda: a @ a], device, runs=runs, warm_up=2)
    return 2 * size**3 / milliseconds / 1e9


def flops(network: Network, *, width: int, height: int) -> int:
    """Arithmetic of one window as the plain network is written, padding included: 2 for each multiply-add."""
    ghost = copy.deepcopy(network).to("meta")
    window = torch.empty((1, network.num_inputs, 3, height, width), device="meta")
    counter = FlopCounterMode(display=False)
    try:
        with counter:
            ghost(window, network.trial_positions)
    except (RuntimeError, NotImplementedError, TypeError, ValueError):
        return 0
    return int(counter.get_total_flops())


def smooth_windows(network: Network, *, width: int, height: int, batch: int = 1) -> Tensor:
    """Windows of noise that is smooth, always the same, (N, T, 3, H, W) on the network's device."""
    generator = torch.Generator().manual_seed(1)
    small = torch.rand(batch * network.num_inputs, 3, 9, 16, generator=generator)
    large = torch.nn.functional.interpolate(small, size=(height, width), mode="bilinear")
    return large.view(batch, network.num_inputs, 3, height, width).to(network.device)


def plain_alone_ms(
    name: str, *, width: int, height: int, batch: int, runs: int, warm_up: int
) -> float | None:
    """Median time of the plain network in float32 on the processor, all its places, in a process of its own.

    Memory that this process keeps for its next pass does not help it there. None where that process died.

    Raises:
        FlavrError: when the network cannot be had.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        measured = pool.submit(
            _measure_plain, name, width=width, height=height, batch=batch, runs=runs, warm_up=warm_up
        )
        try:
            return measured.result()
        except BrokenProcessPool:  # out of memory, as a rule
            return None


def _measure_plain(name: str, *, width: int, height: int, batch: int, runs: int, warm_up: int) -> float:
    limit_cpu_threads()
    network = load(name).eval()
    window = smooth_windows(network, width=width, height=height, batch=batch)
    with torch.inference_mode():
        (milliseconds,) = medians_ms(
            [lambda: network(window, network.trial_positions)], network.device, runs=runs, warm_up=warm_up
        )
    return milliseconds


class Contest:
    """One network on one device: the plain form, and ours in one precision.

    Attributes:
        asked_for: the network's name or file.
        plain: float32, as the authors run it.
        ours: what the engine would draw with; as there, its passes are recorded on a GPU.
        choice: its number format, way and agreement.
    """

    def __init__(self, name: str, *, device: str, precision: Precision) -> None:
        """Load and place both.

        Raises:
            FlavrError: when the network or the device cannot be had.
        """
        target = choose_device(device)
        limit_cpu_threads()
        if target.type == "cpu":
            keep_freed_memory()
        self.asked_for = name
        self.plain = load(name).eval().to(target)
        ours, choice = apply_precision(self.plain, precision, identity=None)
        self.ours, self.choice = speed_up(self.plain, ours, choice, wanted=precision, identity=None)
        self._recorded = RecordedNetwork(self.ours)
        self._shared = SharedFrames(self.ours) if isinstance(self.ours, FrameEncoder) else None
        self._numbers = itertools.count()  # of windows in the stream
        if self.ours is self.plain:
            self.choice = PrecisionChoice(precision=Precision.FP32)

    @property
    def device(self) -> torch.device:
        """Where both are."""
        return self.plain.device

    def draw_ours(self, window: Tensor) -> Tensor:
        """Ours, all its places; the next pass overwrites them, as in the engine.

        Where frames are known apart, the next windows of a stream whose frames are those given, in turn.
        """
        with torch.inference_mode(), full_fp32(), torch.cuda.device_of(window):
            if self._shared is None:
                return self._recorded(window, self.ours.trial_positions, lent=True)
            frames = window.flatten(0, 1).split(1)  # (1, 3, H, W) each
            known = [
                range(first, first + window.shape[1])
                for first in itertools.islice(self._numbers, len(window))
            ]
            windows = [[frames[number % len(frames)] for number in row] for row in known]
            return self._shared(windows, known, self.ours.trial_positions)

    def settle(self, window: Tensor) -> None:
        """Let passes be recorded: those of a frame's place are with the second frame that comes there."""
        for _ in range(2 * window.shape[1] + 2 if self._shared is not None else 0):
            self.draw_ours(window)

    def draw_plain(self, window: Tensor) -> Tensor:
        """The plain form, all its places, with TF32 convolutions on a GPU."""
        with (
            torch.inference_mode(),
            torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=True),
        ):
            drawn: Tensor = self.plain(window, self.plain.trial_positions)
        return drawn

    def error_db(self) -> float:
        """Agreement of ours with the plain form without TF32, on the window that formats are tested with."""
        return agreement_db(draw_test_picture(self.ours), draw_test_picture(self.plain))

    def peak_bytes(self, window: Tensor) -> int | None:
        """Most memory that was allocated on a GPU while ours drew, without the plain form; None on a CPU.

        The pass is no recorded one: what that needs was allocated when it was recorded, and is not counted.
        """
        if self.device.type != "cuda":
            return None
        self._recorded.forget()
        if self._shared is not None:
            self._shared.forget()
        wait_for(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        with torch.inference_mode(), full_fp32(), torch.cuda.device_of(window):
            self.ours(window, self.ours.trial_positions)
        wait_for(self.device)
        beside = 0 if self.ours is self.plain else weight_bytes(self.plain)
        return int(torch.cuda.max_memory_allocated(self.device)) - beside

    def describe(self) -> str:
        """Number format and way of ours, and the device."""
        way = self.choice.way or "plain"
        return f"{self.choice.precision}, {way}, on {device_name(self.device)}"


def speed_row(
    contest: Contest, *, width: int, height: int, batch: int, runs: int, warm_up: int, with_plain: bool = True
) -> dict[str, str | float | int | None]:
    """One line of figures; those of the plain form are for the same windows."""
    window = smooth_windows(contest.plain, width=width, height=height, batch=batch)
    contest.settle(window)
    actions: list[Action] = [lambda: contest.draw_ours(window)]
    if with_plain:
        actions.append(lambda: contest.draw_plain(window))
    ours_ms, *rest = medians_ms(actions, contest.device, runs=runs, warm_up=warm_up)
    plain_ms = rest[0] if rest else None
    alone_ms = None
    if with_plain and contest.device.type == "cpu":
        alone_ms = plain_alone_ms(
            contest.asked_for, width=width, height=height, batch=batch, runs=runs, warm_up=warm_up
        )
    made = batch * len(contest.ours.trial_positions)
    work = flops(contest.plain, width=width, height=height) * batch
    rate = work / ours_ms / 1e9
    limit = matrix_product_tflops(contest.device, contest.choice.precision)
    peak = contest.peak_bytes(window)
    error_db = contest.error_db()
    return {
        "network": contest.plain.name,
        "size": f"{width}x{height}",
        "batch": batch,
        "precision": str(contest.choice.precision),
        "plain fp32 ms": plain_ms,
        "ours ms": ours_ms,
        "times as fast": None if plain_ms is None else plain_ms / ours_ms,
        "plain alone ms": alone_ms,
        "times plain alone": None if alone_ms is None else alone_ms / ours_ms,
        "made frames/s": made / ours_ms * 1e3,
        "TFLOP/s": rate,
        "% of matrix product": 100 * rate / limit,
        "GPU MB": None if peak is None else peak / 1e6,
        "dB to fp32": error_db if math.isfinite(error_db) else None,
        "way": contest.choice.way or "plain",
    }
