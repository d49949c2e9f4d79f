"""FLAVR stage by stage: the plain network in eager mode beside our fast forms, by the device's own clock.

On a GPU ours are replayed as CUDA graphs, as the engine draws.

The fastest form's time stands beside what the machine can do at best: the rate of a large matrix product, and
that of a large copy for the bytes that must pass at least (inputs, weights and results of each convolution,
once). A stage near the second is bound by memory; one of fused convolutions passes less than is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from flavr_core.benchmark.speed import Contest, matrix_product_tflops, medians_ms, smooth_windows, wait_for
from flavr_core.errors import ModelError
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_column_form import ColumnFlavr, fast_form
from flavr_core.model.flavr_fast import FastFlavr
from flavr_core.model.flavr_fast_options import FastOptions
from flavr_core.model.network import DTYPES, Network

STAGES = ("stem", "layer 1", "layer 2", "layer 3", "layer 4",
          "decoder 0", "decoder 1", "decoder 2", "decoder 3")  # fmt: skip
"""Stages that are modules in both forms."""
Moment = float | torch.cuda.Event
"""A time in seconds, or a point of a GPU's work."""
REST = "decoder 4, fuse, output, the rest"
"""What is left of the whole: written as one in our form."""


def layer_rows(
    contest: Contest, options: Mapping[str, FastOptions], *, width: int, height: int, runs: int, warm_up: int
) -> list[dict[str, str | float | int | None]]:
    """For each stage the plain form's time and that of ours with each set of options, and TFLOP/s.

    Raises:
        ModelError: when the network is no FLAVR that has a fast form.
    """
    plain = contest.plain
    if not isinstance(plain, Flavr):
        raise ModelError(f"{plain.name} is no FLAVR.", "Stages are measured of FLAVR alone.")
    window = smooth_windows(contest.plain, width=width, height=height)
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=True):
        times = {"plain fp32 ms": _stage_ms(plain, _plain_stages(plain), window, runs=runs, warm_up=warm_up)}
    work, values = _stage_work(plain, window)
    dtype = DTYPES[contest.choice.precision]
    for name, steps in options.items():
        fast = fast_form(plain, dtype=dtype, options=steps)
        measure = _recorded_ms if contest.device.type == "cuda" else _stage_ms
        times[f"{name} ms"] = measure(fast, _fast_stages(fast), window, runs=runs, warm_up=warm_up)
        del fast
    limit = matrix_product_tflops(contest.device, contest.choice.precision)
    copied = copy_bytes_per_s(contest.device)
    least_ms = {stage: 1e3 * count * dtype.itemsize / copied for stage, count in values.items()}
    fastest = {stage: min(times[key][stage] for key in list(times)[1:]) for stage in times["plain fp32 ms"]}
    return [
        {
            "stage": stage,
            **{key: of[stage] for key, of in times.items()},
            "best: times as fast": times["plain fp32 ms"][stage] / fastest[stage],
            "best: TFLOP/s": work[stage] / fastest[stage] / 1e9,
            "best: % of matrix product": 100 * work[stage] / fastest[stage] / 1e9 / limit,
            "best: % of memory's rate": 100 * least_ms[stage] / fastest[stage],
        }
        for stage in (*STAGES, REST, "all")
    ]


def _plain_stages(network: Flavr) -> list[list[nn.Module]]:
    encoder = network.encoder
    layers = (encoder.stem, encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4)
    return [[module] for module in (*layers, *list(network.decoder)[:4])]


def _fast_stages(network: Network) -> list[list[nn.Module]]:
    assert isinstance(network, FastFlavr | ColumnFlavr)
    layers = [list(layer) for layer in network.layers if isinstance(layer, nn.ModuleList)]
    return [[network.stem], *layers, *([stage] for stage in network.stages)]


def _stage_ms(
    network: Network, stages: Sequence[Sequence[nn.Module]], window: Tensor, *, runs: int, warm_up: int
) -> dict[str, float]:
    """Median time of each stage, of the rest and of all.

    A GPU tells when it begins and ends each: passes follow each other without a wait, so that it never waits
    for the processor to say what to do next.
    """
    moments: list[tuple[str, Moment, Moment]] = []
    begun: list[Moment] = []
    handles = []
    for name, modules in zip(STAGES, stages, strict=True):

        def begin(*_: object) -> None:
            begun.append(_now(network.device))

        def end(*_: object, name: str = name) -> None:
            moments.append((name, begun.pop(), _now(network.device)))

        for module in modules:
            handles += [module.register_forward_pre_hook(begin), module.register_forward_hook(end)]
    try:
        passes = []
        for _ in range(warm_up + runs):
            moments.clear()
            started = _now(network.device)
            with torch.inference_mode():
                network(window, network.trial_positions)
            moments.append(("all", started, _now(network.device)))
            passes.append(list(moments))
    finally:
        for handle in handles:
            handle.remove()
    wait_for(network.device)
    tables = [_table(one) for one in passes[warm_up:]]
    return {name: median(table[name] for table in tables) for name in (*STAGES, REST, "all")}


