"""From settings to an engine that is ready to draw."""

from __future__ import annotations

from flavr_core.engine.engine import Engine
from flavr_core.engine.idle_threads import end_idle_threads
from flavr_core.errors import ModelError
from flavr_core.model import catalog
from flavr_core.model.planes import PlaneNetwork, plane_network
from flavr_core.settings import EngineSettings, Precision


def create_engine(settings: EngineSettings, *, width: int, height: int) -> Engine:
    """Load the network, choose the device and the number format, test them, plan the memory.

    torch is not imported for a network that draws planes on the CPU.

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
    planes = _plane_network(settings)
    if planes is not None:
        return Engine(planes, width=width, height=height)
    from flavr_core.engine.placement import place_network

    try:
        return place_network(settings, width=width, height=height)
    finally:
        end_idle_threads()  # of tests: another thread will draw


def takes_loading(settings: EngineSettings) -> bool:
    """Whether torch and weights have to be loaded first, which takes seconds."""
    return _plane_network(settings) is None


def _plane_network(settings: EngineSettings) -> PlaneNetwork | None:
    """The network, if nothing that was asked for needs tensors."""
    on_cpu = settings.device.strip().lower() in ("auto", "cpu")
    if not on_cpu or settings.precision not in (Precision.AUTO, Precision.FP32):
        return None
    try:
        entry = catalog.find(settings.model)
    except ModelError:
        return None  # said again where the device's problems are known too
    if entry is None or entry.weights is not None:
        return None
    network = plane_network(entry.card.architecture)
    if network is not None:
        network.card = entry.card
    return network
