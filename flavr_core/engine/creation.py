"""From settings to an engine that is ready to draw."""

from __future__ import annotations

import torch

from flavr_core.engine.device import choose_device, device_name
from flavr_core.engine.drawing import is_out_of_memory
from flavr_core.engine.engine import Engine, weights_hash
from flavr_core.engine.precision import apply_precision
from flavr_core.errors import DeviceError, FlavrError, ProblemsError
from flavr_core.model import load
from flavr_core.model.network import Network, PlaneInterpolator
from flavr_core.settings import EngineSettings, Precision


def create_engine(settings: EngineSettings, *, width: int, height: int) -> Engine:
    """Load the network, choose the device and the number format, test them, plan the memory.

    Args:
        settings: who draws, and where.
        width: columns of the clip's frames.
        height: rows of the clip's frames.

    Raises:
        ModelError: when the network is unknown or its file wrong.
        SettingsError: when the device is no device.
        DeviceError: when the device is missing, does not work or is too small.
        ProblemsError: when several of these are true.
    """
    problems: list[FlavrError] = []
    network: Network | None = None
    device: torch.device | None = None
    try:
        network = load(settings.model, device="cpu", precision=Precision.FP32)
    except FlavrError as error:
        problems.append(error)
    try:
        # Networks without weights that draw planes gain nothing from a GPU.
        simple = (
            network is not None and network.num_parameters == 0 and isinstance(network, PlaneInterpolator)
        )
        device = choose_device(settings.device, prefers_cpu=simple)
    except FlavrError as error:
        problems.append(error)
    if network is None or device is None:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return _place(network, device, settings, width=width, height=height)


def _place(
    network: Network, device: torch.device, settings: EngineSettings, *, width: int, height: int
) -> Engine:
    try:
        network, precision = apply_precision(
            network.eval().to(device), settings.precision, identity=weights_hash(network)
        )
        return Engine(
            network,
            width=width,
            height=height,
            precision=precision,
            max_memory_bytes=settings.max_memory_bytes,
        )
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise DeviceError(
                f"{device_name(device)} has not enough memory for the weights of {network.name}.",
                "Close other programs, use a smaller network, or --device cpu.",
            ) from error
        reason = str(error).strip().splitlines()[0]
        raise DeviceError(f"{network.name} does not run on {device_name(device)}: {reason}") from error
