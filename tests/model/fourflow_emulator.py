"""FourFlow on the CPU by its GPU kernels: needs TRITON_INTERPRET=1.

Arguments: element type, whether filters are our own (0 or 1), windows, height, width.
Prints the largest differences to the plain network's pictures, also with frames encoded before, and flow, of
ranges of 1 and of some pixels.
"""

from __future__ import annotations

import sys
from fractions import Fraction

import torch
from torch.nn import functional

from flavr_core.model.fourflow import FourFlow, FourFlowWidths
from flavr_core.model.fourflow_fast import FastFourFlow
from flavr_core.model.fourflow_filters import Filters
from flavr_core.model.shared_frames import SharedFrames

SMALL = FourFlowWidths(
    half=8, quarter=12, eighth=16, sixteenth=24, motion_half=12, motion_quarter=16, motion_eighth=24,
    motion_sixteenth=32, synthesis_half=12, synthesis_quarter=16, synthesis_eighth=24,
)  # fmt: skip


def moving_network() -> FourFlow:
    """A small network whose every layer and bias counts; pixels come from up to some tens of pixels away."""
    torch.manual_seed(1)
    network = FourFlow(SMALL).eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if ".head." in name:
            parameter.normal_(std=0.05)
        elif name.endswith("bias"):
            parameter.normal_(std=0.1)
    return network


def moving_window(count: int, height: int, width: int) -> torch.Tensor:
    """Smooth pictures that pan under a line that stands still; of two windows one repeats its first frame."""
    grain = torch.rand(count, 3, 9, 9, generator=torch.Generator().manual_seed(2))
    ground = functional.interpolate(grain, size=(height + 12, width + 18), mode="bicubic")
    window = torch.stack(
        [ground[..., 4 * i : 4 * i + height, 6 * i : 6 * i + width] for i in range(4)], dim=1
    )
    window[..., height // 3 : height // 3 + 2, : width // 2] = 1
    if count > 1:
        window[1, 0] = window[1, 1]
    return window.contiguous()


def main() -> None:
    """Draw both ways."""
    dtype, (own, count, height, width) = getattr(torch, sys.argv[1]), map(int, sys.argv[2:])
    torch.set_num_threads(2)
    plain, window = moving_network(), moving_window(count, height, width)
    fast = FastFourFlow(plain, dtype=dtype, filters=Filters.TAPS if own else Filters.LIBRARY).eval()
    positions = (Fraction(1, 3),)
    with torch.inference_mode():
        wanted = plain(window, positions)
        drawn = fast(window, positions) - wanted
        shared, names = (
            SharedFrames(fast),
            [[(number, place) for place in range(4)] for number in range(count)],
        )
        frames = [one.unbind(1) for one in window.split(1)]
        shared([one[::-1] for one in frames], [row[::-1] for row in names], positions)
        again = shared(frames, names, positions) - wanted
        flow = fast.estimate_flow(window) - plain.estimate_flow(window)
    assert shared.encoded == 4 * count
    print(*(float(difference.abs().max()) for difference in (drawn, again, flow)))


if __name__ == "__main__":
    main()
