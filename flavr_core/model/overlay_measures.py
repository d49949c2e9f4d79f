"""What is writing that stands still, in numbers; see `overlays`."""

from __future__ import annotations

SAME = 4 / 255
"""Spread over the frames at which a pixel counts for 1/e as standing still; of [0, 1]."""
EDGE_SAME = 3 * SAME
"""The same at letters that were found in a smaller picture: their edges are soft."""
CONTRAST = 0.1
"""Least difference of a stroke from the mean around it; twice as much counts wholly."""
AROUND_PX = 7
"""Side of the square that a stroke is compared with."""
BLOCK_PX = 8
"""Whether surroundings move is asked of blocks, five by five of them."""
MOVING = (0.45, 0.55)
"""Share of changing pixels around at which writing begins to count, and counts wholly."""
DENSE = (0.2, 0.4)
"""Share of pixels standing still among the nine nearest, alike: one alone is chance."""
LINE_BLOCKS = (3, 17)
"""Rows and columns of blocks in which writing is looked for in number."""
CROWD = (0.03, 0.06)
"""Share of strokes there, alike: a few alone are ground that something passes over."""
COVERED = 0.02
"""What a pixel under writing counts when the colour around is told, one beside it 1."""
SMALLEST_PX = 5 * BLOCK_PX
"""Smaller pictures have no surroundings to compare with."""
REDUCED_PX = 270
"""Short side of the picture in which writing is looked for: where pixels are more, letters are larger."""


def reduction(height: int, width: int) -> int:
    """How many times smaller a picture is looked at. Colours around are told from blocks that much larger."""
    return max(1, round(min(height, width) / REDUCED_PX))
