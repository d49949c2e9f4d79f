"""`overlays.without_overlays` on the CPU by its GPU kernels: needs TRITON_INTERPRET=1.

Arguments: height, width, short side of the picture in which writing is looked for. Prints the largest
difference to the plain way, and the most that is changed.
"""

from __future__ import annotations

import sys

import torch
from torch.nn import functional

from flavr_core.model import overlay_measures
from flavr_core.model.fourflow_ends_triton import lay_frames
from flavr_core.model.ground_triton import lay_ground
from flavr_core.model.overlays import overlay_share, without_overlays
from flavr_core.model.overlays_triton import look_at_frames


def main() -> None:
    """Take bars that stand still over a pan away, both ways; the second window has none."""
    height, width, overlay_measures.REDUCED_PX = map(int, sys.argv[1:])
    factor = overlay_measures.reduction(height, width)
    torch.manual_seed(0)
    grain = functional.interpolate(torch.rand(2, 3, 30, 40), size=(height + 30, width + 40), mode="bicubic")
    grain = grain.clamp(0, 1)
    views = [grain[..., 6 * step : 6 * step + height, 8 * step : 8 * step + width] for step in range(4)]
    window = torch.stack(views, dim=1).contiguous()
    for column in range(width // 4, width - 8 * factor, 7 * factor):
        window[0, :, :, height // 2 : height // 2 + 12 * factor, column : column + 2 * factor] = 1
    share, inner = overlay_share(window), window[:, 1:3]
    wanted = without_overlays(inner, share)
    frames = window.flatten(0, 1)
    places = torch.arange(8, dtype=torch.int32).view(2, 4)
    rows, columns = -(-height // 16) * 8, -(-width // 16) * 8
    cells = lay_frames(frames, rows, columns, torch.float32)
    _, strokes = look_at_frames(frames, places, torch.float32)
    assert strokes is not None
    ground, fetched_from = lay_ground(cells, frames, places, strokes)
    assert fetched_from[:, 1:3].tolist() == [[0, 1], [2, 3]]
    difference = ground - lay_frames(wanted.flatten(0, 1), rows, columns, torch.float32)
    print(float(difference.abs().max()), *(float(x.abs().max()) for x in wanted - inner))


if __name__ == "__main__":
    main()
