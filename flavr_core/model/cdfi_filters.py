"""A convolution of CDFI's synthesis with what follows: bias, rectifier, sum, rectifiers of what comes next.

By the library's convolution and one pass after it; or, where that was found quicker, by one program for
Hopper GPUs that does all (`cdfi_filters_triton`), which is compared with the former before it is used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.fused import has_triton

BLOCK = 32
"""Channels that a program reads and makes at a time."""
MADE = (32, 64)
"""Channels of layers that programs are quicker for: 96 take as long by either way."""
ROWS = "rows"
"""Name of the buffer of a layer that holds its weights as the programs read them."""
MOST_ERROR = 2e-3
"""Of a result's norm, in halves, whose rounding is 2e-4."""

_log = logging.getLogger(__name__)


def lay_out(module: nn.Module) -> None:
    """Give all layers inside that the programs can do their weights as these read them."""
    for layer in module.modules():
        if not isinstance(layer, nn.Conv2d) or layer.in_channels % BLOCK or layer.out_channels not in MADE:
            continue
        if (layer.kernel_size, layer.stride) == ((3, 3), (1, 1)):
            layer.register_buffer(ROWS, laid_out(layer.weight.detach()), persistent=False)


def laid_out(weight: Tensor) -> Tensor:
    """Weights (O, I, 3, 3) as the programs read them: (O / 32 * I / 32 * 9 * 32, 32).

    For each 32 outputs, for each 32 inputs, for each tap across, for each tap down: a row for each output.
    """
    outputs, inputs = weight.shape[:2]
    parts = weight.reshape(outputs // BLOCK, BLOCK, inputs // BLOCK, BLOCK, 3, 3)
    return parts.permute(0, 2, 5, 4, 1, 3).reshape(-1, BLOCK).contiguous()


def convolved(
    layer: nn.Conv2d,
    x: Tensor,
    *,
    rectifier: nn.PReLU | None = None,
    added: Tensor | None = None,
    ahead: Sequence[nn.PReLU] = (),
) -> tuple[Tensor, list[Tensor]]:
    """What a layer makes of x, rectified, with `added` added; and that rectified by each of `ahead`.

    Convention: x (N, C, H, W), channels last in memory, on a device with kernels; `added` and all results
    (N, C', H', W'). At most two rectifiers are ahead; all have one slope. No gradients pass.
    """
    rows = getattr(layer, ROWS, None)
    if isinstance(rows, Tensor) and layer.bias is not None and is_programmed(x):
        from flavr_core.model.cdfi_filters_triton import convolve

        slope = None if rectifier is None else rectifier.weight
        return convolve(x, rows, layer.bias, slope=slope, added=added, ahead=[each.weight for each in ahead])
    from flavr_core.model.layers_triton import finish

    assert not isinstance(layer.padding, str)
    result = functional.conv2d(x, layer.weight, None, layer.stride, layer.padding)
    result = result.contiguous(memory_format=torch.channels_last)
    copies = [(each.weight, torch.empty_like(result)) for each in ahead]
    finish(result, layer.bias, rectifier, added, copies=copies)
    return result, [copy for _, copy in copies]


def is_programmed(x: Tensor) -> bool:
    """Whether there are programs for such features, and they are right."""
    if x.dtype != torch.float16 or not x.is_contiguous(memory_format=torch.channels_last):
        return False
    return x.device.type == "cuda" and _is_sound(x.device.index or 0)


@lru_cache(maxsize=16)
def _is_sound(device: int) -> bool:
    if torch.cuda.get_device_capability(device) != (9, 0) or not has_triton():
        return False
    try:
        error = find_error(torch.device("cuda", device))
    except Exception as problem:  # a compiler that is missing, or fails in any way, must not stop a job
        _log.warning("Filters of our own are not used on cuda:%d: %s", device, type(problem).__name__)
        return False
    if not error <= MOST_ERROR:
        _log.warning("Filters of our own are not used on cuda:%d: they are %.1e off", device, error)
        return False
    return True


def find_error(device: torch.device) -> float:
    """The programs' largest error, as a share of a result's norm; what is no number stays so."""
    from flavr_core.model.cdfi_filters_triton import convolve

    generator = torch.Generator().manual_seed(17)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device, torch.float16)

    errors = []
    kinds = ((96, 32, True, False, 0), (32, 64, False, True, 1), (32, 32, True, True, 2))
    for inputs, outputs, is_rectified, has_added, ahead in kinds:
        # More than one tile each way, none of them full.
        x = random(2, inputs, 13, 70).contiguous(memory_format=torch.channels_last)
        weight, bias = random(outputs, inputs, 3, 3) / (3 * inputs**0.5), random(outputs)
        slope, *slopes = (random(1) for _ in range(3))
        added = random(2, outputs, 13, 70).contiguous(memory_format=torch.channels_last)
        given, copies = convolve(
            x, laid_out(weight), bias, slope=slope if is_rectified else None,
            added=added if has_added else None, ahead=slopes[:ahead],
        )  # fmt: skip
        wanted = functional.conv2d(x.float(), weight.float(), bias.float(), padding=1)
        wanted = functional.prelu(wanted, slope.float()) if is_rectified else wanted
        wanted = wanted + added.float() if has_added else wanted
        errors.append(_error(wanted, given))
        errors += [
            _error(functional.prelu(wanted, each.float()), copy)
            for each, copy in zip(slopes[:ahead], copies, strict=True)
        ]
    return float(torch.tensor(errors).max())


def _error(wanted: Tensor, given: Tensor) -> float:
    return float((given.float() - wanted).norm() / wanted.norm())
