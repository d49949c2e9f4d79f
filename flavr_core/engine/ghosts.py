"""A network run on torch's `meta` device, where tensors have shapes and no contents: nothing is computed.

That holds for every network made of torch operations, at any size and way of drawing (strips).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from flavr_core.model.network import Network


def run_without_contents(
    network: Network,
    watcher: TorchDispatchMode,
    *,
    batch: int,
    width: int,
    height: int,
    positions: Sequence[Fraction],
) -> bool:
    """Draw one batch while `watcher` sees every operation.

    Returns:
        False when the network cannot be run so: it looks at values, or is not made of torch operations.
    """
    ghosts = {
        name: tensor.to("meta") for name, tensor in [*network.named_parameters(), *network.named_buffers()]
    }
    window = torch.empty((batch, network.num_inputs, 3, height, width), device="meta")
    try:
        with watcher:
            functional_call(network, ghosts, (window, positions))
    except (RuntimeError, NotImplementedError, TypeError, ValueError):
        return False
    return True
