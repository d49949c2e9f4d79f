"""The flow between two frames, as the network that is in use sees it. torch is imported where it needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flavr_core.errors import ModelError
from flavr_core.frame import Frame
from flavr_core.model.flows import FlowEstimator, GapFlow, classical_flow

if TYPE_CHECKING:
    from flavr_core.model.network import Network
    from flavr_core.model.planes import PlaneNetwork


def knows_flow(network: Network | PlaneNetwork) -> bool:
    """Whether `flow_between` has something to show of this network."""
    return isinstance(network, FlowEstimator) or network.name == "motion"


def flow_between(network: Network | PlaneNetwork, before: Frame, after: Frame) -> GapFlow:
    """Where the pixels of two frames go.

    Args:
        network: who is asked; on its device already.
        before: the frame before the gap.
        after: the frame after it, of the same size.

    Raises:
        ModelError: when the network estimates no flow.
    """
    if isinstance(network, FlowEstimator):
        return _estimated(network, before, after)
    if network.name == "motion":
        return classical_flow(before, after)
    raise ModelError(
        f"{network.name} draws without optical flow that could be shown.",
        "Use motion, fourflow or a UPR-Net.",
    )


def _estimated(network: FlowEstimator, before: Frame, after: Frame) -> GapFlow:
    import torch

    from flavr_core.engine.pictures import PictureCache
    from flavr_core.engine.precision import full_fp32
    from flavr_core.model.network import Network

    assert isinstance(network, Network)
    pictures = PictureCache(network.device, capacity=2)
    half = network.num_inputs // 2
    with torch.inference_mode(), full_fp32():
        pair = [pictures.picture(frame).rgb for frame in (before, after)]
        window = torch.stack([pair[0]] * half + [pair[1]] * half, 1)  # (1, T, 3, H, W)
        flow = network.estimate_flow(window)[0].float().cpu().numpy()  # (4, H, W)
    forward, backward = (np.ascontiguousarray(part.transpose(1, 2, 0)) for part in (flow[:2], flow[2:]))
    return GapFlow(forward=forward, backward=backward)
