"""The fused kernels compared with the plain operators on a device. Imported only where Triton is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from flavr_core.model.adacof_sampling import sample_plainly
from flavr_core.model.adacof_sampling_triton import sample_fused, sample_softly_fused
from flavr_core.model.cdfi_table_triton import lay_features, lay_frame
from flavr_core.model.cost_volume import cost_volume_plainly
from flavr_core.model.cost_volume_triton import cost_volume_fused
from flavr_core.model.layers_triton import enlarge, finish
from flavr_core.model.splatting import splat_plainly
from flavr_core.model.splatting_triton import splat_fused, splat_into
from flavr_core.model.uprnet_triton import KNOWN, ROOM, gather_known, mix

MOST_ERROR = {torch.float32: 2e-5, torch.float16: 5e-3}
"""Largest error that is left to rounding, as a share of the largest value."""

Operator = Callable[..., Tensor]


def find_faults(device: torch.device) -> list[str]:
    """Each operator whose kernel gives something else than its plain way, and by how much."""
    errors = [
        (name, _error(wanted, given), MOST_ERROR[given.dtype])
        for name, plain, fused, inputs in _cases(device)
        for wanted, given in zip(_with_gradients(plain, inputs), _with_gradients(fused, inputs), strict=True)
    ]
    made = (_soft_samples(device), _tables(device), _finished_layers(device), _synthesis_parts(device))
    for results in made:
        errors += [(name, _error(wanted, given), MOST_ERROR[given.dtype]) for name, wanted, given in results]
    # What is no number is a fault too.
    return [f"{name} is {error:.1e} off" for name, error, most in errors if not error <= most]


def _error(wanted: Tensor, given: Tensor) -> float:
    return float((wanted - given).abs().max() / wanted.abs().max())


def _with_gradients(operator: Operator, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    with torch.inference_mode(False), torch.enable_grad():
        leaves = [tensor.clone().requires_grad_() for tensor in inputs]
        result = operator(*leaves)
        # Each value counts differently, so that no two errors cancel.
        count = torch.linspace(-1, 1, result.numel(), device=result.device).view(result.shape)
        return [result.detach(), *torch.autograd.grad((result * count).sum(), leaves)]


def _cases(device: torch.device) -> Iterator[tuple[str, Operator, Operator, tuple[Tensor, ...]]]:
    generator = torch.Generator().manual_seed(7)  # inputs are made on the CPU: the same on every device

    def random(*shape: int, scale: float = 1.0) -> Tensor:
        return (torch.randn(*shape, generator=generator) * scale).to(device)

    for kernel, dilation, channels, margin in ((5, 1, 3, 0), (3, 2, 70, 2)):
        first = margin - dilation * (kernel - 1) // 2
        size = (19, 23)
        # Offsets keep clear of whole numbers, where truncation jumps and rounding decides.
        offsets = [random(2, kernel**2, *size, scale=4).round() + 0.4 for _ in range(2)]
        fields = (random(2, kernel**2, *size, scale=1 / kernel), *offsets)
        image = random(2, channels, size[0] + 2 * margin, size[1] + 2 * margin)

        def plain(*inputs: Tensor, dilation: int = dilation, first: int = first) -> Tensor:
            return sample_plainly(*inputs, dilation=dilation, first=(first, first))

        def fused(*inputs: Tensor, dilation: int = dilation, first: int = first) -> Tensor:
            return sample_fused(*inputs, dilation=dilation, first=(first, first))

        yield f"adaptive sampling ({kernel} x {kernel}, {channels} channels)", plain, fused, (image, *fields)

    def splatted(values: Tensor, flow: Tensor) -> Tensor:
        return splat_fused([values], flow)[0]

    for channels in (3, 70):
        carried = (random(2, channels, 19, 23), random(2, 2, 19, 23, scale=3).round() + 0.3)
        yield f"splatting ({channels} channels)", splat_plainly, splatted, carried

    def costs(first: Tensor, second: Tensor) -> Tensor:
        return cost_volume_plainly(first, second, radius=4)

    def costs_fused(first: Tensor, second: Tensor) -> Tensor:
        return cost_volume_fused(first, second, radius=4)

    for channels in (24, 70):
        pair = (random(2, channels, 11, 37), random(2, channels, 11, 37))
        yield f"the cost volume ({channels} channels)", costs, costs_fused, pair


def _soft_samples(device: torch.device) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Sampling whose weights are made to sum to one on the way, which gradients do not pass through."""
    generator = torch.Generator().manual_seed(11)
    single, half = torch.float32, torch.float16
    for kernel, channels, margin, dtype in ((5, 3, 0, single), (3, 64, 2, single), (5, 64, 1, half)):
        size = (19, 23)
        shape = (2, kernel**2, *size)
        logits, down, across = (torch.randn(shape, generator=generator).to(device) for _ in range(3))
        # Parts that halves hold, so that both ways look at the same places.
        down, across = (4 * down).round() + 0.375, (4 * across).round() + 0.375
        around = [side + 2 * margin for side in size]
        image = torch.randn(2, channels, *around, generator=generator).to(device, dtype)
        # Fields lie as convolutions leave them, channels last and filled up.
        logits, down, across = (
            functional.pad(field.to(dtype), (0, 0, 0, 0, 0, -(kernel**2) % 8), value=9.0).contiguous(
                memory_format=torch.channels_last
            )[:, : kernel**2]
            for field in (logits, down, across)
        )
        first = margin - (kernel - 1) // 2
        with torch.no_grad():
            fields = (logits.float().softmax(1), down.float(), across.float())
            wanted = sample_plainly(image.float(), *fields, dilation=1, first=(first, first))
            given = sample_softly_fused(image, logits, down, across, dilation=1, first=(first, first))
        yield f"soft sampling ({kernel} x {kernel}, {channels} channels, {dtype})", wanted, given


