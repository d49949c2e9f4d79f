"""A network on its device, or on several: loaded, device and number format chosen and tested."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch

from flavr_core.engine.device import choose_devices, device_name
from flavr_core.engine.drawing import is_out_of_memory
from flavr_core.engine.engine import Engine
from flavr_core.engine.precision import apply_precision
from flavr_core.engine.speed import speed_up
from flavr_core.engine.tensors import weights_hash
from flavr_core.errors import DeviceError, FlavrError, ProblemsError
from flavr_core.model import load
from flavr_core.model.network import Network
from flavr_core.model.planes import PlaneInterpolator
from flavr_core.settings import EngineSettings, Precision


def place_network(settings: EngineSettings, *, width: int, height: int) -> Engine:
    """See `create_engine`, which this is for networks on tensors."""
    problems: list[FlavrError] = []
    network: Network | None = None
    devices: tuple[torch.device, ...] = ()
    try:
        network = load(settings.model, device="cpu", precision=Precision.FP32)
    except FlavrError as error:
        problems.append(error)
    try:
        # Networks without weights that draw planes gain nothing from a GPU.
        simple = (
            network is not None and network.num_parameters == 0 and isinstance(network, PlaneInterpolator)
        )
        devices = choose_devices(settings.device, prefers_cpu=simple)
    except FlavrError as error:
        problems.append(error)
    if network is None or not devices:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return place_on(network, devices, settings, width=width, height=height)


def place_on(
    network: Network, devices: Sequence[torch.device], settings: EngineSettings, *, width: int, height: int
) -> Engine:
    """An engine on the first device, with a fellow on each of the others, in one number format.

    Raises:
        DeviceError: when a device is too small, or does not run the network.
    """
    fellows = [
        _place(copy.deepcopy(network), device, settings, width=width, height=height) for device in devices[1:]
    ]
    engine = _place(network, devices[0], settings, width=width, height=height, fellows=fellows)
    formats = {each.tensors.precision.precision for each in (engine, *fellows)}
    if len(formats) == 1:
        return engine
    # Unlike GPUs; frames drawn in two formats in turn would flicker.
    engine.close()
    plain = replace(settings, precision=Precision.FP32)
    return place_on(network, devices, plain, width=width, height=height)


def _place(
    network: Network,
    device: torch.device,
    settings: EngineSettings,
    *,
    width: int,
    height: int,
    fellows: Sequence[Engine] = (),
) -> Engine:
    try:
        plain, identity = network.eval().to(device), weights_hash(network)
        network, precision = apply_precision(plain, settings.precision, identity=identity)
        network, precision = speed_up(plain, network, precision, wanted=settings.precision, identity=identity)
        return Engine(
            network,
            width=width,
            height=height,
            precision=precision,
            max_memory_bytes=settings.max_memory_bytes,
            fellows=fellows,
        )
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise DeviceError(
                f"{device_name(device)} has not enough memory for the weights of {network.name}.",
                "Close other programs, use a smaller network, or --device cpu.",
            ) from error
        reason = str(error).strip().splitlines()[0]
        raise DeviceError(f"{network.name} does not run on {device_name(device)}: {reason}") from error
