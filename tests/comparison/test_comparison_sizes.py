"""Comparisons of two sizes that are written to a file: a smaller copy of a picture differs in nothing."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from flavr_core.color import ColorSpec, Matrix, Range
from flavr_core.comparison.compose import Composer, Layout
from flavr_core.comparison.matching import Pair
from flavr_core.comparison.settings import ComparisonSettings
from flavr_core.comparison.sizes import reduced
from flavr_core.comparison.views import ViewMode
from flavr_core.frame import Frame, PixelFamily, PixelFormat

PAIR = Pair(index=0, time=Fraction(0), source_time=Fraction(0), a=0, b=0)


def test_a_smaller_copy_differs_in_nothing() -> None:
    rng = np.random.default_rng(0)
    frame = Frame(
        planes=tuple(rng.integers(0, 256, (96, 160), dtype=np.uint8) for _ in range(3)),
        format=PixelFormat(family=PixelFamily.RGB),
        color=ColorSpec(matrix=Matrix.RGB, range=Range.FULL),
        time=Fraction(0),
        index=0,
    )
    small = reduced(frame, width=80, height=48)
    settings = ComparisonSettings(
        a=Path("a"), b=Path("b"), output=Path("out.mp4"), view=ViewMode.DIFFERENCE, gain=32, show_labels=False
    )
    layout = Layout(cell=(160, 96), size=(160, 96))
    composer = Composer(settings, layout, ("A", "B"))
    assert composer.compose(frame, small, PAIR).max() == 0
    assert composer.compose(small, frame, PAIR).max() == 0
    assert composer.compose(frame, reduced(frame, width=80, height=96), PAIR).max() == 0
