"""Layers one after the other, each convolution with what follows it in as few passes as the device allows.

PyTorch adds a bias in a pass of its own and rectifies in another; with few channels these take as long as the
convolution. On CUDA, where no gradients are wanted, one kernel (`layers_triton`) does both.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.fused import use_fused

Convolution = nn.Conv2d | nn.ConvTranspose2d
Rectifier = nn.ReLU | nn.LeakyReLU | nn.PReLU


def run_layers(layers: Iterable[nn.Module], x: Tensor, *, added: Tensor | None = None) -> Tensor:
    """The layers' result for x, with `added` added to it.

    Convention: x (N, C, H, W); `added` like the result. The same as calling the layers up to rounding.
    """
    steps = list(layers)
    if torch.is_grad_enabled() or not use_fused(x):
        for step in steps:
            x = step(x)
        return x if added is None else x + added
    while steps:
        step = steps.pop(0)
        if not isinstance(step, Convolution):
            x = step(x)
            continue
        rectifier = steps.pop(0) if steps and isinstance(steps[0], Rectifier) else None
        last = None if steps else added
        x = _convolved(step, rectifier, x, last)
        added = added if steps else None
    return x if added is None else x + added


def _convolved(step: Convolution, rectifier: nn.Module | None, x: Tensor, added: Tensor | None) -> Tensor:
    if isinstance(step, nn.ConvTranspose2d):
        x = functional.conv_transpose2d(x, step.weight, None, step.stride, _pixels(step))
    else:
        x = functional.conv2d(x, step.weight, None, step.stride, _pixels(step))
    if step.bias is not None and x.is_contiguous(memory_format=torch.channels_last):
        from flavr_core.model.layers_triton import finish

        return finish(x, step.bias, rectifier, added)
    if step.bias is not None:
        x = x + step.bias[:, None, None]
    x = x if rectifier is None else rectifier(x)
    return x if added is None else x + added


def _pixels(step: Convolution) -> tuple[int, ...]:
    assert not isinstance(step.padding, str)
    return step.padding
