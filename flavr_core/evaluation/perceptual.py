"""LPIPS (Zhang et al., 2018), for whoever has installed the `lpips` package and torchvision."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

INSTALL = "pip install lpips torchvision"
"""What brings LPIPS."""
_NET = "alex"


class UnmeasurableError(Exception):
    """A metric cannot be had on this machine; the text says why."""


def lpips(device: torch.device) -> Callable[[NDArray[Any], NDArray[Any]], float]:
    """The distance of two pictures by LPIPS on AlexNet; see `metrics.PROTOCOLS`.

    Its backbone is downloaded by torchvision when it is first used.

    Raises:
        UnmeasurableError: when a package is missing or the backbone cannot be had.
    """
    for package in ("lpips", "torchvision"):
        if importlib.util.find_spec(package) is None:
            raise UnmeasurableError(f"the package {package} is not installed ({INSTALL})")
    try:
        # It prints and warns about its own set-up, which is nothing the user could change.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            network = importlib.import_module("lpips").LPIPS(net=_NET, verbose=False).eval().to(device)
    except Exception as error:  # any failure of somebody else's set-up: network, disk, versions
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UnmeasurableError(f"its network cannot be set up: {reason}") from error

    def distance(made: NDArray[Any], truth: NDArray[Any]) -> float:
        with torch.inference_mode():
            return float(network(_as_input(made, device), _as_input(truth, device)).mean())

    return distance


def _as_input(picture: NDArray[Any], device: torch.device) -> torch.Tensor:
    """(H, W, 3) of [0, 1] as (1, 3, H, W) of [-1, 1], clamped."""
    scaled = np.clip(picture, 0, 1).astype(np.float32) * 2 - 1
    return torch.from_numpy(scaled).permute(2, 0, 1).unsqueeze(0).to(device)  # (1, 3, H, W)
