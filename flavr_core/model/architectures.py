"""The table of networks that have weights, and the way from a dictionary of weights to one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from flavr_core.errors import ModelError
from flavr_core.model import adacof, cdfi, flavr, fourflow, uprnet
from flavr_core.model.checkpoint import strip_names
from flavr_core.model.network import Architecture, Network

ARCHITECTURES: tuple[Architecture, ...] = (
    flavr.ARCHITECTURE,
    fourflow.ARCHITECTURE,
    adacof.ARCHITECTURE,
    cdfi.ARCHITECTURE,
    uprnet.ARCHITECTURE,
)
"""Every class of networks that a file of weights can be; the first that matches is taken."""

UNSUPPORTED = {
    "block0.conv0.": "a RIFE network",
    "flownet.block0.": "a RIFE network",
}
"""Telling beginnings of names of networks that are known but cannot be run."""

_FIRST_VALUES = (Tensor.normal_, Tensor.uniform_)
"""What first values of new weights come from."""
SHOWN = 4
"""Names listed for each kind of mismatch; the rest are counted."""


def from_state_dict(state: Mapping[str, Tensor | np.ndarray[Any, Any]], **options: str | int) -> Network:
    """The network that these weights belong to, in float32 on the CPU, in evaluation mode.

    Everything about it is read off names and shapes. `options` say only what those cannot tell,
    for FLAVR `join="add"` or `"none"` where skips are not concatenated, for UPR-Net `pyramid_levels=3` and
    `skipped_levels`, for AdaCoF and CDFI `dilation`. The weights are copied.

    Raises:
        ModelError: when the weights belong to no known network, or some are missing, unexpected or
            misshapen (each named), or an option is unknown.
    """
    tensors = {name: torch.as_tensor(value) for name, value in state.items()}
    architecture, canonical = recognise(strip_names(tensors))
    shapes = {name: tuple(value.shape) for name, value in canonical.items()}
    chosen = _check_options(architecture, {key: str(value) for key, value in options.items()})
    with _NoFirstValues():
        with torch.device("meta"):  # costs nothing, whatever sizes a mad file asks for
            expected = architecture.build(shapes, chosen).state_dict()
        _check_state(architecture.name, expected, canonical)
        network = architecture.build(shapes, chosen)
    network.load_state_dict({name: _master(value) for name, value in canonical.items()}, assign=True)
    return network.eval()


class _NoFirstValues(TorchFunctionMode):
    """Leaves out what gives new weights their first values: all of them are replaced at once.

    Random numbers take their time, and those without contents have torch load its compiler: seconds, in
    which Python's lock is held and a window stands still.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Everything but first values as torch has it."""
        if func in _FIRST_VALUES or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else next(iter((kwargs or {}).values()))
        return func(*args, **(kwargs or {}))


def _master(value: Tensor) -> Tensor:
    """A float32 copy of a weight; counters stay whole numbers."""
    dtype = torch.float32 if value.is_floating_point() else value.dtype
    return value.detach().to(device="cpu", dtype=dtype, copy=True).contiguous()


def recognise(state: Mapping[str, Tensor]) -> tuple[Architecture, dict[str, Tensor]]:
    """The architecture of these weights and the weights under its own names.

    Raises:
        ModelError: when they belong to none.
    """
    for architecture in ARCHITECTURES:
        shapes = {name: tuple(value.shape) for name, value in state.items()}
        names = architecture.rename(shapes) if architecture.rename else {}
        canonical = {names.get(name, name): value for name, value in state.items()}
        if len(canonical) == len(state) and architecture.matches(
            {name: tuple(value.shape) for name, value in canonical.items()}
        ):
            return architecture, canonical
    raise _unknown(state)


def _unknown(state: Mapping[str, Tensor]) -> ModelError:
    for beginning, what in UNSUPPORTED.items():
        if any(name.startswith(beginning) for name in state):
            return ModelError(f"These are the weights of {what}, which is not supported yet.")
    if not state:
        return ModelError("There are no weights in it.", "Give a file with a network's state_dict.")
    known = ", ".join(architecture.name for architecture in ARCHITECTURES)
    return ModelError(
        f"These weights belong to no known network; their names begin with {', '.join(list(state)[:SHOWN])}.",
        f"Known are: {known}.",
    )


def _check_options(architecture: Architecture, options: Mapping[str, str]) -> dict[str, str]:
    allowed = architecture.options or {}
    for key, value in options.items():
        if key not in allowed:
            hint = f"It has: {', '.join(allowed)}." if allowed else "It has none."
            raise ModelError(f"{architecture.name} has no option {key}.", hint)
        if value not in allowed[key]:
            raise ModelError(f"{key} cannot be {value}.", f"It can be {' or '.join(allowed[key])}.")
    return {key: options.get(key, values[0]) for key, values in allowed.items()}


def _check_state(name: str, expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    missing = [key for key in expected if key not in given]
    unexpected = [key for key in given if key not in expected]
    misshapen = [
        f"{key} is {_describe(given[key])} and should be {_describe(value)}"
        for key, value in expected.items()
        if key in given and _describe(given[key]) != _describe(value)
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "misshapen": misshapen}
    words = [f"{kind}: {_some(names)}" for kind, names in kinds.items() if names]
    if words:
        raise ModelError(
            f"These weights do not make a {name} network: {'; '.join(words)}.",
            "The file is damaged, incomplete, or made for a variant that is not supported.",
        )


def _describe(value: Tensor) -> str:
    numbers = "" if value.is_floating_point() else f" of {value.dtype}".replace("torch.", "")
    layout = "" if value.layout == torch.strided else " sparse"
    return f"{tuple(value.shape)}{numbers}{layout}"


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
