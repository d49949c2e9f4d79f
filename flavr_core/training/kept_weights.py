"""Weights of a leg as files of half precision, with what the next leg has to know."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from flavr_core.model.network import Network


def write_weights(network: Network, path: Path, *, step: int, samples: int) -> None:
    """Write a network's weights in half precision under a temporary name, and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.detach().to("cpu", torch.float16).contiguous()
        for name, value in network.state_dict().items()
    }
    temporary = path.with_suffix(".part")
    about = {"architecture": network.architecture, "step": str(step), "samples": str(samples)}
    save_file(state, temporary, metadata=about)
    temporary.replace(path)


def read_progress(path: Path) -> tuple[int, int]:
    """Steps and samples that a file's weights have seen, as `write_weights` noted them; else zeros."""
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
        return int(about.get("step", 0)), int(about.get("samples", 0))
    except (OSError, ValueError, SafetensorError):
        return 0, 0
