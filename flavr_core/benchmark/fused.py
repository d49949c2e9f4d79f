"""The fused kernels beside the plain ways, and networks as the engine draws: time, memory and agreement.

On a device without kernels the plain ways are measured alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from statistics import median

import torch
from torch import Tensor

from flavr_core.engine.precision import full_fp32
from flavr_core.model.adacof import MiddleNetwork
from flavr_core.model.adacof_sampling import sample_adaptively
from flavr_core.model.cost_volume import cost_volume
from flavr_core.model.fused import plain_only, use_fused
from flavr_core.model.graphs import RecordedNetwork
from flavr_core.model.network import Network
from flavr_core.model.published import new_network
from flavr_core.model.splatting import splat
from flavr_core.model.uprnet import UprNet
from flavr_core.model.whole_vectors import with_whole_vectors

WAYS = ("plain", "fused", "engine")
"""By PyTorch's own operations; by the kernels; by the kernels, in whole vectors and as a CUDA graph."""
PYRAMID_LEVELS = 5
"""Levels of UPR-Net's pyramid at every size, as published times are taken."""
WARM_UP = 3
"""Runs that are not counted: kernels are compiled in the first."""
SAMPLED_CHANNELS = {5: 3, 11: 63}
"""{side of the kernel: channels}, as AdaCoF and CDFI sample."""
SPLATTED_CHANNELS = (19, 35, 64)
"""Frames with their features in UPR-Net base and LARGE, and features alone."""
COMPARED_CHANNELS = (64, 128)
"""Features of which UPR-Net makes cost volumes, at a quarter of the size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayRow:
    """One operator or network, computed in one way."""

    what: str
    """The operator with its numbers, or the network."""
    dtype: str
    """Element type."""
    way: str
    """One of `WAYS`."""
    ms: float
    """Median time."""
    peak_bytes: int | None
    """Most memory held beyond the inputs and weights; None on a CPU."""
    psnr_db: float
    """Agreement with the plain way in float32, against the spread of its result; inf for itself."""


def compare_ways(
    device: torch.device,
    *,
    width: int,
    height: int,
    networks: Sequence[str],
    runs: int,
    ways: Sequence[str] = WAYS,
    operators: bool = True,
) -> Iterator[WayRow]:
    """All operators, if wanted, then the networks (of `published`, with new weights), in float32 and float16.

    A CPU computes in float32 alone. What is measured first in float32 is what the others are compared with.
    """
    dtypes = [torch.float32] if device.type == "cpu" else [torch.float32, torch.float16]
    for what, operator, inputs in _operators(device, width=width, height=height) if operators else ():
        yield from _rows(what, partial(_operation, operator, inputs), dtypes, device, runs=runs, ways=ways)
    window = torch.rand(1, 2, 3, height, width, generator=torch.Generator().manual_seed(2)).to(device)
    for name in networks:
        torch.manual_seed(3)
        network = new_network(name).to(device).eval()
        if isinstance(network, UprNet):
            network.pyramid_levels = PYRAMID_LEVELS
        yield from _rows(name, partial(_drawing, network, window), dtypes, device, runs=runs, ways=ways)


def _operation(
    operator: Callable[..., Tensor], inputs: Sequence[Tensor], dtype: torch.dtype, way: str
) -> Callable[[], Tensor] | None:
    if way == "engine":
        return None  # it draws networks
    return partial(operator, *(tensor.to(dtype) for tensor in inputs))


def _drawing(network: Network, window: Tensor, dtype: torch.dtype, way: str) -> Callable[[], Tensor] | None:
    half = (Fraction(1, 2),)
    if way != "engine":
        return partial(network.to(dtype), window, half)
    if dtype == torch.float32:
        return None
    if isinstance(network, MiddleNetwork):
        network = with_whole_vectors(network)
    return partial(RecordedNetwork(network.to(dtype)), window, half)


def _rows(
    what: str,
    prepare: Callable[[torch.dtype, str], Callable[[], Tensor] | None],
    dtypes: Sequence[torch.dtype],
    device: torch.device,
    *,
    runs: int,
    ways: Sequence[str],
) -> Iterator[WayRow]:
    with torch.inference_mode(), full_fp32():
        wanted: Tensor | None = None
        for dtype in dtypes:
            for way in ways:
                action = prepare(dtype, way)
                if action is None or (way != "plain" and not use_fused(torch.empty(0, device=device))):
                    continue
                with plain_only() if way == "plain" else nullcontext():
                    ms, peak, result = _measure(action, device, runs)
                wanted = result.float() if wanted is None else wanted
                name = str(dtype).removeprefix("torch.")
                psnr = _agreement_db(result, wanted)
                yield WayRow(what=what, dtype=name, way=way, ms=ms, peak_bytes=peak, psnr_db=psnr)


def _measure(
    action: Callable[[], Tensor], device: torch.device, runs: int
) -> tuple[float, int | None, Tensor]:
    on_gpu = device.type == "cuda"

    def timed() -> float:
        if on_gpu:
            torch.cuda.synchronize(device)
        start = time.perf_counter()
        action()
        if on_gpu:
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    # From before the first run on: what a CUDA graph needs is held from its recording on.
    before = torch.cuda.memory_allocated(device) if on_gpu else 0
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    for _ in range(WARM_UP if on_gpu else 1):
        result = action()
    ms = median(timed() for _ in range(runs)) * 1e3
    return ms, torch.cuda.max_memory_allocated(device) - before if on_gpu else None, result


def _agreement_db(result: Tensor, wanted: Tensor) -> float:
    error = float((result.double() - wanted.double()).square().mean())
    if not math.isfinite(error):
        return -math.inf
    spread = max(float(wanted.double().var()), 1e-30)
    return math.inf if error == 0 else -10 * math.log10(error / spread)


def _operators(
    device: torch.device, *, width: int, height: int
) -> Iterator[tuple[str, Callable[..., Tensor], tuple[Tensor, ...]]]:
    """Each operator with inputs like its networks': motion of a few pixels, kernels that sum to one."""
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int, scale: float = 1.0) -> Tensor:
        return (torch.randn(*shape, generator=generator) * scale).to(device)

    for kernel, channels in SAMPLED_CHANNELS.items():
        dilation = 2 if kernel == 11 else 1
        margin = dilation * (kernel - 1) // 2
        image = random(1, channels, height + 2 * margin, width + 2 * margin)
        weights = random(1, kernel**2, height, width).softmax(1)
        # Clear of whole numbers, where truncation jumps.
        offsets = [random(1, kernel**2, height, width, scale=3).round() + 0.375 for _ in range(2)]
        operator = partial(sample_adaptively, dilation=dilation, margin=margin)
        yield f"sampling {kernel}x{kernel}, {channels} channels", operator, (image, weights, *offsets)
    for channels in SPLATTED_CHANNELS:
        flow = random(2, 2, height // 16 + 1, width // 16 + 1, scale=8)
        smooth = torch.nn.functional.interpolate(flow, size=(height, width), mode="bilinear")
        values = random(2, channels, height, width)
        # Flow stays float32, as in the network.
        yield f"splatting, {channels} channels", partial(_carried, flow=smooth), (values,)
    for channels in COMPARED_CHANNELS:
        pair = [random(1, channels, height // 4, width // 4) for _ in range(2)]
        yield f"cost volume 9x9, {channels} channels", cost_volume, (pair[0], pair[1])


def _carried(values: Tensor, *, flow: Tensor) -> Tensor:
    return splat(values, flow)
