"""From a name or a file to a network on its device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from flavr_core.errors import DeviceError, ModelError, SettingsError
from flavr_core.model import catalog
from flavr_core.model.architectures import from_state_dict
from flavr_core.model.blend import Blend
from flavr_core.model.checkpoint import read_checkpoint
from flavr_core.model.network import DTYPES, Network
from flavr_core.settings import Precision


def load(
    name_or_path: str | Path,
    *,
    device: str | torch.device = "cpu",
    precision: str | Precision = Precision.FP32,
    options: Mapping[str, str] | None = None,
) -> Network:
    """A network ready to draw: in evaluation mode, without gradients, on its device.

    Args:
        name_or_path: a name in the catalogue (`default` is the default one), or a file of weights. A
            name goes first; write `./name` for a file of the same name.
        device: `cpu`, `cuda` or `cuda:N`.
        precision: `fp32`, `fp16` or `bf16`; which is fastest and exact enough is the engine's choice.
        options: what a file cannot tell, see `from_state_dict`; those on its card are known already.

    Raises:
        ModelError: when there is no such network, or its file is not what it should be.
        DeviceError: when there is no such device, or too little memory on it.
        SettingsError: when there is no such precision.
    """
    target = _device(device)
    dtype = _dtype(precision)
    entry = catalog.find(name_or_path) if isinstance(name_or_path, str) else None
    if entry is None:
        network = load_file(Path(name_or_path), options=options or {})
    elif entry.weights is None:
        network = build_weightless(entry.card.architecture)
        network.card = entry.card
    else:
        network = load_file(entry.weights, options={**entry.card.options, **(options or {})})
        network.card, network.name = entry.card, entry.card.name
    try:
        return network.requires_grad_(False).to(device=target, dtype=dtype)
    except (torch.OutOfMemoryError, RuntimeError) as error:
        raise DeviceError(
            f"{network.name} does not fit on {target}: {str(error).splitlines()[0]}",
            "Close other programs, or use --device cpu.",
        ) from error


def load_file(path: Path, *, options: Mapping[str, str]) -> Network:
    """The network of a file of weights, float32 on the CPU, named after the file.

    Raises:
        ModelError: naming the file and what is wrong with it.
    """
    checkpoint = read_checkpoint(path)
    try:
        network = from_state_dict(checkpoint.state, **{**checkpoint.options, **options})
    except ModelError as error:
        raise ModelError(f"{path}: {error.message}", error.hint) from error
    network.name = path.stem
    return network


def build_weightless(architecture: str) -> Network:
    """A network that needs no weights.

    Raises:
        ModelError: when there is none of this name.
    """
    if architecture == "blend":
        return Blend()
    if architecture == "motion":
        from flavr_core.model.motion import MotionNetwork

        return MotionNetwork()
    raise ModelError(f"There is no network {architecture} that needs no weights.")


def _device(device: str | torch.device) -> torch.device:
    try:
        target = torch.device(device)
    except RuntimeError as error:
        raise DeviceError(f"{device} is no device.", "Use cpu, cuda or cuda:N.") from error
    if target.type == "cuda" and (target.index or 0) >= torch.cuda.device_count():
        raise DeviceError(
            f"There is no device {target} here.", "Run `doctor` to see what there is, or use --device cpu."
        )
    return target


def _dtype(precision: str | Precision) -> torch.dtype:
    try:
        return DTYPES[Precision(precision)]
    except (ValueError, KeyError) as error:
        raise SettingsError(f"{precision} is no precision.", "Use fp32, fp16 or bf16.") from error
