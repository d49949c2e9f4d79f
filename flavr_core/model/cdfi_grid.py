"""CDFI's synthesis as it is drawn on a GPU: what lies between convolutions takes as few passes as can be.

What a convolution makes is biased, rectified and added to in the pass that writes it, which writes it once
more for each block that begins with a rectifier; enlarged features are rectified as they are written.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flavr_core.model.cdfi_filters import convolved
from flavr_core.model.fused import use_fused
from flavr_core.model.gridnet import COLUMNS, Block, GridNet, GridWidths, Lateral


class DrawnGrid(GridNet):
    """GridNet whose last channels may be there to fill a vector: the first `outputs` are the picture's."""

    def __init__(self, widths: GridWidths, *, outputs: int) -> None:
        super().__init__(widths)
        self.outputs = outputs
        if self.lateral_final.conv is None:  # there is one, however many channels it was filled up to
            self.lateral_final.conv = nn.Conv2d(widths.rows[0], widths.outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """See `GridNet`."""
        if torch.is_grad_enabled() or not use_fused(x):
            return super().forward(x)[:, : self.outputs]
        return _Drawing(self).draw(x)[:, : self.outputs]


class _Drawing:
    """One pass of a grid; remembers what was rectified ahead, {rectifier: what it made}."""

    def __init__(self, grid: GridNet) -> None:
        self._grid = grid
        self._ahead: dict[nn.Module, Tensor] = {}

    def draw(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        x = x.contiguous(memory_format=torch.channels_last)  # strips of several pictures are not
        rows = [self._run("lateral_init", x, after=("lateral_0_0", "down_0_0"))]
        rows.append(self._run("down_0_0", rows[0], after=("lateral_1_0", "down_1_0")))
        rows.append(self._run("down_1_0", rows[1], after=("lateral_2_0",)))
        for column in range(1, COLUMNS // 2):
            for row in range(3):
                # What comes next takes the sum with what comes from above; of the last row nothing goes down.
                after = (f"lateral_{row}_{column}", f"down_{row}_{column}")[: 1 if row == 2 else 2]
                beside = self._run(f"lateral_{row}_{column - 1}", rows[row], after=() if row else after)
                if row:
                    beside = self._run(f"down_{row - 1}_{column}", rows[row - 1], added=beside, after=after)
                rows[row] = beside
        for column in range(COLUMNS // 2, COLUMNS):
            for row in reversed(range(3)):
                after = (f"lateral_{row}_{column}",) if column < COLUMNS - 1 else ("lateral_final",)[row:]
                beside = self._run(f"lateral_{row}_{column - 1}", rows[row], after=after if row == 2 else ())
                if row < 2:
                    up = f"up_{row}_{column - COLUMNS // 2}"
                    beside = self._run(up, rows[row + 1], added=beside, after=after)
                rows[row] = beside
        return self._run("lateral_final", rows[0])

    def _run(
        self, name: str, x: Tensor, *, added: Tensor | None = None, after: tuple[str, ...] = ()
    ) -> Tensor:
        """A block's result, with `added`, and rectified for the blocks after it."""
        block = self._block(name)
        first, convolution, second, last = _layers(block)
        if isinstance(block, Lateral):
            added = x if block.conv is None else convolved(block.conv, x)[0]
        hidden, _ = convolved(
            convolution, self._begun(first, x, is_larger=len(block.f) > 4), rectifier=second
        )
        ahead = [_layers(self._block(each))[0] for each in after]
        result, rectified = convolved(last, hidden, added=added, ahead=ahead)
        self._ahead.update(zip(ahead, rectified, strict=True))
        return result

    def _block(self, name: str) -> Block:
        block = self._grid.get_submodule(name)
        assert isinstance(block, Block)
        return block

    def _begun(self, rectifier: nn.PReLU, x: Tensor, *, is_larger: bool) -> Tensor:
        """What a block's first convolution looks at."""
        from flavr_core.model.layers_triton import enlarge, finish

        if is_larger:
            size = (2 * x.shape[2], 2 * x.shape[3])
            return enlarge(x, size, align_corners=False, slope=rectifier.weight)
        if rectifier in self._ahead:
            return self._ahead.pop(rectifier)
        return finish(x, None, rectifier, None, result=torch.empty_like(x))


def _layers(block: Block) -> tuple[nn.PReLU, nn.Conv2d, nn.PReLU, nn.Conv2d]:
    """A block's layers, but for the enlargement that it may begin with."""
    first, convolution, second, last = list(block.f)[-4:]
    assert isinstance(first, nn.PReLU)
    assert isinstance(second, nn.PReLU)
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(last, nn.Conv2d)
    return first, convolution, second, last
