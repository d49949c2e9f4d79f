"""GridNet: three rows of features at 1, 1/2 and 1/4 of the size, joined downwards and then upwards.

Fourure et al., "Residual Conv-Deconv Grid Network for Semantic Segmentation", BMVC 2017, in the form that
frame interpolation uses since Niklaus and Liu, "Context-aware Synthesis", CVPR 2018; written from the papers.
Each block is rectify, convolve, rectify, convolve; the rectifiers learn one slope each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from flavr_core.model.layers import run_layers

COLUMNS = 6
"""Features of each row: half of them gather from above, the other half from below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridWidths:
    """Channels of a GridNet."""

    inputs: int
    """Channels it is given."""
    rows: tuple[int, int, int]
    """Channels of the rows, finest first."""
    outputs: int
    """Channels it gives."""


class Block(nn.Module):
    """Rectify, convolve, rectify, convolve.

    `before` is what the input passes through first (its place among the layers is the authors', for their
    parameters' names); `stride` is the first convolution's.
    """

    def __init__(
        self, inputs: int, outputs: int, *, stride: int = 1, before: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.f = nn.Sequential(
            *([] if before is None else [before]),
            nn.PReLU(),
            nn.Conv2d(inputs, outputs, 3, stride, 1),
            nn.PReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H', W')."""
        return run_layers(self.f, x)


class Lateral(Block):
    """A block beside the identity, or beside one convolution where the channels change."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        kept = x if self.conv is None else self.conv(x)
        return run_layers(self.f, x, added=kept)


class GridNet(nn.Module):
    """Features in, picture out; heights and widths are multiples of four."""

    def __init__(self, widths: GridWidths) -> None:
        super().__init__()
        rows = widths.rows
        self.lateral_init = Lateral(widths.inputs, rows[0])
        for row, width in enumerate(rows):
            for column in range(COLUMNS - 1):
                self.add_module(f"lateral_{row}_{column}", Lateral(width, width))
        for row in range(len(rows) - 1):
            for column in range(COLUMNS // 2):
                self.add_module(f"down_{row}_{column}", Block(rows[row], rows[row + 1], stride=2))
                larger = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
                self.add_module(f"up_{row}_{column}", Block(rows[row + 1], rows[row], before=larger))
        self.lateral_final = Lateral(rows[0], widths.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        part: Callable[[str], nn.Module] = self.get_submodule
        grid: list[Tensor] = [self.lateral_init(x)]
        for row in range(2):
            grid.append(part(f"down_{row}_0")(grid[row]))
        for column in range(1, COLUMNS // 2):
            for row in range(3):
                grid[row] = part(f"lateral_{row}_{column - 1}")(grid[row])
                if row:
                    grid[row] = grid[row] + part(f"down_{row - 1}_{column}")(grid[row - 1])
        for column in range(COLUMNS // 2, COLUMNS):
            for row in reversed(range(3)):
                grid[row] = part(f"lateral_{row}_{column - 1}")(grid[row])
                if row < 2:
                    grid[row] = grid[row] + part(f"up_{row}_{column - COLUMNS // 2}")(grid[row + 1])
        drawn: Tensor = self.lateral_final(grid[0])
        return drawn
