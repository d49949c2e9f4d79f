"""Layers one after the other, each convolution with what follows it in as few passes as the device allows.

PyTorch adds a bias in a pass of its own and rectifies in another; with few channels these take as long as the
convolution. On CUDA, where no gradients are wanted, the library's convolution does both itself where it can
(halves, simple rectifiers), and one kernel of ours does them elsewhere (`layers_triton`), and enlarges.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.fused import use_fused

Convolution = nn.Conv2d | nn.ConvTranspose2d
Rectifier = nn.ReLU | nn.LeakyReLU | nn.PReLU


def run_layers(
    layers: Iterable[nn.Module], x: Tensor, *, added: Tensor | None = None, result: Tensor | None = None
) -> Tensor:
    """The layers' result for x, with `added` added to it.

    Convention: x (N, C, H, W); `added` like the result. The same as calling the layers up to rounding. Where
    `result` is given it is filled and returned: some channels of a picture whose channels lie last in memory,
    which saves joining tensors afterwards. No gradients pass then.
    """
    steps = list(layers)
    if torch.is_grad_enabled() or not use_fused(x):
        for step in steps:
            x = step(x)
        x = x if added is None else x + added
        return x if result is None else result.copy_(x)
    while steps:
        step = steps.pop(0)
        if isinstance(step, Convolution):
            rectifier = steps.pop(0) if steps and isinstance(steps[0], Rectifier) else None
            if not steps:
                return _convolved(step, rectifier, x, added, result)
            x = _convolved(step, rectifier, x, None, None)
        elif isinstance(step, nn.PReLU) and x.is_contiguous(memory_format=torch.channels_last):
            from flavr_core.model.layers_triton import finish

            x = finish(x, None, step, None, result=torch.empty_like(x))
        elif isinstance(step, nn.Upsample):
            x = enlarged(x, align_corners=bool(step.align_corners))
        else:
            x = step(x)
    x = x if added is None else x + added
    return x if result is None else result.copy_(x)


def enlarged(x: Tensor, *, align_corners: bool, rows: slice | None = None) -> Tensor:
    """Some rows of x at twice its size, bilinearly.

    Convention: x (N, C, h, w); returns (N, C, rows, 2 * w), all rows where none are named.
    """
    height, width = 2 * x.shape[2], 2 * x.shape[3]
    if not torch.is_grad_enabled() and use_fused(x):
        from flavr_core.model.layers_triton import enlarge

        return enlarge(x, (height, width), align_corners=align_corners, rows=rows)
    large = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=align_corners)
    return large if rows is None else large[:, :, rows]


def halved(x: Tensor) -> Tensor:
    """Means of two by two pixels: (N, C, H, W) to (N, C, H / 2, W / 2), H and W even."""
    size = (x.shape[2] // 2, x.shape[3] // 2)
    if not torch.is_grad_enabled() and use_fused(x):
        from flavr_core.model.layers_triton import enlarge

        # Halfway between pixels both count the same; the library's pooling takes seven times as long.
        return enlarge(x, size, align_corners=False)
    return functional.avg_pool2d(x, 2)


def resize_into(result: Tensor, x: Tensor) -> None:
    """Fill some channels of a picture with x at its size, bilinearly, between pixels' edges.

    Convention: x (N, C, h, w); result (N, C, H, W), channels last in memory, of a picture with more of them.
    """
    size = (result.shape[2], result.shape[3])
    if not torch.is_grad_enabled() and use_fused(x):
        from flavr_core.model.layers_triton import enlarge

        enlarge(x, size, align_corners=False, result=result)
    else:
        result.copy_(functional.interpolate(x, size=size, mode="bilinear", align_corners=False))


def _convolved(
    step: Convolution,
    rectifier: nn.Module | None,
    x: Tensor,
    added: Tensor | None,
    result: Tensor | None,
) -> Tensor:
    bias, padding = step.bias, _pixels(step)
    is_simple = isinstance(rectifier, nn.ReLU) and bias is not None and added is None and result is None
    if isinstance(step, nn.ConvTranspose2d):
        x = functional.conv_transpose2d(x, step.weight, None, step.stride, padding)
    elif is_simple and _library_rectifies(x, step.weight):
        return torch.cudnn_convolution_relu(x, step.weight, bias, step.stride, padding, step.dilation, 1)
    else:
        x = functional.conv2d(x, step.weight, None, step.stride, padding)
    if x.is_contiguous(memory_format=torch.channels_last):
        if bias is None and rectifier is None and added is None and result is None:
            return x
        from flavr_core.model.layers_triton import finish

        return finish(x, bias, rectifier, added, result=result)
    x = x if bias is None else x + bias[:, None, None]
    x = x if rectifier is None else rectifier(x)
    x = x if added is None else x + added
    return x if result is None else result.copy_(x)


def _library_rectifies(x: Tensor, weight: Tensor) -> bool:
    """Whether cuDNN is there and asked for halves; under autocast features and filters differ."""
    has_cudnn = torch.version.cuda is not None and torch.backends.cudnn.enabled
    return has_cudnn and x.dtype == weight.dtype != torch.float32


def _pixels(step: Convolution) -> tuple[int, ...]:
    assert not isinstance(step.padding, str)
    return step.padding