def _recorded_ms(
    network: Network, stages: Sequence[Sequence[nn.Module]], window: Tensor, *, runs: int, warm_up: int
) -> dict[str, float]:
    """The same of a form whose passes the engine records as CUDA graphs: of each stage by itself, and all."""
    calls: dict[str, list[Callable[[], object]]] = {name: [] for name in STAGES}
    handles = []
    for name, modules in zip(STAGES, stages, strict=True):

        def note(module: nn.Module, args: tuple[Any, ...], named: dict[str, Any], name: str = name) -> None:
            calls[name].append(partial(module.forward, *args, **named))

        handles += [module.register_forward_pre_hook(note, with_kwargs=True) for module in modules]
    whole = partial(network, window, network.trial_positions)
    with torch.inference_mode():
        try:
            whole()
        finally:
            for handle in handles:
                handle.remove()
        table = {name: _replayed_ms(of, network.device, runs, warm_up) for name, of in calls.items()}
        table["all"] = _replayed_ms([whole], network.device, runs, warm_up)
    return table | {REST: table["all"] - sum(table[name] for name in STAGES)}


_REPLAYS = 4
"""Replays that are timed together."""


def _replayed_ms(
    calls: Sequence[Callable[[], object]], device: torch.device, runs: int, warm_up: int
) -> float:
    """Median time of some calls, recorded together and replayed."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.device(device):
        wait_for(device)
        with torch.cuda.graph(graph, stream=torch.cuda.Stream(device)):
            for call in calls:
                call()
        moments = []
        for _ in range(warm_up + runs):
            before = _now(device)
            for _ in range(_REPLAYS):
                graph.replay()
            moments.append((before, _now(device)))
        wait_for(device)
    return median(_between_ms(*pair) for pair in moments[warm_up:]) / _REPLAYS


def _now(device: torch.device) -> Moment:
    """When a GPU comes to this point of its work; on a processor the time."""
    if device.type != "cuda":
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)
    event.record(torch.cuda.current_stream(device))
    return event


def _between_ms(before: Moment, after: Moment) -> float:
    if isinstance(before, float):
        assert isinstance(after, float)
        return 1e3 * (after - before)
    assert not isinstance(after, float)
    return float(before.elapsed_time(after))


def _table(moments: Sequence[tuple[str, Moment, Moment]]) -> dict[str, float]:
    """What each stage of one pass took, and what is left."""
    table = dict.fromkeys((*STAGES, "all"), 0.0)
    for name, before, after in moments:
        table[name] += _between_ms(before, after)
    table[REST] = table["all"] - sum(table[name] for name in STAGES)
    return table


def copy_bytes_per_s(device: torch.device, *, runs: int = 5) -> float:
    """Rate of a large copy on the device, bytes read and written."""
    size = 2**30 if device.type == "cuda" else 2**26
    given = torch.zeros(size, dtype=torch.uint8, device=device)
    taken = torch.empty_like(given)
    (milliseconds,) = medians_ms([lambda: taken.copy_(given)], device, runs=runs, warm_up=2)
    return 2e3 * size / milliseconds


def _stage_work(network: Flavr, window: Tensor) -> tuple[dict[str, float], dict[str, float]]:
    """Arithmetic of each stage's convolutions as written, 2 for each multiply-add; values they must pass.

    Values are inputs, weights and results of each convolution, each once.
    """
    totals, values = (dict.fromkeys((*STAGES, REST), 0.0) for _ in range(2))
    owners = {
        layer: name
        for name, modules in zip(STAGES, _plain_stages(network), strict=True)
        for module in modules
        for layer in module.modules()
    }

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        weight, stage = layer.weight, owners.get(layer, REST)
        assert isinstance(weight, Tensor)
        # A transposed convolution spreads each input over all its taps, another gathers for each output.
        pixels = inputs[0] if isinstance(layer, nn.ConvTranspose3d) else output
        totals[stage] += 2.0 * pixels.numel() * weight[0].numel()
        values[stage] += inputs[0].numel() + weight.numel() + output.numel()

    layers = [one for one in network.modules() if isinstance(one, nn.Conv2d | nn.Conv3d | nn.ConvTranspose3d)]
    handles = [layer.register_forward_hook(count) for layer in layers]
    try:
        with torch.inference_mode():
            network(window, network.trial_positions)
    finally:
        for handle in handles:
            handle.remove()
    work, passed = ({**of, "all": sum(of.values())} for of in (totals, values))
    return work, passed
