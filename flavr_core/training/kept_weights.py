"""Weights of a leg as files of half precision, with what the next leg has to know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from flavr_core.model.network import Network


def write_weights(network: Network, path: Path, about: Mapping[str, str]) -> None:
    """Write a network's weights in half precision under a temporary name, and rename it.

    Args:
        network: of which all parameters are written.
        path: the file.
        about: words and numbers that the file carries, `step` and `samples` among them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.detach().to("cpu", torch.float16).contiguous()
        for name, value in network.state_dict().items()
    }
    temporary = path.with_suffix(".part")
    save_file(state, temporary, metadata={"architecture": network.architecture, **about})
    temporary.replace(path)


def read_about(path: Path) -> dict[str, str]:
    """What `write_weights` was told; nothing of other files."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError):
        return {}


def read_progress(path: Path) -> tuple[int, int]:
    """Steps and samples that a file's weights have seen; zeros where it does not say."""
    about = read_about(path)
    try:
        return int(about.get("step", 0)), int(about.get("samples", 0))
    except ValueError:
        return 0, 0