def _tables(device: torch.device) -> Iterator[tuple[str, Tensor, Tensor]]:
    """What CDFI samples: features of five scales and a frame."""
    generator = torch.Generator().manual_seed(12)
    size, counts, margin = (19, 23), (4, 8, 12, 4, 20), 3
    features = [
        torch.randn(2, count, 17 >> scale, 24 >> scale, generator=generator).to(device)
        for scale, count in enumerate(counts)
    ]
    biases = [torch.randn(count, generator=generator).to(device) for count in counts]
    frame = torch.randn(2, 3, *(side - 2 * margin for side in size), generator=generator).to(device)
    parts = [
        functional.interpolate(x + bias[:, None, None], size=size, mode="bilinear", align_corners=False)
        for x, bias in zip(features, biases, strict=True)
    ]
    parts.append(functional.pad(frame, (margin,) * 4, mode="replicate"))
    wanted = functional.pad(torch.cat(parts, 1), (0, 0, 0, 0, 0, 1))
    given = torch.empty_like(wanted, memory_format=torch.channels_last)
    lay_features(given, [functional.pad(x, (0, 0, 0, 0, 0, 4)) for x in features], biases)
    lay_frame(given, frame, margin, begin=sum(counts))
    yield "a table of features", wanted, given


def _finished_layers(device: torch.device) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Convolutions with what follows them, which are fused where no gradients are wanted."""
    generator = torch.Generator().manual_seed(9)
    for rectifier in (None, nn.ReLU(), nn.LeakyReLU(0.1), nn.PReLU(), nn.PReLU(20)):
        for has_added in (False, True):
            x, bias, added = (
                torch.randn(shape, generator=generator).to(device).contiguous(memory_format=last)
                for shape, last in (
                    ((2, 20, 7, 9), torch.channels_last),
                    ((20,), torch.contiguous_format),
                    ((2, 20, 7, 9), torch.channels_last),
                )
            )
            rectify = nn.Identity() if rectifier is None else rectifier.to(device)
            with torch.no_grad():
                wanted = rectify(x + bias[:, None, None])
                wanted = wanted + added if has_added else wanted
                given = finish(x, bias, rectifier, added if has_added else None)
            yield f"what follows a convolution ({rectifier})", wanted, given
    slopes = [torch.randn(1, generator=generator).to(device) for _ in range(3)]
    copies = [(slope, torch.empty_like(given)) for slope in slopes[:2]]
    with torch.no_grad():
        given = finish(wanted.clone(), bias, None, None, copies=copies)
    for slope, copy in copies:
        yield "what comes after that", functional.prelu(wanted + bias[:, None, None], slope), copy
    x = torch.randn(2, 20, 7, 9, generator=generator).to(device)
    for align_corners in (False, True):
        wanted = functional.interpolate(x, size=(17, 23), mode="bilinear", align_corners=align_corners)
        given = enlarge(x, (17, 23), align_corners=align_corners, rows=slice(2, 15))
        yield "enlargement", wanted[:, :, 2:15], given
        given = enlarge(x, (17, 23), align_corners=align_corners, slope=slopes[2])
        yield "enlargement with a rectifier", functional.prelu(wanted, slopes[2]), given


def _synthesis_parts(device: torch.device) -> Iterator[tuple[str, Tensor, Tensor]]:
    """What UPR-Net's synthesis looks at and what is made of its result, of two windows at a quarter."""
    generator = torch.Generator().manual_seed(13)
    t = 0.25

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device)

    frames, last, features = random(4, 3, 9, 11), random(2, 3, 9, 11), random(4, 20, 9, 11)
    flow = (3 * random(4, 2, 9, 11)).round() + 0.3
    with torch.no_grad():
        carried = splat_plainly(frames, flow)
        beside = random(2, 50, 9, 11).contiguous(memory_format=torch.channels_last)
        splat_into([beside[:, 10:]], [features], flow)
        yield "splatting side by side", torch.cat(splat_plainly(features, flow).chunk(2), 1), beside[:, 10:]
        before, after = carried.chunk(2)
        for own in (last, None):
            first = before * (1 - t) + after * t if own is None else own
            known = torch.cat((first, before, after, *frames.chunk(2), *flow.chunk(2)), 1)
            wanted = functional.pad(known, (0, 0, 0, 0, 0, ROOM - KNOWN))
            yield "what a synthesis looks at", wanted, gather_known(own, carried, frames, flow, t)
        predicted = random(2, 5, 9, 11)
        shares = predicted[:, 3:].sigmoid() * torch.tensor([1 - t, t], device=device)[:, None, None]
        mixed = (before * shares[:, :1] + after * shares[:, 1:]) / shares.sum(1, keepdim=True)
        wanted = (mixed + 2 * predicted[:, :3].sigmoid() - 1).clamp(0, 1)
        yield "what a synthesis makes", wanted, mix(predicted, carried, t)
