"""Networks that draw the frames between frames: one file a network, one way to load them all.

    from flavr_core.model import load
    network = load("default")
    made = network(window, [Fraction(1, 2)])  # (N, T, 3, H, W) RGB in [0, 1] to (N, 1, 3, H, W)

torch is imported when one of the names below is first used, so that listing models stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flavr_core.model.architectures import from_state_dict
    from flavr_core.model.loading import load
    from flavr_core.model.network import Network
    from flavr_core.model.planes import PlaneInterpolator

__all__ = ["Network", "PlaneInterpolator", "from_state_dict", "load"]

_HOMES = {
    "Network": "network",
    "PlaneInterpolator": "planes",
    "from_state_dict": "architectures",
    "load": "loading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
